"""A metric is a number that says how good predictions are, given what was true.

Each metric has two functions, one under the other: the formula on plain arrays, and beneath it the name that
users call, with scikit-learn's arguments, which checks its input and brings it into the formula's form.
Labels may be anything that can be compared (integers, text) or one-hot rows.

`SCORERS` turns a scoring name such as "neg_log_loss" into a metric, what it needs from a model, and a sign:
a score is always the better the larger it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks


def accuracy(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> float:
    """Accuracy: the share of the rows whose predicted label is the true one.

    Formula [accuracy]
        A = Σₙ[wₙ · (1 if yₙ = qₙ else 0)] / Σₙ[wₙ]
    Where
        y: y_true, (n,), integer in [0, 3], the true labels
        q: y_pred, (n,), integer in [0, 3], the predicted labels
        w: weight, (n,), > 0, how much each row counts; all ones for the plain share
    Returns
        A, a scalar in [0, 1].
    Variant
        With rows of several labels (multilabel) a row counts only if all of its labels are right, as in scikit-learn.
    Source
        The document, section 2.3.
    Example
        >>> float(accuracy(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]), np.ones(4)))
        0.75
    """
    return (weight * (y_true == y_pred)).sum() / weight.sum()


def accuracy_score(y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None) -> float:
    """Share of the rows whose predicted label is the true one; with ``normalize=False`` their (weighted) number.

    Labels or one-hot rows on either side; formula [accuracy].

    >>> accuracy_score(["cat", "dog", "dog"], ["cat", "dog", "cat"], normalize=False)
    2.0
    """
    true, predicted = _paired_labels(y_true, y_pred)
    weight = _weights(sample_weight, len(true))
    share = float(accuracy(true, predicted, weight))
    return share if normalize else float((weight * (true == predicted)).sum())


def cross_entropy(t: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Log loss: the mean of minus the logarithm of the probability given to the true class.

    Formula [log_loss]
        L = −Σₙ[wₙ · Σₖ[tₙₖ · log(pₙₖ)]] / Σₙ[wₙ]
    Where
        t: t, (n, k), one-hot, the true classes
        p: p, (n, k), probabilities, the predicted ones
        w: weight, (n,), > 0, how much each row counts
    Returns
        L, a scalar >= 0 in nats; log(k) is what equal probabilities get.
    Variant
        `log_loss` first keeps p at least one rounding error away from 0 and 1, as scikit-learn does.
    Source
        Bishop, Pattern Recognition and Machine Learning, equation 4.108.
    Example
        >>> round(float(cross_entropy(np.eye(2), np.array([[0.5, 0.5], [0.25, 0.75]]), np.ones(2))), 4)
        0.4904
    """
    return -(weight[:, None] * t * np.log(p)).sum() / weight.sum()


def log_loss(
    y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None, labels: Sequence[Any] | None = None,
) -> float:
    """Mean (or, with ``normalize=False``, sum) of minus the log-probability of the true class; formula [log_loss].

    ``y_pred`` is (n, classes), or (n,) for the second of two classes; its columns are in the order of the sorted
    labels. ``labels`` names all of them where ``y_true`` holds only some.

    >>> round(log_loss([0, 1], [0.5, 0.75]), 4)
    0.4904
    """
    classes, index = _class_indices(y_true, labels)
    p = _probabilities(y_pred, len(index), len(classes))
    weight = _weights(sample_weight, len(index))
    mean = float(cross_entropy(np.eye(p.shape[1])[index], p, weight))
    return mean if normalize else mean * float(weight.sum())


def squared_error(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> float:
    """Mean squared error: the weighted mean of the squared differences.

    Formula [mean_squared_error_score]
        E = Σₙ[wₙ · (yₙ − qₙ)²] / Σₙ[wₙ]
    Where
        y: y_true, (n,), real
        q: y_pred, (n,), real, the predictions
        w: weight, (n,), > 0, how much each row counts
    Returns
        E, a scalar >= 0 in the squared units of y.
    Variant
        No 1/2. The loss of the same name takes the mean over outputs too, and a weighted batch is divided by its number
        of rows, as in Keras, not by the sum of the weights.
    Source
        Bishop, Pattern Recognition and Machine Learning, section 1.5.5.
    Example
        >>> float(squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]), np.ones(2)))
        2.0
    """
    return (weight * (y_true - y_pred) ** 2).sum() / weight.sum()


def absolute_error(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> float:
    """Mean absolute error: the weighted mean of the absolute differences.

    Formula [mean_absolute_error_score]
        E = Σₙ[wₙ · |yₙ − qₙ|] / Σₙ[wₙ]
    Where
        y: y_true, (n,), real
        q: y_pred, (n,), real, the predictions
        w: weight, (n,), > 0, how much each row counts
    Returns
        E, a scalar >= 0 in the units of y.
    Source
        Willmott and Matsuura (2005), equation 2, with weights.
    Example
        >>> float(absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]), np.ones(2)))
        1.0
    """
    return (weight * np.abs(y_true - y_pred)).sum() / weight.sum()


def mean_squared_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average",
) -> Any:
    """Mean of the squared differences, averaged over outputs; formula [mean_squared_error_score].

    ``multioutput``: "uniform_average", "raw_values" (an array, one value for each output) or a weight for each output.

    >>> mean_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    return _by_output(squared_error, y_true, y_pred, sample_weight, multioutput)


def mean_absolute_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average",
) -> Any:
    """Mean of the absolute differences, averaged over outputs; formula [mean_absolute_error_score].

    ``multioutput`` as for `mean_squared_error`.

    >>> mean_absolute_error([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    return _by_output(absolute_error, y_true, y_pred, sample_weight, multioutput)


class Scorer(NamedTuple):
    """What a scoring name means."""

    metric: Callable[..., float]
    needs: str  # what the metric compares with the truth: "labels", "probabilities" or "values"
    sign: int  # -1 where a smaller metric is better


SCORERS: dict[str, Scorer] = {
    "accuracy": Scorer(accuracy_score, "labels", 1),
    "neg_log_loss": Scorer(log_loss, "probabilities", -1),
    "neg_mean_squared_error": Scorer(mean_squared_error, "values", -1),
    "neg_mean_absolute_error": Scorer(mean_absolute_error, "values", -1),
}


def is_one_hot(y: np.ndarray) -> bool:
    """Whether the rows of a matrix are one-hot: two columns or more, a single 1 in each row, else 0."""
    if y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind not in "buif":
        return False
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def class_labels(name: str, y: Any) -> np.ndarray:
    """Return class labels as an array, (n,): one-hot rows become the number of their column."""
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if is_one_hot(labels):
        labels = labels.argmax(axis=1)
    if labels.ndim != 1:
        raise ValueError(f"{name} has shape {labels.shape}; it must be labels, (n,), or one-hot rows, (n, classes)")
    return labels


def _paired_labels(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    several = true.ndim == 2 and true.shape == predicted.shape and true.shape[1] > 1
    if several and not (is_one_hot(true) and is_one_hot(predicted)):
        _check_binary_rows(true, predicted)
        return np.zeros(len(true)), (true != predicted).any(axis=1).astype(float)
    true, predicted = class_labels("y_true", true), class_labels("y_pred", predicted)
    _check_lengths(len(true), len(predicted))
    if (true.dtype.kind in "US") != (predicted.dtype.kind in "US") and object not in (true.dtype, predicted.dtype):
        raise ValueError(
            f"y_true holds {true.dtype} and y_pred holds {predicted.dtype}; both must be text or both must be numbers")
    return true, predicted


def _check_binary_rows(true: np.ndarray, predicted: np.ndarray) -> None:
    for name, array in (("y_true", true), ("y_pred", predicted)):
        if not np.isin(array, (0, 1)).all():
            raise ValueError(
                f"{name} has {array.shape[1]} columns with values other than 0 and 1; it must hold labels: "
                "take the column of the largest probability in each row, p.argmax(axis=1), first")


def _check_lengths(true: int, predicted: int) -> None:
    if true != predicted:
        raise ValueError(f"y_true has {true} rows and y_pred has {predicted}; they must be equal in number")
    if true == 0:
        raise ValueError("y_true is empty; a metric needs at least one row")


def _weights(sample_weight: Any, rows: int) -> np.ndarray:
    if sample_weight is None:
        return np.ones(rows)
    weight = checks.targets("sample_weight", sample_weight).astype(np.float64)
    if weight.shape != (rows,):
        raise ValueError(f"sample_weight has shape {weight.shape}; it must have one weight for each of the {rows} rows")
    if (weight < 0).any() or weight.sum() == 0:
        raise ValueError(
            "sample_weight holds negative weights or only zeros; it must be at least 0, and above 0 somewhere")
    return weight


def _class_indices(y_true: Any, labels: Sequence[Any] | None) -> tuple[np.ndarray, np.ndarray]:
    """Sorted classes and, for each row, which of them it is."""
    raw = np.asarray(y_true)
    true = class_labels("y_true", raw)
    if labels is None:
        known = np.arange(raw.shape[1]) if is_one_hot(raw) else np.unique(true)
    else:
        known = np.unique(labels)
    index = np.searchsorted(known, true).clip(max=len(known) - 1)
    if (known[index] != true).any():
        stranger = true[known[index] != true][0]
        raise ValueError(f"y_true holds {stranger!r}; it must hold only the given labels, {known.tolist()}")
    if len(known) < 2:
        raise ValueError(f"y_true holds one label only, {known.tolist()}; give all of them as labels=[...]")
    return known, index


def _probabilities(y_pred: Any, rows: int, classes: int) -> np.ndarray:
    """Probabilities as (n, classes), kept one rounding error away from 0 and 1."""
    p = checks.targets("y_pred", y_pred)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    if p.ndim == 1 or p.shape[1] == 1:
        second = p.reshape(-1)
        p = np.stack([1.0 - second, second], axis=1)
    _check_lengths(rows, len(p))
    if p.shape[1] != classes:
        raise ValueError(
            f"y_pred has {p.shape[1]} columns and there are {classes} classes; give all classes as labels=[...]")
    if (p < 0).any() or (p > 1).any():
        raise ValueError("y_pred holds values outside [0, 1]; it must hold probabilities")
    smallest = np.finfo(p.dtype).eps
    return np.clip(p, smallest, 1.0 - smallest).astype(np.float64)


def _by_output(formula: Callable[..., float], y_true: Any, y_pred: Any, sample_weight: Any, multioutput: Any) -> Any:
    """The formula for each output, then averaged as ``multioutput`` says."""
    true, predicted = _columns("y_true", y_true), _columns("y_pred", y_pred)
    _check_lengths(len(true), len(predicted))
    if true.shape != predicted.shape:
        raise ValueError(
            f"y_true has {true.shape[1]} outputs and y_pred has {predicted.shape[1]}; they must be equal in number")
    weight = _weights(sample_weight, len(true))
    values = np.array([formula(true[:, k], predicted[:, k], weight) for k in range(true.shape[1])])
    if isinstance(multioutput, str):
        checks.choice("multioutput", multioutput, ["uniform_average", "raw_values"])
        return values if multioutput == "raw_values" else float(values.mean())
    return float(np.average(values, weights=multioutput))


def _columns(name: str, y: Any) -> np.ndarray:
    array = checks.targets(name, y)
    array = array.astype(np.float64)
    return array.reshape(len(array), -1)
