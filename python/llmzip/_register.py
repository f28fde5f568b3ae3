"""Other libraries' lists of formats."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from typing import Any, cast

from llmzip._file import LlmzipFile

#: What shutil calls an archive of tar in llmzip.
_ARCHIVE = "llmztar"


def _make_archive(
    base_name: str,
    base_dir: str,
    *,
    owner: str | None = None,
    group: str | None = None,
    dry_run: bool = False,
    logger: Any = None,
    root_dir: str | None = None,
    **_: Any,
) -> str:
    """Write all of a folder into one file, for `shutil.make_archive`."""
    name = f"{base_name}.tar.llmz"
    if logger is not None:
        logger.info("creating %s", name)
    if dry_run:
        return name

    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
        if owner is not None:
            import pwd

            member.uid, member.uname = pwd.getpwnam(owner).pw_uid, owner
        if group is not None:
            import grp

            member.gid, member.gname = grp.getgrnam(group).gr_gid, group
        return member

    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    source = base_dir if root_dir is None else os.path.join(root_dir, base_dir)
    with LlmzipFile(name, "w") as file, tarfile.open(fileobj=file, mode="w|") as archive:
        archive.add(source, base_dir, filter=owned)
    return name


if sys.version_info >= (3, 10, 6):
    _make_archive.supports_root_dir = True  # type: ignore[attr-defined]


def _unpack_archive(filename: str, extract_dir: str, **options: Any) -> None:
    """Read an archive into a folder, for `shutil.unpack_archive`; members that would go elsewhere are refused."""
    options.setdefault("filter", "data")
    with LlmzipFile(filename) as file, tarfile.open(fileobj=file, mode="r|") as archive:
        archive.extractall(extract_dir, **options)


def _for_fsspec(file: Any, mode: str = "rb", **options: Any) -> LlmzipFile:
    return LlmzipFile(file, mode.replace("t", ""), **options)


def _for_smart_open(file: Any, mode: str, **options: Any) -> LlmzipFile:
    return LlmzipFile(file, mode.replace("t", ""), **options)


def register() -> tuple[str, ...]:
    """Make llmzip known to shutil, and to fsspec and smart_open where they are installed; tells to whom.

    - ``shutil.make_archive(NAME, "llmztar", FOLDER)`` writes NAME.tar.llmz, ``shutil.unpack_archive`` reads it;
    - ``fsspec.open(URL, compression="llmzip")``, also where it is inferred of ``.llmz``;
    - ``smart_open.open`` of names that end so.

    It may be called any number of times.

    >>> import llmzip
    >>> "shutil" in llmzip.register()
    True
    """
    known = ["shutil"]
    if _ARCHIVE not in {name for name, _ in shutil.get_archive_formats()}:
        shutil.register_archive_format(_ARCHIVE, _make_archive, description="tar in llmzip")
    if _ARCHIVE not in {name for name, _, _ in shutil.get_unpack_formats()}:
        shutil.register_unpack_format(_ARCHIVE, [".tar.llmz"], _unpack_archive, description="tar in llmzip")
    try:
        from fsspec.compression import register_compression
    except ImportError:
        pass
    else:
        register_compression("llmzip", _for_fsspec, "llmz", force=True)
        known.append("fsspec")
    try:
        from smart_open.compression import get_supported_extensions, register_compressor
    except ImportError:
        pass
    else:
        if ".llmz" not in get_supported_extensions():
            register_compressor(".llmz", cast(Any, _for_smart_open))
        known.append("smart_open")
    return tuple(known)
