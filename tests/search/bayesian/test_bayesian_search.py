"""Bayesian search as a whole: when it waits, which model speaks, that spaces end, and what it says of itself."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

from scratchtune.search.bayesian.bayesian_search import MODELS, BayesianSearch
from scratchtune.search.searcher import Exhausted, Result, Suggestion
from scratchtune.search.space import Categorical, Float, Int, Space

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
    assert set(models[12:]) == {"gp", "tpe"} and set(models[:6]) == {None} and set(models[6:10]) == {"gp"}


@pytest.mark.parametrize("arguments, error, words", [
    ({"model": "forest"}, ValueError, "model"), ({"parallel": 0}, ValueError, "parallel"),
    ({"parallel": "2"}, TypeError, "parallel"), ({"acquisition": "ei"}, ValueError, "acquisition"),
    ({"initial": 0}, ValueError, "initial"), ({"kappa": -1.0}, ValueError, "kappa")])
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        BayesianSearch(**arguments)
