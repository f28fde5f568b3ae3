"""Qwen3's transformer, with a sliding window: the same mathematics as llmzip's engine in float.

Parameters bear the names of the Hugging Face layout without its "model." and ".weight".
"""

import torch
import torch.nn.functional as F
from torch import nn

from llmtrain import attention
from llmtrain.cross_entropy import chunk_of, losses, mean_loss

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def norm(x, weight, eps):
    scale = torch.rsqrt(x.float().square().mean(-1, keepdim=True) + eps)
    return x * scale * weight


def rotate(x, cos, sin):
    """Turns pairs of the first and the second half of each head by their position's angles."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def matrix(rows, cols):
    return nn.Parameter(torch.empty(rows, cols))


class Block(nn.Module):
    def __init__(self, shape, window, dtype, attend):
        super().__init__()
        self.shape, self.window, self.dtype, self.attend = shape, window, dtype, attend
        self.trained = self.forward
        hidden, wide = shape.hidden, shape.feed_forward
        query, key = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        self.q_proj, self.k_proj = matrix(query, hidden), matrix(key, hidden)
        self.v_proj, self.o_proj = matrix(key, hidden), matrix(hidden, query)
        self.gate_proj, self.up_proj = matrix(wide, hidden), matrix(wide, hidden)
        self.down_proj = matrix(hidden, wide)
        self.input_layernorm = nn.Parameter(torch.ones(hidden))
        self.post_attention_layernorm = nn.Parameter(torch.ones(hidden))
        self.q_norm = nn.Parameter(torch.ones(shape.head_dim))
        self.k_norm = nn.Parameter(torch.ones(shape.head_dim))

    def forward(self, x, cos, sin, weights):
        """x is (batch, n, hidden) in float32; `weights` are the block's matrices, quantised or not."""
        x = x + self.attention(x, cos, sin, weights[:4], self.attend)
        return x + self.feed_forward(x, weights[4:])

    def attention(self, x, cos, sin, weights, attend):
        """What is added to x for `weights` of q, k, v and o; `attend` as those of attention.py."""
        shape, eps = self.shape, self.shape.norm_eps
        q_proj, k_proj, v_proj, o_proj = weights
        batch, n, _ = x.shape
        h = norm(x, self.input_layernorm, eps).to(self.dtype)
        heads = (batch, n, -1, shape.head_dim)
        # Few long products instead of many short ones.
        sizes = [q_proj.shape[0], k_proj.shape[0], v_proj.shape[0]]
        q, k, v = F.linear(h, torch.cat([q_proj, k_proj, v_proj])).split(sizes, -1)
        q = norm(q.view(heads), self.q_norm, eps).transpose(1, 2)
        k = norm(k.view(heads), self.k_norm, eps).transpose(1, 2)
        v = v.view(heads).transpose(1, 2)
        q, k = rotate(q, cos, sin).to(self.dtype), rotate(k, cos, sin).to(self.dtype)
        mixed = attend(q, k, v, self.window).transpose(1, 2).reshape(batch, n, -1)
        return F.linear(mixed, o_proj)

    def feed_forward(self, x, weights):
        """What is added to x for `weights` of gate, up and down."""
        gate_proj, up_proj, down_proj = weights
        h = norm(x, self.post_attention_layernorm, self.shape.norm_eps).to(self.dtype)
        gate, up = F.linear(h, torch.cat([gate_proj, up_proj])).chunk(2, -1)
        return F.linear(F.silu(gate) * up, down_proj)


MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Transformer(nn.Module):
    def __init__(self, shape, products="float32", attend=attention.blocks, quantiser=None):
        super().__init__()
        self.shape, self.dtype, self.quantiser = shape, DTYPES[products], quantiser
        self.embed_tokens = matrix(shape.vocabulary, shape.hidden)
        blocks = (Block(shape, window, self.dtype, attend) for window in shape.windows())
        self.layers = nn.ModuleList(blocks)
        self.norm = nn.Parameter(torch.ones(shape.hidden))
        if not shape.tied:
            self.lm_head = matrix(shape.vocabulary, shape.hidden)
        self.chunk, self.trained_norm = chunk_of, norm
        powers = torch.arange(0, shape.head_dim, 2, dtype=torch.float64) / shape.head_dim
        self.register_buffer("inv_freq", shape.rope_base**-powers, persistent=False)

    def initialise(self, seed):
        """Normal with deviation 0.02; blocks begin by adding nothing."""
        dice = torch.Generator().manual_seed(seed)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                still = name.endswith(("o_proj", "down_proj"))
                drawn = torch.randn(weight.shape, generator=dice) * (0.0 if still else 0.02)
                weight.data.copy_(drawn)

    def compile(self):
        """For training; one compiled block serves all layers of a window. Evaluation stays as it was, since
        every other size of batch would be compiled anew."""
        for layer in self.layers:
            layer.trained = torch.compile(layer.forward, dynamic=False)
        self.chunk = torch.compile(chunk_of, dynamic=False)
        self.trained_norm = torch.compile(norm, dynamic=False)
        if self.quantiser:
            self.quantiser.compile()

    def matrices(self):
        """The matrices inside the blocks, by name."""
        for name, weight in self.named_parameters():
            if name.startswith("layers.") and weight.dim() == 2:
                yield name, weight

    def stored(self, name, weight, outer=False):
        return self.quantiser(name, weight, outer) if self.quantiser else weight

    def embedding(self):
        return self.stored("embed_tokens", self.embed_tokens, outer=True)

    def angles(self, first, n, device):
        """Cosines and sines of the angles of n places."""
        places = torch.arange(first, first + n, device=device, dtype=torch.float64)
        angles = torch.outer(places, self.inv_freq)
        return angles.cos().float(), angles.sin().float()

    def hidden(self, ids, embedding):
        """The last norm's rows for (batch, n) tokens."""
        x = F.embedding(ids, embedding)
        cos, sin = self.angles(0, ids.shape[1], ids.device)
        for i, layer in enumerate(self.layers):
            stored = (self.stored(f"layers.{i}.{m}", getattr(layer, m)) for m in MATRICES)
            run = layer.trained if torch.is_grad_enabled() else layer.forward
            x = run(x, cos, sin, [weight.to(self.dtype) for weight in stored])
        last = self.trained_norm if torch.is_grad_enabled() else norm
        return last(x, self.norm, self.shape.norm_eps).to(self.dtype)

    def output(self, embedding):
        return embedding if self.shape.tied else self.stored("lm_head", self.lm_head, outer=True)

    def rows(self, ids):
        embedding = self.embedding()
        return self.hidden(ids, embedding).flatten(0, 1), self.output(embedding)

    def loss(self, ids, targets):
        """Mean loss in nats."""
        hidden, output = self.rows(ids)
        return mean_loss(hidden, output, targets.flatten(), self.chunk)

    @torch.no_grad()
    def losses(self, ids, targets):
        """Loss of each target in nats."""
        hidden, output = self.rows(ids)
        return losses(hidden, output, targets.flatten()).view(targets.shape)

    @torch.no_grad()
    def logits(self, ids):
        hidden, output = self.rows(ids)
        return (hidden @ output.to(hidden.dtype).t()).float().view(*ids.shape, -1)
