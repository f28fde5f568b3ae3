#!/usr/bin/env python3
"""Trains a tokenizer on a part of the prepared text.

    make_tokenizer.py TEXT --tokens 8192 --mix configs/mix.toml -o tokenizer.json

The mix says how much of the sample each category gets; without it all text counts alike. Beside the
tokenizer, tokenizer.made.json has what it was made of and bytes per token of the held-out text.
"""

import argparse
import json
import pathlib

from llmtrain import bpe
from llmtrain.documents import file_sha256
from llmtrain.mix import read_mix
from llmtrain.text import Text

LONGEST_DOCUMENT_BYTES = 60_000
HELDOUT_BYTES = 1_000_000


def bytes_per_token(tokenizer, text, category):
    n_bytes = n_tokens = 0
    for document in text.documents("heldout", category):
        n_bytes += len(document)
        n_tokens += len(tokenizer.encode(document.decode(), add_special_tokens=False).ids)
        if n_bytes > HELDOUT_BYTES:
            break
    return round(n_bytes / max(n_tokens, 1), 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--tokens", type=int, required=True, help="vocabulary, at most 65536")
    parser.add_argument("--mix", type=pathlib.Path)
    parser.add_argument("--sample-mb", type=float, default=150, help="text to learn from, 10^6 bytes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    args = parser.parse_args()
    if not 257 <= args.tokens <= 65536:
        parser.error("--tokens must be 257 to 65536: every byte and the start have one, ids are u16")
    text = Text(args.text)
    mix = read_mix(args.mix, text)

    def sample():
        for category, part in sorted(mix.items()):
            wanted = 1e6 * args.sample_mb * part
            yield from text.sample(category, wanted, args.seed, LONGEST_DOCUMENT_BYTES)

    tokenizer = bpe.train(sample(), args.tokens)
    if tokenizer.get_vocab_size() != args.tokens:
        parser.error(f"the text gives only {tokenizer.get_vocab_size()} tokens")
    args.output.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.output))
    heldout = text.categories("heldout")
    made = {
        "tokens": args.tokens,
        "sample_mb": args.sample_mb,
        "seed": args.seed,
        "mix": mix,
        "text": {category: text.digest("train", category) for category in sorted(mix)},
        "sha256": file_sha256(args.output),
        "bytes per token, held out": {c: bytes_per_token(tokenizer, text, c) for c in heldout},
    }
    args.output.with_suffix(".made.json").write_text(json.dumps(made, indent=2) + "\n")
    print(json.dumps(made, indent=2))


if __name__ == "__main__":
    main()
