"""A scaler brings every column to a common scale, so that no feature dominates because of its unit.

Its statistics (means, standard deviations, ranges) are computed in chunks of rows: a table of a million rows needs no
second copy, and may come in parts (`partial_fit`). Missing values (NaN) are ignored in `fit` and preserved.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.data.transformer import Transformer, as_matrix, begin_fit, chunks, in_chunks
from scratchtune.core.metrics.labels import row_weights
from scratchtune.core.protocol import column_names

EPSILON = float(np.finfo(np.float64).eps)

Moments = tuple[np.ndarray, np.ndarray, np.ndarray]  # of each column: the weight, the mean, the variance


# Standardising --------------------------------------------------------------------------------------------------------


def column_mean(x, w):
    """Weighted mean of each column.

    Formula [column_mean]
        μⱼ = Σₙ[wₙⱼ · xₙⱼ] / Σₙ[wₙⱼ]
    Where
        x: x, (n, j), real
        w: w, (n, j), >= 0; sampled > 0, the weights; 0 leaves an entry out
    Source
        Definition.
    Example
        >>> column_mean(np.array([[1.0], [4.0]]), np.array([[2.0], [1.0]])).tolist()
        [2.0]
    """
    return (w * x).sum(axis=0) / w.sum(axis=0)


def column_variance(x, w, mean):
    """Variance of each column: the weighted mean of the squared differences from its mean.

    Formula [column_variance]
        vⱼ = Σₙ[wₙⱼ · (xₙⱼ − μⱼ)²] / Σₙ[wₙⱼ]
    Where
        x: x, (n, j), real
        w: w, (n, j), >= 0; sampled > 0, the weights; 0 leaves an entry out
        μ: mean, (j,), real
    Variant
        Divided by n, not by n − 1 (the "population" variance), as in scikit-learn.
    Source
        Chan, Golub, LeVeque (1983), "Algorithms for computing the sample variance", the two-pass algorithm (1.1).
    Example
        >>> column_variance(np.array([[1.0], [4.0]]), np.array([[2.0], [1.0]]), np.array([2.0])).tolist()
        [2.0]
    """
    return (w * (x - mean) ** 2).sum(axis=0) / w.sum(axis=0)


def merged_mean_and_variance(n, mean, v, m, mean_2, v_2):
    """Mean and variance of the union of two sets, from those of each set.

    Formula [merged_mean_and_variance]
        δⱼ = τⱼ − μⱼ ; λⱼ = μⱼ + δⱼ · mⱼ / (nⱼ + mⱼ) ; sⱼ = (nⱼ · vⱼ + mⱼ · uⱼ + δⱼ² · nⱼ · mⱼ / (nⱼ + mⱼ)) / (nⱼ + mⱼ)
    Where
        n: n, (j,), > 0, the weight of the first set
        μ: mean, (j,), real
        v: v, (j,), >= 0
        m: m, (j,), > 0, the weight of the second set
        τ: mean_2, (j,), real
        u: v_2, (j,), >= 0
    Returns
        λ and s, (j,) each: the mean and the variance.
    Source
        Chan, Golub, LeVeque (1983), "Algorithms for computing the sample variance", equation 1.5.
    Example
        >>> one, two = np.array([1.0]), np.array([2.0])
        >>> mean, v = merged_mean_and_variance(two, one, 0 * one, one, 4 * one, 0 * one)  # of 1, 1, 4
        >>> mean.tolist(), v.tolist()
        ([2.0], [2.0])
    """
    delta, total = mean_2 - mean, n + m
    return mean + delta * m / total, (n * v + m * v_2 + delta**2 * n * m / total) / total


def scale_of(v, mean, n, eps):
    """The divisor of a column: its standard deviation, or 1 if it is constant up to rounding errors.

    Formula [scale_of]
        sⱼ = √(vⱼ) if vⱼ > n · ε · vⱼ + (n · μⱼ · ε)² else 1
    Where
        v: v, (j,), >= 0, the variance
        μ: mean, (j,), real
        n: n, scalar, >= 1, the number of rows
        ε: eps, scalar, > 0; sampled in (0, 0.1), the rounding error of 1
    Variant
        A constant column becomes zeros, not NaN; the bound is scikit-learn's, which is that of the two-pass algorithm.
    Source
        Chan, Golub, LeVeque (1983), "Algorithms for computing the sample variance", section 2; scikit-learn.
    Example
        >>> scale_of(np.array([4.0, 1e-33]), np.array([1.0, 1.0]), 10.0, 2.2e-16).tolist()
        [2.0, 1.0]
    """
    return np.where(v > n * eps * v + (n * mean * eps) ** 2, np.sqrt(v), 1.0)


def standard_scale(x, mean, scale):
    """Standard score: how many standard deviations a value is above its column's mean.

    Formula [standard_scale]
        zₙⱼ = (xₙⱼ − μⱼ) / σⱼ
    Where
        x: x, (n, j), real
        μ: mean, (j,), real
        σ: scale, (j,), > 0
    Source
        The document, section 2.1; scikit-learn, preprocessing.StandardScaler.
    Example
        >>> standard_scale(np.array([[1.0], [3.0]]), np.array([2.0]), np.array([0.5])).tolist()
        [[-2.0], [2.0]]
    """
    return (x - mean) / scale


def standard_scale_inverse(z, mean, scale):
    """The value that has a given standard score.

    Formula [standard_scale_inverse]
        xₙⱼ = zₙⱼ · σⱼ + μⱼ
    Where
        z: z, (n, j), real
        μ: mean, (j,), real
        σ: scale, (j,), > 0
    Source
        [standard_scale], solved for x.
    Example
        >>> standard_scale_inverse(np.array([[-2.0], [2.0]]), np.array([2.0]), np.array([0.5])).tolist()
        [[1.0], [3.0]]
    """
    return z * scale + mean


class StandardScaler(Transformer):
    """Subtracts each column's mean, unless ``with_mean=False``, and divides by its standard deviation.

    >>> StandardScaler().fit_transform([[1.0, 5.0], [3.0, 5.0]]).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """

    def __init__(self, *, copy: bool = True, with_mean: bool = True) -> None:
        self.copy = copy
        self.with_mean = with_mean

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> StandardScaler:
        """Compute ``mean_``, ``var_`` and ``scale_`` of each column."""
        with protocol.unchanged_by_failure(self):
            begin_fit(self, X)
            vars(self).pop("_moments_", None)
            checks.boolean("with_mean", self.with_mean)
            return self.partial_fit(X, y, sample_weight)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> StandardScaler:
        """Fit on more rows: the result is the same as that of a fit on all rows so far."""
        with protocol.unchanged_by_failure(self), np.errstate(over="ignore", invalid="ignore"):
            X = rows_to_fit(self, X)
            weight = None if sample_weight is None else row_weights(sample_weight, len(X))[:, None]
            count, mean, variance = self._moments(X.shape[1])
            for rows in chunks(X):
                seen = _chunk_moments(X[rows], None if weight is None else weight[rows])
                count, mean, variance = _merged((count, mean, variance), seen)
            if not (np.isfinite(mean) & np.isfinite(variance)).all():
                raise too_large("X", X)
            unseen = count == 0
            mean[unseen], variance[unseen] = np.nan, np.nan
            self._keep(count, mean, variance, weight is None)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the standard scores, (n, features)."""
        return in_chunks(self, X, standard_scale, "_centre", "scale_")

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the values that have these standard scores."""
        return in_chunks(self, X, standard_scale_inverse, "_centre", "scale_")

    @property
    def _centre(self) -> np.ndarray:
        return self.mean_ if self.with_mean else np.zeros_like(self.mean_)

    def _moments(self, columns: int) -> Moments:
        """Return the weight, mean and variance so far; initially the weight is zero."""
        count, mean, variance = getattr(self, "_moments_", (np.zeros(columns),) * 3)
        return count, np.where(count > 0, mean, 0.0), np.where(count > 0, variance, 0.0)

    def _keep(self, count: np.ndarray, mean: np.ndarray, variance: np.ndarray, plain: bool) -> None:
        """Set the fitted attributes; ``plain``: no weights were given, so integer counts are stored as integers."""
        self._moments_ = (count, mean, variance)
        kept = count.astype(np.int64) if plain and (count == np.floor(count)).all() else count
        self.n_samples_seen_ = kept[0] if (kept == kept[0]).all() else kept
        self.mean_, self.var_, self.scale_ = mean, variance, scale_of(variance, mean, count, EPSILON)
        self.scale_[np.isnan(variance)] = np.nan


def _chunk_moments(x: np.ndarray, weight: np.ndarray | None) -> Moments:
    """Compute the weight, mean and variance of each column of a few rows, without missing values."""
    x, missing = x.astype(np.float64, copy=False), np.isnan(x)
    w = np.ones((len(x), 1)) if weight is None else weight
    if missing.any():
        x, w = np.where(missing, 0.0, x), np.where(missing, 0.0, w)
    total = np.broadcast_to(w.sum(axis=0), x.shape[1:])
    if (total == 0).any():
        w = np.where(total > 0, w, 1.0)  # for a column without weight the result is arbitrary; it gets no weight later
    # Correct the mean by the mean of the residuals: the variance of a constant column is then exactly 0.
    mean = column_mean(x, w)
    x = x - mean
    rest = column_mean(x, w)
    return total, mean + rest, column_variance(x, w, rest)


def _merged(first: Moments, second: Moments) -> Moments:
    """Return the union of two sets; a set without weight has no effect."""
    (n, mean, v), (m, mean_2, v_2) = first, second
    both = (n > 0) & (m > 0)
    merged = merged_mean_and_variance(np.where(both, n, 1.0), mean, v, np.where(both, m, 1.0), mean_2, v_2)
    alone = np.where(m > 0, mean_2, mean), np.where(m > 0, v_2, v)
    return n + m, np.where(both, merged[0], alone[0]), np.where(both, merged[1], alone[1])


# Ranges ---------------------------------------------------------------------------------------------------------------


def min_max_factors(low, high, a, b, least):
    """The factor and the offset that map each column from its range to the range [a, b].

    Formula [min_max_factors]
        sⱼ = (b − a) / (hⱼ − lⱼ if hⱼ − lⱼ >= ε else 1) ; mⱼ = a − lⱼ · sⱼ
    Where
        l: low, (j,), real, the smallest value
        h: high, (j,), real, the largest value
        a: a, scalar, real
        b: b, scalar, real
        ε: least, scalar, > 0, a column with a smaller range is constant
    Returns
        s and m, (j,) each.
    Variant
        A constant column becomes a. The bound ε is ten times the machine epsilon, as in scikit-learn.
    Source
        scikit-learn, preprocessing.MinMaxScaler.
    Example
        >>> s, m = min_max_factors(np.array([2.0, 5.0]), np.array([4.0, 5.0]), 0.0, 1.0, 1e-15)
        >>> s.tolist(), m.tolist()
        ([0.5, 1.0], [-1.0, -5.0])
    """
    span = high - low
    s = (b - a) / np.where(span >= least, span, 1.0)
    return s, a - low * s


def min_max_scale(x, s, m):
    """Scale each column by a factor and an offset.

    Formula [min_max_scale]
        yₙⱼ = xₙⱼ · sⱼ + mⱼ
    Where
        x: x, (n, j), real
        s: s, (j,), > 0, the factor of [min_max_factors]
        m: m, (j,), real, the offset
    Source
        scikit-learn, preprocessing.MinMaxScaler.
    Example
        >>> min_max_scale(np.array([[2.0], [3.0], [4.0]]), np.array([0.5]), np.array([-1.0])).tolist()
        [[0.0], [0.5], [1.0]]
    """
    return x * s + m


def min_max_scale_inverse(y, s, m):
    """The value before scaling.

    Formula [min_max_scale_inverse]
        xₙⱼ = (yₙⱼ − mⱼ) / sⱼ
    Where
        y: y, (n, j), real
        s: s, (j,), > 0, the factor of [min_max_factors]
        m: m, (j,), real, the offset
    Source
        [min_max_scale], solved for x.
    Example
        >>> min_max_scale_inverse(np.array([[0.0], [1.0]]), np.array([0.5]), np.array([-1.0])).tolist()
        [[2.0], [4.0]]
    """
    return (y - m) / s


class MinMaxScaler(Transformer):
    """Scales each column to a range, by default [0, 1]; scikit-learn's results.

    >>> MinMaxScaler().fit_transform([[2.0], [3.0], [4.0]]).tolist()
    [[0.0], [0.5], [1.0]]
    """

    data_min_: np.ndarray
    data_max_: np.ndarray

    def __init__(self, feature_range: tuple[float, float] = (0, 1), *, copy: bool = True) -> None:
        self.feature_range = feature_range
        self.copy = copy

    def fit(self, X: Any, y: Any = None) -> MinMaxScaler:
        """Compute ``data_min_`` and ``data_max_`` of each column, and from them ``scale_`` and ``min_``."""
        with protocol.unchanged_by_failure(self):
            begin_fit(self, X)
            return self.partial_fit(X, y)

    def partial_fit(self, X: Any, y: Any = None) -> MinMaxScaler:
        """Fit on more rows: the result is the same as that of a fit on all rows so far."""
        a, b = self._range()
        with protocol.unchanged_by_failure(self), np.errstate(over="ignore"):
            X = rows_to_fit(self, X)
            low, high = np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
            if hasattr(self, "data_min_"):
                low, high = np.fmin(self.data_min_, low), np.fmax(self.data_max_, high)
            if np.isinf(high - low).any():
                raise too_large("X", X)
            self.n_samples_seen_ = getattr(self, "n_samples_seen_", 0) + len(X)
            self.data_min_, self.data_max_, self.data_range_ = low, high, high - low
            self.scale_, self.min_ = min_max_factors(low, high, a, b, 10.0 * np.finfo(low.dtype).eps)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the scaled rows; they are outside the range only for values outside that of `fit`."""
        return in_chunks(self, X, min_max_scale, "scale_", "min_")

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the values before scaling."""
        return in_chunks(self, X, min_max_scale_inverse, "scale_", "min_")

    def _range(self) -> tuple[float, float]:
        try:
            low, high = self.feature_range
        except (TypeError, ValueError):
            raise ValueError(f"feature_range is {self.feature_range!r}; it must be a pair (low, high)") from None
        low, high = checks.real("feature_range[0]", low), checks.real("feature_range[1]", high)
        if low >= high:
            raise ValueError(f"feature_range is {self.feature_range!r}; it must be (low, high) with low below high")
        return low, high


# What all scalers need ------------------------------------------------------------------------------------------------


def rows_to_fit(scaler: Transformer, X: Any) -> np.ndarray:
    """The rows as a matrix; the first ones set the number of columns, with which later ones are compared."""
    array = as_matrix(X)
    if not hasattr(scaler, "n_samples_seen_"):
        scaler.n_features_in_ = array.shape[1]
    protocol.compare_columns(scaler, array.shape[1], column_names(X))
    return array


def too_large(name: str, X: np.ndarray) -> ValueError:
    """The error for numbers whose range, or its square, overflows."""
    largest = max(float(np.fmax.reduce(X, axis=None)), -float(np.fmin.reduce(X, axis=None)))
    return ValueError(f"{name} holds {largest:g}, too large to scale; divide it by a large number")
