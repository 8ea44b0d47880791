"""The estimators: boosted trees whose sums are the logits of the classes, or values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune import checks, protocol
from scratchtune.estimators.supervised import Classifier, Regressor
from scratchtune.tables.trees.base import SMALLEST, BoostedTrees, not_too_large
from scratchtune.tables.trees.losses import probabilities


@dataclass(eq=False, repr=False)
class HistGradientBoostingClassifier(Classifier, BoostedTrees):
    """Gradient-boosted trees for classification by cross-entropy; an iteration is one tree for two classes, else one
    tree for each class.

    Structure: at most ``max_iter`` iterations; a tree has at most ``max_leaf_nodes`` leaves (None: no limit), at most
    ``max_depth`` splits from its root to a leaf (None: no limit), and at least ``min_samples_leaf`` rows in each leaf.
    Training: ``learning_rate`` multiplies the values of the leaves; at each node a random ``max_features`` share of
    the columns is tried.
    Regularisation: ``l2_regularization`` is added to a leaf's sum of Hessians; ``class_weight`` is a dict from labels
    to numbers, or "balanced".
    Data: numbers are divided into at most ``max_bins`` bins; NaN is a missing value, and each split sends missing
    values where the loss decreases more. ``categorical_features`` are the indices of columns with categories, their
    names if X has names, or a boolean mask; categories are any numbers, and one that was not seen in training is
    treated as missing.
    ``early_stopping``: after ``n_iter_no_change`` iterations without a loss smaller by more than ``tol``, on a
    ``validation_fraction`` of the rows (an integer: a number of rows; None: the training rows), stratified by class.
    "auto" means True if there are more than 10,000 rows.
    ``random_state``: the same integer gives the same bits; it is used for early stopping's split, ``max_features``, and
    the sample of the rows from which bins are computed if there are more than 200,000.
    ``verbose=1`` shows a progress bar if training takes over two seconds.

    After `fit`: ``classes_``, ``n_iter_``, ``train_score_`` and ``validation_score_`` (minus the mean loss before the
    first iteration and after each), ``do_early_stopping_``, ``n_features_in_``, and ``feature_names_in_`` if the table
    had names.

    A weight multiplies a row's loss; ``min_samples_leaf`` counts rows, whatever their weights. Rows with weight 0 are
    left out.
    """

    class_weight: Any = None

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, (n, classes), in the order of ``classes_``."""
        return probabilities(self.outputs(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """The logits: (n,) of the second class for two classes, else (n, classes)."""
        output = self.outputs(X)
        return output[0] if len(output) == 1 else output.T


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
