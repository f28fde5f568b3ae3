#!/usr/bin/env python3
"""Make a model directory with random weights and a published shape.

The real weights are large and cannot be shipped with tests; their shapes can. The
configurations below are those of the published models, except where the name says
"small". With --reference, the float32 logits of a prompt are stored beside the model, for
comparison with llmzip's.

    python3 -m venv VENV && VENV/bin/pip install torch transformers
    VENV/bin/python scripts/make_random_model.py qwen3-0.6b DIR --tokenizer QWEN_DIR

needs memory for the model in float32.
"""

import argparse
import json
import pathlib
import shutil
import struct

import torch
import transformers

QWEN_START = 151643

SHAPES = {
    "qwen3-0.6b": (
        "Qwen3",
        dict(
            vocab_size=151936, hidden_size=1024, intermediate_size=3072, num_hidden_layers=28,
            num_attention_heads=16, num_key_value_heads=8, head_dim=128, rms_norm_eps=1e-6,
            max_position_embeddings=40960, tie_word_embeddings=True, rope_theta=1e6,
            bos_token_id=QWEN_START, eos_token_id=151645,
        ),
    ),
    "qwen2.5-small": (
        "Qwen2",
        dict(
            vocab_size=151936, hidden_size=448, intermediate_size=1216, num_hidden_layers=6,
            num_attention_heads=7, num_key_value_heads=1, rms_norm_eps=1e-6,
            max_position_embeddings=32768, tie_word_embeddings=True, rope_theta=1e6,
            bos_token_id=QWEN_START, eos_token_id=QWEN_START,
        ),
    ),
    "smollm2-135m": (
        "Llama",
        dict(
            vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
            num_attention_heads=9, num_key_value_heads=3, rms_norm_eps=1e-5,
            max_position_embeddings=8192, tie_word_embeddings=True, rope_theta=1e5,
            bos_token_id=0, eos_token_id=0,
        ),
    ),
    "tinyllama-1.1b": (
        "Llama",
        dict(
            vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22,
            num_attention_heads=32, num_key_value_heads=4, rms_norm_eps=1e-5,
            max_position_embeddings=2048, tie_word_embeddings=False, rope_theta=1e4,
            bos_token_id=1, eos_token_id=2,
        ),
    ),
    "llama3-small": (
        "Llama",
        dict(
            vocab_size=32000, hidden_size=512, intermediate_size=1792, num_hidden_layers=6,
            num_attention_heads=8, num_key_value_heads=2, rms_norm_eps=1e-5,
            max_position_embeddings=131072, tie_word_embeddings=True, rope_theta=5e5,
            rope_scaling=dict(
                rope_type="llama3", factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=8192,
            ),
            bos_token_id=0, eos_token_id=1,
        ),
    ),
}


def spread_of(key, config, init, spread):
    """The standard deviation of a matrix's weights.

    "flat" is what the transformers package begins with: the same everywhere. In a wide model each
    block then outweighs all before it, so that small errors grow from block to block. "scaled" is how
    such models are really begun (these are the numbers of TinyLlama's training code): the matrices that
    write to the residual stream are smaller by the number of blocks.
    """
    if init == "flat":
        return spread
    if key.endswith(("o_proj.weight", "down_proj.weight")):
        return config.hidden_size ** -0.5 / config.num_hidden_layers
    return (0.4 / config.hidden_size) ** 0.5


def build(name, seed, spread, init):
    """The model in float32, every norm and bias away from its trivial start."""
    family, fields = SHAPES[name]
    config = getattr(transformers, family + "Config")(**fields)
    torch.manual_seed(seed)
    model = getattr(transformers, family + "ForCausalLM")(config).float().eval()
    with torch.no_grad():
        for key, value in model.named_parameters():
            if key.endswith("bias"):
                value.normal_(0.0, 0.5)
            elif "norm" in key:
                value.normal_(1.0, 0.2)
            else:
                value.normal_(0.0, spread_of(key, config, init, spread))
            # What is stored in 16 bits is what both sides compute with.
            value.copy_(value.bfloat16().float())
    return model


def add_outliers(model, channels, factor):
    """Make a few channels of the residual stream large, as trained models of this family have them."""
    with torch.no_grad():
        pick = torch.randperm(model.config.hidden_size)[:channels]
        for layer in model.model.layers:
            for norm in (layer.input_layernorm, layer.post_attention_layernorm):
                norm.weight[pick] *= factor
            for matrix in (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj,
                           layer.mlp.gate_proj, layer.mlp.up_proj):
                matrix.weight[:, pick] /= factor
        for value in model.parameters():
            value.copy_(value.bfloat16().float())


def byte_tokenizer(vocab_size):
    """A byte-level tokenizer of single bytes, for shapes whose own is not at hand."""
    printable = [b for b in range(256) if 0x21 <= b <= 0x7E or 0xA1 <= b <= 0xAC or b >= 0xAE]
    others = [b for b in range(256) if b not in printable]
    letters = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}
    vocab = {letters[b]: 3 + b for b in range(256)}
    merges = []
    ids = iter(range(259, vocab_size))
    for left in range(256):
        for right in range(256):
            text = letters[left] + letters[right]
            number = next(ids, None)
            if number is not None:
                vocab[text] = number
                merges.append([letters[left], letters[right]])
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                          "use_regex": True},
        "post_processor": None, "decoder": None,
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "vocab": vocab, "merges": merges},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=SHAPES)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--tokenizer", type=pathlib.Path,
                        help="directory with vocab.json and merges.txt, or tokenizer.json")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spread", type=float, default=0.02, help="standard deviation of weights")
    parser.add_argument("--init", choices=["flat", "scaled"], default="flat",
                        help="all matrices alike, or as such models are begun (see spread_of)")
    parser.add_argument("--outliers", type=int, default=0, help="channels to make large")
    parser.add_argument("--factor", type=float, default=50.0, help="how large")
    parser.add_argument("--shard-size", default="50GB", help="e.g. 100MB for several files")
    parser.add_argument("--reference", type=int, default=0, metavar="N",
                        help="store the float32 logits of a prompt of N tokens")
    args = parser.parse_args()

    model = build(args.name, args.seed, args.spread, args.init)
    if args.outliers:
        add_outliers(model, args.outliers, args.factor)
    args.dir.mkdir(parents=True, exist_ok=True)
    if args.tokenizer:
        for file in ("tokenizer.json", "vocab.json", "merges.txt"):
            if (args.tokenizer / file).exists():
                shutil.copyfile(args.tokenizer / file, args.dir / file)
    else:
        text = json.dumps(byte_tokenizer(model.config.vocab_size), ensure_ascii=False)
        (args.dir / "tokenizer.json").write_text(text)
    if args.reference:
        # Ids below 3 are left to special tokens.
        generator = torch.Generator().manual_seed(args.seed)
        ids = torch.randint(3, min(32000, model.config.vocab_size), (args.reference,),
                            generator=generator)
        ids[0] = model.config.bos_token_id
        with torch.no_grad():
            logits = model(ids[None]).logits[0].float().contiguous()
        with open(args.dir / "reference.bin", "wb") as out:
            out.write(struct.pack("<II", *logits.shape))
            out.write(ids.to(torch.int32).numpy().tobytes())
            out.write(logits.numpy().tobytes())
    model.bfloat16().save_pretrained(args.dir, max_shard_size=args.shard_size)


if __name__ == "__main__":
    main()
