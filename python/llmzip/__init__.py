"""Lossless compression of any bytes by predicting them with a language model.

The names are those of ``compression.zstd``; files are those of the program, byte for byte.

>>> import llmzip
>>> letter = b"Dear Sir or Madam, thank you for your letter of 3 March."
>>> packed = llmzip.compress(letter)
>>> len(packed) < 40
True
>>> llmzip.decompress(packed) == letter
True
"""

from __future__ import annotations

from llmzip._calls import (
    bits_per_token,
    compress,
    compress_many,
    decompress,
    decompress_many,
    next_log_probs,
    read_range,
)
from llmzip._dict import LlmzipDict, train_dict
from llmzip._errors import (
    DamagedError,
    InexactError,
    InternalError,
    InvalidError,
    LlmzipError,
    MemoryLimitError,
    MissingModelError,
    NotLlmzipError,
    TooLongError,
    TruncatedError,
    UnsupportedError,
)
from llmzip._file import LlmzipFile, open
from llmzip._frames import FrameInfo, GroupInfo, SettingsInfo, get_frame_info, info
from llmzip._native import Model, __version__, set_threads
from llmzip._register import register
from llmzip._streams import LlmzipCompressor, LlmzipDecompressor

__all__ = [
    "DamagedError",
    "FrameInfo",
    "GroupInfo",
    "InexactError",
    "InternalError",
    "InvalidError",
    "LlmzipCompressor",
    "LlmzipDecompressor",
    "LlmzipDict",
    "LlmzipError",
    "LlmzipFile",
    "MemoryLimitError",
    "MissingModelError",
    "Model",
    "NotLlmzipError",
    "SettingsInfo",
    "TooLongError",
    "TruncatedError",
    "UnsupportedError",
    "__version__",
    "bits_per_token",
    "compress",
    "compress_many",
    "decompress",
    "decompress_many",
    "get_frame_info",
    "info",
    "next_log_probs",
    "open",
    "read_range",
    "register",
    "set_threads",
    "train_dict",
]
