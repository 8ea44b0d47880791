"""Exercise 20: a Bayesian search by the logarithm of the expected improvement."""

import math
from unittest import mock

import numpy as np

import scratchtune as st
from lessons.checking import suggested
from scratchtune.core.search.bayesian import acquisition
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.searcher import Result, Seen

CASES: list = []
SQUARE = st.search.Space({"a": st.Float(0.0, 1.0), "b": st.Float(0.0, 1.0)})
TREE = st.search.Space({"a": ["x", "y"], "b": st.Float(0.0, 1.0, when={"a": ["x"]})})
LOG = st.search.Space({"a": st.Float(1e-5, 1.0, log=True), "b": st.Float(100.0, 900.0)})
POINTS = np.random.default_rng(1).random((3000, 2))
CONDITION = gp.condition
TRIALS = 8  # suggestions of each situation


# The model, and what a suggestion maximises --------------------------------------------------------------------------


def _fitted(rows, losses):
    theta = np.log([0.3] * rows.shape[1] + [1.0, 1e-12, 1e-3])
    return gp.condition(rows, (losses - losses.mean()) / (losses.std() or 1.0), np.zeros(rows.shape[1]), theta)


def _log_ei(mean, std, best):
    return np.array([acquisition.log_expected_improvement(m, s, best) for m, s in zip(mean, std, strict=True)])


def _plain_ei(mean, std, best):
    return np.exp(_log_ei(mean, std, best))


def _log_pi(mean, std, best):
    return np.array([acquisition.log_probability_of_improvement(m, s, best) for m, s in zip(mean, std, strict=True)])


SCORES = {
    "right": _log_ei, "mean": lambda mean, std, best: -mean, "std": lambda mean, std, best: std,
    "least": lambda mean, std, best: -_log_ei(mean, std, best), "upwards": lambda mean, std, best: _log_ei(-mean, std,
    best), "probability": _log_pi, "variance": lambda mean, std, best: _log_ei(mean, std * std, best)}


def _searcher(score=_log_ei, fitted=_fitted, known=lambda result: not math.isnan(result.value), few=5, unit=None,
              generator=lambda rng: rng):
    """A searcher with one part replaced."""

    class MyBayesianSearch(st.Searcher):
        def suggest(self, space, seen, pending, number, rng):
            rng, d = generator(rng), len(space.names)
            results = [result for result in seen if known(result)]
            if len(results) < few:
                return st.Suggestion(space.from_unit(rng.random(d)))
            rows = np.nan_to_num([(unit or space.to_unit)(result.params) for result in results], nan=0.5)
            model = fitted(rows, np.array([result.value for result in results]))
            candidates = rng.random((500, d))
            mean, variance = gp.predict(model, candidates)
            best = score(mean, np.sqrt(variance), model.values.min()).argmax()
            return st.Suggestion(space.from_unit(candidates[best]))

    return MyBayesianSearch


right = _searcher()


# The situations ------------------------------------------------------------------------------------------------------


def _seen(rows, losses, space=SQUARE):
    return Seen([Result(k, space.from_unit(row), float(loss), "done" if loss == loss else "failed")
                 for k, (row, loss) in enumerate(zip(rows, losses, strict=True))])


VALLEY = (  # the best trial among near ones, and a half that is nearly unknown
    np.array([(0.2, 0.2), (0.25, 0.25), (0.15, 0.25), (0.25, 0.15), (0.15, 0.15), (0.2, 0.32), (0.33, 0.2), (0.05, 0.9),
              (0.5, 0.6), (0.1, 0.55), (0.55, 0.1), (0.9, 0.9), (0.95, 0.1), (0.5, 0.95), (0.8, 0.5)]),
    np.array([0.0, 0.1, 0.12, 0.13, 0.11, 0.2, 0.22, 1.4, 0.9, 0.8, 0.4, 1.6, 1.5, 1.6, 1.3]))
FEW = (np.array([(0.31, 0.12), (0.32, 0.93), (0.79, 0.01), (0.2, 0.29), (0.94, 0.4), (0.18, 0.86), (0.91, 0.3),
                 (0.36, 0.75)]), np.array([0.9, 1.93, 0.86, 0.88, 1.06, 1.55, 1.01, 1.76]))


def _situation(trials=VALLEY, space=SQUARE, shift=0.0, scale=1.0, failed=0, at=(0.75, 0.75), known=None):
    rows, losses = (each[:known] for each in trials)
    rows = np.vstack([rows, np.tile(at, (failed, 1))])
    return space, _seen(rows, np.append(shift + scale * losses, np.full(failed, np.nan)), space)


def _hopeless():
    """A dense square of equal losses, and one point that was once low and once high: EI underflows everywhere."""
    axis = np.linspace(0.0, 1.0, 8)
    rows = [(a, b) for a in axis for b in axis] + [(0.5, 0.5)] * 2
    return SQUARE, _seen(rows, [1.0] * 64 + [-30.0, 32.0])


def _with_conditions():
    """The best trials are those of x with b near 0.2; those of y have no b."""
    rows = [(0.25, b) for b in (0.1, 0.2, 0.15, 0.25, 0.3, 0.5, 0.65, 0.8, 0.95)] + [(0.75, 0.5)] * 5
    return TREE, _seen(rows, [0.1, 0.0, 0.02, 0.03, 0.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 1.05, 1.0, 1.1], TREE)


def _condition(rows, *given, **named):
    """gp.condition, which would look for a larger noise for ever where a row has a NaN."""
    if np.isnan(rows).any():
        raise ValueError("a row of unit values has a NaN")
    return CONDITION(rows, *given, **named)


def _suggested(solution, space, seen, trials=TRIALS):
    return suggested(solution, space, seen, trials, 7, LACKING, NO_TRIALS)


def _ranks(points, space, seen, score="right"):
    """The mean share of random points with a lower score than the suggested ones."""
    results = [result for result in seen if result.value == result.value]
    model = _fitted(np.array([space.to_unit(result.params) for result in results]),
                    np.array([result.value for result in results]))
    scores = []
    for rows in (points, POINTS):
        mean, variance = gp.predict(model, rows)
        scores.append(SCORES[score](mean, np.sqrt(variance), model.values.min()))
    return float(np.mean(scores[1] < scores[0][:, None]))


NO_TRIALS = "The first trials have no results before them: return a random configuration up to the fifth known loss."
LACKING = "suggest should return st.Suggestion(params), with a value for each name of the space."
NOT_KEYED = "The same generator gave another suggestion the second time: draw from `rng` alone."
HINTS = {
    "mean": "Your trials are where the mean is lowest: that exploits only. Maximise the log expected improvement on "
            "the lowest loss (with another loss as the best one, it is much like the mean).",
    "std": "Your trials are where the standard deviation is largest: that explores only. Maximise the log expected "
           "improvement.",
    "least": "Your trials have the lowest expected improvement of the candidates: take the highest (argmax).",
    "upwards": "Your trials are where the loss is high: an improvement is a loss below the best one, so "
               "z = (best − mean) / std.",
    "probability": "Your trials have the highest probability of any improvement, however small. The expected "
                   "improvement weighs it by its size.",
    "variance": "Uncertainty counts too much: the acquisition takes the standard deviation, and gp.predict returns "
                "its square. A confidence bound is another acquisition."}
UNIT = ("The suggestions are worse where the ranges are not from 0 to 1, or logarithmic: let the process see unit "
        "values, space.to_unit(result.params).")
NAN = "With a failed trial, whose loss is NaN, the suggestions are random: leave failed trials out."
EARLY = ("With four known losses{} your trials are not random: below five known losses return a random "
         "configuration, and a failed trial has none, for the process neither.")
LATE = "With five known losses your trials are still random: only with fewer than five a configuration is random."
WORST = "Your process has seen failed trials, as if they had a high loss; leave them out."
ABSENT = ("In a space with conditions, a hyper-parameter that a configuration lacks has the unit value NaN: replace it "
          "by 0.5 (np.nan_to_num).")
SCALE = "With all losses multiplied by 1,000, less 5,000, the suggestions are others: standardise the losses."
FLAT = ("Where the expected improvement of all candidates underflows to 0, yours are random: maximise its logarithm, "
        "computed by acquisition.log_expected_improvement.")


def extra(solution):
    _suggested(solution, SQUARE, Seen([]), 2)
    every = [_situation(), _situation(FEW)]
    points = [_suggested(solution, *each) for each in every]
    if not np.array_equal(points[0], _suggested(solution, *every[0])):
        raise AssertionError(NOT_KEYED)
    moved = _suggested(solution, *_situation(shift=-5000.0, scale=1000.0))
    if np.median(abs(moved - points[0]).max(axis=1)) > 0.05:
        raise AssertionError(SCALE)
    rank = min(_ranks(each, *situation) for each, situation in zip(points, every, strict=True))
    if rank < 0.985:
        ranks = {name: min(_ranks(each, *situation, name) for each, situation in zip(points, every, strict=True))
                 for name in HINTS}
        name = max(ranks, key=ranks.__getitem__)
        assert ranks[name] < 0.985, HINTS[name]
        raise AssertionError(f"Your trials have a higher expected improvement than {rank:.0%} of random points only.")
    for hint, (space, seen) in ((UNIT, _situation(space=LOG)), (NAN, _situation(failed=3)), (FLAT, _hopeless())):
        assert _ranks(_suggested(solution, space, seen), space, seen) >= 0.97, hint
    for hint, failed in ((EARLY.format(""), 0), (EARLY.format(" and three failed trials"), 3)):
        early = _situation(FEW, known=4, failed=failed)
        assert _ranks(_suggested(solution, *early), *early) < 0.8, hint
    for hint, late in ((LATE, _situation(FEW, known=5)), (WORST, _situation(FEW, failed=3, at=(0.6, 0.1)))):
        assert _ranks(_suggested(solution, *late), *late) >= 0.97, hint
    with mock.patch.object(gp, "condition", _condition):
        try:
            found = _suggested(solution, *_with_conditions())
        except AssertionError:
            raise AssertionError(ABSENT) from None
    assert np.sum(abs(np.nan_to_num(found, nan=9.0) - (0.25, 0.2)).max(axis=1) < 0.15) >= TRIALS - 2, ABSENT


def _raw(rows, losses):
    return gp.condition(rows, losses, np.zeros(rows.shape[1]), np.log([0.3] * rows.shape[1] + [1.0, 1e-12, 1e-3]))


def _worst(known):
    """A searcher for which a failed trial has the highest loss; with `known`, only known losses count for the five."""
    class MyBayesianSearch(st.Searcher):
        def suggest(self, space, seen, pending, number, rng):
            losses = [result.value for result in seen if not math.isnan(result.value)]
            given = [result._replace(value=max(losses)) if math.isnan(result.value) else result for result in seen
                     ] if losses else []
            few = 5 if not known or len(losses) >= 5 else len(seen) + 1
            return _searcher(few=few)().suggest(space, given, pending, number, rng)

    return MyBayesianSearch


class _NotReplaced(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        if any(np.isnan(space.to_unit(result.params)).any() for result in seen):
            return st.Suggestion(space.from_unit(rng.random(len(space.names))))
        return right().suggest(space, seen, pending, number, rng)


MISTAKES = [
    *((HINTS[name], _searcher(SCORES[name])) for name in HINTS),
    (NOT_KEYED, _searcher(generator=lambda rng: np.random.default_rng())),
    (UNIT, _searcher(unit=lambda params: list(params.values()))),
    (NAN, _searcher(known=lambda result: True)),
    (SCALE, _searcher(fitted=_raw)),
    (FLAT, _searcher(_plain_ei)),
    (EARLY.format(""), _searcher(few=4)),
    (EARLY.format(" and three failed trials"), _worst(known=False)),
    (LATE, _searcher(few=6)),
    (WORST, _worst(known=True)),
    (ABSENT, _NotReplaced),
]
