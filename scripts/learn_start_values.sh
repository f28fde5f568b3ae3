#!/bin/sh
# Makes src/mixer/start_values.bin again: what a mixer knows before it has seen anything.
#
#   scripts/learn_start_values.sh TRAIN [OUT]
#
# TRAIN is as for unpack_heldout.sh. The same texts and the same builtin model give the same bytes on every machine.
# Afterwards the builtin model, which carries a copy of the values, is sealed again:
# LLMZIP_BLESS=1 cargo test --release --test exactness sealing.
set -eu
train=$(realpath "$1")
out=$(realpath -m "${2:-$(dirname "$0")/../src/mixer/start_values.bin}")
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
scripts/unpack_heldout.sh "$train" "$folder"
cargo bench --no-default-features --features threads --bench mixer -- "$folder" --learn "$folder/new.values"
cp "$folder/new.values" "$out"
