"""Classification metrics compare predicted labels, or the probabilities of all classes, with the true labels.

Implements section 2.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.metrics.labels import (
    Encoded,
    brief,
    check_lengths,
    checked_labels,
    class_counts,
    encoded,
    is_one_hot,
    named_labels,
    paired_labels,
    positions,
    ratio,
    row_weights,
)

SUM_OF_PROBABILITIES = 3e-4  # how far a row's sum may be from 1: the square root of a rounding error in float32

# Accuracy ------------------------------------------------------------------------------------------------------------


def accuracy(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> float:
    """Accuracy: the share of rows whose predicted label is the true label.

    Formula [accuracy]
        A = Σₙ[wₙ · (1 if yₙ = qₙ else 0)] / Σₙ[wₙ]
    Where
        y: y_true, (n,), integer; sampled in [0, 3], the true labels
        q: y_pred, (n,), integer; sampled in [0, 3], the predicted labels
        w: weight, (n,), >= 0; sampled > 0, the weight of each row; all ones for the unweighted share
    Returns
        A, a scalar in [0, 1].
    Source
        The document, section 2.3.
    Example
        >>> float(accuracy(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]), np.ones(4)))
        0.75
    """
    return (weight * (y_true == y_pred)).sum() / weight.sum()


def accuracy_score(y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None) -> float:
    """Share of rows whose predicted label is the true label; with ``normalize=False`` their (weighted) number.

    Each argument may hold labels or one-hot rows; formula [accuracy].

    >>> accuracy_score(["cat", "dog", "dog"], ["cat", "dog", "cat"], normalize=False)
    2.0
    """
    true, predicted = paired_labels(y_true, y_pred)
    weight = row_weights(sample_weight, len(true))
    share = float(accuracy(true, predicted, weight))
    return share if normalize else float((weight * (true == predicted)).sum())


def mean_recall(hits: np.ndarray, rows: np.ndarray) -> float:
    """Balanced accuracy: the mean recall of all classes, in which a rare class has the same weight as a common one.

    Formula [balanced_accuracy]
        B = meanₖ[TPₖ / Nₖ]
    Where
        TP: hits, (k,), >= 0, the rows of each class that are predicted as such, or their weight
        N: rows, (k,), > 0, the rows of each class, or their weight
    Returns
        B, a scalar in [0, 1]; a constant prediction has 1/k.
    Variant
        It equals the accuracy with the weight 1 / (number of rows of its class) for each row.
    Source
        Brodersen, Ong, Stephan and Buhmann (2010), section II, with two classes; the mean over more as in scikit-learn.
    Example
        >>> float(mean_recall(np.array([9.0, 1.0]), np.array([10.0, 2.0])))
        0.7
    """
    return (hits / rows).mean()


def balanced_accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean of the recalls of the classes in ``y_true``; formula [balanced_accuracy].

    >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    pair = encoded(y_true, y_pred)
    counts = class_counts(pair, row_weights(sample_weight, len(pair.true)))
    there = counts.true > 0
    if not there.all():
        checks.warn(
            f"y_pred holds classes that y_true does not, {pair.classes[~there].tolist()}; they count as mistakes only")
    return float(mean_recall(counts.hits[there], counts.true[there]))


# The confusion matrix ------------------------------------------------------------------------------------------------


def confusion(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray, matrix: np.ndarray) -> None:
    """Confusion matrix: the number of rows of each true class (matrix rows) predicted as each class (columns).

    Formula [confusion_matrix]
        Cᵢⱼ = Σₙ[wₙ · (1 if i = yₙ else 0) · (1 if j = qₙ else 0)]
    Where
        y: y_true, (n,), index of i, the true classes, numbered from 0
        q: y_pred, (n,), index of j, the predicted ones
        w: weight, (n,), >= 0; sampled > 0, the weight of each row
        C: matrix, (i, j), written
    Variant
        As in scikit-learn, each matrix row is a true class; other texts have the transpose.
    Source
        Kohavi and Provost (1998), "confusion matrix".
    Example
        >>> counts = np.zeros((2, 2))
        >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), np.ones(3), counts)
        >>> counts.tolist()
        [[1.0, 1.0], [0.0, 1.0]]
    """
    cells = y_true * matrix.shape[1] + y_pred
    matrix[:] = np.bincount(cells, weight, matrix.size).reshape(matrix.shape)


def confusion_matrix(
    y_true: Any, y_pred: Any, *, labels: Sequence[Any] | None = None, sample_weight: Any = None,
    normalize: str | None = None,
) -> np.ndarray:
    """Number (or weight) of the rows of each true class that are predicted as each class; formula [confusion_matrix].

    Rows and columns are in the order of ``labels``, or of the sorted labels; data with other labels are left out.
    ``normalize``: "true" (each row sums to 1), "pred" (each column), "all", or None; an empty row or column remains 0.

    >>> confusion_matrix(["cat", "dog", "dog"], ["cat", "dog", "cat"]).tolist()
    [[1, 0], [1, 1]]
    """
    checks.choice("normalize", normalize, ("true", "pred", "all", None))
    pair = encoded(y_true, y_pred)
    weight = row_weights(sample_weight, len(pair.true))
    order = np.arange(len(pair.classes)) if labels is None else _matrix_order(pair, labels)
    index = np.full(len(pair.classes) + 1, -1)  # the last entry is for labels that are not among the classes
    index[order] = np.arange(len(order))
    true, predicted = index[pair.true], index[pair.predicted]
    listed = (true >= 0) & (predicted >= 0)
    matrix = np.zeros((len(order), len(order)))
    confusion(true[listed], predicted[listed], weight[listed], matrix)
    if labels is None and len(order) == 1:
        checks.warn(f"y_true and y_pred hold one label only, {pair.classes.tolist()}; give all of them as labels=[...]")
    if normalize is not None:
        axis = {"true": 1, "pred": 0, "all": None}[normalize]
        return ratio(matrix, matrix.sum(axis=axis, keepdims=True), 0.0)
    counted = sample_weight is None or np.asarray(sample_weight).dtype.kind in "bui"
    return matrix.astype(np.int64) if counted else matrix


def _matrix_order(pair: Encoded, labels: Sequence[Any]) -> np.ndarray:
    """Return the index of each given label among the classes; -1 for a label that is not among them."""
    names = named_labels(labels)
    if len(set(names)) < len(names):
        raise ValueError(f"labels is {names}, with a label twice; each may occur once")
    order = positions(pair.classes, labels)
    if not np.isin(pair.true, order).any():
        raise ValueError(f"labels is {names}, and none of them is in y_true, which holds "
                         f"{brief(pair.classes[np.unique(pair.true)].tolist())}; at least one must be")
    return order


# Probabilities -------------------------------------------------------------------------------------------------------


def cross_entropy(t: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Log loss: the mean negative logarithm of the predicted probability of the true class.

    Formula [log_loss]
        L = −Σₙ[wₙ · Σₖ[tₙₖ · log(pₙₖ)]] / Σₙ[wₙ]
    Where
        t: t, (n, k), one-hot, the true classes
        p: p, (n, k), probabilities, the predicted ones
        w: weight, (n,), >= 0; sampled > 0, the weight of each row
    Returns
        L, a scalar >= 0 in nats; log(k) for equal probabilities.
    Variant
        `log_loss` first clips p to [ε, 1 − ε] with the machine epsilon ε, as scikit-learn does.
    Source
        Bishop, Pattern Recognition and Machine Learning, equation 4.108.
    Example
        >>> round(float(cross_entropy(np.eye(2), np.array([[0.5, 0.5], [0.25, 0.75]]), np.ones(2))), 4)
        0.4904
    """
    return -(weight[:, None] * t * np.log(p)).sum() / weight.sum()


def log_loss(
    y_true: Any, y_proba: Any = None, *, normalize: bool = True, sample_weight: Any = None,
    labels: Sequence[Any] | None = None, y_pred: Any = None,
) -> float:
    """Mean (with ``normalize=False``, sum) of the negative log-probability of the true class; formula [log_loss].

    ``y_proba`` is (n, classes), or (n,) for the second of two classes; its columns are in the order of the sorted
    labels. ``labels`` names all of them if ``y_true`` holds only some. ``y_pred`` is its older name.

    >>> round(log_loss([0, 1], [0.5, 0.75]), 4)
    0.4904
    """
    if (y_proba is None) == (y_pred is None):
        raise TypeError("log_loss takes the predicted probabilities as y_proba (once; y_pred is the older name)")
    classes, index = _class_indices(y_true, labels)
    p = _probabilities(y_pred if y_proba is None else y_proba, len(index), len(classes))
    weight = row_weights(sample_weight, len(index))
    mean = float(cross_entropy(np.eye(p.shape[1])[index], p, weight))
    return mean if normalize else mean * float(weight.sum())


def _class_indices(y_true: Any, labels: Sequence[Any] | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes and, for each row, the index of its class."""
    raw = np.asarray(y_true)
    there, row = np.unique(checked_labels("y_true", raw), return_inverse=True)
    if labels is None:
        known = np.arange(raw.shape[1]) if is_one_hot(raw) else there
    else:
        known = np.unique(named_labels(labels))
        if known.tolist() != named_labels(labels):
            checks.warn(
                f"labels is {named_labels(labels)}; the columns of y_proba are taken in the order {known.tolist()}")
    index = positions(known, there)
    if (index < 0).any():
        unknown = there[index < 0].tolist()[0]
        raise ValueError(f"y_true holds {unknown!r}; it must hold only the given labels, {brief(known.tolist())}")
    if len(known) < 2:
        raise ValueError(f"y_true holds one label only, {known.tolist()}; give all of them as labels=[...]")
    return known, index[row]


def _probabilities(y_proba: Any, rows: int, classes: int) -> np.ndarray:
    """Check probabilities; return them as (n, classes), clipped to [ε, 1 − ε] with the machine epsilon ε."""
    p = checks.targets("y_proba", y_proba)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    if p.ndim == 1 or p.shape[1] == 1:
        second = p.reshape(-1)
        p = np.stack([1.0 - second, second], axis=1)
    check_lengths("y_proba", rows, len(p))
    if p.shape[1] != classes:
        raise ValueError(
            f"y_proba has {p.shape[1]} columns and there are {classes} classes; give all classes as labels=[...]")
    if (p < 0).any() or (p > 1).any():
        raise ValueError("y_proba holds values outside [0, 1]; it must hold probabilities")
    distance = np.abs(p.sum(axis=1) - 1.0).max()
    if distance > SUM_OF_PROBABILITIES:
        checks.warn(
            f"the rows of y_proba do not sum to 1, one differs by {distance:.2g}; log_loss takes probabilities")
    smallest = np.finfo(p.dtype).eps
    return np.clip(p, smallest, 1.0 - smallest).astype(np.float64)
