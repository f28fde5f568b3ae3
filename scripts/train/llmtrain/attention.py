"""Causal attention over a sliding window, three ways that agree: a query sees itself and the
window - 1 positions before it.

- blocks: products of a block of queries with the keys that it can see. The way for CPUs: what lies
  outside the window is never computed, and autograd's plain products beat the fused kernel, whose
  backward pass is slow there.
- sdpa: PyTorch's fused kernel; with an explicit mask where the window is shorter than the sequence.
- flex: the compiled kernel of CUDA, which skips what the window hides.

q is (batch, heads, n, head_dim), k and v have kv_heads; heads of one group lie together.
"""

import functools

import torch
import torch.nn.functional as F

BLOCK = 128


def visible(n_queries, n_keys, first_query, window, device):
    """True where query first_query + i sees key j."""
    query = first_query + torch.arange(n_queries, device=device)[:, None]
    key = torch.arange(n_keys, device=device)[None, :]
    return (key <= query) & (query - key < window)


@functools.lru_cache(64)
def block_mask(n_queries, n_keys, first_query, window, groups, dtype):
    """0 where a query sees, -inf elsewhere, once for each head of a group; None if all is seen."""
    seen = visible(n_queries, n_keys, first_query, window, "cpu")
    if seen.all():
        return None
    mask = torch.zeros(n_queries, n_keys, dtype=dtype).masked_fill(~seen, float("-inf"))
    return mask.repeat(groups, 1)


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
        mask = block_mask(end - start, end - first, start - first, window, groups, torch.float32)
        if mask is not None:
            scores = scores + mask.to(scores.device)
        mixed = torch.softmax(scores, -1).to(v.dtype) @ v[:, :, first:end]
        out.append(mixed.view(batch, kv_heads, groups, end - start, width))
    return torch.cat(out, 3).view(batch, heads, n, width)


def sdpa(q, k, v, window):
    n = q.shape[2]
    if window >= n:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    mask = visible(n, n, 0, window, q.device)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)


@functools.lru_cache(8)
def flex_parts(n, window, device):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    def sees(batch, head, query, key):
        return (key <= query) & (query - key < window)

    mask = create_block_mask(sees, None, None, n, n, device=device)
    return torch.compile(flex_attention, dynamic=False), mask


def flex(q, k, v, window):
    attend, mask = flex_parts(q.shape[2], window, str(q.device))
    return attend(q, k, v, block_mask=mask, enable_gqa=True)


WAYS = {"blocks": blocks, "sdpa": sdpa, "flex": flex}


def choose(name, device, window, sequence):
    if name != "auto":
        return WAYS[name]
    if device.type == "cpu":
        return blocks
    return sdpa if window >= sequence else flex
