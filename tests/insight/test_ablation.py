"""The ablation path: exact gains, order, conditions, failures, noise, bad input, its table and its picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.insight import ablation, plot_ablation
from scratchtune.insight.ablation_path import AblationPath, Change, gain_of
from scratchtune.insight.reevaluation import FailedEvaluationWarning

BITS = {"a": [0, 1], "b": [0, 1], "c": [0, 1]}
ZEROS, ONES = dict.fromkeys("abc", 0), dict.fromkeys("abc", 1)
TREE = {"optimizer": ["adam", "sgd"], "momentum": st.Float(0.0, 0.9, when={"optimizer": "sgd"}),
        "epsilon": st.Float(1e-8, 1e-3, log=True, when={"optimizer": "adam"}), "units": st.Int(1, 64)}


def path_of(function: Callable[..., float], space: Mapping[str, Any] = BITS, **options: Any) -> AblationPath:
    """The path of a function of the parameters, to be maximised, or of one of the trial if it takes one."""
    options = {"default": ZEROS, "target": ONES, "progress": False} | options
    study = st.Study(space, "random", "maximize", seed=options.pop("seed", 0))
    return ablation(study, lambda trial: function(**trial.params), **options)


def steps_of(path: AblationPath) -> list[tuple[str, float]]:
    """The labels and gains of a path."""
    return [(step.label, round(step.gain.mean, 9)) for step in path.steps]


# Known functions -----------------------------------------------------------------------------------------------------


def test_an_additive_function_gives_exact_gains_the_largest_first() -> None:
    path = path_of(lambda a, b, c: 2.0 * a + 4.0 * b - c)
    assert steps_of(path) == [("b", 4.0), ("a", 2.0), ("c", -1.0)]
    assert [path.share(name) for name in "bac"] == [0.8, 0.4, -0.2]
    assert [path.share(name, alone=True) for name in "bac"] == [0.8, 0.4, -0.2]
    assert path.total == (5.0, 5.0, 5.0, 5) and path.start.tolist() == [0.0] * 5
    assert [step.values.tolist() for step in path.steps] == [[4.0] * 5, [6.0] * 5, [5.0] * 5]
    assert path.notes == ["Each configuration has the same value for all seeds: the objective does not use trial.seed, "
                          "so the intervals are empty and say nothing."]


def test_with_an_interaction_the_order_matters() -> None:
    """b gains nothing alone, and 3 after a."""
    path = path_of(lambda a, b, c: a + 3.0 * a * b + 0.5 * c)
    assert steps_of(path) == [("a", 1.0), ("b", 3.0), ("c", 0.5)]
    assert [(change.label, change.gain.mean) for change in path.alone] == [("a", 1.0), ("b", 0.0), ("c", 0.5)]


def test_the_best_trial_and_the_enqueued_one_are_the_ends() -> None:
    def loss(trial: st.Trial) -> float:
        return abs(np.log10(trial.params["learning_rate"]) + 1.0) + 0.1 * trial.params["units"]

    study = st.Study({"learning_rate": st.Float(1e-4, 1e-1, log=True), "units": [1, 2]}, "random")
    study.enqueue({"learning_rate": 1e-4, "units": 2})
    study.run(loss, n_trials=20, progress=False)
    path = ablation(study, loss, progress=False)
    assert path.steps[0].before == study.trials[0].params and path.steps[-1].after == study.best_params
    assert path.total.mean == pytest.approx(study.trials[0].value - study.best_value)
    assert path.total.mean > 0.0  # an improvement, though values are minimised


def test_what_is_equal_is_no_step_and_equal_ends_need_no_training() -> None:
    assert [step.label for step in path_of(lambda a, b, c: a + c, default={"a": 0, "b": 1, "c": 0}).steps] == ["a", "c"]
    nothing = path_of(lambda a, b, c: 1 / 0, default=ONES)
    assert nothing.steps == [] and nothing.trainings == 0
    assert str(nothing) == "The default is the best configuration: there is nothing to change."


def test_a_default_may_be_outside_of_the_ranges() -> None:
    path = path_of(lambda l2: -l2, {"l2": st.Float(1e-6, 1e-2, log=True)}, default={"l2": 0.0}, target={"l2": 0.01})
    assert path.steps[0].before == {"l2": 0.0} and steps_of(path) == [("l2", -0.01)]


def test_of_trials_with_budgets_the_best_of_the_largest_is_the_target() -> None:
    budgets = []

    def objective(trial: st.Trial) -> float:
        budgets.append(trial.budget)
        return trial.params["x"] / trial.budget

    study = st.tune(objective, {"x": st.Float(0.0, 1.0)}, st.Hyperband(max_budget=9), direction="maximize",
                    progress=False)
    budgets.clear()
    path = ablation(study, objective, default={"x": 0.0}, progress=False)
    longest = [trial for trial in study.trials if trial.budget == 9.0]
    assert path.steps[0].after["x"] == max(trial.params["x"] for trial in longest)
    assert set(budgets) == {9.0}


# Conditions and constraints ------------------------------------------------------------------------------------------


def test_a_parameter_that_appears_or_disappears_belongs_to_the_change() -> None:
    def value(optimizer: str, units: int, momentum: float = 0.0, epsilon: float = 0.0) -> float:
        return 2.0 * momentum + 0.01 * units + (optimizer == "adam") * 0.5

    path = path_of(value, TREE, default={"optimizer": "adam", "epsilon": 1e-8, "units": 2},
                   target={"optimizer": "sgd", "momentum": 0.9, "units": 64})
    assert [step.names for step in path.steps] == [("optimizer", "momentum", "epsilon"), ("units",)]
    assert steps_of(path) == [("optimizer, momentum, epsilon", 1.3), ("units", 0.62)]
    assert str(path.steps[0]) == "optimizer: adam -> sgd, momentum = 0.9, without epsilon"
    assert path.share("momentum") == path.share("optimizer") == pytest.approx(1.3 / 1.92)


def test_a_parameter_that_neither_end_has_makes_a_change_wait() -> None:
    """With b alone changed to 1, c would exist, and no end has a value for it; after a it does not."""
    space = {"a": [0, 1], "b": [0, 1], "c": st.Float(0.0, 1.0, when={"a": 0, "b": 1})}
    path = path_of(lambda a, b, c=0.0: a + 5.0 * b, space, default={"a": 0, "b": 0}, target={"a": 1, "b": 1})
    assert steps_of(path) == [("a", 1.0), ("b", 5.0)] and [change.label for change in path.alone] == ["a"]


def test_what_the_constraint_refuses_alone_is_made_at_once() -> None:
    space = st.search.Space({"a": [0, 1], "b": [0, 1], "c": [0, 1]}, lambda params: params["a"] == params["b"])
    path = path_of(lambda a, b, c: a + b + c, space)
    assert steps_of(path) == [("c", 1.0), ("a, b", 2.0)]
    assert str(path.steps[1]) == "a: 0 -> 1, b: 0 -> 1"


# Noise, failures, workers --------------------------------------------------------------------------------------------


def noisy(trial: st.Trial) -> float:
    """A value whose noise all configurations of a seed share, and a smaller one of their own."""
    shared, own = np.random.default_rng(trial.seed).normal(size=2)
    return trial.params["a"] + 10.0 * shared + 0.1 * own * (1.0 + trial.params["b"])


def test_gains_are_paired_and_intervals_are_students() -> None:
    path = ablation(st.Study(BITS, direction="maximize"), noisy, seeds=4, default=ZEROS, target=ONES, progress=False)
    d = {step.label: step.gain for step in path.steps}["a"]
    stats = pytest.importorskip("scipy.stats")
    before = next(step for step in path.steps if step.label == "a")
    index = path.steps.index(before)
    differences = before.values - (path.start if index == 0 else path.steps[index - 1].values)
    half = stats.t.ppf(0.975, 3) * differences.std(ddof=1) / 2.0
    assert d == pytest.approx((differences.mean(), differences.mean() - half, differences.mean() + half, 4))
    assert d.mean == pytest.approx(1.0, abs=1e-9) and path.start.std() > 1.0
    assert sum(step.gain.mean for step in path.steps) == pytest.approx(path.total.mean)


def test_other_seeds_choose_than_measure() -> None:
    """Where all configurations are equal, the first gain is zero on average, though it was the largest of three."""
    def chance(trial: st.Trial) -> float:
        key = [trial.seed, *(trial.params[name] for name in "abc")]
        return float(np.random.default_rng(key).normal())

    def first(seed: int) -> float:
        study = st.Study(BITS, direction="maximize", seed=seed)
        return ablation(study, chance, 2, ZEROS, target=ONES, progress=False).steps[0].gain.mean

    assert abs(np.mean([first(seed) for seed in range(100)])) < 0.3


def test_the_path_is_the_same_for_any_number_of_workers() -> None:
    study, names = st.Study(BITS, direction="maximize"), set()

    def objective(trial: st.Trial) -> float:
        names.add(threading.current_thread().name)
        return noisy(trial)

    paths = [ablation(study, objective, default=ZEROS, target=ONES, n_jobs=jobs, progress=False) for jobs in (1, 3, 1)]
    assert len(names) > 1
    assert len({str(path) for path in paths}) == 1
    assert all((a.values == b.values).all() for a, b in zip(paths[0].steps, paths[1].steps, strict=True))


def test_no_training_is_repeated_and_no_more_are_made_than_said(capsys: pytest.CaptureFixture[str]) -> None:
    seen = []

    def objective(trial: st.Trial) -> float:
        seen.append((trial.seed, *trial.params.values()))
        return sum(trial.params.values())

    path = ablation(st.Study(BITS, direction="maximize"), objective, 3, ZEROS, target=ONES)
    assert len(seen) == len(set(seen)) == path.trainings == (3 * 4 // 2 - 1) * 2 + 2 * 3 * 3
    assert f"3 values to change, at most {path.trainings} trainings" in capsys.readouterr().err


def test_failed_trainings_are_left_out_and_said() -> None:
    def value(trial: st.Trial) -> float:
        if trial.params["a"] and trial.seed % 2:
            raise RuntimeError("the training diverged")
        return trial.params["a"] + 2.0 * trial.params["b"] + 0.5 * trial.params["c"]

    study = st.Study(BITS, direction="maximize", seed=3)
    with pytest.warns(FailedEvaluationWarning, match=r"trainings failed, the first with RuntimeError: the training"):
        path = ablation(study, value, default=ZEROS, target=ONES, choosing=6, progress=False)
    odd = int(np.isnan(path.steps[-1].values).sum())
    assert 0 < odd < 5 and path.total == (3.5, 3.5, 3.5, 5 - odd)
    assert steps_of(path) == [("b", 2.0), ("c", 0.5), ("a", 1.0)]  # fewer failures first
    assert path.notes[0] in str(path)


def test_a_step_that_always_fails_is_passed() -> None:
    with pytest.warns(FailedEvaluationWarning):
        path = path_of(lambda a, b: np.nan if a != b else float(a), {"a": [0, 1], "b": [0, 1]},
                       default={"a": 0, "b": 0}, target={"a": 1, "b": 1})
    assert [step.label for step in path.steps] == ["a", "b"]
    assert np.isnan(path.steps[0].gain.mean) and path.total.mean == 1.0
    assert [line.split()[-3:] for line in str(path).splitlines()[3:5]] == [
        ["nan", "failed", "failed"], ["1.00", "failed", "failed"]]  # the value, the gain, and that of the change alone


@pytest.mark.parametrize(("bad", "name"), [(0, "default"), (1, "target")])
def test_an_end_that_always_fails_is_an_error(bad: int, name: str) -> None:
    with pytest.raises(RuntimeError, match=rf"all 5 trainings of the {name}, a={bad}.* failed, the first with value"):
        path_of(lambda a, b, c: np.nan if a == bad else 1.0)


# Bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "error", "sentence"), [
    ({"seeds": 1}, ValueError, "seeds is 1; it must be an integer of at least 2"),
    ({"choosing": 0}, ValueError, "choosing is 0; it must be an integer of at least 1"),
    ({"n_jobs": 0}, ValueError, "n_jobs is 0"),
    ({"progress": None}, TypeError, "progress is None"),
    ({"default": {"a": 0, "b": 0}}, ValueError, "default: params lacks 'c'"),
    ({"default": ZEROS | {"bb": 1}}, ValueError, "default: params holds 'bb'.*did you mean 'b'"),
    ({"default": ZEROS | {"a": 7}}, ValueError, "default: a is 7; it must be one of 0, 1"),
    ({"default": 3}, TypeError, "default is 3; it must be a dict"),
    ({"target": {"a": 1}}, ValueError, "target: params lacks 'b'"),
    ({"default": None}, ValueError, "default is None, and trial 0 was not enqueued; give the configuration"),
    ({"target": None}, ValueError, "study has no complete trial among 0 trials"),
])
def test_bad_input_is_one_sentence_before_any_training(
    options: dict[str, Any], error: type[Exception], sentence: str,
) -> None:
    with pytest.raises(error, match=sentence):
        path_of(lambda a, b, c: pytest.fail("trained"), **options)


def test_an_objective_must_be_a_function_and_a_share_needs_a_changed_name() -> None:
    with pytest.raises(TypeError, match="objective is 3; it must be a function"):
        ablation(st.Study(BITS), 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="name is 'aa'; it must be a parameter that was changed: 'a', 'b', 'c', did"):
        path_of(lambda a, b, c: float(a)).share("aa")


# The table and the picture -------------------------------------------------------------------------------------------


def test_its_table_has_each_change_with_gain_interval_and_shares() -> None:
    path = path_of(lambda learning_rate, b: 3.0 * learning_rate + b, {"learning_rate": [0, 1], "b": [0, 1]},
                   default={"learning_rate": 0, "b": 0}, target={"learning_rate": 1, "b": 1})
    lines = str(path).splitlines()
    assert lines[1].split() == ["change", "value", "gain", "95", "%", "interval", "share", "alone", "share"]
    assert lines[3].split() == ["learning_rate:", "0", "->", "1", "3.00", "+3.00", "+3.00", "to", "+3.00", "75%",
                                "+3.00", "75%"]
    assert lines[6] == "learning_rate alone, all else as in the default, gives 75% of the total gain."


def test_without_a_gain_there_are_no_shares() -> None:
    path = path_of(lambda a, b, c: -1.0 * a)
    assert np.isnan(path.share("a")) and "%" not in str(path).replace("95 %", "")


def made_path(count: int, direction: str = "maximize") -> AblationPath:
    """A path of so many changes, with noise."""
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(0.1, 0.2, (count + 1, 5)), axis=0)
    names = [f"parameter {k} of $x_{k}$" for k in range(count)]
    steps = [Change((names[k],), {names[k]: 0.001}, {names[k]: 0.1}, values[k + 1],
                    gain_of(values[k], values[k + 1], direction)) for k in range(count)]
    return AblationPath(direction, values[0], steps, steps, gain_of(values[0], values[-1], direction))


@pytest.mark.parametrize(("count", "direction"), [(0, "maximize"), (1, "minimize"), (3, "maximize"), (20, "minimize")])
def test_the_waterfall_shows_each_change_between_its_values(count: int, direction: str, tmp_path: Any) -> None:
    path = made_path(count, direction)
    axes = plot_ablation(path)
    axes.figure.savefig(tmp_path / "path.png")
    means = [values.mean() for values in (path.start, *(step.values for step in path.steps))]
    for bar, before, after in zip(axes.patches, means[:-1], means[1:], strict=True):
        assert sorted((bar.get_x(), bar.get_x() + bar.get_width())) == pytest.approx(sorted((before, after)))
    if count:
        labels = [text.get_text() for text in axes.get_yticklabels()]
        assert len(labels) == count + 2 and labels[1] == r"parameter 0 of \$x_0\$: 0.001 -> 0.1"
    assert ("lower" if direction == "minimize" else "higher") in axes.get_xlabel()


def test_a_failed_step_is_drawn_as_text_and_bad_arguments_are_refused() -> None:
    path = made_path(2)
    nan = np.full(5, np.nan)
    failed = Change(path.steps[0].names, path.steps[0].before, path.steps[0].after, nan,
                    gain_of(path.start, nan, "maximize"))
    axes = plot_ablation(AblationPath("maximize", path.start, [failed, path.steps[1]], [], path.total))
    assert any("trainings failed" in text.get_text() for text in axes.texts) and len(axes.patches) == 1
    assert plot_ablation(path, ax=axes) is axes
    with pytest.raises(TypeError, match="path is 3; it must be an AblationPath"):
        plot_ablation(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="ax is 3; it must be matplotlib Axes"):
        plot_ablation(path, ax=3)
