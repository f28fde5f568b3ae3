"""Learning while coding, against the model as it is run for training."""

import unittest

import torch

from llmtrain import adapt
from llmtrain.config import Shape
from llmtrain.model import Transformer


def tiny():
    shape = Shape(vocabulary=300, hidden=64, layers=2, heads=2, kv_heads=1, feed_forward=128)
    shape.window, shape.local_layers, shape.local_window = 24, [0], 8
    model = Transformer(shape)
    model.initialise(5)
    dice = torch.Generator().manual_seed(6)
    for layer in model.layers:
        for matrix in (layer.o_proj, layer.down_proj):
            matrix.data.copy_(torch.randn(matrix.shape, generator=dice) * 0.1)
    return model, torch.randint(0, 300, (2, 50), generator=dice)


class Adapting(unittest.TestCase):
    def test_pieces_give_what_the_whole_gives(self):
        model, ids = tiny()
        cached = adapt.Cached(model)
        with torch.no_grad():
            pieces = [cached.logits(ids[:, at : at + 7]) for at in range(0, 50, 7)]
        torch.testing.assert_close(torch.cat(pieces, 1), model.logits(ids), rtol=1e-4, atol=1e-4)

    def test_lanes_are_fed_what_came_before(self):
        fed, came = adapt.lanes_of([7, 8, 9, 10, 11], 2, start=1)
        self.assertEqual(fed.tolist(), [[1, 7, 8], [1, 10, 0]])
        self.assertEqual(came.tolist(), [[7, 8, 9], [10, 11, -100]])

    def test_what_repeats_is_learned_by_the_parts_that_learn(self):
        still, _ = tiny()
        fed, came = adapt.lanes_of([3, 50, 7, 120] * 60, 2, start=0)
        before = adapt.nats(still, fed, came, 4, {})
        for rates in ({"output": 0.01}, {"down_proj": 0.01}, {"gate_proj": 0.01, "up_proj": 0.01}):
            for through in ([], ["feed_forward"], ["attention", "feed_forward"]):
                model, _ = tiny()
                after = adapt.nats(model, fed, came, 4, rates, through)
                self.assertLess(after, before, f"{rates} {through}")
                moved = {n for (n, a), b in zip(model.named_parameters(), still.parameters()) if not a.equal(b)}
                parts = {name.rsplit(".")[-1] for name in moved}
                self.assertEqual(parts, set(rates) - {"output"})


if __name__ == "__main__":
    unittest.main()
