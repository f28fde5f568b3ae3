#!/usr/bin/env bash
# Builds the WebAssembly modules of js/ into js/dist, with simd128 and without, and puts the builtin model beside them.
#
# A toolchain that has the target is used as it is (`rustup target add wasm32-unknown-unknown`). Where there is only the
# sources of its standard library, that is built along, which a stable compiler allows with RUSTC_BOOTSTRAP=1. On Debian:
# `apt-get install rustc-web cargo-web rust-web-src lld-22`. Exits with 77, having built nothing, where neither is there.
#
#     scripts/build_wasm.sh [simd128|plain]...
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TARGET=wasm32-unknown-unknown
makes=("$@")
[[ ${#makes[@]} == 0 ]] && makes=(simd128 plain)

has_target() { [[ -d $("$1" --print sysroot)/lib/rustlib/$TARGET/lib ]]; }
has_sources() { [[ -f $("$1" --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml ]]; }

rustc='' cargo='' build_std=()
for folder in '' /usr/bin/; do
    command -v "${folder}rustc" >/dev/null && command -v "${folder}cargo" >/dev/null || continue
    if has_target "${folder}rustc"; then
        rustc=${folder}rustc cargo=${folder}cargo
        break
    elif has_sources "${folder}rustc"; then
        rustc=${folder}rustc cargo=${folder}cargo build_std=(-Zbuild-std=std,panic_abort)
        break
    fi
done
if [[ -z $rustc ]]; then
    echo "build_wasm.sh: no Rust toolchain here has $TARGET, or the sources of its standard library" >&2
    exit 77
fi
if [[ ${#build_std[@]} != 0 ]]; then
    export RUSTC_BOOTSTRAP=1
    # Debian's compilers come without a linker for the target.
    linker=$(compgen -c wasm-ld | sort -rV | head -n 1 || true)
    [[ -n $linker ]] && export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
fi
export RUSTC=$rustc

mkdir -p js/dist
for make in "${makes[@]}"; do
    case $make in
    simd128) flags='-C target-feature=+simd128' file=llmzip-simd128.wasm ;;
    plain) flags='' file=llmzip.wasm ;;
    *) echo "build_wasm.sh: $make: simd128 or plain" >&2; exit 1 ;;
    esac
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags "$cargo" build --release --locked \
        "${build_std[@]}" --manifest-path js/native/Cargo.toml --target $TARGET \
        --target-dir "target/wasm-$make"
    cp "target/wasm-$make/$TARGET/release/llmzip_js.wasm" "js/dist/$file"
done
cp src/model/builtin/builtin.llmw js/dist/
ls -l js/dist
