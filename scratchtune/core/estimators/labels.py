"""Targets are checked before any work: class labels are integers, booleans or text, as a vector or as one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import protocol
from scratchtune.core.metrics.labels import checked_labels, rectangular


def is_vector(y: Any) -> bool:
    """Whether there is one value per row, in one dimension or in a single column."""
    array = np.asarray(y)
    return array.ndim == 1 or array.shape[1] == 1


def class_labels_of(y: Any, rows: int) -> np.ndarray:
    """Class labels, (n,), from numbers, text or one-hot rows; a ValueError for anything else."""
    labels = _labels("y", protocol.column_as_vector(rectangular("y", y)))
    if len(labels) != rows:
        raise ValueError(f"y has {len(labels)} rows and X has {rows}; they must be equal in number")
    return labels


def all_classes(classes: Any) -> np.ndarray:
    """Return the sorted, distinct labels given to the first `partial_fit`."""
    labels = rectangular("classes", classes)
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"classes is {classes!r}; it must be a list of labels")
    return np.unique(_labels("classes", labels))


def check_classes(known: Any, number: int) -> None:
    """Raise a ValueError unless the classes read from a file are so many different labels in order."""
    is_array = isinstance(known, np.ndarray) and known.shape == (number,)
    if not is_array or not np.array_equal(all_classes(known), known):
        raise ValueError(f"classes_ is {known!r}; it must hold {number} different labels in order")


def _labels(name: str, y: np.ndarray) -> np.ndarray:
    """Return checked labels, (n,); texts in an array of Python objects remain such, as in scikit-learn."""
    labels = checked_labels(name, y)
    return y if y.dtype == object and y.ndim == 1 and labels.dtype.kind == "U" else labels
