"""The example of own objectives: each framework's model is tuned in a few short trials."""

from __future__ import annotations

from typing import Any

import pytest

import scratchtune as st
from scratchtune.examples import own_objectives

pytestmark = pytest.mark.slow


def test_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every epoch is reported; a trial that the rule ends is stopped before the last epoch."""
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras", exc_type=ImportError)
    pytest.importorskip("torch")
    monkeypatch.setattr(own_objectives, "KERAS_EPOCHS", 3)
    study = st.tune(own_objectives.keras_training, own_objectives.NETWORK, "random", 3, "maximize", progress=False,
                    stopping=st.MedianStopping(warmup=1, first_step=0, parallel=1))
    assert study.best_value > 0.8 and not [trial.error for trial in study.trials if trial.error]
    for trial in study.trials:
        assert len(trial.reports) == 3 or trial.state == "stopped"
        assert trial.value == trial.reports[max(trial.reports)]


def test_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(own_objectives, "EPOCHS", 3)
    study = st.tune(own_objectives.pytorch_training, own_objectives.NETWORK, "random", 2, progress=False)
    assert study.best_value == min(study.best_trial.reports.values()) < 2.3


def test_scikit_learn() -> None:
    """The scores of the folds are the trial's, and their mean is its value, so that a terminator knows their error."""
    pytest.importorskip("sklearn")
    study = st.tune(own_objectives.sklearn_pipeline, own_objectives.PIPELINE, "random", 3, "maximize", progress=False)
    best: Any = study.best_trial
    assert len(best.scores) == 5 and best.value == pytest.approx(sum(best.scores) / 5)
    found = st.Terminator(min_trials=3).evaluate(study)
    assert found is not None and found.error > 0.0
