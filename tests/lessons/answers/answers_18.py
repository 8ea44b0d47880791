"""Exercise 18: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np

import scratchtune as st


class OwnGenerator(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return st.Suggestion(space.from_unit(np.random.default_rng().random(len(space.names))))


class GlobalGenerator(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return st.Suggestion(space.from_unit(np.random.rand(len(space.names))))


class OneNumberForAll(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return st.Suggestion(space.from_unit([rng.random()] * len(space.names)))


class WithoutSuggestion(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return space.from_unit(rng.random(len(space.names)))


class NormalNumbers(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return st.Suggestion(space.from_unit(np.clip(rng.normal(0.5, 0.2, len(space.names)), 0.0, 1.0)))


class SeededByTheNumber(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return st.Suggestion(space.from_unit(np.random.default_rng(number).random(len(space.names))))


class ValuesOfAGrid(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return st.Suggestion(space.from_unit(rng.integers(0, 3, len(space.names)) / 2))


class KeepsAGenerator(st.Searcher):
    def __init__(self):
        self.own = np.random.default_rng(0)

    def suggest(self, space, seen, pending, number, rng):
        return st.Suggestion(space.from_unit(self.own.random(len(space.names))))


class NearTheBest(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        if not seen:
            return st.Suggestion(space.from_unit(rng.random(len(space.names))))
        best = min(seen, key=lambda result: result.value)
        u = space.to_unit(best.params) + rng.normal(0.0, 0.1, len(space.names))
        return st.Suggestion(space.from_unit(np.clip(u, 0.0, 1.0)))


class UnitValues(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return st.Suggestion(dict(zip(space.names, rng.random(len(space.names)), strict=True)))


WRONG = [
    ("The same seed gave other trials", OwnGenerator),
    ("The same seed gave other trials", GlobalGenerator),
    ("All hyper-parameters of a trial", OneNumberForAll),
    ("suggest should return st.Suggestion(params), with", WithoutSuggestion),
    ("Values in the middle come up far", NormalNumbers),
    ("Another seed of the study gives", SeededByTheNumber),
    ("Only the ends and the middles of", ValuesOfAGrid),
    ("Another seed of the study gives", KeepsAGenerator),
    ("Your trials depend on the losses", NearTheBest),
    ("The numbers between 0 and 1 are", UnitValues),
]
