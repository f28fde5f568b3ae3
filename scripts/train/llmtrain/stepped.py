"""Four bits as the importer stores them: 32 columns of a row share a step and an offset.

The rule is that of src/model/rounding.rs. A row (or group) has the scale that it would have with 8
bits; in whole numbers of it, a weight is ((step * q + 4) >> 3) + offset, for q from 0 to 15. The
importer tries narrower ranges of a step at either end, and some steps and offsets beside; here only
the ranges are tried, so its errors are no larger than these.
"""

import torch

SMALLEST = 2.0**-60
STEP_COLS = 32
EIGHTHS = 8.0
# By how much a range is narrowed at either end, in parts of 1/20 of its half.
TRIED_ENDS = 5


def with_the_last(values, multiple):
    """As many columns as make a multiple: the last one again and again, which changes no range."""
    missing = -values.shape[-1] % multiple
    last = values[..., -1:].expand(*values.shape[:-1], missing)
    return torch.cat([values, last], -1) if missing else values


def in_bytes(groups, limit):
    """(rows, groups, steps, 32) in bytes that are not yet whole, and the scale of each group."""
    largest = groups.abs().amax(-1, keepdim=True)
    bytes_in_one = torch.where(largest < SMALLEST, 0.0, limit / largest)
    blocks = with_the_last(groups * bytes_in_one, STEP_COLS).unflatten(-1, (-1, STEP_COLS))
    return blocks, (largest / limit).unsqueeze(-1)


def rounded(blocks, limit, ends):
    """The nearest that can be stored; `ends` are the parts of each half of a range."""
    low, high = blocks.amin(-1, keepdim=True), blocks.amax(-1, keepdim=True)
    middle, half = (low + high) / 2, (high - low) / 2
    low, high = middle - half * ends[0], middle + half * ends[1]
    step = ((high - low) * (EIGHTHS / 15)).round().clamp(1, 255)
    offset = low.round().clamp(-limit, limit)
    q = ((blocks - offset) * (EIGHTHS / step)).clamp(0, 15).round()
    # With x whole, (x + 4) >> 3 is what is nearest to (x + 1/2) / 8, which is never half way.
    return (((step * q + 0.5) / EIGHTHS).round() + offset).clamp(-limit, limit)


def quantised(groups, limit, ends=(1.0, 1.0)):
    blocks, scale = in_bytes(groups, limit)
    return (rounded(blocks, limit, ends) * scale).flatten(-2)[..., : groups.shape[-1]]


def best_ends(groups, limit):
    """For each step, the parts of its range that spoil it least: (2, rows, groups, steps, 1)."""
    blocks, _ = in_bytes(groups, limit)
    best = torch.ones(2, *blocks.shape[:-1], 1, device=blocks.device)
    best_error = torch.full_like(best[0], float("inf"))
    for below in range(TRIED_ENDS):
        for above in range(TRIED_ENDS):
            ends = (1 - below / 20, 1 - above / 20)
            error = (rounded(blocks, limit, ends) - blocks).square().sum(-1, keepdim=True)
            better = error < best_error
            best_error = torch.where(better, error, best_error)
            for i in (0, 1):
                best[i] = torch.where(better, ends[i], best[i])
    return best
