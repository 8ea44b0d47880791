"""The Gaussian process as a searcher: what it sees, where it looks, and that nothing breaks it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian import gaussian_search as gs
from scratchtune.core.search.bayesian import surrogate
from scratchtune.core.search.bayesian.acquisition import ACQUISITIONS, expected_improvement, updated_mean_std
from scratchtune.core.search.normal import log_normal_cdf
from scratchtune.core.search.searcher import Result
from scratchtune.core.search.space import Categorical, Float, Int, Space

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


def improvement(why: dict[str, Any]) -> float:
    """The expected improvement that the reasons imply."""
    return expected_improvement(why["mean"], updated_mean_std(why["std"], why["noise_std"] ** 2), why["target"])


# Where it looks ------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("acquisition", ["log_ei", "pi", "lcb"])
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
    lowest = min(result.value for result in seen)
    assert why["best"] == pytest.approx(lowest, rel=1e-12)
    assert why["target"] == pytest.approx(lowest, abs=0.1)  # the lowest posterior mean: no noise, so about the same
    assert math.exp(why["value"]) == pytest.approx(improvement(why), rel=1e-6)
    assert why["acquisition"] == "log_ei" and why["trials"] == 25 and set(why["length_scales"]) == {"x", "y"}
    assert why["length_scales"]["x"] < why["length_scales"]["y"]  # x matters more
    assert why["runners_up"] and all(other["value"] <= why["value"] for other in why["runners_up"])
    text = gs.explain(why)
    assert "expected improvement" in text and "x (length" in text and f"{why['mean']:.4g}" in text


def test_the_reasons_of_the_other_acquisitions_and_of_pending_trials_say_what_they_are() -> None:
    seen = [result._replace(value=100.0 + bowl(result.params)) for result in seen_of(PLANE, range(8))]
    _, why = propose(PLANE, seen, acquisition="lcb")
    assert why["value"] == pytest.approx(2.0 * why["std"] - why["mean"], rel=1e-9)
    assert f"lower confidence bound is {-why['value']:.4g}" in gs.explain(why)
    _, why = propose(PLANE, seen, [{"x": 0.5, "y": 0.5}], acquisition="pi")
    z = (why["target"] - why["mean"]) / why["std"]
    assert why["value"] == pytest.approx(log_normal_cdf(z), rel=1e-6) and why["target"] < why["best"]
    assert why["best"] == pytest.approx(min(result.value for result in seen)) and why["trials"] == 8
    assert "of 8 trials (and 1 pending" in gs.explain(why)


def test_a_prior_is_told_apart_from_the_improvement() -> None:
    space = Space({"x": Float(0.0, 1.0, prior=(0.9, 0.1)), "y": Float(0.0, 1.0), "fixed": [1]})
    seen = [result._replace(value=bowl(result.params)) for result in seen_of(space, range(12))]
    _, why = propose(space, seen)
    first, second = (math.exp(entry["value"] + entry["log_prior"]) for entry in (why, why["runners_up"][0]))
    assert why["log_prior"] < 0.0 and first >= second
    assert (f"Weighted by the user's prior, as candidates are compared, it is {first:.2g} (the next candidate's: "
            f"{second:.2g}).") in gs.explain(why)
    assert set(why["length_scales"]) == {"x", "y"}
    assert math.exp(why["value"]) == pytest.approx(improvement(why), rel=1e-6)


def test_a_prior_worsens_the_lower_confidence_bound() -> None:
    space = Space({"x": Float(0.0, 1.0, prior=(0.9, 0.1)), "y": Float(0.0, 1.0)})
    seen = [result._replace(value=bowl(result.params)) for result in seen_of(space, range(12))]
    _, why = propose(space, seen, acquisition="lcb")
    assert f"The user's prior worsens it by {-why['log_prior']:.2g} (the next candidate's: by" in gs.explain(why)
    assert f"worsens it by {-why['log_prior']:.2g}, in standard" in gs.explain({**why, "runners_up": []})


def test_no_new_candidate_is_a_lookup_error() -> None:
    space = Space({"kind": ["a", "b"]})
    seen = [Result(i, {"kind": kind}, 1.0, "complete") for i, kind in enumerate("ab")]
    with pytest.raises(LookupError, match="new"):
        propose(space, seen)


# Decisions by hand ---------------------------------------------------------------------------------------------------


def test_the_prior_s_weight_and_what_is_improved_on_by_hand() -> None:
    seen = [result._replace(value=bowl(result.params)) for result in seen_of(PLANE, range(8))]
    # 10 / number: at trial 10 the prior weighs as much as the acquisition, at trial 40 a quarter of it.
    goals = [gs.fitted_model(PLANE, seen, [], number).goal for number in (0, 1, 10, 13, 40)]
    assert [goal.weight for goal in goals] == [10.0, 10.0, 1.0, 10.0 / 13.0, 0.25]
    for kind, name in enumerate(ACQUISITIONS):
        model = gs.fitted_model(PLANE, seen, [], 8, name, kappa=1.5)
        lowest = gp.means_at_rows(model.process).min()
        margin = 0.05 if name == "pi" else 0.0  # in standard deviations of the values
        assert model.goal[:3] == (kind, lowest - margin, 1.5) and model.goal.noise == math.exp(model.process.theta[-1])


def test_the_process_is_fitted_to_the_trials_that_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of eight trials the two best are kept, 1 and 3, and of the other ranks, 2 to 7, the ends: trials 5 and 0.
    monkeypatch.setattr(surrogate, "MOST_TRIALS", 4)
    losses = [7.0, 0.0, 6.0, 1.0, 5.0, 2.0, 4.0, 3.0]
    line = Space({"x": Float(0.0, 1.0)})
    seen = [Result(i, {"x": i / 8.0}, loss, "complete") for i, loss in enumerate(losses)]
    model = gs.fitted_model(line, seen, [{"x": 0.9375}], 9)
    assert model.kept.tolist() == [0, 1, 3, 5] and len(model.standardized.values) == 4
    assert model.process.rows[:, 0].tolist() == [0.0, 0.125, 0.375, 0.625, 0.9375]  # and the pending one
    assert np.argsort(model.process.values[:4]).tolist() == [1, 2, 3, 0]
    params, why = propose(line, seen, [{"x": 0.9375}])
    mean = gp.predict(model.process, model.encoding.rows([params]))[0][0]
    assert why["mean"] == pytest.approx(model.standardized.to_loss(mean))  # the reasons are those of this point
    alone = gs.fitted_model(line, seen, [], 9)
    assert (alone.process.theta == model.process.theta).all()  # pending trials have no value to fit θ to
    assert (alone.process.values == model.process.values[:4]).all()


def test_neither_a_finished_nor_a_pending_configuration_is_proposed() -> None:
    space = Space({"n": Int(1, 3)})
    for left in (1, 2, 3):
        first, second = ({"n": n} for n in (1, 2, 3) if n != left)
        seen = [Result(0, first, 1.0, "complete")]
        assert propose(space, seen, [second])[0] == {"n": left}
    with pytest.raises(LookupError):
        propose(Space({"n": Int(1, 2)}), [Result(0, {"n": 1}, 1.0, "complete")], [{"n": 2}])


# Noise ---------------------------------------------------------------------------------------------------------------


def test_noise_is_estimated_and_told_and_the_best_value_is_not_what_is_improved_on() -> None:
    rng = np.random.default_rng(5)
    seen = [result._replace(value=4.0 * bowl(result.params) + 0.1 * rng.standard_normal())
            for result in seen_of(PLANE, range(60))]
    _, why = propose(PLANE, seen)
    assert 0.05 < why["noise_std"] < 0.2 and why["target"] > why["best"] + 0.05
    assert math.exp(why["value"]) == pytest.approx(improvement(why), rel=1e-6)
    assert f"{why['best']:.4g} (lowest posterior mean {why['target']:.4g})" in gs.explain(why)
    older = {key: value for key, value in {**why, "target": why["best"]}.items() if key != "noise_std"}
    assert f"the best so far is {why['best']:.4g}:" in gs.explain(older)
