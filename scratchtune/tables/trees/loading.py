"""Loading: a saved estimator is made from the header and the arrays of its file, which are checked first.

Compiled code reads the arrays without tests of its own, so a damaged file must not get that far.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.estimators.labels import all_classes
from scratchtune.estimators.stored import from_json
from scratchtune.network.saving import Arrays, entry, real_array, text_list
from scratchtune.tables.trees.base import FITTED, BoostedTrees
from scratchtune.tables.trees.base import KIND as KIND
from scratchtune.tables.trees.binning import Bins
from scratchtune.tables.trees.classifier import HistGradientBoostingClassifier
from scratchtune.tables.trees.losses import LOSSES, of_classes, outputs_of
from scratchtune.tables.trees.prediction import Forest
from scratchtune.tables.trees.regressor import HistGradientBoostingRegressor
from scratchtune.tables.trees.tree import Nodes

ESTIMATORS: dict[str, type[BoostedTrees]] = {
    kind.__name__: kind for kind in (HistGradientBoostingClassifier, HistGradientBoostingRegressor)}


def unpacked(header: dict[str, Any], arrays: Arrays) -> BoostedTrees:
    """Make the fitted estimator from what `BoostedTrees.packed` returns; a ValueError where that is damaged."""
    kind = checks.choice("class", entry(header, "class"), ESTIMATORS)
    estimator = ESTIMATORS[kind](**{name: from_json(value) for name, value in entry(header, "params").items()})
    estimator.check_arguments()
    told = entry(header, "fitted")
    fitted = {name: from_json(told[name]) for name in FITTED if name in told}
    columns = checks.integer("n_features_in_", entry(fitted, "n_features_in_"), 1)
    bins = _bins(entry(header, "bins"), arrays, columns)
    outputs = _outputs(estimator, fitted)
    iterations = checks.integer("n_iter_", entry(fitted, "n_iter_"), 1)
    estimator.restore(fitted, bins, _forest(arrays, columns, iterations * outputs))
    return estimator


def _outputs(estimator: BoostedTrees, fitted: dict[str, Any]) -> int:
    """Check the fitted values other than the trees; return the number of trees of an iteration."""
    names, classes = fitted.get("feature_names_in_"), fitted.get("classes_", np.empty(0))
    if names is not None and len(text_list("feature_names_in_", list(names), False)) != fitted["n_features_in_"]:
        raise ValueError(f"feature_names_in_ has {len(names)} names; it must have {fitted['n_features_in_']}")
    loss = checks.choice("loss_", entry(fitted, "loss_"), LOSSES)
    if estimator.kind == "classifier":
        is_array = isinstance(classes, np.ndarray) and classes.ndim == 1 and len(classes) > 1
        if not is_array or not np.array_equal(all_classes(classes), classes) or loss != of_classes(len(classes)):
            raise ValueError(f"classes_ is {classes!r} and loss_ is {loss!r}; they must be different labels in order, "
                             "and the loss of their number")
    elif loss != "squared_error":
        raise ValueError(f"loss_ is {loss!r}; that of a regressor must be 'squared_error'")
    outputs = outputs_of(loss, len(classes))
    real_array("baseline_", entry(fitted, "baseline_"), (outputs,), "float64")
    checks.integer("_seed", entry(fitted, "_seed"), 0)
    checks.boolean("do_early_stopping_", entry(fitted, "do_early_stopping_"))
    for name in ("train_score_", "validation_score_"):
        real_array(name, entry(fitted, name), (len(entry(fitted, name)),), "float64", finite=False)
    return outputs


def _array(arrays: Arrays, name: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return real_array(name, entry(arrays, name), shape, dtype)


def _starts(name: str, starts: np.ndarray, end: int, least: int) -> np.ndarray:
    """Return the starts of parts if they go from 0 to ``end``, and each part has at least ``least`` entries."""
    if starts[0] != 0 or starts[-1] != end or (np.diff(starts) < least).any():
        raise ValueError(f"{name} is {starts.tolist()}; it must increase from 0 to {end}")
    return starts


def _bins(told: Any, arrays: Arrays, columns: int) -> Bins:
    starts, categorical = (from_json(part) for part in told)
    starts = real_array("the starts of bins", starts, (columns + 1,), "int64")
    categorical = real_array("categorical", categorical, (columns,), "uint8")
    edges = _array(arrays, "edges", (int(starts[-1]),), "float64")
    counts = np.diff(_starts("the starts of bins", starts, len(edges), 0))
    if (categorical > 1).any() or (counts + 2 - categorical > 256).any():
        raise ValueError(f"it has columns with {counts.max()} edges; a column must have at most 254, or 255 categories")
    for j in range(columns):
        if (np.diff(edges[starts[j] : starts[j + 1]]) <= 0.0).any():
            raise ValueError(f"the edges of column {j} are not in increasing order")
    return Bins(edges, starts, categorical)


def _forest(arrays: Arrays, columns: int, trees: int) -> Forest:
    """Return the trees if each node's children follow it within its tree, and it splits a column that there is."""
    starts = _array(arrays, "starts", (trees + 1,), "int64")
    nodes = int(starts[-1])
    _starts("starts", starts, nodes, 1)
    links = _array(arrays, "links", (nodes, 2), "int32")
    left, value = _array(arrays, "left", (nodes, 4), "uint64"), _array(arrays, "value", (nodes,), "float64")
    index = np.arange(nodes) - np.repeat(starts[:-1], np.diff(starts))
    size, (column, child) = np.repeat(np.diff(starts), np.diff(starts)), links.T.astype(np.int64)  # child + 1 is exact
    is_split = (child > index) & (child + 1 < size) & (column >= 0) & (column < columns)
    if not (is_split | (child == 0) & (column == -1)).all():
        raise ValueError("its trees have nodes whose children or columns do not exist")
    return Forest(Nodes(links, left, value), starts)
