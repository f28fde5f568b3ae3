#!/usr/bin/env python3
"""What a model's own predictions would cost if parts of it learned while coding: bytes, in float, without the mixer.

    adapt.py MODEL FILE... [--learn output=0.0005 mlp=0.0001] [--through feed_forward]

MODEL is a folder in the Hugging Face layout (`llmzip models export`); --learn gives rates of gradient descent
by part of a parameter's name (`mlp` stands for the three matrices of the feed-forward parts), --through the branches
that the gradient passes on its way back, both if it is not given. Some of what is gained here a mixer gains as well.
"""

import argparse
import copy
import math
import pathlib
import time

import torch
from tokenizers import Tokenizer

from llmtrain import adapt, hugging_face
from llmtrain.load import load_published

MLP = ("gate_proj", "up_proj", "down_proj")


def rates_of(learn):
    rates = {}
    for part, rate in (item.split("=") for item in learn):
        rates.update({name: float(rate) for name in (MLP if part == "mlp" else [part])})
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    parser.add_argument("--learn", nargs="*", default=[], metavar="PART=RATE")
    parser.add_argument("--through", nargs="*", default=["attention", "feed_forward"])
    parser.add_argument("--lanes", type=int, default=12)
    parser.add_argument("--steps", type=int, default=16, help="of each lane, between two versions")
    parser.add_argument("--bytes", type=int, default=300_000, help="of each file, at most")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model, _ = load_published(args.model, torch.device("cpu"))
    _, start = hugging_face.read_shape(args.model)
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    for file in args.files:
        begun = time.monotonic()
        with file.open("rb") as read:
            text = read.read(args.bytes).decode("utf-8", "replace")
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        fed, came = adapt.lanes_of(ids, args.lanes, start)
        nats = adapt.nats(copy.deepcopy(model), fed, came, args.steps, rates_of(args.learn), args.through)
        seconds = time.monotonic() - begun
        print(f"{nats / math.log(256):10.0f} bytes  {file.name}  {len(ids)} tokens, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
