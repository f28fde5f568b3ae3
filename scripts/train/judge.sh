#!/bin/sh
# Judges an exported model with the program itself: import, comparison with the float model, a bench.
#
# usage: judge.sh EXPORT OUT [TEXTS...]
#
# OUT gets model.llmw, check.txt and, for each folder of TEXTS, bench-NAME.csv. The import is as the
# run quantises (training.json says it), as the builtin without. LLMZIP names the program.

set -eu

llmzip=${LLMZIP:-$(dirname "$0")/../../target/release/llmzip}
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 1; }
export=$1 out=$2
shift 2
mkdir -p "$out"

python=${PYTHON:-python3}
flags=$("$python" - "$export/training.json" <<'END'
import json, sys
try:
    options = json.load(open(sys.argv[1]))["config"]["quantise"]
except FileNotFoundError:
    options = {"bits": 0, "group": 0, "weight_max": 63}
if options["bits"] == 6 or options["group"] % 64:
    sys.exit("the importer has 8 and 4 bits, and groups of multiples of 64")
bits = options["bits"] or 8
# Channels that are smoothed at import are not those that were trained to be rounded.
if (bits, options["group"], options["weight_max"]) == (8, 0, 63):
    print("--like-builtin")
    sys.exit()
print("--bits", bits, "--group", options["group"], "--narrow" if options["weight_max"] == 63 else "")
END
)
# shellcheck disable=SC2086
"$llmzip" models import "$export" $flags -f -o "$out/model.llmw"
"$llmzip" models check --dir "$export" "$out/model.llmw" | tee "$out/check.txt"
for texts; do
	table=$out/bench-$(basename "$texts").csv
	"$llmzip" bench --no-peers --csv --model "$out/model.llmw" "$texts" > "$table"
	printf '%s: %s lines\n' "$table" "$(wc -l < "$table")"
done
