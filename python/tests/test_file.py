"""Files, read and written as their originals."""

from __future__ import annotations

import io
import random

import pytest
from conftest import LIGHTHOUSE

import llmzip

PLAIN = LIGHTHOUSE * 5
GROUPS = llmzip.compress(PLAIN, 1, group_bytes=2048, full_hashes=True)
FRAMES = b"".join(llmzip.compress(PLAIN[at : at + 1500], 1) for at in range(0, len(PLAIN), 1500))
MIXED = llmzip.compress(PLAIN[:5000], 2) + bytes(10) + llmzip.compress(PLAIN[5000:], 1, group_bytes=1024)
FILES = {"one": llmzip.compress(PLAIN), "groups": GROUPS, "frames": FRAMES, "mixed": MIXED}


class Unseekable(io.RawIOBase):
    """A pipe, as it were."""

    def __init__(self, data):
        self.inner = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.inner.readinto(memoryview(buffer)[:777])


@pytest.mark.parametrize("packed", FILES.values(), ids=FILES)
def test_a_file_is_read_from_front_to_back(packed):
    for file in (io.BytesIO(packed), Unseekable(packed)):
        with llmzip.LlmzipFile(file) as opened:
            assert opened.readable() and not opened.writable() and not opened.closed
            assert opened.seekable() == isinstance(file, io.BytesIO)
            assert opened.peek(5)[:5] == PLAIN[:5] and opened.tell() == 0
            assert opened.read(0) == b"" and opened.read(10) == PLAIN[:10]
            into = bytearray(100)
            assert opened.readinto(into) == 100 and into == PLAIN[10:110]
            assert opened.tell() == 110
            rest = b"".join(iter(lambda: opened.read1(999), b""))
            assert rest == PLAIN[110:] and opened.read() == b"" and opened.tell() == len(PLAIN)
        assert opened.closed and not file.closed
    with llmzip.LlmzipFile(io.BytesIO(packed)) as opened:
        assert list(opened) == PLAIN.splitlines(keepends=True)


@pytest.mark.parametrize("packed", FILES.values(), ids=FILES)
def test_any_place_of_a_file_is_found(packed):
    chance = random.Random(5)
    for before in (b"", b"something else that is in the file"):
        file = io.BytesIO(before + packed)
        file.seek(len(before))
        with llmzip.LlmzipFile(file) as opened:
            original = io.BytesIO(PLAIN)
            for _ in range(10 if packed == FILES["one"] else 100):
                whence = chance.choice([0, 0, 1, 2])
                at = chance.randrange(len(PLAIN) + 100)
                offset = {0: at, 1: at - original.tell(), 2: at - len(PLAIN)}[whence]
                assert opened.seek(offset, whence) == original.seek(at)
                for _ in range(chance.randrange(4)):
                    size = chance.choice([0, 1, 10, 1000, 5000])
                    assert opened.read(size) == original.read(size)
                assert opened.tell() == original.tell()
            opened.seek(0)
            assert opened.read() == PLAIN
            with pytest.raises(ValueError):
                opened.seek(-1)
            with pytest.raises(ValueError):
                opened.seek(0, 5)


def test_a_seek_passes_over_the_groups_before():
    broken = GROUPS[:30] + b"?" + GROUPS[31:]
    with llmzip.LlmzipFile(io.BytesIO(broken)) as opened:
        opened.seek(2048)
        assert opened.read() == PLAIN[2048:]
        opened.seek(-7, io.SEEK_END)
        assert opened.read() == PLAIN[-7:]
        opened.seek(0)
        with pytest.raises(llmzip.DamagedError):
            opened.read()


def test_pipes_do_not_seek():
    with llmzip.LlmzipFile(Unseekable(GROUPS)) as opened, pytest.raises(io.UnsupportedOperation):
        opened.seek(10)


@pytest.mark.parametrize("end", [0, 1, 5, 12, 100, 2000, len(GROUPS) - 1])
def test_a_file_that_is_cut_short_gives_what_it_has(end):
    for make in (io.BytesIO, Unseekable):
        got = b""
        with llmzip.LlmzipFile(make(GROUPS[:end])) as opened, pytest.raises(EOFError) as caught:
            while True:
                part = opened.read1(100)
                assert part, "an end that is none"
                got += part
        assert isinstance(caught.value, llmzip.TruncatedError) and PLAIN.startswith(got)
        assert end < 1000 or got


def test_what_is_not_of_the_file_is_told():
    with llmzip.LlmzipFile(io.BytesIO(GROUPS + bytes(5000))) as opened:
        assert opened.read() == PLAIN
    with llmzip.LlmzipFile(io.BytesIO(GROUPS + b"more")) as opened:
        assert opened.read(len(PLAIN)) == PLAIN
        with pytest.raises(llmzip.DamagedError, match="follows the last frame"):
            opened.read(1)
    with llmzip.LlmzipFile(io.BytesIO(b"plain text")) as opened, pytest.raises(llmzip.NotLlmzipError):
        opened.read()


def test_a_file_is_written_as_the_call_does_it(tmp_path):
    path = tmp_path / "f.llmz"
    with llmzip.open(path, "wb", level=1, group_bytes=2048, full_hashes=True) as file:
        assert file.writable() and not file.readable() and not file.seekable()
        assert file.write(PLAIN[:5]) == 5 and file.write(memoryview(PLAIN[5:1005]).cast("I")) == 1000
        file.flush()
        file.writelines([PLAIN[1005:3000], bytearray(PLAIN[3000:])])
        assert file.tell() == len(PLAIN) and file.mode == "wb" and file.name == str(path)
        with pytest.raises(io.UnsupportedOperation):
            file.read()
    assert path.read_bytes() == GROUPS
    with llmzip.open(path, "ab") as file:
        file.write(b"and more")
    with llmzip.open(path) as file:
        assert file.mode == "rb" and file.fileno() >= 0
        assert file.read() == PLAIN + b"and more"
        with pytest.raises(io.UnsupportedOperation):
            file.write(b"")
    with pytest.raises(FileExistsError):
        llmzip.open(path, "x")
    with llmzip.open(tmp_path / "empty.llmz", "x"):
        pass
    assert llmzip.open(tmp_path / "empty.llmz").read() == b""
    assert (tmp_path / "empty.llmz").read_bytes() == llmzip.compress(b"")


def test_a_flushed_frame_can_be_read_meanwhile():
    target = io.BytesIO()
    with llmzip.LlmzipFile(target, "w") as file:
        file.write(b"first ")
        file.flush(file.FLUSH_FRAME)
        assert llmzip.decompress(target.getvalue()) == b"first "
        file.flush(file.FLUSH_FRAME)
        file.write(b"second")
    assert llmzip.decompress(target.getvalue()) == b"first second" and len(llmzip.info(target.getvalue())) == 2


def test_text_has_its_encoding_and_lines(tmp_path):
    path = tmp_path / "t.llmz"
    with llmzip.open(path, "wt", encoding="utf-16-le", newline="\r\n") as file:
        file.write("käse\nbrot\n")
    assert llmzip.open(path).read() == "käse\r\nbrot\r\n".encode("utf-16-le")
    with llmzip.open(path, "rt", encoding="utf-16-le") as file:
        assert file.readlines() == ["käse\n", "brot\n"]
        file.seek(0)
        assert file.readline() == "käse\n"
    with io.TextIOWrapper(llmzip.LlmzipFile(path), encoding="utf-16-le", newline="") as file:
        assert file.read() == "käse\r\nbrot\r\n"
    with llmzip.open(path) as file, io.BufferedReader(file) as buffered:
        assert buffered.read(3) == "käse\r\n".encode("utf-16-le")[:3]


def test_a_closed_file_does_nothing():
    for mode in ("r", "w"):
        file = llmzip.LlmzipFile(io.BytesIO(GROUPS), mode)
        file.close()
        file.close()
        assert file.closed
        calls = [file.read, file.tell, file.readable, file.writable, file.seekable, file.flush]
        calls += [lambda: file.write(b""), lambda: file.seek(0), lambda: iter(file), file.fileno]  # noqa: B023
        for call in calls:
            with pytest.raises(ValueError, match="closed"):
                call()


@pytest.mark.parametrize(
    ("mode", "options", "error"),
    [
        ("rw", {}, ValueError),
        ("", {}, ValueError),
        ("rbt", {}, ValueError),
        ("rb", {"encoding": "utf-8"}, ValueError),
        ("rb", {"level": 3}, TypeError),
        ("wb", {"max_output": 3}, TypeError),
        ("wb", {"level": 12}, llmzip.InvalidError),
        ("rb", {"max_output": -1}, llmzip.InvalidError),
    ],
)
def test_modes_and_options_that_cannot_be(tmp_path, mode, options, error):
    path = tmp_path / "untouched"
    path.write_bytes(b"untouched")
    with pytest.raises(error):
        llmzip.open(path, mode, **options)
    assert path.read_bytes() == b"untouched"
    with pytest.raises(TypeError):
        llmzip.open(5)


def test_output_is_limited_over_all_frames():
    with llmzip.LlmzipFile(io.BytesIO(FRAMES), max_output=3000) as file:
        assert file.read(3000) == PLAIN[:3000]
        with pytest.raises(llmzip.TooLongError) as caught:
            file.read(1)
        assert caught.value.limit_bytes == 3000
    with llmzip.LlmzipFile(io.BytesIO(GROUPS), max_output=3000) as file, pytest.raises(llmzip.TooLongError):
        file.seek(0, io.SEEK_END)
    with llmzip.LlmzipFile(io.BytesIO(GROUPS), max_output=len(PLAIN)) as file:
        assert file.read() == PLAIN
