#!/usr/bin/env bash
# Measures the corpora anew, writes the records in benches/records, and makes the reports in docs/ of them. The field's files are
# those that scripts/download_corpora.sh brings (CORPORA, ../shared/corpora); studies want SmolLM2 (scripts/fetch_smollm2.sh) and
# the float weights of a builtin (BUILTIN_WEIGHTS, ../shared/builtin-v0).
#
#     scripts/make_report.sh sizes|times|builtin|builtin-bits|window|lanes|bits|models|pages...
#
# sizes: every file whole, with all peers; its times count only where nothing else ran. times: one file of each group. builtin,
# builtin-bits, window, lanes, bits, models: the studies, on the beginnings of four files. All but sizes and pages take some minutes each on
# two quiet cores, and want them quiet; NOTE is kept in the record where they were not, and FIRST is how many bytes of each file are
# studied where time is short. pages: the reports, of the records.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly CORPORA=${CORPORA:-../shared/corpora} SMOLLM2=target/models/SmolLM2-135M-Instruct.Q4_1.gguf RECORDS=benches/records
readonly GROUPS_OF_FILES=(canterbury calgary text_en multiling source log json xml csv snappy small)
readonly LLMZIP=${LLMZIP:-target/release/llmzip}
readonly BUILTIN_WEIGHTS=${BUILTIN_WEIGHTS:-../shared/builtin-v0}

[[ -x $LLMZIP ]] || { echo "make_report.sh: cargo build --release --features peers makes $LLMZIP" >&2; exit 1; }
mkdir -p $RECORDS
# Records are made in a folder of their own, and name the commit of this one.
export GIT_DIR=$(git rev-parse --absolute-git-dir) GIT_WORK_TREE=$PWD
# Only the groups: not what is written about them.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A folder of the corpora in which what is written down about them is not.
gather() {
    mkdir -p "$work/corpora"
    for group in "${GROUPS_OF_FILES[@]}"; do
        cp -r --no-preserve=mode "$CORPORA/$group" "$work/corpora/"
    done
}

# One file of each group: the middle one of those that take seconds.
gather_timed() {
    for group in "${GROUPS_OF_FILES[@]}"; do
        local files middle
        mapfile -t files < <(find "$CORPORA/$group" -type f -size -160k -printf '%s %p\n' | sort -n | cut -d' ' -f2-)
        [[ ${#files[@]} != 0 ]] || continue
        middle=${files[$((${#files[@]} / 2))]}
        mkdir -p "$work/timed/$group"
        cp --no-preserve=mode "$middle" "$work/timed/$group/"
    done
}

# What the studies are of: so many bytes of each.
gather_studied() {
    local file
    rm -rf "$work/studied"
    for file in text_en/sherlock.txt source/server.c json/github_events.json log/Linux_2k.log; do
        [[ -f $CORPORA/$file ]] || file=${file%/*}/$(ls "$CORPORA/${file%/*}" | head -n 1)
        mkdir -p "$work/studied/${file%/*}"
        head -c "$1" "$CORPORA/$file" >"$work/studied/$file"
    done
}

# study RECORD BYTES FLAG...: what a study of so many bytes of each of the four files says. A study that is broken off leaves the
# record as it was.
study() {
    local first=${FIRST:-$2}
    gather_studied "$first"
    # Models by names of this folder, since the record has the command.
    ln -sfn "$model" "$work/${model##*/}"
    ln -sfn "$weights" "$work/${weights##*/}"
    # Nothing but studies is wanted, so what every record begins with is measured at the fastest level.
    (cd "$work" && "$program" bench studied -1 --no-peers --json >begun.json)
    (cd "$work" && "$program" bench studied --from begun.json --json --first "$first" ${NOTE:+--note "$NOTE"} "${@:3}" >study.json)
    mv "$work/study.json" "$records/study-$1.json"
}

program=$(realpath "$LLMZIP") records=$(realpath $RECORDS) model=$(realpath -m $SMOLLM2) weights=$(realpath -m "$BUILTIN_WEIGHTS")
for what in "$@"; do
    case $what in
    sizes)
        gather
        (cd "$work" && "$program" bench corpora --json >"$records/corpora.json")
        "$program" bench corpus --json >$RECORDS/corpus.json
        ;;
    times)
        gather_timed
        (cd "$work" && "$program" bench timed --json --study level >"$records/times.json")
        ;;
    builtin) study builtin 60000 --study window,lanes,level ;;
    window) study smollm2-window 20000 --study window --model "${model##*/}" ;;
    lanes) study smollm2-lanes 20000 --study lanes --model "${model##*/}" ;;
    bits) study smollm2-bits 10000 --study bits --model "${model##*/}" ;;
    builtin-bits) study builtin-bits 30000 --study bits --model "${weights##*/}" ;;
    models) study models 20000 --study model --models "${model##*/}" ;;
    pages)
        studies=()
        for record in $RECORDS/study-*.json; do studies+=(--studies "$record"); done
        "$program" bench --from $RECORDS/corpora.json --times $RECORDS/times.json "${studies[@]}" --report docs/report.html
        "$program" bench --from $RECORDS/corpora.json --times $RECORDS/times.json "${studies[@]}" --report docs/report-tables.md
        "$program" bench --from $RECORDS/corpus.json --report docs/report-corpus.html
        "$program" bench --from $RECORDS/corpora.json --report docs/pictures/kinds.svg
        ;;
    *) echo "make_report.sh: $what: one of sizes, times, builtin, builtin-bits, window, lanes, bits, models, pages" >&2; exit 1 ;;
    esac
done
