"""Rows of data of every kind: arrays, tables, sparse matrices and lists are indexed by their rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.metrics import is_one_hot


def number_of_rows(array: Any) -> int:
    """Return the number of rows of an array, a table, a sparse matrix or a list."""
    shape = getattr(array, "shape", None)
    if shape is not None and len(shape) > 0:
        return int(shape[0])
    if hasattr(array, "__len__") and not isinstance(array, (str, bytes, dict)):
        return len(array)
    raise TypeError(f"{type(array).__name__} has no rows; an array, a table or a list is needed")


def take_rows(array: Any, index: np.ndarray) -> Any:
    """Return the rows of an array, a table (by position), a sparse matrix of SciPy (as CSR) or a list; None of None."""
    if array is None:
        return None
    if hasattr(array, "tocsr"):
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


def are_classes(y: Any, floats: bool = False) -> bool:
    """Whether y looks like class labels: integers, booleans, text, one-hot rows; with ``floats`` 0.0, 1.0, .. too."""
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] > 1:
        return is_one_hot(array)
    if array.dtype.kind == "f":
        return floats and bool((array == np.floor(array)).all())
    return array.dtype.kind in "buiUSO"
