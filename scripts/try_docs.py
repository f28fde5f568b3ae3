#!/usr/bin/env python3
"""Runs the commands that the README and the pages of docs/ show, and compares what they print.

    scripts/try_docs.py [--slow] [PAGE]...

In a folder of its own with a copy of corpus/. Of blocks of `console` every command is run, and its output must be what stands
below it, but for times and speeds; of blocks of `sh` the lines that run llmzip, which must end with status 0. Lines that build,
install, serve, or need a network or a model from elsewhere are named and left out; `bench` is tried with --slow. LLMZIP names the
program; target/release/llmzip is it otherwise. Exits with 1 if anything differs.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(console|sh)\n(.*?)^```", re.M | re.S)
# What depends on the machine or the minute.
TIMES = re.compile(r"\d+(\.\d+)? s, \d+(\.\d+)? [kM]?B/s")
LEFT_OUT = re.compile(r"\bllmzip (serve|models)|MODEL\.gguf|--model |sqlite|^curl|letter\.txt|SAMPLES")
SLOW = re.compile(r"llmzip bench")
RUNS_IT = re.compile(r"(^|\| *)llmzip\b")


def commands(kind, block):
    """Each command of a block, with what is said to follow it."""
    lines = block.splitlines()
    if kind == "sh":
        return [(line, None) for line in lines if RUNS_IT.search(line)]
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


def main():
    arguments = sys.argv[1:]
    slow = "--slow" in arguments
    pages = [Path(a).resolve() for a in arguments if a != "--slow"] or PAGES
    program = Path(os.environ.get("LLMZIP", ROOT / "target/release/llmzip")).resolve()
    ran, left_out, wrong = 0, [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "bin").mkdir()
        (folder / "bin/llmzip").symlink_to(program)
        environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": scratch}
        for page in pages:
            # Each page as if it were the first that is read.
            work = folder / page.stem
            shutil.copytree(ROOT / "corpus", work / "corpus")
            shutil.copy(ROOT / "corpus/messages/chat.txt", work)
            for kind, block in BLOCK.findall(page.read_text()):
                for command, expected in commands(kind, block):
                    where = f"{page.relative_to(ROOT)}: {command}"
                    lacks_zstd = "zstd" in command and not shutil.which("zstd")
                    if lacks_zstd or LEFT_OUT.search(command) or (SLOW.search(command) and not slow):
                        left_out.append(where)
                        continue
                    ran += 1
                    done = subprocess.run(
                        ["bash", "-c", command], cwd=work, env=environment, capture_output=True, text=True, errors="replace"
                    )
                    said = TIMES.sub("TIMES", (done.stdout + done.stderr).rstrip())
                    if done.returncode != 0:
                        wrong.append(f"{where}\n  ended with {done.returncode}: {said}")
                    elif expected is not None and said != TIMES.sub("TIMES", "\n".join(expected).rstrip()):
                        wrong.append(f"{where}\n  printed: {said}\n  expected: {chr(10).join(expected)}")
    for where in left_out:
        print(f"left out: {where}")
    for what in wrong:
        print(what, file=sys.stderr)
    print(f"{ran} commands ran, {len(wrong)} not as written, {len(left_out)} left out")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
