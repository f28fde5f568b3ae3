#!/usr/bin/env bash
# Builds the library of sqlite/ into target/sqlite/llmzip.so and tests it with the sqlite3 program and with Python's module.
# Exits with 77 where neither can load extensions, or where what the tests need cannot be had.
#
#     scripts/test_sqlite.sh [--no-build] [ARGUMENT OF PYTEST]...
#
# PYTHON names a Python whose sqlite3 module loads extensions; those of pyenv do not, Debian's does.
set -euo pipefail
cd "$(dirname "$0")/.."

can_load() { "$1" -c 'import sqlite3, sys; sys.exit(not hasattr(sqlite3.Connection, "enable_load_extension"))' 2>/dev/null; }
python=
for found in ${PYTHON:-} /usr/bin/python3 python3; do
    if can_load "$found"; then
        python=$found
        break
    fi
done
if [[ -z $python ]]; then
    echo "test_sqlite.sh: no Python is here whose sqlite3 module loads extensions" >&2
    exit 77
fi

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
if [[ ${1:-} == --no-build ]]; then
    shift
else
    cargo build --release --locked --manifest-path sqlite/Cargo.toml
    case $(uname) in
    Darwin) built=libllmzip_sqlite.dylib end=dylib ;;
    *) built=libllmzip_sqlite.so end=so ;;
    esac
    mkdir -p target/sqlite
    # By this name SQLite finds it without an ending.
    cp "$CARGO_TARGET_DIR/release/$built" "target/sqlite/llmzip.$end"
fi

home=target/sqlite-test
if [[ ! -x $home/bin/python ]] && ! "$python" -m venv "$home" >&2; then
    echo "test_sqlite.sh: $python makes no environments (Debian: apt install python3-venv)" >&2
    exit 77
fi
if ! "$home/bin/python" -c 'import pytest' 2>/dev/null && ! timeout 300 "$home/bin/pip" install --quiet pytest >&2; then
    echo "test_sqlite.sh: pytest cannot be had" >&2
    exit 77
fi
cargo test --release --locked --manifest-path sqlite/Cargo.toml --quiet
"$home/bin/python" -m pytest --quiet -p no:cacheprovider sqlite/tests "$@"
