"""Labels are the classes of rows; this module checks them and numbers them, so that formulas can count them.

Labels are integers, booleans or text, one for each row, (n,), or one-hot rows, (n, classes).
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, protocol

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
            f"{name} has shape {labels.shape}; it must hold labels, of shape (n,), or one-hot rows, (n, classes); take "
            "the column of the largest probability in each row, p.argmax(axis=1), first")
    return labels


def checked_labels(name: str, y: Any) -> np.ndarray:
    """Return class labels, (n,); raise a ValueError for anything that is not a label, such as NaN or 0.5.

    The words in brackets in the messages are scikit-learn's, which its checks of estimators look for.
    """
    labels = class_labels(name, y)
    if labels.dtype.kind in "OT":
        labels = _unboxed(name, labels)
    if labels.dtype.kind not in "buifU":
        kind = "complex" if labels.dtype.kind == "c" else "unknown"
        raise ValueError(
            f"{name} holds values of type {labels.dtype} (Unknown label type: {kind}); labels must be {LABELS}")
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (labels == np.floor(labels))).all():
        found = labels[~np.isfinite(labels) | (labels != np.floor(labels))][0]
        fraction = "Unknown label type: continuous, as for a regressor"
        words = fraction if np.isfinite(found) else f"Input {name} contains NaN or infinity"
        raise ValueError(f"{name} holds {found:g}, which is not a class label ({words}); labels must be {LABELS}")
    return labels


def _unboxed(name: str, labels: np.ndarray) -> np.ndarray:
    """Convert an array of Python objects to one of text or of numbers; raise a ValueError if they are mixed."""
    if all(issubclass(kind, str) for kind in set(map(type, labels))):
        return labels.astype(np.str_)
    missing = [one for one in labels if one is None or protocol.is_missing(one) or (np.isscalar(one) and one != one)]
    if missing:
        raise ValueError(
            f"{name} holds {missing[0]!r}, a missing label (Input {name} contains NaN); labels must be {LABELS}")
    for label in labels:
        if isinstance(label, str) != isinstance(labels[0], str):
            raise ValueError(f"{name} holds {labels[0]!r} and {label!r} (Unknown label type: mixed); labels must be "
                             "all numbers or all text")
        if not isinstance(label, (str, numbers.Real, np.bool_)):
            raise ValueError(f"{name} holds {label!r}, which is not a class label (Unknown label type: unknown); "
                             f"labels must be {LABELS}")
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
    """True and predicted labels as indices of the classes, (n,)."""

    classes: np.ndarray  # sorted; of one-hot rows the indices of all columns
    true: np.ndarray
    predicted: np.ndarray


def encoded(y_true: Any, y_pred: Any) -> Encoded:
    """Check true and predicted labels, and number them."""
    true, predicted = paired_labels(y_true, y_pred)
    if is_one_hot(np.asarray(y_true)) and is_one_hot(np.asarray(y_pred)):
        return Encoded(np.arange(np.shape(y_true)[1]), true, predicted)
    classes = np.union1d(np.unique(true), np.unique(predicted))
    return Encoded(classes, np.searchsorted(classes, true), np.searchsorted(classes, predicted))


def paired_labels(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted labels, checked for length and type but not numbered, for metrics that only compare them."""
    true, predicted = checked_labels("y_true", y_true), checked_labels("y_pred", y_pred)
    check_lengths("y_pred", len(true), len(predicted))
    if (true.dtype.kind == "U") != (predicted.dtype.kind == "U"):
        raise ValueError(
            f"y_true holds {true.dtype} and y_pred holds {predicted.dtype}; both must be text or both must be numbers")
    columns = np.shape(y_true)[1:], np.shape(y_pred)[1:]
    if is_one_hot(np.asarray(y_true)) and is_one_hot(np.asarray(y_pred)) and columns[0] != columns[1]:
        raise ValueError(
            f"y_true has {columns[0][0]} columns and y_pred has {columns[1][0]}; they must be equal in number")
    return true, predicted


def positions(classes: np.ndarray, labels: Any) -> np.ndarray:
    """The index of each label among the classes; -1 for an unknown one, which may be of any type."""
    place = {label: position for position, label in enumerate(classes.tolist())}
    return np.array([place.get(label, -1) for label in np.asarray(labels).tolist()], dtype=np.int64)


def brief(labels: list[Any]) -> str:
    """The first labels of a list, for a message."""
    return f"{labels[:10]} and {len(labels) - 10} more" if len(labels) > 10 else str(labels)


# Counts ---------------------------------------------------------------------------------------------------------------


class Counts(NamedTuple):
    """The weights of true positives, predicted rows and true rows: for each class, or in total."""

    names: list[Any]  # of the classes; empty if the counts are not by class
    hits: np.ndarray
    predicted: np.ndarray
    true: np.ndarray


def class_counts(pair: Encoded, weight: np.ndarray) -> Counts:
    """Return the counts of every class, in the order of the classes."""
    hit = pair.true == pair.predicted
    rows = ((pair.true[hit], weight[hit]), (pair.predicted, weight), (pair.true, weight))
    return Counts(pair.classes.tolist(), *(np.bincount(row, each, len(pair.classes)) for row, each in rows))


def counts_of(counts: Counts, labels: Sequence[Any]) -> Counts:
    """Return the counts of the given labels, in their order; zero for a label that is not among the classes."""
    order = positions(np.array(counts.names, dtype=object), labels)
    hits, predicted, true = (np.append(count, 0.0)[order] for count in counts[1:])  # the index -1 selects this 0
    return Counts(named_labels(labels), hits, predicted, true)


def named_labels(labels: Sequence[Any]) -> list[Any]:
    """Return the argument ``labels`` as a list; raise a ValueError if it is not a list or is empty."""
    names = np.asarray(labels)
    if names.ndim != 1 or names.size == 0:
        raise ValueError(f"labels is {labels!r}; it must be a list of one label or more")
    return names.tolist()


def ratio(part: np.ndarray, total: np.ndarray, undefined: float) -> np.ndarray:
    """part / total, or ``undefined`` where total is 0."""
    part, total = np.broadcast_arrays(part, total)
    return np.divide(part, total, out=np.full(total.shape, float(undefined)), where=total > 0)


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
    if (weight < 0).any() or not weight.any():
        raise ValueError(
            "sample_weight holds negative weights or only zeros; it must be at least 0, and not all 0")
    with np.errstate(over="ignore"):
        if np.isinf(weight.sum()):
            raise ValueError(f"sample_weight holds {weight.max():g}, and its sum overflows float64; make it smaller")
    return weight
