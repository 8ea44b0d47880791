"""Rows of data of every kind: arrays, tables, sparse matrices and lists are indexed by their rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.metrics import class_labels, is_one_hot


def number_of_rows(array: Any) -> int:
    """Return the number of rows of an array, a table, a sparse matrix or a list."""
    shape = getattr(array, "shape", None)
    if shape is not None and len(shape) > 0:
        return int(shape[0])
    if hasattr(array, "__len__") and not isinstance(array, (str, bytes, dict)):
        return len(array)
    raise TypeError(f"{type(array).__name__} has no rows; an array, a table or a list is needed")


def is_sparse(array: Any) -> bool:
    """Whether this is one of SciPy's sparse matrices or arrays, which is found out without importing SciPy."""
    return hasattr(array, "tocsr") and hasattr(array, "nnz")


def take_rows(array: Any, index: np.ndarray) -> Any:
    """Return the rows of an array, a table (by position), a sparse matrix or a list.

    Rows of a sparse matrix are taken in the row format, CSR, as scikit-learn does; other formats have no fast rows.
    """
    if array is None:
        return None
    if is_sparse(array):
        return array.tocsr()[index]
    if hasattr(array, "iloc"):
        return array.iloc[index]
    if hasattr(array, "shape"):
        return array[index]
    return [array[i] for i in index]


def check_rows(X: Any, y: Any, groups: Any = None) -> None:
    """Raise a ValueError if X is empty, if y or groups differ from it in length, or if values are masked."""
    rows = number_of_rows(X)
    if rows == 0:
        raise ValueError("X is empty; it must have at least one row")
    for name, values in (("X", X), ("y", y), ("groups", groups)):
        checks.refuse_masked(name, values)
    for name, values in (("y", y), ("groups", groups)):
        if values is not None and number_of_rows(values) != rows:
            raise ValueError(f"{name} has {number_of_rows(values)} rows and X has {rows}; they must be equal in number")


def generator(random_state: Any) -> np.random.RandomState:
    """Return a RandomState: a new one for a seed, the given one itself, or one with fresh entropy for None."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if random_state is None:
        return np.random.RandomState()
    return np.random.RandomState(checks.integer("random_state", random_state, low=0, high=2**32 - 1))


def discrete_labels(name: str, y: Any) -> np.ndarray:
    """Return class labels, (n,), from labels or one-hot rows; a ValueError where y is continuous."""
    labels = class_labels(name, y)
    if labels.dtype.kind == "f":
        broken = labels[~(labels == np.floor(labels))]
        if broken.size:
            raise ValueError(
                f"{name} holds {broken[0]}; it must hold class labels: integers, text or one-hot rows")
    return labels


def are_classes(y: Any) -> bool:
    """Whether y by itself looks like class labels: integers, booleans, text or one-hot rows (floats do not)."""
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] > 1:
        return is_one_hot(array)
    return array.dtype.kind in "buiUSO"


def are_float_integers(y: Any) -> bool:
    """Whether y is a vector of floating-point numbers all of which are integers."""
    array = np.asarray(y)
    vector = array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)
    return vector and array.dtype.kind == "f" and bool((array == np.floor(array)).all())
