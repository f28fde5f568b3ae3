#!/usr/bin/env bash
# Builds the wheels of python/ into target/wheels with maturin, which is installed into target/python-tools: one for every
# Python from 3.11 on, and, where a 3.10 is found, one for that, whose limited interface has no buffers yet. PYTHON and
# PYTHON310 name the interpreters. Exits with 77, having built nothing, where maturin cannot be had.
#
#     scripts/build_python.sh [abi3|310]...
#
# What is compiled lies beside the program's, in CARGO_TARGET_DIR or target; most of candle is compiled once more for it,
# since PyO3's macros ask their common dependencies for more than the program's do.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/pythons.sh

makes=("$@")
[[ ${#makes[@]} == 0 ]] && makes=(abi3 310)
newer=${PYTHON:-$(newest_python)}
if [[ -z $newer ]]; then
    echo "build_python.sh: no Python from 3.11 on is here" >&2
    exit 77
fi

tools=target/python-tools
if [[ ! -x $tools/bin/maturin ]]; then
    "$newer" -m venv "$tools"
    if ! timeout 300 "$tools/bin/pip" install --quiet 'maturin>=1.8,<2' >&2; then
        echo "build_python.sh: maturin cannot be had" >&2
        exit 77
    fi
fi

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
build() {
    "$tools/bin/maturin" build --release --locked --manifest-path python/Cargo.toml --out target/wheels \
        --compatibility linux --quiet "$@"
}
for make in "${makes[@]}"; do
    case $make in
    abi3) build --features abi3 --interpreter "$newer" ;;
    310)
        older=${PYTHON310:-$(python_of 3.10)}
        if [[ -z $older ]]; then
            echo "build_python.sh: no Python 3.10 is here, and no wheel for it is made" >&2
            continue
        fi
        build --interpreter "$older"
        ;;
    *)
        echo "build_python.sh: $make: abi3 or 310" >&2
        exit 1
        ;;
    esac
done
ls -l target/wheels
