"""What the tests of all searchers share: every searcher, a space and values for all of them, and a study's replay.

The searchers are those of the package's table. One that is entered there is tested with no further line; `VARIANTS` has
other arguments of those that have several ways to work.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import (
    DEFAULT_OF_SEVERAL,
    NSGA2,
    SEARCHERS,
    BayesianSearch,
    Categorical,
    Float,
    GeneticSearch,
    GridSearch,
    Hyperband,
    Int,
    RandomSearch,
    Result,
    Searcher,
    Space,
    Suggestion,
)
from scratchtune.core.study import Study, Trial

Make = Callable[[], Searcher]

MAX_BUDGET = 9  # for what a constructor requires: all of it are budgets and numbers of configurations
VARIANTS: dict[str, Make] = {
    "grid": lambda: GridSearch(resolution=3),
    "halton": lambda: RandomSearch(sequence="halton"),
    "latin_hypercube": lambda: RandomSearch(sequence="latin_hypercube"),
    "bayesian": lambda: BayesianSearch(parallel=1),
    "gp": lambda: BayesianSearch(model="gp", initial=4, parallel=1),
    "gp-parallel": lambda: BayesianSearch(model="gp", initial=4, parallel=4),
    "tpe": lambda: BayesianSearch(model="tpe", initial=4, parallel=1),
    "tpe-parallel": lambda: BayesianSearch(model="tpe", initial=4, parallel=4),
    "genetic-small": lambda: GeneticSearch(population=4),
    "cmaes": lambda: SEARCHERS["cmaes"](population=5),
    "nsga2": lambda: NSGA2(population=4),
    "bohb": lambda: Hyperband(MAX_BUDGET, proposer=BayesianSearch(model="tpe", initial=4, parallel=1)),
}


def maker(kind: type[Searcher]) -> Make:
    """A searcher with its default arguments."""
    required = [name for name, each in inspect.signature(kind).parameters.items() if each.default is each.empty]
    return lambda: kind(**dict.fromkeys(required, MAX_BUDGET))


EVERY: dict[str, Make] = {
    name: maker(kind) for name, kind in (SEARCHERS | {DEFAULT_OF_SEVERAL: NSGA2}).items()} | VARIANTS


def searched(make: Make, space: dict[str, Any]) -> dict[str, Any]:
    """Those parameters of a space that the searcher doesn't refuse: CMA-ES searches ranges that always exist."""
    def is_refused(name: str) -> bool:
        above = getattr(space[name], "when", None) or {}
        try:
            make().for_space(Space({each: space[each] for each in (*above, name)}))
        except ValueError:
            return True
        return False

    return {name: parameter for name, parameter in space.items() if not is_refused(name)}


def searched_or_skip(make: Make, space: dict[str, Any]) -> dict[str, Any]:
    """The same; the test is skipped if the searcher refuses all of them."""
    found = searched(make, space)
    return found or pytest.skip("this searcher refuses all parameters of the space")


# One space and its values ---------------------------------------------------------------------------------------------

MIXED: dict[str, Any] = {
    "kind": ["tree", "net", "line"],
    "rate": Float(1e-4, 1e-1, log=True, when={"kind": ["net"]}),
    "layers": Int(1, 3, when={"kind": ["net"]}),
    "units": Int(8, 512, log=True, when={"kind": ["net"], "layers": [2, 3]}),
    "depth": Int(2, 30, when={"kind": "tree"}),
    "l2": Float(0.0, 1.0, step=0.05),
    "x": Float(-5.0, 5.0, prior=(1.0, 0.3)),
    "scale": Categorical([None, "standard", 1, 1.0, True], prior=[4.0, 1.0, 1.0, 1.0, 1.0]),
}


def allowed(params: dict[str, Any]) -> bool:
    """The constraint of `MIXED`."""
    return params["x"] < 4.0 or params.get("kind") == "tree"


def value_of(params: dict[str, Any]) -> float:
    """A function of params alone, which fails for about one point in six."""
    if params["l2"] > 0.8:
        raise ArithmeticError("it diverged")
    loss = (params["x"] - 1.0) ** 2 + abs(params["l2"] - 0.3)
    loss += (math.log10(params["rate"]) + 2.0) ** 2 if "rate" in params else params.get("depth", 20) / 10.0
    return math.nan if params.get("scale") is True else loss


def objective(trial: Trial) -> float:
    """`value_of`, of a trial."""
    return value_of(trial.params)


def slow(trial: Trial) -> float:
    """The same, in a time that says nothing about the order in which trials began."""
    time.sleep(float(np.random.default_rng().random()) * 0.004)
    return value_of(trial.params)


def study_of(make: Make, seed: int = 5, **more: Any) -> Study:
    """A study of what the searcher accepts of `MIXED`."""
    return Study(searched(make, MIXED), make(), seed=seed, constraint=allowed, **more)


# A study's record -----------------------------------------------------------------------------------------------------


def table(study: Study) -> list[tuple[Any, ...]]:
    """All that a trial is, but the seconds that it took; as text, where NaN is NaN, and 1 is not True."""
    return [
        (t.number, repr(t.params), t.value, t.state, t.error, repr(t.why), t.budget, t.parent) for t in study.trials]


def replayed(
    study: Study, number: int, searcher: Searcher, earlier: Sequence[Result] = (), kind: type = list,
) -> Suggestion:
    """The suggestion for a trial, made again from nothing but the study's record."""
    sign = 1.0 if study.direction == "minimize" else -1.0
    needs = searcher.needs(number)
    seen = [
        Result(t.number, t.params, math.nan if t.value is None else sign * t.value, t.state, t.budget, t.parent)
        for t in study.trials[:needs]]
    pending = [trial.params for trial in study.trials[needs:number]]
    rng = np.random.default_rng(np.random.SeedSequence(study.seed, spawn_key=(number,)))
    return searcher.suggest(study.space, kind([*earlier, *seen]), kind(pending), number, rng)


def assert_replayed(
    study: Study, make: Make, earlier: Sequence[Result] = (), numbers: Sequence[int] | None = None,
) -> None:
    """One searcher, asked for the trials in any order, gives what the study has."""
    searcher = make()
    for number in range(len(study.trials)) if numbers is None else numbers:
        trial = study.trials[number]
        if trial.why.get("enqueued"):
            continue
        again = replayed(study, number, searcher, earlier, kind=tuple if number % 2 else list)
        assert repr(again.params) == repr(trial.params) and repr(again.why) == repr(trial.why)
        assert (again.budget, again.parent) == (trial.budget, trial.parent)


def assert_plain(why: Any) -> None:
    """JSON's types alone."""
    if isinstance(why, dict):
        assert all(type(name) is str for name in why)
        why = list(why.values())
    if isinstance(why, (list, tuple)):
        for entry in why:
            assert_plain(entry)
    else:
        assert why is None or type(why) in (bool, int, float, str), repr(why)
