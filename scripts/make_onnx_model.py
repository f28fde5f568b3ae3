#!/usr/bin/env python3
"""Make an ONNX file of a Llama in GGUF, as such files are exported for browsers, and run it on one prompt.

The graph has a cache of keys and values, GroupQueryAttention with rotary positions inside, and MatMulNBits for weights in
blocks of 32; names are those that transformers.js feeds. What comes out of ONNX Runtime for the prompt is compared with
the same transformer in numpy, with the weights that the file stands for.

    python3 -m venv VENV && VENV/bin/pip install onnx onnxruntime gguf numpy
    VENV/bin/python scripts/make_onnx_model.py target/models/SmolLM2-135M-Instruct.Q4_1.gguf DIR

DIR becomes a folder as on the hub: config.json, tokenizer.json, onnx/model_q4f16.onnx. With --safetensors OTHER the
weights that the file stands for are written as float32 into another folder, so that both can be imported and compared.
"""

import argparse
import json
import pathlib
import struct

import gguf
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BLOCK = 32
CONTRIB = "com.microsoft"
FLOATS = {"f32": np.float32, "q4": np.float32, "f16": np.float16, "q4f16": np.float16}
PARTS = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}  # fmt: skip


class Source:
    """The GGUF file: configuration, tokenizer and weights, with the rows of queries and keys as Hugging Face has them."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}
        self.fields = {name: field.contents() for name, field in reader.fields.items()}
        if self.fields["general.architecture"] != "llama" or "output.weight" in self.tensors:
            raise SystemExit("only Llamas whose output layer is the embedding can be made")
        number = lambda name: self.fields[f"llama.{name}"]
        self.heads, self.kv_heads = number("attention.head_count"), number("attention.head_count_kv")
        self.hidden, self.layers = number("embedding_length"), number("block_count")
        self.head_dim = self.hidden // self.heads
        self.theta, self.context = number("rope.freq_base"), number("context_length")
        # A float32 in the file; as a decimal number it is shorter.
        self.epsilon = float(np.format_float_positional(np.float32(number("attention.layer_norm_rms_epsilon"))))
        self.wide, self.vocabulary = number("feed_forward_length"), number("vocab_size")

    def rows(self, name):
        """The order of the file's rows; llama.cpp rotates neighbours, Hugging Face halves."""
        heads = {"attn_q": self.heads, "attn_k": self.kv_heads}.get(name.split(".")[-2])
        n_rows = self.tensors[name].data.shape[0]
        order = np.arange(n_rows)
        return order.reshape(heads, -1, 2).swapaxes(1, 2).reshape(-1) if heads else order

    def floats(self, name):
        tensor = self.tensors[name]
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        return values[self.rows(name)] if values.ndim == 2 else values

    def q4_1(self, name):
        """Numbers, scales and least values of blocks; None for another kind of blocks."""
        tensor = self.tensors[name]
        if tensor.tensor_type != gguf.GGMLQuantizationType.Q4_1:
            return None
        blocks = tensor.data[self.rows(name)].reshape(tensor.data.shape[0], -1, 20)
        scales, least = (blocks[..., at : at + 2].copy().view(np.float16)[..., 0] for at in (0, 2))
        return np.concatenate([blocks[..., 4:] & 15, blocks[..., 4:] >> 4], axis=-1), scales, least

    def config(self):
        return {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "hidden_size": self.hidden, "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads, "intermediate_size": self.wide, "vocab_size": self.vocabulary,
            "rms_norm_eps": self.epsilon, "rope_theta": self.theta, "max_position_embeddings": self.context,
            "tie_word_embeddings": True, "bos_token_id": self.fields["tokenizer.ggml.bos_token_id"],
            "eos_token_id": self.fields["tokenizer.ggml.eos_token_id"],
        }  # fmt: skip

    def tokenizer(self):
        if self.fields["tokenizer.ggml.pre"] != "smollm":
            raise SystemExit("another tokenizer than SmolLM's")
        tokens, kinds = self.fields["tokenizer.ggml.tokens"], self.fields["tokenizer.ggml.token_type"]
        special = [i for i, kind in enumerate(kinds) if kind not in (1, 6)]
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        digits = {"type": "Digits", "individual_digits": True}
        return {
            "version": "1.0",
            "added_tokens": [{"id": i, "content": tokens[i], "special": True} for i in special],
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, level]},
            "decoder": level,
            "model": {
                "type": "BPE",
                "vocab": {token: i for i, token in enumerate(tokens)},
                "merges": self.fields["tokenizer.ggml.merges"],
            },
        }


def in_blocks(weights, zero_points, q4_1, kind):
    """Numbers of 4 bits, scales and zero points of `weights`, and what they stand for in float32."""
    values = weights.reshape(weights.shape[0], -1, BLOCK)
    if zero_points == "float" and q4_1 is not None:
        # The numbers as they are: number * scale + least is (number - zero) * scale.
        numbers, scales, least = q4_1
        numbers, scales = numbers.astype(np.float32), scales.astype(kind)
        zeros = np.where(scales == 0, 0, -least.astype(np.float32) / np.where(scales == 0, 1, scales.astype(np.float32)))
        zeros = zeros.astype(kind)
    elif zero_points == "none":
        # The largest of a block becomes -8, so that all 16 numbers are used.
        at = np.abs(values).argmax(axis=-1)[..., None]
        scales = (np.take_along_axis(values, at, axis=-1)[..., 0] / -8).astype(kind)
        zeros = np.full_like(scales, 8)
        numbers = np.clip(np.rint(values / safe(scales)[..., None]) + 8, 0, 15)
    else:
        least, most = np.minimum(values.min(axis=-1), 0), np.maximum(values.max(axis=-1), 0)
        scales = ((most - least) / 15).astype(kind)
        zeros = np.clip(np.rint(-least / safe(scales)), 0, 15)
        zeros = zeros.astype(kind)
        numbers = np.clip(np.rint(values / safe(scales)[..., None]) + zeros.astype(np.float32)[..., None], 0, 15)
    means = (numbers.astype(np.float32) - zeros.astype(np.float32)[..., None]) * scales.astype(np.float32)[..., None]
    packed = numbers.astype(np.uint8)
    packed = packed[..., 0::2] | packed[..., 1::2] << 4
    if zero_points == "packed":
        zeros = zeros.astype(np.uint8)
        zeros = np.pad(zeros, ((0, 0), (0, zeros.shape[1] % 2)))
        zeros = zeros[:, 0::2] | zeros[:, 1::2] << 4
    return packed, scales, None if zero_points == "none" else zeros, means.reshape(weights.shape)


def safe(scales):
    scales = scales.astype(np.float32)
    return np.where(scales == 0, np.float32(1), scales)


class Builder:
    """A graph in the making; `weights` are what it stands for, under Hugging Face's names."""

    def __init__(self, source, options):
        self.source, self.options = source, options
        self.kind = FLOATS[options.weights]
        self.tensor_kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.kind))
        self.nodes, self.constants, self.weights, self.originals = [], [], {}, {}

    def constant(self, name, values):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, op, inputs, name, outputs=None, domain="", **attributes):
        outputs = outputs or [f"{name}/output_0"]
        self.nodes.append(helper.make_node(op, inputs, outputs, name, domain=domain, **attributes))
        return outputs[0]

    def blocks(self, name, weights, original=None):
        """Constants of a matrix in blocks: numbers, scales and perhaps zero points."""
        floats = self.options.zero_points == "float" and original is None
        zero_points = "packed" if floats else self.options.zero_points
        packed, scales, zeros, means = in_blocks(weights, zero_points, original, self.kind)
        names = [self.constant(f"{name}_Q4", packed), self.constant(f"{name}_scales", scales)]
        if zeros is not None:
            names.append(self.constant(f"{name}_zero_points", zeros))
        return names, means

    def product(self, value, name, path, weights, original=None, output=None):
        rows, cols = weights.shape
        constant = path[1:].replace("/", ".") + ".weight"
        outputs = output and [output]
        if self.options.weights.startswith("q4"):
            names, means = self.blocks(constant, weights, original)
            result = self.node(
                "MatMulNBits", [value, *names], f"{path}_Q4", outputs, CONTRIB, K=cols, N=rows, bits=4,
                block_size=BLOCK, accuracy_level=self.options.accuracy_level,
            )  # fmt: skip
        else:
            means = weights.astype(self.kind)
            result = self.node("MatMul", [value, self.constant(constant, means.T)], path, outputs)
        self.weights[name], self.originals[name] = means.astype(np.float32), weights
        return result

    def vector(self, name):
        part = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}.get(name.split(".")[-1])
        stored = f"blk.{name.split('.')[2]}.{part}.weight" if part else "output_norm.weight"
        original = self.source.floats(stored)
        means = original.astype(self.kind)
        self.weights[name], self.originals[name] = means.astype(np.float32), original
        return means

    def norm(self, stream, change, name, constant):
        """The norm of a sum, and the sum."""
        weights = self.constant(constant, self.vector(name))
        path = "/" + constant.removesuffix(".weight").replace("layers.", "layers@").replace(".", "/").replace("@", ".")
        if change is None:
            op, domain = "SimplifiedLayerNormalization", ""
            out = self.node(op, [stream, weights], f"{path}/LayerNorm", [f"{path}/output_0"], domain,
                            epsilon=self.source.epsilon, axis=-1, stash_type=1)  # fmt: skip
            return out, stream
        outputs = [f"{path}/output_0", "", "", f"{path}/output_3"]
        op = "SkipSimplifiedLayerNormalization"
        out = self.node(op, [stream, change, weights], f"{path}/SkipLayerNorm", outputs, CONTRIB, epsilon=self.source.epsilon)
        return out, outputs[3]

    def embedding(self):
        path, values = "/model/embed_tokens", self.source.floats("token_embd.weight")
        if self.options.embedding == "blocks":
            # One matrix for both: the output layer's, with its blocks one behind the other.
            names, means = self.blocks("lm_head.MatMul.weight", values)
            shape = self.constant("/model/constants/INT64/embedding", np.array([values.shape[0], values.shape[1] // 2]))
            flat = self.node("Reshape", [names[0], shape], f"{path}/Reshape")
            out = self.node("GatherBlockQuantized", [flat, "input_ids", *names[1:]], f"{path}/GatherBlockQuantized",
                            None, CONTRIB, bits=4, block_size=BLOCK, gather_axis=0, quantize_axis=1)  # fmt: skip
        else:
            means, names = values.astype(self.kind), None
            constant = self.constant("model.embed_tokens.weight", means)
            out = self.node("Gather", [constant, "input_ids"], f"{path}/Gather")
        self.weights["model.embed_tokens"], self.originals["model.embed_tokens"] = means.astype(np.float32), values
        return out, names

    def output(self, value, shared):
        name, original = "lm_head", self.source.floats("token_embd.weight")
        rows, cols = original.shape
        if shared:
            self.node("MatMulNBits", [value, *shared], "/lm_head/MatMul_Q4", ["logits"], CONTRIB, K=cols, N=rows, bits=4,
                      block_size=BLOCK, accuracy_level=self.options.accuracy_level)  # fmt: skip
            self.weights[name] = self.weights["model.embed_tokens"]
        elif self.options.weights.startswith("q4"):
            self.product(value, name, "/lm_head/MatMul", original, output="logits")
        else:
            turned = self.node("Transpose", ["model.embed_tokens.weight"], "/lm_head/Transpose", perm=[1, 0])
            self.node("MatMul", [value, turned], "/lm_head/MatMul", ["logits"])
            self.weights[name] = self.weights["model.embed_tokens"]

    def build(self):
        s = self.source
        cos, sin = rotary(s, np.arange(s.context))
        self.constant("cos_cache", cos.astype(self.kind))
        self.constant("sin_cache", sin.astype(self.kind))
        # Positions of a prompt follow from how much of the mask is set.
        one, axis = self.constant("/model/constants/one", np.array([1])), self.constant("/model/constants/axis", np.array([1]))
        mask = "/model/attn_mask_reformat"
        total = self.node("ReduceSum", ["attention_mask", axis], f"{mask}/ReduceSum", keepdims=0)
        seen = self.node("Sub", [total, one], f"{mask}/Sub")
        self.node("Cast", [seen], f"{mask}/seqlens_k", ["seqlens_k"], to=TensorProto.INT32)
        shape = self.node("Shape", ["attention_mask"], f"{mask}/Shape")
        index = self.constant("/model/constants/index", np.array(1))
        length = self.node("Gather", [shape, index], f"{mask}/Gather", axis=0)
        self.node("Cast", [length], f"{mask}/total", ["total_sequence_length"], to=TensorProto.INT32)
        stream, shared = self.embedding()
        change = None
        for i in range(s.layers):
            block, path = f"model.layers.{i}", f"/model/layers.{i}"
            part = lambda name, value, where: self.product(
                value, f"{block}.{name}", f"{path}/{where}/{name.split('.')[1]}/MatMul",
                s.floats(f"blk.{i}.{PARTS[name]}.weight"), s.q4_1(f"blk.{i}.{PARTS[name]}.weight"),
            )  # fmt: skip
            inside, stream = self.norm(stream, change, f"{block}.input_layernorm", f"{block}.input_layernorm.weight")
            query, key, value = (part(f"self_attn.{name}_proj", inside, "attn") for name in "qkv")
            past = [f"past_key_values.{i}.{what}" for what in ("key", "value")]
            outputs = [f"{path}/attn/GroupQueryAttention/output_0", *(f"present.{i}.{what}" for what in ("key", "value"))]
            inputs = [query, key, value, *past, "seqlens_k", "total_sequence_length", "cos_cache", "sin_cache"]
            attended = self.node("GroupQueryAttention", inputs, f"{path}/attn/GroupQueryAttention", outputs, CONTRIB,
                                 num_heads=s.heads, kv_num_heads=s.kv_heads, do_rotary=1, rotary_interleaved=0)  # fmt: skip
            change = part("self_attn.o_proj", attended, "attn")
            norm = f"{block}.post_attention_layernorm"
            inside, stream = self.norm(stream, change, norm, f"{norm}.weight")
            gate, up = part("mlp.gate_proj", inside, "mlp"), part("mlp.up_proj", inside, "mlp")
            sigmoid = self.node("Sigmoid", [gate], f"{path}/mlp/act_fn/Sigmoid")
            act = self.node("Mul", [gate, sigmoid], f"{path}/mlp/act_fn/Mul")
            change = part("mlp.down_proj", self.node("Mul", [act, up], f"{path}/mlp/Mul"), "mlp")
        inside, _ = self.norm(stream, change, "model.norm", f"model.layers.{s.layers}.final_norm_layernorm.weight")
        self.output(inside, shared)
        return self.model()

    def model(self):
        s, info = self.source, helper.make_tensor_value_info
        ids = lambda name, axis: info(name, TensorProto.INT64, ["batch_size", axis])
        cache = lambda name, axis: info(name, self.tensor_kind, ["batch_size", s.kv_heads, axis, s.head_dim])
        names = [f"{i}.{what}" for i in range(s.layers) for what in ("key", "value")]
        inputs = [ids("input_ids", "sequence_length"), ids("attention_mask", "total_sequence_length")]
        inputs += [cache(f"past_key_values.{name}", "past_sequence_length") for name in names]
        outputs = [info("logits", self.tensor_kind, ["batch_size", "sequence_length", s.vocabulary])]
        outputs += [cache(f"present.{name}", "total_sequence_length") for name in names]
        graph = helper.make_graph(self.nodes, "model", inputs, outputs, self.constants)
        sets = [helper.make_opsetid("", 21), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=sets, ir_version=10, producer_name="make_onnx_model.py")


def rotary(source, positions):
    frequencies = source.theta ** -(np.arange(0, source.head_dim, 2) / source.head_dim)
    angles = positions[:, None] * frequencies
    return np.cos(angles), np.sin(angles)


def logits_of(source, weights, ids):
    """The transformer once more, in float32, from an empty context."""
    cos, sin = (part.astype(np.float32) for part in rotary(source, np.arange(len(ids))))
    norm = lambda x, name: x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(source.epsilon)) * weights[name]
    heads = lambda x, n: x.reshape(len(ids), n, source.head_dim).swapaxes(0, 1)

    def turn(x):
        a, b = np.split(x, 2, axis=-1)
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)

    future = np.triu(np.full((len(ids), len(ids)), -np.inf, np.float32), 1)
    x = weights["model.embed_tokens"][ids]
    for i in range(source.layers):
        w = lambda part: weights[f"model.layers.{i}.{part}"].T
        inside = norm(x, f"model.layers.{i}.input_layernorm")
        query = turn(heads(inside @ w("self_attn.q_proj"), source.heads))
        key, value = (heads(inside @ w(f"self_attn.{part}_proj"), source.kv_heads) for part in "kv")
        key, value = (np.repeat(part, source.heads // source.kv_heads, axis=0) for part in (turn(key), value))
        scores = query @ key.swapaxes(1, 2) / np.float32(np.sqrt(source.head_dim)) + future
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        attended = scores / scores.sum(-1, keepdims=True) @ value
        x = x + attended.swapaxes(0, 1).reshape(len(ids), -1) @ w("self_attn.o_proj")
        inside = norm(x, f"model.layers.{i}.post_attention_layernorm")
        gate = inside @ w("mlp.gate_proj")
        x = x + (gate / (1 + np.exp(-gate)) * (inside @ w("mlp.up_proj"))) @ w("mlp.down_proj")
    return norm(x, "model.norm") @ weights["lm_head"].T


def run(path, source, kind, ids):
    """Logits of ONNX Runtime: all but the last token at once, then that one with what is cached."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [info.name for info in session.get_inputs() if info.name.startswith("past_key_values")]
    cache, done, rows = {name: np.zeros((1, source.kv_heads, 0, source.head_dim), kind) for name in names}, 0, []
    for part in (ids[:-1], ids[-1:]):
        done += len(part)
        feed = {"input_ids": np.array([part]), "attention_mask": np.ones((1, done), np.int64), **cache}
        logits, *present = session.run(None, feed)
        rows.append(logits[0].astype(np.float32))
        cache = dict(zip(names, present))
    return np.concatenate(rows)


def words_to_ids(source, text):
    """Tokens of plain words, the longest first; good enough for a prompt."""
    ids = {token: i for i, token in enumerate(source.fields["tokenizer.ggml.tokens"])}
    text, out = text.replace(" ", "\u0120"), []
    while text:
        length = next(n for n in range(len(text), 0, -1) if text[:n] in ids)
        out.append(ids[text[:length]])
        text = text[length:]
    return [source.fields["tokenizer.ggml.bos_token_id"], *out]


def write_safetensors(path, weights):
    header, at = {}, 0
    for name, values in weights.items():
        header[f"{name}.weight"] = {"dtype": "F32", "shape": values.shape, "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in weights.values():
            file.write(np.ascontiguousarray(values, dtype="<f4").tobytes())


def describe(source, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(source.config(), indent=2))
    (folder / "tokenizer.json").write_text(json.dumps(source.tokenizer(), ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("gguf", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--weights", choices=FLOATS, default="q4f16")
    parser.add_argument("--zero-points", choices=["none", "packed", "float"], default="none",
                        help="float keeps the numbers of Q4_1 as they are")  # fmt: skip
    parser.add_argument("--embedding", choices=["float", "blocks"], default="float")
    parser.add_argument("--accuracy-level", type=int, default=0, help="4 lets activations be bytes, as exports do")
    parser.add_argument("--external", action="store_true", help="the weights in a file of their own")
    parser.add_argument("--safetensors", type=pathlib.Path, help="a folder for the same weights in float32")
    parser.add_argument("--prompt", default="Gravity is the force by which a planet draws objects toward its")
    options = parser.parse_args()
    source = Source(options.gguf)
    builder = Builder(source, options)
    model = builder.build()
    describe(source, options.folder)
    path = options.folder / "onnx" / f"model_{options.weights}.onnx"
    path.parent.mkdir(exist_ok=True)
    data = path.with_suffix(".onnx_data")
    data.unlink(missing_ok=True)
    external = dict(save_as_external_data=True, location=data.name, size_threshold=1024) if options.external else {}
    onnx.save_model(model, path, **external)
    print(f"{path}: {path.stat().st_size} bytes" + (f", {data.stat().st_size} beside it" if options.external else ""))
    if options.safetensors:
        describe(source, options.safetensors)
        tied = {name: values for name, values in builder.weights.items() if name != "lm_head"}
        write_safetensors(options.safetensors / "model.safetensors", tied)
    same = total = 0
    worst = 0.0
    for name, original in builder.originals.items():
        if name != "lm_head":
            same, total = same + np.count_nonzero(builder.weights[name] == original), total + original.size
            worst = max(worst, float(np.abs(builder.weights[name] - original).max()))
    print(f"{same} of {total} weights are those of the GGUF file ({same / total:.4%}); the farthest is off by {worst:.3g}")
    ids = words_to_ids(source, options.prompt)
    wanted, got = logits_of(source, builder.weights, ids), run(path, source, builder.kind, ids)
    best = source.fields["tokenizer.ggml.tokens"][int(got[-1].argmax())].replace("\u0120", " ")
    agree = int((wanted.argmax(-1) == got.argmax(-1)).sum())
    print(f"{len(ids)} tokens, then {best!r}; logits differ from numpy's by at most {np.abs(wanted - got).max():.3g} "
          f"(they reach {np.abs(wanted).max():.3g}), the most likely token is the same after {agree} of {len(ids)}")  # fmt: skip


if __name__ == "__main__":
    main()
