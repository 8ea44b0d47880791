"""Exercise 21: a tree-structured Parzen estimator."""

import math

import numpy as np

import scratchtune as st
from lessons.checking import suggested
from scratchtune.core.search.searcher import Result, Seen

CASES: list = []
SQUARE = st.search.Space({"a": st.Float(0.0, 1.0), "b": st.Float(0.0, 1.0)})
LOG = st.search.Space({"a": st.Float(1e-5, 1.0, log=True), "b": st.Float(100.0, 900.0)})
TRIALS, WIDTH = 8, 0.1
FACTOR = 1.0 / (WIDTH * math.sqrt(2.0 * math.pi))


# The right answer, with parts that can be replaced -------------------------------------------------------------------


def _log_density(u, trials, flat=lambda n: 1.0 / (n + 1), factor=FACTOR):
    """Log densities at the points u (n, d), one for each hyper-parameter; `flat` is the share of the flat density."""
    bells, share = factor * np.exp(-0.5 * ((u[:, None] - trials) / WIDTH) ** 2), flat(len(trials))
    return np.log((1.0 - share) * bells.mean(axis=1) + share + 1e-300)


def _ratio(u, good, bad):
    return (_log_density(u, good) - _log_density(u, bad)).sum(axis=1)


def _of_densities(**changed):
    """The ratio of densities with something changed."""
    return lambda u, good, bad: (_log_density(u, good, **changed) - _log_density(u, bad, **changed)).sum(axis=1)


def _of_all(u, good, bad):
    return _ratio(u, good, np.vstack([good, bad]))


def _drawn(good, rng, count=48):
    rows = rng.integers(len(good) + 1, size=count)
    near = np.clip(good[np.minimum(rows, len(good) - 1)] + WIDTH * rng.normal(size=(count, good.shape[1])), 0.0, 1.0)
    return np.where((rows == len(good))[:, None], rng.random((count, good.shape[1])), near)


def _searcher(score=_ratio, known=lambda result: not math.isnan(result.value), few=10, share=0.15, worst=False,
              draw=_drawn, unit=None, generator=lambda rng: rng, rounded=math.ceil):
    class MyTPE(st.Searcher):
        def suggest(self, space, seen, pending, number, rng):
            rng, results = generator(rng), [result for result in seen if known(result)]
            if len(results) < few:
                return st.Suggestion(space.from_unit(rng.random(len(space.names))))
            results = sorted(results, key=lambda result: result.value, reverse=worst)
            rows = np.nan_to_num([(unit or space.to_unit)(result.params) for result in results], nan=0.5)
            good, bad = np.split(rows, [rounded(share * len(rows))])
            candidates = draw(good, rng)
            return st.Suggestion(space.from_unit(candidates[score(candidates, good, bad).argmax()]))

    return MyTPE


right = _searcher()


# The situations ------------------------------------------------------------------------------------------------------


def _situation(space=SQUARE, failed=0):
    """Sixty trials: good ones among many bad ones, good ones nearly alone, a region of bad ones, the rest."""
    rng = np.random.default_rng(2)

    def around(a, b, count):
        return np.clip(rng.normal((a, b), 0.03, (count, 2)), 0.0, 1.0)

    rows = np.vstack([around(0.25, 0.7, 5), around(0.8, 0.4, 4), around(0.25, 0.7, 18), around(0.8, 0.4, 3),
                      around(0.3, 0.15, 24), [(0.05, 0.4), (0.55, 0.95), (0.6, 0.05), (0.97, 0.05), (0.5, 0.5),
                                              (0.45, 0.3)]])
    losses = np.concatenate([np.linspace(0.1, 0.2, 9), np.linspace(0.3, 0.5, 21), np.linspace(0.9, 1.5, 24),
                             np.linspace(0.6, 0.7, 6)])
    rows = np.vstack([rows, np.tile((0.55, 0.9), (failed, 1))])
    losses = np.append(losses, np.full(failed, np.nan))
    order = rng.permutation(len(rows))
    return space, Seen([Result(k, space.from_unit(rows[i]), float(losses[i]), "done" if losses[i] == losses[i] else
                               "failed") for k, i in enumerate(order)])


def _around_centres(seed, known=None, failed=0):
    """Trials around a few centres, and some anywhere."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(10, 60))
    centres = rng.random((int(rng.integers(2, 6)), 2))
    which = rng.integers(len(centres), size=n)
    rows = np.clip(centres[which] + rng.normal(0.0, rng.choice([0.02, 0.05, 0.1]), (n, 2)), 0.0, 1.0)
    far = rng.random(n) < rng.choice([0.0, 0.3])
    rows[far] = rng.random((int(far.sum()), 2))
    losses = rng.random(n) + rng.choice([0.0, 0.3, 1.0]) * rng.random(len(centres))[which]
    rows = np.vstack([rows[:known], rng.random((failed, 2))])
    losses = np.append(losses[:known], np.full(failed, np.nan))
    return SQUARE, Seen([Result(k, SQUARE.from_unit(row), float(loss), "done" if loss == loss else "failed")
                         for k, (row, loss) in enumerate(zip(rows, losses, strict=True))])


def _parts(space, seen, share=0.15, worst=False, rounded=math.ceil):
    results = sorted((result for result in seen if result.value == result.value), key=lambda result: result.value,
                     reverse=worst)
    return np.split(np.array([space.to_unit(result.params) for result in results]), [rounded(share * len(results))])


def _suggested(solution, space, seen, trials=TRIALS):
    return suggested(solution, space, seen, trials, 5, LACKING, NO_TRIALS)


def _ranks(points, space, seen, score, share=0.15, worst=False, rounded=math.ceil, anywhere=False):
    """The mean share of points, drawn from l or anywhere, with a lower score than those suggested."""
    good, bad = _parts(space, seen, share, worst, rounded)
    rng = np.random.default_rng(0)
    drawn = rng.random((2000, 2)) if anywhere else _drawn(good, rng, 2000)
    return float(np.mean(score(drawn, good, bad) < score(points, good, bad)[:, None]))


LACKING = "suggest should return st.Suggestion(params), with a value for each name of the space."
NO_TRIALS = "The first trials have no results before them: return a random configuration up to the tenth known loss."
NOT_KEYED = "The same generator gave another suggestion the second time: draw from `rng` alone."
SEEN = "Your trials repeat good ones exactly: give each candidate a normal step of 0.1 for each hyper-parameter."
WORST = "Your good trials are those with the highest losses: the lowest losses are good."
HINTS = {
    "l": "Your trials are where good ones are densest, whatever the bad ones: maximise log l − log g, not l.",
    "g": "Your trials are where bad ones are rarest, whether good ones are there or not: maximise log l − log g.",
    "least": "Your trials have the lowest log l − log g of the candidates: take the highest (argmax).",
    "half": "Too many trials are called good: only the best 15 % of them, rounded up."}
FIELDS = {
    "l": (lambda u, good, bad: _log_density(u, good).sum(axis=1), 0.15),
    "g": (lambda u, good, bad: -_log_density(u, bad).sum(axis=1), 0.15),
    "least": (lambda u, good, bad: -_ratio(u, good, bad), 0.15), "half": (_ratio, 0.5)}
RANDOM = "Your trials are spread over the whole space, as if random: take the candidate with the highest score."
UNIT = ("The suggestions are worse where the ranges are not from 0 to 1, or logarithmic: the densities are those of "
        "unit values, space.to_unit(result.params).")
NAN = "With failed trials, whose losses are NaN, the wrong trials are good: NaN can't be sorted, so leave them out."


EARLY = ("With nine known losses{} your trials are not random: below ten known losses return a random configuration, "
         "and a failed trial has none.")
LATE = "With ten known losses your trials are still random: only with fewer than ten a configuration is random."
ANYWHERE = ("Your trials are good among points anywhere, but less so among those near the good trials: draw the 48 "
            "candidates from l, from good trials with a normal step.")
FINE = {  # mistakes that show in some situations only: the hint, the score that is maximised, and the rounding
    "all": ("The density of the bad trials has the good ones as well: g is of those that are not good.",
            _of_all, math.ceil),
    "no flat": ("The flat density 1 is missing: it is one more term in the mean, so that l and g are nowhere near 0.",
                _of_densities(flat=lambda n: 0.0), math.ceil),
    "half flat": ("The flat density has half of the weight; it counts as one trial more, 1 of n + 1 terms.",
                  _of_densities(flat=lambda n: 0.5), math.ceil),
    "factor": ("The normal densities lack their factor 1 / (0.1 · √(2 · π)), so that beside them the flat density 1 "
               "weighs too much.", _of_densities(factor=1.0), math.ceil),
    "floor": ("The number of good trials is rounded down: 15 % of 14 are 3, rounded up.", _ratio, math.floor)}
SITUATIONS = (429, 848, 260, 667, 624)  # in each the trials of one of these mistakes are far from the best


def _fine(solution):
    """Situations that the mistakes of FINE do not survive."""
    every = [_around_centres(seed) for seed in SITUATIONS]
    points = [_suggested(solution, *each) for each in every]

    def lowest(score, **changed):
        return min(_ranks(some, *each, score, **changed) for some, each in zip(points, every, strict=True))

    if (rank := lowest(_ratio)) < 0.93:
        ranks = {hint: lowest(score, rounded=rounded) for hint, score, rounded in FINE.values()}
        hint = max(ranks, key=ranks.__getitem__)
        assert ranks[hint] < 0.93, hint
        assert lowest(_ratio, anywhere=True) < 0.96, ANYWHERE
        raise AssertionError(f"Your trials have a higher log l − log g than {rank:.0%} of points drawn from l only.")
    for hint, failed in ((EARLY.format(""), 0), (EARLY.format(" and four failed trials"), 4)):
        early = _around_centres(60, known=9, failed=failed)
        assert _ranks(_suggested(solution, *early), *early, _ratio, anywhere=True) < 0.8, hint
    late = _around_centres(60, known=10)
    assert _ranks(_suggested(solution, *late), *late, _ratio, anywhere=True) > 0.9, LATE


def extra(solution):
    _suggested(solution, SQUARE, Seen([]), 2)
    space, seen = _situation()
    points = _suggested(solution, space, seen)
    if not np.array_equal(points, _suggested(solution, space, seen)):
        raise AssertionError(NOT_KEYED)
    old = np.array([space.to_unit(result.params) for result in seen])
    if np.mean(abs(points[:, None] - old).max(axis=2).min(axis=1) < 1e-9) > 0.5:
        raise AssertionError(SEEN)
    rank = _ranks(points, space, seen, _ratio)
    if rank < 0.93:
        if _ranks(points, space, seen, _ratio, worst=True) > 0.93:
            raise AssertionError(WORST)
        ranks = {name: _ranks(points, space, seen, *FIELDS[name]) for name in HINTS}
        name = max(ranks, key=ranks.__getitem__)
        assert ranks[name] < 0.93, HINTS[name]
        assert points.std(axis=0).min() < 0.2, RANDOM
        _fine(solution)
        raise AssertionError(f"Your trials have a higher log l − log g than {rank:.0%} of points drawn from l only.")
    for hint, (space, seen) in ((UNIT, _situation(LOG)), (NAN, _situation(failed=12))):
        assert _ranks(_suggested(solution, space, seen), space, seen, _ratio) >= 0.93, hint
    _fine(solution)


class _AllTrialsCount(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        known = sum(not math.isnan(result.value) for result in seen)
        few = min(known, 10) if len(seen) >= 10 else 10
        return _searcher(few=few)().suggest(space, seen, pending, number, rng)


MISTAKES = [
    *((HINTS[name], _searcher(FIELDS[name][0])) for name in ("l", "g", "least")),
    (HINTS["half"], _searcher(share=0.5)),
    (WORST, _searcher(worst=True)),
    (RANDOM, _searcher(draw=lambda good, rng: rng.random((1, good.shape[1])))),
    (SEEN, _searcher(draw=lambda good, rng: good)),
    (NOT_KEYED, _searcher(generator=lambda rng: np.random.default_rng())),
    (UNIT, _searcher(unit=lambda params: list(params.values()))),
    (NAN, _searcher(known=lambda result: True)),
    *((FINE[name][0], _searcher(FINE[name][1], rounded=FINE[name][2])) for name in FINE),
    (ANYWHERE, _searcher(draw=lambda good, rng: rng.random((48, good.shape[1])))),
    (EARLY.format(""), _searcher(few=9)),
    (EARLY.format(" and four failed trials"), _AllTrialsCount),
    (LATE, _searcher(few=11)),
]
