"""Muon for matrices, AdamW for the rest, and the rate that both follow."""

import torch

from llmtrain.muon import Muon


def rate_at(step, steps, train):
    """The factor of the rates at a step: a short rise, constant, then a straight line down."""
    rise = min(1.0, (step + 1) / max(train.warmup_steps, 1))
    left = (steps - step) / (train.decay * steps)
    return rise * max(train.final_rate, min(1.0, left))


class Optimiser:
    def __init__(self, model, train):
        self.train = train
        matrices = dict(model.matrices())
        self.muon = Muon(matrices.items(), train.momentum, train.matrix_decay)
        self.others = [w for name, w in model.named_parameters() if name not in matrices]
        self.adam = torch.optim.AdamW(
            self.others, lr=train.other_rate, betas=(0.9, 0.95), weight_decay=0.0
        )

    def step(self, factor):
        torch.nn.utils.clip_grad_norm_(self.others, self.train.clip)
        for group in self.adam.param_groups:
            group["lr"] = self.train.other_rate * factor
        self.adam.step()
        self.muon.step(self.train.matrix_rate * factor)

    def state(self):
        return {"muon": self.muon.state(), "adam": self.adam.state_dict()}

    def load(self, state):
        self.muon.load(state["muon"])
        self.adam.load_state_dict(state["adam"])
