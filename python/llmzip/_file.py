"""Files that are compressed as they are written and decompressed as they are read."""

from __future__ import annotations

import builtins
import io
from bisect import bisect_right
from contextlib import suppress
from os import PathLike
from typing import IO, Any, Union, cast

from llmzip import _native
from llmzip._errors import DamagedError, LlmzipError, NotLlmzipError, TooLongError, TruncatedError
from llmzip._native import DecompressSettings, Model
from llmzip._streams import LlmzipCompressor, LlmzipDecompressor
from llmzip._types import Buffer

#: Bytes of the file that are read at a time.
_CHUNK = 64 << 10
#: Bytes of the original that a reader has at hand.
_BUFFER = 32 << 10
#: Bytes that are decoded at first behind a seek: who reads on wants more, who does not, no more.
_FIRST = 8 << 10
#: A seek so far ahead reads on.
_NEAR = 64 << 10

_MODES = {"r": "rb", "rb": "rb", "w": "wb", "wb": "wb", "x": "xb", "xb": "xb", "a": "ab", "ab": "ab"}


class _Frames:
    """The originals of all frames of a file, from the front to the back."""

    def __init__(self, file: Any, model: Model | None, max_output: int | None, memory_limit: int | None) -> None:
        self._file = file
        self._model = model
        self._max_output = self._left = max_output
        self._memory_limit = memory_limit
        self._frame: LlmzipDecompressor | None = None
        self._frames = 0
        self._waiting = b""
        self._is_over = False

    def read(self, size: int) -> bytes:
        """Some bytes, at most ``size``; none at the end."""
        while not self._is_over:
            data = self._some(size)
            if data:
                if self._left is not None:
                    self._left -= len(data)
                return data
        return b""

    def _some(self, size: int) -> bytes:
        if self._frame is None:
            return self._begin()
        if self._frame.eof:
            self._waiting, self._frame = self._frame.unused_data, None
            return b""
        raw, self._waiting = self._waiting, b""
        if not raw and self._frame.needs_input:
            raw = self._file.read(_CHUNK)
            if not raw:
                return self._checked(lambda frame: frame._finish(size))
        return self._checked(lambda frame: frame.decompress(raw, size))

    def _begin(self) -> bytes:
        if self._frames:
            # Zeros behind a frame are of tapes and block devices.
            self._waiting = self._waiting.lstrip(b"\0")
        self._waiting = self._waiting or self._file.read(_CHUNK)
        if not self._waiting:
            if not self._frames:
                raise TruncatedError(
                    "the file is cut short: the beginning of a frame is missing",
                    what="the beginning of a frame",
                )
            self._is_over = True
        elif not self._frames or self._waiting.strip(b"\0"):
            self._frame = LlmzipDecompressor(
                model=self._model, max_output=self._left, memory_limit=self._memory_limit
            )
            self._frames += 1
        return b""

    def _checked(self, act: Any) -> bytes:
        try:
            return cast(bytes, act(self._frame))
        except NotLlmzipError:
            if self._frames == 1:
                raise
            what = "what follows the last frame is not of an llmzip file"
            raise DamagedError(f"damaged: {what}", what=what, group=None, bytes=None) from None
        except TooLongError as error:
            if self._left == self._max_output:
                raise
            # It counts all frames.
            raise TooLongError(
                f"the original has more than {self._max_output} bytes, the most that was allowed",
                limit_bytes=self._max_output,
            ) from error


class _Reader(io.RawIOBase):
    """The original of a file: from the front through all frames, and after a seek by groups."""

    def __init__(self, file: Any, model: Model | None, max_output: int | None, memory_limit: int | None) -> None:
        self._file = file
        self._options = (model, max_output, memory_limit)
        self._can_seek = hasattr(file, "seekable") and file.seekable()
        self._begin = file.tell() if self._can_seek else 0
        self._frames = _Frames(file, *self._options)
        #: Where reading on from the front has come to.
        self._front = 0
        self._position = 0
        #: Bytes that were decoded behind a seek, and where they begin.
        self._block = b""
        self._block_at = 0
        self._spans: list[tuple[int, int, int]] | None = None
        self._starts: list[int] = []

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._can_seek

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        with memoryview(buffer) as view, view.cast("B") as place:
            if not place.nbytes:
                return 0
            data = self._some(place.nbytes)
            place[: len(data)] = data
            self._position += len(data)
            return len(data)

    def _some(self, size: int) -> bytes:
        at = self._position - self._block_at
        if 0 <= at < len(self._block):
            return self._block[at : at + size]
        if self._position == self._front:
            data = self._frames.read(size)
            self._front += len(data)
            return data
        return self._behind_seek(size)

    def _behind_seek(self, size: int) -> bytes:
        spans, total = self._layout()
        if self._position >= total:
            return b""
        number = bisect_right(self._starts, self._position) - 1
        offset, _, group_bytes = spans[number]
        start = self._starts[number]
        group = start + (self._position - start) // group_bytes * group_bytes
        end = min(group + group_bytes, self._starts[number + 1])
        reads_on = bool(self._block) and self._position == self._block_at + len(self._block)
        if not reads_on:
            end = min(end, self._position + (size if size > _BUFFER else _FIRST))
        model, _, memory_limit = self._options
        self._block = _native.read_range(
            self._file,
            self._begin + offset,
            self._position - start,
            end - self._position,
            DecompressSettings(model, None, memory_limit),
            None,
        )
        self._block_at = self._position
        return self._block[:size]

    def _layout(self) -> tuple[list[tuple[int, int, int]], int]:
        """The frames: where each is in the file, how long its original and its groups are; and the length of all."""
        if self._spans is None:
            spans = _native.spans(self._file, self._begin)
            self._starts = [0]
            for _, plain_bytes, _ in spans:
                self._starts.append(self._starts[-1] + plain_bytes)
            max_output = self._options[1]
            if max_output is not None and self._starts[-1] > max_output:
                raise TooLongError(
                    f"the original has more than {max_output} bytes, the most that was allowed",
                    limit_bytes=max_output,
                )
            self._spans = spans
        return self._spans, self._starts[-1]

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if not self._can_seek:
            raise io.UnsupportedOperation("the underlying file object does not seek")
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            offset += self._layout()[1]
        elif whence != io.SEEK_SET:
            raise ValueError(f"whence: {whence} cannot be")
        if offset < 0:
            raise ValueError(f"negative position: {offset}")
        if self._front < offset <= self._front + _NEAR and self._front == self._position:
            # What is damaged before the place does not matter there.
            with suppress(LlmzipError):
                while self._front < offset and (data := self._frames.read(offset - self._front)):
                    self._front += len(data)
        elif offset == 0 and self._front:
            self._file.seek(self._begin)
            self._frames = _Frames(self._file, *self._options)
            self._front = 0
        self._position = offset
        return offset


class LlmzipFile(io.BufferedIOBase):
    """A compressed file, read or written as the original.

    ``file`` is a path or a file object, which is not closed with it. ``mode`` is ``r``, ``w``, ``x`` or ``a``, with a ``b``
    or without; ``a`` writes a frame behind those that are there. Options are those of `LlmzipCompressor` where it is
    written, and of `LlmzipDecompressor` where it is read: ``model``, ``max_output``, ``memory_limit``.

    What is read was checked. A file that ends too early gives what it has and then a TruncatedError, which is an EOFError.
    Seeking decodes only the group that is sought in, no further than is read.
    """

    #: For `flush`: end the frame.
    FLUSH_FRAME = LlmzipCompressor.FLUSH_FRAME

    def __init__(
        self,
        file: Union[str, bytes, "PathLike[str]", "PathLike[bytes]", IO[bytes]],
        mode: str = "r",
        **options: Any,
    ) -> None:
        self._fp: Any = None
        self._closes = False
        self._buffer: io.BufferedReader | None = None
        self._compressor: LlmzipCompressor | None = None
        self._written = 0
        if mode not in _MODES:
            raise ValueError(f"invalid mode: {mode!r}")
        self._mode = _MODES[mode]
        if self._mode == "rb":
            unknown = set(options) - {"model", "max_output", "memory_limit"}
            if unknown:
                raise TypeError(f"{', '.join(sorted(unknown))}: not for reading")
            known = [options.get(name) for name in ("model", "max_output", "memory_limit")]
            DecompressSettings(*known)
        else:
            self._compressor = LlmzipCompressor(**options)
        if isinstance(file, (str, bytes, PathLike)):
            self._fp = builtins.open(file, self._mode)
            self._closes = True
        elif hasattr(file, "read") or hasattr(file, "write"):
            self._fp = file
        else:
            raise TypeError("file must be a path, or an object with read or write")
        if self._mode == "rb":
            self._buffer = io.BufferedReader(_Reader(self._fp, *known), _BUFFER)

    def close(self) -> None:
        """Ends the frame that is written, and closes a file that was opened by its path."""
        if self._fp is None:
            return
        file, self._fp = self._fp, None
        try:
            if self._buffer is not None:
                self._buffer.close()
            elif self._compressor is not None:
                file.write(self._compressor.flush())
                if self._closes:
                    file.flush()
        finally:
            self._buffer = self._compressor = None
            if self._closes:
                file.close()

    @property
    def closed(self) -> bool:
        """Whether it is."""
        return self._fp is None

    @property
    def name(self) -> Any:
        """What the underlying file is called."""
        self._check_open()
        return self._fp.name

    @property
    def mode(self) -> str:
        """How it was opened: rb, or wb for all ways of writing."""
        return "rb" if self._mode == "rb" else "wb"

    def _check_open(self) -> None:
        if self._fp is None:
            raise ValueError("I/O operation on closed file")

    def _reader(self) -> io.BufferedReader:
        self._check_open()
        if self._buffer is None:
            raise io.UnsupportedOperation("the file was not opened for reading")
        return self._buffer

    def fileno(self) -> int:
        """The descriptor of the underlying file."""
        self._check_open()
        return cast(int, self._fp.fileno())

    def readable(self) -> bool:
        """Whether it was opened for reading."""
        self._check_open()
        return self._mode == "rb"

    def writable(self) -> bool:
        """Whether it was opened for writing."""
        self._check_open()
        return self._mode != "rb"

    def seekable(self) -> bool:
        """Whether it is read from a file that can seek."""
        return self.readable() and self._reader().seekable()

    def peek(self, size: int = -1) -> bytes:
        """Some of the bytes that come next, without passing over them."""
        return self._reader().peek(size)

    def read(self, size: int | None = -1) -> bytes:
        """So many bytes, or all that are left."""
        return self._reader().read(size)

    def read1(self, size: int = -1) -> bytes:
        """Some bytes, as soon as they are known."""
        return self._reader().read1(size)

    def readinto(self, buffer: Any) -> int:
        """As many bytes as the buffer holds."""
        return self._reader().readinto(buffer)

    def readinto1(self, buffer: Any) -> int:
        """Some bytes into the buffer, as soon as they are known."""
        return self._reader().readinto1(buffer)

    def readline(self, size: int | None = -1) -> bytes:
        """A line."""
        return self._reader().readline(size)

    def __iter__(self) -> LlmzipFile:
        self._reader()
        return self

    def __next__(self) -> bytes:
        line = self._reader().readline()
        if not line:
            raise StopIteration
        return line

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to another place of the original."""
        return self._reader().seek(offset, whence)

    def tell(self) -> int:
        """The place in the original."""
        self._check_open()
        return self._written if self._buffer is None else self._buffer.tell()

    def write(self, data: Buffer) -> int:
        """Takes bytes of the original."""
        self._check_open()
        if self._compressor is None:
            raise io.UnsupportedOperation("the file was not opened for writing")
        with memoryview(data) as view:
            length = view.nbytes
        self._fp.write(self._compressor.compress(data))
        self._written += length
        return length

    def flush(self, mode: int | None = None) -> None:
        """Writes out what is compressed already; with FLUSH_FRAME ends the frame, so that all is.

        A frame more costs what has been learned: so it is not ended unless that is asked for.
        """
        self._check_open()
        if self._compressor is None:
            return
        if mode is not None:
            self._fp.write(self._compressor.flush(mode))
        if hasattr(self._fp, "flush"):
            self._fp.flush()


def open(
    file: Union[str, bytes, "PathLike[str]", "PathLike[bytes]", IO[bytes]],
    mode: str = "rb",
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Any,
) -> LlmzipFile | io.TextIOWrapper:
    """Open a compressed file, with ``t`` in the mode as text.

    ``mode`` is ``r``, ``w``, ``x`` or ``a``, with ``b`` (which is usual) or ``t``; options are those of `LlmzipFile`.

    >>> import llmzip, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "letter.txt.llmz")
    >>> with llmzip.open(path, "wt") as file:
    ...     _ = file.write("To be, or not to be\\nthat is the question\\n")
    >>> with llmzip.open(path, "rt") as file:
    ...     [line.rstrip() for line in file]
    ['To be, or not to be', 'that is the question']
    """
    is_text = "t" in mode
    if is_text and "b" in mode:
        raise ValueError(f"invalid mode: {mode!r}")
    if not is_text:
        for name, value in (("encoding", encoding), ("errors", errors), ("newline", newline)):
            if value is not None:
                raise ValueError(f"argument {name!r} is for text")
    binary = LlmzipFile(file, mode.replace("t", ""), **options)
    if not is_text:
        return binary
    return io.TextIOWrapper(cast(Any, binary), encoding, errors, newline)
