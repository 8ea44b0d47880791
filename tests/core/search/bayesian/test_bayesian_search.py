"""Bayesian search as a whole: when it waits, which model speaks, that spaces end, and what it says of itself."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search.bayesian.bayesian_search import MODELS, BayesianSearch
from scratchtune.core.search.searcher import Exhausted, Result, Suggestion
from scratchtune.core.search.space import Categorical, Float, Int, Space

EVERY_MODEL = pytest.mark.parametrize("model", MODELS)
MIXED = Space({
    "x": Float(0.0, 1.0), "n": Int(1, 32, log=True), "kind": ["a", "b", "c"],
    "y": Float(0.0, 1.0, when={"kind": "b"}), "fixed": [7]})


def rng_of(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def suggested(searcher: BayesianSearch, space: Space, trials: list[Result], seed: int = 0) -> Suggestion:
    """The next trial's suggestion, with what the searcher may see of the trials so far."""
    number = len(trials)
    needed = searcher.needs(number)
    pending = [result.params for result in trials[needed:]]
    return searcher.suggest(space, trials[:needed], pending, number, rng_of(seed, number))


def run(searcher: BayesianSearch, space: Space, loss: Any, n: int, seed: int = 0) -> list[Result]:
    trials: list[Result] = []
    for number in range(n):
        suggestion = suggested(searcher, space, trials, seed)
        assert space.check(suggestion.params) == suggestion.params
        json.dumps(suggestion.why, allow_nan=False)
        assert len(searcher.explain(suggestion.why)) > 20
        trials.append(Result(number, suggestion.params, float(loss(suggestion.params)), "complete"))
    return trials


def loss_of(params: dict[str, Any]) -> float:
    extra = {"a": 1.0, "b": 0.2 * params.get("y", 0.0), "c": 0.5}[params["kind"]]
    return (params["x"] - 0.3) ** 2 + 0.1 * abs(math.log2(params["n"]) - 3.0) + extra


def test_needs_by_hand() -> None:
    assert [BayesianSearch().needs(n) for n in range(4)] == [0, 1, 2, 3]
    assert [BayesianSearch(parallel=3).needs(n) for n in range(6)] == [0, 0, 0, 1, 2, 3]


@EVERY_MODEL
def test_it_finds_what_chance_does_not(model: str) -> None:
    best = [min(result.value for result in run(BayesianSearch(model), MIXED, loss_of, 40, seed)) for seed in range(3)]
    assert np.median(best) < 0.03


@EVERY_MODEL
@pytest.mark.parametrize("parallel", [1, 4])
def test_the_same_trials_give_the_same_suggestion_whoever_asks(model: str, parallel: int) -> None:
    trials = run(BayesianSearch(model, parallel=parallel), MIXED, loss_of, 20)
    for number in (0, 5, 12, 17, 19):
        fresh = suggested(BayesianSearch(model, parallel=parallel), MIXED, trials[:number])
        assert fresh.params == trials[number].params
    # what is not finished is not looked at: other values there change nothing
    searcher = BayesianSearch(model, parallel=parallel)
    needed = searcher.needs(19)
    other = [*trials[:needed], *(result._replace(value=-1e9) for result in trials[needed:19])]
    assert suggested(searcher, MIXED, other).params == trials[19].params


@EVERY_MODEL
def test_a_finite_space_comes_once_and_ends(model: str) -> None:
    space = Space({"kind": ["a", "b", "c"], "n": Int(1, 3), "on": Categorical([True, False], when={"kind": ["a"]})})
    searcher = BayesianSearch(model, initial=3)
    trials = run(searcher, space, lambda params: params["n"], 12)
    keys = {space.key(result.params) for result in trials}
    assert len(keys) == 12 == space.size
    with pytest.raises(Exhausted, match="12 points"):
        suggested(searcher, space, trials)


@EVERY_MODEL
def test_the_constraint_is_respected_and_its_finite_rest_ends(model: str) -> None:
    space = Space({"a": Int(0, 5), "b": Int(0, 5)}, constraint=lambda p: p["a"] + p["b"] == 5)
    searcher = BayesianSearch(model, initial=2)
    trials = run(searcher, space, lambda params: params["a"], 6)
    assert sorted(result.params["a"] for result in trials) == [0, 1, 2, 3, 4, 5]
    with pytest.raises(Exhausted):
        suggested(searcher, space, trials)
    plane = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, constraint=lambda p: p["x"] + p["y"] < 0.5)
    run(BayesianSearch(model, initial=3), plane, lambda p: -p["x"], 12)  # `run` checks each against it


@EVERY_MODEL
def test_hard_spaces_and_values(model: str) -> None:
    kinds: dict[str, Any] = {
        "one value": {"a": [1], "x": Float(2.0, 2.0), "y": Float(0.0, 1.0)},
        "choices only": {"a": list("abcd"), "b": list("efg"), "c": [None, True, 1, 1.0]},
        "a list as a choice": {"units": [[8], [8, 8]], "x": Float(0.0, 1.0)}}
    for space, value in itertools.product(kinds.values(), (1.0, math.nan, 1e12)):
        run(BayesianSearch(model, initial=3), Space(space), lambda params, v=value: v, 8)


@EVERY_MODEL
def test_failed_trials_teach_it_to_stay_away(model: str) -> None:
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
    trials = run(BayesianSearch(model), space, lambda p: math.nan if p["x"] > 0.5 else (p["y"] - 0.5) ** 2, 40)
    assert sum(math.isnan(result.value) for result in trials[20:]) <= 6


@EVERY_MODEL
def test_results_of_an_earlier_study_count_from_the_start(model: str) -> None:
    earlier = [result._replace(number=-1) for result in run(BayesianSearch(model), MIXED, loss_of, 15)]
    suggestion = BayesianSearch(model).suggest(MIXED, earlier, [], 0, rng_of(1, 0))
    assert suggestion.why.get("phase") != "initial"


def test_the_initial_points_are_spread_and_follow_the_prior() -> None:
    space = Space({"x": Float(0.0, 1.0), "p": Float(0.0, 1.0, prior=(0.8, 0.05))})
    trials = run(BayesianSearch(initial=16), space, lambda params: 0.0, 16)
    x = np.sort([result.params["x"] for result in trials])
    assert np.histogram(x, bins=4, range=(0.0, 1.0))[0].min() >= 3  # chance alone leaves gaps
    assert abs(np.mean([result.params["p"] for result in trials]) - 0.8) < 0.05


def test_auto_takes_turns_and_says_so() -> None:
    searcher, trials = BayesianSearch(), []
    models = []
    for number in range(24):
        suggestion = suggested(searcher, MIXED, trials)
        trials.append(Result(number, suggestion.params, loss_of(suggestion.params), "complete"))
        models.append(suggestion.why.get("model"))
        if models[-1] is not None:
            assert suggestion.why["because"][1:] in searcher.explain(suggestion.why)
    assert "take turns" not in BayesianSearch("gp").explain(suggestion.why | {"model": "gp"})
    assert set(models[12:]) == {"gp", "tpe"} and set(models[:6]) == {None} and set(models[6:10]) == {"gp"}


# Decisions by hand --------------------------------------------------------------------------------------------------

LINE = Space({"x": Float(0.0, 1.0)})


def whys(searcher: BayesianSearch, space: Space, finished: int, waiting: int = 0) -> dict[str, Any]:
    """The reasons of the next suggestion, after so many finished trials and so many pending ones."""
    units = (np.arange(finished + waiting) + 0.5) / max(finished + waiting, 1)
    points = [space.from_unit([float(u)] * len(space.names)) for u in units]
    seen = [Result(i, params, float(i), "complete") for i, params in enumerate(points[:finished])]
    number = finished + waiting
    return searcher.suggest(space, seen, points[finished:], number, rng_of(0, number)).why


def test_whose_turn_it_is_by_hand() -> None:
    # The process proposes until ten trials are known; from then on even numbers are the estimator's.
    searcher = BayesianSearch()
    assert [searcher.chosen_model(n, n)[0] for n in range(8, 14)] == ["gp", "gp", "tpe", "gp", "tpe", "gp"]
    # Trials of an earlier study are known, but the turns go by the number.
    assert [searcher.chosen_model(n, n + 9)[0] for n in range(4)] == ["gp", "gp", "tpe", "gp"]
    assert [searcher.chosen_model(n, n + 11)[0] for n in range(4)] == ["tpe", "gp", "tpe", "gp"]
    assert [BayesianSearch("gp").chosen_model(4, 50)[0], BayesianSearch("tpe").chosen_model(5, 50)[0]] == ["gp", "tpe"]


def test_how_many_points_come_first_by_hand() -> None:
    # Two for each parameter and two more, at most six; the estimator alone has ten.
    spaces = [Space({f"x{j}": Float(0.0, 1.0) for j in range(d)}) for d in (1, 2, 5)]
    assert [whys(BayesianSearch(), space, 0)["of"] for space in spaces] == [4, 6, 6]
    assert [whys(BayesianSearch("tpe"), space, 0)["of"] for space in spaces] == [10, 10, 10]
    assert whys(BayesianSearch("tpe", initial=3), LINE, 0)["of"] == 3
    # Pending trials count as well, but a model needs a finished one.
    before = [whys(BayesianSearch("gp"), LINE, *counts)["phase"] for counts in ((3, 0), (1, 2), (0, 9))]
    assert before == ["initial"] * 3
    assert [whys(BayesianSearch("gp"), LINE, *counts)["phase"] for counts in ((4, 0), (1, 3))] == ["model", "model"]


def test_no_initial_point_repeats_one_that_is_finished_or_pending() -> None:
    space = Space({"n": Int(1, 4)})
    for left in range(1, 5):
        first, *others = ({"n": n} for n in range(1, 5) if n != left)
        seen = [Result(0, first, 1.0, "complete")]
        for number in range(3, 9):
            suggestion = BayesianSearch(initial=9, parallel=9).suggest(space, seen, others, number, rng_of(0, number))
            assert suggestion.params == {"n": left} and suggestion.why["phase"] == "initial"


def test_initial_points_are_a_hypercube_of_the_study_s_own_seed() -> None:
    def cells(seed: int) -> tuple[int, ...]:
        found = [BayesianSearch(initial=8).suggest(LINE, [], [], n, rng_of(seed, n)).params["x"] for n in range(8)]
        return tuple(int(8.0 * x) for x in found)

    orders = [cells(seed) for seed in range(4)]
    assert all(sorted(order) == list(range(8)) for order in orders) and len(set(orders)) > 1


@pytest.mark.parametrize("arguments, error, words", [
    ({"model": "forest"}, ValueError, "model"), ({"parallel": 0}, ValueError, "parallel"),
    ({"parallel": "2"}, TypeError, "parallel"), ({"acquisition": "ei"}, ValueError, "acquisition"),
    ({"initial": 0}, ValueError, "initial"), ({"kappa": -1.0}, ValueError, "kappa")])
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        BayesianSearch(**arguments)
