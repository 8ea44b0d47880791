"""The branch of the next trial: how often each is drawn, and what TPE does in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.search import Float, Int, Space
from scratchtune.search.bayesian import parzen
from scratchtune.search.bayesian.mixture import axes_of
from scratchtune.search.bayesian.parzen import beta_parameter, drawn_branch
from scratchtune.search.searcher import Result

TREE = Space({
    "optimizer": ["sgd", "adam", "rmsprop"], "rate": Float(1e-4, 1.0, log=True),
    "momentum": Float(0.0, 0.99, when={"optimizer": ["sgd"]}), "layers": Int(1, 3),
    "second": Int(8, 64, when={"layers": [2, 3]}), "third": Int(8, 64, when={"layers": [3]}),
    "nesterov": ["no", "yes"], "only": Float(0.0, 1.0, when={"layers": [1], "nesterov": ["yes"]})})
SGD = {"optimizer": "sgd", "rate": 0.1, "momentum": 0.9, "layers": 1, "nesterov": "no"}
ADAM = {"optimizer": "adam", "rate": 0.1, "layers": 1, "nesterov": "no"}
SIMPLE = Space({name: TREE.parameters[name] for name in ("optimizer", "rate", "momentum")})


def _codes(space: Space, points: list[dict[str, Any]]) -> np.ndarray:
    return np.column_stack([axis.read([{name: point[name] for name in point if name in space.names}
                                       for point in points]) for axis in axes_of(space)])


def _drawn(space: Space, good: list[Any], bad: list[Any], random: list[Any], seed: int) -> set[str]:
    """The names that exist in the branch drawn."""
    axes, count = axes_of(space), len(good) + len(bad)
    exists = drawn_branch(axes, _codes(space, [*good, *bad]), np.arange(len(good)), np.arange(len(good), count),
                          _codes(space, random), np.random.default_rng([3, seed]))
    return {axis.name for axis, here in zip(axes, exists.tolist(), strict=True) if here}


def _random(space: Space, count: int, seed: int = 0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [space.from_unit(rng.random(len(space.names))) for _ in range(count)]


def test_the_posterior_is_uniform_before_any_trial() -> None:
    assert beta_parameter(0) == 1 and beta_parameter(7) == 8


def test_every_branch_that_is_drawn_is_one_of_the_space() -> None:
    points = _random(TREE, 60)
    branches = {frozenset(point) for point in _random(TREE, 5000, seed=1)}
    drawn = {frozenset(_drawn(TREE, points[:9], points[9:], _random(TREE, 32), seed)) for seed in range(300)}
    assert drawn == branches  # with momentum or not; one layer (with or without `only`), two or three


def test_each_parameter_is_decided_on_its_own() -> None:
    deep = {"layers": 3, "second": 9, "third": 9}
    good, bad = [{**ADAM, **deep}] * 40, [SGD] * 40  # SGD was never deep, and Adam never shallow
    drawn = [_drawn(TREE, good, bad, [{**SGD, **deep}], seed) for seed in range(50)]
    assert all({"second", "third"} <= names and "momentum" not in names for names in drawn)


def test_a_branch_is_tried_the_more_seldom_the_more_of_its_trials_were_bad() -> None:
    def share(bad: int) -> float:
        trials = [SGD] * bad + [ADAM] * 10
        return float(np.mean(["momentum" in _drawn(SIMPLE, [ADAM] * 6, trials, [], seed) for seed in range(500)]))

    shares = [share(bad) for bad in (2, 10, 60)]
    assert shares[0] > 0.1 > shares[1] > 0.005 > shares[2]


def test_a_branch_without_a_trial_may_be_drawn() -> None:
    drawn = [_drawn(SIMPLE, [ADAM] * 3, [ADAM] * 9, [SGD], seed) for seed in range(100)]
    assert 40 < sum("momentum" in names for names in drawn) < 99


def test_the_candidates_are_of_the_branch_that_was_drawn() -> None:
    points = _random(TREE, 80)
    seen = [Result(i, params, float(i), "done") for i, params in enumerate(points)]
    for number in range(80, 110):
        params, why = parzen.propose(TREE, seen, points[:3], number, np.random.default_rng(number))
        names = {name for name in params if TREE.conditions[name]}
        assert set(why["branch"]["names"]) == names
        assert all(other["params"].keys() == params.keys() for other in why["runners_up"])
        own = [result for result in seen if result.params.keys() == params.keys()]
        waiting = [point for point in points[:3] if point.keys() == params.keys()]
        if why["branch"]["of_all"]:
            assert len(own) < parzen.LEAST
            continue
        assert why["good"] + why["bad"] == len(own) + len(waiting) and why["pending"] == len(waiting)
        text = parzen.explain(why)
        assert (f"The branch with {' and '.join(sorted(names))} was drawn first" if names else
                "The branch without any conditional parameter was drawn first; good and bad ones are counted") in text


def test_a_new_branch_is_searched_with_the_trials_of_the_others() -> None:
    seen = [Result(i, {"optimizer": "adam", "rate": 0.01 * (i + 1)}, float(i), "done") for i in range(20)]
    found = [parzen.propose(SIMPLE, seen, [], 20, np.random.default_rng(i)) for i in range(40)]
    new = [why for params, why in found if "momentum" in params]
    assert new and all(why["good"] + why["bad"] == 20 and why["branch"]["of_all"] for why in new)
    assert "too few trials were in it, so all are counted" in parzen.explain(new[0])


def test_a_branch_that_is_not_allowed_or_has_no_prior_is_never_drawn() -> None:
    simple = {name: SIMPLE.parameters[name] for name in ("optimizer", "rate", "momentum")}
    forbidden = Space(simple, constraint=lambda params: params["optimizer"] != "sgd")
    never = Space({**simple, "optimizer": st.Categorical(["sgd", "adam"], prior=(0.0, 1.0))})
    for space in (forbidden, never):
        seen = [Result(i, {"optimizer": "adam", "rate": 0.01 * (i + 1)}, float(i), "done") for i in range(20)]
        whys = [parzen.propose(space, seen, [], 20, np.random.default_rng(i))[1] for i in range(30)]
        assert all(why["phase"] == "model" and why["branch"]["names"] == [] for why in whys)


def test_an_exhausted_branch_leaves_the_others_to_the_model() -> None:
    space = Space({"kind": ["a", "b"], "n": Int(1, 3, when={"kind": ["a"]}),
                   "x": Float(0.0, 1.0, when={"kind": ["b"]})})
    points = [{"kind": "a", "n": n} for n in (1, 2, 3)] + [{"kind": "b", "x": 0.1 * i} for i in range(9)]
    seen = [Result(i, params, float(i), "done") for i, params in enumerate(points)]  # the best three are all of a
    for seed in range(20):
        params, why = parzen.propose(space, seen, [], 12, np.random.default_rng(seed))
        assert params["kind"] == "b" and why["phase"] == "model"


def test_an_outcome_that_no_point_has_is_absent() -> None:
    space = Space({"a": Int(1, 9), "b": Int(1, 9), "c": Int(1, 2, when={"a": [5], "b": [7]}),
                   "d": Float(0.0, 1.0, when={"c": [1]})})
    seen = [Result(i, {"a": 5, "b": 1 + i % 2}, float(i), "done") for i in range(10)]
    seen += [Result(10 + i, {"a": 1 + i % 2, "b": 7}, float(i), "done") for i in range(10)]
    for seed in range(80):
        params, _ = parzen.propose(space, seen, [], 20, np.random.default_rng(seed))
        assert space.check(params) == params


def test_a_failed_trial_that_lacks_a_parameter_is_of_the_branch_of_its_parents() -> None:
    seen = [Result(i, {"optimizer": "sgd", "rate": 0.1}, np.nan, "failed") for i in range(4)]  # it stopped before
    seen += [Result(4 + i, {"optimizer": "adam", "rate": 0.1}, float(i), "done") for i in range(9)]
    own, _ = parzen.trials_in(SIMPLE, frozenset({"momentum"}), seen, [])
    assert own == seen[:4] and len(parzen.trials_in(SIMPLE, ["unknown"], seen, [])[0]) == len(seen)


def test_without_conditions_there_is_no_branch() -> None:
    space = Space({"x": Float(0.0, 1.0)})
    seen = [Result(i, {"x": 0.04 * i}, float(i), "done") for i in range(20)]
    _, why = parzen.propose(space, seen, [], 20, np.random.default_rng(0))
    assert "branch" not in why and "drawn first" not in parzen.explain(why)


@pytest.mark.parametrize("seed", range(3))
def test_a_branch_that_seems_worse_at_first_is_found(seed: int) -> None:
    def loss(trial: Any) -> float:
        exponent = np.log10(trial.params["rate"])
        if "momentum" in trial.params:
            return float(0.15 + 0.1 * (exponent + 1.0) ** 2 + (trial.params["momentum"] - 0.85) ** 2)
        return float(0.25 + 0.1 * (exponent + 2.5) ** 2)

    study = st.Study(SIMPLE, st.BayesianSearch(model="tpe"), seed=seed).run(loss, 80, progress=False)
    assert study.best_value < 0.17 and "momentum" in study.best_params
