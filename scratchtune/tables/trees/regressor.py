"""A regressor: boosted trees that predict a value for each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune import checks, protocol
from scratchtune.estimators.supervised import Regressor
from scratchtune.tables.trees.base import SMALLEST, BoostedTrees, not_too_large


@dataclass(eq=False, repr=False)
class HistGradientBoostingRegressor(Regressor, BoostedTrees):
    """Gradient-boosted trees for regression by half the squared error.

    The arguments and attributes are those of `HistGradientBoostingClassifier`, except ``class_weight`` and
    ``classes_``.
    """

    def targets(self, y: Any, rows: int, fitting: bool) -> np.ndarray:
        """Return the values, (rows,) float64."""
        values = protocol.column_as_vector(checks.targets("y", y, rows))
        if values.ndim != 1:
            raise ValueError(f"y has shape {values.shape}; it must be (n,), one value for each row")
        return not_too_large("y", values.astype(np.float64), SMALLEST)

    def predict(self, X: Any) -> np.ndarray:
        """Return the value of each row, (n,)."""
        return self.outputs(X)[0]

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """Yield the predictions after each iteration, (n,)."""
        for iteration in range(1, self.n_iter_ + 1):
            yield self.outputs(X, iteration)[0]
