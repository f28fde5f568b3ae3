"""One run: from a step to the last one, or to when it is told to stop."""

import math
import time

import torch

from llmtrain import attention, checkpoint, held_out
from llmtrain.graphed import Graphed
from llmtrain.model import Transformer
from llmtrain.optimiser import Optimiser, rate_at
from llmtrain.quantise import FakeQuantiser
from llmtrain.sampler import Sampler

SMOOTHING = 0.02
# A GPU is left alone for so many steps: to ask it for a loss is to wait for it.
STEPS_UNSEEN_GPU = 25
# A run that is fitted to a time is measured anew so often, in steps, and no more when it is nearly over.
FIT_EVERY = 200
FIT_UNTIL = 0.98


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
        self.unseen = []
        self.stop_wanted = False
        # Scales that are searched anew are other tensors than the recorded ones.
        self.graphs = train.graph and device.type == "cuda" and self.pass_size == self.share
        self.graphs = self.graphs and config.quantise.bits != 4
        self.graphed, self.graphed_on = None, None

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

    def batch(self, first, n):
        """Sequences; a GPU can fetch them while it computes what came before."""
        ids = torch.from_numpy(self.sampler.batch(first, n))
        return ids.pin_memory() if self.device.type == "cuda" else ids

    def replay(self, ids):
        """The mean loss of a batch by the recorded passes, which are recorded where they are not there."""
        on = self.quantiser is not None and self.quantiser.on
        if self.graphed is None or self.graphed_on != on:
            self.graphed, self.graphed_on = None, on
            self.graphed = Graphed(self.model, ids)
        return self.graphed.loss(ids)

    def slopes(self):
        """The mean loss of this process's share of the batch; its gradients are in place then."""
        first = self.step * self.config.train.batch + self.ranks.rank * self.share
        if self.graphs:
            return self.replay(self.batch(first, self.share))
        passes = self.share // self.pass_size
        total = 0.0
        for weight in self.model.parameters():
            weight.grad = None
        for i in range(passes):
            ids = self.batch(first + i * self.pass_size, self.pass_size)
            ids = ids.to(self.device, non_blocking=True)
            loss = self.model.loss(ids[:, :-1], ids[:, 1:]) / passes
            loss.backward()
            total += loss.detach()
        return total

    def advance(self):
        """One step; whether any process was told to stop."""
        self.ranks.check_parent()
        self.prepare_quantiser()
        loss, stop = self.slopes(), self.stop_wanted
        if self.ranks.world > 1:
            slopes = [weight.grad for weight in self.model.parameters()]
            loss, stop = self.ranks.average(slopes, [float(loss), float(stop)])
        factor = rate_at(self.step, self.config.steps, self.config.train)
        self.optimiser.step(factor)
        self.step += 1
        self.unseen.append((self.step, loss, factor))
        return stop > 0

    def look(self, folder, seconds):
        """Writes the rows of the steps since the last look, which took so long together."""
        speed = len(self.unseen) * self.config.step_tokens / seconds
        for step, loss, factor in self.unseen:
            loss = float(loss)
            if not math.isfinite(loss):
                raise SystemExit(f"step {step}: the loss is {loss}; the last checkpoint stands")
            before = loss if self.smooth is None else self.smooth
            self.smooth = before + SMOOTHING * (loss - before)
            n_tokens = step * self.config.step_tokens
            row = (step, n_tokens, f"{loss:.6f}", f"{self.smooth:.6f}", f"{factor:.5f}")
            if self.ranks.first:
                folder.curve.add(*row, f"{speed:.0f}")
                if step % 25 == 0 or step in (1, self.config.steps):
                    where = f"step {step}/{self.config.steps}"
                    print(where, *row[2:], f"{speed:.0f} tokens/s", flush=True)
        self.unseen.clear()

    def evaluate(self):
        train, data = self.config.train, self.config.data
        return held_out.bits_per_byte(
            self.model, self.tokens, data.sequence, train.evaluate_windows, self.device
        )

    def fit(self, folder, seconds_a_step, seconds_left):
        """Makes the run as long as the time that is left for it."""
        steps = self.step + max(int(seconds_left / seconds_a_step), 1)
        self.config.train.tokens = steps * self.config.step_tokens
        folder.describe(self.config)

    def run(self, folder, minutes, fitted=False):
        """Trains to the end, or until a signal or the time stops it; whether the end was reached.

        A run that is `fitted` gets the length that comes to its end when the time does.
        """
        train, begun = self.config.train, time.monotonic()
        saved = lap = begun
        spent, last_fit = 0.0, (self.step, 0.0)
        unseen = 1 if self.device.type == "cpu" else STEPS_UNSEEN_GPU
        stopping = False
        while self.step < self.config.steps and not stopping:
            if minutes and not fitted and time.monotonic() - begun > 60 * minutes:
                self.stop_wanted = True
            stopping = self.advance()
            last = self.step == self.config.steps
            evaluates = self.step % train.evaluate_steps == 0 or last
            saves = stopping or last
            if len(self.unseen) < unseen and not (evaluates or saves):
                continue
            if self.device.type == "cuda":
                torch.cuda.synchronize()
            now = time.monotonic()
            spent += now - lap
            self.look(folder, now - lap)
            if evaluates and self.ranks.first:
                result = self.evaluate()
                folder.add_held_out(self.step, self.step * self.config.step_tokens, result)
                print("bits per byte", self.step, result, flush=True)
            if self.ranks.first and (saves or now - saved > 60 * train.checkpoint_minutes):
                folder.save(self.state())
                saved = time.monotonic()
            lap = time.monotonic()
            since, before = last_fit
            if fitted and self.step - since >= FIT_EVERY and not saves:
                left = 60 * minutes - (lap - begun)
                # The first steps compile what the others only run.
                if since > 0 and self.step < FIT_UNTIL * self.config.steps:
                    self.fit(folder, (spent - before) / (self.step - since), left)
                last_fit = (self.step, spent)
        self.ranks.wait()
        return self.step >= self.config.steps
