"""Training rows: their weights, duplicates, scalers, and the seed of a training."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.data.quantiles import QuantileScaler
from scratchtune.core.data.robust_scaling import RobustSmoothClipScaler
from scratchtune.core.data.scaling import MinMaxScaler, StandardScaler, too_large
from scratchtune.core.evaluation.rows import generator

SCALERS: dict[str, type[Any]] = {
    "standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustSmoothClipScaler, "quantile": QuantileScaler}
SCALES_OF_X = ("robust", "quantile")  # with these the targets are standardised


def seed_from(random_state: Any) -> int:
    """Return the seed of a network: a given integer, a draw from a generator, or a new seed for None."""
    if random_state is None or isinstance(random_state, np.random.RandomState):
        return int(generator(random_state).randint(0, 2**31 - 1))
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        return checks.integer("random_state", random_state, 0, 2**63 - 1)
    raise TypeError(
        f"random_state is {random_state!r} ({type(random_state).__name__}); it must be an integer, a "
        "numpy.random.RandomState or None")


def fitted_scaler(scale: str | None, X: np.ndarray, weight: np.ndarray, name: str = "X") -> Any:
    """Return the scaler with the given name, fitted on weighted rows; a range does not depend on weights."""
    if scale is None:
        return None
    scaler = SCALERS[scale]()
    try:
        return scaler.fit(X) if scale == "minmax" else scaler.fit(X, sample_weight=weight / weight.mean())
    except ValueError:  # the only possible error for finite rows
        raise too_large(name, X) from None


def with_weight(X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Only the rows with a weight above 0; the weights are scaled by a power of 2, so that no sum overflows."""
    if not weight.any():
        raise ValueError("class_weight gives every row the weight 0; at least one must be above 0")
    weight = protocol.relative(weight)
    kept = slice(None) if weight.all() else weight > 0.0
    return X[kept], target[kept], weight[kept]


def distinct_rows(X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same rows in a canonical order, duplicates merged into one row with the sum of their weights.

    The loss of a full batch does not depend on the order of its rows, nor on whether one occurs twice or has twice the
    weight; with this order the bits do not either.
    """
    rows = np.column_stack([X, target.reshape(len(X), -1)])
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return X[first], target[first], np.bincount(inverse.ravel(), weight)
