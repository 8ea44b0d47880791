"""Exercise 23: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np

import scratchtune as st


class _Evolution(st.Searcher):
    """A right evolution, which each answer changes in one part."""

    def enough(self, known, seen):
        return len(known) >= 16

    def parents(self, known):
        return sorted(known, key=lambda result: result.value)[:8]

    def one_parent(self, genes, rng):
        return genes[min(rng.integers(len(genes), size=2))]

    def child(self, mother, father, rng):
        return np.where(rng.random(len(mother)) < 0.5, mother, father)

    def sigma(self, genes, every):
        return np.maximum(0.5 * genes.std(axis=0), 0.03)

    def steps(self, d, rng):
        return rng.random(d) < 0.5

    def suggest(self, space, seen, pending, number, rng):
        known, d = [result for result in seen if not np.isnan(result.value)], len(space.names)
        if not self.enough(known, seen):
            return st.Suggestion(space.from_unit(rng.random(d)))
        genes, every = (np.array([np.nan_to_num(space.to_unit(r.params), nan=0.5) for r in some])
                        for some in (self.parents(known), known))
        child = self.child(self.one_parent(genes, rng), self.one_parent(genes, rng), rng)
        child = child + self.steps(d, rng) * self.sigma(genes, every) * rng.normal(size=d)
        return st.Suggestion(space.from_unit(np.clip(child, 0.0, 1.0)))


class LatestEight(_Evolution):
    def parents(self, known):
        return sorted(known[-8:], key=lambda result: result.value)


class FailedTrialsCount(_Evolution):
    def enough(self, known, seen):
        return len(seen) >= 16 and len(known) >= 2


class LessFitOfTwo(_Evolution):
    def one_parent(self, genes, rng):
        return genes[max(rng.integers(len(genes), size=2))]


class AlwaysTheBestTwo(_Evolution):
    def child(self, mother, father, rng):
        return np.where(rng.random(len(mother)) < 0.5, self.two[0], self.two[1])

    def one_parent(self, genes, rng):
        self.two = genes[:2]
        return genes[0]


class MeanOfTheGenes(_Evolution):
    def child(self, mother, father, rng):
        return (mother + father) / 2.0


class OneCoinForAllGenes(_Evolution):
    def child(self, mother, father, rng):
        return mother if rng.random() < 0.5 else father


class EveryGeneSteps(_Evolution):
    def steps(self, d, rng):
        return np.ones(d)


class SpreadOfAllTrials(_Evolution):
    def sigma(self, genes, every):
        return np.maximum(0.5 * every.std(axis=0), 0.03)


class UpperLimitOfTheStep(_Evolution):
    def sigma(self, genes, every):
        return np.minimum(0.5 * genes.std(axis=0), 0.03)


class WithoutTournament(_Evolution):
    def one_parent(self, genes, rng):
        return genes[rng.integers(len(genes))]


WRONG = [
    ("Trials that are not among the eight", LatestEight),
    ("With 12 known losses and 6 failed", FailedTrialsCount),
    ("The less fit of two becomes the", LessFitOfTwo),
    ("Only some of the eight fittest", AlwaysTheBestTwo),
    ("Your children's genes are between", MeanOfTheGenes),
    ("Each of your children has all its", OneCoinForAllGenes),
    ("No gene of your children is a parent's", EveryGeneSteps),
    ("With parents that are nearly alike", SpreadOfAllTrials),
    ("With parents that are all alike", UpperLimitOfTheStep),
    ("All eight parents are chosen alike", WithoutTournament),
]
