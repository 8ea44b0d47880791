"""Targets are checked before any work: class labels are integers, booleans or text, as a vector or as one-hot rows.

The words in brackets in the messages are scikit-learn's, which its checks of estimators look for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import protocol
from scratchtune.metrics import class_labels
from scratchtune.metrics.labels import LABELS, rectangular


def is_vector(y: Any) -> bool:
    """Whether there is one value per row, in one dimension or in a single column."""
    array = np.asarray(y)
    return array.ndim == 1 or array.shape[1] == 1


def class_labels_of(y: Any, rows: int) -> np.ndarray:
    """Class labels, (n,), from numbers, text or one-hot rows; a ValueError for anything else."""
    labels = class_labels("y", _labels("y", protocol.column_as_vector(rectangular("y", y))))
    if len(labels) != rows:
        raise ValueError(f"y has {len(labels)} rows and X has {rows}; they must be equal in number")
    return labels


def all_classes(classes: Any) -> np.ndarray:
    """Return the sorted, distinct labels given to the first `partial_fit`."""
    labels = _labels("classes", rectangular("classes", classes))
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"classes is {classes!r}; it must be a list of labels")
    return np.unique(labels)


def check_classes(known: Any, number: int) -> None:
    """Raise a ValueError unless the classes read from a file are so many different labels in order."""
    is_array = isinstance(known, np.ndarray) and known.shape == (number,)
    if not is_array or not np.array_equal(all_classes(known), known):
        raise ValueError(f"classes_ is {known!r}; it must hold {number} different labels in order")


def _labels(name: str, labels: np.ndarray) -> np.ndarray:
    """Return an array of labels; raise a ValueError if they are missing, mixed, infinite, complex or fractional.

    Floating-point numbers without a fraction, such as 2.0, are labels, and remain what they are.
    """
    if labels.dtype == object:
        labels = _of_one_kind(name, labels)
    if labels.dtype.kind == "c":
        raise ValueError(f"{name} holds complex numbers (Unknown label type: complex); labels must be {LABELS}")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(
            f"{name} holds NaN or infinity (Input {name} contains NaN or infinity); every label must be known")
    if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
        raise ValueError(
            f"{name} holds {labels[labels != np.floor(labels)][0]:g} (Unknown label type: continuous); labels must be "
            f"{LABELS}, and one-hot rows hold only 0 and 1; for other numbers use a regressor")
    return labels


def _of_one_kind(name: str, labels: np.ndarray) -> np.ndarray:
    """Return an array of Python objects unchanged if all are text; convert it to numbers otherwise.

    Raise a ValueError for missing or mixed labels.
    """
    are_text = [isinstance(label, str) for label in labels.flat]
    if all(are_text):
        return labels
    for label in labels.flat:
        is_nan = np.isscalar(label) and label != label  # only NaN differs from itself
        if label is None or is_nan or protocol.is_missing(label):
            raise ValueError(f"{name} holds {label!r} (Input {name} contains NaN); every label must be known")
    if any(are_text):
        raise ValueError(f"{name} holds text and numbers (Unknown label type: mixed); labels must be of one kind")
    try:
        return np.array(labels.tolist())
    except ValueError:
        raise ValueError(
            f"{name} has rows of unequal length (Unknown label type: unknown); it must hold one label for each row"
        ) from None
