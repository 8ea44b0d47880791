"""A classifier: boosted trees whose sums are the logits of the classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchtune import protocol
from scratchtune.estimators.class_weights import weight_of_rows
from scratchtune.estimators.labels import class_labels_of
from scratchtune.metrics import accuracy_score
from scratchtune.tables.trees.base import BoostedTrees
from scratchtune.tables.trees.losses import of_classes, outputs_of, probabilities


class HistGradientBoostingClassifier(BoostedTrees):
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

    kind = "classifier"

    def __init__(
        self, learning_rate: float = 0.1, max_iter: int = 100, max_leaf_nodes: int | None = 31,
        max_depth: int | None = None, min_samples_leaf: int = 20, l2_regularization: float = 0.0,
        max_features: float = 1.0, max_bins: int = 255, categorical_features: Any = None,
        early_stopping: bool | str = "auto", validation_fraction: float | int | None = 0.1, n_iter_no_change: int = 10,
        tol: float = 1e-7, random_state: Any = None, class_weight: Any = None, verbose: int = 1,
    ) -> None:
        super().__init__(
            learning_rate, max_iter, max_leaf_nodes, max_depth, min_samples_leaf, l2_regularization, max_features,
            max_bins, categorical_features, early_stopping, validation_fraction, n_iter_no_change, tol, random_state,
            verbose)
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> HistGradientBoostingClassifier:
        """Train on X (n, features), in which NaN is missing, and the labels y (n,), numbers or text, or one-hot rows.

        Raises TypeError or ValueError where an argument or the data are not accepted.
        """
        self.check_arguments()
        with protocol.unchanged_by_failure(self):
            protocol.required_target(self, y)
            X = protocol.features(self, X, fitting=True, missing=True)
            labels = class_labels_of(y, len(X))
            weight = self.row_weights(sample_weight, len(X))
            self.classes_, codes = np.unique(labels, return_inverse=True)
            weight = weight * weight_of_rows(self.class_weight, self.classes_, codes, weight)
            present = np.unique(codes[weight > 0.0])
            if len(present) < 2:
                only = self.classes_[present].tolist()
                raise ValueError(
                    f"y holds one class, {only}, in the rows with weights above 0; it must hold at least two")
            loss = of_classes(len(self.classes_))
            self.train(X, codes, weight, loss, outputs_of(loss, len(self.classes_)))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row, (n,)."""
        found = self.predict_proba(X)
        return self.classes_[found.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, (n, classes), in the order of ``classes_``."""
        return probabilities(self.outputs(X))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """The logits: (n,) of the second class for two classes, else (n, classes)."""
        output = self.outputs(X)
        return output[0] if len(output) == 1 else output.T

    def staged_predict_proba(self, X: Any) -> Iterator[np.ndarray]:
        """Yield the probabilities after each iteration, (n, classes)."""
        for iteration in range(1, self.n_iter_ + 1):
            yield probabilities(self.outputs(X, iteration))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy on X and y."""
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)

    def strata(self, target: np.ndarray, rows: int) -> np.ndarray | None:
        """The classes, unless one of them or one of the parts has too few rows."""
        counts = np.unique(target, return_counts=True)[1]
        return target if counts.min() > 1 and len(counts) <= rows else None
