"""Weights as the importer stores them, with gradients that pass straight through.

The rule is that of src/model/weights.rs: per row and group, scale = largest / limit, weights are
w * (limit / largest) rounded half to even; a group whose largest is below 2^-60 is all zeros.
4 bits have steps inside the groups, see stepped.py. Without steps, as models of before there were
any have them, 20 scales are tried, from that one down in steps of 1/40, and the one with the
smallest squared error is taken.
"""

import torch

from llmtrain import stepped
from llmtrain.stepped import SMALLEST

TRIED_SCALES = 20


def limit_of(bits, weight_max):
    return {8: weight_max, 6: 31, 4: 7}[bits]


def with_zeros(values, multiple):
    """As many columns as make a multiple."""
    return torch.nn.functional.pad(values, (0, -values.shape[-1] % multiple))


def in_groups(weight, group, fill=with_zeros):
    """(rows, groups, group): the last group filled up with what changes no largest value."""
    rows, cols = weight.shape
    group = min(group, cols) or cols
    return fill(weight, group).view(rows, -1, group)


def quantised(groups, limit, parts=1.0):
    """The nearest values that can be stored, scales being `parts` of those that reach the largest."""
    largest = groups.abs().amax(-1, keepdim=True)
    scale = largest / limit * parts
    steps = torch.where(largest < SMALLEST, 0.0, 1.0 / scale)
    return torch.clamp(groups * steps, -limit, limit).round() * scale


@torch.no_grad()
def best_parts(weight, group, limit):
    """For each group, the part of its scale that the importer would choose."""
    groups = in_groups(weight, group)
    best = torch.ones_like(groups[..., :1])
    best_error = torch.full_like(best, float("inf"))
    for step in range(TRIED_SCALES):
        part = 1.0 - step / 40.0
        error = (quantised(groups, limit, part) - groups).square().sum(-1, keepdim=True)
        better = error < best_error
        best = torch.where(better, part, best)
        best_error = torch.where(better, error, best_error)
    return best


def straight_through(weight, group, limit, parts, steps=False):
    """The nearest values that can be stored; the gradient is that of the weights themselves."""
    if steps:
        groups = in_groups(weight.detach(), group, stepped.with_the_last)
        near = stepped.quantised(groups, limit, parts)
    else:
        near = quantised(in_groups(weight.detach(), group), limit, parts)
    near = near.view(weight.shape[0], -1)[:, : weight.shape[1]]
    return weight + (near - weight).detach()


class FakeQuantiser:
    """Quantises matrices on their way into products. Its state is the scales chosen for 4 bits."""

    def __init__(self, options):
        self.options = options
        self.on = False
        self.parts = {}
        self.near = straight_through

    def compile(self):
        """A dozen operations for each matrix are one kernel then."""
        self.near = torch.compile(straight_through, dynamic=False)

    def has_steps(self, outer):
        options = self.options
        return (options.outer_bits if outer else options.bits) == 4 and options.steps > 0

    def limit(self, outer):
        bits = self.options.outer_bits if outer else self.options.bits
        return limit_of(8 if self.has_steps(outer) else bits, self.options.weight_max)

    def search(self, named_matrices):
        """Chooses the scales of 4-bit matrices anew; `named_matrices` are those inside the blocks."""
        if self.options.bits != 4:
            return
        group, limit = self.options.group, self.limit(False)
        for name, weight in named_matrices:
            if self.has_steps(False):
                groups = in_groups(weight.detach(), group, stepped.with_the_last)
                self.parts[name] = stepped.best_ends(groups, limit)
            else:
                self.parts[name] = best_parts(weight, group, limit)

    def __call__(self, name, weight, outer=False):
        if not self.on:
            return weight
        near = self.near if torch.is_grad_enabled() else straight_through
        steps = self.has_steps(outer)
        parts = self.parts.get(name, (1.0, 1.0) if steps else 1.0)
        return near(weight, self.options.group, self.limit(outer), parts, steps)
