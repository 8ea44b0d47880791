"""The logarithm of a skewed target: chosen where it is better, inverted with the smearing factor, saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.target_scale import (
    TargetScale,
    check_size,
    checked_scale,
    fitted_scale,
    scaled,
    scales_to_try,
    skewness,
    smearing_factor,
)

RNG = np.random.default_rng(0)


def test_skewness_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    y = RNG.exponential(size=50)
    assert float(skewness(y, np.ones(50))) == pytest.approx(stats.skew(y))
    assert float(skewness(y, np.repeat([1.0, 0.0], 25))) == pytest.approx(stats.skew(y[:25]))


def test_the_smearing_factor_makes_predictions_unbiased() -> None:
    """With log(y) = q + e, the mean of y is exp(q) times the mean of exp(e), of whatever distribution e is."""
    q, e = RNG.normal(size=20_000), RNG.exponential(size=20_000) / 3.0
    predicted = TargetScale("log", float(smearing_factor(e, np.ones(len(e)))), -50.0, 50.0).invert(q)
    assert predicted.mean() == pytest.approx(np.exp(q + e).mean(), rel=0.02)


@pytest.mark.parametrize("kind, y", [
    ("log", [0.5, 2.0, 9.0]), ("log1p", [0.0, 2.0, 9.0]), ("linear", [-1.0, 2.0, 9.0])])
def test_a_perfect_prediction_is_inverted_exactly(kind: str, y: list[float]) -> None:
    z = scaled(np.array(y), kind)
    scale = fitted_scale(kind, np.array(y), lambda: z)
    np.testing.assert_allclose(scale.invert(z), y, atol=1e-12)
    assert checked_scale(scale._asdict()) == scale


def test_no_prediction_overflows() -> None:
    scale = fitted_scale("log", np.array([1.0, np.e]), lambda: np.array([0.0, 1.0]))
    np.testing.assert_allclose(scale.invert(np.array([1e6, -1e6])), np.exp([2.0, -1.0]))


@pytest.mark.parametrize("y, regression, asked, expected", [
    (np.exp(RNG.normal(size=200)), True, "auto", ("linear", "log")), (np.arange(99.0), True, "auto", ("linear",)),
    (np.append(np.exp(RNG.normal(size=200)), 0.0), True, "auto", ("linear", "log1p")),
    (np.append(np.exp(RNG.normal(size=200)), -1.0), True, "auto", ("linear",)),
    (np.arange(1.0, 99.0), True, "log", ("log",)), (np.exp(RNG.normal(size=200)), True, "linear", ("linear",)),
    (np.zeros(9, int), False, "auto", ("linear",))])
def test_scales_to_try(y: np.ndarray, regression: bool, asked: str, expected: tuple[str, ...]) -> None:
    assert scales_to_try(y, regression, asked) == expected


@pytest.mark.parametrize("y, regression, asked, what", [
    (np.array([1.0, -2.0]), True, "log", "target_scale is 'log', and the target holds -2;"),
    (np.array([1, 0]), False, "log", "the target has classes"),
    (np.array([1.0, 2.0]), True, "ln", "target_scale is 'ln'")])
def test_scales_that_cannot_be(y: np.ndarray, regression: bool, asked: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        scales_to_try(y, regression, asked)


@pytest.mark.parametrize("entries", [
    None, {}, {"kind": "ln", "smearing": 1.0, "low": 0.0, "high": 1.0},
    {"kind": "log", "smearing": -1.0, "low": 0.0, "high": 1.0}])
def test_a_damaged_scale_is_refused(entries: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        checked_scale(entries)


def skewed(rows: int = 120) -> dict[str, Any]:
    x = RNG.normal(size=rows)
    return {"x": x, "y": np.exp(2.0 * x + RNG.normal(0.0, 0.1, rows))}


def test_both_scales_of_a_skewed_target_are_tried_unless_one_is_asked_for(tmp_path: Path) -> None:
    given = skewed()
    options: dict[str, Any] = {"families": ["linear"], "folds": 2, "progress": False, "n_trials": 2}
    for asked, expected in (("auto", {"log", "linear"}), ("log", {"log"}), ("linear", {"linear"})):
        result = st.tune_table(given, "y", **options, target_scale=asked)
        assert {trial.params.get("target", "linear") for trial in result.study.trials} <= expected
    result = st.tune_table(given, "y", **options, target_scale="log")
    result.model.save(tmp_path / "m.npz")
    again = st.load_model(tmp_path / "m.npz")
    assert again.predict(given).tolist() == result.model.predict(given).tolist() and (again.predict(given) > 0).all()


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_sizes_whose_squares_are_no_floats(scale: float) -> None:
    with pytest.raises(ValueError, match="constant"):
        check_size("y", np.array([0.0, scale]))
    check_size("y", np.array([0.0, -1.0]))
    check_size("y", np.zeros(2))
