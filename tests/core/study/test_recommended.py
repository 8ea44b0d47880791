"""The recommended trial: by hand, under noise, without noise, and where trials fail or are few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian.surrogate import compress_and_standardize
from scratchtune.core.study.best import of_largest_budget
from scratchtune.core.study.file import File
from scratchtune.core.study.recommended import (
    LEAST_TRIALS,
    Prediction,
    are_repeatable,
    lowest_pessimistic_mean,
    pessimistic_means,
)
from scratchtune.core.study.stored import StoredStudy, read_study

LINE = {"x": st.Float(0.0, 1.0)}


def told(values: dict[float, list[float]], direction: str = "minimize") -> st.Study:
    """A study of one parameter, with the values observed at each of its values."""
    study = st.Study(LINE, searcher="random", direction=direction)
    for x, observed in values.items():
        for value in observed:
            study.enqueue({"x": x}, again=True)
            study.tell(study.ask(), value)
    return study


def bowl(x: float) -> float:
    return (x - 0.5) ** 2


# A worked example ----------------------------------------------------------------------------------------------------


def test_one_lucky_value_among_repeats_is_not_recommended() -> None:
    """At 0.1 the mean of six values is 1, though one of them is the lowest of all; at 0.9 all six are about 0."""
    lucky = {0.1: [-0.2, 1.2, 1.3, 1.2, 1.3, 1.2], 0.9: [0.05, -0.05, 0.1, -0.1, 0.02, -0.02]}
    others = {round(0.2 + 0.06 * k, 2): [1.0 + 0.1 * (-1) ** k] for k in range(10)}
    study = told({**lucky, **others})
    found = study.recommended()
    assert study.best_params == {"x": 0.1} and found.params == {"x": 0.9}
    assert found.trial.number == 6  # the first of that configuration
    assert found.observed == study.trials[6].value == 0.05
    assert found.mean == pytest.approx(0.0, abs=0.15) and found.noise == pytest.approx(0.3, abs=0.25)
    assert found.reason.startswith(
        "Trial 6 (value 0.05) has the lowest posterior mean plus 1.5 standard deviations, ")
    assert "for the lowest value, -0.2 of trial 0, it is " in found.reason


def test_an_uncertain_prediction_counts_less() -> None:
    """Two configurations of nearly the same mean: one was evaluated once, the other eight times."""
    rest = {round(0.3 + 0.05 * k, 2): [1.0 + 0.1 * (-1) ** k] for k in range(10)}
    study = told({0.0: [-0.1], 1.0: [0.15, -0.15] * 4, **rest})
    space, points = st.search.Space(LINE), [trial.params for trial in study.trials]
    losses = np.array([trial.value for trial in study.trials])
    by_mean, found = (lowest_pessimistic_mean(space, points, losses, margin) for margin in (0.0, 1.0))
    assert (by_mean.order[0], found.order[0]) == (0, 1)
    np.testing.assert_array_equal(by_mean.means, found.means)  # only the choice differs
    assert found.means[0] < found.means[1] and (found.means + found.stds)[1] < (found.means + found.stds)[0]
    assert pessimistic_means(np.array([1.0]), np.array([0.5]), 2.0).tolist() == [2.0]
    recommended = study.recommended(noise=True)  # of the repeats the one with the lowest value
    assert recommended.trial.number == 2 and "lowest value, -0.15, and also" in recommended.reason


def test_maximising_is_minimising_the_negative() -> None:
    rng = np.random.default_rng(0)
    values = {float(x): [bowl(x) + 0.1 * rng.standard_normal()] for x in rng.random(30)}
    low, high = told(values).recommended(), told({x: [-y for y in ys] for x, ys in values.items()}, "maximize"
                                                 ).recommended()
    assert low.mean is not None and high.mean is not None
    assert (low.trial.number, low.mean, low.std, low.noise) == (high.trial.number, -high.mean, high.std, high.noise)
    assert high.reason.count("highest") >= 1 and "lowest" not in high.reason


def test_without_noise_the_best_observed_trial_is_the_answer() -> None:
    """Values that a model takes for noise: the lowest is far below its neighbours."""
    values = {round(0.05 * k, 2): [bowl(0.05 * k) + 0.1 * (-1) ** k] for k in range(20)} | {0.93: [-0.2]}
    by_model, known = told(values).recommended(noise=True), told(values).recommended(noise=False)
    assert by_model.params != known.params == {"x": 0.93} and (known.mean, known.std, known.noise) == (None, None, None)
    assert known.reason == ("Trial 20 has the lowest value, -0.2, of 21 complete trials; noise=False says that it "
                            "would have this value again.")
    repeated = told(values | {0.5: values[0.5] * 2}).recommended()
    assert repeated.params == {"x": 0.93} and repeated.reason.endswith(
        "the values have no noise: an evaluation that was repeated gave the same value to the last digit.")
    differing = told(values | {0.5: values[0.5] * 2, 0.1: [values[0.1][0], values[0.1][0] + 1e-9]}).recommended()
    assert "have no noise" not in differing.reason


@pytest.mark.parametrize(("losses", "expected"), [
    ([1.0, 2.0, 2.0, 3.0], True), ([1.0, 2.0, 2.1, 3.0], False),  # b was evaluated twice
    ([2.0, 2.0, 2.0, 3.0], False), ([1.0, 2.0, 2.0, 2.0], False)])  # a, or c, has the value of b too
def test_when_repeats_show_that_there_is_no_noise(losses: list[float], expected: bool) -> None:
    assert are_repeatable("abbc", np.array(losses)) is expected
    assert not are_repeatable("abcd", np.array(losses))  # nothing was repeated
    assert not are_repeatable("abbcc", np.array([*losses[:3], 7.0, 8.0]))  # the second one disagrees


def test_a_model_that_predicts_no_better_than_the_mean_is_not_used() -> None:
    values = {0.04 * k: [(-1) ** k * (1.0 + 0.01 * k)] for k in range(24)}  # neighbours differ most
    for direction in ("minimize", "maximize"):
        study = told(values, direction)
        found = study.recommended()
        assert found.trial is study.best_trial and found.mean is None
        assert ("a Gaussian process is not used, since it predicts left-out values no better than the mean of all "
                "values does (root mean square errors 1.") in found.reason
        assert study.recommended(noise=True).mean is not None


def test_errors_of_left_out_predictions_by_hand() -> None:
    x = np.linspace(0.0, 1.0, 12)
    found = lowest_pessimistic_mean(st.search.Space(LINE), [{"x": float(one)} for one in x], x)
    values = compress_and_standardize(x)
    assert found.errors[1] == pytest.approx(values.factor)  # that of the values is 1
    assert found.errors[2] == pytest.approx(1 / 11, rel=0.3)  # one step, but less where bad values are compressed
    assert found.errors[0] < 0.3 * found.errors[2]


def test_a_model_is_not_used_where_the_nearest_neighbour_predicts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {0.04 * k: [0.04 * k + 0.01 * (-1) ** k] for k in range(24)}
    assert told(values).recommended().mean is not None

    def poor(process: gp.Process) -> tuple[np.ndarray, np.ndarray]:
        return np.full(24, 0.5), np.full(24, 0.5)

    monkeypatch.setattr(gp, "left_out_errors", poor)
    study = told(values)
    found = study.recommended()
    assert found.trial is study.best_trial and found.mean is None
    assert "no better than the value of the nearest neighbour does (root mean square errors 0." in found.reason


# Properties ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("searcher", ["grid", "random", "genetic", "bayesian"])
def test_without_noise_it_is_the_best_trial(searcher: str) -> None:
    study = st.tune(lambda trial: 3.0 + bowl(trial.params["x"]), {"x": st.Float(0.0, 1.0, step=1 / 64)}, searcher, 15,
                    progress=False)
    found = study.recommended()
    assert found.trial is study.best_trial and found.observed == study.best_value
    assert found.mean == pytest.approx(study.best_value, abs=0.02) and "also the lowest posterior mean" in found.reason


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_with_noise_false_it_is_the_best_trial_of_any_values(direction: str) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        study = told({float(x): rng.standard_normal(rng.integers(1, 3)).round(1).tolist() for x in rng.random(15)},
                     direction)
        assert study.recommended(noise=False).trial is study.best_trial


def test_another_noise_is_refused() -> None:
    with pytest.raises(TypeError, match="noise is 0.1 .*must be True or False"):
        told({0.1: [1.0]}).recommended(noise=0.1)  # type: ignore[arg-type]


def test_under_noise_it_is_closer_to_the_optimum() -> None:
    """Mean true value over 20 studies: bowl in two dimensions, noise as large as the function's own spread."""
    rng, truths = np.random.default_rng(1), []
    space = st.search.Space({"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)})
    for _ in range(20):
        points = [{"x": float(x), "y": float(y)} for x, y in rng.random((60, 2))]
        true = np.array([bowl(point["x"]) + bowl(point["y"]) for point in points])
        noisy = true + 0.1 * rng.standard_normal(60)
        truths.append((true[noisy.argmin()], true[lowest_pessimistic_mean(space, points, noisy).order[0]]))
    observed, recommended = np.mean(truths, axis=0)
    assert recommended < 0.5 * observed


def test_a_sample_of_many_trials_is_fitted() -> None:
    rng = np.random.default_rng(2)
    points = [{"x": float(x)} for x in rng.random(700)]
    noisy = np.array([bowl(point["x"]) for point in points]) + 0.2 * rng.standard_normal(700)
    found = lowest_pessimistic_mean(st.search.Space(LINE), points, noisy)
    assert bowl(points[found.order[0]]["x"]) < 0.01 < bowl(points[int(noisy.argmin())]["x"]) + 0.01
    assert found.noise == pytest.approx(0.2, abs=0.06)
    again = lowest_pessimistic_mean(st.search.Space(LINE), points, noisy)
    assert found.means.shape == (700,) and found.means.tobytes() == again.means.tobytes()


def test_conditional_spaces_and_stored_studies(tmp_path: Path) -> None:
    space = {"kind": ["a", "b"], "x": st.Float(0.0, 1.0, when={"kind": "a"}), "n": st.Int(1, 9, when={"kind": "b"})}

    def objective(trial: st.Trial) -> float:
        noise = 0.1 * float(np.random.default_rng(trial.seed).standard_normal())
        if trial.number == 7:
            raise ValueError("one that fails")
        return noise + (bowl(trial.params["x"]) if trial.params["kind"] == "a" else trial.params["n"] / 3.0)

    path = tmp_path / "a.db"
    study = st.Study(space, "genetic", storage=path).run(objective, 30, progress=False)
    found = study.recommended()
    study.close()
    with File(path, reading=True) as storage:
        stored: StoredStudy = read_study(storage, "study")
    again = stored.recommended()
    assert (again.trial.number, again.params, again.mean, again.reason) == (
        found.trial.number, found.params, found.mean, found.reason)
    assert found.trial.state == "complete" and "29 trials" in found.reason


def test_infeasible_trials_are_not_counted() -> None:
    study = st.tune(lambda trial: trial.set_constraint(trial.params["x"] - 0.5) or trial.params["x"], LINE, "random", 9,
                    progress=False)
    assert f"of {sum(trial.violation == 0.0 for trial in study.trials)} feasible trials; " in study.recommended().reason


def test_it_can_be_changed_without_changing_the_study() -> None:
    study = told({0.1 * k: [float(k)] for k in range(10)})
    study.recommended().params["x"] = 7.0
    assert study.trials[0].params == {"x": 0.0}


# Few trials, and trials that don't count -----------------------------------------------------------------------------


def test_with_few_trials_it_is_the_best_observed_one_and_says_so() -> None:
    study = told({0.1 * k: [float(k), k + 0.5] for k in range(LEAST_TRIALS - 1)})
    found = study.recommended()
    assert found.trial is study.best_trial and (found.mean, found.std, found.noise) == (None, None, None)
    assert found.reason == ("Trial 0 has the lowest value, 0, of 18 complete trials; a model needs 10 different "
                            "configurations, and there are 9. Trial 0 is the best observed one; its configuration was "
                            "evaluated 2 times: mean 0.25.")


def test_equal_values_and_no_trials() -> None:
    assert "all values are equal" in told({0.05 * k: [2.0] for k in range(12)}).recommended().reason
    with pytest.raises(ValueError, match="no trial of 0 is complete"):
        st.Study(LINE).recommended()


def test_only_complete_trials_of_the_largest_budget_count() -> None:
    def objective(trial: st.Trial) -> Any:
        return bowl(trial.params["x"]) + 1.0 / float(trial.budget or 1.0)

    study = st.Study(LINE, st.Hyperband(9, 3)).run(objective, progress=False)
    kept = of_largest_budget(study.trials)
    assert {trial.budget for trial in kept} == {9.0} and study.recommended().trial in kept


def test_a_parameter_of_two_kinds() -> None:
    """Trials that can't see each other request k with choices and as a real number; the learned space has one."""
    study = st.Study(searcher="random")
    trials = [study.ask() for _ in range(24)]  # none of them can see another
    for trial in trials:
        if trial.suggest_categorical("c", ["a", "b"]) == "a":
            trial.suggest_categorical("k", ["u", "v"])
        study.tell(trial, trial.number + (0.0 if "k" in trial.params else trial.suggest_float("k", 0.0, 1.0)))
    found = study.recommended(noise=True)
    assert found.mean is not None and found.params == study.trials[found.trial.number].params


def test_the_best_observed_trial_remains_unless_another_mean_is_clearly_better() -> None:
    """Its mean, 0.30, is worse than 0.25 by less than its std, 0.06, but by more than 0.04."""
    means, order = np.array([0.30, 0.25, 0.9]), np.array([1, 0, 2])
    for std, clear in ((0.06, False), (0.04, True)):
        found = Prediction(order, means, np.array([std, 0.01, 0.1]), 0.1, (0.1, 0.5, 0.5))
        assert found.is_clearly_better(0) is clear and not found.is_clearly_better(1)


def test_without_noise_a_ripple_is_not_taken_for_noise() -> None:
    """In 40 searches of bowls with ripples the answer is nearly always the best observed trial."""
    kept = []
    for seed in range(40):
        study = st.Study({"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}, "random", seed=seed)
        centre = np.random.default_rng(seed).random(2)
        study.run(lambda trial, centre=centre: float(sum(
            (trial.params[name] - c) ** 2 + 0.05 * np.cos(40.0 * trial.params[name])
            for name, c in zip("xy", centre, strict=True))), 30, progress=False)
        found = study.recommended()
        kept.append(found.trial.number == study.best_trial.number)
        if found.mean is not None and "is not better" in found.reason:
            assert f"Trial {found.trial.number} has the lowest value, {found.observed:.6g}. Trial" in found.reason
            assert found.ranked[0] == found.trial.number and len(set(found.ranked)) == len(found.ranked)
    assert sum(kept) >= 36
