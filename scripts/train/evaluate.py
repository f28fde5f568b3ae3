#!/usr/bin/env python3
"""Bits per byte of held-out text, by category, of a run or of a published model, in float.

    evaluate.py TOKENS RUN|DIR [--windows 64] [--length N]

What counts in the end is the quantised model in the program: judge.sh.
"""

import argparse
import json
import pathlib

import torch

from llmtrain import held_out
from llmtrain.load import load_model
from llmtrain.tokens import Tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokens", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--windows", type=int, default=64, help="per category; 0 for all")
    parser.add_argument("--length", type=int, default=0, help="tokens of a window; 0 for the model's")
    parser.add_argument("--quantised", action="store_true", help="weights as the run quantises them")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    model, length = load_model(args.model, device, args.quantised)
    tokens = Tokens(args.tokens)
    if tokens.vocabulary != model.shape.vocabulary:
        parser.error(f"the tokens are of {tokens.vocabulary}, the model of {model.shape.vocabulary}")
    length = args.length or length
    print(json.dumps(held_out.bits_per_byte(model, tokens, length, args.windows, device)))


if __name__ == "__main__":
    main()
