"""Bits per byte of held-out text."""

import math

import numpy as np
import torch

SEQUENCES_AT_ONCE = 8


def windows(ids, length, n):
    """n sequences of length + 1 tokens, evenly spaced; 0 for all, end to end."""
    last = len(ids) - length - 1
    if last < 0:
        return np.asarray(ids, np.int64)[None, :]
    fitting = last // length + 1
    if n == 0 or n >= fitting:
        starts = np.arange(fitting) * length
    else:
        starts = np.linspace(0, last, n).astype(np.int64)
    return np.stack([ids[s : s + length + 1] for s in starts]).astype(np.int64)


def bits_per_byte(model, tokens, length, n, device):
    """By category, and their mean. Start tokens inside the text count as bits, not as bytes, as in
    builtin-v0's figures."""
    n_bytes_of = tokens.token_bytes()
    result = {}
    for category in tokens.categories("heldout"):
        ids = tokens.ids("heldout", category)
        if len(ids) < 2:
            continue
        chosen = windows(ids, length, n)
        nats = 0.0
        for batch in np.split(chosen, range(SEQUENCES_AT_ONCE, len(chosen), SEQUENCES_AT_ONCE)):
            ids = torch.from_numpy(batch).to(device)
            nats += model.losses(ids[:, :-1], ids[:, 1:]).double().sum().item()
        n_bytes = int(n_bytes_of[chosen[:, 1:]].sum())
        result[category] = nats / math.log(2) / n_bytes
    if result:
        result["mean"] = sum(result.values()) / len(result)
    return {name: round(value, 5) for name, value in result.items()}
