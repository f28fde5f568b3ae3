"""Causal attention over a sliding window, three ways that agree: a query sees itself and the
window - 1 positions before it.

- blocks: products of a block of queries with the keys that it can see. The way for CPUs: what lies
  outside the window is never computed, and autograd's plain products beat the fused kernel, whose
  backward pass is slow there.
- sdpa: PyTorch's fused kernel; with an explicit mask where the window is shorter than the sequence.
- flex: the compiled kernel of CUDA, which skips what the window hides.

q is (batch, heads, n, head_dim), k and v have kv_heads; heads of one group lie together.
"""

import torch
import torch.nn.functional as F

BLOCK = 128


def visible(n_queries, n_keys, first_query, window, device):
    """True where query first_query + i sees key j."""
    query = first_query + torch.arange(n_queries, device=device)[:, None]
    key = torch.arange(n_keys, device=device)[None, :]
    return (key <= query) & (query - key < window)


def blocks(q, k, v, window):
    batch, heads, n, width = q.shape
    kv_heads = k.shape[1]
    groups = heads // kv_heads
    q = (q * width**-0.5).view(batch, kv_heads, groups, n, width)
    out = []
    for start in range(0, n, BLOCK):
        end = min(start + BLOCK, n)
        first = max(start - window + 1, 0)
        rows = q[:, :, :, start:end].reshape(batch, kv_heads, groups * (end - start), width)
        scores = (rows @ k[:, :, first:end].transpose(-1, -2)).float()
        seen = visible(end - start, end - first, start - first, window, q.device)
        scores = scores.masked_fill(~seen.repeat(groups, 1), float("-inf"))
        mixed = torch.softmax(scores, -1).to(v.dtype) @ v[:, :, first:end]
        out.append(mixed.view(batch, kv_heads, groups, end - start, width))
    return torch.cat(out, 3).view(batch, heads, n, width)


def sdpa(q, k, v, window):
    n = q.shape[2]
    if window >= n:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    mask = visible(n, n, 0, window, q.device)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)


class Flex:
    """flex_attention, with the blocks that the window leaves worked out beforehand.

    Only compiled is it fast: outside of a compiled block, where held-out text is looked at, a GPU takes
    `sdpa`. On a CPU it is for tests.
    """

    def __init__(self, windows, sequence, device):
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention

        self.device = device
        self.create, self.attend = create_block_mask, flex_attention
        self.masks = {}
        for window in windows:
            self.mask_of(sequence, window)

    def mask_of(self, n, window):
        if (n, window) not in self.masks:

            def sees(batch, head, query, key):
                return (key <= query) & (query - key < window)

            mask = self.create(sees, None, None, n, n, device=self.device)
            self.masks[n, window] = mask
        return self.masks[n, window]

    def __call__(self, q, k, v, window):
        if self.device.type == "cuda" and not torch.compiler.is_compiling():
            return sdpa(q, k, v, window)
        mask = self.mask_of(q.shape[2], window)
        return self.attend(q, k, v, block_mask=mask, enable_gqa=True)


def choose(name, device, windows, sequence):
    """A way by its name; for "auto" the one that suits the device."""
    if name == "auto" and device.type == "cpu":
        name = "blocks"
    elif name == "auto":
        name = "sdpa" if min(windows) >= sequence else "flex"
    if name == "flex":
        return Flex(windows, sequence, device)
    return {"blocks": blocks, "sdpa": sdpa}[name]
