"""What both estimators share: arguments, training, predictions and files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune import checks, protocol
from scratchtune.estimators.labels import check_classes
from scratchtune.estimators.stored import as_json, stored_arguments
from scratchtune.estimators.supervised import Estimator
from scratchtune.network.saving import real_array
from scratchtune.tables.trees.binning import MOST_BINS, encode, find_bins
from scratchtune.tables.trees.boosting import Plan, Rows, boost
from scratchtune.tables.trees.losses import loss_of, outputs_of
from scratchtune.tables.trees.prediction import add_trees
from scratchtune.tables.trees.split import Limits
from scratchtune.tables.trees.tree import most_leaves

KIND = "boosted trees"  # of saved files
LARGE = 10_000  # with more rows, early_stopping="auto" means True
UNLIMITED = 2**40
LARGEST, SMALLEST = 1e15, 1e-30  # of targets (and weights): squares of their sums still fit into float32
FITTED = ("classes_", "n_features_in_", "feature_names_in_", "n_iter_", "train_score_", "validation_score_",
          "do_early_stopping_", "_seed", "baseline_", "loss_")


@dataclass(eq=False, repr=False)
class BoostedTrees(Estimator):
    """The base class of both estimators; the arguments are described at `HistGradientBoostingClassifier`."""

    learning_rate: float = 0.1
    max_iter: int = 100
    max_leaf_nodes: int | None = 31
    max_depth: int | None = None
    min_samples_leaf: int = 20
    l2_regularization: float = 0.0
    max_features: float = 1.0
    max_bins: int = 255
    categorical_features: Any = None
    early_stopping: bool | str = "auto"
    validation_fraction: float | int | None = 0.1
    n_iter_no_change: int = 10
    tol: float = 1e-7
    random_state: Any = None
    verbose: int = 1

    file_kind = KIND

    def check_arguments(self) -> None:
        """Check every argument before any work, except ``categorical_features``, which depends on the columns."""
        checks.real("learning_rate", self.learning_rate, 0.0, open_low=True)
        for name in ("max_iter", "min_samples_leaf", "n_iter_no_change"):
            checks.integer(name, getattr(self, name), 1)
        for name, least in (("max_leaf_nodes", 2), ("max_depth", 1)):
            if getattr(self, name) is not None:
                checks.integer(name, getattr(self, name), least)
        checks.integer("max_bins", self.max_bins, 2, MOST_BINS)
        checks.real("max_features", self.max_features, 0.0, 1.0, open_low=True)
        for name in ("l2_regularization", "tol"):
            checks.real(name, getattr(self, name), 0.0)
        checks.choice("early_stopping", self.early_stopping, ["auto", True, False])
        if isinstance(self.validation_fraction, (int, np.integer)):
            checks.integer("validation_fraction", self.validation_fraction, 1)
        elif self.validation_fraction is not None:
            checks.real("validation_fraction", self.validation_fraction, 0.0, 1.0, open_low=True, open_high=True)

    def features(self, X: Any, fitting: bool) -> np.ndarray:
        """Return X as float64, (n, features), in which NaN is missing; store or compare the columns."""
        return protocol.features(self, X, fitting, missing=True).astype(np.float64, copy=False)

    def row_weights(self, sample_weight: Any, rows: int) -> np.ndarray:
        """Return the weights of the rows, (rows,) float64, as they are; ones if none are given."""
        protocol.weights(sample_weight, rows)
        given = np.asarray(1.0 if sample_weight is None else sample_weight, np.float64)
        return not_too_large("sample_weight", np.broadcast_to(given, (rows,)))

    def train(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, outputs: int) -> None:
        """Fit on rows (n, d) in which NaN is missing, targets (n,) and weights (n,); rows of weight 0 are left out."""
        categorical = self._categorical(X.shape[1])
        self.draw_seed()
        self.loss_ = loss_of(self.kind, outputs)
        kept = weight > 0.0
        X, target, weight = X[kept], target[kept].astype(np.float64), weight[kept]
        self.do_early_stopping_ = len(X) > LARGE if self.early_stopping == "auto" else bool(self.early_stopping)
        held_out: tuple[np.ndarray, ...] = ()
        if self.do_early_stopping_ and self.validation_fraction is not None:
            (X, target, weight), held_out = zip(*self.validation_split(X, target, weight), strict=True)
        self.bins_ = find_bins(X, categorical, self.max_bins, self.seed_)
        rows = Rows(encode(self.bins_, X), target, weight)
        validation = Rows(encode(self.bins_, held_out[0]), *held_out[1:]) if held_out else None
        plan = Plan(
            self.loss_, outputs_of(self.loss_, outputs), self.max_iter, self.seed_,
            self.n_iter_no_change if self.do_early_stopping_ else 0, float(self.tol),
            math.inf if self.deadline is None else self.deadline, self.verbose)
        limits = Limits(
            most_leaves(len(X), self.max_leaf_nodes, self.max_depth, self.min_samples_leaf),
            UNLIMITED if self.max_depth is None else int(self.max_depth), int(self.min_samples_leaf),
            max(1, int(self.max_features * X.shape[1])), float(self.l2_regularization), float(self.learning_rate))
        self.baseline_, self.forest_, losses, held_out_losses = boost(
            self.bins_.columns(), rows, validation, limits, plan)
        self.train_score_, self.validation_score_ = -np.array(losses), -np.array(held_out_losses)
        self.n_iter_ = len(losses) - 1

    def _categorical(self, columns: int) -> np.ndarray:
        """Return which columns hold categories, (d,) bool, from indices, names or a mask."""
        told, mask = self.categorical_features, np.zeros(columns, bool)
        if told is None:
            return mask
        chosen = np.atleast_1d(np.asarray(told))
        if chosen.dtype.kind == "b" and chosen.shape == (columns,):
            return chosen
        names = getattr(self, "feature_names_in_", None)
        if chosen.dtype.kind in "UO" and names is not None:
            known = list(names)
            indices = [known.index(checks.choice("categorical_features", name, known)) for name in chosen.tolist()]
        elif chosen.dtype.kind in "iu" or chosen.size == 0:
            indices = [checks.integer("categorical_features", index, 0, columns - 1) for index in chosen.tolist()]
        else:
            raise ValueError(
                f"categorical_features is {told!r}; it must hold indices of the {columns} columns, their names if X "
                f"has names, or {columns} booleans")
        mask[indices] = True
        return mask

    def outputs(self, X: Any) -> np.ndarray:
        """Return the sum of the trees for each row, (outputs, n) float64."""
        self.check_is_fitted()
        codes, trees = encode(self.bins_, self.features(X, False)), len(self.forest_.starts) - 1
        output = np.repeat(self.baseline_[:, None], codes.shape[1], axis=1)
        add_trees(codes, self.forest_.nodes, self.forest_.starts, 0, trees, output)
        return output

    def packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return a file's content: a header for JSON, and the arrays; `scratchtune.tables.trees.loading` reads them."""
        self.check_is_fitted()
        fitted = {name: as_json(value) for name, value in vars(self).items() if name in FITTED}
        header = {"class": type(self).__name__, "params": stored_arguments(self), "fitted": fitted,
                  "bins": [as_json(self.bins_.starts), as_json(self.bins_.categorical)]}
        return header, {"edges": self.bins_.edges, **self.forest_.nodes._asdict(), "starts": self.forest_.starts}

    def check_fitted_values(self) -> None:
        """Raise unless the attributes read from a file, other than the trees, have the types that `fit` gives them."""
        super().check_fitted_values()
        classes = 2 if self.loss_ == "log_loss" else len(self.baseline_)
        if self.loss_ != loss_of(self.kind, classes):
            raise ValueError(f"loss_ is {self.loss_!r}, which is not that of a {self.kind} with {classes} outputs")
        if self.kind == "classifier":
            check_classes(getattr(self, "classes_", None), classes)
        real_array("baseline_", self.baseline_, (outputs_of(self.loss_, classes),), "float64")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def not_too_large(name: str, values: np.ndarray, smallest: float = 0.0) -> np.ndarray:
    """Return the values; a ValueError if a square does not fit into float32, or none is as large as ``smallest``."""
    largest = values[np.abs(values).argmax()] if len(values) else 0.0
    if abs(largest) > LARGEST or 0.0 < abs(largest) < smallest:
        raise ValueError(f"{name} holds {largest:g}; the largest must be from {smallest:g} to {LARGEST:g}: rescale it")
    return values
