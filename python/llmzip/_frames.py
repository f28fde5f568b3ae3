"""What a file says about itself, nothing decoded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from llmzip import _native
from llmzip._types import Source


@dataclass(frozen=True)
class GroupInfo:
    """A group: how it is coded, where it is in the file, and how long its original and its payload are."""

    method: str
    offset: int
    plain_bytes: int
    payload_bytes: int
    check: str


@dataclass(frozen=True)
class SettingsInfo:
    """What holds from a group on: the model, if one is used, and the parameters."""

    from_group: int
    exact_version: int | None
    model_id: str | None
    model_name: str | None
    params: dict[str, Any]


@dataclass(frozen=True)
class FrameInfo:
    """A frame, as ``llmzip -l --json`` shows it. Lengths are in bytes, hashes in hexadecimal digits."""

    form: str
    offset: int
    stored_bytes: int
    plain_bytes: int
    format_version: int
    group_bytes: int | None
    model_id: str | None
    model_name: str | None
    settings: tuple[SettingsInfo, ...]
    groups: tuple[GroupInfo, ...]
    sha256: str | None

    @property
    def decompressed_size(self) -> int:
        """What ``compression.zstd`` calls ``plain_bytes``."""
        return self.plain_bytes


def _frame(said: dict[str, Any]) -> FrameInfo:
    said["settings"] = tuple(SettingsInfo(**settings) for settings in said["settings"])
    said["groups"] = tuple(GroupInfo(**group) for group in said["groups"])
    return FrameInfo(**said)


def get_frame_info(source: Source) -> FrameInfo:
    """Tell what the first frame of a file says; all of the frame must be there.

    >>> from llmzip import compress, get_frame_info
    >>> frame = get_frame_info(compress(b"To be, or not to be, that is the question." * 3))
    >>> frame.form, frame.plain_bytes, frame.groups[0].method
    ('short', 126, 'model')
    """
    return _frame(json.loads(_native.info(source, True))[0])


def info(source: Source) -> list[FrameInfo]:
    """Tell what all frames of a file say."""
    return [_frame(said) for said in json.loads(_native.info(source, False))]
