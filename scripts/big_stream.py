#!/usr/bin/env python3
"""Sends very long inputs through the program, in and out through pipes, and watches its memory.

Two inputs, both made as they are sent:

  text   each 16 MB (one group) hold FRESH_BYTES of text that never came before, and repeats of it from
         the same 16 MB, which the program takes out before anything is coded. The mixer sees about a
         hundredth, so 20 GB take minutes and not a working day. It is the stream, its groups, its memory
         and its hashes that are tested here, not the speed of coding: do not read one out of this.
  zeros  only zero bytes.

    scripts/big_stream.py                                 20 GB of text and 100 GB of zeros
    scripts/big_stream.py --text-gb 1 --zeros-gb 1        in a few minutes

Prints what is needed to see that memory is flat: the resident size by the quarter of the input that had
gone in, and the peak. Ends with 1 if other bytes come back or memory grows from the second quarter on
by more than a tenth and 32 MB.
"""

import argparse
import hashlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

GROUP_BYTES = 16 << 20
FRESH_BYTES = 150 << 10
LETTERS = b"etaoinshrdlucmfwypvbgk"


def fresh_text(rng, n_bytes):
    """Words that nobody has seen: letters by their frequency, separated."""
    letters = rng.choices(LETTERS, k=n_bytes)
    at = 0
    while at < n_bytes:
        letters[at] = 32
        at += rng.randint(3, 10)
    return bytes(letters)


def text(n_bytes):
    """The text input in pieces of 1 MB or less."""
    rng = random.Random(1)
    sent = 0
    while sent < n_bytes:
        base = fresh_text(rng, FRESH_BYTES)
        left = min(GROUP_BYTES, n_bytes - sent)
        sent += left
        # The base once, then parts of it that begin anywhere, so that no period fits all.
        piece = base
        while left:
            piece = piece[:left]
            yield piece
            left -= len(piece)
            begin = rng.randrange(FRESH_BYTES // 2)
            piece = base[begin:begin + rng.randint(2000, FRESH_BYTES // 2)] * 4


def zeros(n_bytes):
    block = bytes(1 << 20)
    for _ in range(n_bytes >> 20):
        yield block
    yield bytes(n_bytes & ((1 << 20) - 1))


class Watch(threading.Thread):
    """Samples a process's resident size, beside how many bytes have gone by."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.samples, self.peak_kb, self.bytes = pid, [], 0, 0
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.1):
            self.sample()

    def sample(self):
        try:
            with open(f"/proc/{self.pid}/status") as file:
                lines = dict(line.split(":", 1) for line in file)
        except OSError:
            return
        if "VmHWM" in lines:
            self.peak_kb = int(lines["VmHWM"].split()[0])
            self.samples.append((self.bytes, int(lines["VmRSS"].split()[0])))

    def quarters(self, total):
        """The largest resident size in each quarter of the bytes, in kB."""
        largest = [0, 0, 0, 0]
        for at, kb in self.samples:
            quarter = min(3, 4 * at // max(total, 1))
            largest[quarter] = max(largest[quarter], kb)
        return largest


def write_all(pieces, pipe, watch):
    """Sends the pieces on and gives their hash."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        pipe.write(piece)
        watch.bytes += len(piece)
    pipe.close()
    return digest


def read_all(pipe, watch, digest):
    n_bytes = 0
    while piece := pipe.read(1 << 20):
        digest.update(piece)
        n_bytes += len(piece)
        watch.bytes = n_bytes
    return n_bytes


def verdict(name, watch, n_bytes, seconds):
    quarters = watch.quarters(n_bytes)
    told = " ".join(f"{kb / 1024:.0f}" for kb in quarters)
    print(f"  {name:10} {seconds:8.1f} s  {n_bytes / seconds / 1e6:8.1f} MB/s  peak "
          f"{watch.peak_kb / 1024:.0f} MB, by quarter {told}", flush=True)
    # The first quarter is where buffers are made; of an input that is over at once there are no samples.
    first, last = quarters[1] or quarters[0], quarters[3]
    return last <= first * 1.1 + 32 * 1024


def run(name, pieces, total, args):
    print(f"{name}: {total / 1e9:g} GB at {' '.join(args.options)}", flush=True)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        path = os.path.join(folder, "packed")
        good = True
        begun = time.monotonic()
        with open(path, "wb") as packed:
            packer = subprocess.Popen([args.program, *args.options, "-c"], stdin=subprocess.PIPE,
                                      stdout=packed)
            watch = Watch(packer.pid)
            watch.start()
            digest = write_all(pieces, packer.stdin, watch)
            code = packer.wait()
        watch.done.set()
        good &= verdict("compress", watch, total, time.monotonic() - begun) and code == 0
        print(f"  {os.path.getsize(path)} bytes compressed", flush=True)
        begun = time.monotonic()
        # Through a pipe as well: nothing can be sought there.
        with open(path, "rb") as packed:
            sender = subprocess.Popen(["cat"], stdin=packed, stdout=subprocess.PIPE)
        unpacker = subprocess.Popen([args.program, *args.unpack_options, "-dc"],
                                    stdin=sender.stdout, stdout=subprocess.PIPE)
        sender.stdout.close()
        watch = Watch(unpacker.pid)
        watch.start()
        back = hashlib.sha256()
        n_bytes = read_all(unpacker.stdout, watch, back)
        code = unpacker.wait()
        sender.wait()
        watch.done.set()
        good &= verdict("decompress", watch, n_bytes, time.monotonic() - begun) and code == 0
        same = n_bytes == total and back.digest() == digest.digest()
        print(f"  SHA-256 {digest.hexdigest()}: {'the same' if same else 'OTHER BYTES CAME BACK'}")
        if not good:
            print("  FAILED: memory grew, or the exit status was not 0")
        return same and good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("--program", default=here.parent / "target/release/llmzip",
                        type=pathlib.Path)
    parser.add_argument("--text-gb", type=float, default=20.0)
    parser.add_argument("--zeros-gb", type=float, default=100.0)
    parser.add_argument("--level", default="1")
    parser.add_argument("--threads", help="as llmzip's -T")
    parser.add_argument("--folder", help="where the compressed stream lies in between")
    args = parser.parse_args()
    args.program = str(args.program.resolve())
    args.unpack_options = ["-T", args.threads] if args.threads else []
    args.options = [f"-{args.level}", *args.unpack_options]
    good = True
    for name, make, gigabytes in [("text", text, args.text_gb), ("zeros", zeros, args.zeros_gb)]:
        total = int(gigabytes * 1e9)
        if total:
            good &= run(name, make(total), total, args)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
