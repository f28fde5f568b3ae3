#!/usr/bin/env bash
# Our speed beside llama.cpp's, on the same cores in the same run: of a GGUF file, or of random weights of the Qwen3-0.6B
# shape in 8 bits.
#
#     scripts/compare_llama.sh SCRATCH [--model FILE.gguf] [LLAMA_SOURCES]
#
# For FILE.gguf also the speed of the whole program: 100 kB of English, there and back, where ../shared is.
#
# SCRATCH, a directory outside the project, gets everything that is built (3 GB). Without LLAMA_SOURCES, llama.cpp's are
# taken from the source package of llama-cpp-python. Needs python3 with venv, and a C++ compiler; takes half an hour on
# two cores, most of it building. Tools and model that are there already are used again.
set -euo pipefail
scratch=$(realpath "${1:?usage: compare_llama.sh SCRATCH [--model FILE.gguf] [LLAMA_SOURCES]}")
shift
asked=
if [[ ${1:-} == --model ]]; then
    asked=$(realpath "${2:?which GGUF file}")
    shift 2
fi
sources=${1:-}
cd "$(dirname "$0")/.."
threads=$(nproc)
mkdir -p "$scratch"

if [[ ! -x $scratch/venv/bin/ninja ]]; then
    python3 -m venv "$scratch/venv"
    "$scratch/venv/bin/pip" install -q cmake ninja gguf scikit-build-core
fi
export PATH=$scratch/venv/bin:$PATH
if [[ ! -x $scratch/build/bin/llama-batched-bench ]]; then
    if [[ -z $sources ]]; then
        (cd "$scratch" && pip download -q --no-deps --no-build-isolation --no-binary llama-cpp-python llama-cpp-python)
        tar -xzf "$scratch"/llama_cpp_python-*.tar.gz -C "$scratch"
        sources=$(echo "$scratch"/llama_cpp_python-*/vendor/llama.cpp)
        # GCC 12 takes the tiles' description for unused and leaves it out; then the first AMX product ends the program.
        sed -i 's/^ *_tile_loadconfig(&tc);/__asm__ volatile("" ::"r"(\&tc) : "memory");\n&/' \
            "$sources/ggml/src/ggml-cpu/amx/mmq.cpp"
    fi
    cmake -S "$sources" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \
        -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF > /dev/null
    ninja -C "$scratch/build" llama-bench llama-batched-bench > /dev/null
fi
model=${asked:-$scratch/q.gguf}
[[ -e $model ]] || python scripts/random_gguf.py "$model"
made=$scratch/$(basename "$model" .gguf)
for group in 64 128; do
    [[ -e $made$group.llmw ]] ||
        cargo run -q --release -- models import "$model" -o "$made$group.llmw" --window 1024 --group $group
done
cargo bench -q --bench codec --no-run 2> /dev/null

theirs=$scratch/build/bin
echo "# $(lscpu | sed -n 's/^Model name: *//p'), $threads threads"
echo
echo "## llama.cpp: a prompt of 512 tokens, one sequence"
"$theirs/llama-bench" -m "$model" -t "$threads" -p 512 -n 32 -r 3 -o md 2> /dev/null
echo
echo "## llama.cpp: sequences together (S_TG: tokens a second of all)"
"$theirs/llama-batched-bench" -m "$model" -t "$threads" -c 8192 -npp 16 -ntg 16 -npl 1,8,32,128 2> /dev/null | grep '|'
echo
for group in 64 128; do
    echo "## llmzip, groups of $group inputs"
    cargo bench -q --bench codec -- steps "$made$group.llmw"
    echo
done
english=../shared/corpora/canterbury/alice29.txt
if [[ -n $asked && -e $english ]]; then
    echo "## llmzip, the whole program: 100 kB of alice29.txt"
    head -c 100000 "$english" > "$scratch/english"
    program=$PWD/target/release/llmzip
    "$program" -v -kf --model "${made}64.llmw" "$scratch/english"
    "$program" -v -dkf --model "${made}64.llmw" "$scratch/english.llmz" -o "$scratch/back"
    cmp "$scratch/english" "$scratch/back"
fi
[[ -z $asked ]] || exit 0
echo "## llmzip's products with 128 rows and more beside what the registers give (G multiply-adds a second, one core)"
cargo bench -q --bench kernels -- 'peak|linear.*m=(128|512)$' 2> /dev/null |
    awk '/^(linear|peak)/ { name = $0; sub(/ *time:.*/, "", name) }
         /thrpt:/ && !/%/ { printf "%-40s %s\n", name, $4 }'
