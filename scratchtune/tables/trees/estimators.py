"""The estimators: boosted trees whose sums are the logits of the classes, or values; and their files.

Compiled code reads the arrays of a file without tests of its own, so they are checked when the file is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.estimators.labels import check_classes
from scratchtune.core.estimators.rows import seed_from
from scratchtune.core.estimators.stored import (
    as_json,
    from_json,
    read_values,
    stored_arguments,
    stored_values,
    with_arguments,
)
from scratchtune.core.estimators.supervised import Classifier, Estimator, Regressor
from scratchtune.core.network.saving import Arrays, entry, real_array
from scratchtune.tables.trees.binning import MOST_BINS, Bins, encode, find_bins
from scratchtune.tables.trees.boosting import Forest, Plan, add_trees, boost, loss_and_outputs, probabilities
from scratchtune.tables.trees.split import Limits
from scratchtune.tables.trees.tree import Nodes, Training, most_leaves

KIND = "boosted trees"  # of saved files
UNLIMITED = 2**40
LARGEST, SMALLEST = 1e15, 1e-30  # of targets (and weights): squares of their sums still fit into float32


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
    random_state: Any = None
    verbose: int = 1

    file_kind = KIND
    kept: ClassVar[tuple[str, ...]] = ("train_score_", "baseline_")

    def check_arguments(self) -> None:
        """Check every argument before any work, except ``categorical_features``, which depends on the columns."""
        checks.real("learning_rate", self.learning_rate, 0.0, open_low=True)
        for name in ("max_iter", "min_samples_leaf"):
            checks.integer(name, getattr(self, name), 1)
        for name, least in (("max_leaf_nodes", 2), ("max_depth", 1)):
            if getattr(self, name) is not None:
                checks.integer(name, getattr(self, name), least)
        checks.integer("max_bins", self.max_bins, 2, MOST_BINS)
        checks.real("max_features", self.max_features, 0.0, 1.0, open_low=True)
        checks.real("l2_regularization", self.l2_regularization, 0.0)

    def features(self, X: Any, fitting: bool) -> np.ndarray:
        """Return X as float64, (n, features), in which NaN is missing; store or compare the columns."""
        return protocol.features(self, X, fitting, missing=True).astype(np.float64, copy=False)

    def row_weights(self, sample_weight: Any, rows: int) -> np.ndarray:
        """Return the weights of the rows, (rows,) float64, as they are; ones if none are given."""
        protocol.weights(sample_weight, rows)
        given = np.asarray(1.0 if sample_weight is None else sample_weight, np.float64)
        return not_too_large("sample_weight", np.broadcast_to(given, (rows,)))

    def train(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, outputs: int) -> None:
        """Fit to X (n, d), NaN missing, without rows of weight 0; ``outputs`` is the number of classes (or 1)."""
        d = X.shape[1]
        categorical = [checks.integer("categorical_features", column, 0, d - 1)
                       for column in ([] if self.categorical_features is None else self.categorical_features)]
        self.seed_ = seed_from(self.random_state)
        kept = weight > 0.0
        X, target, weight = X[kept], target[kept].astype(np.float64), weight[kept]
        self.bins_ = find_bins(X, np.isin(np.arange(d), categorical), self.max_bins, self.seed_)
        plan = Plan(*loss_and_outputs(self.kind, outputs), self.max_iter, self.seed_,
                    math.inf if self.deadline is None else self.deadline, self.verbose)
        limits = Limits(
            most_leaves(len(X), self.max_leaf_nodes, self.max_depth, self.min_samples_leaf),
            UNLIMITED if self.max_depth is None else int(self.max_depth), int(self.min_samples_leaf),
            max(1, int(self.max_features * d)), float(self.l2_regularization), float(self.learning_rate))
        training = Training(encode(self.bins_, X), self.bins_.columns())
        self.baseline_, self.forest_, losses = boost(training, target, weight, limits, plan)
        self.train_score_ = -np.array(losses)
        self.n_iter_ = len(losses) - 1

    def outputs(self, X: Any) -> np.ndarray:
        """Return the first outputs plus the values of all trees, for each row, (outputs, n) finite float64."""
        self.check_is_fitted()
        codes, trees = encode(self.bins_, self.features(X, False)), len(self.forest_.starts) - 1
        output = np.repeat(self.baseline_[:, None], codes.shape[1], axis=1)
        add_trees(codes, self.forest_.nodes, self.forest_.starts, 0, trees, output)
        return checks.finite_outputs(output, self.learning_rate)

    def packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return a file's content: a header for JSON, and the arrays; `unpacked` reads them."""
        self.check_is_fitted()
        header = {"class": type(self).__name__, "params": stored_arguments(self), "fitted": stored_values(self),
                  "bins": [as_json(self.bins_.starts), as_json(self.bins_.categorical)]}
        return header, {"edges": self.bins_.edges, **self.forest_.nodes._asdict(), "starts": self.forest_.starts}

    def check_fitted_values(self) -> None:
        """Raise unless the attributes read from a file, other than the trees, have the types that `fit` gives them."""
        super().check_fitted_values()
        outputs = len(self.baseline_)
        real_array("baseline_", self.baseline_, (outputs if self.kind == "classifier" else 1,), "float64")
        real_array("train_score_", self.train_score_, (self.n_iter_ + 1,), "float64")
        if self.kind == "classifier":
            check_classes(vars(self)["classes_"], 2 if outputs == 1 else outputs)

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


@dataclass(eq=False, repr=False)
class HistGradientBoostingClassifier(Classifier, BoostedTrees):
    """Gradient-boosted trees that minimise cross-entropy; an iteration is one tree for two classes, else one for each.

    Structure: at most ``max_iter`` iterations; a tree has at most ``max_leaf_nodes`` leaves (None: no limit), at most
    ``max_depth`` splits from its root to a leaf (None: no limit), and at least ``min_samples_leaf`` rows in each leaf.
    Training: ``learning_rate`` multiplies the values of the leaves; at each node a random ``max_features`` share of
    the columns is tried.
    Regularisation: ``l2_regularization`` is added to a leaf's sum of Hessians; ``class_weight`` is a dict from labels
    to numbers, or "balanced".
    Data: numbers are divided into at most ``max_bins`` bins; NaN is a missing value, and each split sends missing
    values where the loss decreases more. ``categorical_features`` are the indices of columns with categories, which are
    any numbers; one that was not seen in training is treated as missing.
    ``random_state``: the same integer gives the same bits; it is used for ``max_features``, and for the sample of the
    rows from which bins are computed if there are more than 200,000. ``verbose=1`` shows a progress bar.

    All iterations are made: there is no early stopping, which scikit-learn has by default above 10,000 rows. With a
    ``learning_rate`` above 2 the steps are longer than twice the best ones, and the loss may grow. A training has
    *diverged* if the loss on its own rows is higher after the last iteration than that of the constant before the
    first one, or not finite; `fit` then warns (`DivergenceWarning`), and keeps the iterations with a finite loss. After
    `fit`: ``classes_``, ``n_iter_``, ``train_score_`` (minus the mean loss before the first iteration and after each).
    A weight multiplies a row's loss; ``min_samples_leaf`` counts rows, whatever their weights, but for those of 0.
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


# Files ----------------------------------------------------------------------------------------------------------------


ESTIMATORS: dict[str, type[BoostedTrees]] = {
    kind.__name__: kind for kind in (HistGradientBoostingClassifier, HistGradientBoostingRegressor)}


def unpacked(header: dict[str, Any], arrays: Arrays) -> BoostedTrees:
    """Make the fitted estimator from what `BoostedTrees.packed` returns; a ValueError where that is damaged."""
    kind = ESTIMATORS[checks.choice("class", entry(header, "class"), ESTIMATORS)]
    estimator: BoostedTrees = with_arguments(kind, entry(header, "params"))
    vars(estimator).update(read_values(kind, entry(header, "fitted")))
    estimator.check_fitted_values()
    columns, trees = estimator.n_features_in_, estimator.n_iter_ * len(estimator.baseline_)
    estimator.bins_, estimator.forest_ = _bins(entry(header, "bins"), arrays, columns), _forest(arrays, columns, trees)
    return estimator


def _starts(name: str, starts: Any, parts: int, least: int) -> np.ndarray:
    """Return where ``parts`` begin, and the end; a ValueError unless from 0 on, ``least`` entries in each or more."""
    starts = real_array(name, starts, (parts + 1,), "int64")
    if starts[0] != 0 or (np.diff(starts) < least).any():
        raise ValueError(f"{name} is {starts.tolist()}; it must increase from 0")
    return starts


def _bins(header: Any, arrays: Arrays, columns: int) -> Bins:
    """Return the bins of a file; a ValueError unless the edges of each column increase, and its bins fit a byte.

    The header has where each column's edges begin, and 1 for each categorical column; the edges are an array.
    """
    first_edges, categorical = (from_json(part) for part in header)
    starts = _starts("the starts of bins", first_edges, columns, 0)
    categorical = real_array("categorical", categorical, (columns,), "uint8")
    edges = real_array("edges", entry(arrays, "edges"), (int(starts[-1]),), "float64")
    counts = np.diff(starts)
    columns_of_edges = np.repeat(np.arange(columns), counts)
    is_same_column = np.diff(columns_of_edges) == 0  # of an edge and the next one
    if (np.diff(edges)[is_same_column] <= 0.0).any():
        raise ValueError("the edges of a column's bins do not increase")
    bins = counts + 2 - categorical  # one more than edges, or one for each category; and one for missing values
    if (categorical > 1).any() or (bins > 256).any():
        raise ValueError(f"it has columns with {counts.max()} edges; a column must have at most 254, or 255 categories")
    return Bins(edges, starts, categorical)


def _forest(arrays: Arrays, columns: int, trees: int) -> Forest:
    """Return the trees of a file; a ValueError unless children follow their node in its tree, and columns exist."""
    starts = _starts("starts", entry(arrays, "starts"), trees, 1)
    nodes, sizes = int(starts[-1]), np.diff(starts)
    links, left, value = (real_array(name, entry(arrays, name), shape, dtype) for name, shape, dtype in (
        ("links", (nodes, 2), "int32"), ("left", (nodes, 4), "uint64"), ("value", (nodes,), "float64")))
    index = np.arange(nodes) - np.repeat(starts[:-1], sizes)
    size, (column, child) = np.repeat(sizes, sizes), links.T.astype(np.int64)  # child + 1 is exact
    is_split = (child > index) & (child + 1 < size) & (column >= 0) & (column < columns)
    if not (is_split | (child == 0) & (column == -1)).all():
        raise ValueError("its trees have nodes whose children or columns do not exist")
    return Forest(Nodes(links, left, value), starts)
