#!/usr/bin/env bash
# Random weights of published shapes through our engine and through transformers in float32: the table
# of src/import/QUANTISATION.md.
#
#     scripts/compare_random_models.sh DIR [PYTHON]
#
# DIR gets the models (7 GB); PYTHON has torch and transformers. A directory that is there is used.
set -euo pipefail
dir=${1:?usage: compare_random_models.sh DIR [PYTHON]}
python=${2:-python3}
here=$(dirname "$0")

make() { # NAME OF DIRECTORY, SHAPE, OPTIONS
    [[ -e $dir/$1/reference.bin ]] || "$python" "$here/make_random_model.py" "$2" "$dir/$1" --reference 48 "${@:3}"
}

mkdir -p "$dir"
make qwen3-0.6b qwen3-0.6b
make smollm2-135m smollm2-135m
make tinyllama-1.1b tinyllama-1.1b
make tinyllama-1.1b-scaled tinyllama-1.1b --init scaled
make llama3-small llama3-small
make qwen2.5-small qwen2.5-small
make qwen2.5-small-outliers qwen2.5-small --outliers 6 --factor 60

echo "| weights | worst cosine | mean cosine | same best token |"
echo "|---|---|---|---|"
cd "$here/.."
LLMZIP_RANDOM_MODELS=$(cd - > /dev/null && realpath "$dir") \
    cargo test --release --test import published_shapes -- --nocapture | grep '^| '
