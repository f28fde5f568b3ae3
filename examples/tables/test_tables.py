"""Runs the blocks of README.md, one after the other."""

import pathlib
import re

import pytest

PAGE = pathlib.Path(__file__).with_name("README.md")


def test_the_page_runs(tmp_path, monkeypatch):
    for needed in ("duckdb", "pyarrow", "llmzip"):
        pytest.importorskip(needed)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    assert len(blocks) == 3
    names = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"README.md, block {number}", "exec"), names)
    import os

    # Compressed it is a small part of what the same table takes with zstd.
    import pyarrow.parquet

    pyarrow.parquet.write_table(names["orders"], "plain.parquet", compression="none", use_dictionary=False)
    assert os.path.getsize("orders.parquet") < 0.6 * os.path.getsize("plain.parquet")
