#!/usr/bin/env bash
# Builds the WebAssembly modules of js/ into js/dist, with simd128 and without, and puts the builtin model beside them.
#
# Which compiler does it, toolchain.sh says; on Debian: `apt-get install rustc-web cargo-web rust-web-src lld-22`. Exits with
# 77, having built nothing, where there is none. Where wasm-opt is (`apt-get install binaryen`), it makes each module a twelfth
# smaller; they run as fast.
#
#     scripts/build_wasm.sh [simd128|plain]...
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh

readonly TARGET=wasm32-unknown-unknown
makes=("$@")
[[ ${#makes[@]} == 0 ]] && makes=(simd128 plain)

rust_for "$TARGET" abort || exit 77
# Debian's compilers come without a linker for the target.
linker=$(compgen -c wasm-ld | sort -rV | head -n 1 || true)
[[ ${#build_std[@]} != 0 && -n $linker ]] && export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker

# What the compiler takes for granted, wasm-opt is to be told.
readonly FEATURES=(simd bulk-memory nontrapping-float-to-int sign-ext mutable-globals multivalue reference-types)
need wasm-opt binaryen || echo "build_wasm.sh: no wasm-opt, so the modules are larger" >&2

mkdir -p js/dist
for make in "${makes[@]}"; do
    case $make in
    simd128) flags='-C target-feature=+simd128' file=llmzip-simd128.wasm ;;
    plain) flags='' file=llmzip.wasm ;;
    *) echo "build_wasm.sh: $make: simd128 or plain" >&2; exit 1 ;;
    esac
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags cargo_for build --release --locked \
        --manifest-path js/native/Cargo.toml --target $TARGET --target-dir "target/wasm-$make"
    built=target/wasm-$make/$TARGET/release/llmzip_js.wasm
    if command -v wasm-opt >/dev/null; then
        wasm-opt "${FEATURES[@]/#/--enable-}" -O2 "$built" -o "js/dist/$file"
    else
        cp "$built" "js/dist/$file"
    fi
done
cp src/model/builtin/builtin.llmw js/dist/
ls -l js/dist
