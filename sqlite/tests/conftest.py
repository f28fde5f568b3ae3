"""Where the library is: LLMZIP_SQLITE names it, or it lies where scripts/test_sqlite.sh puts it."""

import os
import pathlib
import shutil
import sqlite3
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = os.environ.get("LLMZIP_SQLITE", str(ROOT / "target/sqlite/llmzip"))


@pytest.fixture
def connect():
    if not hasattr(sqlite3.Connection, "enable_load_extension"):
        pytest.skip("this Python's sqlite3 loads no extensions")

    def connect(path=":memory:"):
        connection = sqlite3.connect(path)
        connection.enable_load_extension(True)
        connection.load_extension(LIBRARY)
        connection.enable_load_extension(False)
        return connection

    return connect


@pytest.fixture
def shell():
    """The sqlite3 program, with the library loaded; what it prints."""
    if shutil.which("sqlite3") is None:
        pytest.skip("there is no sqlite3 program")

    def shell(sql, path=":memory:"):
        done = subprocess.run(["sqlite3", path], input=f".load {LIBRARY}\n{sql}\n", capture_output=True, text=True)
        assert not done.stderr, done.stderr
        return done.stdout

    return shell
