"""Which tokens the n-th sequence of a run has: a function of n and the seed, and of nothing else.

So the position in the data is the number of the step: a run that was cut goes on exactly where it
was, and the number of processes does not change what is read.

Sequences come in rounds of 1,000. Each round has a fixed number from each source in an order drawn
by the seed. Sources are the windows of each category, end to end at an offset that each epoch draws
anew, and the beginnings of its documents, so that files start well. Within an epoch, all windows of
a source come once, in an order drawn by the seed.
"""

import functools

import numpy as np

ROUND = 1000
# Names of the independent draws.
ORDER, OFFSET, SHUFFLE = range(3)


def quotas(parts):
    """How many of a round each part gets, by largest remainder."""
    exact = np.array(parts) * ROUND / np.sum(parts)
    whole = np.floor(exact).astype(np.int64)
    most = np.argsort(whole - exact, kind="stable")
    whole[most[: ROUND - whole.sum()]] += 1
    return whole


class Source:
    """Places in one category where sequences of `length` tokens begin, epoch by epoch."""

    def __init__(self, ids, length, draw, starts=None):
        self.ids, self.length, self.draw, self.starts = ids, length, draw, starts
        self.last = len(ids) - length
        if self.last < 0:
            raise SystemExit(f"a category has {len(ids)} tokens, fewer than a sequence of {length}")
        # One window less than would fit leaves room for the offset.
        n_windows = max((len(ids) - 1) // (length - 1) - 1, 1)
        self.n = n_windows if starts is None else len(starts)
        # Ranks and epochs come in order, so two epochs are enough to remember.
        self.epoch = functools.lru_cache(2)(self.epoch)

    def epoch(self, number):
        order = self.draw(SHUFFLE, number).permutation(self.n)
        if self.starts is not None:
            return self.starts[order]
        # Neighbouring windows share one token: the last to be predicted is the next one's first.
        offset = self.draw(OFFSET, number).integers(0, self.length - 1)
        return order * (self.length - 1) + offset

    def sequence(self, index):
        at = min(int(self.epoch(index // self.n)[index % self.n]), self.last)
        return self.ids[at : at + self.length]


class Sampler:
    def __init__(self, tokens, mix, length, start_part, seed):
        """`length` counts the token that is only predicted; `start_part` begin with a document."""
        self.seed, parts, self.sources = seed, [], []
        for number, (category, weight) in enumerate(sorted(mix.items())):
            ids = tokens.ids("train", category)
            starts = np.flatnonzero(np.asarray(ids) == tokens.start)
            starts = starts[starts <= len(ids) - length]
            part = start_part if len(starts) else 0.0
            kinds = [(1 - part, None), (part, starts)]
            for kind, (share, where) in enumerate(kinds):
                if share > 0:
                    draw = functools.partial(self.dice, 1 + 2 * number + kind)
                    self.sources.append(Source(ids, length, draw, where))
                    parts.append(weight * share)
        self.quotas = quotas(parts)
        self.round = functools.lru_cache(2)(self.round)

    def dice(self, *names):
        return np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, *names])))

    def round(self, number):
        """For each slot of a round, its source and how many of that source came before it."""
        order = np.repeat(np.arange(len(self.quotas)), self.quotas)
        order = self.dice(0, ORDER, number).permutation(order)
        before = np.zeros(ROUND, np.int64)
        for source in range(len(self.quotas)):
            slots = order == source
            before[slots] = number * self.quotas[source] + np.arange(slots.sum())
        return order, before

    def sequence(self, n):
        order, before = self.round(n // ROUND)
        return self.sources[order[n % ROUND]].sequence(int(before[n % ROUND]))

    def batch(self, first, n):
        """Sequences first .. first + n - 1, as int64."""
        return np.stack([self.sequence(i) for i in range(first, first + n)]).astype(np.int64)
