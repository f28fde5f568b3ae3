"""The whole way, as the README says it, on a corpus of a few hundred kilobytes.

LLMZIP names the program; without it the one of this checkout's release build is taken.
"""

import csv
import fcntl
import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import torch

from llmtrain import bpe, checkpoint
from llmtrain.load import load_model

HERE = pathlib.Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
LLMZIP = pathlib.Path(os.environ.get("LLMZIP", ROOT / "target" / "release" / "llmzip")).absolute()
TINY = HERE / "configs" / "tiny.toml"
STEPS = 40


def command(program, *arguments):
    return [sys.executable, str(HERE / program), *map(str, arguments)]


def run(*arguments):
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError("waited in vain")
        time.sleep(0.005)


def same(a, b):
    """Whether two checkpoints hold the same bits."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def float_bits(export, text):
    """What `llmzip models check` calls the float model's bits, by our own model."""
    model, length = load_model(export, torch.device("cpu"))
    tokenizer = bpe.load(export / "tokenizer.json")
    start = bpe.start_id(tokenizer)
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    bits = 0.0
    for at in range(0, len(ids), length - 1):
        part = torch.tensor([[start, *ids[at : at + length - 1]]])
        logits = model.logits(part[:, :-1])
        logits[..., start] = float("-inf")
        nats = -logits.double().log_softmax(-1).gather(2, part[:, 1:, None])
        bits += nats.sum().item() / math.log(2)
    return bits


class Pipeline(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not LLMZIP.exists():
            raise AssertionError(f"{LLMZIP} is not there: cargo build --release")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.dir = pathlib.Path(folder.name)
        cls.text, cls.tokens = cls.dir / "text", cls.dir / "tokens"
        # One file of the corpus is measured: the test looks for it in what was prepared.
        measured = cls.dir / "measured"
        measured.mkdir()
        shutil.copy(ROOT / "corpus" / "code" / "ring.c", measured / "ring.c")
        prepare = ["--text", ROOT / "corpus", "--heldout-part", "0.2", "--measured", measured]
        run(*command("prepare.py", *prepare, cls.text))
        tokenizer = cls.dir / "tokenizer.json"
        run(*command("make_tokenizer.py", cls.text, "--tokens", 768, "-o", tokenizer))
        run(*command("pack.py", cls.text, "--tokenizer", tokenizer, cls.tokens))
        cls.run_dir = cls.dir / "run"
        cls.train(cls.run_dir).wait_done()

    @classmethod
    def train(cls, folder, *more):
        arguments = [cls.tokens, folder, "--config", TINY, "--processes", 2, *more]
        return Training(folder, command("train.py", *arguments))

    def test_measured_files_are_not_in_the_text(self):
        report = json.loads((self.text / "prepare.json").read_text())
        dropped = report["dropped"]["shares text with a measured file"]
        self.assertEqual(dropped["documents"], 1)
        verdicts = [line.split("\t") for line in (self.text / "overlap.tsv").read_text().split("\n")]
        self.assertIn(["ring.c", "drop"], [[line[4], line[6]] for line in verdicts[1:] if line != [""]])

    def test_the_tokenizer_is_the_same_again(self):
        again = self.dir / "again.json"
        run(*command("make_tokenizer.py", self.text, "--tokens", 768, "-o", again))
        self.assertEqual(again.read_bytes(), (self.tokens / "tokenizer.json").read_bytes())

    def test_the_loss_falls(self):
        curve = [float(row["loss"]) for row in rows(self.run_dir / "curve.csv")]
        self.assertEqual(len(curve), STEPS)
        self.assertLess(sum(curve[-5:]) / 5, curve[0] - 1.5)
        means = [float(row["mean"]) for row in rows(self.run_dir / "heldout.csv")]
        self.assertLess(means[-1], means[0])

    def test_a_run_that_was_cut_twice_gives_the_same_bits(self):
        cut = self.dir / "cut"
        training = self.train(cut)
        wait_for(lambda: training.steps() >= 6)
        training.process.send_signal(signal.SIGTERM)
        self.assertEqual(training.process.wait(60), 3)
        first = checkpoint.load(cut)["step"]
        self.assertTrue(6 <= first < STEPS, first)
        self.assertEqual(training.steps(), first)

        # Killed without warning, half a step after a checkpoint; its ranks end by themselves.
        always = ("--set", "train.checkpoint_minutes=0.0")
        training = self.train(cut, *always)
        wait_for(lambda: training.steps() >= first + 6)
        training.process.kill()
        training.process.wait()
        wait_for(training.unlocked)
        second = checkpoint.load(cut)["step"]
        self.assertTrue(first < second < STEPS, (first, second))

        self.train(cut).wait_done()
        self.assertTrue(same(checkpoint.load(cut), checkpoint.load(self.run_dir)))
        for name in ("curve.csv", "heldout.csv"):
            a, b = rows(cut / name), rows(self.run_dir / name)
            for row in a + b:
                row.pop("tokens_per_second", None)
            self.assertEqual(a, b)

    def test_a_run_that_is_fitted_to_a_time_ends_with_it(self):
        fitted = self.dir / "fitted"
        longer = ("--set", "train.tokens=100_000_000", "--set", "train.evaluate_steps=10_000")
        arguments = [self.tokens, fitted, "--config", TINY, *longer, "--minutes", "0.15", "--fit"]
        Training(fitted, command("train.py", *arguments)).wait_done()
        config, curve = json.loads((fitted / "config.json").read_text()), rows(fitted / "curve.csv")
        step_tokens = config["train"]["batch"] * config["data"]["sequence"]
        self.assertEqual(len(curve) * step_tokens, config["train"]["tokens"])
        self.assertLess(config["train"]["tokens"], 100_000_000)
        # The rate has fallen as far as the schedule lets it.
        self.assertLess(float(curve[-1]["rate"]), 0.03)

    def test_goes_on_only_with_what_it_began_with(self):
        training = self.train(self.run_dir, "--set", "train.seed=1")
        self.assertNotIn(training.process.wait(60), (0, 3))

    def test_the_program_takes_the_model_and_gives_files_back(self):
        export, model = self.dir / "export", self.dir / "tiny.llmw"
        run(*command("export.py", self.tokens, self.run_dir, export))
        run(LLMZIP, "models", "import", export, "--group", 0, "--narrow", "-o", model)

        # The program's float model and ours agree. It reads a text in parts that fit into the
        # window, each after the start token, and never expects the start token itself.
        sample = self.dir / "sample.txt"
        sample.write_bytes((ROOT / "corpus" / "text" / "tides.md").read_bytes()[:1500])
        said = run(LLMZIP, "models", "check", "--dir", export, model, sample)
        theirs, quantised, _codec = map(float, re.findall(r"([0-9.]+) bits per byte", said))
        ours = float_bits(export, sample.read_text()) / sample.stat().st_size
        self.assertAlmostEqual(ours, theirs, delta=0.0001)
        self.assertAlmostEqual(quantised, theirs, delta=0.01 * theirs)

        packed, back = self.dir / "sample.llmz", self.dir / "back.txt"
        with_model = (LLMZIP, "-q", "--model", model)
        run(*with_model, "-f", "-o", packed, sample)
        run(*with_model, "-d", "-f", "-o", back, packed)
        self.assertEqual(back.read_bytes(), sample.read_bytes())
        self.assertLess(packed.stat().st_size, sample.stat().st_size)

    def test_training_goes_on_from_a_model_of_the_program(self):
        export, model, back = self.dir / "once", self.dir / "once.llmw", self.dir / "back"
        run(*command("export.py", self.tokens, self.run_dir, export))
        run(LLMZIP, "models", "import", export, "--like-builtin", "-o", model)
        run(LLMZIP, "models", "export", model, back)
        same_ids = [bpe.load(root / "tokenizer.json").get_vocab() for root in (export, back)]
        self.assertEqual(*same_ids)

        # What was written is what the quantiser in the loop made of the weights.
        evaluated = ("evaluate.py", self.tokens)
        loop = run(*command(*evaluated, self.run_dir, "--windows", 8, "--quantised"))
        program = run(*command(*evaluated, back, "--windows", 8, "--length", 160))
        for category, bits in json.loads(loop).items():
            self.assertAlmostEqual(bits, json.loads(program)[category], delta=0.001 * bits)

        on = self.dir / "on"
        small = ("--set", "train.tokens=9_600", "--set", "train.matrix_rate=0.001")
        self.train(on, "--init", back, *small).wait_done()
        before = [float(row["loss"]) for row in rows(self.run_dir / "curve.csv")]
        after = [float(row["loss"]) for row in rows(on / "curve.csv")]
        self.assertLess(sum(after) / len(after), before[0] - 1.0)

    def test_evaluation_says_what_the_run_said(self):
        last = rows(self.run_dir / "heldout.csv")[-1]
        said = run(*command("evaluate.py", self.tokens, self.run_dir, "--windows", 8, "--quantised"))
        for category, bits in json.loads(said).items():
            # The run computes in bfloat16, evaluation in float32.
            self.assertAlmostEqual(bits, float(last[category]), delta=0.1 * bits)


class Training:
    """A training program, and the folder that it fills."""

    def __init__(self, folder, arguments):
        self.folder = folder
        self.log = folder.with_suffix(".log")
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log)

    def steps(self):
        path = self.folder / "curve.csv"
        return max(path.read_bytes().count(b"\n") - 1, 0) if path.exists() else 0

    def unlocked(self):
        with open(self.folder / "lock") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    def wait_done(self):
        code = self.process.wait(300)
        if code != 0:
            raise AssertionError(f"{self.process.args}: {code}\n{self.log.read_text()}")


if __name__ == "__main__":
    unittest.main()
