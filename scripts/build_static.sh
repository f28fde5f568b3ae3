#!/usr/bin/env bash
# Builds the program as one static file for any Linux of this architecture, and packs it with manual pages, completions and
# licences: target/static. It needs the target for musl, or the sources of Rust's standard library (scripts/toolchain.sh), and musl-gcc.
# Exits with 77 where these cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh

target=$(uname -m)-unknown-linux-musl
need musl-gcc musl-tools || { echo "build_static.sh: no musl-gcc (Debian's musl-tools)" >&2; exit 77; }
rust_for "$target" unwind || exit 77

variable=$(tr 'a-z-' 'A-Z_' <<<"$target")
export "CC_${target//-/_}=musl-gcc" "CARGO_TARGET_${variable}_LINKER=musl-gcc"
# Where the library is built along, what Rust's own target brings is absent: musl-gcc has what begins a program, and gcc's
# library of exceptions stands for libunwind, whose functions it has.
if [[ ${#build_std[@]} != 0 ]]; then
    libraries=$PWD/target/static-build/lib
    mkdir -p "$libraries"
    ln -sf "$(gcc -print-file-name=libgcc_eh.a)" "$libraries/libunwind.a"
    export "CARGO_TARGET_${variable}_RUSTFLAGS=-C target-feature=+crt-static -C relocation-model=static -C link-self-contained=no -L native=$libraries"
fi
cargo_for build --release --locked --target "$target" --target-dir target/static-build "$@"

rm -rf target/static
mkdir -p target/static/llmzip
cp "target/static-build/$target/release/llmzip" target/static/
cp target/static/llmzip README.md LICENSE-* target/static/llmzip/
target/static/llmzip generate man target/static/llmzip/man >/dev/null
target/static/llmzip generate completions target/static/llmzip/completions >/dev/null
tar -C target/static -czf target/static/llmzip.tar.gz llmzip
file target/static/llmzip 2>/dev/null || ls -l target/static/llmzip
