"""Messages that are coded one by one, with a text that they are like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llmzip._native import Dict, Model, train
from llmzip._types import Buffer

__all__ = ["LlmzipDict", "train_dict"]


class LlmzipDict:
    """A text that messages are like, run through once; then each message is coded as if it stood behind it.

    What comes of a message is no file: it has no header, and is at most ``check_bytes`` + 1 longer than the message. Keep it where its
    length is kept, and decode it with the same ``dict_content``, ``model`` and ``check_bytes``. With a check of 1 or 2 bytes,
    a message that was damaged, or made with another dictionary, is found 255 times of 256, or 65,535 of 65,536.

    Objects may be shared by threads and pickled. Each takes 10 MB and 60 bytes of memory for each of its own.
    """

    def __init__(self, dict_content: Buffer, /, *, model: Model | None = None, check_bytes: int = 1) -> None:
        self._native = Dict(dict_content, model, check_bytes)
        self._model, self._check_bytes = model, check_bytes

    @property
    def dict_content(self) -> bytes:
        """The text."""
        return self._native.content

    @property
    def dict_id(self) -> str:
        """The SHA-256 of the text, in hexadecimal digits."""
        return self._native.sha256.hex()

    @property
    def model(self) -> Model | None:
        """The model; None for the builtin."""
        return self._model

    @property
    def check_bytes(self) -> int:
        """Bytes behind each message by which wrong ones are found."""
        return self._check_bytes

    def compress(self, data: Buffer, /) -> bytes:
        """Codes one message, of at most 65,536 bytes."""
        return self._native.compress_many([data])[0]

    def decompress(self, data: Buffer, /) -> bytes:
        """Gives a message back."""
        return self._native.decompress_many([data])[0]

    def compress_many(self, many: Iterable[Buffer], /) -> list[bytes]:
        """Codes messages; the model runs them together, so that it takes a fraction of the time."""
        return self._native.compress_many(list(many))

    def decompress_many(self, many: Iterable[Buffer], /) -> list[bytes]:
        """Gives messages back; the first that is wrong is an error."""
        return self._native.decompress_many(list(many))

    def __len__(self) -> int:
        return len(self.dict_content)

    def __repr__(self) -> str:
        return f"<llmzip.LlmzipDict {self.dict_id[:12]} of {len(self)} bytes>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.dict_content, self._model, self._check_bytes)


def _again(content: bytes, model: Model | None, check_bytes: int) -> LlmzipDict:
    return LlmzipDict(content, model=model, check_bytes=check_bytes)


def train_dict(samples: Iterable[Buffer], dict_size: int) -> LlmzipDict:
    """Makes a dictionary of at most ``dict_size`` bytes, which is 4 MiB at most, of messages like those that will come."""
    return LlmzipDict(train(list(samples), dict_size))
