#!/usr/bin/env python3
"""What quantisation costs on a model's real weights: two Markdown tables.

    scripts/quantisation_table.py SOURCE DIR [--calibrate TEXT] [--bytes N] [--only WORDS] TEXT...

SOURCE is a .gguf file or a Hugging Face directory; the models that are made of it go to DIR, and stay there
for a second run. The first N bytes (10,000) of each text are predicted, by the float model too. TEXT for
--calibrate must be none of these; without it there are no rows for it. The first table has bits per byte, the
second what that is above the float model and the size of the .llmw, the third the expected loss: the divergence
from the float model, in per cent of its bits, which is not a matter of luck with the tokens that came.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = Path(__file__).parent.parent / "target/release/llmzip"

GROUPS = [64, 128, 0]


def ways(calibrate):
    """Name and options of each way to quantise."""
    kinds = [("8 bits", []), ("8 bits narrow", ["--narrow"])]
    kinds += [("4 bits nearest", ["--bits", "4", "--nearest"]), ("4 bits searched", ["--bits", "4"])]
    if calibrate:
        kinds.append(("4 bits calibrated", ["--bits", "4", "--calibrate", calibrate]))
    for kind, options in kinds:
        for group in GROUPS:
            rows = f"groups of {group}" if group else "whole rows"
            yield f"{kind}, {rows}", [*options, "--group", str(group)]


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


def made(source, folder, name, options):
    """The model's file, and the seconds that it took to make it, if it was not there."""
    path = folder / (name.replace(", ", "-").replace(" ", "-") + ".llmw")
    begun = time.time()
    if not path.exists():
        run("models", "import", source, "--name", "measured", "-q", "-o", path, *options)
    return path, time.time() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--calibrate")
    parser.add_argument("--bytes", type=int, default=10_000)
    parser.add_argument("--only", default="", help="ways whose names contain this")
    parser.add_argument("texts", nargs="+", type=Path)
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    texts = {}
    for text in arguments.texts:
        cut = folder / f"{text.name}.{arguments.bytes}"
        cut.write_bytes(text.read_bytes()[: arguments.bytes])
        texts[text.name] = cut
    rows, floats = [], None
    for name, options in ways(arguments.calibrate):
        if arguments.only not in name:
            continue
        path, seconds = made(arguments.source, folder, name, options)
        found = {
            text: json.loads(run("models", "check", path, cut, "--json", "-q", "--dir", arguments.source))
            for text, cut in texts.items()
        }
        if floats is None:
            floats = {text: one["float_bits_per_byte"] for text, one in found.items()}
        bits = {text: one["bits_per_byte"] for text, one in found.items()}
        losses = {text: 100 * one["divergence_bits_per_byte"] / one["float_bits_per_byte"] for text, one in found.items()}
        rows.append((name, bits, losses, path.stat().st_size))
        print(f"{name}: {bits}, {losses}, {seconds:.0f} s to make", file=sys.stderr, flush=True)
    columns = list(texts)
    print("| weights | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, bits in [("float", floats), *(row[:2] for row in rows)]:
        print(f"| {name} | " + " | ".join(f"{bits[text]:.4f}" for text in columns) + " |")
    print()
    tables = [
        ("mean | MB", lambda bits, _: {text: 100 * (bits[text] / floats[text] - 1) for text in columns}),
        ("mean | MB", lambda _, losses: losses),
    ]
    for further, chosen in tables:
        print("| weights | " + " | ".join(columns) + f" | {further} |")
        print("|---" * (len(columns) + 3) + "|")
        for name, bits, losses, size in rows:
            values = [chosen(bits, losses)[text] for text in columns]
            cells = [f"{value:+.2f} %" for value in [*values, sum(values) / len(values)]]
            print(f"| {name} | " + " | ".join(cells) + f" | {size / 1e6:.0f} |")
        print()


if __name__ == "__main__":
    main()
