"""A model that goes on learning from what it has just predicted, lane by lane as the codec runs it.

Lanes advance together, some tokens of each at a time; what a lane has seen stays in its caches, and the gradient of a
step does not reach into them. Everything is in float: this says what learning could buy, not what the program does.
"""

import torch
import torch.nn.functional as F

from llmtrain.attention import visible
from llmtrain.model import MATRICES, norm


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

    def attend(self, index):
        """Attention of a block over what its lanes have seen and what they see now."""

        def attend(q, k, v, window):
            if self.seen[index] is not None:
                k, v = (torch.cat(pair, 2) for pair in zip(self.seen[index], (k, v)))
            self.seen[index] = k[:, :, -window:].detach(), v[:, :, -window:].detach()
            n, n_keys = q.shape[2], k.shape[2]
            sees = visible(n, n_keys, n_keys - n, window, q.device)
            return F.scaled_dot_product_attention(q, k, v, attn_mask=sees, enable_gqa=True)

        return attend

    def logits(self, ids):
        """Of the tokens after (lanes, n) more ones."""
        model = self.model
        cos, sin = model.angles(self.position, ids.shape[1], ids.device)
        self.position += ids.shape[1]
        x = F.embedding(ids, model.embed_tokens)
        for i, layer in enumerate(model.layers):
            weights = [getattr(layer, name) for name in MATRICES]
            x = x + layer.attention(self.branch(x, "attention"), cos, sin, weights[:4], self.attend(i))
            x = x + layer.feed_forward(self.branch(x, "feed_forward"), weights[4:])
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
        fitting = [rate for part, rate in rates.items() if part in name]
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
            gradients = torch.autograd.grad(loss, [named[name] for name in learning])
            with torch.no_grad():
                for (name, rate), gradient in zip(learning.items(), gradients):
                    named[name] -= rate * gradient
    return total
