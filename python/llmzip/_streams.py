"""Compressing and decompressing what comes piece by piece."""

from __future__ import annotations

from typing import Any

from llmzip._native import Compressor, CompressSettings, Decompressor, DecompressSettings, Model


class LlmzipCompressor(Compressor):
    """Takes the original piece by piece and gives the file.

    What becomes one frame is what `compress` makes of all of it. There is no FLUSH_BLOCK: the length of a group does not
    depend on when it is asked for.

    >>> import llmzip
    >>> compressor = llmzip.LlmzipCompressor()
    >>> packed = compressor.compress(b"To be, ") + compressor.compress(b"or not to be") + compressor.flush()
    >>> packed == llmzip.compress(b"To be, or not to be")
    True
    """

    #: Take more.
    CONTINUE = 0
    #: End the frame; what comes afterwards becomes another one.
    FLUSH_FRAME = 2

    def __new__(
        cls,
        level: int = 5,
        *,
        model: Model | None = None,
        lanes: int = 0,
        window: int = 0,
        group_bytes: int | None = None,
        full_hashes: bool = False,
        verify: bool = False,
        memory_limit: int | None = None,
    ) -> LlmzipCompressor:
        settings = CompressSettings(
            level, model, lanes, window, group_bytes, full_hashes, verify, memory_limit
        )
        made: Any = super().__new__(cls, settings)
        return made  # type: ignore[no-any-return]


class LlmzipDecompressor(Decompressor):
    """Takes a frame piece by piece and gives the original, each part as soon as it is known to be right.

    It is for one frame: behind it ``eof`` is true, and ``unused_data`` has what follows. What is known before the end of
    a group is given before it.

    >>> import llmzip
    >>> decompressor = llmzip.LlmzipDecompressor()
    >>> decompressor.decompress(llmzip.compress(b"To be, or not to be") + b"that"), decompressor.unused_data
    (b'To be, or not to be', b'that')
    """

    def __new__(
        cls,
        *,
        model: Model | None = None,
        max_output: int | None = None,
        memory_limit: int | None = None,
    ) -> LlmzipDecompressor:
        made: Any = super().__new__(cls, DecompressSettings(model, max_output, memory_limit))
        return made  # type: ignore[no-any-return]
