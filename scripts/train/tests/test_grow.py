"""Layers with windows of their own, and models grown from smaller ones."""

import dataclasses
import pathlib
import tempfile
import unittest

import torch

import grow
from llmtrain import hugging_face
from llmtrain.config import Shape
from llmtrain.model import Transformer

torch.set_num_threads(1)

SHAPE = Shape(vocabulary=300, hidden=64, layers=3, heads=2, kv_heads=1, feed_forward=96, window=40)


def model_of(shape):
    """Random weights, outputs of blocks too."""
    model = Transformer(shape)
    dice = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=dice) * 0.1)
    return model


def ids(n):
    return torch.randint(0, SHAPE.vocabulary, (2, n), generator=torch.Generator().manual_seed(2))


class Windows(unittest.TestCase):
    def test_reach_as_far_as_all_layers_together(self):
        shape = dataclasses.replace(SHAPE, local_layers=[0, 2], local_window=3)
        self.assertEqual(shape.windows(), [3, 40, 3])
        model, before = model_of(shape), ids(60)
        # Two steps back in each local layer, 39 in the one that sees the window.
        last, reach = 59, 2 + 39 + 2
        for changed, reaches in ((last - reach, True), (last - reach - 1, False)):
            after = before.clone()
            after[:, changed] = (after[:, changed] + 1) % shape.vocabulary
            same = torch.equal(model.logits(before)[:, last], model.logits(after)[:, last])
            self.assertNotEqual(same, reaches, changed)

    def test_are_checked(self):
        for wrong in ({"local_layers": [3]}, {"local_layers": [0], "local_window": 41}):
            with self.assertRaises(SystemExit):
                dataclasses.replace(SHAPE, **{"local_window": 8, **wrong}).check()

    def test_come_back_from_the_published_form(self):
        shape = dataclasses.replace(SHAPE, local_layers=[1, 2], local_window=8)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "tokenizer.json").write_text("{}")
            hugging_face.write(model_of(shape), 0, folder / "tokenizer.json", folder / "out")
            self.assertEqual(hugging_face.read_shape(folder / "out"), (shape, 0))


class Growing(unittest.TestCase):
    def test_a_grown_model_computes_what_the_old_one_did(self):
        old = model_of(SHAPE)
        origins = grow.origins_of(SHAPE.layers, [0, 2])
        self.assertEqual(origins, [0, 0, 1, 2, 2])
        new = Transformer(dataclasses.replace(SHAPE, layers=len(origins)))
        grow.grown(old, new, origins)
        text = ids(50)
        torch.testing.assert_close(new.logits(text), old.logits(text), atol=1e-5, rtol=1e-5)
        copied = torch.equal(new.layers[4].gate_proj, old.layers[2].gate_proj)
        self.assertTrue(copied and not new.layers[4].down_proj.any())


if __name__ == "__main__":
    unittest.main()
