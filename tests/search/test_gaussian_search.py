"""The Gaussian process as a searcher: what it sees, where it looks, and that nothing breaks it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from scratchtune.search import gaussian_process as gp
from scratchtune.search import gaussian_search as gs
from scratchtune.search.acquisition import ACQUISITIONS, expected_improvement, log_probability
from scratchtune.search.encoding import Encoding
from scratchtune.search.searcher import Result
from scratchtune.search.space import Categorical, Float, Int, Space

PLANE = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
MIXED = Space({
    "x": Float(0.0, 1.0), "n": Int(1, 32, log=True), "kind": ["a", "b", "c"],
    "y": Float(0.0, 1.0, when={"kind": "b"})})


def seen_of(space: Space, values: Any, seed: int = 0) -> list[Result]:
    rng = np.random.default_rng(seed)
    drawn = [space.from_unit(rng.random(len(space.names))) for _ in values]
    pairs = enumerate(zip(drawn, values, strict=True))
    return [Result(i, params, float(value), "complete") for i, (params, value) in pairs]


def bowl(params: dict[str, Any]) -> float:
    return (params["x"] - 0.3) ** 2 + 0.1 * (params.get("y", 0.5) - 0.7) ** 2


def propose(space: Space, seen: list[Result], pending: Any = (), seed: int = 1, **options: Any) -> Any:
    return gs.propose(space, seen, list(pending), len(seen) + len(pending), np.random.default_rng(seed), **options)


# What is seen --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("losses", [
    [1.0, 2.0, 3.0, 4.0], [3.0, 1e12, 1.0, 2.0, 2.0], [1e-12, 3e-12, 1e12, 2e-12], [-1e308, 1e308, 0.0],
    [5.0, 5.0, 6.0], [0.0, 5e-324], [1e-310, 2e-310, 3e-310, 1.0], [1e-161, 2e-161, 3e-161, 4e-161]])
def test_tame_values_keep_their_order_and_have_mean_0_and_deviation_1(losses: list[float]) -> None:
    values = gs.tamed(np.array(losses))
    assert np.isfinite(values.tame).all() and math.isfinite(values.factor)
    assert values.tame.mean() == pytest.approx(0.0, abs=1e-12) and values.tame.std() == pytest.approx(1.0)
    assert (np.diff(values.tame[np.argsort(losses, kind="stable")]) >= -1e-12).all()


def test_values_of_any_size_become_tame() -> None:
    rng, special = np.random.default_rng(0), [0.0, 5e-324, 1e-162, 1.0, 1e300, 1.79e308, -1.79e308]
    for _ in range(3000):
        losses = rng.choice(special, rng.integers(2, 12))
        losses[0] = rng.normal() * 10.0 ** rng.uniform(-323, 307)
        values = gs.tamed(losses)
        assert np.isfinite([*values.tame, values.offset, math.log(values.factor)]).all(), losses.tolist()
        assert (np.diff(values.tame[np.argsort(losses, kind="stable")]) >= -1e-9).all(), losses.tolist()


def test_the_better_half_keeps_its_shape_and_its_units() -> None:
    losses = np.array([1.0, 2.0, 4.0, 8.0, 1e9, 1e12])
    values = gs.tamed(losses)
    assert values.offset + values.factor * values.tame[:3] == pytest.approx(losses[:3])
    assert np.ptp(values.tame[:4]) > 0.5  # 1e12 does not flatten them


def test_failures_are_as_bad_as_the_worst_and_constants_are_zero() -> None:
    values = gs.tamed(np.array([1.0, math.nan, 3.0, 2.0, math.inf])).tame
    assert values[1] == values[4] == values[2] == values.max()
    assert gs.tamed(np.full(3, math.nan)).tame.tolist() == [0.0] * 3
    assert gs.tamed(np.full(3, 7.0)).tame.tolist() == [0.0] * 3
    assert gs.tamed(np.array([7.0, math.nan])).tame.tolist() == [0.0, 1.0]


def test_of_many_trials_the_best_are_remembered_and_some_of_the_others() -> None:
    losses = np.random.default_rng(0).permutation(1000).astype(float)
    losses[losses > 900] = math.nan
    kept = gs.remembered(losses, 100)
    assert len(set(kept.tolist())) == 100 and (np.diff(kept) > 0).all()
    assert set(range(50)) <= set(losses[kept].tolist()) and np.isnan(losses[kept]).any()
    assert gs.remembered(losses[:100], 100).tolist() == list(range(100))


# Where it looks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", range(len(ACQUISITIONS)))
def test_the_slopes_of_the_acquisition_by_central_differences(kind: int) -> None:
    space = Space({"x": Float(0.0, 1.0, prior=(0.2, 0.3)), "y": Float(0.0, 1.0), "kind": ["a", "b"]})
    encoding, seen = Encoding(space), seen_of(space, range(12))
    rows = encoding.rows([result.params for result in seen])
    values = np.sin(9.0 * rows[:, 0]) + rows[:, 1] + rows[:, 2]
    process = gp.condition(rows, values, encoding.overlap, np.log([0.4, 0.7, 1.0, 1.0, 0.2, 1e-4]))
    goal = gs.Goal(kind, -0.5, 1.5, 0.7)
    centre, sharpness = encoding.prior()
    p, work = process, (np.empty(12), np.empty(12))

    def at(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, slopes = gs._at(p.rows, p.overlap, p.theta, p.mean, p.upper, p.alpha, kind, goal.best, goal.kappa,
                               centre, goal.weight * sharpness, point, *work)
        return value, slopes.copy()

    for point in (np.array([0.35, 0.6, 1.0]), np.array([0.8, 0.1, 0.0])):
        value, slopes = at(point)
        assert value == pytest.approx(gs.score(encoding, process, goal, point[None])[0], rel=1e-9)
        for j in range(2):
            step = 1e-6 * np.eye(3)[j]
            assert slopes[j] == pytest.approx((at(point + step)[0] - at(point - step)[0]) / 2e-6, rel=1e-4, abs=1e-5)


def test_climbs_end_higher_and_inside_and_leave_what_is_not_free() -> None:
    encoding, rng = Encoding(MIXED), np.random.default_rng(3)
    seen = seen_of(MIXED, range(15))
    rows = encoding.rows([result.params for result in seen])
    process = gs.process_of(encoding, rows, gs.tamed(np.array([bowl(r.params) for r in seen])).tame)
    goal = gs.Goal(0, -1.0, 2.0, 0.0)
    starts = encoding.from_unit(rng.random((20, 4)))
    ends = gs.climbed(encoding, process, goal, starts.copy())
    assert (gs.score(encoding, process, goal, ends) >= gs.score(encoding, process, goal, starts) - 1e-12).all()
    np.testing.assert_array_equal(ends[:, 1:3], starts[:, 1:3])  # steps and choices
    np.testing.assert_array_equal(ends[starts[:, 2] != 1.0, 3], 0.5)  # what is absent
    assert ((ends[:, [0, 3]] >= 0.0) & (ends[:, [0, 3]] <= 1.0)).all() and (ends != starts).any()


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_it_finds_the_bottom_of_a_bowl(acquisition: str) -> None:
    seen = seen_of(PLANE, range(8))
    seen = [result._replace(value=bowl(result.params)) for result in seen]
    for number in range(8, 20):
        params, why = propose(PLANE, seen, seed=number, acquisition=acquisition)
        seen.append(Result(number, params, bowl(params), "complete"))
    assert min(result.value for result in seen) < 2e-3


def test_it_moves_over_choices_and_steps_to_the_best_corner() -> None:
    def loss(params: dict[str, Any]) -> float:
        return {"a": 2.0, "b": 0.0, "c": 1.0}[params["kind"]] + abs(math.log2(params["n"]) - 3.0) + bowl(params)

    seen = seen_of(MIXED, range(8), seed=4)
    seen = [result._replace(value=loss(result.params)) for result in seen]
    for number in range(8, 35):
        params, _ = propose(MIXED, seen, seed=number)
        assert MIXED.check(params) == params and ("y" in params) == (params["kind"] == "b")
        seen.append(Result(number, params, loss(params), "complete"))
    best = min(seen, key=lambda result: result.value).params
    assert best["kind"] == "b" and best["n"] in (7, 8, 9)


def test_what_runs_already_is_not_proposed_again() -> None:
    seen = [result._replace(value=bowl(result.params)) for result in seen_of(PLANE, range(12))]
    pending: list[dict[str, Any]] = []
    for _ in range(4):
        pending.append(propose(PLANE, seen, pending)[0])
    places = np.array([[params["x"], params["y"]] for params in pending])
    apart = [np.abs(a - b).max() for i, a in enumerate(places) for b in places[:i]]
    assert min(apart) > 1e-3


def test_believing_keeps_the_mean_and_shrinks_the_deviation() -> None:
    rows = np.random.default_rng(0).random((10, 2))
    process = gp.condition(rows, rows[:, 0], np.zeros(2), np.log([0.5, 0.5, 1.0, 1e-9, 1e-6]))
    running = np.array([[0.5, 0.5], [0.9, 0.1]])
    after = gs.believed(process, running)
    points = np.random.default_rng(1).random((50, 2))
    before_mean, before_variance = gp.predict(process, points)
    mean, variance = gp.predict(after, points)
    np.testing.assert_allclose(mean, before_mean, atol=1e-3)
    assert (variance <= before_variance + 1e-9).all() and gp.predict(after, running)[1].max() < 1e-5
    assert gs.believed(process, np.empty((0, 2))) is process


def test_a_prior_draws_the_first_suggestions_and_fades() -> None:
    space = Space({"x": Float(0.0, 1.0, prior=(0.9, 0.05)), "kind": Categorical(["a", "b"], prior=[1.0, 99.0])})
    flat = seen_of(space, np.zeros(10))
    params, _ = propose(space, flat)
    assert abs(params["x"] - 0.9) < 0.2 and params["kind"] == "b"
    clear = [result._replace(value=abs(result.params["x"] - 0.1)) for result in seen_of(space, range(100))]
    params, _ = propose(space, clear)
    assert params["x"] < 0.3


# Robust --------------------------------------------------------------------------------------------------------------

HARD: dict[str, Any] = {
    "constant": np.full(20, 3.0), "failed": np.full(20, math.nan), "one that did not fail": [math.nan] * 19 + [1.0],
    "huge": 1e12 * np.arange(20.0), "huge and tiny": np.where(np.arange(20) % 2 == 0, 1e12, 1e-12 * np.arange(20)),
    "a huge offset": 1e12 + 1e-3 * np.arange(20),
    "mixed with failures": np.where(np.arange(20) % 3 == 0, math.nan, 1.0),
    "the largest numbers": 1.7e308 * np.linspace(-1.0, 1.0, 20), "the least one and 0": 5e-324 * (np.arange(20) % 2),
    "constants that are huge": np.full(20, 1e300), "the largest, once": 1.79e308 * (np.arange(20) == 3),
    "differences that overflow": 1.79e308 * (-1.0) ** np.arange(20)}


@pytest.mark.parametrize("acquisition", ["log_ei", "pi", "bound"])
@pytest.mark.parametrize("values", HARD.values(), ids=list(HARD))
def test_values_that_are_hard(values: Any, acquisition: str) -> None:
    for space in (PLANE, MIXED):
        params, why = propose(space, seen_of(space, values), acquisition=acquisition)
        assert space.check(params) == params and gs.explain(why)
        json.dumps(why, allow_nan=False)


def test_duplicates_and_a_thousand_trials() -> None:
    seen = seen_of(MIXED, np.random.default_rng(0).random(1000))
    same = [result._replace(params=seen[0].params) for result in seen[:30]]
    for trials in (seen, same):
        params, why = propose(MIXED, trials)
        assert MIXED.check(params) == params and math.isfinite(why["value"])


def test_it_is_a_pure_function() -> None:
    seen = seen_of(MIXED, np.random.default_rng(0).random(40))
    assert propose(MIXED, seen) == propose(MIXED, seen) == propose(Space(MIXED), list(seen))


# Why -----------------------------------------------------------------------------------------------------------------


def test_the_reasons_are_the_beliefs_in_units_of_the_loss() -> None:
    seen = [result._replace(value=1000.0 + 10.0 * bowl(result.params)) for result in seen_of(PLANE, range(25))]
    params, why = propose(PLANE, seen)
    assert why["mean"] == pytest.approx(1000.0 + 10.0 * bowl(params), abs=0.3)
    assert why["best"] == pytest.approx(min(result.value for result in seen), rel=1e-12) == why["target"]
    assert math.exp(why["value"]) == pytest.approx(
        expected_improvement(why["mean"], why["deviation"], why["best"]), rel=1e-6)
    assert why["acquisition"] == "log_ei" and why["trials"] == 25 and set(why["lengths"]) == {"x", "y"}
    assert why["lengths"]["x"] < why["lengths"]["y"]  # x matters more
    assert why["runners_up"] and all(other["value"] <= why["value"] for other in why["runners_up"])
    text = gs.explain(why)
    assert "expected improvement" in text and "x (length" in text and f"{why['mean']:.4g}" in text


def test_the_reasons_of_the_other_acquisitions_and_of_pending_trials_say_what_they_are() -> None:
    seen = [result._replace(value=100.0 + bowl(result.params)) for result in seen_of(PLANE, range(8))]
    _, why = propose(PLANE, seen, acquisition="bound")
    assert why["value"] == pytest.approx(2.0 * why["deviation"] - why["mean"], rel=1e-9)
    assert f"may be hoped for is {-why['value']:.4g}" in gs.explain(why)
    _, why = propose(PLANE, seen, [{"x": 0.5, "y": 0.5}], acquisition="pi")
    z = (why["target"] - why["mean"]) / why["deviation"]
    assert why["value"] == pytest.approx(log_probability(z), rel=1e-6) and why["target"] < why["best"]
    assert why["best"] == pytest.approx(min(result.value for result in seen)) and why["trials"] == 8
    assert "of 8 trials (and 1 whose loss is unknown" in gs.explain(why)


def test_a_prior_is_told_apart_from_the_improvement() -> None:
    space = Space({"x": Float(0.0, 1.0, prior=(0.9, 0.1)), "y": Float(0.0, 1.0), "fixed": [1]})
    seen = [result._replace(value=bowl(result.params)) for result in seen_of(space, range(12))]
    _, why = propose(space, seen)
    assert why["belief"] < 0.0 and "The user's prior takes" in gs.explain(why) and set(why["lengths"]) == {"x", "y"}
    assert math.exp(why["value"]) == pytest.approx(
        expected_improvement(why["mean"], why["deviation"], why["best"]), rel=1e-6)


def test_most_values_at_the_least_do_not_flatten_the_rest() -> None:
    tame = gs.tamed(np.array([0.0, 0.0, 0.0, 0.0, 0.1, 0.2, 1e12])).tame
    assert np.diff(tame[3:]).min() > 0.1


def test_no_new_candidate_is_a_lookup_error() -> None:
    space = Space({"kind": ["a", "b"]})
    seen = [Result(i, {"kind": kind}, 1.0, "complete") for i, kind in enumerate("ab")]
    with pytest.raises(LookupError, match="new"):
        propose(space, seen)
