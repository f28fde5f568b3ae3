#!/usr/bin/env bash
# Runs the tests of exactness for aarch64 in qemu, on three processors: one without products of bytes, one with dot products,
# one with products of matrices. Exits with 77 where what it needs is not here and cannot be installed.
#
#     scripts/test_arm.sh [--build-only]
#
# What is missing is installed by apt-get, unless LLMZIP_INSTALL=0. The core alone is built, in target/arm; a warning fails, as
# there are lines that no other target compiles. PROPTEST_CASES: random cases of the slow tests, 1.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh

export LLMZIP_INSTALL=${LLMZIP_INSTALL:-1} PROPTEST_CASES=${PROPTEST_CASES:-1}
readonly TARGET=aarch64-unknown-linux-gnu GCC=aarch64-linux-gnu

skip() {
    echo "test_arm.sh: $1" >&2
    exit 77
}

# The compiler's own package only recommends the C library.
need $GCC-gcc gcc-$GCC libc6-dev-arm64-cross || skip "no $GCC-gcc"
need qemu-aarch64 qemu-user || skip "no qemu-aarch64"
rust_for $TARGET unwind || skip "nothing to build with"

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$GCC-gcc

output=$(cargo_for test --release --locked --no-default-features --features threads --target $TARGET \
    --target-dir target/arm --lib --test exactness --test golden --no-run 2>&1) || { echo "$output" >&2; exit 1; }
# Cargo says again what it has warned of before.
if grep -q '^warning' <<<"$output"; then
    echo "$output" >&2
    exit 1
fi
[[ ${1:-} == --build-only ]] && exit

# on PROCESSOR TEST ARGUMENT...: a test's program on a processor.
on() {
    local program
    program=$(sed -n "s|.*Executable .*$2.rs (\(.*\))|\1|p" <<<"$output")
    qemu-aarch64 -cpu "$1" -L /usr/$GCC "$program" --quiet "${@:3}"
}

for processor in cortex-a72:neon cortex-a76:dotprod max:i8mm; do
    set=${processor#*:} processor=${processor%:*}
    echo "$processor: $set"
    chosen=$(on "$processor" exactness --nocapture the_builtin_gives_its_known_answer)
    if ! grep -qx "instruction set: $set" <<<"$chosen"; then
        echo "test_arm.sh: on $processor another set than $set was chosen: $chosen" >&2
        exit 1
    fi
    on "$processor" lib kernels
done
# Golden files take minutes on one core. The other tests try every set that there is.
files=$(mktemp)
trap 'rm -f "$files"' EXIT
on max golden >"$files" 2>&1 &
golden=$! code=0
on max exactness || code=$?
wait $golden || code=$?
cat "$files"
exit $code
