#!/usr/bin/env bash
# What each platform makes of the golden files and of a sample: one table, in which all must be equal. Exits with 1, and marks
# what differs, where they are not; a platform whose tools cannot be had is left out, and the table says why.
#
#     scripts/portable.sh [--build] [PLATFORM...]
#
# With --build, programs and modules are built and nothing is run, so that it can be done beside something else.
#
# Platforms: x86-64 i686 aarch64 armv7 s390x windows wasm chromium; all unless some are named. x86-64 is always there, since the
# first row is what the others are compared with. With LLMZIP_INSTALL=1 what is missing is installed by apt-get.
#
# LLMZIP_SAMPLE_BYTES: length of the sample, 50,000. LLMZIP_SHORT=1 leaves out the golden files that take long where code is
# emulated or plain, and all of them where a better set of the same processor reads them. LLMZIP_THREADS: the most threads that
# -5 is tried on, 4. What is written: target/portable.json, and the output of each platform in target/portable. Emulated rows run
# at the same time, so their seconds are not to be compared.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh

export LLMZIP_SAMPLE_BYTES=${LLMZIP_SAMPLE_BYTES:-50000}
threads=${LLMZIP_THREADS:-4}
short=()
[[ ${LLMZIP_SHORT:-} == 1 ]] && short=(short)
build_only=
[[ ${1:-} == --build ]] && { build_only=yes; shift; }
platforms=("$@")
[[ ${#platforms[@]} == 0 ]] && platforms=(x86-64 i686 aarch64 armv7 s390x windows wasm chromium)

readonly OUT=target/portable MANIFEST=tests/portable/Cargo.toml
rows=()
if [[ -z $build_only ]]; then
    rm -rf $OUT
    mkdir -p $OUT
fi

# skipped ROW WHY
skipped() {
    rows+=("$1")
    [[ -n $build_only ]] || printf '%s\n' "$2" >"$OUT/$1.skipped"
    echo "$1: skipped: $2" >&2
}

# row NAME COMMAND...: keeps the facts that the command prints, or that it failed.
row() {
    rows+=("$1")
    run_row "$@"
}

run_row() {
    local name=$1 began=$SECONDS
    shift
    [[ -z $build_only ]] || return 0
    if ! "$@" >"$OUT/$name.facts" 2>"$OUT/$name.errors"; then
        printf 'failed\t%s\n' "$(tail -n 1 "$OUT/$name.errors")" >>"$OUT/$name.facts"
    fi
    printf 'seconds\t%s\n' $((SECONDS - began)) >>"$OUT/$name.facts"
    echo "$name: $((SECONDS - began)) s" >&2
}

# build TARGET LINKER: builds the program of tests/portable for another target; `built` is where it is.
build() {
    local target=$1 variable
    rust_for "$target" unwind || return 1
    variable=$(tr 'a-z-' 'A-Z_' <<<"$target")
    export "CARGO_TARGET_${variable}_LINKER=$2"
    cargo_for build --release --locked --quiet --manifest-path $MANIFEST --target "$target" \
        --target-dir "target/portable-build" >&2 || return 1
    built=target/portable-build/$target/release/llmzip-portable
    [[ -f $built.exe ]] && built=$built.exe
    return 0
}

# facts NAME ISA RUN...: a row of a program with an instruction set of its own (empty: its best).
facts() {
    local name=$1 isa=$2 less=()
    shift 2
    # Fast code in a real processor has time for all files.
    [[ $isa == avx* || $isa == amx || $name == windows ]] || less=("${short[@]}")
    # Of emulated sets, what the best one reads is enough.
    [[ ${#short[@]} != 0 && $name == aarch64-* && $isa != i8mm ]] && less=(sample)
    rows+=("$name")
    set -- "$name" env LLMZIP_ISA="$isa" "$@" facts tests/files "$LLMZIP_SAMPLE_BYTES" "$threads" "${less[@]}"
    if [[ $4 == qemu-* ]]; then
        run_row "$@" &
    else
        run_row "$@"
    fi
}

x86_64() {
    local isa name available
    cargo build --release --locked --quiet --manifest-path $MANIFEST --target-dir target/portable-build >&2
    local program=target/portable-build/release/llmzip-portable
    available=$($program isas)
    for isa in scalar avx2 avx512 amx; do
        name=x86-64-${isa/scalar/plain}
        if grep -qx "$isa" <<<"$available"; then
            facts "$name" "$isa" "$program"
        else
            skipped "$name" "not on this machine"
        fi
    done
}

i686() {
    need i686-linux-gnu-gcc gcc-i686-linux-gnu libc6-dev-i386-cross || { skipped i686 "no i686-linux-gnu-gcc"; return; }
    build i686-unknown-linux-gnu i686-linux-gnu-gcc || { skipped i686 "cannot be built here"; return; }
    local loader=/usr/i686-linux-gnu/lib/ld-linux.so.2
    facts i686 '' "$loader" --library-path /usr/i686-linux-gnu/lib "$built"
}

# foreign ROW TARGET QEMU GCC LIBC: what has no rows of its own for instruction sets.
foreign() {
    need "$3" qemu-user || { skipped "$1" "no $3"; return; }
    need "$4-gcc" "gcc-$4" "$5" || { skipped "$1" "no $4-gcc"; return; }
    build "$2" "$4-gcc" || { skipped "$1" "cannot be built here"; return; }
    facts "$1" '' "$3" -L "/usr/$4" "$built"
}

aarch64() {
    local gcc=aarch64-linux-gnu isa cpu name
    need qemu-aarch64 qemu-user || { skipped aarch64 "no qemu-aarch64"; return; }
    need $gcc-gcc gcc-$gcc libc6-dev-arm64-cross || { skipped aarch64 "no $gcc-gcc"; return; }
    build aarch64-unknown-linux-gnu $gcc-gcc || { skipped aarch64 "cannot be built here"; return; }
    # Each set on a processor that has it and no better one.
    for isa in scalar:max neon:cortex-a72 dotprod:cortex-a76 i8mm:max; do
        cpu=${isa#*:} isa=${isa%:*}
        name=aarch64-${isa/scalar/plain}
        local run=(qemu-aarch64 -cpu "$cpu" -L /usr/$gcc "$built")
        # All of it is read: a program that is no longer listened to fails.
        if [[ $'\n'$("${run[@]}" isas)$'\n' == *$'\n'$isa$'\n'* ]]; then
            facts "$name" "$isa" "${run[@]}"
        else
            skipped "$name" "the program has no such set on qemu's $cpu"
        fi
    done
}

windows() {
    local gcc=x86_64-w64-mingw32-gcc
    need $gcc gcc-mingw-w64-x86-64 || { skipped windows "no $gcc"; return; }
    build x86_64-pc-windows-gnu $gcc || { skipped windows "cannot be built here"; return; }
    local wine
    wine=$(command -v wine64 || command -v wine || ls /usr/lib/wine/wine64 2>/dev/null || true)
    if [[ -z $wine ]]; then
        need wine64 wine64 || true
        wine=$(command -v wine64 || ls /usr/lib/wine/wine64 2>/dev/null || true)
    fi
    [[ -n $wine ]] || { skipped windows "no wine"; return; }
    # The library's random numbers come from a DLL that Wine has from version 9 on; older ones have the function elsewhere.
    local folder=target/portable-build/windows
    mkdir -p $folder
    cp "$built" $folder/
    $gcc -shared -O2 -o $folder/bcryptprimitives.dll tests/portable/bcryptprimitives.c -ladvapi32 ||
        { skipped windows "the DLL for Wine cannot be built"; return; }
    export WINEPREFIX=$PWD/target/portable-build/wine WINEDEBUG=-all WINEDLLOVERRIDES=bcryptprimitives=n
    facts windows '' "$wine" $folder/llmzip-portable.exe
    # Lines end otherwise there.
    [[ -n $build_only ]] || sed -i 's/\r$//' $OUT/windows.facts
}

wasm_built=
wasm_modules() {
    [[ -n $wasm_built ]] && return
    need wasm-ld-22 lld-22 || true
    scripts/build_wasm.sh >&2 && wasm_built=yes
}

short_of() { [[ $1 == simd128 ]] || echo "${short[@]}"; }

wasm() {
    local make major
    need node nodejs || true
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    [[ $major -ge 20 ]] || { skipped wasm "no Node 20"; return; }
    wasm_modules || { skipped wasm "no toolchain for it"; return; }
    for make in plain simd128; do
        row wasm-$make-node node tests/portable/node.js "$make" $(short_of "$make")
    done
}

chromium() {
    local make
    wasm_modules || { skipped chromium "no toolchain for WebAssembly"; return; }
    . scripts/browser.sh
    find_browser || { skipped chromium "no Chromium, or no playwright-core"; return; }
    for make in plain simd128; do
        row wasm-$make-chromium node tests/portable/chromium.js "$make" $(short_of "$make")
    done
}

x86_64
for platform in "${platforms[@]}"; do
    case $platform in
    x86-64) ;;
    i686 | aarch64 | windows | wasm | chromium) $platform ;;
    armv7) foreign armv7 armv7-unknown-linux-gnueabihf qemu-arm arm-linux-gnueabihf libc6-dev-armhf-cross ;;
    s390x) foreign s390x s390x-unknown-linux-gnu qemu-s390x s390x-linux-gnu libc6-dev-s390x-cross ;;
    *) echo "portable.sh: $platform: no such platform" >&2; exit 1 ;;
    esac
done

wait
[[ -n $build_only ]] || exec python3 tests/portable/table.py $OUT target/portable.json "${rows[@]}"
