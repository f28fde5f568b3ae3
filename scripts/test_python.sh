#!/usr/bin/env bash
# Builds the wheels of python/, installs them in environments of their own (target/python-test) on the oldest and the newest
# Python that are here and that the package is for, and runs its tests there. Exits with 77 where there is no such Python, or
# where what the tests need cannot be had.
#
#     scripts/test_python.sh [--no-build] [ARGUMENT OF PYTEST]...
#
# The program (target/release/llmzip, or the one that LLMZIP names) and js/dist take part where they are built.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/pythons.sh

newest=$(newest_python)
if [[ -z $newest ]]; then
    echo "test_python.sh: no Python from 3.11 on is here" >&2
    exit 77
fi
oldest=$(python_of 3.10)
pythons=("$newest")
[[ -n $oldest ]] && pythons=("$oldest" "$newest")

if [[ ${1:-} == --no-build ]]; then
    shift
else
    scripts/build_python.sh
fi
for python in "${pythons[@]}"; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    home=target/python-test/$version
    pip=("$home/bin/python" -m pip install --quiet --disable-pip-version-check)
    [[ -x $home/bin/python ]] || "$python" -m venv "$home"
    if ! "$home/bin/python" -c 'import pytest, hypothesis, mypy, numpy, fsspec, smart_open' 2>/dev/null; then
        if ! timeout 300 "${pip[@]}" pytest hypothesis mypy numpy fsspec smart_open >&2; then
            echo "test_python.sh: what the tests need cannot be had" >&2
            exit 77
        fi
    fi
    tag=cp311-abi3
    [[ $version == 3.10 ]] && tag=cp310-cp310
    "${pip[@]}" --force-reinstall --no-deps --no-index target/wheels/llmzip-*-"$tag"-*.whl
    echo "Python $version"
    "$home/bin/python" -m pytest --quiet -p no:cacheprovider python/tests "$@"
done
