"""Muon: momentum, made orthogonal, for the matrices inside the blocks.

All singular values of an update become about 1, so every direction of a matrix learns at one speed.
Matrices of one shape go through the iteration together.
"""

import torch

# Of the quintic iteration; they bring singular values near 1 in five rounds, not exactly to it.
A, B, C = 3.4445, -4.7750, 2.0315
ROUNDS = 5


def orthogonal(updates):
    """About U V^T of each matrix of a stack (n, rows, cols)."""
    x = updates.to(torch.bfloat16)
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.transpose(1, 2)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ROUNDS):
        s = x @ x.transpose(1, 2)
        x = A * x + (B * s + C * (s @ s)) @ x
    if tall:
        x = x.transpose(1, 2)
    return x.float()


class Muon:
    def __init__(self, named_matrices, momentum, decay):
        self.matrices = dict(named_matrices)
        self.momentum, self.decay = momentum, decay
        self.buffers = {name: torch.zeros_like(w) for name, w in self.matrices.items()}
        self.stacks = {}
        for name, weight in self.matrices.items():
            self.stacks.setdefault(tuple(weight.shape), []).append(name)

    @torch.no_grad()
    def step(self, rate):
        for (rows, cols), names in self.stacks.items():
            weights = [self.matrices[name] for name in names]
            buffers = [self.buffers[name] for name in names]
            slopes = [weight.grad for weight in weights]
            torch._foreach_lerp_(buffers, slopes, 1 - self.momentum)
            # Nesterov: the momentum as it would be after one more such slope.
            updates = orthogonal(torch.stack(torch._foreach_lerp(slopes, buffers, self.momentum)))
            scale = rate * max(1, rows / cols) ** 0.5
            torch._foreach_mul_(weights, 1 - rate * self.decay)
            torch._foreach_add_(weights, list(updates.unbind()), alpha=-scale)

    def state(self):
        return self.buffers

    def load(self, state):
        for name, buffer in self.buffers.items():
            buffer.copy_(state[name])
