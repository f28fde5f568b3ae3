"""What can go wrong, as a caller can act on it."""

from __future__ import annotations

from typing import Any


class LlmzipError(Exception):
    """What everything here raises, besides errors of the operating system and of file objects.

    ``kind`` is the kind's name, the same as in Rust and JavaScript; what else is known is in attributes.
    """

    kind: str = "Other"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self._facts = facts
        for name, value in facts.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), str(self), self._facts)


class NotLlmzipError(LlmzipError):
    """The input does not begin like anything llmzip writes."""

    kind = "NotLlmzip"


class TruncatedError(LlmzipError, EOFError):
    """The input ends too early; ``what`` is missing. It is an EOFError too."""

    kind = "Truncated"
    what: str


class DamagedError(LlmzipError):
    """Some bytes are not the ones that were written.

    ``what`` does not fit; ``group`` and ``bytes`` say which part of the original it is, where that is known.
    """

    kind = "Damaged"
    what: str
    group: int | None
    bytes: tuple[int, int] | None


class UnsupportedError(LlmzipError):
    """Written by a later version, or with something this build does not have."""

    kind = "Unsupported"
    what: str


class MissingModelError(LlmzipError):
    """The model that made the file is not here; ``identity`` has the beginning of its SHA-256."""

    kind = "MissingModel"
    identity: str
    hint: str


class InvalidError(LlmzipError, ValueError):
    """An option, a model or another input that the caller chose cannot be used. It is a ValueError too."""

    kind = "Invalid"
    what: str


class MemoryLimitError(LlmzipError):
    """It takes ``needed_bytes`` of memory, more than ``limit_bytes``."""

    kind = "Memory"
    needed_bytes: int
    limit_bytes: int


class TooLongError(LlmzipError):
    """The original is longer than ``limit_bytes``."""

    kind = "TooLong"
    limit_bytes: int


class InexactError(LlmzipError):
    """This machine computes other numbers than the model was published with."""

    kind = "Inexact"
    what: str


class InternalError(LlmzipError):
    """The library has failed itself: a fault to be reported."""

    kind = "Internal"


_CLASSES: dict[str, type[LlmzipError]] = {
    error.kind: error
    for error in (
        NotLlmzipError,
        TruncatedError,
        DamagedError,
        UnsupportedError,
        MissingModelError,
        InvalidError,
        MemoryLimitError,
        TooLongError,
        InexactError,
        InternalError,
    )
}


def error_of(kind: str, message: str, facts: dict[str, Any]) -> LlmzipError:
    """The error of a kind, as the library gives it."""
    return _CLASSES.get(kind, InternalError)(message, **facts)


def _again(error: type[LlmzipError], message: str, facts: dict[str, Any]) -> LlmzipError:
    return error(message, **facts)
