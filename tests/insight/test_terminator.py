"""The terminator: the error by hand, when it ends a study, the same on any number of workers; Optuna as an oracle."""

from __future__ import annotations

import importlib
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search.bayesian.acquisition_search import Candidate
from scratchtune.insight.terminator import Termination, Terminator

SPACE = {"x": st.Float(-1.0, 1.0), "y": st.Float(-1.0, 1.0)}


def smooth(trial: st.Trial) -> float:
    return (trial.params["x"] - 0.2) ** 2 + (trial.params["y"] + 0.4) ** 2


def with_folds(trial: st.Trial) -> float:
    """Scores of five folds whose mean is the value and whose spread is 0.05."""
    value = -smooth(trial)
    trial.report_scores(value + 0.05 * np.arange(-2, 3))
    return value


def test_the_error_is_that_of_cross_validation_by_hand() -> None:
    """Squares 4 + 1 + 0 + 1 + 4 = 10, divided by 4, times (1/5 + 1/4): √(2.5 · 0.45) · 0.05."""
    study = st.tune(with_folds, SPACE, "random", 3, direction="maximize", progress=False)
    found = Terminator(min_trials=3).evaluate(study)
    assert found is not None and found.trials == 3
    assert found.error == pytest.approx(0.05 * math.sqrt(2.5 * 0.45))
    assert Terminator(min_trials=3).evaluate(study, 2) is None


def test_which_trials_count_and_whose_error_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of ten values that are maximised the best half, 5 to 9, are trials 1, 2, 5, 6 and 8; six if there must be six. The
    # error is that of trial 8, whose folds differ by 2 · 0.05: √(2 · 0.05² · (1/2 + 1)), since n − 1 = 1.
    values = [1.0, 5.0, 7.0, 2.0, 3.0, 8.0, 6.0, 4.0, 9.0, 0.0]

    def objective(trial: st.Trial) -> float:
        spread = 0.05 if trial.number == 8 else 1.0
        trial.report_scores([values[trial.number] - spread, values[trial.number] + spread])
        return values[trial.number]

    given: list[list[float]] = []
    monkeypatch.setattr(Terminator, "_bound", lambda self, space, points, losses: given.append(losses.tolist()) or 0.5)
    study = st.tune(objective, SPACE, "random", 10, direction="maximize", progress=False)
    found = Terminator(min_trials=2).evaluate(study)
    assert given.pop() == [-5.0, -7.0, -8.0, -6.0, -9.0] and found is not None
    assert found.error == pytest.approx(math.sqrt(2 * 0.05**2 * 1.5))
    Terminator(min_trials=6).evaluate(study)
    assert given.pop() == [-5.0, -7.0, -8.0, -6.0, -4.0, -9.0]
    assert [Termination(8, 0.5, error).ends for error in (0.4, 0.5, 0.6)] == [False, False, True]


def test_the_lowest_lower_bound_of_the_space_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # The four best of eight losses are 1 to 4: their standard deviation is √1.25. With κ for 2 parameters and 4 values,
    # what the search finds 100 standard deviations below raises the bound by so many. Where it finds nothing lower, the
    # lowest bound is that of a configuration that was tried, so the regret bound is not negative.
    goals: list[Any] = []

    def searching(value: float) -> Any:
        def search(encoding: Any, process: Any, goal: Any, taken: Any, rng: Any) -> list[Any]:
            goals.append((goal, taken))
            return [Candidate(value, np.zeros(2), {})]
        return search

    study = st.tune(lambda trial: float(8 - trial.number), SPACE, "random", 8, progress=False)
    bounds = []
    for value in (-50.0, 100.0, 200.0):
        monkeypatch.setattr("scratchtune.insight.terminator.search", searching(value))
        found = Terminator(0.1, min_trials=2).evaluate(study)
        assert found is not None
        bounds.append(found.bound)
    assert bounds[0] >= 0.0 and bounds[2] - bounds[1] == pytest.approx(100.0 * math.sqrt(1.25))
    goal, taken = goals[0]
    assert goal.kappa == pytest.approx(math.sqrt(0.4 * math.log(2 * 4**2 * math.pi**2 / 0.6)))
    assert taken == set() and goal.weight == 0.0  # tried configurations count, the user's prior does not


def test_a_study_ends_when_a_gain_would_be_below_the_error() -> None:
    study = st.Study(SPACE, st.BayesianSearch("gp"), direction="maximize", seed=1)
    rule = Terminator(min_trials=8)
    study.run(with_folds, 40, callbacks=[rule], progress=False)
    assert 8 <= len(study.trials) < 40
    ends = [one.ends for one in (rule.evaluate(study, n) for n in range(8, len(study.trials) + 1)) if one]
    assert ends == [False] * (len(ends) - 1) + [True]
    assert study.best_value > -0.05 * 2.0 and study.run(with_folds, len(study.trials) + 1, progress=False)


def test_it_ends_after_the_same_trials_on_any_number_of_workers(caplog: Any) -> None:
    def ended_after(n_jobs: int) -> int:
        study = st.Study(SPACE, st.BayesianSearch("tpe", parallel=4), direction="maximize")
        caplog.clear()
        with caplog.at_level("INFO", logger="scratchtune"):
            study.run(with_folds, 60, n_jobs=n_jobs, callbacks=[Terminator(min_trials=6)], progress=False)
        (said,) = [record for record in caplog.records if "a further gain" in record.msg]
        assert len(study.trials) <= said.args[1] + 3 + (n_jobs - 1)
        return int(said.args[1])

    assert ended_after(1) == ended_after(4) < 60


def test_noise_and_failures_and_budgets() -> None:
    """Failed trials do not count, nor those with a smaller budget; equal values leave nothing to gain."""
    def objective(trial: st.Trial) -> float:
        if trial.number % 3 == 0:
            raise ValueError("no luck")
        return 1.0

    study = st.tune(objective, SPACE, "random", 9, progress=False)
    assert Terminator(0.1, min_trials=7).evaluate(study) is None
    assert Terminator(0.1, min_trials=6).evaluate(study) == (9, 0.0, 0.1)
    halving = st.tune(smooth, SPACE, st.Hyperband(9, 3), progress=False)
    count = sum(trial.budget == 9 for trial in halving.trials)
    assert Terminator(0.1, min_trials=count).evaluate(halving) is not None
    assert Terminator(0.1, min_trials=count + 1).evaluate(halving) is None


def test_a_parameter_of_two_kinds() -> None:
    study = st.Study(searcher="random")
    trials = [study.ask() for _ in range(24)]  # none of them can see another
    for trial in trials:
        if trial.suggest_categorical("c", ["a", "b"]) == "a":
            trial.suggest_categorical("k", ["u", "v"])
        study.tell(trial, trial.number + (0.0 if "k" in trial.params else trial.suggest_float("k", 0.0, 1.0)))
    found = Terminator(0.1).evaluate(study)
    assert found is not None and math.isfinite(found.bound)


def test_the_end_does_not_depend_on_interruptions(tmp_path: Path) -> None:
    """Ctrl-C in a callback before the Terminator's, after the trial that ends the study; then it is run once more."""
    def run(storage: Path | None, *callbacks: Any) -> int:
        with st.Study(SPACE, "random", storage=storage) as study:
            study.run(smooth, 40, callbacks=[*callbacks, Terminator(0.5, min_trials=8)], progress=False)
            return len(study.trials)

    def interrupt(study: st.Study, trial: st.Trial) -> None:
        if trial.number == whole - 1:
            raise KeyboardInterrupt

    whole = run(None)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "a.db", interrupt)
    assert run(tmp_path / "a.db") == run(tmp_path / "a.db") == whole < 40


def test_no_prefix_is_evaluated_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    monkeypatch.setattr(Terminator, "evaluate", lambda self, study, count: counts.append(count))
    study, rule = st.Study(SPACE, "random").run(smooth, 6, progress=False), Terminator(min_trials=4)
    for n_trials in (7, 7, 9):
        study.run(smooth, n_trials, callbacks=[rule], progress=False)
    assert counts == [4, 5, 6, 7, 8, 9]


def test_a_space_that_later_trials_extend_does_not_change_the_bound() -> None:
    def growing(trial: st.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        return x + (trial.suggest_float("y", 0.0, 1.0) if trial.number >= 12 else 0.0)

    study, rule = st.Study(searcher="random").run(growing, 10, progress=False), Terminator(0.1, min_trials=5)
    before = rule.evaluate(study, 10)
    study.run(growing, 16, progress=False)
    assert before is not None and rule.evaluate(study, 10) == before and set(study.space.names) == {"x", "y"}


@pytest.mark.parametrize("factor", [1e-200, 1.0, 1e200])
def test_the_bound_has_the_units_of_the_values(factor: float) -> None:
    study = st.tune(lambda trial: factor * smooth(trial), SPACE, "random", 12, progress=False)
    found, one = (Terminator(0.1, min_trials=12).evaluate(of) for of in (
        study, st.tune(smooth, SPACE, "random", 12, progress=False)))
    assert found is not None and one is not None and found.bound == pytest.approx(factor * one.bound, rel=1e-6)


@pytest.mark.slow
def test_the_bound_is_about_optunas() -> None:
    """Another Gaussian process with another prior: the same size, and both fall."""
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pytest.importorskip("torch")
    study = st.tune(smooth, SPACE, "random", 40, progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = optuna.create_study()
        floats = {name: optuna.distributions.FloatDistribution(-1.0, 1.0) for name in SPACE}
        evaluator = importlib.import_module("optuna.terminator").RegretBoundEvaluator(seed=0)
        bounds = []
        for trial in study.trials:
            theirs.add_trial(optuna.trial.create_trial(params=trial.params, distributions=floats, value=trial.value))
            if len(theirs.trials) in (20, 40):
                ours = Terminator(0.1).evaluate(study, len(theirs.trials))
                assert ours is not None
                bounds.append((ours.bound, evaluator.evaluate(theirs.trials, theirs.direction)))
    assert np.log(np.array(bounds)[:, 0] / np.array(bounds)[:, 1]) == pytest.approx([0.0, 0.0], abs=math.log(5.0))
    assert bounds[1][0] < bounds[0][0] and bounds[1][1] < bounds[0][1]


@pytest.mark.slow
def test_the_error_is_optunas_but_for_the_divisor_of_the_variance() -> None:
    """Optuna reads the scores of folds that to_optuna has written; it divides by the 5 folds where we divide by 4."""
    pytest.importorskip("optuna").logging.set_verbosity(40)
    study = st.tune(with_folds, SPACE, "random", 3, direction="maximize", progress=False)
    theirs, ours = study.to_optuna(), Terminator(min_trials=3).evaluate(study)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = importlib.import_module("optuna.terminator").CrossValidationErrorEvaluator()
        error = evaluator.evaluate(theirs.trials, theirs.direction)
    assert ours is not None and error == pytest.approx(ours.error * math.sqrt(4 / 5))


@pytest.mark.parametrize("make, error, message", [
    (lambda: Terminator(error=-1.0), ValueError, "error is -1.0"),
    (lambda: Terminator(min_trials=1), ValueError, "min_trials is 1; it must be an integer of at least 2"),
    (lambda: st.tune(smooth, SPACE, "random", 3, callbacks=[Terminator(min_trials=3)], progress=False), ValueError,
     r"trial \d, the best one, has the scores None; Terminator\(\) needs those of at least two folds: call"),
])
def test_bad_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("scores, error, message", [
    (0.5, TypeError, "scores is 0.5; it must be a list of numbers, one for each fold"),
    ("0.5", TypeError, "scores is '0.5'"),
    ([0.5, float("nan")], ValueError, "of the scores one value is nan; it must be a finite number"),
    ([0.5, "a"], ValueError, "of the scores one value is 'a'; it must be a finite number"),
])
def test_bad_scores(scores: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        st.Study(SPACE, "random").ask().report_scores(scores)
