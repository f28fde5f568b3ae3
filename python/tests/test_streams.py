"""What comes piece by piece."""

from __future__ import annotations

import gc
import threading
import time

import pytest
from conftest import LIGHTHOUSE, noise

import llmzip

PLAINS = {"nothing": b"", "a byte": b"x", "text": LIGHTHOUSE, "long": LIGHTHOUSE * 40, "noise": noise(70_000)}


def pieces(data, length):
    return (data[at : at + length] for at in range(0, len(data), length))


@pytest.mark.parametrize("plain", PLAINS.values(), ids=PLAINS)
@pytest.mark.parametrize("length", [1000, 65_537, 1 << 22])
def test_pieces_become_what_all_of_it_becomes(plain, length):
    compressor = llmzip.LlmzipCompressor(1)
    packed = b"".join(map(compressor.compress, pieces(plain, length))) + compressor.flush()
    assert packed == llmzip.compress(plain, 1)
    decompressor = llmzip.LlmzipDecompressor()
    assert b"".join(decompressor.decompress(piece) for piece in pieces(packed, 7 * length // 9)) == plain
    assert decompressor.eof and not decompressor.needs_input and decompressor.unused_data == b""


def test_single_bytes_are_taken():
    packed = llmzip.compress(LIGHTHOUSE, 2, full_hashes=True, group_bytes=1024)
    decompressor, plain = llmzip.LlmzipDecompressor(), b""
    for at in range(len(packed)):
        assert decompressor.needs_input and not decompressor.eof
        plain += decompressor.decompress(packed[at : at + 1])
    assert plain == LIGHTHOUSE and decompressor.eof


@pytest.mark.parametrize("most", [1, 100, 1024, 1 << 20])
def test_no_more_is_given_than_is_wanted(most):
    packed, plain = llmzip.compress(LIGHTHOUSE, 1), b""
    decompressor = llmzip.LlmzipDecompressor()
    data = packed
    while not decompressor.eof:
        part = decompressor.decompress(data, most)
        assert len(part) <= most
        data, plain = b"", plain + part
    assert plain == LIGHTHOUSE
    assert llmzip.LlmzipDecompressor().decompress(packed, 0) == b""


def test_what_follows_a_frame_is_left_over():
    short = llmzip.compress(b"short")
    long = llmzip.compress(LIGHTHOUSE, 1, full_hashes=True)
    for frame, plain in ((short, b"short"), (long, LIGHTHOUSE)):
        for behind in (b"", b"\0", short, long, noise(300_000)):
            whole = llmzip.LlmzipDecompressor()
            assert whole.decompress(frame + behind) == plain
            assert whole.eof and whole.unused_data == behind
            parts = llmzip.LlmzipDecompressor()
            assert b"".join(parts.decompress(bytes([byte])) for byte in frame) == plain
            assert parts.unused_data == b""
            with pytest.raises(EOFError):
                parts.decompress(b"more")


def test_frames_follow_each_other():
    compressor = llmzip.LlmzipCompressor()
    assert compressor.last_mode == compressor.FLUSH_FRAME
    first = compressor.compress(b"one") + compressor.flush()
    second = compressor.compress(b"two", compressor.FLUSH_FRAME)
    assert compressor.last_mode == compressor.FLUSH_FRAME
    assert compressor.flush() == b"", "nothing behind a frame becomes nothing"
    assert (first, second) == (llmzip.compress(b"one"), llmzip.compress(b"two"))
    assert compressor.compress(b"") == b"" and compressor.last_mode == compressor.CONTINUE
    assert compressor.flush() == llmzip.LlmzipCompressor().flush() == llmzip.compress(b"")
    for call in (lambda: compressor.compress(b"", 1), lambda: compressor.flush(1)):
        with pytest.raises(llmzip.InvalidError):
            call()


def test_damage_is_told_again_and_again_behind_what_is_good():
    packed = llmzip.compress(LIGHTHOUSE, 1, full_hashes=True, group_bytes=1024)
    broken = packed[:-100] + b"?" + packed[-99:]
    decompressor, plain = llmzip.LlmzipDecompressor(), b""
    with pytest.raises(llmzip.DamagedError):
        while True:
            plain += decompressor.decompress(broken, 100)
            broken = b""
    assert len(plain) >= 3072 and LIGHTHOUSE.startswith(plain)
    with pytest.raises(llmzip.DamagedError):
        decompressor.decompress(b"")
    assert not decompressor.eof
    with pytest.raises(llmzip.NotLlmzipError):
        llmzip.LlmzipDecompressor().decompress(b"what is this")


def test_the_beginning_of_a_group_is_known_before_its_end():
    # One group, of whose payload nine tenths are there.
    plain = bytes(32 + byte % 64 for byte in noise(400_000))
    packed = llmzip.compress(plain, 1)
    decompressor = llmzip.LlmzipDecompressor()
    begun = decompressor.decompress(packed)
    assert begun == plain
    early = llmzip.LlmzipDecompressor()
    assert early.decompress(packed, 1000) == plain[:1000] and not early.eof


def test_streams_that_are_left_end_their_threads():
    before = threading.active_count()
    streams = [llmzip.LlmzipCompressor(2) for _ in range(20)]
    for stream in streams:
        stream.compress(LIGHTHOUSE * 100)
    del streams, stream
    gc.collect()

    def threads():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("Threads"))

    if not __import__("os").path.exists("/proc/self/status"):
        pytest.skip("nobody counts threads here")
    deadline = time.monotonic() + 20
    while threads() > 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert threads() <= 20 + before


def test_a_stream_is_for_any_thread():
    compressor, lock = llmzip.LlmzipCompressor(1), threading.Lock()
    parts, order = [], []

    def work(n):
        for i in range(50):
            with lock:
                order.append(b"%d %d\n" % (n, i))
                parts.append(compressor.compress(order[-1]))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert llmzip.decompress(b"".join(parts) + compressor.flush()) == b"".join(order)


def test_a_stream_that_is_used_at_the_same_time_is_not_mixed_up():
    compressor = llmzip.LlmzipCompressor(1)
    parts = []

    def work(n):
        for _ in range(100):
            parts.append(compressor.compress(bytes([n]) * 1000))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    plain = llmzip.decompress(b"".join(filter(None, parts)) + compressor.flush())
    assert sorted(plain[at : at + 1000] for at in range(0, len(plain), 1000)) == [
        bytes([n]) * 1000 for n in range(4) for _ in range(100)
    ]


def test_long_streams_take_no_more_memory_than_a_few_groups():
    resource = pytest.importorskip("resource")
    compressor = llmzip.LlmzipCompressor(1, group_bytes=1 << 16)
    decompressor = llmzip.LlmzipDecompressor()
    zeros, total = bytes(1 << 20), 0

    def step(n):
        nonlocal total
        for _ in range(n):
            packed = compressor.compress(zeros)
            total += len(decompressor.decompress(packed))

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

    step(20)
    before = peak()
    step(300)
    assert peak() - before < 60
    total += len(decompressor.decompress(compressor.flush()))
    assert total == 320 << 20 and decompressor.eof
