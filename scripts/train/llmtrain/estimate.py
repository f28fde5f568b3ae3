"""What a shape costs before anybody trains it: weights, megabytes, work per token and per byte."""

# The tokenizer, the start values and the header of a .llmw, roughly, in bytes per token of the
# vocabulary: builtin-v0's tokenizer is 62 KB for 8,192.
TOKENIZER_BYTES = 8
# The mixer's start values, padding and the rest: what builtin-v0's file has beyond this estimate.
FIXED_BYTES = 120_000
# A scale and a correction for each row and group.
GROUP_BYTES = 8


def products(shape):
    """(rows, cols) of each matrix inside a block."""
    query, key = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    hidden, wide = shape.hidden, shape.feed_forward
    return [(query + 2 * key, hidden), (hidden, query), (2 * wide, hidden), (hidden, wide)]


def block_weights(shape):
    return sum(rows * cols for rows, cols in products(shape))


def outer_weights(shape):
    return shape.vocabulary * shape.hidden * (1 if shape.tied else 2)


def parameters(shape):
    norms = shape.layers * (2 * shape.hidden + 2 * shape.head_dim) + shape.hidden
    return shape.layers * block_weights(shape) + outer_weights(shape) + norms


def megabytes(shape, bits, group):
    """Of the .llmw: blocks with `bits`, the embedding and the output with 8."""
    matrices = [m for _ in range(shape.layers) for m in products(shape)]
    outer = [(shape.vocabulary, shape.hidden)] * (1 if shape.tied else 2)
    n_groups = sum(rows * -(-cols // (group or cols)) for rows, cols in matrices + outer)
    n_bytes = shape.layers * block_weights(shape) * bits / 8 + outer_weights(shape)
    n_bytes += n_groups * GROUP_BYTES + shape.vocabulary * TOKENIZER_BYTES + FIXED_BYTES
    return n_bytes / 1e6


def token_work(shape):
    """Multiplications per token: in products, and in attention with its window full."""
    in_products = shape.layers * block_weights(shape) + shape.vocabulary * shape.hidden
    in_attention = 2 * sum(shape.windows()) * shape.heads * shape.head_dim
    return in_products, in_attention
