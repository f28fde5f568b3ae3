#!/usr/bin/env python3
"""Compare the package's speed with the program's, on the same bytes at the same level, in turns.

    target/python-test/3.13/bin/python scripts/python_overhead.py FILE [--bytes N] [--level N] [--turns N]

    ... FILE --many EXAMPLE     its lines as messages, beside the library's own calls: EXAMPLE is what python/examples/many.rs
                                becomes (cargo build --release --example many --manifest-path python/Cargo.toml)

Both start a process, read the file and write the result, and must make the same bytes. The least of all turns is told, in
seconds by the clock and of processor time. LLMZIP names the program; target/release/llmzip is it otherwise.
"""

import argparse
import hashlib
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

CODE = """
import sys, llmzip
call, source, target, level = sys.argv[1:]
with open(source, "rb") as file:
    data = file.read()
data = llmzip.compress(data, int(level)) if call == "in" else llmzip.decompress(data)
with open(target, "wb") as file:
    file.write(data)
"""


def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(command):
    processor, begun = spent(), time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - begun, spent() - processor


MANY = """
import sys, time, llmzip
with open(sys.argv[1], "rb") as file:
    messages = file.read().split(b"\\n")
llmzip.compress(b"")
begun = time.perf_counter()
packed = llmzip.compress_many(messages)
compressing = time.perf_counter() - begun
begun = time.perf_counter()
assert llmzip.decompress_many(packed) == messages
print(len(messages), sum(map(len, packed)), compressing, time.perf_counter() - begun)
"""


def many(path, example, turns):
    commands = {"library": [example, path], "python": [sys.executable, "-c", MANY, path]}
    least = {who: (float("inf"), float("inf")) for who in commands}
    made = set()
    for turn in range(turns):
        for who in sorted(commands, reverse=turn % 2 == 1):
            messages, length, *took = subprocess.check_output(commands[who], text=True).split()
            made.add((messages, length))
            least[who] = tuple(map(min, least[who], map(float, took)))
    if len(made) != 1:
        sys.exit("they made different bytes")
    (count, length), own, library = made.pop(), least["python"], least["library"]
    for call, ours, theirs in zip(("in", "out"), own, library):
        share = 100 * (ours / theirs - 1)
        print(f"{call}: {count} messages ({length} bytes): library {theirs:.3f} s, Python {ours:.3f} s: {share:+.1f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--bytes", type=int, default=1_000_000)
    parser.add_argument("--level", type=int, default=5)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--many", metavar="EXAMPLE")
    args = parser.parse_args()
    if args.many:
        many(args.file, args.many, args.turns)
        return
    root = pathlib.Path(__file__).resolve().parents[1]
    program = os.environ.get("LLMZIP", str(root / "target/release/llmzip"))
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = pathlib.Path(folder, "plain"), pathlib.Path(folder, "packed")
        plain.write_bytes(args.file.read_bytes()[: args.bytes])
        subprocess.run([program, "-q", f"-{args.level}", str(plain), "-o", str(packed)], check=True)
        for call, source in (("in", plain), ("out", packed)):
            flags = ["-d"] if call == "out" else [f"-{args.level}"]
            results = {who: pathlib.Path(folder, f"{who}-{call}") for who in ("program", "python")}
            commands = {
                "program": [program, "-q", "-f", *flags, str(source), "-o", str(results["program"])],
                "python": [sys.executable, "-c", CODE, call, str(source), str(results["python"]), str(args.level)],
            }
            least = {who: (float("inf"), float("inf")) for who in commands}
            for turn in range(args.turns):
                for who in sorted(commands, reverse=turn % 2 == 1):
                    took = timed(commands[who])
                    least[who] = tuple(map(min, least[who], took))
            hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in results.values()}
            if len(hashes) != 1:
                sys.exit(f"{call}: they made different bytes")
            (clock, cpu), (own_clock, own_cpu) = least["program"], least["python"]
            print(
                f"{call}: program {clock:.3f} s ({cpu:.3f} s of processor time), Python {own_clock:.3f} s ({own_cpu:.3f}): "
                f"{100 * (own_clock / clock - 1):+.1f} % ({100 * (own_cpu / cpu - 1):+.1f} %)",
                flush=True,
            )


if __name__ == "__main__":
    main()
