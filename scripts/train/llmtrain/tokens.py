"""Packed tokens: little-endian u16 in zstd, unpacked once beside the file and mapped from there."""

import hashlib
import json
import os
import pathlib

import numpy as np
import zstandard

from llmtrain import bpe
from llmtrain.documents import CHUNK_BYTES, MAX_WINDOW_BYTES, file_sha256
from llmtrain.packed import PackedWriter

TOKENIZER = "tokenizer.json"


class TokenWriter:
    """Writes the tokens of documents."""

    def __init__(self, path):
        self.file = PackedWriter(path)
        self.n_documents = 0
        self.n_tokens = 0

    def write(self, ids):
        self.file.write(np.asarray(ids, "<u2").tobytes())
        self.n_documents += 1
        self.n_tokens += len(ids)

    def close(self):
        """Ends the file and says what is in it."""
        name, digest = self.file.close()
        counts = {"documents": self.n_documents, "tokens": self.n_tokens}
        return {"file": name, **counts, "sha256": digest}


def unpack(packed, expected):
    """The plain file beside a packed one, made and checked if it is not there."""
    plain = packed.with_suffix("")
    if plain.exists() and plain.stat().st_size == 2 * expected["tokens"]:
        return plain
    partial = plain.with_name(f"{plain.name}.{os.getpid()}.partial")
    digest = hashlib.sha256()
    reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
    with open(packed, "rb") as source, open(partial, "wb") as target:
        for chunk in reader.read_to_iter(source, read_size=CHUNK_BYTES):
            digest.update(chunk)
            target.write(chunk)
    if digest.hexdigest() != expected["sha256"]:
        partial.unlink()
        raise SystemExit(f"{packed}: not the tokens that tokens.json names")
    os.replace(partial, plain)
    return plain


class Tokens:
    """The folder that pack.py made."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.about = json.loads((self.root / "tokens.json").read_text())
        self.start = self.about["start"]
        self.vocabulary = self.about["vocabulary"]
        self.tokenizer_path = self.root / TOKENIZER
        if file_sha256(self.tokenizer_path) != self.about["tokenizer_sha256"]:
            raise SystemExit(f"{self.tokenizer_path}: not the tokenizer that made the tokens")

    def categories(self, split):
        return sorted(self.about[split])

    def n_tokens(self, split, category):
        return self.about[split][category]["tokens"]

    def size(self, split, category):
        return self.about[split][category]["text_bytes"]

    def ids(self, split, category):
        """All tokens of a category, mapped from the plain file."""
        expected = self.about[split][category]
        plain = unpack(self.root / expected["file"], expected)
        return np.memmap(plain, "<u2", "r")

    def token_bytes(self):
        return np.array(bpe.token_bytes(bpe.load(self.tokenizer_path)), np.int64)

    def hashes(self):
        """What a run writes down about its data."""
        parts = ("train", "heldout")
        return {
            "tokenizer": self.about["tokenizer_sha256"],
            **{p: {c: self.about[p][c]["sha256"] for c in self.categories(p)} for p in parts},
        }
