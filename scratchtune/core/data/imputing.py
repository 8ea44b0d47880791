"""Imputing fills the missing values of each column with one value that is fitted on the training rows.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.data.scaling import column_mean
from scratchtune.core.data.transformer import Transformer, as_matrix, begin_fit, check_is_fitted, input_names
from scratchtune.core.protocol import check_two_dimensions, column_names, refuse_sparse

STRATEGIES = ("mean", "median", "most_frequent")


def fill_value_of(values: np.ndarray, strategy: str) -> Any:
    """Compute the mean, median or most frequent of the values (the smallest in a tie); none may be missing.

    >>> float(fill_value_of(np.array([1.0, 2.0, 6.0]), "mean"))
    3.0
    >>> fill_value_of(np.array(["b", "a"], object), "most_frequent")
    'a'
    """
    if strategy in ("mean", "median"):
        exponent = np.frexp(np.abs(values).max())[1]  # at the size of 1 no sum overflows; a power of 2 rounds nothing
        sized = np.ldexp(values if strategy == "median" else values.astype(np.float64), -exponent)
        middle = np.median(sized) if strategy == "median" else column_mean(sized[:, None], np.ones((len(sized), 1)))[0]
        return np.ldexp(middle, exponent)
    if values.dtype == object:
        counts = Counter(values.tolist())
        return min(value for value, count in counts.items() if count == max(counts.values()))
    different, numbers = np.unique(values, return_counts=True)
    return different[numbers.argmax()]


class SimpleImputer(Transformer):
    """Fills the missing values (NaN; None among texts) of each column by its mean, median or most frequent value.

    Results are scikit-learn's; `transform` drops a column without any value.

    >>> SimpleImputer().fit_transform([[1.0], [np.nan], [3.0]]).tolist()
    [[1.0], [2.0], [3.0]]
    """

    def __init__(self, *, strategy: str = "mean", copy: bool = True) -> None:
        self.strategy = strategy
        self.copy = copy

    def fit(self, X: Any, y: Any = None) -> SimpleImputer:
        """Fit ``statistics_``, one value for each column; NaN for a column without any value."""
        checks.choice("strategy", self.strategy, STRATEGIES)
        begin_fit(self, X)
        X = _rows(X)
        if X.dtype == object and self.strategy in ("mean", "median"):
            raise ValueError(
                f"strategy is {self.strategy!r} and X holds texts; it must be 'most_frequent' for them")
        gaps = _gaps(X)
        self.statistics_ = np.array(
            [np.nan if gap.all() else fill_value_of(X[~gap, j], self.strategy) for j, gap in enumerate(gaps.T)],
            dtype=X.dtype)
        self.n_features_in_ = X.shape[1]
        self._kept = ~gaps.all(axis=0)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the rows with all missing values filled."""
        check_is_fitted(self)
        given, X = X, _rows(X)
        protocol.compare_columns(self, X.shape[1], column_names(given))
        if X.dtype == object and self.statistics_.dtype != object:
            raise ValueError("X holds texts and this SimpleImputer was fitted to numbers; X must hold numbers")
        gaps = _gaps(X)
        if not self._kept.all():
            names = ", ".join(repr(name) for name in np.array(input_names(self), object)[~self._kept])
            checks.warn(f"without any value in fit, and left out: {names}")
        X = X if self._kept.all() and not self.copy else X[:, self._kept]
        for j, statistic in enumerate(self.statistics_[self._kept]):
            X[gaps[:, self._kept][:, j], j] = statistic
        return X

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns that are kept."""
        return np.array(input_names(self, input_features), dtype=object)[self._kept]


def _rows(X: Any) -> np.ndarray:
    """(n, columns) of numbers, or of Python objects where there are texts."""
    refuse_sparse(X)
    checks.refuse_masked("X", X)
    array = np.asarray(X)
    if array.dtype.kind in "US" or (array.dtype == object and any(isinstance(value, str) for value in array.flat)):
        array = np.asarray(X, dtype=object)
        check_two_dimensions(array)
        return array
    return as_matrix(X)


def _gaps(X: np.ndarray) -> np.ndarray:
    if X.dtype == object:
        # only NaN differs from itself; np.isnan rejects texts
        return np.array([[value is None or value != value for value in row] for row in X], dtype=bool)
    return np.isnan(X)
