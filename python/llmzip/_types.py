"""Types that several modules name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from os import PathLike
from typing import IO, TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    if sys.version_info >= (3, 12):
        from collections.abc import Buffer as Buffer
    else:
        from typing_extensions import Buffer as Buffer
else:
    Buffer = Any

#: Hears how far the work is: bytes of the original, and of the compressed file.
Progress = Callable[[int, int], object]

#: A compressed file: its path, a file object that can seek, or its bytes.
Source = Union[str, "PathLike[str]", IO[bytes], "Buffer"]
