"""Trials that ended early are trained to the end beside the study, which is not changed."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import scratchtune as st
from scratchtune.search import SuccessiveHalving

SPACE = {"end": st.Float(0.0, 1.0), "late": [False, True]}


def curve(trial: st.Trial) -> float | None:
    """Reports fall towards ``end``; those of a late starter are poor at first and the best of all at the end."""
    params = trial.params
    for step in range(6):
        value = 2.0 - step / 2.0 + params["end"] if not params["late"] else (3.0 if step < 5 else -2.0)
        trial.report(value, step)
        if trial.should_stop():
            return None
    return value


def made(direction: str = "minimize") -> st.Study:
    study = st.Study(SPACE, "random", stopping=st.MedianStopping(2, parallel=1), direction=direction)
    for end, late in ((0.5, False), (0.2, False), (0.9, True), (1.0, False), (0.1, True), (0.3, False)):
        study.enqueue({"end": end, "late": late})
    return study.run(curve if direction == "minimize" else lambda trial: _negated(trial), 6, progress=False)


def _negated(trial: st.Trial) -> float | None:
    class Negated:
        params, should_stop = trial.params, trial.should_stop

        def report(self, value: float, step: int) -> None:
            trial.report(-value, step)

    value = curve(Negated())  # type: ignore[arg-type]
    return None if value is None else -value


@pytest.mark.parametrize(("direction", "objective", "sign"), [("minimize", curve, 1.0), ("maximize", _negated, -1.0)])
def test_late_starters_would_have_won(direction: str, objective: Any, sign: float) -> None:
    study = made(direction)
    before = [(trial.state, trial.value, trial.reports, trial.attempts) for trial in study.trials]
    stopped = [trial.number for trial in study.trials if trial.state == "stopped"]
    assert {2, 4} <= set(stopped)
    result = study.finish_stopped(objective, progress=False, n_jobs=2)
    assert [trial.number for trial in result.trials] == stopped
    late = result.trials[0]
    assert late.number == 2 and late.value == sign * 3.0 and late.final == sign * -2.0 and late.wins and late.repeats
    assert late.reports == {0: sign * 3.0} and len(late.later) == 6
    assert [trial.number for trial in result.trials if trial.wins] == [2, 4]
    assert result.best_number == study.best_trial.number
    assert f"2 of {len(stopped)} trials that ended early would have been better than the best value" in str(result)
    assert ": 2, 4.\n" in str(result)
    assert before == [(trial.state, trial.value, trial.reports, trial.attempts) for trial in study.trials]


def test_an_objective_that_fails_or_is_not_the_same() -> None:
    study, count = made(), itertools.count()

    def other(trial: st.Trial) -> float:
        if trial.number == 4:
            raise ValueError("no memory")
        trial.report(10.0 + next(count), 0)
        return 10.0

    result = study.finish_stopped(other, numbers=[4, 2, 4], progress=False)
    assert [trial.number for trial in result.trials] == [2, 4]
    assert not result.trials[0].repeats and not result.trials[0].wins
    assert result.trials[1].error == "ValueError: no memory" and result.trials[1].final is None
    text = str(result)
    assert "its reports differ" in text and "failed: ValueError: no memory" in text and text.startswith("0 of 2 trials")


def test_trials_that_were_not_promoted_continue_with_the_largest_budget() -> None:
    def objective(trial: st.Trial) -> float:
        inherited = trial.load()
        done = 0 if inherited is None else int(inherited["epochs"])
        for epoch in range(done, int(trial.budget or 0)):
            value = trial.params["end"] + 1.0 / (epoch + 1)
            trial.report(value, epoch)
        trial.save({"epochs": trial.budget})
        return value

    study = st.Study({"end": st.Float(0.0, 1.0)}, SuccessiveHalving(8, 4, 2)).run(objective, progress=False)
    result = study.finish_stopped(objective, progress=False)
    assert len(result.trials) == 6 and all(trial.budget == 4 for trial in result.trials)
    assert [trial.number for trial in result.trials] == [
        trial.number for trial in study.trials[:12] if all(other.parent != trial.number for other in study.trials)]
    first = result.trials[0]
    assert list(first.reports) == [0] and list(first.later) == [1, 2, 3]
    assert first.final == first.params["end"] + 0.25 and not any(trial.wins for trial in result.trials)


def test_bad_input_is_refused_before_any_work() -> None:
    study = made()
    with pytest.raises(ValueError, match="numbers holds 0; it must hold trials that ended early, of 2, "):
        study.finish_stopped(curve, numbers=[0])
    with pytest.raises(TypeError, match="objective is 3"):
        study.finish_stopped(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n_jobs is 0"):
        study.finish_stopped(curve, n_jobs=0)
    with pytest.raises(ValueError, match="no trial of 0 is complete"):
        st.Study(SPACE).finish_stopped(curve)


def test_nothing_ended_early() -> None:
    result = st.Study(SPACE, "random").run(lambda trial: 1.0, 2, progress=False).finish_stopped(curve, progress=False)
    assert result.trials == [] and str(result) == "No trial of the study 'study' ended early."
