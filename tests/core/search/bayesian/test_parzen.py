"""The tree-structured Parzen estimator: where it looks, what it avoids, and what it says."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import Categorical, Exhausted, Float, Int, Space
from scratchtune.core.search.bayesian import parzen
from scratchtune.core.search.bayesian.mixture import Mixture, axes_of
from scratchtune.core.search.bayesian.parzen import beta_parameter, drawn_branch, propose
from scratchtune.core.search.bayesian.reading import losses_and_violations
from scratchtune.core.search.random import RandomSearch
from scratchtune.core.search.searcher import Result

MIXED = Space({
    "x": Float(-2.0, 3.0), "lr": Float(1e-5, 1.0, log=True), "n": Int(1, 40, log=True),
    "step": Float(0.0, 1.0, step=0.25), "kind": ["a", "b", "c"], "only": [7], "deep": ["p", "q"],
    "momentum": Float(0.0, 0.9, when={"kind": ["b"]}), "nesterov": Int(0, 1, when={"kind": ["b", "c"]}),
    "deeper": Int(3, 9, when={"nesterov": [1]})})
UNCONDITIONAL = Space({name: MIXED.parameters[name] for name in ("x", "lr", "n", "step", "kind", "only", "deep")})
FINITE = Space({"n": Int(1, 4), "c": ["a", "b"], "m": Int(0, 2, when={"c": ["b"]})})


def _rng(number: int, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _finished(number: int, params: dict[str, Any], value: float) -> Result:
    return Result(number, params, value, "failed" if math.isnan(value) else "done")


def _random(space: Space, count: int, values: Any = None, seed: int = 0) -> list[Result]:
    """Trials at random points; without values, of a smooth loss of the unit values."""
    rng = np.random.default_rng(seed)
    points = [space.from_unit(rng.random(len(space.names))) for _ in range(count)]
    losses = [np.nansum((space.to_unit(point) - 0.3) ** 2) for point in points] if values is None else values
    return [_finished(i, point, float(loss)) for i, (point, loss) in enumerate(zip(points, losses, strict=True))]


def _run(space: Space, loss: Any, count: int, seed: int = 0) -> list[Result]:
    """A study, without the study."""
    seen: list[Result] = []
    for number in range(count):
        rng = _rng(number, seed)
        if number < 10:
            params = RandomSearch().suggest(space, seen, [], number, rng).params
        else:
            params, _ = propose(space, seen, [], number, rng)
        seen.append(_finished(number, params, float(loss(params))))
    return seen


def _density(axes: Any, codes: np.ndarray, weights: np.ndarray) -> Mixture:
    return Mixture(axes, codes, weights, parzen.PRIOR_WEIGHT, parzen.SMOOTHING)


# By hand -------------------------------------------------------------------------------------------------------------


def test_a_choice_between_two_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parzen, "GAMMA", 0.25)
    # Six trials of a choice between two, of which gamma = 0.25 calls two good: both had "a". With b = 0.2 and equal
    # priors their kernels give "a" (1 + 0.1) / 1.2 = 11/12, and the prior component gives 1/2.
    space = Space({"c": ["a", "b"], "x": Float(0.0, 1.0)})
    trials = enumerate(zip("babaab", [6.0, 1.0, 5.0, 2.0, 3.0, 4.0], strict=True))
    seen = [_finished(i, {"c": choice, "x": 0.5}, value) for i, (choice, value) in trials]
    good, bad = parzen.split(*losses_and_violations(space, seen).T)
    assert good.tolist() == [1, 3] and bad.tolist() == [0, 2, 4, 5]
    axis = axes_of(space)[0]
    codes = axis.read([r.params for r in seen])[:, None]
    good_density = _density([axis], codes[good], np.ones(2))
    bad_density = _density([axis], codes[bad], np.ones(4))
    l, g = (11 / 12 + 11 / 12 + 1 / 2) / 3, (11 / 12 + 3 / 12 + 1 / 2) / 5  # noqa: E741
    assert np.exp(good_density.log_density(np.array([[0.0]])))[0] == pytest.approx(l, rel=1e-12)
    assert np.exp(bad_density.log_density(np.array([[0.0]])))[0] == pytest.approx(g, rel=1e-12)
    probability = parzen.probability_good(math.log(l / g), 0.25)
    assert probability == pytest.approx(0.25 * l / (0.25 * l + 0.75 * g), rel=1e-12)


def test_the_weights_of_bad_trials_rise_with_their_number() -> None:
    assert parzen.weights_by_age(4, 2) == pytest.approx([0.25, 1.0, 1.0, 1.0])
    assert parzen.weights_by_age(2, 5).tolist() == [1.0, 1.0] and parzen.weights_by_age(0, 5).tolist() == []
    weights = parzen.weights_by_age(100, 25)
    assert weights[0] == 0.01 and (np.diff(weights[:75]) > 0).all() and (weights[75:] == 1.0).all()


def test_the_split_of_equal_and_failed_trials_by_hand() -> None:
    # 15 % of 20 are 3: failed trials count, but are never good. Of the four with the value 1 the first three are good.
    values = [2.0, 1.0, math.nan, 1.0, 1.0, 1.0] + [math.nan] * 14
    good, bad = parzen.split(np.array(values), np.zeros(len(values)))
    assert good.tolist() == [1, 3, 4] and bad.tolist() == [0, 2, *range(5, 20)]


class Batches:
    """Stands for a density: what it draws is given."""

    def __init__(self, axes: Any, batches: list[list[float]]) -> None:
        self.axes, self.batches = axes, batches

    def draw(self, count: int, rng: Any) -> np.ndarray:
        return np.array(self.batches.pop(0))[:, None]


def test_candidates_are_new_and_different_and_no_more_than_wanted_by_hand() -> None:
    # The first batch of 48 has 46 new points, one that is an earlier trial and a repetition; the second has 46 again,
    # then three new ones, of which two are wanted. The third is not drawn.
    space = Space({"x": Float(0.0, 1.0)})
    first = [i / 100.0 for i in range(1, 47)]
    batches = Batches(axes_of(space), [[*first, 0.99, 0.01], [*first, 0.6, 0.7, 0.8], [0.9]])
    found = parzen.draw_candidates(space, batches, np.array([[0.99]]), _rng(0))  # type: ignore[arg-type]
    assert found[:, 0].tolist() == [*first, 0.6, 0.7] and batches.batches == [[0.9]]
    above = Space(space.parameters, constraint=lambda params: params["x"] > 0.445)
    batches = Batches(axes_of(space), [[*first]] * 20)
    found = parzen.draw_candidates(above, batches, np.array([[0.99]]), _rng(0))  # type: ignore[arg-type]
    assert found[:, 0].tolist() == [0.45, 0.46] and not batches.batches  # twenty batches are drawn, at most


def test_of_equal_ratios_the_first_candidate_is_chosen() -> None:
    # All trials had "c", so "a" and "b" are equally dense in both mixtures.
    space = Space({"c": ["a", "b", "c"]})
    model = parzen.fitted_densities(space, [_finished(i, {"c": "c"}, float(i)) for i in range(10)], [])
    why = {"gamma": 0.2}
    for first, second in (("a", "b"), ("b", "a")):
        codes = axes_of(space)[0].read([{"c": first}, {"c": second}])[:, None]
        params, reasons = parzen.choose(model, codes, why)
        assert params == {"c": first} and reasons["runners_up"][0]["params"] == {"c": second}


def test_pending_trials_are_bad_where_the_branch_is_drawn_and_where_densities_are_fitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Of four finished trials one is good, of rows 0 to 3; the pending ones are rows 4 and 5.
    given: list[tuple[list[int], list[int], int]] = []

    def drawn(axes: Any, codes: Any, good: Any, bad: Any, random: Any, rng: Any) -> np.ndarray:
        given.append((good.tolist(), bad.tolist(), len(random)))
        return np.ones(len(axes), dtype=bool)

    monkeypatch.setattr(parzen, "drawn_branch", drawn)
    seen = [_finished(i, SGD_ALONE, value) for i, value in enumerate([3.0, 1.0, 2.0, 4.0])]
    assert parzen.branch_for(SIMPLE, seen, [SGD_ALONE] * 2, _rng(0)) == {"momentum"}
    assert given == [([1], [0, 2, 3, 4, 5], 32)]
    model = parzen.fitted_densities(SIMPLE, seen, [SGD_ALONE] * 2)
    assert (model.good.tolist(), model.bad.tolist()) == ([1], [0, 2, 3, 4, 5])


# What is proposed ----------------------------------------------------------------------------------------------------


def test_the_largest_integers() -> None:
    space = Space({"n": Int(7, 2**50), "m": Int(1, 2**40, log=True), "k": Int(-3 * 2**60, 2**60, step=2**14)})
    for result in _run(space, lambda p: -p["n"] - p["m"] - p["k"], 60):
        assert space.check(result.params) == result.params


def test_it_is_a_pure_function_of_its_arguments() -> None:
    seen, pending = _random(MIXED, 40), [r.params for r in _random(MIXED, 3, seed=1)]
    first = propose(MIXED, seen, pending, 43, _rng(43))
    propose(MIXED, seen[:20], [], 20, _rng(20))
    assert propose(MIXED, list(seen), list(pending), 43, _rng(43)) == first
    assert propose(MIXED, seen, pending, 43, _rng(43, seed=1)) != first
    seen, pending = _random(UNCONDITIONAL, 40), [r.params for r in _random(UNCONDITIONAL, 3, seed=1)]
    different = [propose(UNCONDITIONAL, seen, waiting, 43, _rng(43))[1] for waiting in (pending, [])]
    assert different[0] != different[1]


def test_only_the_order_of_the_values_counts() -> None:
    seen = _random(MIXED, 40)
    first = propose(MIXED, seen, [], 40, _rng(40))
    for transform in (lambda y: 1e12 * y + 3.0, lambda y: math.atan(y) * 1e-9, lambda y: y**3):
        moved = [r._replace(value=transform(r.value)) for r in seen]
        assert propose(MIXED, moved, [], 40, _rng(40)) == first


def test_it_proposes_the_candidate_with_the_highest_ratio() -> None:
    seen = _random(UNCONDITIONAL, 40)
    params, why = propose(UNCONDITIONAL, seen, [], 40, _rng(40))
    axes = axes_of(UNCONDITIONAL)
    codes = np.column_stack([axis.read([r.params for r in seen]) for axis in axes])
    good, bad = parzen.split(*losses_and_violations(UNCONDITIONAL, seen).T)
    good_density = _density(axes, codes[good], np.ones(len(good)))
    bad_density = _density(axes, codes[bad], parzen.weights_by_age(len(bad), 25))
    candidates = good_density.draw(parzen.CANDIDATES, _rng(40))
    ratios = good_density.log_density(candidates) - bad_density.log_density(candidates)
    assert params == parzen.params_at(axes, candidates[np.argmax(ratios)])
    assert why["log_ratio"] == pytest.approx(ratios.max()) == why["log_l"] - why["log_g"]
    assert [r["log_ratio"] for r in why["runners_up"]] == pytest.approx(np.sort(ratios)[-2:-4:-1])


def test_it_goes_where_the_good_ones_are() -> None:
    space = Space({"x": Float(0.0, 1.0), "c": ["a", "b", "c"]})
    seen = _run(space, lambda p: (p["x"] - 0.7) ** 2 + (p["c"] != "b"), 60)
    late = [r.params for r in seen[40:]]
    assert np.mean([p["c"] == "b" for p in late]) >= 0.6
    assert np.median([abs(p["x"] - 0.7) for p in late]) < 0.12


@pytest.mark.parametrize("values", [
    [1.0] * 30, [1e12] * 15 + [-1e12] * 15, [math.nan] * 30, [math.nan] * 29 + [1.0], [math.nan, 0.0] * 15,
])
def test_constants_extremes_and_failures(values: list[float]) -> None:
    seen = _random(MIXED, 30, values)
    params, why = propose(MIXED, seen, [], 30, _rng(30))
    assert MIXED.check(params) == params
    names = set(why["branch"]["names"])
    own = [r.value for r in seen if {name for name in r.params if MIXED.conditions[name]} == names]
    own = own if len(own) >= parzen.LEAST else values
    assert why["failed"] == sum(map(math.isnan, own)) and why["good"] <= len(own) - why["failed"]
    assert all(math.isfinite(why[name]) for name in ("log_l", "log_g", "log_ratio", "probability_good"))
    json.dumps(why, allow_nan=False)


def test_where_trials_fail_it_does_not_go_back() -> None:
    space = Space({"x": Float(0.0, 1.0)})
    values = [math.nan if r.params["x"] < 0.5 else 1.0 for r in _random(space, 40)]
    seen = _random(space, 40, values)
    proposed = [propose(space, seen, [], 40, _rng(40, seed))[0]["x"] for seed in range(20)]
    assert np.mean([x > 0.5 for x in proposed]) > 0.9
    all_failed = [r._replace(value=math.nan) for r in seen if r.params["x"] < 0.5]
    proposed = [propose(space, all_failed, [], 40, _rng(40, seed))[0]["x"] for seed in range(20)]
    assert np.mean([x > 0.5 for x in proposed]) > 0.9


def test_the_same_point_many_times() -> None:
    point = MIXED.from_unit([0.4] * len(MIXED.names))
    seen = [_finished(i, point, 1.0) for i in range(30)]
    params, _ = propose(MIXED, seen, [point] * 3, 33, _rng(33))
    assert params != point


def test_pending_trials_count_as_bad_and_keep_others_away() -> None:
    space = Space({"x": Float(0.0, 1.0)})
    seen = [_finished(i, {"x": x}, abs(x - 0.5)) for i, x in enumerate(np.linspace(0.0, 1.0, 30))]
    alone = [propose(space, seen, [], 30, _rng(30, seed))[0]["x"] for seed in range(30)]
    crowd = [{"x": 0.5 + 0.002 * i} for i in range(-5, 6)]
    beside = [propose(space, seen, crowd, 41, _rng(41, seed))[0]["x"] for seed in range(30)]
    assert np.mean(np.abs(np.array(beside) - 0.5)) > 1.5 * np.mean(np.abs(np.array(alone) - 0.5))
    assert propose(space, seen, crowd, 41, _rng(41))[1]["pending"] == 11


def test_a_finite_space_runs_out_after_each_point_has_come_once() -> None:
    seen = _run(FINITE, lambda p: p["n"] + p.get("m", 5), FINITE.size or 0)
    assert sorted(map(str, (r.params for r in seen))) == sorted(map(str, FINITE.points()))
    with pytest.raises(Exhausted):
        propose(FINITE, seen, [], len(seen), _rng(len(seen)))
    pending = [seen[-1].params]
    with pytest.raises(Exhausted):
        propose(FINITE, seen[:-1], pending, len(seen), _rng(len(seen)))


def test_a_space_of_categories_alone() -> None:
    space = Space({name: list("abcd") for name in "xyz"})
    seen = _run(space, lambda p: sum(value != "c" for value in p.values()), 64)
    assert len({tuple(r.params.values()) for r in seen}) == 64
    assert min(i for i, r in enumerate(seen) if r.value == 0.0) < 40


def test_the_constraint_holds() -> None:
    space = Space({"a": Int(1, 6), "b": Int(1, 6), "x": Float(0.0, 1.0)}, constraint=lambda p: p["a"] + p["b"] < 5)
    assert all(r.params["a"] + r.params["b"] < 5 for r in _run(space, lambda p: p["x"] - p["a"], 40))
    finite = Space({"a": Int(1, 6), "b": Int(1, 6)}, constraint=lambda p: p["a"] + p["b"] < 5)
    assert len({tuple(r.params.values()) for r in _run(finite, lambda p: p["a"], 6)}) == 6
    with pytest.raises(Exhausted):
        propose(finite, _run(finite, lambda p: p["a"], 6), [], 6, _rng(6))


def test_everything_proposed_is_in_the_space() -> None:
    for result in _run(MIXED, lambda p: p["x"] ** 2 + p.get("momentum", 0.5), 60):
        assert MIXED.check(result.params) == result.params


def test_the_prior_is_a_component_of_the_mixture() -> None:
    space = Space({"x": Float(0.0, 10.0, prior=(2.0, 0.05)), "c": Categorical(["a", "b"], prior=(3.0, 1.0))})
    mixture = _density(axes_of(space), np.empty((0, 2)), np.empty(0))
    draws = mixture.draw(20_000, _rng(0))
    assert draws[:, 0].mean() == pytest.approx(0.2, abs=0.002) and draws[:, 0].std() == pytest.approx(0.05, abs=0.002)
    assert (draws[:, 1] == 0.0).mean() == pytest.approx(0.75, abs=0.02)
    never = Space({"c": Categorical(["a", "b", "c"], prior=(1.0, 0.0, 1.0)), "x": Float(0.0, 1.0)})
    assert all(r.params["c"] != "b" for r in _run(never, lambda p: p["x"], 40))


def test_priors_that_are_a_point_or_flat() -> None:
    space = Space({"point": Float(0.0, 1.0, prior=(1.0, 1e-250)), "flat": Float(0.0, 1.0, prior=(0.0, 1e200))})
    mixture = _density(axes_of(space), np.empty((0, 2)), np.empty(0))
    draws = mixture.draw(2000, _rng(0))
    assert (draws[:, 0] > 0.99999).all() and draws[:, 1].mean() == pytest.approx(0.5, abs=0.05)
    for result in _run(space, lambda p: p["flat"], 30):
        assert space.check(result.params) == result.params


def test_choices_that_look_alike_stay_apart() -> None:
    space = Space({"c": [1, 1.0, True, None, "1", (1,), math.nan], "l": [[1], [2]]})
    seen = _run(space, lambda p: 0.0 if p["c"] is True else 1.0, space.size or 0)
    assert len({(type(r.params["c"]), str(r.params["c"]), str(r.params["l"])) for r in seen}) == 14


def test_a_thousand_trials() -> None:
    seen = _random(MIXED, 1000)
    params, why = propose(MIXED, seen, [], 1000, _rng(1000))
    own = [r for r in seen if r.params.keys() == params.keys()]  # those of its branch
    assert MIXED.check(params) == params and why["good"] == 25 and why["bad"] == len(own) - 25


# Why -----------------------------------------------------------------------------------------------------------------


def test_why_says_what_drove_the_choice() -> None:
    space = Space({"matters": Float(0.0, 1.0), "idle": Float(0.0, 1.0)})
    points = [r.params for r in _random(space, 80)]
    seen = [_finished(i, p, (p["matters"] - 0.2) ** 2) for i, p in enumerate(points)]
    reasons = [propose(space, seen, [], 80, _rng(80, seed))[1] for seed in range(10)]
    for why in reasons:
        assert sum(why["by_parameter"].values()) == pytest.approx(why["log_ratio"], rel=1e-9)
        assert why["gamma"] == why["good"] / 80 and why["good"] + why["bad"] == 80
        assert why["probability_good"] == pytest.approx(parzen.probability_good(why["log_ratio"], why["gamma"]))
    matters, idle = (np.mean([why["by_parameter"][name] for why in reasons]) for name in ("matters", "idle"))
    assert matters > idle


def test_why_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _random(UNCONDITIONAL, 40, [math.nan] + [float(i) for i in range(39)])
    _, why = propose(UNCONDITIONAL, seen, [seen[5].params], 41, _rng(41))
    text = parzen.explain(why)
    assert f"{why['good']} trials taken as good" in text and "1 failed and 1 pending" in text
    assert f"{why['probability_good']:.0%}" in text and "Next best was " in text
    factors = why["by_parameter"]
    assert f"The four strongest of the ratio's {len(factors)} factors: " in text and len(factors) > 4
    four = dict(list(factors.items())[:4])
    assert " Factors of the ratio: " in parzen.explain({**why, "by_parameter": four})
    monkeypatch.setattr(parzen, "CANDIDATES", 1)
    seen = _run(FINITE, lambda p: p["n"], (FINITE.size or 0) - 1)
    reasons = [propose(FINITE, seen, [], len(seen), _rng(len(seen), seed))[1] for seed in range(3)]
    assert all(parzen.explain(why) for why in reasons)


def test_in_many_dimensions_fewer_trials_are_good(monkeypatch: pytest.MonkeyPatch) -> None:
    for d, good in ((9, 15), (10, 8)):
        space = Space({f"x{j}": Float(0.0, 1.0) for j in range(d)})
        _, why = propose(space, _random(space, 100), [], 100, _rng(100))
        assert why["good"] == good and why["bad"] == 100 - good
    monkeypatch.setattr(parzen, "MOST_GOOD_OF_MANY", 30)
    _, why = propose(space, _random(space, 100), [], 100, _rng(100))
    assert why["good"] == 15


def test_good_trials_by_number() -> None:
    counts = [parzen.good_count(n, 0.15, 25) for n in itertools.chain(range(1, 41), [100, 1000])]
    assert counts[:7] == [1] * 6 + [2] and counts[-2:] == [15, 25] and (np.diff(counts) >= 0).all()


TREE = Space({
    "optimizer": ["sgd", "adam", "rmsprop"], "rate": Float(1e-4, 1.0, log=True),
    "momentum": Float(0.0, 0.99, when={"optimizer": ["sgd"]}), "layers": Int(1, 3),
    "second": Int(8, 64, when={"layers": [2, 3]}), "third": Int(8, 64, when={"layers": [3]}),
    "nesterov": ["no", "yes"], "only": Float(0.0, 1.0, when={"layers": [1], "nesterov": ["yes"]})})
SGD = {"optimizer": "sgd", "rate": 0.1, "momentum": 0.9, "layers": 1, "nesterov": "no"}
ADAM = {"optimizer": "adam", "rate": 0.1, "layers": 1, "nesterov": "no"}
SIMPLE = Space({name: TREE.parameters[name] for name in ("optimizer", "rate", "momentum")})
SGD_ALONE = {name: SGD[name] for name in SIMPLE.names}


def _codes(space: Space, points: list[dict[str, Any]]) -> np.ndarray:
    return np.column_stack([axis.read([{name: point[name] for name in point if name in space.names}
                                       for point in points]) for axis in axes_of(space)])


def _drawn(space: Space, good: list[Any], bad: list[Any], random: list[Any], seed: int) -> set[str]:
    """The names that exist in the branch drawn."""
    axes, count = axes_of(space), len(good) + len(bad)
    exists = drawn_branch(axes, _codes(space, [*good, *bad]), np.arange(len(good)), np.arange(len(good), count),
                          _codes(space, random), np.random.default_rng([3, seed]))
    return {axis.name for axis, here in zip(axes, exists.tolist(), strict=True) if here}


def _random_branches(space: Space, count: int, seed: int = 0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [space.from_unit(rng.random(len(space.names))) for _ in range(count)]


def test_the_posterior_is_uniform_before_any_trial() -> None:
    assert beta_parameter(0) == 1 and beta_parameter(7) == 8


def test_every_branch_that_is_drawn_is_one_of_the_space() -> None:
    points = _random_branches(TREE, 60)
    branches = {frozenset(point) for point in _random_branches(TREE, 5000, seed=1)}
    drawn = {frozenset(_drawn(TREE, points[:9], points[9:], _random_branches(TREE, 32), seed)) for seed in range(300)}
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
    points = _random_branches(TREE, 80)
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
