"""The target: its task, its classes, its scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.reading.table import Table
from scratchtune.tables.target import (
    Target,
    TargetScale,
    checked_values,
    fitted_scale,
    known_target,
    read_target,
    rows_with_target,
    scaled,
    scales_to_try,
    skewness,
    smearing_factor,
)


@pytest.mark.parametrize(("values", "options", "classes", "y", "reason"), [
    (["b", "a", "b", "b"], {}, ("b", "a"), [0, 1, 0, 0], "text"),  # the rarer one is the positive, the second
    (["b", "a", "a", "b"], {}, ("a", "b"), [1, 0, 0, 1], "text"),  # a tie: the order of the alphabet
    (["b", "a", "b", "b"], {"positive": "b"}, ("a", "b"), [1, 0, 1, 1], "text"),
    (["b", "a", "b", "b"], {"positive": "a"}, ("b", "a"), [0, 1, 0, 0], "text"),
    (["z", "x", "y", "x"], {}, ("x", "y", "z"), [2, 0, 1, 0], "text"),  # three classes keep their order
    ([0, 1, 1, 1], {}, ("1", "0"), [1, 0, 0, 0], "only 2 distinct integers"),
    ([0, 1, 1, 1], {"positive": "1"}, ("0", "1"), [0, 1, 1, 1], "only 2 distinct integers"),
    ([10, 9, 2, 9], {}, ("2", "9", "10"), [2, 1, 0, 1], "only 3 distinct integers"),
    ([0, 1, 1, 1], {"task": "regression"}, (), [0, 1, 1, 1], "as asked"),
    ([0.5, 1, 1, 1], {}, (), [0.5, 1, 1, 1], "not integers"),
    ([0.5, 1, 1, 1], {"task": "classification"}, ("1", "0.5"), [1, 0, 0, 0], "as asked"),
    (list(range(21)), {}, (), list(range(21)), "21 distinct numbers"),
])
def test_targets(values: list[Any], options: dict[str, str], classes: tuple[str, ...], y: list[Any],
                 reason: str) -> None:
    target, numbers = read_target(Table.from_columns({"y": values}), "y", **options)
    assert target.classes == classes and numbers.tolist() == y and reason in target.reason
    assert target.task == ("classification" if classes else "regression")


def test_labels_are_what_the_table_holds() -> None:
    table = Table.from_columns({"churn": ["no", "yes", "no", "no"]})
    target, y = read_target(table, "churn")
    assert target.labels(y).tolist() == table.column("churn").values().tolist()
    assert target.classes == ("no", "yes") and known_target(table, target).tolist() == y.tolist()


@pytest.mark.parametrize(("values", "options", "message"), [
    (["a", "b"], {"name": "yy"}, "target is 'yy'; the table has y, x, did you mean 'y'?"),
    (["a", "a"], {}, "the target 'y' is 'a' in all rows"),
    ([3, 3], {"task": "regression"}, "the target 'y' is 3 in all rows"),
    ([None, None], {}, "the target 'y' is missing in all 2 rows"),
    (["a", "b\nc"], {}, "the class 'b\\nc' of the target 'y' holds a line break"),
    (["a", "b"], {"task": "regression"}, "holds text; it must hold numbers"),
    (["a", "b"], {"task": "ranking"}, "task is 'ranking'"),
    (["a", "b"], {"positive": "c"}, "positive is 'c'; it must be one of 'a', 'b'"),
    ([0.5, 1.5], {"positive": "1"}, "has no classes"),
])
def test_wrong_targets(values: list[Any], options: dict[str, str], message: str) -> None:
    table = Table.from_columns({"y": values, "x": range(len(values))})
    with pytest.raises(ValueError) as caught:
        name = options.pop("name", "y")
        read_target(rows_with_target(table, name), name, **options)
    assert message in str(caught.value)


def test_rows_without_a_target_are_left_out() -> None:
    for values in (["a", None, "b"], [0.5, np.nan, 1.5]):
        table = Table.from_columns({"x": [1.0, 2.0, 3.0], "y": values})
        assert rows_with_target(table, "y").column("x").tolist() == [1.0, 3.0]


@pytest.mark.parametrize(("column", "message"), [
    ({"z": ["a"]}, "the target 'y' is not in the table"),
    ({"y": ["a", "c", "c"]}, "the target 'y' holds 'c' in 2 rows; the model knows the classes 'a', 'b'"),
])
def test_targets_that_a_model_does_not_know(column: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        known_target(Table.from_columns(column), Target("y", ("a", "b"), ""))
    with pytest.raises(ValueError, match="it must hold numbers, as in training"):
        known_target(Table.from_columns({"y": ["a", "b"]}), Target("y", (), ""))

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


def test_no_prediction_overflows() -> None:
    scale = fitted_scale("log", np.array([1.0, np.e]), lambda: np.array([0.0, 1.0]))
    np.testing.assert_allclose(scale.invert(np.array([1e6, -1e6])), np.exp([2.0, -1.0]))


@pytest.mark.parametrize("y, expected", [
    (np.exp(RNG.normal(size=200)), ("linear", "log")), (np.arange(99.0), ("linear",)),
    (np.append(np.exp(RNG.normal(size=200)), 0.0), ("linear", "log1p")),
    (np.append(np.exp(RNG.normal(size=200)), -1.0), ("linear",))])
def test_scales_to_try(y: np.ndarray, expected: tuple[str, ...]) -> None:
    assert scales_to_try(y) == expected


def skewed(rows: int = 120) -> dict[str, Any]:
    x = RNG.normal(size=rows)
    return {"x": x, "y": np.exp(2.0 * x + RNG.normal(0.0, 0.1, rows))}


def test_both_scales_of_a_skewed_target_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scratchtune.tables.ensemble_selection.ERRORS", -1e9)  # no default is saved, which is linear
    given = skewed()
    options: dict[str, Any] = {"families": ["linear"], "folds": 2, "progress": False, "n_trials": 2,
                               "scoring": "neg_mean_absolute_error"}
    result = st.tune_table(given, "y", **options)
    assert [trial.params["target"] for trial in result.study.trials] == ["linear", "log"]
    model = result.model
    assert "target=log" in model.explain()
    model.save(tmp_path / "m.npz")
    again = st.load_model(tmp_path / "m.npz")
    assert again.predict(given).tolist() == model.predict(given).tolist()


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_sizes_whose_squares_are_no_floats(scale: float) -> None:
    with pytest.raises(ValueError, match="constant"):
        checked_values("y", np.array([0.0, scale]))
    checked_values("y", np.array([0.0, -1.0]))
