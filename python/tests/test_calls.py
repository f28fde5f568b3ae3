"""Bytes in, bytes out."""

from __future__ import annotations

import array
import mmap
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import LIGHTHOUSE, NUMBERS, ROOT, corpus, noise

import llmzip

SQUARES = array.array("I", (i * i // 7 for i in range(4000))).tobytes()
LETTERS = bytes(32 + byte % 64 for byte in noise(50_000))
#: Letters that no program makes much shorter, half a minute's work without a model.
LONG = bytes(random.Random(3).choices(b"abcdefghijklmnop \n", k=10_000_000))

#: Name, original and options, as in tests/golden.rs.
GOOD = [
    ("empty", b"", {}),
    ("message", b"Running 10 minutes late, see you at the station.", {}),
    ("text-light", LIGHTHOUSE, {"level": 1}),
    ("text-mixer", LIGHTHOUSE, {"level": 2}),
    ("text-default", LIGHTHOUSE, {}),
    ("text-full", LIGHTHOUSE, {"level": 7}),
    ("text-lanes", LIGHTHOUSE, {"lanes": 3, "window": 100}),
    ("text-groups", LIGHTHOUSE, {"group_bytes": 2048, "full_hashes": True}),
    ("numbers", SQUARES, {}),
    ("copies", LIGHTHOUSE * 3, {}),
    ("checkpoint", LETTERS, {"level": 1}),
    ("zeros", bytes(100_000), {}),
]


@pytest.mark.parametrize(("name", "plain", "options"), GOOD, ids=[name for name, *_ in GOOD])
def test_golden_files_are_read_and_written_as_ever(name, plain, options):
    golden = (ROOT / f"tests/files/good-{name}.llmz").read_bytes()
    assert llmzip.decompress(golden) == plain
    assert llmzip.compress(plain, verify=True, **options) == golden


@pytest.mark.parametrize(
    "make",
    [
        bytearray,
        memoryview,
        lambda data: memoryview(data).cast("I"),
        lambda data: array.array("d", data),
        lambda data: memoryview(b"xx" + data + b"x")[2:-1],
    ],
    ids=["bytearray", "memoryview", "of integers", "array", "a part"],
)
def test_buffers_of_any_kind_are_taken(make):
    packed = llmzip.compress(LIGHTHOUSE[:4000])
    assert llmzip.compress(make(LIGHTHOUSE[:4000])) == packed
    assert llmzip.decompress(bytearray(packed)) == LIGHTHOUSE[:4000]


def test_arrays_of_numpy_and_mapped_files_are_taken(tmp_path):
    numpy = pytest.importorskip("numpy")
    table = numpy.arange(600, dtype=numpy.int16).reshape(20, 30)
    assert llmzip.decompress(llmzip.compress(table)) == table.tobytes()
    assert llmzip.decompress(llmzip.compress(numpy.empty((0, 3)))) == b""
    for not_in_one_piece in (table[:, ::2], table.T):
        with pytest.raises(BufferError):
            llmzip.compress(not_in_one_piece)
    path = tmp_path / "file"
    path.write_bytes(LIGHTHOUSE)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert llmzip.compress(mapped) == llmzip.compress(LIGHTHOUSE)


def test_large_buffers_are_not_copied():
    resource = pytest.importorskip("resource")
    code = (
        "import llmzip, resource; data = bytes(300 << 20); llmzip.compress(b'', 1)\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); llmzip.compress(memoryview(data), 1); print((peak() - before) >> 10)"
    )
    assert resource is not None
    grown = int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
    # Groups of 16 MiB are in work, one a core, and each has its own copy.
    assert grown < 64 * (2 + (os.cpu_count() or 1)) and grown < 290


@pytest.mark.parametrize("wrong", ["text", 3, None, [1, 2], object()])
def test_what_is_no_bytes_is_a_type_error(wrong):
    for call in (llmzip.compress, llmzip.decompress, llmzip.LlmzipCompressor().compress):
        with pytest.raises(TypeError):
            call(wrong)


@pytest.mark.parametrize(
    "options",
    [
        {"level": 0},
        {"level": 10},
        {"level": -1},
        {"lanes": -1},
        {"lanes": 1 << 40},
        {"lanes": 1 << 20},
        {"window": 1 << 30},
        {"window": 1 << 20},
        {"group_bytes": 1000},
        {"group_bytes": 1 << 40},
        {"group_bytes": -1},
        {"memory_limit": -5},
        {"level": 2, "model": llmzip.Model()},
    ],
    ids=str,
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(llmzip.InvalidError) as caught:
        llmzip.compress(LIGHTHOUSE, **options)
    assert caught.value.kind == "Invalid" and isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


def test_level_9_says_what_is_missing():
    with pytest.raises(llmzip.InvalidError, match="qwen3-0.6b is not here"):
        llmzip.compress(b"x", 9)


def test_every_prefix_and_every_changed_byte_is_refused_with_its_kind():
    packed = llmzip.compress(LIGHTHOUSE[:300], 2)
    for end in range(len(packed)):
        with pytest.raises(llmzip.TruncatedError) as caught:
            llmzip.decompress(packed[:end])
        assert caught.value.what
    for at in range(len(packed)):
        with pytest.raises(llmzip.LlmzipError):
            llmzip.decompress(packed[:at] + bytes([packed[at] ^ 0x10]) + packed[at + 1 :])
    with pytest.raises(llmzip.NotLlmzipError):
        llmzip.decompress(b"hello")
    with pytest.raises(llmzip.DamagedError, match="behind the last frame"):
        llmzip.decompress(packed + b"more")
    assert llmzip.decompress(packed + bytes(100) + packed) == 2 * LIGHTHOUSE[:300]


def test_limits_are_kept_and_say_what_is_needed():
    packed = llmzip.compress(LIGHTHOUSE)
    with pytest.raises(llmzip.TooLongError) as caught:
        llmzip.decompress(packed, max_output=100)
    assert caught.value.limit_bytes == 100
    with pytest.raises(llmzip.MemoryLimitError) as caught:
        llmzip.decompress(packed, memory_limit=1 << 20)
    assert caught.value.kind == "Memory" and caught.value.needed_bytes > caught.value.limit_bytes == 1 << 20


def test_errors_are_pickled_with_their_facts():
    for bad in (b"x", llmzip.compress(LIGHTHOUSE)[:-1], llmzip.compress(LIGHTHOUSE)[:-1] + b"?"):
        with pytest.raises(llmzip.LlmzipError) as caught:
            llmzip.decompress(bad)
        error = caught.value
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error) and vars(again) == vars(error)


def test_many_are_what_each_is():
    plains = [corpus(f"small/chat-{n}.txt") for n in (1, 2, 3, 4)] + [b"", b"x", LIGHTHOUSE * 20, bytes(500)]
    packed = llmzip.compress_many(iter(plains))
    assert packed == [llmzip.compress(plain) for plain in plains]
    assert llmzip.decompress_many(packed) == plains
    assert llmzip.compress_many([]) == llmzip.decompress_many([]) == []
    with pytest.raises(llmzip.TruncatedError):
        llmzip.decompress_many([packed[0], packed[1][:-1]])


@pytest.mark.parametrize("as_what", ["bytes", "path", "str", "object", "open file"])
def test_a_range_is_read_without_the_rest(tmp_path, as_what):
    plain = LIGHTHOUSE * 4
    packed = llmzip.compress(plain, 1, group_bytes=4096, full_hashes=True)
    # Whoever decoded the first group would see that it is damaged.
    broken = packed[:40] + bytes([packed[40] ^ 1]) + packed[41:]
    path = tmp_path / "f.llmz"
    path.write_bytes(broken)
    import io

    file = {
        "bytes": broken,
        "path": path,
        "str": str(path),
        "object": io.BytesIO(broken),
        "open file": path.open("rb"),
    }[as_what]
    for start, end in ((4096, 4100), (5000, 15000), (16000, len(plain)), (8000, 8000)):
        assert llmzip.read_range(file, start, end - start) == plain[start:end]
    if hasattr(file, "tell"):
        assert file.tell() == 0
    with pytest.raises(llmzip.DamagedError) as caught:
        llmzip.read_range(file, 10, 4000)
    assert caught.value.group == 0 and caught.value.bytes == (0, 4096)
    with pytest.raises(llmzip.InvalidError, match="the original at"):
        llmzip.read_range(file, len(plain) - 5, 6)
    for offset, length in ((-1, 5), (0, -1)):
        with pytest.raises(llmzip.InvalidError):
            llmzip.read_range(file, offset, length)
    if hasattr(file, "close"):
        file.close()


def test_what_a_file_object_raises_is_raised():
    class Broken:
        def __init__(self):
            self.thread = None

        def read(self, size):
            self.thread = threading.get_ident()
            raise ZeroDivisionError("from the object")

        def seek(self, *_):
            return 100

        def tell(self):
            return 0

    broken = Broken()
    with pytest.raises(ZeroDivisionError, match="from the object"):
        llmzip.read_range(broken, 0, 1)
    assert broken.thread == threading.get_ident(), "objects are used by the thread that calls"
    with pytest.raises(FileNotFoundError):
        llmzip.read_range("/nowhere/at/all", 0, 1)


def test_progress_is_told_and_can_end_the_work():
    seen = []
    llmzip.compress(LONG[:400_000], 2, progress=lambda *done: seen.append(done))
    assert seen and seen == sorted(seen) and all(plain <= 400_000 for plain, _ in seen)

    def enough(plain, stored):
        raise KeyError("enough")

    begun = time.monotonic()
    with pytest.raises(KeyError, match="enough"):
        llmzip.compress(LONG, 2, progress=enough)
    # Without being ended it takes half a minute of a quiet machine.
    assert time.monotonic() - begun < 60


SLOW = "import llmzip, signal, sys; data = open(sys.argv[1], 'rb').read()"
# A shell lets what it runs in the background ignore Ctrl-C, and who is begun from there does so too.
HEARS = "signal.signal(signal.SIGINT, signal.default_int_handler)"
INTERRUPTED = {
    "compress": "llmzip.compress(data)",
    "compress without a model": "llmzip.compress(data, 2)",
    "compress many": "llmzip.compress_many([data[i:i + 1000] for i in range(0, len(data), 1000)])",
    "decompress": "llmzip.decompress(packed)",
    "a stream": "c = llmzip.LlmzipCompressor(); c.compress(data); c.flush()",
    "a file": "import io; llmzip.LlmzipFile(io.BytesIO(packed)).read()",
    "tokens": "llmzip.bits_per_token(data)",
}


@pytest.mark.skipif(os.name != "posix", reason="signals are sent to a process")
@pytest.mark.parametrize("call", INTERRUPTED.values(), ids=INTERRUPTED)
def test_ctrl_c_ends_a_long_call(call, tmp_path):
    path = tmp_path / "text"
    path.write_bytes(LONG)
    prepare = "packed = llmzip.compress(data[:4_000_000], 1)" if "packed" in call else ""
    code = (
        f"{SLOW}\n{HEARS}\n{prepare}\nprint('ready', flush=True)\n"
        f"try:\n    {call}\nexcept KeyboardInterrupt:\n    print('stopped', llmzip.decompress(llmzip.compress(b'well')))"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        try:
            said, _ = child.communicate(timeout=120)
        finally:
            # Nobody waits for one that did not hear it.
            child.kill()
        assert said == "stopped b'well'\n", said
        # A minute and more is what it would take; two seconds are usual.
        assert time.monotonic() - sent < 40


def test_others_run_meanwhile():
    count, over = 0, threading.Event()

    def counting():
        nonlocal count
        while not over.is_set():
            count += 1
            time.sleep(0.001)

    thread = threading.Thread(target=counting)
    thread.start()
    begun = time.monotonic()
    llmzip.compress(LONG[:300_000], 2)
    took = time.monotonic() - begun
    over.set()
    thread.join()
    assert count > 20 * took


def test_many_threads_get_what_one_gets():
    wanted = {n: llmzip.compress(LIGHTHOUSE[: 100 * n]) for n in range(8)}
    wrong = []

    def work(n):
        for _ in range(3):
            packed = llmzip.compress(LIGHTHOUSE[: 100 * n])
            if packed != wanted[n] or llmzip.decompress(packed) != LIGHTHOUSE[: 100 * n]:
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_was_forked_works():
    wanted = llmzip.compress(LIGHTHOUSE * 5)
    compressor = llmzip.LlmzipCompressor()
    compressor.compress(b"begun here")
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            same = llmzip.compress(LIGHTHOUSE * 5) == wanted and llmzip.decompress(wanted) == LIGHTHOUSE * 5
            try:
                compressor.flush()
            except RuntimeError:
                os.write(write, b"same" if same else b"other")
        finally:
            os._exit(0)
    os.close(write)
    with open(read, "rb") as said:
        assert said.read() == b"same"
    os.waitpid(child, 0)
    assert llmzip.decompress(compressor.flush()) == b"begun here"


def test_threads_change_nothing():
    wanted = llmzip.compress(LIGHTHOUSE * 10)
    try:
        for threads in (1, 3):
            llmzip.set_threads(threads)
            assert llmzip.compress(LIGHTHOUSE * 10) == wanted
    finally:
        llmzip.set_threads(0)
    for wrong in (-1, 5000):
        with pytest.raises(llmzip.InvalidError):
            llmzip.set_threads(wrong)


def test_frames_say_what_is_in_them(tmp_path):
    packed = llmzip.compress(NUMBERS) + llmzip.compress(LIGHTHOUSE, 2, group_bytes=1024, full_hashes=True)
    path = tmp_path / "two.llmz"
    path.write_bytes(packed)
    for source in (packed, path):
        short, long = llmzip.info(source)
        assert llmzip.get_frame_info(source) == short
    assert (short.form, long.form) == ("short", "long")
    assert short.stored_bytes + long.stored_bytes == len(packed) and long.offset == short.stored_bytes
    assert (short.decompressed_size, long.plain_bytes) == (len(NUMBERS), len(LIGHTHOUSE))
    assert [group.plain_bytes for group in long.groups] == [1024] * 4 + [len(LIGHTHOUSE) - 4096]
    import hashlib

    assert long.sha256 == hashlib.sha256(LIGHTHOUSE).hexdigest() and long.settings[0].model_id is None
    # Of the first frame, whatever follows it.
    assert llmzip.get_frame_info(packed[: long.offset] + b"rubbish") == short
    with pytest.raises(llmzip.DamagedError):
        llmzip.info(packed[: long.offset] + b"rubbish")
    with pytest.raises(llmzip.TruncatedError):
        llmzip.get_frame_info(packed[:20])
    with pytest.raises(llmzip.NotLlmzipError):
        llmzip.get_frame_info(Path(__file__))
