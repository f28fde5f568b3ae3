"""Other libraries that know of llmzip."""

from __future__ import annotations

import shutil
import tarfile

import pytest
from conftest import LIGHTHOUSE

import llmzip


def test_shutil_packs_and_unpacks(tmp_path, monkeypatch):
    assert "shutil" in llmzip.register() == llmzip.register()
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/text.txt").write_bytes(LIGHTHOUSE)
    (folder / "empty").touch()
    name = shutil.make_archive(str(tmp_path / "made/a"), "llmztar", tmp_path, "folder")
    assert name == str(tmp_path / "made/a.tar.llmz")
    shutil.unpack_archive(name, tmp_path / "out")
    assert (tmp_path / "out/folder/deep/text.txt").read_bytes() == LIGHTHOUSE
    assert (tmp_path / "out/folder/empty").exists()
    monkeypatch.chdir(folder)
    name = shutil.make_archive("../b", "llmztar")
    with llmzip.open(name) as file, tarfile.open(fileobj=file) as archive:
        assert {member.name for member in archive} >= {"./deep/text.txt", "./empty"}


def test_archives_do_not_write_elsewhere(tmp_path):
    llmzip.register()
    path = tmp_path / "bad.tar.llmz"
    with llmzip.LlmzipFile(path, "w") as file, tarfile.open(fileobj=file, mode="w|") as archive:
        (tmp_path / "x").write_bytes(b"x")
        archive.add(tmp_path / "x", "../escaped")
    with pytest.raises(tarfile.TarError):
        shutil.unpack_archive(path, tmp_path / "deep/out")
    assert not (tmp_path / "deep/escaped").exists()


def test_fsspec_reads_and_writes(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    assert "fsspec" in llmzip.register()
    path = tmp_path / "f.llmz"
    with fsspec.open(path, "wb", compression="llmzip") as file:
        file.write(LIGHTHOUSE)
    assert path.read_bytes() == llmzip.compress(LIGHTHOUSE)
    for compression in ("llmzip", "infer"):
        with fsspec.open(path, "rb", compression=compression) as file:
            file.seek(1000)
            assert file.read(10) == LIGHTHOUSE[1000:1010]
    with fsspec.open(f"memory://{path}", "wt", compression="infer") as file:
        file.write("über\n")
    with fsspec.open(f"memory://{path}", "rt", compression="infer") as file:
        assert file.read() == "über\n"


def test_smart_open_reads_and_writes(tmp_path):
    smart_open = pytest.importorskip("smart_open")
    assert "smart_open" in llmzip.register()
    path = str(tmp_path / "f.txt.llmz")
    with smart_open.open(path, "wb") as file:
        file.write(LIGHTHOUSE)
    with open(path, "rb") as file:
        assert file.read() == llmzip.compress(LIGHTHOUSE)
    with smart_open.open(path, "rb") as file:
        assert file.read() == LIGHTHOUSE
    with smart_open.open(path, encoding="utf-8") as file:
        assert file.readline() == LIGHTHOUSE.decode().splitlines(keepends=True)[0]
