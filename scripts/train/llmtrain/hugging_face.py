"""The Hugging Face layout of Qwen3ForCausalLM, out and in."""

import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file

from llmtrain.config import Shape


def published_name(name):
    """layers.3.q_proj -> model.layers.3.self_attn.q_proj.weight"""
    if name == "lm_head":
        return "lm_head.weight"
    *place, part = name.split(".")
    if part in ("q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"):
        place.append("self_attn")
    elif part in ("gate_proj", "up_proj", "down_proj"):
        place.append("mlp")
    return ".".join(["model", *place, part, "weight"])


def config_json(shape, start):
    """What the importer reads, and transformers too. The window is max_position_embeddings: the
    importer takes the codec's window from there. Layers that see less are of the type
    sliding_attention."""
    local = set(shape.local_layers)
    types = ["sliding_attention" if i in local else "full_attention" for i in range(shape.layers)]
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": start,
        "eos_token_id": start,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "hidden_size": shape.hidden,
        "initializer_range": 0.02,
        "intermediate_size": shape.feed_forward,
        "layer_types": types,
        "max_position_embeddings": shape.window,
        "max_window_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.kv_heads,
        "rms_norm_eps": shape.norm_eps,
        "rope_scaling": None,
        "rope_theta": shape.rope_base,
        "sliding_window": shape.local_window if local else None,
        "tie_word_embeddings": shape.tied,
        "torch_dtype": "float32",
        "use_cache": True,
        "use_sliding_window": bool(local),
        "vocab_size": shape.vocabulary,
    }


def write(model, start, tokenizer_path, out):
    """Weights stay float32: rounded to bfloat16 first, some would be quantised to other values than
    those that training in the loop saw."""
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    tensors = {
        published_name(name): weight.detach().cpu().float().contiguous()
        for name, weight in model.named_parameters()
    }
    save_file(tensors, str(out / "model.safetensors"), metadata={"format": "pt"})
    text = json.dumps(config_json(model.shape, start), indent=2) + "\n"
    (out / "config.json").write_text(text)
    shutil.copyfile(tokenizer_path, out / "tokenizer.json")


def read_shape(root):
    """The shape of a published model, and its start token."""
    c = json.loads((pathlib.Path(root) / "config.json").read_text())
    if c["model_type"] != "qwen3" or c.get("rope_scaling") or c.get("attention_bias"):
        raise SystemExit(f"{root}: not a plain Qwen3 model")
    types = c.get("layer_types") or ()
    shape = Shape(
        vocabulary=c["vocab_size"],
        hidden=c["hidden_size"],
        layers=c["num_hidden_layers"],
        heads=c["num_attention_heads"],
        kv_heads=c["num_key_value_heads"],
        head_dim=c["head_dim"],
        feed_forward=c["intermediate_size"],
        tied=c["tie_word_embeddings"],
        window=min(c["max_position_embeddings"], 1024),
        local_layers=[i for i, kind in enumerate(types) if kind == "sliding_attention"],
        local_window=c.get("sliding_window") or 0,
        rope_base=float(c["rope_theta"]),
        norm_eps=float(c["rms_norm_eps"]),
    )
    return shape, c["bos_token_id"]


def read_weights(model, root):
    """Fills a model of the same shape."""
    tensors = load_file(str(pathlib.Path(root) / "model.safetensors"))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            stored = tensors.get(published_name(name))
            if stored is None or stored.shape != weight.shape:
                raise SystemExit(f"{root}: {published_name(name)} is missing or has another shape")
            weight.copy_(stored.float())
