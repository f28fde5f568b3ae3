"""The description of a run: a TOML file, each table one class here, unknown names refused."""

import dataclasses
import json
import tomllib
from dataclasses import dataclass, field


@dataclass
class Shape:
    """A Qwen3 transformer, with the limits that llmzip's engine sets."""

    vocabulary: int = 8192
    hidden: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64
    feed_forward: int = 768
    tied: bool = True
    # Positions a token sees, itself included: the same in training and in the codec.
    window: int = 512
    # Layers whose queries see no more than `local_window` positions; the rest see the window. Most
    # layers hardly use what is far: their keys and values are what a decoder waits for.
    local_layers: list = field(default_factory=list)
    local_window: int = 0
    rope_base: float = 10_000.0
    norm_eps: float = 1e-6

    def check(self):
        must(self.head_dim % 64 == 0, "shape.head_dim is not a multiple of 64")
        must(self.heads % self.kv_heads == 0, "shape.kv_heads does not divide shape.heads")
        must(256 < self.vocabulary <= 65536, "shape.vocabulary is not in 257..=65536")
        must(1 <= self.window <= 1024, "shape.window is not in 1..=1024, what an import takes")
        inside = all(type(i) is int and 0 <= i < self.layers for i in self.local_layers)
        must(inside, "shape.local_layers names a layer that is not there")
        fits = 1 <= self.local_window <= self.window
        must(fits or not self.local_layers, "shape.local_window is not in 1..=shape.window")

    def windows(self):
        """The positions that each layer's queries see."""
        local = set(self.local_layers)
        return [self.local_window if i in local else self.window for i in range(self.layers)]


@dataclass
class Quantise:
    """Weights as the importer will store them, in the loop; bits 0 leaves them as they are."""

    # Of the matrices inside the blocks: 8, 6 or 4.
    bits: int = 0
    # Of the embedding and the output layer; the engine has 8.
    outer_bits: int = 8
    # Input positions per scale; 0 for whole rows.
    group: int = 0
    # Columns that share a step where there are 4 bits: 32 as the importer has them, 0 as it had none.
    steps: int = 32
    # 8-bit weights stay within +-63 as in the builtin, or +-127.
    weight_max: int = 63
    # Four bits only: the importer looks for what spoils a group least; so often, in steps of the
    # run, does the training look too.
    search_every: int = 50
    # The part of the run, from its start, without quantisation.
    begin: float = 0.0

    def check(self):
        must(self.bits in (0, 4, 6, 8) and self.outer_bits in (4, 6, 8), "quantise: bits are 4, 6, 8")
        must(self.steps in (0, 32), "quantise.steps is neither 32 nor 0")
        must(self.weight_max in (63, 127), "quantise.weight_max is neither 63 nor 127")
        must(self.group % 64 == 0 or self.group == 32, "quantise.group is not a multiple of 64")
        must(self.search_every > 0, "quantise.search_every is not above 0")


@dataclass
class Data:
    # Tokens that are predicted per sequence; at least the window, or the window is never full.
    sequence: int = 512
    # Sequences that begin at a document's start.
    start_part: float = 0.2
    # Parts of the categories; empty for their sizes.
    mix: dict = field(default_factory=dict)

    def check(self):
        must(self.sequence > 0 and 0 <= self.start_part <= 1, "data: out of range")


@dataclass
class Train:
    # Length of the whole run. The schedule follows it, so it is chosen once; how long one sitting
    # lasts is said at the command line.
    tokens: int = 300_000_000
    # Sequences per step, over all processes.
    batch: int = 32
    # Sequences at once through the model; a batch is made of so many passes as it takes. 0: all.
    micro_batch: int = 0
    warmup_steps: int = 100
    # The last part of the run, in which the rate falls in a straight line.
    decay: float = 0.6
    final_rate: float = 0.01
    matrix_rate: float = 0.02
    matrix_decay: float = 0.05
    momentum: float = 0.95
    other_rate: float = 3e-3
    clip: float = 1.0
    seed: int = 0
    # "bfloat16" or "float32": what products are computed in; weights are float32 always.
    products: str = "bfloat16"
    # "auto", "blocks", "sdpa" or "flex".
    attention: str = "auto"
    compile: bool = True
    # On a GPU: forward and backward pass as one CUDA graph, where a batch goes through at once.
    graph: bool = True
    checkpoint_minutes: float = 10.0
    # Held-out text is looked at so often, in steps; windows of a sequence per category.
    evaluate_steps: int = 500
    evaluate_windows: int = 32

    def check(self):
        must(self.tokens > 0 and self.batch > 0, "train: tokens and batch are above 0")
        must(self.products in ("bfloat16", "float32"), "train.products is bfloat16 or float32")
        ways = ("auto", "blocks", "sdpa", "flex")
        must(self.attention in ways, f"train.attention is none of {', '.join(ways)}")
        must(0 < self.decay <= 1, "train.decay is not in 0..1")


@dataclass
class Config:
    shape: Shape = field(default_factory=Shape)
    quantise: Quantise = field(default_factory=Quantise)
    data: Data = field(default_factory=Data)
    train: Train = field(default_factory=Train)

    def check(self):
        for part in dataclasses.fields(self):
            getattr(self, part.name).check()
        return self

    @property
    def step_tokens(self):
        return self.train.batch * self.data.sequence

    @property
    def steps(self):
        return -(-self.train.tokens // self.step_tokens)

    def to_json(self):
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def must(holds, what):
    if not holds:
        raise SystemExit(f"configuration: {what}")


def from_tables(tables):
    parts = {part.name: part.default_factory for part in dataclasses.fields(Config)}
    config = Config()
    for name, values in tables.items():
        must(name in parts, f"there is no table [{name}]")
        known = {f.name: f for f in dataclasses.fields(parts[name])}
        for key, value in values.items():
            must(key in known, f"{name} has no {key}")
            default = getattr(getattr(config, name), key)
            if isinstance(default, float) and type(value) is int:
                value = float(value)
            must(type(value) is type(default), f"{name}.{key} is not a {type(default).__name__}")
            setattr(getattr(config, name), key, value)
    return config.check()


def read(path, changes=()):
    """A file, TOML or a run's JSON, with changes such as "train.tokens=1000000" over it."""
    tables = {}
    if path:
        tables = (json if path.suffix == ".json" else tomllib).loads(path.read_text())
    for change in changes:
        name, _, value = change.partition("=")
        table, _, key = name.partition(".")
        must(bool(table and key and value), f"{change}: not TABLE.NAME=VALUE")
        try:
            value = tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError:
            value = value.strip()
        tables.setdefault(table, {})[key] = value
    return from_tables(tables)


def from_json(text):
    return from_tables(json.loads(text))
