"""What both estimators share: arguments, training, predictions and files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune import checks, protocol
from scratchtune.estimators.rows import seed_from
from scratchtune.estimators.stored import as_json
from scratchtune.evaluation.splits import train_test_split
from scratchtune.network.saving import write_whole
from scratchtune.tables.trees.binning import MOST_BINS, Bins, encode, find_bins
from scratchtune.tables.trees.boosting import Plan, Rows, Stopping, boost
from scratchtune.tables.trees.prediction import Forest, add_trees
from scratchtune.tables.trees.split import Limits
from scratchtune.tables.trees.tree import Training, most_leaves

KIND = "boosted trees"  # of saved files
LARGE = 10_000  # with more rows, early_stopping="auto" means True
UNLIMITED = 2**40
LARGEST, SMALLEST = 1e15, 1e-30  # of targets (and weights): squares of their sums still fit into float32
FITTED = ("classes_", "n_features_in_", "feature_names_in_", "n_iter_", "train_score_", "validation_score_",
          "do_early_stopping_", "_seed", "baseline_", "loss_")


class BoostedTrees(protocol.Parameters):
    """The base class of both estimators; the arguments are described at `HistGradientBoostingClassifier`."""

    n_features_in_: int
    kind: str
    deadline: float | None = None  # of time.monotonic: training ends after the iteration that passes it

    def __init__(
        self, learning_rate: float = 0.1, max_iter: int = 100, max_leaf_nodes: int | None = 31,
        max_depth: int | None = None, min_samples_leaf: int = 20, l2_regularization: float = 0.0,
        max_features: float = 1.0, max_bins: int = 255, categorical_features: Any = None,
        early_stopping: bool | str = "auto", validation_fraction: float | int | None = 0.1, n_iter_no_change: int = 10,
        tol: float = 1e-7, random_state: Any = None, verbose: int = 1,
    ) -> None:
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose

    def check_arguments(self) -> None:
        """Check every argument before any work, except ``categorical_features``, which depends on the columns."""
        checks.real("learning_rate", self.learning_rate, 0.0, open_low=True)
        for name in ("max_iter", "min_samples_leaf", "n_iter_no_change"):
            checks.integer(name, getattr(self, name), 1)
        if self.max_leaf_nodes is not None:
            checks.integer("max_leaf_nodes", self.max_leaf_nodes, 2)
        if self.max_depth is not None:
            checks.integer("max_depth", self.max_depth, 1)
        checks.integer("max_bins", self.max_bins, 2, MOST_BINS)
        checks.real("max_features", self.max_features, 0.0, 1.0, open_low=True)
        for name in ("l2_regularization", "tol"):
            checks.real(name, getattr(self, name), 0.0)
        if isinstance(self.early_stopping, str):
            checks.choice("early_stopping", self.early_stopping, ["auto", True, False])
        else:
            checks.boolean("early_stopping", self.early_stopping)
        if isinstance(self.validation_fraction, (int, np.integer)):
            checks.integer("validation_fraction", self.validation_fraction, 1)
        elif self.validation_fraction is not None:
            checks.real("validation_fraction", self.validation_fraction, 0.0, 1.0, open_low=True, open_high=True)

    # Training --------------------------------------------------------------------------------------------------------

    def train(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, loss: str, outputs: int) -> None:
        """Fit on rows (n, d) in which NaN is missing, targets (n,) and weights (n,); rows of weight 0 are left out."""
        categorical = self._categorical(X.shape[1])
        self._seed, self.loss_ = seed_from(self.random_state), loss
        kept = weight > 0.0
        X, target, weight = X[kept].astype(np.float64), target[kept].astype(np.float64), weight[kept]
        self.do_early_stopping_ = len(X) > LARGE if self.early_stopping == "auto" else bool(self.early_stopping)
        held_out: tuple[np.ndarray, ...] = ()
        if self.do_early_stopping_ and self.validation_fraction is not None:
            parts = self._split(X, target, weight)
            (X, target, weight), held_out = zip(*parts, strict=True)
        self.bins_ = find_bins(X, categorical, self.max_bins, self._seed)
        rows = Rows(encode(self.bins_, X), target, weight)
        validation = Rows(encode(self.bins_, held_out[0]), held_out[1], held_out[2]) if held_out else None
        stopping = Stopping(self.n_iter_no_change, float(self.tol)) if self.do_early_stopping_ else None
        fitted = boost(
            Training(rows.codes, self.bins_.columns()), rows, validation, self._limits(*X.shape),
            Plan(loss, outputs, self.max_iter, self._seed, math.inf if self.deadline is None else self.deadline),
            stopping, self.verbose)
        self.baseline_, self.forest_ = fitted.baseline, fitted.forest
        self.train_score_ = -np.array(fitted.training_losses)
        self.validation_score_ = -np.array(fitted.validation_losses)
        self.n_iter_ = len(fitted.training_losses) - 1

    def _limits(self, rows: int, columns: int) -> Limits:
        leaves = most_leaves(rows, self.max_leaf_nodes, self.max_depth, self.min_samples_leaf)
        depth = UNLIMITED if self.max_depth is None else self.max_depth
        tried = max(1, int(self.max_features * columns))
        return Limits(leaves, int(depth), int(self.min_samples_leaf), tried, float(self.l2_regularization),
                      float(self.learning_rate))

    def _split(self, *arrays: np.ndarray) -> list[list[np.ndarray]]:
        """Split each array into a training part and a validation part for early stopping."""
        rows, share = len(arrays[0]), self.validation_fraction
        held_out = share if isinstance(share, (int, np.integer)) else math.ceil(share * rows)  # type: ignore[operator]
        if held_out >= rows:
            raise ValueError(
                f"validation_fraction is {share} and there are {rows} rows to train on, which leaves none; give more "
                "rows, or early_stopping=False")
        parts = train_test_split(
            *arrays, test_size=int(held_out), random_state=self._seed % 2**32,
            stratify=self.strata(arrays[1], min(held_out, rows - held_out)))
        return [parts[i : i + 2] for i in range(0, len(parts), 2)]

    def strata(self, target: np.ndarray, rows: int) -> np.ndarray | None:
        """The labels to stratify the validation split by, if each part has at least ``rows`` rows; None for none."""
        return None

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

    def row_weights(self, sample_weight: Any, rows: int) -> np.ndarray:
        """Return the weights of the rows, (rows,) float64, as they are; ones if none are given."""
        protocol.weights(sample_weight, rows)
        weight = np.ones(rows) if sample_weight is None else np.broadcast_to(
            np.asarray(sample_weight, np.float64), (rows,))
        return not_too_large("sample_weight", weight)

    # Predictions -----------------------------------------------------------------------------------------------------

    def outputs(self, X: Any, iterations: int | None = None) -> np.ndarray:
        """Return the sum of the trees of the first ``iterations``, or of all, for each row, (outputs, n) float64."""
        if not hasattr(self, "forest_"):
            raise protocol.not_fitted(self)
        X = protocol.features(self, X, fitting=False, missing=True)
        codes, trees = encode(self.bins_, X.astype(np.float64)), len(self.forest_.starts) - 1
        output = np.repeat(self.baseline_[:, None], len(X), axis=1)
        end = trees if iterations is None else min(trees, iterations * len(output))
        add_trees(codes, self.forest_.nodes, self.forest_.starts, 0, end, output)
        return output

    # Files -----------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to an .npz file, which `scratchtune.load_model` reads; nothing is executable."""
        write_whole(Path(path), KIND, *self.packed())

    def packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return a file's content: a header for JSON, and the arrays; `scratchtune.tables.trees.loading` reads them.

        Class weights and a random state are not stored.
        """
        if not hasattr(self, "forest_"):
            raise protocol.not_fitted(self)
        params = {name: as_json(value) for name, value in self.get_params().items()
                  if name not in ("random_state", "class_weight")}
        fitted = {name: as_json(value) for name, value in vars(self).items() if name in FITTED}
        header = {"class": type(self).__name__, "params": params, "fitted": fitted,
                  "bins": [as_json(self.bins_.starts), as_json(self.bins_.categorical)]}
        return header, {"edges": self.bins_.edges, **self.forest_.nodes._asdict(), "starts": self.forest_.starts}

    def restore(self, fitted: dict[str, Any], bins: Bins, forest: Forest) -> None:
        """Set the fitted attributes that a file holds, after they have been checked."""
        vars(self).update(fitted)
        self.bins_, self.forest_ = bins, forest

    # scikit-learn ----------------------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "forest_")

    def __sklearn_tags__(self) -> Any:
        tags = protocol.tags(self.kind)
        tags.input_tags.allow_nan = True
        return tags

    @property
    def _estimator_type(self) -> str:
        return self.kind


def not_too_large(name: str, values: np.ndarray, smallest: float = 0.0) -> np.ndarray:
    """Return the values; a ValueError if a square does not fit into float32, or none is as large as ``smallest``."""
    largest = values[np.abs(values).argmax()] if len(values) else 0.0
    if abs(largest) > LARGEST or 0.0 < abs(largest) < smallest:
        raise ValueError(f"{name} holds {largest:g}; the largest must be from {smallest:g} to {LARGEST:g}: rescale it")
    return values
