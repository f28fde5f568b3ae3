"""The parts of the trainer against plain definitions of what they compute."""

import math
import pathlib
import tempfile
import unittest

import numpy as np
import torch
import torch.nn.functional as F

from llmtrain import attention, config, quantise
from llmtrain.cross_entropy import CHUNK_ROWS, mean_loss
from llmtrain.curve import Curve
from llmtrain.muon import orthogonal
from llmtrain.optimiser import rate_at

torch.set_num_threads(1)


def dice(seed):
    return torch.Generator().manual_seed(seed)


class Attention(unittest.TestCase):
    def inputs(self, n):
        q = torch.randn(2, 4, n, 16, generator=dice(n), requires_grad=True)
        k, v = (torch.randn(2, 2, n, 16, generator=dice(n + i), requires_grad=True) for i in (1, 2))
        return q, k, v

    def plain(self, q, k, v, window):
        """Query by query, each with the keys that it sees."""
        out = torch.empty_like(q)
        for head in range(q.shape[1]):
            keys, values = k[:, head // 2], v[:, head // 2]
            for i in range(q.shape[2]):
                seen = slice(max(0, i - window + 1), i + 1)
                scores = torch.einsum("bd,bkd->bk", q[:, head, i], keys[:, seen]) / 4
                out[:, head, i] = torch.einsum("bk,bkd->bd", scores.softmax(-1), values[:, seen])
        return out

    def test_all_ways_see_the_window_and_nothing_else(self):
        for n in (1, 127, 128, 129, 300):
            for window in (1, 2, 100, 128, 129, 299, 1000):
                q, k, v = self.inputs(n)
                with torch.no_grad():
                    expected = self.plain(q, k, v, window)
                flex = attention.choose("flex", torch.device("cpu"), [window, 5], n)
                for way in (attention.blocks, attention.sdpa, flex):
                    # flex has no gradients on a CPU.
                    got = way(q.detach(), k.detach(), v.detach(), window)
                    torch.testing.assert_close(got, expected, atol=2e-6, rtol=1e-5)

    def test_gradients_agree(self):
        q, k, v = self.inputs(200)
        slope = torch.randn(2, 4, 200, 16, generator=dice(9))
        of = lambda way: torch.autograd.grad(way(q, k, v, 70), (q, k, v), slope)
        for a, b in zip(of(attention.blocks), of(attention.sdpa)):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


class CrossEntropy(unittest.TestCase):
    def test_equals_the_plain_one_with_its_gradients(self):
        for n in (1, CHUNK_ROWS - 1, CHUNK_ROWS, 2 * CHUNK_ROWS + 7):
            hidden = torch.randn(n, 24, generator=dice(1), requires_grad=True)
            output = torch.randn(300, 24, generator=dice(2), requires_grad=True)
            targets = torch.randint(0, 300, (n,), generator=dice(3))
            plain = F.cross_entropy(hidden @ output.t(), targets)
            ours = mean_loss(hidden, output, targets)
            torch.testing.assert_close(ours, plain)
            a = torch.autograd.grad(plain * 3, (hidden, output))
            b = torch.autograd.grad(ours * 3, (hidden, output))
            for x, y in zip(a, b):
                torch.testing.assert_close(x, y, atol=1e-6, rtol=1e-4)


def round_half_even(x):
    """As the importer rounds: in float32, by adding 1.5 * 2^23 and taking it away."""
    return (x + np.float32(12_582_912)) - np.float32(12_582_912)


def importer(row, group, limit, search):
    """One row by the words of src/model/weights.rs, in numpy's float32."""
    row, limit, out = row.astype(np.float32), np.float32(limit), np.zeros_like(row)
    for start in range(0, len(row), group or len(row)):
        part = row[start : start + (group or len(row))]
        largest = np.abs(part).max()
        if largest < 2.0**-60:
            continue
        full, tries = largest / limit, []
        for step in range(20 if search else 1):
            scale = full * (np.float32(1) - np.float32(step) / np.float32(40))
            whole = round_half_even(np.clip(part * (np.float32(1) / scale), -limit, limit))
            tries.append((float(((part - whole * scale) ** 2).sum()), step, whole * scale))
        out[start : start + len(part)] = min(tries, key=lambda t: t[:2])[2]
    return out


def importer_steps(row, group, limit):
    """One row of 4 bits by the words of src/model/rounding.rs, without its search."""
    f32, out = np.float32, np.zeros_like(row)
    for start in range(0, len(row), group or len(row)):
        part = row[start : start + (group or len(row))]
        largest = np.abs(part).max()
        if largest < 2.0**-60:
            continue
        for at in range(0, len(part), 32):
            some = part[at : at + 32] * (f32(limit) / largest)
            step = np.clip(round_half_even((some.max() - some.min()) * f32(8 / 15)), 1, 255)
            offset = np.clip(round_half_even(some.min()), -limit, limit)
            halves = round_half_even(np.clip((some - offset) * (f32(8) / step), 0, 15)).astype(int)
            whole = np.clip(((int(step) * halves + 4) >> 3) + int(offset), -limit, limit)
            out[start + at : start + at + len(some)] = whole * (largest / f32(limit))
    return out


class Quantise(unittest.TestCase):
    def test_is_what_the_importer_does(self):
        weight = torch.randn(40, 200, generator=dice(5)) * 0.05
        weight[3] = 0
        weight[4] = 2.0**-70
        weight[5, 100] = 3
        for bits, group in ((8, 0), (8, 64), (6, 32), (6, 0), (4, 64), (4, 0)):
            options = config.Quantise(bits=bits, group=group, steps=0)
            quantiser = quantise.FakeQuantiser(options)
            self.assertIs(quantiser("w", weight), weight)
            quantiser.on = True
            quantiser.search([("w", weight)])
            got = quantiser("w", weight).numpy()
            limit = quantiser.limit(False)
            expected = np.stack([importer(r, group, limit, bits == 4) for r in weight.numpy()])
            step = np.abs(weight.numpy()).max(1, keepdims=True) / limit
            # A weight on the edge between two values may go either way by the last bit of a
            # product; there are hardly any, and of 4-bit groups with two scales equally good.
            differing = np.abs(got - expected) > 1e-6 * step
            self.assertLess(differing.mean(), 0.002, (bits, group))
            self.assertTrue((np.abs(got - expected) <= 1.01 * step).all())
            self.assertFalse(np.array_equal(got, weight.numpy()))

    def test_steps_are_what_the_importer_does(self):
        weight = torch.randn(24, 200, generator=dice(5)) * 0.05
        weight[3] = 0
        weight[5, 100] = 3
        for group, limit in ((0, 63), (64, 127)):
            options = config.Quantise(bits=4, group=group, weight_max=limit)
            quantiser = quantise.FakeQuantiser(options)
            quantiser.on = True
            got = quantiser("w", weight).numpy()
            expected = np.stack([importer_steps(r, group, limit) for r in weight.numpy()])
            differing = np.abs(got - expected) > 1e-6 * np.abs(weight.numpy()).max(1, keepdims=True)
            self.assertLess(differing.mean(), 0.002, group)

    def test_search_lowers_the_error_and_gradients_pass(self):
        for steps, cols in ((0, 128), (32, 128), (32, 200)):
            weight = torch.randn(8, cols, generator=dice(6), requires_grad=True)
            quantiser = quantise.FakeQuantiser(config.Quantise(bits=4, group=64, steps=steps))
            quantiser.on = True
            nearest = (quantiser("w", weight) - weight).square().sum()
            quantiser.search([("w", weight)])
            searched = quantiser("w", weight)
            self.assertLess((searched - weight).square().sum(), nearest)
            slope = torch.randn(8, cols, generator=dice(7))
            self.assertTrue(torch.equal(torch.autograd.grad(searched, weight, slope)[0], slope))


class Optimising(unittest.TestCase):
    def test_muon_brings_singular_values_near_one(self):
        for rows, cols in ((64, 64), (32, 96), (96, 32)):
            stack = torch.randn(3, rows, cols, generator=dice(8))
            values = torch.linalg.svdvals(orthogonal(stack))
            self.assertGreater(values.median(), 0.7)
            self.assertLess(values.max(), 1.35)
            left, _, right = torch.linalg.svd(stack, full_matrices=False)
            along = (orthogonal(stack) * (left @ right)).sum((1, 2)) / min(rows, cols)
            self.assertGreater(along.min(), 0.7)

    def test_rate_rises_stays_and_falls(self):
        train = config.Train(warmup_steps=10, decay=0.5, final_rate=0.01)
        rates = [rate_at(step, 100, train) for step in range(100)]
        self.assertEqual(rates[0], 0.1)
        self.assertEqual(set(rates[9:51]), {1.0})
        self.assertAlmostEqual(rates[75], 0.5)
        self.assertAlmostEqual(rates[99], 0.02)
        self.assertEqual(sorted(rates[50:], reverse=True), rates[50:])


class Files(unittest.TestCase):
    def test_a_curve_is_cut_back_to_the_checkpoint(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "curve.csv"
            curve = Curve(path, ("step", "loss"), 0)
            for step in range(1, 6):
                curve.add(step, step / 2)
            curve.file.write("6,")
            curve.file.close()
            curve = Curve(path, ("step", "loss"), 3)
            curve.add(4, "new")
            curve.file.close()
            self.assertEqual(path.read_text(), "step,loss\n1,0.5\n2,1.0\n3,1.5\n4,new\n")

    def test_a_configuration_is_checked(self):
        good = config.from_tables({"shape": {"hidden": 320}, "train": {"decay": 1}})
        self.assertEqual(config.from_json(good.to_json()), good)
        bad = ({"shape": {"hiden": 1}}, {"form": {}}, {"shape": {"head_dim": 48}})
        for tables in (*bad, {"train": {"tokens": 1.5}}, {"quantise": {"bits": 5}}):
            with self.assertRaises(SystemExit):
                config.from_tables(tables)

    def test_bits_of_nothing_learned(self):
        """A model that adds nothing and has no embedding predicts all tokens alike."""
        from llmtrain.model import Transformer

        shape = config.Shape(vocabulary=512, hidden=64, layers=1, heads=1, kv_heads=1)
        model = Transformer(shape)
        model.initialise(0)
        model.embed_tokens.data.zero_()
        ids = torch.randint(0, 512, (2, 9), generator=dice(1))
        losses = model.losses(ids[:, :-1], ids[:, 1:])
        torch.testing.assert_close(losses, torch.full((2, 8), math.log(512)))


if __name__ == "__main__":
    unittest.main()
