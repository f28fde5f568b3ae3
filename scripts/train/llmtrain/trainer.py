"""One run: from a step to the last one, or to when it is told to stop."""

import math
import time

import torch

from llmtrain import attention, checkpoint, held_out
from llmtrain.model import Transformer
from llmtrain.optimiser import Optimiser, rate_at
from llmtrain.quantise import FakeQuantiser
from llmtrain.sampler import Sampler

SMOOTHING = 0.02


class Trainer:
    def __init__(self, config, tokens, mix, device, ranks):
        self.config, self.tokens, self.device, self.ranks = config, tokens, device, ranks
        train, data, shape = config.train, config.data, config.shape
        if tokens.vocabulary != shape.vocabulary:
            raise SystemExit(f"the tokens are of {tokens.vocabulary}, the model of {shape.vocabulary}")
        if train.batch % ranks.world:
            raise SystemExit(f"{ranks.world} processes do not divide train.batch {train.batch}")
        self.share = train.batch // ranks.world
        self.pass_size = min(train.micro_batch or self.share, self.share)
        if self.share % self.pass_size:
            raise SystemExit("train.micro_batch does not divide the batch of a process")
        torch.manual_seed(train.seed)
        attend = attention.choose(train.attention, device, shape.windows(), data.sequence)
        self.quantiser = FakeQuantiser(config.quantise) if config.quantise.bits else None
        self.model = Transformer(shape, train.products, attend, self.quantiser)
        self.model.initialise(train.seed)
        self.model.to(device)
        if train.compile:
            self.model.compile()
        self.optimiser = Optimiser(self.model, train)
        self.sampler = Sampler(tokens, mix, data.sequence + 1, data.start_part, train.seed)
        self.step, self.smooth = 0, None
        self.stop_wanted = False

    def state(self):
        return {
            "step": self.step,
            "smooth": self.smooth,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state(),
            "scales": self.quantiser.parts if self.quantiser else {},
            "random": checkpoint.random_state(self.device),
        }

    def load(self, state):
        self.step, self.smooth = state["step"], state["smooth"]
        self.model.load_state_dict(state["model"])
        self.optimiser.load(state["optimiser"])
        if self.quantiser:
            self.quantiser.parts = {n: p.to(self.device) for n, p in state["scales"].items()}
        checkpoint.set_random_state(state["random"], self.device)

    def prepare_quantiser(self):
        """Turns it on when its time has come, and looks for scales as often as is asked."""
        if not self.quantiser:
            return
        options = self.config.quantise
        late = self.step - int(options.begin * self.config.steps)
        self.quantiser.on = late >= 0
        if late >= 0 and late % options.search_every == 0:
            self.quantiser.search(self.model.matrices())

    def slopes(self):
        """The mean loss of this process's share of the batch; its gradients are in place then."""
        first = self.step * self.config.train.batch + self.ranks.rank * self.share
        passes = self.share // self.pass_size
        total = 0.0
        for i in range(passes):
            batch = self.sampler.batch(first + i * self.pass_size, self.pass_size)
            ids = torch.from_numpy(batch).to(self.device)
            loss = self.model.loss(ids[:, :-1], ids[:, 1:]) / passes
            loss.backward()
            total += loss.detach()
        return float(total)

    def advance(self):
        """One step; the loss, the rate's factor, and whether any process was told to stop."""
        self.ranks.check_parent()
        self.prepare_quantiser()
        loss = self.slopes()
        weights = list(self.model.parameters())
        slopes = [weight.grad for weight in weights]
        loss, stop = self.ranks.average(slopes, [loss, float(self.stop_wanted)])
        factor = rate_at(self.step, self.config.steps, self.config.train)
        self.optimiser.step(factor)
        for weight in weights:
            weight.grad = None
        self.step += 1
        before = loss if self.smooth is None else self.smooth
        self.smooth = before + SMOOTHING * (loss - before)
        return loss, factor, stop > 0

    def evaluate(self):
        train, data = self.config.train, self.config.data
        return held_out.bits_per_byte(
            self.model, self.tokens, data.sequence, train.evaluate_windows, self.device
        )

    def run(self, folder, minutes):
        """Trains to the end, or until a signal or the time stops it; whether the end was reached."""
        train, begun = self.config.train, time.monotonic()
        saved = lap = begun
        steps, stopping = self.config.steps, False
        while self.step < steps and not stopping:
            if minutes and time.monotonic() - begun > 60 * minutes:
                self.stop_wanted = True
            loss, factor, stopping = self.advance()
            if not math.isfinite(loss):
                raise SystemExit(f"step {self.step}: the loss is {loss}; the last checkpoint stands")
            if not self.ranks.first:
                continue
            now = time.monotonic()
            speed = self.config.step_tokens / (now - lap)
            n_tokens = self.step * self.config.step_tokens
            row = (self.step, n_tokens, f"{loss:.6f}", f"{self.smooth:.6f}", f"{factor:.5f}")
            folder.curve.add(*row, f"{speed:.0f}")
            if self.step % 25 == 0 or self.step in (1, steps):
                print(f"step {self.step}/{steps}", *row[2:], f"{speed:.0f} tokens/s", flush=True)
            if self.step % train.evaluate_steps == 0 or self.step == steps:
                result = self.evaluate()
                folder.add_held_out(self.step, n_tokens, result)
                print("bits per byte", self.step, result, flush=True)
            if now - saved > 60 * train.checkpoint_minutes or stopping or self.step == steps:
                folder.save(self.state())
                saved = time.monotonic()
            lap = time.monotonic()
        self.ranks.wait()
        return self.step >= steps
