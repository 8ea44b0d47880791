"""Regression metrics measure the error of predicted values, for each output separately.

Implements section 2.3 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.metrics.labels import UndefinedMetricWarning, check_lengths, row_weights

MULTIOUTPUT = ("uniform_average", "raw_values")


def squared_error(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> float:
    """Mean squared error: the weighted mean of the squared differences.

    Formula [mean_squared_error_score]
        E = Σₙ[wₙ · (yₙ − qₙ)²] / Σₙ[wₙ]
    Where
        y: y_true, (n,), real
        q: y_pred, (n,), real, the predictions
        w: weight, (n,), >= 0; sampled > 0, the weight of each row
    Returns
        E, a scalar >= 0 in the squared units of y.
    Variant
        No 1/2. The loss of the same name takes the mean over outputs too, and a weighted batch is divided by its number
        of rows, as in Keras, not by the sum of the weights.
    Source
        Bishop, Pattern Recognition and Machine Learning, section 1.5.5.
    Example
        >>> float(squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]), np.ones(2)))
        2.0
    """
    return (weight * (y_true - y_pred) ** 2).sum() / weight.sum()


def mean_squared_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: str = "uniform_average",
) -> Any:
    """Mean of the squared differences, averaged over outputs; formula [mean_squared_error_score].

    ``multioutput``: "uniform_average", or "raw_values" (an array, one value for each output).

    >>> mean_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    return _by_output(squared_error, y_true, y_pred, sample_weight, multioutput)


def root_squared_error(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> float:
    """Root mean squared error: the square root of the mean squared error, in the units of the target.

    Formula [root_mean_squared_error]
        E = √(Σₙ[wₙ · (yₙ − qₙ)²] / Σₙ[wₙ])
    Where
        y: y_true, (n,), real
        q: y_pred, (n,), real, the predictions
        w: weight, (n,), >= 0; sampled > 0, the weight of each row
    Returns
        E, a scalar >= 0 in the units of y.
    Variant
        With several outputs it is the mean of the roots of each output, as in scikit-learn; the root of the mean over
        all outputs is larger.
    Source
        Willmott and Matsuura (2005), equation 3, with weights.
    Example
        >>> float(root_squared_error(np.array([1.0, 2.0]), np.array([4.0, 6.0]), np.array([1.0, 0.0])))
        3.0
    """
    return np.sqrt((weight * (y_true - y_pred) ** 2).sum() / weight.sum())


def root_mean_squared_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: str = "uniform_average",
) -> Any:
    """Square root of the mean squared error, averaged over outputs; formula [root_mean_squared_error].

    ``multioutput`` as for `mean_squared_error`.

    >>> root_mean_squared_error([1.0, 2.0], [4.0, -1.0])
    3.0
    """
    return _by_output(root_squared_error, y_true, y_pred, sample_weight, multioutput)


def absolute_error(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> float:
    """Mean absolute error: the weighted mean of the absolute differences.

    Formula [mean_absolute_error_score]
        E = Σₙ[wₙ · |yₙ − qₙ|] / Σₙ[wₙ]
    Where
        y: y_true, (n,), real
        q: y_pred, (n,), real, the predictions
        w: weight, (n,), >= 0; sampled > 0, the weight of each row
    Returns
        E, a scalar >= 0 in the units of y.
    Source
        Willmott and Matsuura (2005), equation 2, with weights.
    Example
        >>> float(absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]), np.ones(2)))
        1.0
    """
    return (weight * np.abs(y_true - y_pred)).sum() / weight.sum()


def mean_absolute_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: str = "uniform_average",
) -> Any:
    """Mean of the absolute differences, averaged over outputs; formula [mean_absolute_error_score].

    ``multioutput`` as for `mean_squared_error`.

    >>> mean_absolute_error([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    return _by_output(absolute_error, y_true, y_pred, sample_weight, multioutput)


# The coefficient of determination ------------------------------------------------------------------------------------


def determination(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> float:
    """R²: one minus the squared error of the predictions divided by that of the constant prediction mean(y).

    Formula [r2]
        m = Σₙ[wₙ · yₙ] / Σₙ[wₙ] ; R = 1 − Σₙ[wₙ · (yₙ − qₙ)²] / Σₙ[wₙ · (yₙ − m)²]
    Where
        y: y_true, (n,), real
        q: y_pred, (n,), real, the predictions
        w: weight, (n,), >= 0; sampled > 0, the weight of each row
    Returns
        R, a scalar <= 1; 0 for the mean of y, negative for worse predictions.
    Variant
        The squared correlation of y and q, also called R², ignores a wrong scale and offset.
        If y is constant, `r2_score` returns 1 for a perfect prediction and 0 for any other, as scikit-learn does; but
        scikit-learn returns a value such as -10³⁰ if the mean of y is rounded.
    Source
        Wright (1921); Kvalseth (1985), equation 1.
    Example
        >>> float(determination(np.array([1.0, 3.0]), np.array([1.0, 2.0]), np.ones(2)))
        0.5
    """
    mean = (weight * y_true).sum() / weight.sum()
    return 1.0 - (weight * (y_true - y_pred) ** 2).sum() / (weight * (y_true - mean) ** 2).sum()


def r2_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: str = "uniform_average",
) -> Any:
    """Coefficient of determination R², averaged over outputs; formula [r2], ``multioutput`` as `mean_squared_error`.

    If the target is constant, it is 1 for a perfect prediction and 0 for any other. For a single row it is NaN, with
    a warning.

    >>> r2_score([1.0, 3.0], [1.0, 2.0])
    0.5
    """
    true, predicted, weight = _outputs(y_true, y_pred, sample_weight)
    checks.choice("multioutput", multioutput, MULTIOUTPUT)
    if len(true) < 2:
        checks.warn("R² of a single row is undefined and set to NaN; give two rows or more", UndefinedMetricWarning)
        return float("nan")
    return _averaged([_r2(y, q, weight) for y, q in zip(true.T, predicted.T, strict=True)], multioutput)


def _r2(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> float:
    """R² of one output, with a special value if the target is constant."""
    if _varies(y_true, weight):
        exponent = np.frexp(max(np.abs(y_true).max(), np.abs(y_pred).max()))[1]
        y_true, y_pred = np.ldexp(y_true, -exponent), np.ldexp(y_pred, -exponent)  # so that no square overflows
        with np.errstate(divide="ignore"):  # the error may be too large a multiple of the spread: minus infinity
            return float(determination(y_true, y_pred, weight))
    return float((weight * (y_true - y_pred) == 0).all())


def _varies(y: np.ndarray, weight: np.ndarray) -> bool:
    """Whether values differ among the rows with a weight, apart from the rounding of their mean."""
    counted = y[weight > 0]
    return bool((counted != counted[0]).any())


# Outputs -------------------------------------------------------------------------------------------------------------


def _by_output(formula: Callable[..., float], y_true: Any, y_pred: Any, sample_weight: Any, multioutput: str) -> Any:
    """Return the formula for each output, averaged according to ``multioutput``."""
    true, predicted, weight = _outputs(y_true, y_pred, sample_weight)
    checks.choice("multioutput", multioutput, MULTIOUTPUT)
    return _averaged([formula(y, q, weight) for y, q in zip(true.T, predicted.T, strict=True)], multioutput)


def _outputs(y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True and predicted values as (n, outputs), and a weight for each row."""
    true, predicted = _columns("y_true", y_true), _columns("y_pred", y_pred)
    check_lengths("y_pred", len(true), len(predicted))
    if true.shape != predicted.shape:
        raise ValueError(
            f"y_true has {true.shape[1]} outputs and y_pred has {predicted.shape[1]}; they must be equal in number")
    return true, predicted, row_weights(sample_weight, len(true))


def _columns(name: str, y: Any) -> np.ndarray:
    array = checks.targets(name, y).astype(np.float64)
    return array.reshape(len(array), -1)


def _averaged(values: list[float], multioutput: str) -> Any:
    return np.array(values) if multioutput == "raw_values" else float(np.mean(values))
