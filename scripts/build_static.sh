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
# library of exceptions stands for libunwind, whose functions it has. Since version 12 that asks glibc where the tables of a
# place in the program are; musl has no such function, but dl_iterate_phdr, which says the same.
if [[ ${#build_std[@]} != 0 ]]; then
    libraries=$PWD/target/static-build/lib
    mkdir -p "$libraries"
    musl-gcc -O2 -c -x c -o "$libraries/find_object.o" - <<'END'
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>

/* What is to be fetched: gcc's library names these by weak references, which are in glibc always, but fetch nothing from musl's
   archive; without them the first panic calls address 0. */
void *const fetched[] = {pthread_once, pthread_key_create, pthread_getspecific, pthread_setspecific, pthread_mutex_lock, pthread_mutex_unlock};

/* The beginning of glibc's struct dl_find_object; what follows is the caller's. */
struct found { unsigned long long flags; char *start, *end; void *map, *eh_frame; };
struct wanted { char *place; struct found *found; };

static int look(struct dl_phdr_info *info, size_t size, void *wanted_) {
    struct wanted *wanted = wanted_;
    struct found found = {0};
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        char *start = (char *)(info->dlpi_addr + header->p_vaddr);
        if (header->p_type == PT_GNU_EH_FRAME) found.eh_frame = start;
        if (header->p_type == PT_LOAD && wanted->place >= start && wanted->place < start + header->p_memsz)
            found.start = start, found.end = start + header->p_memsz;
    }
    if (!found.start || !found.eh_frame) return 0;
    *wanted->found = found;
    return 1;
}

int _dl_find_object(void *place, struct found *found) {
    struct wanted wanted = {place, found};
    return dl_iterate_phdr(look, &wanted) ? 0 : -1;
}
END
    rm -f "$libraries/libunwind.a"
    cp "$(gcc -print-file-name=libgcc_eh.a)" "$libraries/libunwind.a"
    chmod u+w "$libraries/libunwind.a"
    ar r "$libraries/libunwind.a" "$libraries/find_object.o"
    export "CARGO_TARGET_${variable}_RUSTFLAGS=-C target-feature=+crt-static -C relocation-model=static -C link-self-contained=no -L native=$libraries"
fi
cargo_for build --release --locked --target "$target" --target-dir target/static-build "$@"

rm -rf target/static
packed=target/static/packed/llmzip
mkdir -p "$packed"
cp "target/static-build/$target/release/llmzip" target/static/
cp target/static/llmzip README.md LICENSE-* "$packed/"
target/static/llmzip generate man "$packed/man" >/dev/null
target/static/llmzip generate completions "$packed/completions" >/dev/null
tar -C "${packed%/*}" -czf target/static/llmzip.tar.gz llmzip
rm -r "${packed%/*}"
file target/static/llmzip 2>/dev/null || ls -l target/static/llmzip
