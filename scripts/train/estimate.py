#!/usr/bin/env python3
"""A table of what described runs would cost in the codec, relative to builtin-v0.

    estimate.py configs/sweep/*.toml [--bytes-per-token 4096=2.35 ...]

MB is the file as described; then 8 bits with one scale a row, and 6 and 4 bits in groups of 64.
Work per byte counts the multiplications of products and of attention alike. Softmax over the
vocabulary and the mixer come on top: what a model really costs, `llmzip bench` says.
"""

import argparse
import pathlib

from llmtrain import config, estimate

# Bytes per token that make_tokenizer.py measured on the held-out parts, mixed by mix.toml's parts of
# the bytes.
BYTES_PER_TOKEN = {4096: 2.44, 8192: 2.69, 16384: 2.92}


def work_per_byte(shape, bytes_per_token):
    if shape.vocabulary not in bytes_per_token:
        raise SystemExit(f"--bytes-per-token {shape.vocabulary}=... is needed: make_tokenizer.py says it")
    return sum(estimate.token_work(shape)) / bytes_per_token[shape.vocabulary]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configs", type=pathlib.Path, nargs="+")
    parser.add_argument("--bytes-per-token", nargs="*", default=[], metavar="VOCABULARY=BYTES")
    args = parser.parse_args()
    measured = {int(v): float(b) for v, b in (pair.split("=") for pair in args.bytes_per_token)}
    measured = BYTES_PER_TOKEN | measured
    base = work_per_byte(config.Shape(), measured)
    columns = ("run", "weights M", "MB", "MB 8", "MB 6", "MB 4", "MAC M", "attn M", "work/byte", "tok/weight")
    print(("{:<18}" + "{:>11}" * (len(columns) - 1)).format(*columns))
    for path in args.configs:
        run = config.read(path)
        shape, bits, group = run.shape, run.quantise.bits or 8, run.quantise.group
        n = estimate.parameters(shape)
        in_products, in_attention = estimate.token_work(shape)
        numbers = (
            n / 1e6,
            estimate.megabytes(shape, bits, group),
            estimate.megabytes(shape, 8, 0),
            estimate.megabytes(shape, 6, 64),
            estimate.megabytes(shape, 4, 64),
            in_products / 1e6,
            in_attention / 1e6,
            work_per_byte(shape, measured) / base,
            run.train.tokens / n,
        )
        print(f"{path.stem:<18}" + "".join(f"{number:>11.2f}" for number in numbers))


if __name__ == "__main__":
    main()
