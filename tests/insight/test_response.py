"""The model of the response: bounds that nothing leaves, a known function, absent parameters, and its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.insight import importance, partial_dependence
from scratchtune.insight.importances import dependences
from scratchtune.insight.response import Response, clipped_normal_mean, comparable_trials, fit_response

SPACE: dict[str, Any] = {
    "optimizer": ["adam", "sgd"], "momentum": st.Float(0.0, 0.99, when={"optimizer": "sgd"}),
    "rate": st.Float(1e-4, 1.0, log=True), "units": st.Int(8, 128, log=True)}


def diverging(seed: int, n_trials: int = 30) -> st.Study:
    """Accuracies of a random shape: a cliff at a random place, a random chance level, and a slope before the cliff."""
    edge, chance, slope, by_momentum = np.random.default_rng(seed).uniform((-2.5, 0.0, 0.0, 0.0), (-0.3, 0.5, 0.3, 2.0))

    def accuracy(trial: st.Trial) -> float:
        rate = np.log10(trial.params["rate"]) + by_momentum * trial.params.get("momentum", 0.0)
        return float(chance if rate > edge else 0.98 - slope * abs(rate - edge) / 4.0)

    study = st.Study(SPACE, searcher="random", direction="maximize", seed=seed)
    return study.run(accuracy, n_trials=n_trials, progress=False)


def response_of(study: st.Study) -> Response:
    """The model of a study."""
    return fit_response(study.space, comparable_trials(study, "it"))


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_no_mean_and_no_interval_leaves_the_observed_range(seed: int) -> None:
    study = diverging(seed)
    values = [trial.value for trial in study.trials]
    for found in dependences(study, [[name] for name in SPACE] + [["optimizer", "rate"]]):
        assert (min(values) <= found.lower).all() and (found.upper <= max(values)).all()
        assert (found.lower <= found.mean).all() and (found.mean <= found.upper).all()
    shares = importance(study)
    assert min(shares.values()) >= 0.0 and sum(shares.values()) <= 1.0 + 1e-9


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [[1.7e308, -1.7e308, 1.0], [1.0, 1.0 + 2.3e-16, 1.0], [1e-310, 3e-310, 5e-324]],
                         ids=["huge", "near", "tiny"])
def test_no_mean_leaves_the_range_of_extreme_values(values: list[float]) -> None:
    study = st.Study({"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}, "random").run(
        lambda trial: values[int(3.0 * trial.params["x"])], 20, progress=False)
    found, (low, high) = partial_dependence(study, "x"), (min(values), max(values))
    assert np.all(low <= found.lower) and np.all(found.lower <= found.mean)
    assert np.all(found.mean <= found.upper) and np.all(found.upper <= high)
    assert np.isfinite(list(importance(study).values())).all()


def test_the_clipped_mean_equals_that_of_many_random_numbers() -> None:
    drawn = np.clip(0.3 + 0.8 * np.random.default_rng(0).standard_normal(1_000_000), -0.5, 0.6)
    assert clipped_normal_mean(0.3, 0.8, -0.5, 0.6) == pytest.approx(drawn.mean(), abs=2e-3)


def test_left_out_errors_are_those_of_a_process_without_the_trial() -> None:
    found = response_of(diverging(0, 20))
    process, errors = found.process, []
    for i in range(20):
        others = np.arange(20) != i
        rest = gp.condition(process.rows[others], process.values[others], process.is_categorical, process.theta,
                            process.mean)
        errors.append(process.values[i] - gp.predict(rest, process.rows[i : i + 1])[0][0])
    assert found.error == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-5)


def test_an_absent_parameter_has_no_effect() -> None:
    found = response_of(diverging(3))
    cube = np.repeat([[0.25, 0.0, 0.4, 0.5]], 5, axis=0)  # adam
    cube[:, 1] = np.linspace(0.0, 1.0, 5)
    assert np.ptp(found.predict(cube)) == 0.0
    cube[:, 0] = 0.75  # sgd
    assert np.ptp(found.predict(cube)) > 0.0


def test_choices_that_were_not_tried_count_nowhere() -> None:
    study = st.Study({"kind": ["a", "b", "c"], "x": st.Float(0.0, 1.0)}, searcher="random", seed=0)
    for number in range(12):
        study.enqueue({"kind": "ac"[number % 2], "x": number / 12.0}, again=True)
    study.run(lambda trial: trial.params["x"] + (trial.params["kind"] == "c"), n_trials=12, progress=False)
    assert partial_dependence(study, "kind").points == (["a", "c"],)
    assert partial_dependence(study, "kind").mean == pytest.approx([0.5, 1.5], abs=0.1)
    assert set(response_of(study).points(64)[:, 0]) == {0.5 / 3.0, 2.5 / 3.0}


def test_an_axis_is_represented_by_the_middles_of_equal_parts() -> None:
    study = st.Study(
        {"kind": ["a", "b", "c"], "k": st.Int(1, 4), "x": st.Float(0.0, 1.0), "n": st.Int(1, 4, log=True)}, "random")
    # The parts of k are its four values; those of n, on a logarithmic axis, would not be equal.
    for number in range(8):
        study.enqueue(
            {"kind": "ac"[number % 2], "k": 1 + number % 4, "x": number / 8.0, "n": 1 + number % 4}, again=True)
    found = response_of(study.run(lambda trial: trial.params["x"], 8, progress=False))
    quarters = [0.125, 0.375, 0.625, 0.875]
    assert [found.nodes(j, most).tolist() for j, most in ((0, 2), (1, 4), (1, 9), (1, 2), (2, 4), (3, 5))] == [
        [0.5 / 3.0, 2.5 / 3.0], quarters, quarters, [0.25, 0.75], quarters, [0.1, 0.3, 0.5, 0.7, 0.9]]


def test_an_interval_at_one_point_by_hand() -> None:
    """The 2.5 % and 97.5 % quantiles of 200 normal numbers, twice as far from the mean, within the bounds."""
    found, points = response_of(diverging(0, 20)), np.array([[0.75, 0.5, 0.5, 0.5]])
    for unit in (0.1, 0.9):
        mean, variance = gp.predict(found.process, found.encoding.from_unit(np.array([[0.75, 0.5, unit, 0.5]])))
        normals = np.random.default_rng(0).standard_normal(200)
        drawn = np.clip(mean + 2.0 * np.sqrt(variance + 1e-8) * normals, found.low, found.high)
        low, high = found.interval([2], [np.array([unit])], points)
        assert [*low, *high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]) - drawn.mean(), rel=1e-4)


def test_intervals_are_wider_where_no_trial_is() -> None:
    study = st.Study({"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}, searcher="random", seed=0)
    for number in range(20):
        study.enqueue({"x": number / 40.0, "y": (number * 7 % 20) / 20.0}, again=True)
    study.run(lambda trial: np.sin(9.0 * trial.params["x"]) + trial.params["y"], n_trials=20, progress=False)
    found = partial_dependence(study, "x")
    width = found.upper - found.lower
    assert width[45] > 3.0 * width[10]
