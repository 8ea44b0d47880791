"""Robust scaling with smooth clipping: outliers hardly change the scale of a column, and results are bounded.

A single outlier can change a mean and a standard deviation by any amount, but the median and the quartiles only a
little. The result is then clipped smoothly to (−3, 3), which bounds the inputs of a network for new rows, too.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import protocol
from scratchtune.core.data.quantiles import weighted_quantiles
from scratchtune.core.data.scaling import rows_to_fit, too_large
from scratchtune.core.data.transformer import Transformer, begin_fit, in_chunks
from scratchtune.core.metrics.labels import row_weights

LIMIT = 3.0  # the bound of smooth clipping
FAR = 1e18  # so many quartile ranges from the median are clipped to this first; its square is finite in float32


def robust_factor(q1, q3, low, high):
    """The factor of a column: 1 over its quartile range, or 2 over its range if the quartiles are equal.

    Formula [robust_factor]
        sⱼ = 1 / (bⱼ − aⱼ) if aⱼ < bⱼ else (2 / (hⱼ − lⱼ) if lⱼ < hⱼ else 0)
    Where
        a: q1, (j,), real, the first quartile
        b: q3, (j,), real, the third quartile
        l: low, (j,), real, the smallest value
        h: high, (j,), real, the largest value
    Returns
        s, (j,); 0 for a constant column, which becomes zeros.
    Source
        Holzmüller, Grinsztajn and Steinwart (2024), "Better by default: strong pre-tuned MLPs and boosted trees on
        tabular data", appendix on RealMLP's preprocessing.
    Example
        >>> robust_factor(np.array([1.0, 5.0]), np.array([3.0, 5.0]), np.array([0.0, 5.0]), np.array([9.0, 9.0])).tolist()
        [0.5, 0.5]
    """  # noqa: E501  (an example is one line)
    quartiles, span = q3 - q1, high - low
    by_range = np.divide(2.0, span, out=np.zeros_like(span), where=span > 0.0)
    return np.divide(1.0, quartiles, out=by_range, where=quartiles > 0.0)


def robust_scale(x, median, factor):
    """Distance from the median, in quartile ranges.

    Formula [robust_scale]
        zₙⱼ = (xₙⱼ − μⱼ) · sⱼ
    Where
        x: x, (n, j), real
        μ: median, (j,), real
        s: factor, (j,), >= 0, [robust_factor]
    Source
        [robust_factor]; scikit-learn, RobustScaler, which divides by the quartile range and does not clip.
    Example
        >>> robust_scale(np.array([[1.0], [3.0]]), np.array([2.0]), np.array([0.5])).tolist()
        [[-0.5], [0.5]]
    """
    return (x - median) * factor


def smooth_clip(z, limit):
    """Smooth clipping: small numbers are hardly changed, large ones approach a limit.

    Formula [smooth_clip]
        yₙⱼ = zₙⱼ / √(1 + (zₙⱼ / c)²)
    Where
        z: z, (n, j), real
        c: limit, scalar, > 0, the limit
    Returns
        y, (n, j), in (−c, c).
    Source
        Holzmüller, Grinsztajn and Steinwart (2024), as [robust_factor]; c = 3.
    Example
        >>> smooth_clip(np.array([[0.0, 4.0, -4.0]]), 3.0).round(12).tolist()
        [[0.0, 2.4, -2.4]]
    """
    return z / np.sqrt(1.0 + (z / limit) ** 2)


class RobustSmoothClipScaler(Transformer):
    """Subtracts each column's median, divides by its quartile range, and clips the result smoothly to (−3, 3).

    The quartiles are those of `weighted_quantiles`. Missing values (NaN) are ignored in `fit` and preserved.

    >>> RobustSmoothClipScaler().fit_transform([[0.0], [1.0], [2.0], [3.0], [9.0]]).round(2).tolist()
    [[-0.95], [-0.49], [0.0], [0.49], [2.28]]
    """

    def __init__(self, *, copy: bool = True) -> None:
        self.copy = copy

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> RobustSmoothClipScaler:
        """Compute ``center_``, the median, and ``factor_`` of each column, (features,) each."""
        with protocol.unchanged_by_failure(self), np.errstate(over="ignore"):
            begin_fit(self, X)
            X = rows_to_fit(self, X)
            weight = row_weights(sample_weight, len(X))
            found = np.column_stack([_statistics(column, weight) for column in X.T])
            low, q1, median, q3, high = found
            if np.isinf(high - low).any():
                raise too_large("X", X)
            factor = robust_factor(q1, q3, low, high)
            if np.isinf(factor).any():
                column = int(np.flatnonzero(np.isinf(factor))[0])
                raise ValueError(f"column {column} of X has a range of {high[column] - low[column]:g}, too small to "
                                 "scale; multiply it by a large number")
            self.center_, self.factor_ = median, np.where(np.isnan(median), np.nan, factor)
            self.n_samples_seen_ = len(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the scaled rows, (n, features), in (−3, 3)."""
        with np.errstate(over="ignore"):
            return in_chunks(self, X, _robust_smooth_clip, "center_", "factor_")


def _robust_smooth_clip(x: np.ndarray, center: np.ndarray, factor: np.ndarray) -> np.ndarray:
    return smooth_clip(np.clip(robust_scale(x, center, factor), -FAR, FAR), LIMIT)


def _statistics(column: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The smallest number, the quartiles and the largest number of a column without its gaps, (5,); NaN if empty."""
    known = ~np.isnan(column) & (weight > 0.0)
    if not known.any():
        return np.full(5, np.nan)
    values = column[known].astype(np.float64)
    quartiles = weighted_quantiles(values, weight[known], (0.25, 0.5, 0.75))
    return np.array([values.min(), *quartiles, values.max()])
