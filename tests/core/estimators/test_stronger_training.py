"""Schedules, averages, smoothed labels and robust scaling together in the estimators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.estimators import MLPClassifier
from scratchtune.core.estimators.rates import weight_decay_of

rng = np.random.default_rng(0)
X = rng.normal(3.0, 2.0, (60, 3))
y = (X[:, 0] + X[:, 1] > 6.0).astype(int)
VALUES = 100.0 + X @ [1.0, -2.0, 3.0]
ALL: dict[str, Any] = {
    "schedule": "cosine_log", "averaging": 0.9, "random_state": 0, "epochs": 6, "units": 8, "verbose": 0,
    "early_stopping": True}


def test_a_schedule_spans_all_steps_of_fit() -> None:
    """60 rows in batches of 16 are 4 steps an epoch, 12 in 3 epochs."""
    model = st.MLPClassifier(epochs=3, batch_size=16, schedule="linear", learning_rate=0.1, random_state=0).fit(X, y)
    optimizer = model.model_.optimizer
    assert optimizer is not None and model.model_.optimizer_step == 12
    np.testing.assert_allclose(optimizer.rates(0, 13), 0.1 * (1.0 - np.arange(13) / 12.0), atol=1e-15)
    model.partial_fit(X, y)
    assert model.model_.optimizer is not None and model.model_.optimizer.learning_rate == 0.1
    assert model.model_.optimizer_step == 16


@pytest.mark.parametrize(("rows", "batch_size", "expected"), [
    (1_344, 32, 0.1001), (134_400, 32, 0.0100), (1_000, 1_000, 0.6485), (10, 32, 0.6485)])
def test_the_default_weight_decay_follows_the_batches_of_an_epoch(rows: int, batch_size: int, expected: float) -> None:
    assert weight_decay_of("auto", batch_size, rows) == pytest.approx(expected, abs=5e-5)
    assert weight_decay_of(0.25, batch_size, rows) == 0.25


def test_the_default_weight_decay_is_told_and_wrong_ones_are_refused() -> None:
    model = MLPClassifier(verbose=0, epochs=1).fit(X, y)
    assert model.weight_decay == "auto" and model.weight_decay_ == weight_decay_of("auto", 32, len(X))
    assert model.model_.optimizer is not None and model.model_.optimizer.weight_decay == model.weight_decay_
    with pytest.raises(ValueError, match="weight_decay is 'none'; it must be 'auto' or a finite number >= 0"):
        MLPClassifier(weight_decay="none").fit(X, y)


def test_a_schedule_given_twice_is_refused() -> None:
    rate = st.schedules.CosineDecay(0.1, 10)
    with pytest.raises(ValueError, match="schedule is 'cosine' and learning_rate is CosineDecay.*; give schedule=None"):
        st.MLPClassifier(learning_rate=rate, schedule="cosine").fit(X, y)


@pytest.mark.parametrize("scale", ["robust", "quantile"])
def test_files_copies_and_further_training(scale: str, tmp_path: Path) -> None:
    for model, target in ((st.MLPClassifier(label_smoothing=0.1, scale=scale, **ALL), y),
                          (st.MLPRegressor(scale=scale, **ALL), VALUES)):
        model.fit(X, target).save(tmp_path / "model.npz")
        loaded = st.load_model(tmp_path / "model.npz")
        assert loaded.get_params() | {"random_state": 0} == model.get_params()
        assert np.array_equal(loaded.predict(X), model.predict(X)) and loaded.weight_decay_ == model.weight_decay_
        more, again = model.partial_fit(X, target), loaded.partial_fit(X, target)
        assert np.array_equal(more.predict(X), again.predict(X))


def test_targets_are_standardised_with_robust_and_quantile_scales() -> None:
    for scale in ("robust", "quantile"):
        model = st.MLPRegressor(scale=scale, epochs=1, random_state=0).fit(X, VALUES)
        assert isinstance(model.target_scaler_, st.StandardScaler)


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["robust", "quantile"])
def test_scikit_learns_checks_with_all_of_them(scale: str) -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    options = {"schedule": "cosine", "averaging": 0.5, "scale": scale}
    for model in (st.MLPClassifier(label_smoothing=0.05, **options), st.MLPRegressor(**options)):
        results = checks.check_estimator(model, on_skip=None, on_fail=None)
        assert not [result["check_name"] for result in results if result["status"] == "failed"]
