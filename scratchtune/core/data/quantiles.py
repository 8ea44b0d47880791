"""Quantiles of weighted rows, edges of bins with equally many rows, and a transform to normal quantiles.

A weight of 2 counts as two equal rows, and only the ratios of the weights matter. The transform gives every column a
normal distribution: only the order of a column's numbers matters.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.data.scaling import rows_to_fit
from scratchtune.core.data.transformer import Transformer, begin_fit, check_is_fitted, in_chunks
from scratchtune.core.metrics.labels import row_weights

LEAST = 1e-7  # shares are kept this far from 0 and 1, whose normal quantiles are infinite; scikit-learn's bound
ROUNDING = 1e-9  # a cumulative weight this close to a share of the total, relative to the total, counts as equal to it


def weighted_quantiles(x: np.ndarray, weight: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Return the quantiles of the numbers x (n,) with weights (n,) at ``shares`` of the total weight, (shares,).

    The quantile at p is the smallest number up to which the cumulative weight is at least p times the total; where it
    is exactly that, the mean of this number and the next larger one. So a quantile depends on the weighted distribution
    only: repeated rows give the same result as weights. This is definition 2 of Hyndman and Fan (1996), "Sample
    quantiles in statistical packages", NumPy's ``method="averaged_inverted_cdf"``; NumPy's default, definition 7,
    interpolates by the number of rows, which weights do not determine.

    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]), [0.25, 0.5, 0.75]).tolist()
    [1.0, 1.5, 2.5]
    """
    order = np.argsort(x, kind="stable")
    order = order[weight[order] > 0.0]
    values, total = x[order], np.cumsum(weight[order])
    wanted, rounding = np.asarray(shares) * total[-1], ROUNDING * total[-1]
    last = len(values) - 1
    below = np.minimum(np.searchsorted(total, wanted - rounding), last)  # the first with a weight of at least p
    above = np.minimum(np.searchsorted(total, wanted + rounding), last)  # the first with a weight above p
    return 0.5 * values[below] + 0.5 * values[above]


def quantile_edges(values: np.ndarray, weight: np.ndarray, bins: int) -> list[float]:
    """Return the different edges of at most ``bins`` bins of the values (n,) with weights (n,), in increasing order.

    An edge is the smallest value up to which the share of the weights is at least 0, 1 / bins, 2 / bins, ...

    >>> quantile_edges(np.array([4.0, 1.0, 2.0, 3.0]), np.ones(4), 2)
    [1.0, 2.0, 4.0]
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    wanted = np.linspace(0.0, 1.0, bins + 1) * below[-1] * (1.0 - 1e-12)  # so that rounding does not decide
    found = np.searchsorted(below, wanted)
    return [float(edge) for edge in np.unique(values[order][found])]


def middle_shares(w):
    """The share of the total weight below each of several numbers in ascending order, half of its own counted.

    Formula [middle_shares]
        pⱼ = (Σᵢ[wᵢ if i < j else 0] + wⱼ / 2) / Σᵢ[wᵢ]
    Where
        w: w, (j,), > 0, the weight of each number
    Returns
        p, (j,), ascending, in (0, 1).
    Variant
        With equal weights p = (rank − 1/2) / n, where equal numbers share the mean of their ranks.
    Source
        Hazen (1914), "Storage to be provided in impounding municipal water supply"; Parzen (2004), "Quantile
        probability and statistical data modeling", the mid-distribution function.
    Example
        >>> middle_shares(np.array([1.0, 2.0, 1.0])).tolist()
        [0.125, 0.5, 0.875]
    """
    total = np.cumsum(w)
    return (total - 0.5 * w) / total[-1]


class QuantileScaler(Transformer):
    """Maps each column to a standard normal distribution: a number becomes the normal quantile of its share.

    The share of the rows below a number is that of `middle_shares`; between the numbers of `fit` the result is
    interpolated linearly, and beyond them it is constant. At most ``n_quantiles`` numbers of each column are stored;
    of more, those whose results are evenly spaced. Missing values (NaN) are ignored in `fit` and preserved.

    scikit-learn's QuantileTransformer(output_distribution="normal") differs at the ends: it maps the smallest and the
    largest number of `fit` to −5.2 and 5.2 whatever the number of rows, here it is the normal quantile of 1 / (2 n).

    >>> QuantileScaler().fit_transform([[1.0], [100.0], [2.0]]).round(3).tolist()
    [[-0.967], [0.967], [0.0]]
    """

    def __init__(self, n_quantiles: int = 256, *, copy: bool = True) -> None:
        self.n_quantiles = n_quantiles
        self.copy = copy

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> QuantileScaler:
        """Compute ``quantiles_``, numbers of each column in ascending order, and ``scores_``, the normal quantiles.

        Both are (most, features), where a column with fewer numbers repeats its last one.
        """
        most = checks.integer("n_quantiles", self.n_quantiles, 2)
        with protocol.unchanged_by_failure(self):
            begin_fit(self, X)
            X = rows_to_fit(self, X)
            weight = row_weights(sample_weight, len(X))
            found = [_landmarks(column, weight, most) for column in X.T]
            longest = max(len(values) for values, _ in found)
            self.quantiles_, self.scores_ = (
                np.column_stack([np.pad(column[i], (0, longest - len(column[i])), "edge") for column in found])
                for i in (0, 1))
            self.n_samples_seen_ = len(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the normal scores, (n, features)."""
        return self._interpolated(X, "quantiles_", "scores_")

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the numbers that have these normal scores."""
        return self._interpolated(X, "scores_", "quantiles_")

    def _interpolated(self, X: Any, before: str, after: str) -> np.ndarray:
        check_is_fitted(self)

        def formula(rows: np.ndarray) -> np.ndarray:
            pairs = zip(rows.T, getattr(self, before).T, getattr(self, after).T, strict=True)
            return np.column_stack([np.interp(column, numbers, results) for column, numbers, results in pairs])

        return in_chunks(self, X, formula)


def _landmarks(column: np.ndarray, weight: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """At most so many different numbers of a column in ascending order, and their normal scores; NaN if it is empty."""
    known = ~np.isnan(column) & (weight > 0.0)
    if not known.any():
        return np.full(1, np.nan), np.full(1, np.nan)
    values, inverse = np.unique(column[known].astype(np.float64), return_inverse=True)
    shares = np.clip(middle_shares(np.bincount(inverse.ravel(), weight[known])), LEAST, 1.0 - LEAST)
    normal = NormalDist()
    if len(values) > most:
        evenly = np.linspace(normal.inv_cdf(shares[0]), normal.inv_cdf(shares[-1]), most)
        wanted = [normal.cdf(score) for score in evenly]
        chosen = np.unique(np.minimum(np.searchsorted(shares, wanted), len(values) - 1))
        chosen[[0, -1]] = 0, len(values) - 1  # whatever is lost to rounding
        values, shares = values[chosen], shares[chosen]
    return values, np.array([normal.inv_cdf(share) for share in shares])
