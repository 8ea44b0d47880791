"""Exercise 23: an evolution."""

import math

import numpy as np

import scratchtune as st
from lessons.checking import suggested
from scratchtune.core.search.searcher import Result, Seen

CASES: list = []
SQUARE = st.search.Space({"a": st.Float(0.0, 1.0), "b": st.Float(0.0, 1.0)})
LOG = st.search.Space({"a": st.Float(1e-5, 1.0, log=True), "b": st.Float(100.0, 900.0)})
TREE = st.search.Space({"a": ["x", "y"], "b": st.Float(0.0, 1.0, when={"a": ["x"]})})
CHILDREN = 300


# The right answer, with parts that can be replaced -------------------------------------------------------------------


def _fitter(rng):
    """The rank of the fitter of two that are drawn."""
    return int(rng.integers(8, size=2).min())


def _crossed(mother, father, rng):
    return np.where(rng.random(len(mother)) < 0.5, mother, father)


def _mutated(child, parents, rng, rate=0.5, least=0.03, fixed=None):
    steps = np.maximum(0.5 * parents.std(axis=0), least) if fixed is None else fixed
    return np.clip(child + steps * rng.normal(size=len(child)) * (rng.random(len(child)) < rate), 0.0, 1.0)


def _searcher(chosen=_fitter, crossed=_crossed, mutated=_mutated, few=16, key=lambda result: result.value,
              known=lambda result: not math.isnan(result.value), unit=None, generator=lambda rng: rng, number_of=8,
              absent=0.5):
    class MyEvolution(st.Searcher):
        def suggest(self, space, seen, pending, number, rng):
            rng, results = generator(rng), [result for result in seen if known(result)]
            if len(results) < few:
                return st.Suggestion(space.from_unit(rng.random(len(space.names))))
            fittest = sorted(results, key=key)[:number_of or None]
            parents = np.nan_to_num([(unit or space.to_unit)(result.params) for result in fittest], nan=absent)
            mother, father = (parents[chosen(rng) % len(parents)] for _ in range(2))
            return st.Suggestion(space.from_unit(mutated(crossed(mother, father, rng), parents, rng)))

    return MyEvolution


right = _searcher()


# The situations ------------------------------------------------------------------------------------------------------

HALF = np.arange(8) % 2
PARENTS = np.column_stack([0.15 + 0.6 * HALF + 0.013 * np.arange(8), 0.2 + 0.6 * HALF + 0.011 * np.arange(8)])


def _situation(space=SQUARE, parents=PARENTS, failed=0, known=30):
    """Thirty trials: the parents in two far corners, the best first by rank, and worse ones in the other corners."""
    rng = np.random.default_rng(3)
    corners = np.array([(0.9, 0.1), (0.1, 0.9)])[np.arange(22) % 2]
    worse = corners + rng.uniform(-0.04, 0.04, (22, 2))
    rows = np.vstack([parents, worse, np.full((failed, 2), 0.5) + 0.001 * np.arange(failed)[:, None]])
    losses = np.concatenate([0.1 + 0.01 * np.arange(8), 1.0 + 0.1 * np.arange(22), np.full(failed, np.nan)])
    rows, losses = np.delete(rows, np.s_[known:30], axis=0), np.delete(losses, np.s_[known:30])
    return space, Seen([Result(k, space.from_unit(rows[i]), float(losses[i]),
                               "done" if losses[i] == losses[i] else "failed")
                        for k, i in enumerate(rng.permutation(len(rows)))])


def _with_conditions():
    rng = np.random.default_rng(6)
    params = [TREE.from_unit(rng.random(2)) for _ in range(30)]
    return TREE, Seen([Result(k, each, 0.1 * k, "done") for k, each in enumerate(params)])


def _children(solution, space, seen, count=CHILDREN):
    """Unit values of suggestions for one state, (count, 2)."""
    return suggested(solution, space, seen, count, 9, LACKING, NO_TRIALS)


def _ranks(children):
    """For each gene, the rank of the parent that has exactly this gene; -1 where it has been mutated."""
    equal = abs(children[:, None] - PARENTS) < 1e-7
    return np.where(equal.any(axis=1), equal.argmax(axis=1), -1)


def _step(children):
    """The median step of the genes that have been mutated, from the nearest parent's."""
    steps = abs(children[:, None] - PARENTS).min(axis=1)
    return float(np.median(steps[steps > 1e-7]))


EARLY = ("With {} known losses and {} failed trials your children have genes of earlier trials: configurations "
         "are random until 16 losses are known, and a failed trial has none.")
LATE = "With exactly 16 known losses your configurations are still random: from 16 on there are parents."
LACKING = "suggest should return st.Suggestion(params), with a value for each name, in its range."
NO_TRIALS = "The first trials have no results before them: return a random configuration up to the 16th known loss."
ABSENT = ("In a space with conditions, a hyper-parameter that a configuration lacks has the unit value NaN: replace "
          "it, by 0.5 say (np.nan_to_num).")
NOT_KEYED = "The same generator gave another child the second time: draw from `rng` alone."
RANDOM = "Your children have nothing of the eight fittest: sort the known trials by loss, the lowest first."
NO_CROSSOVER = "Each of your children has all its genes from one parent: choose mother or father for each gene."
NO_MUTATION = "Your children have no gene that neither parent has: let each gene take a step with probability 0.5."
ALL_MUTATED = "No gene of your children is a parent's: each takes its step with probability 0.5 only."
NO_PRESSURE = "All eight parents are chosen alike: of two that are drawn, the fitter one should become the parent."
TOO_MUCH = "Nearly all genes are the best parents': choose each by a tournament of two, so that others have a part."
LOSER = "The less fit of two becomes the parent: in a tournament the lower loss wins."
EVERYBODY = "Trials that are not among the eight fittest become parents."
FEW = "Only some of the eight fittest ever become parents: draw from all eight."
BETWEEN = "Your children's genes are between those of the parents: each gene is that of mother or of father."
SHORT = "Your steps are too short: their std is 0.5 times that of the parents' genes, and 0.03 is only the least."
LONG = "Your steps are too long: their std is 0.5 times that of the parents' genes."
FIXED = "With parents that are nearly alike, your steps are as long as before: measure them by the parents' std."
LEAST = "With parents that are all alike, your children are equal to them: a step has at least the std 0.03."
NAN = "With failed trials, whose losses are NaN, other trials become parents: leave failed ones out."
UNIT = "Where a range is logarithmic, or not from 0 to 1, children are wrong: genes are unit values (space.to_unit)."


def extra(solution):
    _children(solution, SQUARE, Seen([]), 2)
    space, seen = _situation()
    children = _children(solution, space, seen)
    if not np.array_equal(children[:20], _children(solution, space, seen, 20)):
        raise AssertionError(NOT_KEYED)
    _check_parents(children, space, seen)
    _check_steps(solution, _step(children) / _step(_children(right, space, seen)))
    _check_other_trials(solution)


def _check_parents(children, space, seen):
    """Parents are chosen by a tournament among the eight fittest, and each gene is one parent's, or mutated."""
    ranks = _ranks(children)
    kept = ranks >= 0
    worse = np.array([space.to_unit(result.params) for result in seen if result.value >= 1.0])
    of_worse = (abs(children[:, None] - worse) < 1e-7).any(axis=1)
    if kept.sum() < 5 * of_worse.sum():
        raise AssertionError(RANDOM if kept.sum() < 0.3 * of_worse.sum() else EVERYBODY)
    if not kept.any():
        near = abs(children[:, None] - PARENTS).min(axis=1)
        raise AssertionError(ALL_MUTATED if np.median(near) < 0.12 else RANDOM)
    if kept.all():
        raise AssertionError(NO_MUTATION)
    mixed = np.mean((children[:, 0] < 0.45) != (children[:, 1] < 0.45))
    both = kept.all(axis=1)
    if np.mean(abs(children[:, 0] - 0.49) < 0.12) > 0.3:
        raise AssertionError(BETWEEN)
    if np.mean(ranks[both, 0] == ranks[both, 1]) > 0.9:
        raise AssertionError(NO_CROSSOVER)
    mean = ranks[kept].mean()
    for hint, wrong in ((FEW, ranks.max() < 5), (TOO_MUCH, mean < 1.4), (NO_PRESSURE, 2.8 < mean < 4.0),
                        (LOSER, mean >= 4.0)):
        if wrong:
            raise AssertionError(hint)
    assert 0.3 < kept.mean() < 0.7, f"{kept.mean():.0%} of the genes are a parent's unchanged; it should be about half."
    assert mixed > 0.1, NO_CROSSOVER


def _check_steps(solution, ratio):
    """Steps are as long as the right answer's, ``ratio`` times, and as short as the parents are alike."""
    alike = np.full((8, 2), 0.5)
    steps = abs(_children(solution, *_situation(parents=alike)) - 0.5)
    if steps.max() < 1e-7:
        raise AssertionError(LEAST)
    if steps.max() > 0.2:
        raise AssertionError(FIXED)
    assert ratio > 0.65, SHORT
    assert ratio < 1.5, LONG


def _check_other_trials(solution):
    """Failed trials, other ranges, few trials, and what a configuration lacks."""
    for hint, (space, seen) in ((NAN, _situation(failed=40)), (UNIT, _situation(LOG))):
        again = _children(solution, space, seen)
        others = np.array([space.to_unit(result.params) for result in seen if not result.value < 1.0])
        assert np.mean(_ranks(again) >= 0) > 0.3, hint
        assert np.mean((abs(again[:, None] - others) < 1e-7).any(axis=1)) < 0.02, hint
    for known, failed in ((15, 0), (12, 6)):
        early = _children(solution, *_situation(known=known, failed=failed), 60)
        assert np.mean(_ranks(early) >= 0) < 0.1, EARLY.format(known, failed)
    assert np.mean(_ranks(_children(solution, *_situation(known=16), 60)) >= 0) > 0.3, LATE
    try:
        _children(solution, *_with_conditions())
    except AssertionError:
        raise AssertionError(ABSENT) from None


class _AllTrialsCount(right):
    """Failed trials count among the 16."""

    def suggest(self, space, seen, pending, number, rng):
        known = sum(not math.isnan(result.value) for result in seen)
        return _searcher(few=min(known, 16) if len(seen) >= 16 else 16)().suggest(space, seen, pending, number, rng)


MISTAKES = [
    (NOT_KEYED, _searcher(generator=lambda rng: np.random.default_rng())),
    (RANDOM, _searcher(key=lambda result: -result.value)),
    (NO_CROSSOVER, _searcher(crossed=lambda mother, father, rng: mother)),
    (NO_MUTATION, _searcher(mutated=lambda child, parents, rng: child)),
    (ALL_MUTATED, _searcher(mutated=lambda *given: _mutated(*given, rate=1.1))),
    (NO_PRESSURE, _searcher(chosen=lambda rng: int(rng.integers(8)))),
    (TOO_MUCH, _searcher(chosen=lambda rng: int(rng.integers(8, size=5).min()))),
    (FEW, _searcher(chosen=lambda rng: int(rng.integers(3)))),
    (BETWEEN, _searcher(crossed=lambda mother, father, rng: 0.5 * (mother + father))),
    (SHORT, _searcher(mutated=lambda *given: _mutated(*given, fixed=0.03))),
    (LONG, _searcher(mutated=lambda child, parents, rng: _mutated(
        child, parents, rng, fixed=np.maximum(parents.std(axis=0), 0.03)))),
    (LOSER, _searcher(chosen=lambda rng: int(rng.integers(8, size=2).max()))),
    (EVERYBODY, _searcher(chosen=lambda rng: int(rng.integers(30, size=2).min()), number_of=0)),
    (FIXED, _searcher(mutated=lambda *given: _mutated(*given, fixed=0.2))),
    (LEAST, _searcher(mutated=lambda *given: _mutated(*given, least=0.0))),
    (NAN, _searcher(known=lambda result: True)),
    (UNIT, _searcher(unit=lambda params: list(params.values()))),
    (ABSENT, _searcher(absent=np.nan)),
    (EARLY.format(15, 0), _searcher(few=15)),
    (LATE, _searcher(few=17)),
    (EARLY.format(12, 6), _AllTrialsCount),
]
