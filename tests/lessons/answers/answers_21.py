"""Exercise 21: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np

import scratchtune as st


class _TPE(st.Searcher):
    """A right searcher, which each answer changes in one part."""

    def enough(self, known, seen):
        return len(known) >= 10

    def count(self, known):
        return int(np.ceil(0.15 * len(known)))

    def ordered(self, known):
        return sorted(known, key=lambda result: result.value)

    def bell(self, z):
        return np.exp(-0.5 * z**2) / (0.1 * np.sqrt(2.0 * np.pi))

    def density(self, candidates, trials):
        """(candidates, hyper-parameters)."""
        bells = self.bell((candidates[:, None] - trials) / 0.1)
        return (bells.sum(axis=1) + 1.0) / (len(trials) + 1)

    def bad(self, rows, k):
        return rows[k:]

    def candidates(self, good, rng):
        d = good.shape[1]
        near = np.clip(good[rng.integers(len(good), size=48)] + 0.1 * rng.normal(size=(48, d)), 0.0, 1.0)
        return np.where(rng.random((48, 1)) < 1 / (len(good) + 1), rng.random((48, d)), near)

    def score(self, low, high):
        return np.sum(np.log(low) - np.log(high), axis=1)

    def suggest(self, space, seen, pending, number, rng):
        known = [result for result in seen if not np.isnan(result.value)]
        if not self.enough(known, seen):
            return st.Suggestion(space.from_unit(rng.random(len(space.names))))
        rows = np.array([np.nan_to_num(space.to_unit(r.params), nan=0.5) for r in self.ordered(known)])
        k = self.count(known)
        candidates = self.candidates(rows[:k], rng)
        scores = self.score(self.density(candidates, rows[:k]), self.density(candidates, self.bad(rows, k)))
        return st.Suggestion(space.from_unit(candidates[int(np.argmax(scores))]))


class BadAreAll(_TPE):
    def bad(self, rows, k):
        return rows


class WithoutTheFlatDensity(_TPE):
    def density(self, candidates, trials):
        return self.bell((candidates[:, None] - trials) / 0.1).mean(axis=1) + 1e-300


class RoundedDown(_TPE):
    def count(self, known):
        return int(0.15 * len(known))


class FailedTrialsCount(_TPE):
    def enough(self, known, seen):
        return len(seen) >= 10 and len(known) >= 2


class LowestRatio(_TPE):
    def score(self, low, high):
        return -super().score(low, high)


class CandidatesAnywhere(_TPE):
    def candidates(self, good, rng):
        return rng.random((48, good.shape[1]))


class HighestLossesAreGood(_TPE):
    def ordered(self, known):
        return super().ordered(known)[::-1]


class HighestL(_TPE):
    def score(self, low, high):
        return np.sum(np.log(low), axis=1)


class FlatDensityIsHalf(_TPE):
    def density(self, candidates, trials):
        return (self.bell((candidates[:, None] - trials) / 0.1).mean(axis=1) + 1.0) / 2.0


class BellsWithoutTheirFactor(_TPE):
    def bell(self, z):
        return np.exp(-0.5 * z**2)


WRONG = [
    ("The density of the bad trials has", BadAreAll),
    ("The flat density 1 is missing", WithoutTheFlatDensity),
    ("The number of good trials is rounded", RoundedDown),
    ("With nine known losses and four", FailedTrialsCount),
    ("Your trials have the lowest log", LowestRatio),
    ("Your trials are good among points", CandidatesAnywhere),
    ("Your good trials are those with", HighestLossesAreGood),
    ("Your trials are where good ones", HighestL),
    ("The flat density has half of the", FlatDensityIsHalf),
    ("The normal densities lack their", BellsWithoutTheirFactor),
]
