#!/usr/bin/env python3
"""Turns prepared text into packed tokens.

    pack.py TEXT --tokenizer tokenizer.json OUT

OUT gets SPLIT_CATEGORY.u16.zst (each document: the start token, then its own), tokens.json with
counts and hashes, and a copy of the tokenizer, so that OUT is all that a machine with a GPU needs.
"""

import argparse
import json
import pathlib
import shutil

from llmtrain import bpe
from llmtrain.documents import file_sha256
from llmtrain.text import Text
from llmtrain.tokens import TOKENIZER, TokenWriter

DOCUMENTS_AT_ONCE = 256


def batches(documents):
    batch = []
    for document in documents:
        batch.append(document.decode())
        if len(batch) == DOCUMENTS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer = bpe.load(args.tokenizer)
    start = bpe.start_id(tokenizer)
    if start is None or tokenizer.get_vocab_size() > 65536:
        parser.error(f"{args.tokenizer}: no {bpe.START}, or more than 65536 tokens")
    text = Text(args.text)
    parts = {"train": {}, "heldout": {}}
    for split in parts:
        for category in text.categories(split):
            writer = TokenWriter(args.out / f"{split}_{category}.u16.zst")
            for batch in batches(text.documents(split, category)):
                for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
                    writer.write([start, *encoding.ids])
            parts[split][category] = writer.close() | {
                "text_bytes": text.size(split, category),
                "text_sha256": text.digest(split, category),
            }
            print(split, category, json.dumps(parts[split][category]), flush=True)
    shutil.copyfile(args.tokenizer, args.out / TOKENIZER)
    about = {"start": start, "vocabulary": tokenizer.get_vocab_size()}
    about["tokenizer_sha256"] = file_sha256(args.out / TOKENIZER)
    (args.out / "tokens.json").write_text(json.dumps(about | parts, indent=2) + "\n")


if __name__ == "__main__":
    main()
