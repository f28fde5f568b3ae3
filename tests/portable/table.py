#!/usr/bin/env python3
"""Compares what platforms have printed (scripts/portable.sh) with the first of them, and prints a table.

table.py FOLDER JSON ROW...: FOLDER has ROW.facts, a name and a value a line, or ROW.skipped, which says why.
Exits with 1 where anything differs, and marks it.
"""

import json
import os
import sys
from pathlib import Path

COLUMNS = ["isa", "read", "written", "model", "known answer", "-1", "-2", "-5", "-7", "threads"]
HASHES = {"model", "known answer", "-1", "-2", "-5", "-7"}
HEADS = {"read": "golden read", "written": "written again"}


def facts_of(path):
    return dict(line.split("\t", 1) for line in path.read_text().splitlines() if "\t" in line)


def is_equal(column, value, first):
    """Whether a cell is what it should be, beside the same cell of the first row."""
    if column == "isa":
        return " " not in value
    if column == "threads":
        return value.startswith("1 to ") or value == "has none"
    if column in ("read", "written"):
        # Some platforms cannot ask for all; what they ask for must be right, of the same files.
        done, _, total = value.partition(" of ")
        return done.isdigit() and total == first.partition(" of ")[2]
    return len(value) == 64 and value == first


def main():
    folder, report, *rows = sys.argv[1:]
    folder = Path(folder)
    first, table, differ, kept = None, [], [], {}
    for row in rows:
        skipped = folder / f"{row}.skipped"
        if skipped.exists():
            table.append([row, f"skipped: {skipped.read_text().strip()}"])
            kept[row] = {"skipped": skipped.read_text().strip()}
            continue
        facts = facts_of(folder / f"{row}.facts")
        first = first or facts
        cells = [row]
        for column in COLUMNS:
            value = facts.get(column, facts.get("failed", "missing") if column == "isa" else "missing")
            good = is_equal(column, value, first.get(column, ""))
            shown = value[:8] if good and column in HASHES else value[:60]
            cells.append(shown if good else f"!{shown}!")
            if not good:
                differ.append(f"{row}: {column}: {value}")
        if "failed" in facts:
            differ.append(f"{row}: failed: {facts['failed']}")
        cells.append(facts.get("seconds", ""))
        table.append(cells)
        kept[row] = facts
    heads = ["platform"] + [HEADS.get(column, column) for column in COLUMNS] + ["s"]
    widths = [max([len(head)] + [len(row[i]) for row in table if len(row) > 2]) for i, head in enumerate(heads)]
    widths[0] = max(len(row[0]) for row in table)
    for row in [heads, *table]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    sample = int(os.environ["LLMZIP_SAMPLE_BYTES"])
    print(f"sample: {sample} bytes; hashes are the first digits of SHA-256, whole ones in {report}")
    Path(report).write_text(json.dumps({"sample_bytes": sample, "rows": kept, "differ": differ}, indent=2) + "\n")
    for line in differ:
        print(f"differs: {line}", file=sys.stderr)
    return 1 if differ or not first else 0


sys.exit(main())
