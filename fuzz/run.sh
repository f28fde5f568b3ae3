#!/usr/bin/env bash
# Runs every target for some seconds each, from the seeds and what earlier runs found, and prints what
# came of it.
#
#     fuzz/run.sh SECONDS [TARGET...]         without import: minutes to build
#     IMPORT=1 fuzz/run.sh SECONDS            the doors of import too, which bring candle along
#
# The compiler may be a stable one. Ends with 1 if a target found something; the input then lies
# under fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:?seconds for each target}
shift
features=()
[[ ${IMPORT:-} == 1 ]] && features=(--features import)
# Only a nightly compiler has sanitizers, or one that is told to pass for it.
export RUSTC_BOOTSTRAP=1
options=(-O "${features[@]}")

targets=("$@")
if [[ ${#targets[@]} == 0 ]]; then
    core=(armor clothes container_long container_short datagram group_mixer group_model inspect llmw llmw_resealed many
        ranges recipe recover tokenizer_bytes tokenizer_json)
    targets=("${core[@]}")
    [[ ${#features[@]} == 0 ]] || targets+=(gguf onnx safetensors)
    # All at once; a single target is built when it is run.
    cargo fuzz build "${options[@]}"
fi

seed() {
    mkdir -p "corpus/$1"
    case $1 in
        inspect | many | ranges | recover) cp seeds/frames/* "corpus/$1" ;;
        # A model up to the end of its tensors: without known answer, identity, name and check.
        llmw_resealed) head -c -77 seeds/llmw/sample >"corpus/$1/sample" ;;
        *) cp "seeds/$1"/* "corpus/$1" ;;
    esac
}

# fuzz TARGET: prints its row; fails if something was found.
fuzz() {
    local target=$1 log outcome="nothing found" found=0 runs rate coverage corpus
    log=$(mktemp)
    # A minute for one input, and twice what the doors allow: slow or large is a finding as well.
    if ! cargo fuzz run "${options[@]}" "$target" -- -max_total_time="$seconds" -timeout=60 \
        -rss_limit_mb=2048 -print_final_stats=1 >"$log" 2>&1; then
        outcome="FOUND: $(grep -m1 -E 'panicked|ERROR: |SUMMARY' "$log" || echo "see $log")"
        found=1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    coverage=$(grep -oE 'cov: [0-9]+' "$log" | tail -1 | cut -c6-)
    corpus=$(find "corpus/$target" -type f | wc -l)
    printf '%-16s %10s %10s %8s %8s  %s\n' "$target" "${runs:-?}" "${rate:-?}" "${coverage:-?}" \
        "$corpus" "$outcome"
    [[ $found == 1 ]] || rm -f "$log"
    return $found
}

# One target a core: none of them uses more.
printf '%-16s %10s %10s %8s %8s  %s\n' target runs runs/s coverage corpus outcome
found=0
running=0
for target in "${targets[@]}"; do
    seed "$target"
    if [[ $running == $(nproc) ]]; then
        wait -n || found=1
        running=$((running - 1))
    fi
    fuzz "$target" &
    running=$((running + 1))
done
while [[ $running -gt 0 ]]; do
    wait -n || found=1
    running=$((running - 1))
done
exit $found
