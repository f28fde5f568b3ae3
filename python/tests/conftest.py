"""What tests share: originals, the golden files, and a model that is not the builtin."""

from __future__ import annotations

import json
import math
import os
import random
import struct
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def corpus(name: str) -> bytes:
    return (ROOT / "corpus" / name).read_bytes()


LIGHTHOUSE = corpus("text/lighthouse.txt")
NUMBERS = b"".join(b"%d\n" % n for n in range(1, 1001))


def noise(length: int) -> bytes:
    """Bytes of which nothing is known, as the tests of the library make them."""
    state, out = 1, bytearray()
    for _ in range(length):
        state = (state * 6_364_136_223_846_793_005 + 1) % 2**64
        out.append(state >> 56)
    return bytes(out)


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Models of the user's are left alone."""
    os.environ["LLMZIP_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def _tokens(text: bytes) -> list[int]:
    """The ids of a text's tokens in the vocabulary below."""
    tokens = [byte + 1 for byte in text]
    for (first, second), merged in (((ord("t"), ord("h")), 257), ((ord("h"), ord("e")), 258)):
        at = 0
        while at + 1 < len(tokens):
            if tokens[at : at + 2] == [first + 1, second + 1]:
                tokens[at : at + 2] = [merged]
            at += 1
    return tokens


def write_tiny_model(folder: Path, seed: int) -> Path:
    """A Hugging Face directory of one block that does next to nothing: what it knows is which token follows which.

    It has learned that from two of the tests' originals, so that it is of use for them.
    """
    rows, wide = 260, 64
    # The bytes as published tokenizers spell them.
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    letters = [chr(byte if byte in printable else next(others)) for byte in range(256)]
    vocabulary = {letter: byte + 1 for byte, letter in enumerate(letters)}
    tokenizer = {
        "added_tokens": [{"id": 0, "content": "<s>", "special": True}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "model": {"type": "BPE", "vocab": {**vocabulary, "th": 257, "he": 258}, "merges": [["t", "h"], ["h", "e"]]},
    }
    config = {
        "model_type": "llama", "hidden_size": wide, "num_hidden_layers": 1, "num_attention_heads": 1,
        "num_key_value_heads": 1, "intermediate_size": wide, "vocab_size": rows, "rms_norm_eps": 1e-6,
        "max_position_embeddings": 128, "tie_word_embeddings": False, "rope_theta": 10000.0, "bos_token_id": 0,
    }  # fmt: skip
    chance = random.Random(seed)
    # The frequent tokens have a direction of their own, the others share the last.
    followers: dict[int, Counter[int]] = defaultdict(Counter)
    for text in (LIGHTHOUSE, NUMBERS):
        for before, token in pairwise([0, *_tokens(text)]):
            followers[before][token] += 1
    frequent = sorted(followers, key=lambda token: -followers[token].total())[: wide - 1]
    direction = {token: n for n, token in enumerate(frequent)}
    embedding = [[0.0] * wide for _ in range(rows)]
    head = [[0.0] * wide for _ in range(rows)]
    for token in range(rows):
        embedding[token][direction.get(token, wide - 1)] = 1.0
    for before in range(wide):
        seen = followers[frequent[before]] if before < len(frequent) else sum(followers.values(), Counter())
        for token in range(rows):
            # A norm makes the one number 8.
            head[token][before] = math.log((seen[token] + 0.01) / seen.total()) / 8 + chance.uniform(-0.001, 0.001)
    tensors = {"model.embed_tokens": embedding, "lm_head": head, "model.norm": [[1.0] * wide]}
    block = "model.layers.0."
    matrices = [f"{block}self_attn.{part}_proj" for part in "qkvo"]
    matrices += [f"{block}mlp.{part}_proj" for part in ("gate", "up", "down")]
    for name in matrices:
        tensors[name] = [[chance.uniform(-0.001, 0.001) for _ in range(wide)] for _ in range(wide)]
    for part in ("input", "post_attention"):
        tensors[f"{block}{part}_layernorm"] = [[1.0] * wide]
    header, data = {}, bytearray()
    for name, values in tensors.items():
        start = len(data)
        for row in values:
            data += struct.pack(f"<{len(row)}f", *row)
        shape = [len(values), wide] if len(values) > 1 else [wide]
        header[f"{name}.weight"] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(data)]}
    said = json.dumps(header).encode()
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(said)) + said + data)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", 1)
