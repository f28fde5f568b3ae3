#!/usr/bin/env python3
"""Write a GGUF file with random weights of the Qwen3-0.6B shape, in Q8_0.

It is what scripts/compare_llama.sh gives to both programs: for speed the values of the weights do not matter. The
vocabulary has the bytes, one merge, and names for the rest.

    python3 -m venv VENV && VENV/bin/pip install gguf
    VENV/bin/python scripts/random_gguf.py OUT.gguf
"""

import sys

import gguf
import numpy as np

LAYERS, HIDDEN, FEED_FORWARD, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY = 28, 1024, 3072, 16, 8, 128, 151_936
QUANTISED = gguf.GGMLQuantizationType.Q8_0


def byte_letters():
    """The letters that stand for bytes in GPT-2's vocabularies: printable ones for themselves."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable}
    letters.update({byte: chr(256 + i) for i, byte in enumerate(others)})
    return [letters[byte] for byte in range(256)]


def main():
    writer = gguf.GGUFWriter(sys.argv[1], "qwen3")
    writer.add_name("random-qwen3-0.6b")
    writer.add_block_count(LAYERS)
    writer.add_context_length(40_960)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_DIM)
    writer.add_value_length(HEAD_DIM)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)

    tokens = byte_letters()
    space_t = tokens[ord(" ")] + "t"
    tokens.append(space_t)
    # Ordinary tokens, which no merge reaches: both programs compute all their logits.
    tokens += [f"<{i}>" for i in range(len(tokens), VOCABULARY)]
    kinds = [gguf.TokenType.NORMAL] * (VOCABULARY - 1) + [gguf.TokenType.CONTROL]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(space_t)])
    writer.add_bos_token_id(VOCABULARY - 1)
    writer.add_eos_token_id(VOCABULARY - 1)
    writer.add_add_bos_token(False)

    random = np.random.default_rng(1)

    def matrix(name, rows, columns):
        values = random.standard_normal((rows, columns), dtype=np.float32) * 0.02
        writer.add_tensor(name, gguf.quants.quantize(values, QUANTISED), raw_dtype=QUANTISED)

    def ones(name, length):
        writer.add_tensor(name, np.ones(length, dtype=np.float32))

    matrix("token_embd.weight", VOCABULARY, HIDDEN)
    ones("output_norm.weight", HIDDEN)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        ones(block + "attn_norm.weight", HIDDEN)
        matrix(block + "attn_q.weight", HEADS * HEAD_DIM, HIDDEN)
        matrix(block + "attn_k.weight", KV_HEADS * HEAD_DIM, HIDDEN)
        matrix(block + "attn_v.weight", KV_HEADS * HEAD_DIM, HIDDEN)
        matrix(block + "attn_output.weight", HIDDEN, HEADS * HEAD_DIM)
        ones(block + "attn_q_norm.weight", HEAD_DIM)
        ones(block + "attn_k_norm.weight", HEAD_DIM)
        ones(block + "ffn_norm.weight", HIDDEN)
        matrix(block + "ffn_gate.weight", FEED_FORWARD, HIDDEN)
        matrix(block + "ffn_up.weight", FEED_FORWARD, HIDDEN)
        matrix(block + "ffn_down.weight", HIDDEN, FEED_FORWARD)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
