#!/bin/sh
# Downloads the well-known corpora and compares every byte with pinned SHA-256 digests.
#
# usage: scripts/download_corpora.sh [DIR] [canterbury|enwik8|silesia]...
#
# Without names, all three come: about 105 MB of downloads, 315 MB on disk. DIR is `corpora` unless given. What is there
# and right is not fetched again. Nothing that fails its check is left under its final name. The digests of Canterbury
# and enwik8 are those of the files themselves, the one of Silesia is that of its archive.

set -eu

. "$(dirname "$0")/fetching.sh"

for program in curl unzip tar; do
	command -v "$program" >/dev/null || fail "$program is needed"
done
command -v digest >/dev/null || fail "sha256sum or shasum is needed"

# matches FILE DIGEST
matches() {
	[ -f "$1" ] && [ "$(digest "$1")" = "$2" ]
}

# check FILE DIGEST
check() {
	matches "$1" "$2" || fail "$1: these are not the bytes that were expected"
}

fetch() {
	printf 'fetching %s\n' "$2"
	curl --fail --location --retry 3 --silent --show-error --output "$1" "$2"
}

# Gives a checked folder its name, unless somebody's files are in the way.
place() {
	[ ! -e "$dir/$1" ] || fail "$dir/$1 is there but is not the corpus; please move it away"
	mv "$work/$1" "$dir/$1"
}

canterbury_files='
7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0  alice29.txt
eaa3526fe53859f34ecdf255712f9ecf0b2c903451d4755b2edaa2e2599cb0fc  asyoulik.txt
e0cd21cef5b6c4069461e949be100080c3ce887de6f1dd8626c480528efaaf61  cp.html
85d73e354cc50cec76cb5a50537cf8dc035f8cbb8480f9e1cbe2f7d6c23393c7  fields.c
1b0805dfc0ae706b35aac2bb4e15f02485efd24dda5dbd29de7b2f84d1a88c15  grammar.lsp
9af47239ca29dfe20e633f80bbbb9a4cc9783d0803d7b2b5626f42e4c3790420  kennedy.xls
5314ba1dbb03f471df88bec6cd120a938ef60d0fd3511c5c1dce61bf7463245f  lcet10.txt
07e2e0b461af78c7c647cb53dab39de560198e16f799b4516eccf0fbd69f764c  plrabn12.txt
0ec3a75089bb52342813496b17e51377bc9eba3cb519a444d67025354841d650  ptt5
ee5733cd76ecc2f9d8ff156adc3c02a7a851051dcf43a2d56ff4ee4ff606bdb3  sum
c58aeb5d2d1e12751d47e7412b45784405fc30a5671b03d480fa05776e183619  xargs.1
'

# Runs a command with each DIGEST and NAME of the Canterbury corpus.
each_canterbury_file() {
	printf '%s' "$canterbury_files" | while read -r sha256 name; do
		[ -z "$name" ] || "$@" "$sha256" "$name" || exit 1
	done
}

is_there() {
	matches "$1/$3" "$2"
}

check_in() {
	check "$1/$3" "$2"
}

canterbury() {
	if each_canterbury_file is_there "$dir/canterbury"; then return; fi
	fetch "$work/cantrbry.tar.gz" https://corpus.canterbury.ac.nz/resources/cantrbry.tar.gz
	mkdir "$work/canterbury"
	tar -xzf "$work/cantrbry.tar.gz" -C "$work/canterbury"
	each_canterbury_file check_in "$work/canterbury"
	place canterbury
}

enwik8() {
	sha256=2b49720ec4d78c3c9fabaee6e4179a5e997302b3a70029f30f2d582218c024a8
	if matches "$dir/enwik8/enwik8" "$sha256"; then return; fi
	fetch "$work/enwik8.zip" https://mattmahoney.net/dc/enwik8.zip
	mkdir "$work/enwik8"
	unzip -q "$work/enwik8.zip" enwik8 -d "$work/enwik8"
	check "$work/enwik8/enwik8" "$sha256"
	place enwik8
}

silesia() {
	# The archive's digest vouches for the files only while they are unpacked: a marker says that they were.
	sha256=0626e25f45c0ffb5dc801f13b7c82a3b75743ba07e3a71835a41e3d9f63c77af
	if [ -f "$dir/silesia/.$sha256" ]; then return; fi
	fetch "$work/silesia.zip" https://sun.aei.polsl.pl/~sdeor/corpus/silesia.zip
	check "$work/silesia.zip" "$sha256"
	mkdir "$work/silesia"
	unzip -q "$work/silesia.zip" -d "$work/silesia"
	: >"$work/silesia/.$sha256"
	place silesia
}

dir=corpora
case ${1-} in
'' | canterbury | enwik8 | silesia) ;;
-*) fail "usage: ${0##*/} [DIR] [canterbury|enwik8|silesia]..." ;;
*)
	dir=$1
	shift
	;;
esac
[ $# -gt 0 ] || set -- canterbury enwik8 silesia
begin_work

for corpus in "$@"; do
	case $corpus in
	canterbury | enwik8 | silesia) "$corpus" ;;
	*) fail "no corpus is called $corpus" ;;
	esac
	printf '%s: complete\n' "$dir/$corpus"
done
