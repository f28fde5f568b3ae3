#!/usr/bin/env bash
# Runs the tests of examples/: Dask, Ray Data and Spark on two workers, one of them killed, and the tables of DuckDB and Parquet.
# They have an environment of their own, target/distributed; --install makes it, which takes a gigabyte and some minutes.
# Exits with 77 where there is none, or where no wheel was built (scripts/build_python.sh).
#
#     scripts/test_distributed.sh [--install] [ARGUMENT OF PYTEST]...
#
# LLMZIP_TEST_MB makes the text larger than 2 MB. Spark's tests are skipped where there is no Java.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/pythons.sh

home=target/distributed
wheel=$(ls target/wheels/llmzip-*-cp311-abi3-*.whl 2>/dev/null | head -1 || true)
if [[ -z $wheel ]]; then
    echo "test_distributed.sh: no wheel was built (scripts/build_python.sh)" >&2
    exit 77
fi
if [[ ${1:-} == --install ]]; then
    shift
    python=$(newest_python)
    [[ -x $home/bin/python ]] || "$python" -m venv "$home"
    needed=(-r examples/distributed/requirements.txt -r examples/tables/requirements.txt pytest zstandard)
    if ! timeout 900 "$home/bin/pip" install --quiet --disable-pip-version-check "${needed[@]}" >&2; then
        echo "test_distributed.sh: what the tests need cannot be had" >&2
        exit 77
    fi
elif [[ ! -x $home/bin/python ]]; then
    echo "test_distributed.sh: there is no $home (--install makes it)" >&2
    exit 77
fi
"$home/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps --no-index "$wheel"

for tests in examples/distributed examples/tables; do
    "$home/bin/python" -m pytest --quiet -p no:cacheprovider "$tests" "$@"
done
