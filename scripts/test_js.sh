#!/usr/bin/env bash
# Builds the modules of js/ and runs its tests in Node, against the program too if it is built (target/release/llmzip, or
# the one that LLMZIP names). Exits with 77 where there is no toolchain for the modules, or no Node 20.
#
# --no-golden leaves out the golden files, which scripts/portable.sh reads and writes too.
#
#     scripts/test_js.sh [--no-build] [--no-golden]
set -euo pipefail
cd "$(dirname "$0")/.."

major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
if [[ $major -lt 20 ]]; then
    echo "test_js.sh: needs Node 20" >&2
    exit 77
fi
build=yes tests=(js/test/*.test.js)
for option; do
    case $option in
    --no-build) build= ;;
    --no-golden) tests=(js/test/{api,model,program,worker}.test.js) ;;
    *) echo "test_js.sh: $option: no such option" >&2; exit 1 ;;
    esac
done
if [[ -n $build ]]; then
    scripts/build_wasm.sh
elif [[ ! -f js/dist/llmzip.wasm ]]; then
    echo "test_js.sh: scripts/build_wasm.sh has not been run" >&2
    exit 77
fi
node --test --test-concurrency=1 "${tests[@]}"
cd js

# What is published, by the files that the package names; npm's limit is far away, ours is a page's patience.
most_bytes=12000000
command -v wasm-opt >/dev/null || most_bytes=$((12 << 20))
bytes=$(cat index.d.ts package.json src/*.js dist/*.wasm dist/builtin.llmw | wc -c)
echo "the package has $bytes bytes"
[[ $bytes -le $most_bytes ]] || { echo "test_js.sh: more than $most_bytes" >&2; exit 1; }
