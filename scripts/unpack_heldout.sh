#!/bin/sh
# Unpacks held-out texts, and what is to be left out of them, into a folder.
#
#   scripts/unpack_heldout.sh TRAIN FOLDER
#
# TRAIN holds them as scripts/train/prepare.py writes them: heldout_*.zst, documents separated by zero bytes, without
# those that share text with the measured files; or others with an EXCLUDE.tsv beside them.
set -eu
for file in "$1"/heldout_*.zst; do
    zstd -dcq --long=27 "$file" > "$2/$(basename "$file" .zst)"
done
if [ -f "$1/EXCLUDE.tsv" ]; then cp "$1/EXCLUDE.tsv" "$2/"; fi
