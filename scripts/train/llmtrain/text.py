"""The folder that prepare.py made: its categories, and a part of its text drawn by a seed."""

import hashlib
import json
import pathlib

from llmtrain.documents import read_documents


class Text:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.report = json.loads((self.root / "prepare.json").read_text())

    def categories(self, split):
        return sorted(self.report[split])

    def size(self, split, category):
        return self.report[split][category]["bytes"]

    def digest(self, split, category):
        return self.report[split][category]["sha256"]

    def documents(self, split, category):
        return read_documents(self.root / self.report[split][category]["file"])

    def sample(self, category, n_bytes, seed, longest):
        """About n_bytes of training text, each document cut at `longest` bytes.

        Whether a document is in depends on its own bytes and the seed, so that the text streams
        through once and its order does not matter.
        """
        part = n_bytes / max(self.size("train", category), 1)
        for document in self.documents("train", category):
            digest = hashlib.sha256(document + b"%d" % seed).digest()
            # What is cut from long documents is made up for by taking more of them.
            if int.from_bytes(digest[:6]) / 2**48 < part * len(document) / min(len(document), longest):
                yield document[:longest].decode("utf-8", "ignore")
