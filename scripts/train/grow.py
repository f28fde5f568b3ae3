#!/usr/bin/env python3
"""A published model as the start of a larger one: layers more, and windows of its own for each.

    grow.py MODEL OUT --after 5 --local-layers 0 1 2 4 6 --local-window 128

After each layer that --after names comes a copy of it whose two outputs are zero, so that the grown
model computes what the old one did and its new weights have something to begin with. --local-layers
are counted in the grown model. `train.py --init OUT` goes on from there.
"""

import argparse
import dataclasses
import pathlib

import torch

from llmtrain import hugging_face
from llmtrain.model import Transformer

OUTPUTS = ("o_proj", "down_proj")


def grown(old, new, origins):
    """Fills `new`: its layer i is a copy of layer origins[i], a silent one where that came before."""
    weights = dict(old.named_parameters())
    with torch.no_grad():
        for name, weight in new.named_parameters():
            if not name.startswith("layers."):
                weight.copy_(weights[name])
                continue
            _, i, part = name.split(".")
            i = int(i)
            silent = i > 0 and origins[i - 1] == origins[i] and part in OUTPUTS
            weight.copy_(weights[f"layers.{origins[i]}.{part}"])
            if silent:
                weight.zero_()


def origins_of(layers, after):
    return [i for i in range(layers) for _ in range(1 + after.count(i))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--after", type=int, nargs="*", default=[], metavar="LAYER")
    parser.add_argument("--local-layers", type=int, nargs="*", default=[], metavar="LAYER")
    parser.add_argument("--local-window", type=int, default=0, metavar="TOKENS")
    args = parser.parse_args()
    shape, start = hugging_face.read_shape(args.model)
    if not all(0 <= i < shape.layers for i in args.after):
        parser.error(f"--after: the layers are 0 to {shape.layers - 1}")
    origins = origins_of(shape.layers, args.after)
    larger = dataclasses.replace(
        shape,
        layers=len(origins),
        local_layers=args.local_layers,
        local_window=args.local_window,
    )
    larger.check()
    old, new = Transformer(shape), Transformer(larger)
    hugging_face.read_weights(old, args.model)
    grown(old, new, origins)
    hugging_face.write(new, start, args.model / "tokenizer.json", args.out)
    print(f"{args.out}: {shape.layers} -> {larger.layers} layers, windows {larger.windows()}")


if __name__ == "__main__":
    main()
