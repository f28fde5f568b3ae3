"""Weights as the importer stores them, with gradients that pass straight through.

The rule is that of src/model/weights.rs: per row and group, scale = largest / limit, weights are
w * (limit / largest) rounded half to even; a group whose largest is below 2^-60 is all zeros. For
4 bits the importer tries 20 scales, from that one down in steps of 1/40, and takes the one with the
smallest squared error.
"""

import torch

SMALLEST = 2.0**-60
TRIED_SCALES = 20


def limit_of(bits, weight_max):
    return {8: weight_max, 6: 31, 4: 7}[bits]


def in_groups(weight, group):
    """(rows, groups, group): the last group filled up with zeros, which change no largest value."""
    rows, cols = weight.shape
    group = min(group, cols) or cols
    missing = -cols % group
    if missing:
        weight = torch.nn.functional.pad(weight, (0, missing))
    return weight.view(rows, -1, group)


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


def straight_through(weight, group, limit, parts):
    """The nearest values that can be stored; the gradient is that of the weights themselves."""
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

    def limit(self, outer):
        bits = self.options.outer_bits if outer else self.options.bits
        return limit_of(bits, self.options.weight_max)

    def search(self, named_matrices):
        """Chooses the scales of 4-bit matrices anew; `named_matrices` are those inside the blocks."""
        if self.options.bits == 4:
            for name, weight in named_matrices:
                self.parts[name] = best_parts(weight, self.options.group, self.limit(False))

    def __call__(self, name, weight, outer=False):
        if not self.on:
            return weight
        near = self.near if torch.is_grad_enabled() else straight_through
        return near(weight, self.options.group, self.limit(outer), self.parts.get(name, 1.0))
