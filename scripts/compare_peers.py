#!/usr/bin/env python3
"""One Markdown table from `llmzip bench --csv` files and a table of other programs' sizes.

    llmzip bench DIR -1 --no-peers --csv > 1.csv
    scripts/compare_peers.py PEERS.tsv 1.csv 5.csv ...

PEERS.tsv has the columns file, bytes, compressor, compressed_bytes (and more). Per group: bytes of each
compressor; a group that a peer measured only in part is compared on these files, in brackets. Then
the files (above 1 KB) on which a peer is smaller than the last of ours.
"""

import csv
import sys
from collections import defaultdict

PEERS = ["zstd-19", "xz-9e", "brotli-11-w24", "7z-ppmd-o16", "zpaq-m5", "paq8px-8"]
ORDINARY = ["zstd-19", "xz-9e", "brotli-11-w24"]


def main():
    sizes = defaultdict(dict)
    lengths = {}
    with open(sys.argv[1]) as peers:
        for row in csv.DictReader(peers, delimiter="\t"):
            sizes[row["file"]][row["compressor"]] = int(row["compressed_bytes"])
            lengths[row["file"]] = int(row["bytes"])
    ours = []
    for path in sys.argv[2:]:
        with open(path) as report:
            for row in csv.DictReader(report):
                name = row["name"]
                if row["level"] == "file" and name in lengths:
                    sizes[name][row["compressor"]] = int(row["compressed_bytes"])
                    if row["compressor"] not in ours:
                        ours.append(row["compressor"])
    groups = defaultdict(list)
    for name in lengths:
        if all(our in sizes[name] for our in ours):
            groups[name.split("/")[0]].append(name)
    columns = PEERS + ours
    print("| group | bytes | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * (len(columns) + 1))
    for group, names in groups.items():
        cells = []
        for column in columns:
            there = [name for name in names if column in sizes[name]]
            total = sum(sizes[name][column] for name in there)
            if not there:
                cells.append("-")
            elif len(there) == len(names):
                cells.append(f"{total:,}")
            else:
                own = sum(sizes[name][ours[-1]] for name in there)
                cells.append(f"[{len(there)} files: {total:,}; {ours[-1]}: {own:,}]")
        plain = sum(lengths[name] for name in names)
        print(f"| {group} | {plain:,} | " + " | ".join(cells) + " |")
    for name, size in sizes.items():
        if name in lengths and lengths[name] > 1024 and ours and ours[-1] in size:
            for peer in ORDINARY + ["zpaq-m5"]:
                if size.get(peer, 1 << 60) < size[ours[-1]]:
                    print(f"{name}: {peer} {size[peer]:,}, {ours[-1]} {size[ours[-1]]:,}")


if __name__ == "__main__":
    main()
