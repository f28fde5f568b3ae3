"""Round trips of anything, by any way."""

from __future__ import annotations

import io

import pytest

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import llmzip  # noqa: E402

#: Bytes as they are found: repeats, runs, text, noise.
plain = st.one_of(
    st.binary(max_size=3000),
    st.text(max_size=1000).map(str.encode),
    st.builds(lambda part, n: part * n, st.binary(max_size=40), st.integers(0, 100)),
    st.lists(st.sampled_from([b"the ", b"lighthouse ", b"\n", b"\0" * 50, b"{\"id\": 1}"]), max_size=200).map(b"".join),
)
options = st.fixed_dictionaries(
    {"level": st.sampled_from([1, 2, 5])},
    optional={
        "lanes": st.integers(0, 4),
        "group_bytes": st.sampled_from([1024, 4096, 1 << 24]),
        "full_hashes": st.booleans(),
        "verify": st.booleans(),
    },
)
few = settings(max_examples=40, deadline=None, derandomize=True, database=None)


@few
@given(plain, options, st.integers(1, 500), st.integers(1, 500))
def test_any_way_gives_the_same(data, options, in_bytes, out_bytes):
    packed = llmzip.compress(data, **options)
    assert llmzip.decompress(packed) == data
    compressor = llmzip.LlmzipCompressor(**options)
    parts = [compressor.compress(data[at : at + in_bytes]) for at in range(0, len(data), in_bytes)]
    assert b"".join(parts) + compressor.flush() == packed
    decompressor, again = llmzip.LlmzipDecompressor(), b""
    for at in range(0, len(packed), out_bytes):
        again += decompressor.decompress(packed[at : at + out_bytes])
    assert again == data and decompressor.eof


@few
@given(st.lists(plain, max_size=5), options, st.data())
def test_any_part_of_any_frames_is_found(plains, options, draws):
    data = b"".join(plains)
    packed = b"".join(llmzip.compress(part, **options) for part in plains) or llmzip.compress(b"")
    start = draws.draw(st.integers(0, len(data)))
    end = draws.draw(st.integers(start, len(data)))
    assert llmzip.read_range(packed, start, end - start) == data[start:end]
    with llmzip.LlmzipFile(io.BytesIO(packed)) as file:
        for _ in range(4):
            at, size = draws.draw(st.integers(0, len(data) + 5)), draws.draw(st.integers(0, 2000))
            file.seek(at)
            assert file.read(size) == data[at : at + size]


@few
@given(st.lists(plain, max_size=6), options)
def test_many_are_what_each_is(plains, options):
    packed = llmzip.compress_many(plains, **options)
    assert packed == [llmzip.compress(data, **options) for data in plains]
    assert llmzip.decompress_many(packed) == plains


@few
@given(plain, options, st.data())
def test_whatever_is_changed_is_refused_or_right(data, options, draws):
    packed = bytearray(llmzip.compress(data, **options))
    at = draws.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= draws.draw(st.integers(1, 255))
    for call in (llmzip.decompress, lambda file: llmzip.LlmzipFile(io.BytesIO(file)).read(), llmzip.info):
        try:
            result = call(bytes(packed))
        except llmzip.LlmzipError:
            continue
        assert call is llmzip.info or result == data
