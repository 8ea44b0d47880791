"""A regressor: a network with linear outputs that predicts one or several values for each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.data.scaling import EPSILON
from scratchtune.core.estimators.base import MLP
from scratchtune.core.estimators.labels import is_vector
from scratchtune.core.estimators.rows import SCALES_OF_X, fitted_scaler
from scratchtune.core.estimators.stored import check_scaler
from scratchtune.core.estimators.supervised import Regressor


@dataclass(eq=False, repr=False)
class MLPRegressor(Regressor, MLP):
    """A network for values: hidden layers, then a linear one, trained on the mean squared error.

    The arguments are those of `MLPClassifier`, except ``class_weight`` and ``label_smoothing``. With ``scale`` y is
    scaled too in training, to standard deviation 1 ("minmax": to the range [0, 1]), and `predict` inverts it; "robust"
    and "quantile" are for X alone, and go with a y of standard deviation 1. y may have several columns.
    """

    loss, output_activation = "mean_squared_error", "linear"
    kept: ClassVar[tuple[str, ...]] = ("n_outputs_", "_one_dimensional", "target_scaler_")

    def targets(self, y: Any, rows: int, fitting: bool) -> np.ndarray:
        """Return y as (rows, outputs); store how many outputs there are, or compare it."""
        values = checks.targets("y", y, rows).astype(np.float64)
        if values.ndim > 2:
            raise ValueError(f"y has shape {values.shape}; it must be (n,) or (n, outputs)")
        values = values.reshape(rows, -1)
        if fitting:
            self.n_outputs_, self._one_dimensional = values.shape[1], is_vector(y)
        elif values.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {values.shape[1]} columns; it must have {self.n_outputs_}, as in the first call")
        return values

    def fit_scalers(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        """Fit the scalers of X and y; a ValueError if scaling would make different values of y equal."""
        super().fit_scalers(X, target, weight)
        scale = "standard" if self.scale in SCALES_OF_X else self.scale
        self.target_scaler_ = fitted_scaler(scale, target, weight, "y")
        spans, rounding = np.ptp(target, axis=0), len(target) ** 2 * EPSILON * np.abs(target).max(axis=0)
        lost = (spans > rounding) & (np.ptp(self.scaled_target(target), axis=0) < 0.5)
        if self.scale is not None and lost.any():
            raise ValueError(
                f"y holds values that differ by {spans[lost][0]:g} at most, which scale={self.scale!r} treats as "
                "equal; multiply y by a large number")

    def scaled_target(self, target: np.ndarray) -> np.ndarray:
        """The targets with mean 0 and standard deviation 1, or on [0, 1]; unchanged without ``scale``."""
        return target if self.target_scaler_ is None else self.target_scaler_.transform(target)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Continue training for one epoch on these rows; the scalers are fitted on the first call's rows only."""
        self.check_arguments()
        first = not self.__sklearn_is_fitted__()
        with protocol.unchanged_by_failure(self):
            X, values, weight = self.arrays_of(X, y, sample_weight, fitting=first)
            self.train_one_epoch(X, values, weight, values.shape[1], first)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the value of each row, (n,), or (n, outputs) if y had several columns."""
        outputs = self.outputs(X)
        if self.target_scaler_ is not None:
            outputs = checks.finite_outputs(self.target_scaler_.inverse_transform(outputs), self.learning_rate)
        return outputs[:, 0] if self._one_dimensional else outputs

    def check_fitted_values(self) -> None:
        """Raise unless the attributes read from a file fit the network, those of the targets among them."""
        super().check_fitted_values()
        checks.boolean("_one_dimensional", self._one_dimensional)
        if (checks.integer("n_outputs_", self.n_outputs_, 1),) != self.model_.output_shape:
            raise ValueError(f"n_outputs_ is {self.n_outputs_}; the network gives {self.model_.output_shape}")
        check_scaler("target_scaler_", self.target_scaler_, self.n_outputs_)

    def __sklearn_tags__(self) -> Any:
        return protocol.tags(self.kind, multi_output=True)
