#!/bin/sh
# Copies folders to a dated folder on another disk, with hard links to what has not changed since the last time.
#
# usage: backup.sh TARGET FOLDER...

set -eu

keep_days=60
stamp=$(date +%Y-%m-%d_%H%M)

fail() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit 1
}

[ $# -ge 2 ] || fail "usage: ${0##*/} TARGET FOLDER..."
target=$1
shift
[ -d "$target" ] || fail "$target is not a folder (is the disk mounted?)"

# Two backups at the same time would link to each other's half-made copies.
lock=$target/.lock
mkdir "$lock" 2>/dev/null || fail "another backup is running, or has left $lock behind"
trap 'rmdir "$lock"' EXIT
trap 'exit 130' INT TERM

last=$(find "$target" -mindepth 1 -maxdepth 1 -type d -name '????-??-??_????' | sort | tail -n 1)
partial=$target/.partial
rm -rf "$partial"
mkdir "$partial"

for folder in "$@"; do
	[ -d "$folder" ] || fail "$folder is not a folder"
	name=$(basename "$folder")
	printf 'copying %s\n' "$folder"
	if [ -n "$last" ] && [ -d "$last/$name" ]; then
		rsync -a --delete --link-dest="$last/$name" "$folder/" "$partial/$name/"
	else
		rsync -a "$folder/" "$partial/$name/"
	fi
done

sync
mv "$partial" "$target/$stamp"

# Old copies go, but never the last three.
find "$target" -mindepth 1 -maxdepth 1 -type d -name '????-??-??_????' | sort | head -n -3 |
while read -r old; do
	if [ -n "$(find "$old" -maxdepth 0 -mtime "+$keep_days")" ]; then
		printf 'removing %s\n' "$old"
		rm -rf "$old"
	fi
done

printf 'done: %s\n' "$target/$stamp"
