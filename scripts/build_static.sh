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
# What Rust brings for musl itself (crt1.o, libunwind) is absent where its library is built along: musl's own and gcc's are taken.
if [[ ${#build_std[@]} != 0 ]]; then
    export "CARGO_TARGET_${variable}_RUSTFLAGS=-C target-feature=+crt-static -C link-self-contained=no -L native=$(dirname "$(gcc -print-file-name=libgcc_eh.a)")"
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
