#!/usr/bin/env bash
# Loads `llmzip serve` on this machine with wrk (Debian: apt install wrk) and prints a table: requests a second and the times
# that half and 99 of 100 requests stay below. Messages of some 300 bytes, no two alike; the cache is off. Beside it: the program,
# started once for each message.
#
#     scripts/load_serve.sh [SECONDS A ROW]
#
# LLMZIP names a program with the feature `serve`; target/release/llmzip is it otherwise. Nothing but 127.0.0.1 is asked.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-8}
program=${LLMZIP:-target/release/llmzip}
command -v wrk >/dev/null || { echo "load_serve.sh: wrk is not here" >&2; exit 77; }

home=$(mktemp -d)
"$program" serve --listen 127.0.0.1:0 --cache 0 2>"$home/log" &
service=$!
trap 'kill $service 2>/dev/null || true; wait $service 2>/dev/null || true; rm -rf "$home"' EXIT
until grep -q listening "$home/log"; do
    kill -0 $service
    sleep 0.1
done
address=$(sed -n 's/.*"address":"\(http[^"]*\)".*/\1/p' "$home/log" | head -1)

# Each thread of wrk counts for itself; its number keeps their messages apart.
cat >"$home/ask.lua" <<'LUA'
local number, thread = 0, 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function init(args) path = args[1]; body = nil end
function message()
    number = number + 1
    local n = id * 1000000 + number
    return string.format('{"order": %d, "name": "customer %d", "town": "%s", "items": [{"what": "%s", "price": %d.%02d, "count": %d}], '
        .. '"paid": true, "note": "Please leave it with the neighbour in house %d, who is at home until %d in the evening.", '
        .. '"time": "2024-%02d-%02dT%02d:%02d:00Z"}', n, n * 7 % 9973, ({"Paris", "Oslo", "Lima", "Riga"})[n % 4 + 1],
        ({"lamp", "chair", "clock"})[n % 3 + 1], n % 211, n % 100, n % 4 + 1, n % 89, n % 5 + 6, n % 12 + 1, n % 28 + 1, n % 24, n * 13 % 60)
end
function request() return wrk.format("POST", path, nil, message()) end
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("%10.1f %10.1f %10.1f %8d %8d\n", summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
        latency:percentile(99) / 1000, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
LUA

echo "resident before: $(awk '/VmRSS/ {print $2 / 1024 " MiB"}' /proc/$service/status)"
printf '%-28s %10s %10s %10s %8s %8s\n' what requests/s p50/ms p99/ms refused failed
for path in '/compress?level=5' '/compress?level=1'; do
    for connections in 1 8 64 256 1000; do
        threads=$((connections < 2 ? 1 : 2))
        printf '%-28s ' "$path, $connections"
        wrk -t $threads -c $connections -d "$seconds" --timeout 60s -s "$home/ask.lua" "$address" -- "$path" | tail -1
    done
done
echo "resident after: $(awk '/VmRSS/ {print $2 / 1024 " MiB"}' /proc/$service/status), at most $(awk '/VmHWM/ {print $2 / 1024 " MiB"}' /proc/$service/status)"

# One call of the program for each message, one after the other.
python3 - "$program" "$seconds" <<'PYTHON'
import subprocess, sys, time
program, seconds = sys.argv[1], float(sys.argv[2])
times, begun, n = [], time.perf_counter(), 0
while time.perf_counter() - begun < seconds:
    n += 1
    text = f'{{"order": {n}, "name": "customer {n * 7 % 9973}", "town": "Oslo", "paid": true, "note": "Please leave it with the neighbour in house {n % 89}."}}' * 2
    before = time.perf_counter()
    subprocess.run([program, "-q", "-c"], input=text.encode(), stdout=subprocess.DEVNULL, check=True)
    times.append(time.perf_counter() - before)
times.sort()
print(f"{'the program for each':28} {len(times) / sum(times):10.1f} {1e3 * times[len(times) // 2]:10.1f} {1e3 * times[int(len(times) * 0.99)]:10.1f}")
PYTHON
