"""Loading: a saved estimator is made from the header and the arrays of its file, which are checked first.

Compiled code reads the arrays without tests of its own, so a damaged file must not get that far.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.estimators.stored import from_json, read_arguments
from scratchtune.network.saving import Arrays, entry, real_array
from scratchtune.tables.trees.base import FITTED, BoostedTrees
from scratchtune.tables.trees.base import KIND as KIND
from scratchtune.tables.trees.binning import Bins
from scratchtune.tables.trees.estimators import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from scratchtune.tables.trees.prediction import Forest
from scratchtune.tables.trees.tree import Nodes

ESTIMATORS: dict[str, type[BoostedTrees]] = {
    kind.__name__: kind for kind in (HistGradientBoostingClassifier, HistGradientBoostingRegressor)}


def unpacked(header: dict[str, Any], arrays: Arrays) -> BoostedTrees:
    """Make the fitted estimator from what `BoostedTrees.packed` returns; a ValueError where that is damaged."""
    kind = checks.choice("class", entry(header, "class"), ESTIMATORS)
    estimator = ESTIMATORS[kind](**read_arguments(entry(header, "params")))
    estimator.check_arguments()
    told = entry(header, "fitted")
    vars(estimator).update({name: from_json(told[name]) for name in FITTED if name in told})
    estimator.check_fitted_values()
    columns, trees = estimator.n_features_in_, estimator.n_iter_ * len(estimator.baseline_)
    estimator.bins_, estimator.forest_ = _bins(entry(header, "bins"), arrays, columns), _forest(arrays, columns, trees)
    return estimator


def _sizes(name: str, starts: np.ndarray, least: int) -> np.ndarray:
    """Return the sizes of parts if they begin at 0, and each part has at least ``least`` entries."""
    if starts[0] != 0 or (np.diff(starts) < least).any():
        raise ValueError(f"{name} is {starts.tolist()}; it must increase from 0")
    return np.diff(starts)


def _bins(told: Any, arrays: Arrays, columns: int) -> Bins:
    starts, categorical = (from_json(part) for part in told)
    starts = real_array("the starts of bins", starts, (columns + 1,), "int64")
    categorical = real_array("categorical", categorical, (columns,), "uint8")
    edges = real_array("edges", entry(arrays, "edges"), (int(starts[-1]),), "float64")
    counts = _sizes("the starts of bins", starts, 0)
    if (categorical > 1).any() or (counts + 2 - categorical > 256).any():
        raise ValueError(f"it has columns with {counts.max()} edges; a column must have at most 254, or 255 categories")
    return Bins(edges, starts, categorical)


def _forest(arrays: Arrays, columns: int, trees: int) -> Forest:
    """Return the trees if each node's children follow it within its tree, and it splits a column that there is."""
    starts = real_array("starts", entry(arrays, "starts"), (trees + 1,), "int64")
    nodes = int(starts[-1])
    sizes = _sizes("starts", starts, 1)
    links, left, value = (real_array(name, entry(arrays, name), shape, dtype) for name, shape, dtype in (
        ("links", (nodes, 2), "int32"), ("left", (nodes, 4), "uint64"), ("value", (nodes,), "float64")))
    index = np.arange(nodes) - np.repeat(starts[:-1], sizes)
    size, (column, child) = np.repeat(sizes, sizes), links.T.astype(np.int64)  # child + 1 is exact
    is_split = (child > index) & (child + 1 < size) & (column >= 0) & (column < columns)
    if not (is_split | (child == 0) & (column == -1)).all():
        raise ValueError("its trees have nodes whose children or columns do not exist")
    return Forest(Nodes(links, left, value), starts)
