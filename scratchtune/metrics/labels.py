"""Labels are the classes of rows; this module checks them and numbers them, so that formulas can count them.

Labels are integers, booleans or text, one for each row, (n,), or one-hot rows, (n, classes). Multilabel rows are
indicators: a matrix of 0 and 1, one column for each label.
"""

from __future__ import annotations

import numbers
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks

LABELS = "integers, booleans or text"  # what class labels may be, for messages


class UndefinedMetricWarning(UserWarning):
    """A metric is undefined on these rows (such as precision if nothing is predicted) and set to 0 or NaN."""


# Labels of one side --------------------------------------------------------------------------------------------------


def is_one_hot(y: np.ndarray) -> bool:
    """Whether the rows of a matrix are one-hot: two columns or more, a single 1 in each row, else 0."""
    if y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind not in "buif":
        return False
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def class_labels(name: str, y: Any) -> np.ndarray:
    """Return class labels as an array, (n,): one-hot rows become the index of their column."""
    labels = rectangular(name, y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if is_one_hot(labels):
        labels = labels.argmax(axis=1)
    if labels.ndim != 1:
        raise ValueError(
            f"{name} has shape {labels.shape}; it must hold labels, of shape (n,), or one-hot rows, (n, classes)")
    return labels


def checked_labels(name: str, y: Any) -> np.ndarray:
    """Return class labels, (n,); raise a ValueError for anything that is not a label, such as NaN or 0.5."""
    labels = class_labels(name, y)
    if labels.dtype.kind in "OT":
        labels = _unboxed(name, labels)
    if labels.dtype.kind not in "buifU":
        raise ValueError(f"{name} holds values of type {labels.dtype}; labels must be {LABELS}")
    if labels.dtype.kind == "f" and not (labels == np.floor(labels)).all():
        unknown = labels[labels != np.floor(labels)][0]
        raise ValueError(f"{name} holds {unknown}, which is not a class label; labels must be {LABELS}")
    if labels.dtype.kind == "f" and np.isinf(labels).any():
        raise ValueError(f"{name} holds infinity, which is not a class label; labels must be {LABELS}")
    return labels


def _unboxed(name: str, labels: np.ndarray) -> np.ndarray:
    """Convert an array of Python objects to one of text or of numbers; raise a ValueError if they are mixed."""
    if all(issubclass(kind, str) for kind in set(map(type, labels))):
        return labels.astype(np.str_)
    text = isinstance(labels[0], str)
    for label in labels:
        if isinstance(label, str) if not text else not isinstance(label, str):
            raise ValueError(f"{name} holds {labels[0]!r} and {label!r}; labels must be all numbers or all text")
        if not text and not isinstance(label, (numbers.Real, np.bool_)):
            raise ValueError(f"{name} holds {label!r}, which is not a class label; labels must be {LABELS}")
    return np.array(labels.tolist())


def rectangular(name: str, y: Any) -> np.ndarray:
    """Return ``y`` as an array; a ValueError if values are masked or its rows differ in length."""
    checks.refuse_masked(name, y)
    try:
        return np.asarray(y)
    except ValueError:
        raise ValueError(f"{name} has rows of unequal length; it must be a rectangular array") from None


# Labels of two sides -------------------------------------------------------------------------------------------------


class Encoded(NamedTuple):
    """True and predicted labels as numbers: indices of the classes, (n,), or indicators, (n, classes)."""

    classes: np.ndarray  # sorted; for indicators the indices of their columns
    true: np.ndarray
    predicted: np.ndarray

    @property
    def several(self) -> bool:
        """Whether a row may have several labels."""
        return self.true.ndim == 2


def encoded(y_true: Any, y_pred: Any) -> Encoded:
    """Check true and predicted labels, and number them; two matrices are indicators."""
    indicators = paired_indicators(y_true, y_pred)
    if indicators is not None:
        return Encoded(np.arange(indicators[0].shape[1]), *indicators)
    true, predicted = paired_labels(y_true, y_pred)
    classes = np.union1d(np.unique(true), np.unique(predicted))
    return Encoded(classes, np.searchsorted(classes, true), np.searchsorted(classes, predicted))


def as_classes(pair: Encoded) -> Encoded:
    """Indicators that are both one-hot as indices of the classes; anything else unchanged."""
    if pair.several and is_one_hot(pair.true) and is_one_hot(pair.predicted):
        return Encoded(pair.classes, pair.true.argmax(axis=1), pair.predicted.argmax(axis=1))
    return pair


def paired_labels(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted labels, checked for length and type but not numbered, for metrics that only compare them."""
    true, predicted = checked_labels("y_true", y_true), checked_labels("y_pred", y_pred)
    check_lengths("y_pred", len(true), len(predicted))
    if (true.dtype.kind == "U") != (predicted.dtype.kind == "U"):
        raise ValueError(
            f"y_true holds {true.dtype} and y_pred holds {predicted.dtype}; both must be text or both must be numbers")
    return true, predicted


def paired_indicators(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Return both as indicators, (n, labels), of 0 and 1; None if one of them is not a matrix."""
    true, predicted = rectangular("y_true", y_true), rectangular("y_pred", y_pred)
    if min(true.ndim, predicted.ndim) != 2 or min(true.shape[1], predicted.shape[1]) < 2:
        return None
    check_lengths("y_pred", len(true), len(predicted))
    if true.shape != predicted.shape:
        raise ValueError(
            f"y_true has {true.shape[1]} columns and y_pred has {predicted.shape[1]}; they must be equal in number")
    return indicators("y_true", true), indicators("y_pred", predicted)


def indicators(name: str, matrix: np.ndarray) -> np.ndarray:
    """Return a matrix of 0 and 1 as integers; raise a ValueError if it holds anything else."""
    if matrix.dtype.kind not in "buif" or not ((matrix == 0) | (matrix == 1)).all():
        raise ValueError(
            f"{name} has {matrix.shape[1]} columns with values other than 0 and 1; it must hold labels: "
            "take the column of the largest probability in each row, p.argmax(axis=1), first")
    return matrix.astype(np.int64)


def positions(classes: np.ndarray, labels: Any) -> np.ndarray:
    """The index of each label among the classes; -1 for an unknown one, which may be of any type."""
    place = {label: position for position, label in enumerate(classes.tolist())}
    return np.array([place.get(label, -1) for label in np.asarray(labels).tolist()], dtype=np.int64)


def shown(labels: list[Any]) -> str:
    """The first labels of a list, for a message."""
    return f"{labels[:10]} and {len(labels) - 10} more" if len(labels) > 10 else str(labels)


# Rows and weights ----------------------------------------------------------------------------------------------------


def check_lengths(name: str, true: int, other: int) -> None:
    """Raise a ValueError if there are no rows, or if their number differs from that of y_true."""
    if true != other:
        raise ValueError(f"y_true has {true} rows and {name} has {other}; they must be equal in number")
    if true == 0:
        raise ValueError("y_true is empty; a metric needs at least one row")


def row_weights(sample_weight: Any, rows: int) -> np.ndarray:
    """Return one weight for each row, all ones if none are given; they must be at least 0, and not all 0."""
    if sample_weight is None:
        return np.ones(rows)
    weight = checks.targets("sample_weight", sample_weight).astype(np.float64)
    if weight.shape != (rows,):
        raise ValueError(f"sample_weight has shape {weight.shape}; it must have one weight for each of the {rows} rows")
    if (weight < 0).any() or weight.sum() == 0:
        raise ValueError(
            "sample_weight holds negative weights or only zeros; it must be at least 0, and not all 0")
    return weight
