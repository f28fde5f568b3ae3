#!/usr/bin/env python3
"""Trains a model on packed tokens; the same command again goes on where a run was cut.

    train.py TOKENS RUN --config configs/builtin-v0.toml --processes 2     two cores
    train.py TOKENS RUN --config configs/builtin-v0.toml --device cuda     a GPU
    train.py TOKENS RUN --minutes 150                                      one sitting of a begun run
    train.py TOKENS RUN --config FILE --device cuda --minutes 10 --fit      a whole run in ten minutes

RUN gets config.json, data.json (hashes), curve.csv, heldout.csv and checkpoint.pt. SIGTERM and
Ctrl-C end it after the step with a checkpoint. Exit status: 0 at the end of the run, 3 before it.
"""

import argparse
import os
import pathlib
import signal
import sys

import torch

from llmtrain import config as configs
from llmtrain import hugging_face
from llmtrain.mix import normalised
from llmtrain.ranks import NOT_DONE, Ranks, launch, settle
from llmtrain.run_folder import RunFolder
from llmtrain.tokens import Tokens
from llmtrain.trainer import Trainer


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokens", type=pathlib.Path)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--config", type=pathlib.Path)
    parser.add_argument("--set", action="append", default=[], metavar="TABLE.NAME=VALUE")
    parser.add_argument("--init", type=pathlib.Path, help="weights to begin with, a published model")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--processes", type=int, default=1, help="on a CPU, one for each core")
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--minutes", type=float, default=0, help="end this sitting after so long")
    parser.add_argument("--fit", action="store_true", help="a run as long as --minutes, by its speed")
    args = parser.parse_args()
    if args.fit and (args.processes > 1 or not args.minutes):
        parser.error("--fit is for one process, and needs --minutes")
    return args


def long_enough(config, tokens, ranks):
    """The mix, without the categories that are shorter than one sequence."""
    sizes = {category: tokens.size("train", category) for category in tokens.categories("train")}
    mix = normalised(config.data.mix or sizes, list(sizes))
    short = {c for c in mix if tokens.n_tokens("train", c) <= config.data.sequence}
    if short and ranks.first:
        print(f"left out, shorter than a sequence: {', '.join(sorted(short))}", flush=True)
    return normalised({c: part for c, part in mix.items() if c not in short}, list(sizes))


def main():
    args = arguments()
    if args.processes > 1 and "RANK" not in os.environ:
        if args.device != "cpu":
            raise SystemExit("--processes is for CPUs")
        sys.exit(launch(args.processes, sys.argv))
    device = torch.device(args.device)
    settle(device, args.threads)
    folder, tokens = RunFolder(args.run), Tokens(args.tokens)
    begun = folder.config_path.exists()
    config = configs.read(args.config or (folder.config_path if begun else None), args.set)
    hashes = tokens.hashes()
    if begun:
        folder.agree(config, hashes)
    ranks = Ranks()
    if ranks.first:
        folder.lock()
    mix = long_enough(config, tokens, ranks)
    trainer = Trainer(config, tokens, mix, device, ranks)
    state = folder.load()
    # All have read what is there before the first one writes.
    ranks.wait()
    if state:
        trainer.load(state)
    elif args.init:
        hugging_face.read_weights(trainer.model, args.init)
    if ranks.first:
        if not begun:
            folder.begin(config, hashes, args.init)
        n_weights = sum(weight.numel() for weight in trainer.model.parameters())
        print(f"{n_weights} parameters, step {trainer.step} of {config.steps}", flush=True)
        folder.open_curves(trainer.step, tokens.categories("heldout"))

    def stop(number, frame):
        trainer.stop_wanted = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    done = trainer.run(folder, args.minutes, args.fit)
    ranks.end()
    sys.exit(0 if done else NOT_DONE)


if __name__ == "__main__":
    main()
