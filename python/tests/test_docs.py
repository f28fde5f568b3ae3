"""What the documentation shows runs, and the types are what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import llmzip

MODULES = ["llmzip", *(f"llmzip.{name}" for name in ("_calls", "_file", "_frames", "_register", "_streams"))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_code_run(name):
    tried = doctest.testmod(importlib.import_module(name))
    assert tried.attempted and not tried.failed


def test_examples_in_the_readme_run(tmp_path, monkeypatch):
    text = (ROOT / "python/README.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    names: dict[str, object] = {}
    for number, block in enumerate(blocks):
        if ">>>" in block:
            example = doctest.DocTestParser().get_doctest(block, names, f"block {number}", "README.md", 0)
            runner.run(example, clear_globs=False)
            names = example.globs
        else:
            exec(compile(block, f"README.md, block {number}", "exec"), names)
    assert runner.tries and not runner.failures


def test_all_names_are_in_the_readme():
    text = (ROOT / "python/README.md").read_text()
    assert [name for name in llmzip.__all__ if f"`{name}" not in text and name != "__version__"] == []
    assert not [name for name in llmzip.__all__ if not inspect.getdoc(getattr(llmzip, name))]


def test_the_stub_has_what_the_module_has(tmp_path):
    pytest.importorskip("mypy")
    package = Path(llmzip.__file__).parent
    assert (package / "py.typed").exists()
    config = ["--config-file", str(ROOT / "python/pyproject.toml"), "--cache-dir", "/dev/null"]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *config, "-p", "llmzip"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    stub = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "--ignore-disjoint-bases", "llmzip._native"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert stub.returncode == 0, stub.stdout + stub.stderr
