"""A run: what ends it, what it says of idle workers, and what odd objectives do to it."""

from __future__ import annotations

import copy
import pickle
import time
from typing import Any

import pytest

import scratchtune as st

SPACE = {"x": st.Float(0.0, 1.0)}


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class NoNumber:
    def __float__(self) -> float:
        raise RuntimeError("no number")

    def item(self) -> float:
        raise RuntimeError("no item")

    def __repr__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("what", [Mute(), NoNumber()])
@pytest.mark.parametrize("raised", [True, False])
def test_an_outcome_that_cannot_even_be_described_fails_its_trial_alone(what: Any, raised: bool) -> None:
    def objective(trial: st.Trial) -> Any:
        if trial.number == 1:
            if raised and isinstance(what, Exception):
                raise what
            return what
        return 1.0

    study = st.Study(SPACE, "random").run(objective, 3, progress=False)
    assert [trial.state for trial in study.trials] == ["complete", "failed", "complete"] and study.trials[1].error


def test_an_objective_that_tells_its_own_trial_is_taken_at_its_word() -> None:
    study = st.Study(SPACE, "random")
    study.run(lambda trial: study.tell(trial, 7.0).number, 3, progress=False)
    assert [trial.value for trial in study.trials] == [7.0] * 3


def test_too_many_failures_end_the_run_with_the_first_traceback() -> None:
    def objective(trial: st.Trial) -> float:
        if trial.number % 2:
            raise ZeroDivisionError(f"number {trial.number}")
        return 1.0

    study = st.Study(SPACE, "random")
    with pytest.raises(RuntimeError, match="2 trials have failed.*max_failures=2.*trial 1: .*number 1(.|\n)*Traceback"):
        study.run(objective, 20, progress=False, max_failures=2)
    assert [trial.state for trial in study.trials] == ["complete", "failed", "complete", "failed"]
    assert len(study.run(objective, 6, progress=False).trials) == 6


def test_idle_workers_are_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scratchtune.study.running.LONG", 0.0)
    study = st.Study(SPACE, st.BayesianSearch(initial=1)).run(lambda trial: time.sleep(0.02) or 1.0, 8, n_jobs=4)
    assert study.idle_share is not None and 0.5 < study.idle_share < 0.99
    assert "the 4 workers were idle for" in capsys.readouterr().err
    assert st.Study(SPACE, "random").run(lambda trial: time.sleep(0.02) or 1.0, 3, progress=False).idle_share < 0.2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda study: pickle.loads(pickle.dumps(study))])
def test_a_copy_made_while_trials_run_runs_them_itself(copied: Any) -> None:
    study = st.Study(SPACE, "bayesian")
    study.ask()
    other = copied(study).run(lambda trial: trial.params["x"], 4, progress=False)
    whole = st.Study(SPACE, "bayesian").run(lambda trial: trial.params["x"], 4, progress=False)
    assert [t.value for t in other.trials] == [t.value for t in whole.trials] and study.trials[0].state == "running"
