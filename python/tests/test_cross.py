"""Program, Python and JavaScript, each with the files of the others.

LLMZIP names the program; target/release/llmzip is it otherwise. JavaScript takes part where Node 20 and js/dist are there
(scripts/build_wasm.sh), with LLMZIP_SAMPLE_BYTES for files that are no longer than that: it takes two seconds for 8 KB each
way. A report is left in target/cross-report.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import LIGHTHOUSE, NUMBERS, ROOT, write_tiny_model

import llmzip

PROGRAM = Path(os.environ.get("LLMZIP", ROOT / "target/release/llmzip"))
#: What the tests' model is of use for.
TEXT = LIGHTHOUSE[:1500]
needs_program = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not there")


def originals() -> dict[str, bytes]:
    """The numbers from 1 to 1000, and the two shortest files of each kind in the corpus, of the small ones four."""
    files = {"numbers": NUMBERS}
    for kind in sorted(folder for folder in (ROOT / "corpus").iterdir() if folder.is_dir()):
        for file in sorted(kind.iterdir(), key=lambda file: (file.stat().st_size, file.name))[: 4 if kind.name == "small" else 2]:
            files[f"{kind.name}-{file.name}"] = file.read_bytes()
    assert len(files) == 23
    return files


def program(*args: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([PROGRAM, "-q", *args], input=data, capture_output=True, check=False)


def has_node() -> str | None:
    """Why JavaScript takes no part, if it does not."""
    node = shutil.which("node")
    if node is None:
        return "there is no Node"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 20:
        return f"Node is {version.strip()}, not 20"
    dist = ROOT / "js/dist"
    if not all((dist / name).exists() for name in ("llmzip.wasm", "llmzip-simd128.wasm", "builtin.llmw")):
        return "js/dist is not built (scripts/build_wasm.sh does it)"
    return None


def node(what: str, before: Path, after: Path) -> dict[str, object]:
    script = Path(__file__).with_name("cross.mjs")
    args = ["node", script, ROOT / "js", what, before, after]
    return json.loads(subprocess.run(args, capture_output=True, check=True).stdout)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@needs_program
def test_each_reads_what_the_others_write(tmp_path):
    plains, model = originals(), llmzip.Model()
    report = {
        "model": {"name": model.name, "id": model.id, "shape": model.config},
        "python": {"version": platform.python_version(), "llmzip": llmzip.__version__},
        "program": program("--version").stdout.decode().strip(),
        "files": {},
    }
    folders = {who: tmp_path / who for who in ("plain", "short", "program", "python", "for-js", "javascript", "back")}
    for who in ("plain", "short", "program", "python", "for-js"):
        folders[who].mkdir()
    most = int(os.environ.get("LLMZIP_SAMPLE_BYTES", 1 << 30))
    short = {name for name, plain in plains.items() if len(plain) <= most}
    assert "numbers" in short
    for name, plain in plains.items():
        (folders["plain"] / name).write_bytes(plain)
        (folders["python"] / name).write_bytes(llmzip.compress(plain))
        made = program("-c", folders["plain"] / name)
        assert made.returncode == 0, made.stderr
        (folders["program"] / name).write_bytes(made.stdout)
        if name in short:
            (folders["short"] / name).write_bytes(plain)
            (folders["for-js"] / name).write_bytes(made.stdout)
    missing = has_node()
    if missing is None:
        said = node("compress", folders["short"], folders["javascript"])
        assert said["model"] == model.id and not said["errors"]
        report["javascript"] = {key: said[key] for key in ("node", "simd128")}
    else:
        report["javascript"] = f"took no part: {missing}"
    for name, plain in plains.items():
        makers = ["program", "python", *(["javascript"] if missing is None and name in short else [])]
        packed = {maker: (folders[maker] / name).read_bytes() for maker in makers}
        frame = llmzip.get_frame_info(packed["program"])
        report["files"][name] = {
            "plain": {"bytes": len(plain), "sha256": sha256(plain)},
            **{maker: {"bytes": len(data), "sha256": sha256(data)} for maker, data in packed.items()},
            "form": frame.form,
            "methods": [group.method for group in frame.groups],
            "model_id": frame.model_id,
        }
        assert len(set(packed.values())) == 1, f"{name}: equal files"
        assert frame.model_id is None or model.id.startswith(frame.model_id)
        # The files are equal, so that one reading of each is one of all.
        assert llmzip.decompress(packed["program"]) == plain
        back = program("-d", "-c", data=packed["python"])
        assert (back.returncode, back.stdout) == (0, plain), back.stderr
    if missing is None:
        said = node("decompress", folders["for-js"], folders["back"])
        assert not said["errors"]
        assert {file.name: file.read_bytes() for file in folders["back"].iterdir()} == {name: plains[name] for name in short}
    target = ROOT / "target"
    target.mkdir(exist_ok=True)
    (target / "cross-report.json").write_text(json.dumps(report, indent=2) + "\n")
    if missing is not None:
        pytest.skip(f"program and Python agree; JavaScript took no part: {missing}")


@needs_program
@pytest.mark.parametrize("options", [{"level": 1}, {"level": 2}, {"level": 7}, {"full_hashes": True}], ids=str)
def test_levels_and_forms_are_the_program_s(options):
    flags = [f"-{options.get('level', 5)}"] + ["--full-hashes"] * ("full_hashes" in options)
    for plain in (NUMBERS, b"", bytes(70_000), NUMBERS * 20):
        made = program(*flags, "-c", data=plain)
        assert made.returncode == 0 and made.stdout == llmzip.compress(plain, **options)


@needs_program
def test_another_model_or_vocabulary_is_a_hard_error(tmp_path, monkeypatch):
    """A file of a model that is not there is refused by everybody, and nothing comes out."""
    monkeypatch.setenv("LLMZIP_CACHE", str(tmp_path / "cache"))
    source = write_tiny_model(tmp_path / "tiny", 7)
    model = llmzip.Model(source)
    by_program = program("--model", source, "--full-hashes", "-c", data=TEXT)
    assert by_program.stdout == llmzip.compress(TEXT, model=model, full_hashes=True), by_program.stderr
    # The same weights for another vocabulary are another model.
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    tokenizer["model"]["merges"].pop()
    other = write_tiny_model(tmp_path / "other", 7)
    (other / "tokenizer.json").write_text(json.dumps(tokenizer))
    other_model = llmzip.Model(other)
    assert other_model.config == model.config and other_model.id != model.id
    monkeypatch.setenv("LLMZIP_CACHE", str(tmp_path / "nothing"))
    files = {"short": llmzip.compress(TEXT, model=model), "long": by_program.stdout}
    (tmp_path / "files").mkdir()
    for name, packed in files.items():
        (tmp_path / "files" / name).write_bytes(packed)
        for given in ({}, {"model": other_model}):
            with pytest.raises(llmzip.MissingModelError):
                llmzip.decompress(packed, **given)
        refused = program("-d", "-c", data=packed)
        assert refused.returncode == 1 and refused.stdout == b"" and b"needs the model" in refused.stderr
    if has_node() is None:
        said = node("decompress", tmp_path / "files", tmp_path / "back")
        assert {name: error["kind"] for name, error in said["errors"].items()} == dict.fromkeys(files, "MissingModel")
        assert not list((tmp_path / "back").iterdir())
    # With the model it is read; the program keeps that from here on.
    for packed in files.values():
        assert program("-d", "-c", "--model", source, data=packed).stdout == llmzip.decompress(packed, model=model) == TEXT
