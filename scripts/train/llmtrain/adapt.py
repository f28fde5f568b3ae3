"""A model that goes on learning from what it has just predicted, lane by lane as the codec runs it.

Lanes advance together, some tokens of each at a time; what a lane has seen stays in its caches, and the gradient of a
step does not reach into them. Everything is in float: this says what learning could buy, not what the program does.
"""

import torch
import torch.nn.functional as F

from llmtrain.attention import visible
from llmtrain.model import norm, rotate


class Cached:
    """The forward pass of a `Transformer` over lanes that go on."""

    def __init__(self, model, through=("attention", "feed_forward")):
        """`through` names the branches that a gradient passes on its way back; it always passes the residual stream."""
        self.model, self.through = model, through
        self.seen = [None] * len(model.layers)
        self.position = 0
        # A copy: what the output learns is not what the embedding says.
        self.output = model.output(model.embedding()).detach().clone()

    def branch(self, x, name):
        return x if name in self.through else x.detach()

    def attention(self, index, x, cos, sin, window):
        layer, shape = self.model.layers[index], self.model.shape
        batch, n, _ = x.shape
        h = norm(self.branch(x, "attention"), layer.input_layernorm, shape.norm_eps)
        heads = (batch, n, -1, shape.head_dim)
        q = norm(F.linear(h, layer.q_proj).view(heads), layer.q_norm, shape.norm_eps).transpose(1, 2)
        k = norm(F.linear(h, layer.k_proj).view(heads), layer.k_norm, shape.norm_eps).transpose(1, 2)
        v = F.linear(h, layer.v_proj).view(heads).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if self.seen[index] is not None:
            k, v = (torch.cat(pair, 2) for pair in zip(self.seen[index], (k, v)))
        self.seen[index] = k[:, :, -window:].detach(), v[:, :, -window:].detach()
        sees = visible(n, k.shape[2], k.shape[2] - n, window, x.device)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=sees, enable_gqa=True)
        return F.linear(mixed.transpose(1, 2).reshape(batch, n, -1), layer.o_proj)

    def feed_forward(self, layer, x):
        h = norm(self.branch(x, "feed_forward"), layer.post_attention_layernorm, self.model.shape.norm_eps)
        return F.linear(F.silu(F.linear(h, layer.gate_proj)) * F.linear(h, layer.up_proj), layer.down_proj)

    def logits(self, ids):
        """Of the tokens after (lanes, n) more ones."""
        model = self.model
        places = torch.arange(self.position, self.position + ids.shape[1], dtype=torch.float64)
        self.position += ids.shape[1]
        angles = torch.outer(places, model.inv_freq)
        cos, sin = angles.cos().float(), angles.sin().float()
        x = F.embedding(ids, model.embed_tokens)
        for i, window in enumerate(model.shape.windows()):
            x = x + self.attention(i, x, cos, sin, window)
            x = x + self.feed_forward(model.layers[i], x)
        return norm(x, model.norm, model.shape.norm_eps) @ self.output.t()


def lanes_of(ids, n_lanes, start):
    """What each lane is fed and what comes then, (lanes, n) each; -100 where a lane is over."""
    each = -(-len(ids) // n_lanes)
    fed, came = torch.zeros(n_lanes, each, dtype=torch.long), torch.full((n_lanes, each), -100)
    for i in range(n_lanes):
        lane = torch.tensor(ids[i * each : (i + 1) * each], dtype=torch.long)
        came[i, : len(lane)] = lane
        fed[i, 0] = start
        fed[i, 1 : len(lane)] = lane[:-1]
    return fed, came


def nats(model, fed, came, steps, rates, through=("attention", "feed_forward")):
    """What all tokens cost a model that moves against the sum of the gradients of every `steps` steps of each lane.

    `rates` are by part of a parameter's name, the last that fits; the output layer's is `output`.
    """
    cached = Cached(model, through)
    named = {**dict(model.named_parameters()), "output": cached.output}
    learning = {}
    for name, parameter in named.items():
        fitting = [rate for part, rate in rates.items() if part in name and name != "embed_tokens"]
        parameter.requires_grad_(bool(fitting))
        if fitting:
            learning[name] = fitting[-1]
    total = 0.0
    for at in range(0, fed.shape[1], steps):
        with torch.set_grad_enabled(bool(learning)):
            logits = cached.logits(fed[:, at : at + steps]).flatten(0, 1)
            loss = F.cross_entropy(logits, came[:, at : at + steps].flatten(), ignore_index=-100, reduction="sum")
        total += loss.item()
        if learning:
            gradients = torch.autograd.grad(loss, [named[name] for name in learning], allow_unused=True)
            with torch.no_grad():
                for (name, rate), gradient in zip(learning.items(), gradients):
                    if gradient is not None:
                        named[name] -= rate * gradient
    return total
