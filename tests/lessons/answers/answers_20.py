"""Exercise 20: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np

import scratchtune as st
from scratchtune.core.search.bayesian import acquisition
from scratchtune.core.search.bayesian import gaussian_process as gp


class _Search(st.Searcher):
    """A right searcher, which each answer changes in one part."""

    def known(self, seen):
        return [result for result in seen if not np.isnan(result.value)]

    def enough(self, known, seen):
        return len(known) >= 5

    def values(self, losses):
        return (losses - losses.mean()) / losses.std()

    def units(self, space, params):
        return np.nan_to_num(space.to_unit(params), nan=0.5)

    def best(self, values, losses):
        return values.min()

    def score(self, mean, std, best):
        return np.array([acquisition.log_expected_improvement(m, s, best) for m, s in zip(mean, std, strict=True)])

    def suggest(self, space, seen, pending, number, rng):
        known, d = self.known(seen), len(space.names)
        if not self.enough(known, seen):
            return st.Suggestion(space.from_unit(rng.random(d)))
        losses = np.array([result.value for result in known])
        rows, values = np.array([self.units(space, result.params) for result in known]), self.values(losses)
        theta = np.log([0.3] * d + [1.0, 1e-12, 1e-3])
        candidates = rng.random((500, d))
        mean, variance = gp.predict(gp.condition(rows, values, np.zeros(d), theta), candidates)
        scores = self.score(mean, np.sqrt(variance), self.best(values, losses))
        return st.Suggestion(space.from_unit(candidates[int(np.argmax(scores))]))


class FailedIsTheWorst(_Search):
    def known(self, seen):
        worst = max((result.value for result in seen if not np.isnan(result.value)), default=1.0)
        return [result._replace(value=worst) if np.isnan(result.value) else result for result in seen]


class BestNotStandardised(_Search):
    def best(self, values, losses):
        return losses.min()


class HighestLoss(_Search):
    def best(self, values, losses):
        return values.max()


class LowestImprovement(_Search):
    def score(self, mean, std, best):
        return -super().score(mean, std, best)


class FailedTrialsCount(_Search):
    def enough(self, known, seen):
        return len(seen) >= 5 and len(known) >= 2


class OneTrialLater(_Search):
    def enough(self, known, seen):
        return len(known) > 5


class VarianceAsStandardDeviation(_Search):
    def score(self, mean, std, best):
        return super().score(mean, std**2, best)


class WithoutLogarithm(_Search):
    def score(self, mean, std, best):
        return np.array([acquisition.expected_improvement(m, s, best) for m, s in zip(mean, std, strict=True)])


class AbsentNotReplaced(_Search):
    def units(self, space, params):
        return space.to_unit(params)


class LowestMean(_Search):
    def score(self, mean, std, best):
        return -mean


WRONG = [
    ("With four known losses and three", FailedIsTheWorst),
    ("With all losses multiplied by 1,000", BestNotStandardised),
    ("Your trials are where the mean", HighestLoss),
    ("Your trials have the lowest expected", LowestImprovement),
    ("With four known losses and three", FailedTrialsCount),
    ("With five known losses your trials", OneTrialLater),
    ("Uncertainty counts too much: the", VarianceAsStandardDeviation),
    ("Where the expected improvement of", WithoutLogarithm),
    ("In a space with conditions, a hyper-parameter", AbsentNotReplaced),
    ("Your trials are where the mean", LowestMean),
]
