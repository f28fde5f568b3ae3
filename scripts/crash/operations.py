"""What the program is asked to do while things go wrong."""

import dataclasses
import json
import os
import random
import struct
import subprocess

OLD = b"what was there before\n"


@dataclasses.dataclass
class Operation:
    name: str
    arguments: list
    # What lies in the folder beforehand, by name.
    files: dict
    source: str
    # The final name of the result, and what it must then hold.
    target: str
    expected: bytes
    # The target is standard output, redirected by a shell; what comes there is nobody's file yet.
    to_stdout: bool = False
    removes_source: bool = False
    # In seconds, when nothing goes wrong.
    duration: float = 0.0

    @property
    def old(self):
        return self.files.get(self.target)


def text(n_bytes, seed=1):
    """Text of made-up words, so that it takes a moment to compress."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(3000)]
    out = []
    size = 0
    while size < n_bytes:
        word = rng.choice(words)
        out.append(word)
        size += len(word) + 1
    return " ".join(out).encode()[:n_bytes]


def model_files(rows=260, hidden=64, layers=3):
    """A LLaMA of random weights in the form of a Hugging Face directory."""
    rng = random.Random(7)
    config = {
        "model_type": "llama", "hidden_size": hidden, "num_hidden_layers": layers,
        "num_attention_heads": 1, "num_key_value_heads": 1, "intermediate_size": 4 * hidden,
        "vocab_size": rows, "rms_norm_eps": 1e-6, "tie_word_embeddings": True,
        "rope_theta": 10000.0, "bos_token_id": 0,
    }
    printable = [b for b in range(256) if 0x21 <= b <= 0x7E or 0xA1 <= b <= 0xAC or b >= 0xAE]
    others = [b for b in range(256) if b not in printable]
    letters = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}
    vocab = {letters[b]: 1 + b for b in range(256)} | {"th": 257, "he": 258}
    tokenizer = {
        "added_tokens": [{"id": 0, "content": "<s>", "special": True}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "model": {"type": "BPE", "vocab": vocab, "merges": [["t", "h"], ["h", "e"]]},
    }
    shapes = {"model.embed_tokens.weight": [rows, hidden], "model.norm.weight": [hidden]}
    for layer in range(layers):
        block = f"model.layers.{layer}."
        for part in ("q", "k", "v", "o"):
            shapes[f"{block}self_attn.{part}_proj.weight"] = [hidden, hidden]
        shapes[block + "mlp.gate_proj.weight"] = [4 * hidden, hidden]
        shapes[block + "mlp.up_proj.weight"] = [4 * hidden, hidden]
        shapes[block + "mlp.down_proj.weight"] = [hidden, 4 * hidden]
        for part in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{block}{part}.weight"] = [hidden]
    header, data = {}, []
    offset = 0
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        values = struct.pack(f"<{count}f", *(rng.uniform(-0.1, 0.1) for _ in range(count)))
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [offset, offset + len(values)]}
        offset += len(values)
        data.append(values)
    header = json.dumps(header).encode()
    weights = struct.pack("<Q", len(header)) + header + b"".join(data)
    return {
        "model/config.json": json.dumps(config).encode(),
        "model/tokenizer.json": json.dumps(tokenizer, ensure_ascii=False).encode(),
        "model/model.safetensors": weights,
    }


def compressed(program, level, plain):
    done = subprocess.run([program, level, "-c"], input=plain, stdout=subprocess.PIPE, check=True)
    return done.stdout


def all_operations(program, folder):
    """Every operation, with what it makes when nothing goes wrong."""
    plain = text(80_000)
    packed = compressed(program, "-1", plain)
    short = text(6000)
    short_packed = compressed(program, "-5", short)
    files = model_files()
    for name, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), "wb") as out:
            out.write(content)
    cache = os.path.join(folder, "cache")
    subprocess.run([program, "models", "import", os.path.join(folder, "model"), "--name", "x",
                    "-q"], env=os.environ | {"LLMZIP_CACHE": cache}, check=True,
                   stdout=subprocess.DEVNULL)
    # The same weights make the same model, whose identity is a part of its name.
    [model_name] = os.listdir(cache)
    with open(os.path.join(cache, model_name), "rb") as made:
        model = made.read()
    forward, backward = {"a": plain}, {"a.llmz": packed}
    return [
        Operation("compress", ["-1", "a"], forward, "a", "a.llmz", packed),
        Operation("compress --rm", ["-1", "--rm", "a"], forward, "a", "a.llmz", packed,
                  removes_source=True),
        Operation("compress -f", ["-1", "-f", "a"], forward | {"a.llmz": OLD}, "a", "a.llmz",
                  packed),
        Operation("compress -c", ["-1", "-c", "a"], forward, "a", "out", packed, to_stdout=True),
        Operation("compress -o", ["-1", "a", "-o", "other"], forward, "a", "other", packed),
        Operation("compress -5", ["-5", "a"], {"a": short}, "a", "a.llmz", short_packed),
        Operation("decompress", ["-d", "a.llmz"], backward, "a.llmz", "a", plain),
        Operation("decompress --rm", ["-d", "--rm", "a.llmz"], backward, "a.llmz", "a", plain,
                  removes_source=True),
        Operation("decompress -f", ["-d", "-f", "a.llmz"], backward | {"a": OLD}, "a.llmz", "a",
                  plain),
        Operation("decompress -c", ["-d", "-c", "a.llmz"], backward, "a.llmz", "out", plain,
                  to_stdout=True),
        Operation("decompress (-5)", ["-d", "a.llmz"], {"a.llmz": short_packed}, "a.llmz", "a",
                  short),
        Operation("models import", ["models", "import", "model", "--name", "x"], files,
                  "model/model.safetensors", f"cache/{model_name}", model),
    ]
