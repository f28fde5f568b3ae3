#!/usr/bin/env python3
"""Writes a run's model in the Hugging Face layout, for `llmzip models import`.

    export.py TOKENS RUN OUT

OUT gets config.json, model.safetensors (float32), tokenizer.json and training.json: the run's
description, the hashes of its data and how far it came.
"""

import argparse
import json
import pathlib

import torch

from llmtrain import hugging_face
from llmtrain.load import load_run
from llmtrain.run_folder import RunFolder
from llmtrain.tokens import Tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokens", type=pathlib.Path)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    tokens, folder = Tokens(args.tokens), RunFolder(args.run)
    config, hashes = folder.read_config(), tokens.hashes()
    folder.agree(config, hashes)
    model, _ = load_run(args.run, torch.device("cpu"), quantised=False)
    hugging_face.write(model, tokens.start, tokens.tokenizer_path, args.out)
    step = folder.load()["step"]
    about = {
        "steps": step,
        "of_steps": config.steps,
        "tokens_seen": step * config.step_tokens,
        "config": json.loads(config.to_json()),
        "data": hashes,
    }
    (args.out / "training.json").write_text(json.dumps(about, indent=2) + "\n")
    print(f"{args.out}: {sum(w.numel() for w in model.parameters())} parameters, step {step}")


if __name__ == "__main__":
    main()
