"""A regressor: boosted trees that predict a value for each row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchtune import checks, protocol
from scratchtune.metrics import r2_score
from scratchtune.tables.trees.base import SMALLEST, BoostedTrees, not_too_large


class HistGradientBoostingRegressor(BoostedTrees):
    """Gradient-boosted trees for regression by half the squared error.

    The arguments and attributes are those of `HistGradientBoostingClassifier`, except ``class_weight`` and
    ``classes_``.
    """

    kind = "regressor"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> HistGradientBoostingRegressor:
        """Train on X (n, features), in which NaN is missing, and the values y (n,).

        Raises TypeError or ValueError where an argument or the data are not accepted.
        """
        self.check_arguments()
        with protocol.unchanged_by_failure(self):
            protocol.required_target(self, y)
            X = protocol.features(self, X, fitting=True, missing=True)
            values = protocol.column_as_vector(checks.targets("y", y, len(X)))
            if values.ndim != 1:
                raise ValueError(f"y has shape {values.shape}; it must be (n,), one value for each row")
            weight = self.row_weights(sample_weight, len(X))
            self.train(X, not_too_large("y", values.astype(np.float64), SMALLEST), weight, "squared_error", 1)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the value of each row, (n,)."""
        return self.outputs(X)[0]

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """Yield the predictions after each iteration, (n,)."""
        for iteration in range(1, self.n_iter_ + 1):
            yield self.outputs(X, iteration)[0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², the share of the variance of y that the predictions explain."""
        return float(r2_score(y, self.predict(X), sample_weight=sample_weight))
