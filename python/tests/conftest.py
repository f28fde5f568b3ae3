"""What tests share: originals, the golden files, and a model that is not the builtin."""

from __future__ import annotations

import json
import os
import random
import struct
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


def write_tiny_model(folder: Path, seed: int) -> Path:
    """A Hugging Face directory of one block with random weights, as the tests of the library have them."""
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
        "max_position_embeddings": 128, "tie_word_embeddings": True, "rope_theta": 10000.0, "bos_token_id": 0,
    }  # fmt: skip
    names = {"model.embed_tokens": [rows, wide], "model.norm": [wide]}
    block = "model.layers.0."
    names.update({f"{block}self_attn.{part}_proj": [wide, wide] for part in "qkvo"})
    names.update({f"{block}mlp.{part}_proj": [wide, wide] for part in ("gate", "up", "down")})
    names.update({f"{block}{part}_layernorm": [wide] for part in ("input", "post_attention")})
    weights, header, data = random.Random(seed), {}, bytearray()
    for name, shape in names.items():
        start = len(data)
        for _ in range(shape[0] * (shape[1] if len(shape) > 1 else 1)):
            data += struct.pack("<f", weights.uniform(-0.3, 0.3))
        header[f"{name}.weight"] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(data)]}
    head = json.dumps(header).encode()
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", 1)
