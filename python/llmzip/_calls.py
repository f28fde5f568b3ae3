"""Functions of one call: bytes in, bytes out."""

from __future__ import annotations

import array
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Union

from llmzip import _native
from llmzip._errors import InvalidError
from llmzip._native import CompressSettings, DecompressSettings, Model
from llmzip._types import Buffer, Progress, Source

if TYPE_CHECKING:
    import numpy

    LogProbs = Union["numpy.ndarray[Any, numpy.dtype[numpy.float64]]", list[float]]


def compress(
    data: Buffer,
    level: int = 5,
    *,
    model: Model | None = None,
    lanes: int = 0,
    window: int = 0,
    group_bytes: int | None = None,
    full_hashes: bool = False,
    verify: bool = False,
    memory_limit: int | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Compress bytes into one frame: what the program writes at this level.

    ``data`` is anything with its bytes in one piece, and is not copied. ``level`` is 1 (fast, no model) to 9; 4 to 8 use
    ``model`` or the builtin, 9 wants a large one. ``lanes`` of 0 are chosen by the length, a ``window`` of 0 is the
    model's own, ``group_bytes`` is a power of two from 1 KiB to 1 GiB. ``full_hashes`` writes whole hashes and an index
    for small inputs too; ``verify`` decodes and compares before it returns. ``progress`` is called with the bytes of
    the original and of the file that are done, some times a second; what it raises ends the work, as Ctrl-C does.
    """
    settings = CompressSettings(
        level, model, lanes, window, group_bytes, full_hashes, verify, memory_limit
    )
    return _native.compress(data, settings, progress)


def decompress(
    data: Buffer,
    *,
    model: Model | None = None,
    max_output: int | None = None,
    memory_limit: int | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Decompress all frames that ``data`` has, one behind the other.

    The model is found by the identity in the file: ``model``, the builtin, or one of the program's cache. More than
    ``max_output`` bytes, or ``memory_limit`` (1 GiB unless given), are refused; `open` reads what is longer.
    """
    settings = DecompressSettings(model, max_output, memory_limit)
    return _native.decompress(data, settings, progress)


def compress_many(
    many: Iterable[Buffer],
    level: int = 5,
    *,
    model: Model | None = None,
    lanes: int = 0,
    window: int = 0,
    group_bytes: int | None = None,
    full_hashes: bool = False,
    verify: bool = False,
    memory_limit: int | None = None,
    progress: Progress | None = None,
) -> list[bytes]:
    """Compress each of several inputs to what `compress` makes of it.

    The model runs short ones together: thousands of messages take a fraction of the time.

    >>> from llmzip import compress_many, decompress_many
    >>> messages = [b"Running late, see you at ten.", b"See you at ten then."]
    >>> decompress_many(compress_many(messages)) == messages
    True
    """
    settings = CompressSettings(
        level, model, lanes, window, group_bytes, full_hashes, verify, memory_limit
    )
    return _native.compress_many(list(many), settings, progress)


def decompress_many(
    many: Iterable[Buffer],
    *,
    model: Model | None = None,
    max_output: int | None = None,
    memory_limit: int | None = None,
    progress: Progress | None = None,
) -> list[bytes]:
    """Decompress each of several files; ``max_output`` is for each, ``memory_limit`` for all results together."""
    settings = DecompressSettings(model, max_output, memory_limit)
    return _native.decompress_many(list(many), settings, progress)


def read_range(
    file: Source,
    offset: int,
    length: int,
    *,
    model: Model | None = None,
    memory_limit: int | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Read ``length`` bytes of the original from ``offset``, decoding only the groups that hold them.

    ``file`` is a path, a file object that can seek (it stands where it stood afterwards), or the bytes of a file. A
    range that goes beyond the original is an InvalidError.

    >>> from llmzip import compress, read_range
    >>> read_range(compress(b"0123456789" * 1000, group_bytes=1024, full_hashes=True), 5000, 12)
    b'012345678901'
    """
    for name, value in (("offset", offset), ("length", length)):
        if value < 0:
            raise InvalidError(f"{name}: {value} cannot be", what=name)
    settings = DecompressSettings(model, None, memory_limit)
    return _native.read_range(file, 0, offset, length, settings, progress)


@lru_cache(maxsize=1)
def _builtin() -> Model:
    return Model()


def _bytes_of(text: str | Buffer) -> Buffer:
    return text.encode() if isinstance(text, str) else text


def bits_per_token(
    text: str | Buffer, *, model: Model | None = None
) -> list[tuple[bytes, float]]:
    """Tell the tokens of a text with the bits that each costs by the model alone.

    The mixer, which learns the text, lowers that in a file.

    >>> from llmzip import bits_per_token
    >>> tokens = bits_per_token("To be, or not to be")
    >>> b"".join(token for token, bits in tokens)
    b'To be, or not to be'
    """
    return _native.bits_per_token(_bytes_of(text), model or _builtin())


def next_log_probs(text: str | Buffer, *, model: Model | None = None) -> LogProbs:
    """Tell the natural logarithm of each token's probability behind a text, by the model alone.

    An array of numpy where that is installed, a list otherwise; its index is the token's number, whose bytes
    `Model.decode` tells.

    >>> from llmzip import Model, next_log_probs
    >>> log_probs = list(next_log_probs("to be or not to"))
    >>> Model().decode([log_probs.index(max(log_probs))])
    b' be'
    """
    values = array.array("d", _native.next_log_probs(_bytes_of(text), model or _builtin()))
    try:
        import numpy
    except ImportError:
        return values.tolist()
    return numpy.frombuffer(values, dtype=numpy.float64)
