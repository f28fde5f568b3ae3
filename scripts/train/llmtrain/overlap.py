"""Finds documents that share text with files that are measured.

White space is left out and capitals are made small before texts are compared, so that a paragraph
wrapped at another width is found too. The measured files are cut into shingles of 64 bytes, one
every 16; of a document every window of 64 bytes is looked up by its rolling hash. Sixteen bytes of
a measured file are shared for each of its shingles that a document holds. A shingle of few different
bytes (rules, padding) says nothing and is left out; one that many documents hold (a licence) is
boilerplate and does not count against any.
"""

import collections
import pathlib

import numpy as np

WIDTH = 64
STRIDE = 16
MIN_DISTINCT_BYTES = 12
BOILERPLATE_DOCUMENTS = 10
# A document goes when it shares this much of one file, or this part of a short one.
MAX_SHARED_BYTES = 512
MAX_SHARED_PART = 0.25

FILTER_BITS = 25
PIECE_BYTES = 1 << 20
BASE = np.uint64(0x9E3779B97F4A7C15)
INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))

SPACES = np.isin(np.arange(256), [9, 10, 11, 12, 13, 32])
SMALL = np.arange(256, dtype=np.uint8)
SMALL[65:91] += 32
# Bytes become random numbers, since a polynomial over a power of two mixes small ones badly.
MIXED = np.random.Generator(np.random.PCG64(7)).integers(0, 1 << 64, 256, dtype=np.uint64)


def powers(base, n):
    """base^0 .. base^(n-1), modulo 2^64."""
    return np.cumprod(np.concatenate([np.ones(1, np.uint64), np.full(n - 1, base)]), dtype=np.uint64)


POWERS = powers(BASE, PIECE_BYTES + 1)
INVERSES = powers(INVERSE, PIECE_BYTES + 1)
# The product of a hash with an odd number has its best bits on top; the filter takes those.
SHIFT = np.uint64(64 - FILTER_BITS)


def condense(text):
    """The bytes that are compared."""
    values = np.frombuffer(text, np.uint8)
    return SMALL[values[~SPACES[values]]]


def window_hashes(values):
    """One hash for each window of 64 bytes: the sum of byte * BASE^place, shifted to place 0."""
    n = len(values)
    if n < WIDTH:
        return np.zeros(0, np.uint64)
    sums = np.zeros(n + 1, np.uint64)
    np.cumsum(MIXED[values] * POWERS[:n], out=sums[1:])
    return (sums[WIDTH:] - sums[:-WIDTH]) * INVERSES[: n - WIDTH + 1] * BASE


def pieces(values):
    """Overlapping pieces that together hold each window once."""
    step = PIECE_BYTES - WIDTH + 1
    for start in range(0, max(len(values) - WIDTH + 1, 1), step):
        yield values[start : start + PIECE_BYTES]


def says_something(values):
    """For each 16th window of 64 bytes, whether it has enough different bytes."""
    windows = np.lib.stride_tricks.sliding_window_view(values, WIDTH)[::STRIDE]
    said = np.zeros(len(windows), bool)
    for start in range(0, len(windows), 4096):
        ordered = np.sort(windows[start : start + 4096], axis=1)
        distinct = 1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1)
        said[start : start + 4096] = distinct >= MIN_DISTINCT_BYTES
    return said


class Shingles:
    """The shingles of the measured files."""

    def __init__(self, files):
        hashes, owners, self.names, self.sizes = [], [], [], []
        for name, text in files:
            values = condense(text)
            self.names.append(name)
            self.sizes.append(len(values))
            if len(values) < WIDTH:
                continue
            all_hashes = np.concatenate([window_hashes(piece) for piece in pieces(values)])
            kept = all_hashes[::STRIDE][says_something(values)]
            hashes.append(kept)
            owners.append(np.full(len(kept), len(self.names) - 1))
        hashes = np.concatenate([np.zeros(0, np.uint64), *hashes])
        owners = np.concatenate([np.zeros(0, np.int64), *owners])
        # Files that are measured overlap among themselves: the first one owns what they share.
        self.hashes, first = np.unique(hashes, return_index=True)
        self.owners = owners[first]
        self.filter = np.zeros(1 << FILTER_BITS, bool)
        self.filter[self.hashes >> SHIFT] = True

    @staticmethod
    def of_folder(root):
        root = pathlib.Path(root)
        files = sorted(path for path in root.rglob("*") if path.is_file())
        return Shingles((str(path.relative_to(root)), path.read_bytes()) for path in files)

    def found_in(self, text):
        """Numbers of the shingles that a document holds, each once."""
        found = [np.zeros(0, np.int64)]
        if len(self.hashes) == 0:
            return found[0]
        for piece in pieces(condense(text)):
            hashes = window_hashes(piece)
            maybe = hashes[self.filter[hashes >> SHIFT]]
            at = np.minimum(np.searchsorted(self.hashes, maybe), len(self.hashes) - 1)
            found.append(at[self.hashes[at] == maybe])
        return np.unique(np.concatenate(found))


class Findings:
    """What all documents of a corpus share with the measured files."""

    def __init__(self, shingles):
        self.shingles = shingles
        self.documents = []
        self.n_holders = np.zeros(len(shingles.hashes), np.int64)

    def add(self, key, text):
        found = self.shingles.found_in(text)
        if len(found):
            self.n_holders[found] += 1
            self.documents.append((key, found))

    def shared(self):
        """(key, file, bytes shared, whether the document must go), boilerplate not counted."""
        for key, found in self.documents:
            found = found[self.n_holders[found] <= BOILERPLATE_DOCUMENTS]
            per_file = collections.Counter(self.shingles.owners[found].tolist())
            for owner, n in sorted(per_file.items()):
                limit = min(MAX_SHARED_BYTES, MAX_SHARED_PART * self.shingles.sizes[owner])
                yield key, self.shingles.names[owner], n * STRIDE, n * STRIDE >= limit
