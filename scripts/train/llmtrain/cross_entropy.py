"""Cross entropy of the next token, some rows at a time.

The logits of a batch would be its largest tensor by far, and go through memory several times. So
each chunk's logits are made, turned into loss and gradient at once, and forgotten: the forward pass
computes the gradients of the hidden rows and of the output matrix too.
"""

import torch

CHUNK_ROWS = 512
# A GPU wants long products, and has room for their logits.
CHUNK_ROWS_GPU = 8192


def chunk_rows(device):
    return CHUNK_ROWS if device.type == "cpu" else CHUNK_ROWS_GPU


def chunk_of(hidden, output, targets, weight):
    """Sum of the losses, and the gradient of `weight` times their sum by the logits."""
    logits = (hidden @ output.t()).float()
    largest = logits.amax(-1, keepdim=True)
    exps = torch.exp(logits - largest)
    sums = exps.sum(-1, keepdim=True)
    losses = torch.log(sums) + largest - logits.gather(1, targets[:, None])
    # A comparison, not a scatter: the compiler makes one pass of all this.
    columns = torch.arange(logits.shape[1], device=logits.device)
    expected = (columns == targets[:, None]).float()
    slopes = (exps / sums - expected) * weight
    return losses.sum(), slopes.to(hidden.dtype)


class MeanLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, hidden, output, targets, chunk):
        n = hidden.shape[0]
        matrix = output.to(hidden.dtype)
        d_hidden = torch.empty_like(hidden)
        d_output = torch.zeros(output.shape, device=output.device)
        loss = torch.zeros((), device=hidden.device)
        step = chunk_rows(hidden.device)
        for start in range(0, n, step):
            rows = slice(start, start + step)
            losses, slopes = chunk(hidden[rows], matrix, targets[rows], 1.0 / n)
            loss += losses
            d_hidden[rows] = slopes @ matrix
            d_output += slopes.t() @ hidden[rows]
        ctx.save_for_backward(d_hidden, d_output)
        return loss / n

    @staticmethod
    def backward(ctx, slope):
        d_hidden, d_output = ctx.saved_tensors
        return d_hidden * slope.to(d_hidden.dtype), d_output * slope, None, None


def mean_loss(hidden, output, targets, chunk=chunk_of):
    """Mean loss in nats of (rows, width) against (rows,) targets."""
    return MeanLoss.apply(hidden, output, targets, chunk)


@torch.no_grad()
def losses(hidden, output, targets):
    """The loss of each row, without gradients."""
    matrix = output.to(hidden.dtype)
    parts, step = [], chunk_rows(hidden.device)
    for start in range(0, hidden.shape[0], step):
        rows = slice(start, start + step)
        logits = (hidden[rows] @ matrix.t()).float()
        parts.append(torch.nn.functional.cross_entropy(logits, targets[rows], reduction="none"))
    return torch.cat(parts)
