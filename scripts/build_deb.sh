#!/usr/bin/env bash
# Builds the Debian package: the program, its manual pages and completions. target/debian has it then. cargo-deb is built once into
# target/tools where it is not here; exits with 77 where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/target/tools/bin:$PATH

command -v cargo-deb >/dev/null || cargo install --quiet --locked --root target/tools cargo-deb@3.8.0 || {
    echo "build_deb.sh: cargo-deb is not here and cannot be installed" >&2
    exit 77
}
cargo build --release --locked
rm -rf target/package
target/release/llmzip generate man target/package/man >/dev/null
target/release/llmzip generate completions target/package/completions >/dev/null
gzip -9n target/package/man/*.1
cargo deb --no-build --locked
