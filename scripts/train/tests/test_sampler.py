"""The data of a run is a function of the step, and every window comes once an epoch."""

import unittest

import numpy as np

from llmtrain.sampler import ROUND, Sampler, Source, quotas

LENGTH = 33


class FakeTokens:
    start = 0

    def __init__(self):
        self.all = {"a": np.arange(1, 20_001), "b": np.arange(30_000, 40_000)}
        self.all["a"][::700] = 0

    def ids(self, split, category):
        assert split == "train"
        return self.all[category].astype(np.uint16)


def sampler(seed=3):
    return Sampler(FakeTokens(), {"a": 0.75, "b": 0.25}, LENGTH, 0.2, seed)


class SamplerTest(unittest.TestCase):
    def test_position_is_the_number_of_the_sequence(self):
        whole = sampler().batch(0, 2500)
        again = sampler()
        np.testing.assert_array_equal(again.batch(2100, 400), whole[2100:])
        np.testing.assert_array_equal(again.batch(990, 20), whole[990:1010])
        self.assertFalse(np.array_equal(sampler(4).batch(0, 50), whole[:50]))

    def test_mix_and_document_starts_are_kept_in_every_round(self):
        for first in (0, ROUND, 7 * ROUND):
            batch = sampler().batch(first, ROUND)
            self.assertEqual((batch[:, 1] >= 30_000).sum(), 250)
            # b has no start token; a's 750 have a fifth, and a few windows that begin there anyway.
            self.assertIn((batch[:, 0] == 0).sum(), range(150, 160))

    def test_an_epoch_reads_every_window_once(self):
        ids = np.arange(10_000)
        source = Source(ids, LENGTH, lambda *names: np.random.default_rng(names))
        for epoch in range(2):
            read = [source.sequence(epoch * source.n + i) for i in range(source.n)]
            targets = np.concatenate([window[1:] for window in read])
            self.assertEqual(len(np.unique(targets)), len(targets))
            self.assertGreater(len(targets), len(ids) - 3 * LENGTH)
        self.assertFalse(np.array_equal(source.epoch(0), source.epoch(1)))

    def test_quotas_add_up(self):
        for parts in ([1, 1, 1], [0.34, 0.18, 0.12, 0.24, 0.12], [1e-9, 1]):
            self.assertEqual(quotas(parts).sum(), ROUND)
            np.testing.assert_allclose(quotas(parts) / ROUND, np.array(parts) / sum(parts), atol=1e-3)


if __name__ == "__main__":
    unittest.main()
