"""The folder of a run: its description, the hashes of its data, its curves and its checkpoint."""

import dataclasses
import fcntl
import json
import os

from llmtrain import checkpoint, config
from llmtrain.curve import Curve
from llmtrain.documents import file_sha256

CURVE = ("step", "tokens", "loss", "smooth_loss", "rate", "tokens_per_second")
# What may be changed when a run goes on: what decides no number, or its last bits only.
FREE = (
    "checkpoint_minutes",
    "evaluate_steps",
    "evaluate_windows",
    "micro_batch",
    "compile",
    "graph",
    "attention",
)


class RunFolder:
    def __init__(self, root):
        self.root = root

    @property
    def config_path(self):
        return self.root / "config.json"

    def read_config(self):
        return config.from_json(self.config_path.read_text())

    def agree(self, wanted, hashes):
        """Refuses to go on with another description or other data than the run began with."""
        begun = self.read_config()
        for part in dataclasses.fields(wanted):
            new, old = getattr(wanted, part.name), getattr(begun, part.name)
            for field in dataclasses.fields(new):
                values = getattr(old, field.name), getattr(new, field.name)
                if values[0] != values[1] and field.name not in FREE:
                    name = f"{part.name}.{field.name}"
                    raise SystemExit(f"{self.root}: began with {name} {values[0]}, not {values[1]}")
        if json.loads((self.root / "data.json").read_text()) != hashes:
            raise SystemExit(f"{self.root}: began with other tokens")

    def begin(self, wanted, hashes, init):
        """Writes down what the run is made of; the configuration last, since it says that it began."""
        (self.root / "data.json").write_text(json.dumps(hashes, indent=2) + "\n")
        if init:
            digest = file_sha256(init / "model.safetensors")
            (self.root / "init.json").write_text(json.dumps({"weights_sha256": digest}) + "\n")
        self.describe(wanted)

    def describe(self, wanted):
        """Writes the configuration; anew where a run's length follows from its speed."""
        partial = self.config_path.with_suffix(".partial")
        partial.write_text(wanted.to_json())
        os.replace(partial, self.config_path)

    def lock(self):
        """Two programs that train one run would spoil it; the lock goes when this one ends."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.locked = open(self.root / "lock", "w")
        try:
            fcntl.flock(self.locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"{self.root}: another program is training this run") from None

    def load(self):
        return checkpoint.load(self.root)

    def open_curves(self, steps_done, categories):
        self.curve = Curve(self.root / "curve.csv", CURVE, steps_done)
        self.categories = (*categories, "mean")
        columns = ("step", "tokens", *self.categories)
        self.held_out = Curve(self.root / "heldout.csv", columns, steps_done)

    def add_held_out(self, step, n_tokens, result):
        """A row of the held-out figures; a category too short to be measured stays empty."""
        self.held_out.add(step, n_tokens, *(result.get(name, "") for name in self.categories))

    def save(self, state):
        self.curve.sync()
        self.held_out.sync()
        checkpoint.save(self.root, state)
