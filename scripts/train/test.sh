#!/bin/sh
# Runs the pipeline's tests in an environment of its own: under two minutes once it is there.
#
# usage: scripts/train/test.sh [--install]
#
# The environment is target/train-venv, or LLMZIP_TRAIN_VENV. Without --install it must be there; with
# it, it is made from requirements.txt where it is missing or was made from other ones. That brings
# PyTorch: on Linux x86-64 about 3 GB to download, 5.5 GB on disk.
# Exit status 77: not there, or could not be made, for instance without a network.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=${LLMZIP_TRAIN_VENV:-$root/target/train-venv}
wanted=$here/requirements.txt

if ! cmp -s "$wanted" "$venv/requirements.txt"; then
	[ "${1:-}" = --install ] || { printf '%s: no environment made from %s\n' "$venv" "$wanted" >&2; exit 77; }
	{
		rm -rf "$venv" && python3 -m venv "$venv" &&
			"$venv/bin/pip" install --quiet --retries 1 --timeout 60 -r "$wanted" &&
			# Last, so that an install that was cut is not taken for a whole one.
			cp "$wanted" "$venv/requirements.txt"
	} || { printf '%s could not be made\n' "$venv" >&2; exit 77; }
fi

# One thread a process: two of them are all that the test needs.
export OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false
cd "$here"
exec "$venv/bin/python" -m unittest discover --start-directory tests --top-level-directory .
