#!/usr/bin/env python3
"""Makes the text of a training run: clean documents by category, none of them measured elsewhere.

    prepare.py --corpus FILE.toml OUT     streams that a description names (configs/corpus.toml)
    prepare.py --text DIR OUT             any folder: its files are documents, its folders categories

Left out are the documents of the list --exclude, what is not UTF-8 text, exact duplicates, and, for
each --measured DIR, documents that share text with a file there (llmtrain/overlap.py says how that
is found). OUT gets train_CATEGORY.zst and heldout_CATEGORY.zst, prepare.json with counts and hashes,
and overlap.tsv with everything that was found.
"""

import argparse
import json
import pathlib
import tomllib

from llmtrain.documents import DocumentWriter, is_text, read_documents, read_tree, sha256
from llmtrain.overlap import Findings, Shingles


def described(path):
    """The documents of a description: (split, category, bytes)."""
    description = tomllib.loads(path.read_text())
    root = (path.parent / description.get("root", ".")).resolve()
    for category, files in description["category"].items():
        for split in ("train", "heldout"):
            for name in files[split]:
                for document in read_documents(root / name):
                    yield split, category, document


def below(root, heldout_part):
    """The documents of a folder. A file's hash decides its split: adding files moves no other."""
    for category, document in read_tree(root):
        share = int(sha256(document)[:8], 16) / 2**32
        yield ("heldout" if share < heldout_part else "train"), category, document


def excluded(paths):
    """SHA-256 digests: the last column of each list."""
    lines = (line for path in paths for line in path.read_text().splitlines()[1:])
    return {line.split("\t")[-1] for line in lines if line}


class Sieve:
    """Gives each document that may stay, and counts why others may not."""

    def __init__(self, exclude):
        self.exclude = exclude
        self.dropped = {}

    def drop(self, reason, document):
        count = self.dropped.setdefault(reason, {"documents": 0, "bytes": 0})
        count["documents"] += 1
        count["bytes"] += len(document)

    def pass_through(self, documents):
        seen = set()
        for split, category, document in documents:
            digest = sha256(document)
            if not is_text(document):
                self.drop("not text", document)
            elif digest in self.exclude:
                self.drop("listed", document)
            elif digest in seen:
                self.drop("duplicate", document)
            else:
                seen.add(digest)
                yield split, category, document, digest


def find_overlap(documents, measured):
    """All findings; the digests of documents that must go."""
    rows, go = [], set()
    findings = Findings(measured)
    for split, category, document, digest in documents:
        findings.add((split, category, digest, len(document)), document)
    for (split, category, digest, n_bytes), file, shared, must_go in findings.shared():
        rows.append((split, category, digest, n_bytes, file, shared, "drop" if must_go else "keep"))
        if must_go:
            go.add(digest)
    return rows, go


def write_splits(documents, out, sieve, go):
    """Writes the streams; held-out text is dropped like training text, so that figures are clean."""
    writers = {}
    for split, category, document, digest in documents:
        if digest in go:
            sieve.drop("shares text with a measured file", document)
            continue
        if (split, category) not in writers:
            writers[split, category] = DocumentWriter(out / f"{split}_{category}.zst")
        writers[split, category].write(document)
    parts = {"train": {}, "heldout": {}}
    for (split, category), writer in sorted(writers.items()):
        parts[split][category] = writer.close()
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--corpus", type=pathlib.Path)
    source.add_argument("--text", type=pathlib.Path)
    parser.add_argument("--exclude", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--measured", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--heldout-part", type=float, default=0.03)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    def documents():
        if args.corpus:
            return described(args.corpus)
        return below(args.text, args.heldout_part)

    exclude = excluded(args.exclude)
    rows, go = [], set()
    for folder in args.measured:
        measured = Shingles.of_folder(folder)
        print(f"{folder}: {len(measured.names)} files, {len(measured.hashes)} shingles", flush=True)
        # Once through to find what is shared, so that boilerplate is known before anything goes.
        more, gone = find_overlap(Sieve(exclude).pass_through(documents()), measured)
        rows += more
        go |= gone
    header = ("split", "category", "sha256", "bytes", "measured file", "shared bytes", "verdict")
    lines = ["\t".join(map(str, row)) for row in [header, *sorted(rows)]]
    (args.out / "overlap.tsv").write_text("\n".join(lines) + "\n")

    sieve = Sieve(exclude)
    parts = write_splits(sieve.pass_through(documents()), args.out, sieve, go)
    kept = [row[5] for row in rows if row[2] not in go]
    report = {
        **parts,
        "dropped": sieve.dropped,
        "most bytes that a kept document shares with a measured file": max(kept, default=0),
    }
    (args.out / "prepare.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
