#!/usr/bin/env bash
# Builds the book of docs/ into target/book, with the pages that stand beside the code, and checks its links. mdbook is built
# once into target/tools where it is not here; exits with 77 where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/target/tools/bin:$PATH

command -v mdbook >/dev/null || cargo install --quiet --locked --no-default-features --features search --root target/tools mdbook@0.5.4 || {
    echo "build_docs.sh: mdbook is not here and cannot be installed" >&2
    exit 77
}
python3 scripts/docs.py prepare target/docs
mdbook build target/docs --dest-dir "$PWD/target/book"
python3 scripts/docs.py check target/book
