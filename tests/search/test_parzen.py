"""The tree-structured Parzen estimator: densities that sum to 1, draws that follow them, choices that can be redone."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

from scratchtune.search import Categorical, Exhausted, Float, Int, Space, parzen
from scratchtune.search.parzen import Mixture, Settings, axes_of, propose
from scratchtune.search.searcher import Result

MIXED = Space({
    "x": Float(-2.0, 3.0), "lr": Float(1e-5, 1.0, log=True), "n": Int(1, 40, log=True),
    "step": Float(0.0, 1.0, step=0.25), "kind": ["a", "b", "c"], "only": [7], "deep": ["p", "q"],
    "momentum": Float(0.0, 0.9, when={"kind": ["b"]}), "nesterov": Int(0, 1, when={"kind": ["b", "c"]}),
    "deeper": Int(3, 9, when={"nesterov": [1]})})
FINITE = Space({"n": Int(1, 4), "c": ["a", "b"], "m": Int(0, 2, when={"c": ["b"]})})


def _rng(number: int, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _finished(number: int, params: dict[str, Any], value: float) -> Result:
    return Result(number, params, value, "failed" if math.isnan(value) else "done")


def _random(space: Space, count: int, values: Any = None, seed: int = 0) -> list[Result]:
    """Trials at random points; without values, of a smooth loss of the places."""
    rng = np.random.default_rng(seed)
    points = [space.from_unit(rng.random(len(space.names))) for _ in range(count)]
    losses = [np.nansum((space.to_unit(point) - 0.3) ** 2) for point in points] if values is None else values
    return [_finished(i, point, float(loss)) for i, (point, loss) in enumerate(zip(points, losses, strict=True))]


def _run(space: Space, loss: Any, count: int, settings: Settings | None = None, seed: int = 0) -> list[Result]:
    """A study, without the study."""
    seen: list[Result] = []
    for number in range(count):
        params, _ = propose(space, seen, [], number, _rng(number, seed), settings)
        seen.append(_finished(number, params, float(loss(params))))
    return seen


def _mixture(space: Space, count: int = 12, settings: Settings | None = None) -> Mixture:
    axes = axes_of(space)
    codes = np.column_stack([axis.read([r.params for r in _random(space, count)]) for axis in axes])
    return Mixture(axes, codes, np.linspace(1.0, 2.0, count), settings or Settings())


def _codes(mixture: Mixture, points: list[dict[str, Any]]) -> np.ndarray:
    return np.column_stack([axis.read(points) for axis in mixture.axes])


# By hand -------------------------------------------------------------------------------------------------------------


def test_a_choice_between_two_by_hand() -> None:
    # Six trials of a choice between two, of which gamma = 0.25 calls two good: both had "a". With b = 0.2 and equal
    # priors their kernels give "a" (1 + 0.1) / 1.2 = 11/12, and the prior component gives 1/2.
    space = Space({"c": ["a", "b"], "x": Float(0.0, 1.0)})
    trials = enumerate(zip("babaab", [6.0, 1.0, 5.0, 2.0, 3.0, 4.0], strict=True))
    seen = [_finished(i, {"c": choice, "x": 0.5}, value) for i, (choice, value) in trials]
    good, bad = parzen.split(np.array([r.value for r in seen]), Settings(gamma=0.25))
    assert good.tolist() == [1, 3] and bad.tolist() == [0, 2, 4, 5]
    axis = axes_of(space)[0]
    codes = axis.read([r.params for r in seen])[:, None]
    likely = Mixture([axis], codes[good], np.ones(2), Settings())
    unlikely = Mixture([axis], codes[bad], np.ones(4), Settings())
    l, g = (11 / 12 + 11 / 12 + 1 / 2) / 3, (11 / 12 + 3 / 12 + 1 / 2) / 5  # noqa: E741
    assert np.exp(likely.log_density(np.array([[0.0]])))[0] == pytest.approx(l, rel=1e-12)
    assert np.exp(unlikely.log_density(np.array([[0.0]])))[0] == pytest.approx(g, rel=1e-12)
    chance = parzen.chance(math.log(l / g), 0.25)
    assert chance == pytest.approx(0.25 * l / (0.25 * l + 0.75 * g), rel=1e-12)


def test_deviations_reach_to_the_further_neighbour() -> None:
    places = np.array([0.5, 0.2, 0.9, 0.25])
    assert parzen.neighbour_deviations(places, 0.01) == pytest.approx([0.4, 0.05, 0.4, 0.25])
    assert parzen.neighbour_deviations(places, 0.3) == pytest.approx([0.4, 0.3, 0.4, 0.3])
    assert parzen.neighbour_deviations(np.array([0.2]), 0.01) == pytest.approx([0.8])  # one alone: to the further end
    assert parzen.neighbour_deviations(np.array([0.2, 0.2, 0.2]), 0.1) == pytest.approx([0.1] * 3)
    assert parzen.neighbour_deviations(np.empty(0), 0.1).shape == (0,)


def test_the_weights_of_bad_trials_rise_with_their_number() -> None:
    assert parzen.weights_by_age(4, 2) == pytest.approx([0.25, 1.0, 1.0, 1.0])
    assert parzen.weights_by_age(2, 5).tolist() == [1.0, 1.0] and parzen.weights_by_age(0, 5).tolist() == []
    weights = parzen.weights_by_age(100, 25)
    assert weights[0] == 0.01 and (np.diff(weights[:75]) > 0).all() and (weights[75:] == 1.0).all()


# Densities -----------------------------------------------------------------------------------------------------------


def test_the_density_of_a_range_integrates_to_one() -> None:
    for prior in (None, (0.9, 0.1), (0.0, 5.0)):
        mixture = _mixture(Space({"x": Float(0.0, 1.0, prior=prior)}))
        u = (np.arange(200_000) + 0.5) / 200_000
        assert np.exp(mixture.log_density(u[:, None])).mean() == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("space", [
    FINITE,
    Space({"n": Int(1, 300, log=True)}), Space({"n": Int(0, 4000)}), Space({"n": Int(5, 5), "c": ["one"]}),
    Space({"x": Float(0.0, 1.0, step=0.1, prior=(0.3, 0.2)), "c": ["a", "b"]}),
    Space({"c": ["a", "b", "c"], "d": Int(0, 2, when={"c": ["b", "c"]}), "e": ["x", "y"],
           "f": Int(0, 3, when={"d": [1]})}),
])
def test_probabilities_of_all_points_sum_to_one(space: Space) -> None:
    mixture = _mixture(space)
    points = list(space.points())
    assert np.exp(mixture.log_density(_codes(mixture, points))).sum() == pytest.approx(1.0, abs=1e-7)


def test_a_conditional_density_sums_and_integrates_to_one() -> None:
    space = Space({"c": ["a", "b"], "x": Float(0.0, 2.0, when={"c": ["b"]})})
    mixture = _mixture(space)
    u = (np.arange(50_000) + 0.5) / 50_000
    without = np.exp(mixture.log_density(np.array([[0.0, math.nan]])))[0]
    beside = np.exp(mixture.log_density(np.column_stack([np.ones_like(u), u]))).mean()
    assert without + beside == pytest.approx(1.0, abs=1e-7) and min(without, beside) > 0.1


def test_narrow_cells_have_the_density_in_their_middle_times_their_width() -> None:
    centres, deviations = np.array([0.4, 0.9]), np.array([0.05, 0.3])
    whole = np.zeros((2, 2))
    for width in (0.9e-3 * deviations.min(), 1.1e-3 * deviations.max()):
        a = np.array([0.42, 0.7])
        whole[:] = 0.0
        parzen.add_normals(whole, a, a + width, centres, deviations)
        fine = np.zeros((1000, 2))
        for n in range(2):
            u = a[n] + width * (np.arange(1000) + 0.5) / 1000
            fine[:] = 0.0
            parzen.add_normals(fine, u, u, centres, deviations)
            assert np.exp(whole[n]) == pytest.approx(np.exp(fine).mean(axis=0) * width, rel=1e-6)


def test_kernels_as_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    u, m, s = np.linspace(0.0, 1.0, 11), np.array([0.0, 0.3, 1.0]), np.array([0.02, 0.2, 1.0])
    total = np.zeros((11, 3))
    parzen.add_normals(total, u, u, m, s)
    assert total == pytest.approx(stats.truncnorm.logpdf(u[:, None], -m / s, (1.0 - m) / s, m, s), rel=1e-9)
    total[:] = 0.0
    parzen.add_normals(total, u[:-1], u[1:], m, s)
    masses = np.diff(stats.truncnorm.cdf(u[:, None], -m / s, (1.0 - m) / s, m, s), axis=0)
    assert np.exp(total[:10]) == pytest.approx(masses, abs=1e-12)


def test_a_mixture_as_scipys_kernels_summed() -> None:
    stats = pytest.importorskip("scipy.stats")
    mixture = _mixture(Space({"x": Float(0.0, 1.0), "y": Float(10.0, 20.0)}))
    points = np.random.default_rng(1).random((7, 2))
    each = np.prod([
        stats.truncnorm.pdf(points[:, j, None], -m / s, (1.0 - m) / s, m, s)
        for j, (m, s) in enumerate(mixture.kernels)], axis=0)
    assert np.exp(mixture.log_density(points)) == pytest.approx(each @ mixture.weights, rel=1e-9)


def test_draws_follow_the_density() -> None:
    mixture = _mixture(FINITE)
    draws = 40_000
    rows, counts = np.unique(np.nan_to_num(mixture.draw(draws, _rng(0)), nan=-1.0), axis=0, return_counts=True)
    expected = np.exp(mixture.log_density(np.where(rows < 0, math.nan, rows)))
    assert len(rows) == FINITE.size
    assert (np.abs(counts / draws - expected) < 5.0 * np.sqrt(expected / draws)).all()


def test_draws_of_a_range_follow_the_density() -> None:
    mixture = _mixture(Space({"x": Float(0.0, 1.0)}))
    shares = np.histogram(mixture.draw(50_000, _rng(0))[:, 0], bins=20, range=(0.0, 1.0))[0] / 50_000
    u = (np.arange(20_000) + 0.5) / 20_000
    expected = np.exp(mixture.log_density(u[:, None])).reshape(20, -1).mean(axis=1) / 20.0
    assert (np.abs(shares - expected) < 5.0 * np.sqrt(expected / 50_000)).all()


def test_what_the_axes_add_is_the_whole() -> None:
    mixture = _mixture(MIXED)
    for row in mixture.draw(20, _rng(0)):
        added = mixture.log_density_by_axis(row)
        assert added.sum() == pytest.approx(mixture.log_density(row[None])[0], rel=1e-9)
        assert (added[np.isnan(row)] == 0.0).all()


def test_codes_and_values_lead_to_each_other() -> None:
    axes = axes_of(MIXED)
    for result in _random(MIXED, 50):
        row = np.array([axis.read([result.params])[0] for axis in axes])
        again = parzen.params_at(axes, row)
        assert list(again) == list(result.params)
        for name, value in again.items():
            close = isinstance(value, float) and math.isclose(value, result.params[name], rel_tol=1e-12)
            assert type(value) is type(result.params[name]) and (close or value == result.params[name])


def test_the_largest_whole_numbers() -> None:
    space = Space({"n": Int(7, 2**50), "m": Int(1, 2**40, log=True), "k": Int(-3 * 2**60, 2**60, step=2**14)})
    for result in _run(space, lambda p: -p["n"] - p["m"] - p["k"], 60):
        assert space.check(result.params) == result.params


# What is proposed ----------------------------------------------------------------------------------------------------


def test_it_is_a_pure_function_of_its_arguments() -> None:
    seen, pending = _random(MIXED, 40), [r.params for r in _random(MIXED, 3, seed=1)]
    first = propose(MIXED, seen, pending, 43, _rng(43))
    propose(MIXED, seen[:20], [], 20, _rng(20))
    assert propose(MIXED, list(seen), list(pending), 43, _rng(43)) == first
    assert propose(MIXED, seen, pending, 43, _rng(43, seed=1)) != first
    assert propose(MIXED, seen, [], 43, _rng(43))[1] != first[1]


def test_only_the_order_of_the_values_counts() -> None:
    seen = _random(MIXED, 40)
    first = propose(MIXED, seen, [], 40, _rng(40))
    for transform in (lambda y: 1e12 * y + 3.0, lambda y: math.atan(y) * 1e-9, lambda y: y**3):
        moved = [r._replace(value=transform(r.value)) for r in seen]
        assert propose(MIXED, moved, [], 40, _rng(40)) == first


def test_it_proposes_the_candidate_with_the_highest_ratio() -> None:
    seen = _random(MIXED, 40)
    params, why = propose(MIXED, seen, [], 40, _rng(40))
    axes = axes_of(MIXED)
    codes = np.column_stack([axis.read([r.params for r in seen]) for axis in axes])
    good, bad = parzen.split(np.array([r.value for r in seen]), Settings())
    likely = Mixture(axes, codes[good], np.ones(len(good)), Settings())
    unlikely = Mixture(axes, codes[bad], parzen.weights_by_age(len(bad), 25), Settings())
    candidates = likely.draw(Settings().candidates, _rng(40))
    ratios = likely.log_density(candidates) - unlikely.log_density(candidates)
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
    assert why["failed"] == sum(map(math.isnan, values)) and why["good"] <= 30 - why["failed"]
    assert all(math.isfinite(why[name]) for name in ("log_l", "log_g", "log_ratio", "chance"))
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
    mixture = Mixture(axes_of(space), np.empty((0, 2)), np.empty(0), Settings())
    draws = mixture.draw(20_000, _rng(0))
    assert draws[:, 0].mean() == pytest.approx(0.2, abs=0.002) and draws[:, 0].std() == pytest.approx(0.05, abs=0.002)
    assert (draws[:, 1] == 0.0).mean() == pytest.approx(0.75, abs=0.02)
    never = Space({"c": Categorical(["a", "b", "c"], prior=(1.0, 0.0, 1.0)), "x": Float(0.0, 1.0)})
    assert all(r.params["c"] != "b" for r in _run(never, lambda p: p["x"], 40))


def test_priors_that_are_a_point_or_flat() -> None:
    space = Space({"point": Float(0.0, 1.0, prior=(1.0, 1e-250)), "flat": Float(0.0, 1.0, prior=(0.0, 1e200))})
    mixture = Mixture(axes_of(space), np.empty((0, 2)), np.empty(0), Settings())
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
    assert MIXED.check(params) == params and why["good"] == 25 and why["bad"] == 975


# Why -----------------------------------------------------------------------------------------------------------------


def test_why_says_what_drove_the_choice() -> None:
    space = Space({"matters": Float(0.0, 1.0), "idle": Float(0.0, 1.0)})
    points = [r.params for r in _random(space, 80)]
    seen = [_finished(i, p, (p["matters"] - 0.2) ** 2) for i, p in enumerate(points)]
    reasons = [propose(space, seen, [], 80, _rng(80, seed))[1] for seed in range(10)]
    for why in reasons:
        assert sum(why["by_parameter"].values()) == pytest.approx(why["log_ratio"], rel=1e-9)
        assert why["gamma"] == why["good"] / 80 and why["good"] + why["bad"] == 80
        assert why["chance"] == pytest.approx(parzen.chance(why["log_ratio"], why["gamma"]))
    matters, idle = (np.mean([why["by_parameter"][name] for why in reasons]) for name in ("matters", "idle"))
    assert matters > idle


def test_why_in_words() -> None:
    seen = _random(MIXED, 40, [math.nan] + [float(i) for i in range(39)])
    _, why = propose(MIXED, seen, [seen[5].params], 41, _rng(41))
    text = parzen.explain(why)
    assert f"{why['good']} trials taken as good" in text and "1 failed and 1 without a result yet" in text
    assert f"{why['chance']:.0%}" in text and "Its factors: " in text and "Next best was " in text
    _, why = propose(MIXED, seen[:3], [], 3, _rng(3))
    assert why["phase"] == "startup" and parzen.explain(why).startswith("Start-up, with 3 of 10 trials")
    seen = _run(FINITE, lambda p: p["n"], (FINITE.size or 0) - 1, Settings(candidates=1))
    reasons = [propose(FINITE, seen, [], len(seen), _rng(len(seen), seed))[1] for seed in range(3)]
    assert all(parzen.explain(why) for why in reasons)


@pytest.mark.parametrize("name, value, words", [
    ("startup", 0, "startup"), ("candidates", 0, "candidates"), ("gamma", 0.0, "gamma"), ("gamma", 1.0, "gamma"),
    ("prior_weight", 0.0, "prior_weight"), ("smoothing", -1.0, "smoothing"), ("recent", 0, "recent"),
])
def test_settings_that_make_no_sense(name: str, value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings(**{name: value})


def test_good_trials_by_number() -> None:
    counts = [parzen.good_count(n, 0.15, 25) for n in itertools.chain(range(1, 41), [100, 1000])]
    assert counts[:7] == [1] * 6 + [2] and counts[-2:] == [15, 25] and (np.diff(counts) >= 0).all()
