"""Errors and R²: by hand, by property, against scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from scratchtune.core.metrics import (
    UndefinedMetricWarning,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)


def test_errors_by_hand() -> None:
    assert mean_squared_error([0.0, 0.0], [1.0, 3.0]) == 5.0
    assert mean_absolute_error([0.0, 0.0], [1.0, 3.0]) == 2.0
    assert root_mean_squared_error([0.0, 0.0], [1.0, 7.0]) == 5.0
    assert mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]], multioutput="raw_values").tolist() == [1.0, 9.0]
    assert root_mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]) == 2.0  # the mean of the roots
    assert mean_absolute_error([[0.0, 0.0]], [[1.0, 3.0]], multioutput="raw_values").tolist() == [1.0, 3.0]


def test_r2_by_hand() -> None:
    assert r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 1.0
    assert r2_score([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]) == 0.0
    assert r2_score([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == -3.0


def test_the_least_squares_line_has_the_squared_correlation_as_r2() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 30))
    line = np.polyval(np.polyfit(x, y, 1), x)
    assert r2_score(y, line) == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e8 + 0.1])
def test_a_target_that_does_not_vary_is_one_however_its_mean_is_rounded(value: float) -> None:
    y = np.full(7, value)
    assert r2_score(y, y) == 1.0 and r2_score(y, y + 1) == 0.0
    assert r2_score(np.append(y, 5.0), np.append(y, 7.0), sample_weight=[1.0] * 7 + [0.0]) == 1.0


def test_r2_of_one_row_is_nan_and_warned_of() -> None:
    with pytest.warns(UndefinedMetricWarning, match="two rows or more"):
        assert np.isnan(r2_score([1.0], [1.0]))


@pytest.mark.parametrize("call, message", [
    (lambda: mean_squared_error([1.0, np.nan], [1.0, 2.0]), "NaN"),
    (lambda: mean_squared_error([1.0, 2.0], [1.0]), "y_true has 2 rows and y_pred has 1"),
    (lambda: mean_squared_error([[1.0, 2.0]], [1.0]), "y_true has 2 outputs and y_pred has 1"),
    (lambda: mean_squared_error([1.0, 2.0], [1.0, 2.0], multioutput="mean"), "multioutput is 'mean'"),
    (lambda: mean_squared_error([1.0, 2.0], [1.0, 2.0], multioutput="variance_weighted"), "multioutput"),
    (lambda: r2_score([[1.0, 2.0]] * 2, [[1.0, 2.0]] * 2, multioutput=[1.0, -1.0]), "one of 'uniform_average', 'raw_v"),
    (lambda: r2_score([1.0, 2.0], [1.0, 2.0], sample_weight=[1.0, -1.0]), "negative"),
])
def test_bad_input_is_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_text_is_no_number() -> None:
    with pytest.raises(TypeError, match="y_true holds values of type"):
        mean_squared_error(["a", "b"], [1.0, 2.0])


# The oracle ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cases", [100, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [
    "mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score"])
def test_agrees_with_scikit_learn_on_random_cases(agree: Any, name: str, cases: int) -> None:
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        n, outputs = int(rng.integers(1, 10)), int(rng.integers(1, 4))
        shape = n, outputs
        y, q = (rng.standard_normal(shape) if rng.integers(3) else rng.integers(3, size=shape) for _ in "yq")
        if rng.integers(4) == 0:
            y[:, 0] = rng.integers(3)
        if rng.integers(4) == 0:
            q[:, -1] = y[:, -1] = rng.integers(2, size=n)
        if outputs == 1 and rng.integers(2):
            y, q = y[:, 0], q[:, 0]
        weight = [None, rng.random(n), rng.integers(0, 2, n) * rng.random(n)][rng.integers(3)]
        if weight is not None and not weight.any():
            weight[0] = 1.0
        if weight is not None and name == "r2_score":  # else the mean of a constant may be rounded, which ruins theirs
            weight = np.ceil(4 * weight) / 4
            weight[:2] = 1.0
        agree(name, y, q, sample_weight=weight, multioutput=["uniform_average", "raw_values"][rng.integers(2)])


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e200, 1e300])
def test_r2_has_no_unit(size: float) -> None:
    """Values whose squares are no floats; and predictions of another size entirely, without a warning."""
    true, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.5, 3.5])
    assert r2_score(true * size, predicted * size) == pytest.approx(r2_score(true, predicted), rel=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert r2_score(true * 1e-300, predicted) == -np.inf
