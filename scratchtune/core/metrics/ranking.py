"""Ranking metrics measure whether rows of the positive class get higher scores than others, for all thresholds.

Scores are probabilities or any other numbers that increase with the confidence in the positive class: only their order
matters. The ROC curve shows recall and the false positive rate for all thresholds, the precision-recall curve precision
and recall; unlike the ROC curve, it changes with the share of positive rows.

Implements section 2.3 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.metrics.labels import (
    UndefinedMetricWarning,
    brief,
    check_lengths,
    checked_labels,
    is_one_hot,
    positions,
    rectangular,
    row_weights,
)

AVERAGES = ("macro", "micro", "weighted", None)

# The curve -----------------------------------------------------------------------------------------------------------


def roc_curve(
    y_true: Any, y_score: Any, *, pos_label: Any = None, sample_weight: Any = None, drop_intermediate: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False positive rates, true positive rates (recalls) and their thresholds.

    Each distinct score is a threshold: rows with this score or a higher one are predicted as ``pos_label`` (by default
    1, if labels are 0 and 1, or -1 and 1). The curve starts at (0, 0), with an infinite threshold;
    ``drop_intermediate`` drops collinear points. If a class has no rows, its rates are NaN, with a warning.

    >>> [part.tolist() for part in roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])[:2]]
    [[0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0]]
    """
    checks.boolean("drop_intermediate", drop_intermediate)
    false, true, thresholds = curve_counts(*scored_rows("y_score", y_true, y_score, pos_label, sample_weight))
    if drop_intermediate and len(false) > 2:
        corner = np.ones(len(false), dtype=bool)
        corner[1:-1] = (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0)
        false, true, thresholds = false[corner], true[corner], thresholds[corner]
    return (_rates(false, "negative"), _rates(true, "positive"), np.append(np.inf, thresholds))


def scored_rows(
    name: str, y_true: Any, y_score: Any, pos_label: Any = None, sample_weight: Any = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Check one score for each row: whether rows are positive, (n,), their scores and their weights, if there are any.

    ``name`` is the scores' argument, for messages.

    Raises
        ValueError if lengths differ, values are missing, or it is unknown which label is the positive one.
    """
    labels, score = checked_labels("y_true", y_true), _scores(y_score, name)
    check_lengths(name, len(labels), len(score))
    if score.ndim == 2:
        raise ValueError(f"{name} has {score.shape[1]} columns; it must have one score for each row, of shape (n,)")
    positive = labels == _pos_label(labels, pos_label)
    return positive, score, None if sample_weight is None else row_weights(sample_weight, len(labels))


def curve_counts(
    positive: np.ndarray, score: np.ndarray, weight: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum the weights of negative and of positive rows at or above each distinct score, the highest score first."""
    if weight is not None:
        counted = weight != 0
        positive, score, weight = positive[counted], score[counted], weight[counted]
    order = np.argsort(-score, kind="stable")
    positive, score = positive[order].astype(np.float64), score[order]
    ordered = np.ones(len(score)) if weight is None else weight[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # the last row of each distinct score
    return np.cumsum((1.0 - positive) * ordered)[last], np.cumsum(positive * ordered)[last], score[last]


def _rates(counts: np.ndarray, kind: str) -> np.ndarray:
    """Cumulative counts divided by the last one, with a leading 0; NaN if the last one is 0."""
    if counts[-1] > 0:
        return np.append(0.0, counts) / counts[-1]
    checks.warn(
        f"y_true holds no {kind} row with a weight, so the {'false' if kind == 'negative' else 'true'} positive rate "
        "is undefined and set to NaN; give rows of both classes", UndefinedMetricWarning)
    return np.full(len(counts) + 1, np.nan)


def _pos_label(labels: np.ndarray, pos_label: Any) -> Any:
    classes = np.unique(labels).tolist()
    if pos_label is not None:
        return pos_label
    if classes not in ([0, 1], [-1, 1], [0], [-1], [1]):
        raise ValueError(f"y_true holds the labels {brief(classes)}; pos_label must name the positive one of them")
    return 1


# Areas ---------------------------------------------------------------------------------------------------------------


def trapezoids(width: np.ndarray, left: np.ndarray, right: np.ndarray) -> float:
    """Area under a piecewise linear curve: each piece is a trapezoid.

    Formula [trapezoids]
        A = Σᵢ[dᵢ · (uᵢ + vᵢ) / 2]
    Where
        d: width, (i,), real, the width of each piece
        u: left, (i,), real, the height at its left end
        v: right, (i,), real, the height at its right end
    Returns
        A, a scalar.
    Source
        The trapezoidal rule; Fawcett (2006), algorithm 2, for the curve of the true against the false positive rate.
    Example
        >>> float(trapezoids(np.array([0.5, 0.5]), np.array([0.0, 1.0]), np.array([1.0, 1.0])))
        0.75
    """
    return (width * (left + right) / 2.0).sum()


def auc(x: Any, y: Any) -> float:
    """Area under the curve through the points (x, y), where x is monotonic; formula [trapezoids].

    >>> auc([0.0, 0.5, 1.0], [0.0, 1.0, 1.0])
    0.75
    """
    along, height = (np.asarray(value, dtype=np.float64) for value in (x, y))
    if along.ndim != 1 or along.shape != height.shape or len(along) < 2:
        raise ValueError(f"x has shape {along.shape} and y has {height.shape}; both must be (n,), of 2 points or more")
    width = np.diff(along)
    if (width < 0).any() and (width > 0).any():
        raise ValueError("x increases and decreases; it must only increase or only decrease")
    return float(trapezoids(np.abs(width), height[:-1], height[1:]))


def pairs_in_order(positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """AUC: the share of pairs of a positive and a negative row in which the positive one has the higher score.

    Formula [auc]
        A = Σᵢⱼ[wᵢ · yᵢ · wⱼ · (1 − yⱼ) · (1 if sᵢ > sⱼ else 0.5 if sᵢ = sⱼ else 0)] / Σᵢⱼ[wᵢ · yᵢ · wⱼ · (1 − yⱼ)]
    Computed as
        sum(up * (cumsum(down) - down + down / 2)): up and down are the shares of the positive and of the negative
        weight at each distinct score, in ascending order; this needs one sort instead of all pairs.
    Where
        y: positive, (i,), 0 or 1, whether a row is of the positive class
        s: score, (i,), real, higher for the positive class
        w: weight, (i,), >= 0; sampled > 0, the weight of each row; the weight of a pair is the product
    Returns
        A, a scalar in [0, 1]; 0.5 for random scores, whatever the shares of the classes.
    Variant
        A tie counts half. This equals the area under the ROC curve, drawn with one straight piece for each distinct
        score, and the Mann-Whitney statistic U divided by the number of pairs.
    Source
        The document, section 2.3 (the area); Hanley and McNeil (1982), section II (the equality).
    Example
        >>> float(pairs_in_order(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]), np.ones(4)))
        0.75
    """
    place = np.unique(score, return_inverse=True)[1]
    up, down = np.bincount(place, weight * positive), np.bincount(place, weight * (1.0 - positive))
    up, down = up / up.sum(), down / down.sum()  # shares first: the product of two sums may overflow
    below = np.cumsum(down) - down
    return (up * (below + 0.5 * down)).sum()


# The score -----------------------------------------------------------------------------------------------------------


def roc_auc_score(
    y_true: Any, y_score: Any, *, average: str | None = "macro", sample_weight: Any = None,
    multi_class: str = "raise", labels: Sequence[Any] | None = None,
) -> Any:
    """Area under the ROC curve: the share of pairs in which the positive row has the higher score; formula [auc].

    Two classes: ``y_score`` is (n,), the score of the second of the sorted labels. More classes: ``y_score`` holds
    probabilities, (n, classes), in the order of the sorted labels, all of which ``labels`` may name, and
    ``multi_class="ovr"`` compares each class with the rest. One-hot rows are evaluated column by column.
    ``average``: "macro" (mean over classes), "weighted" (weighted by their rows), "micro" (all columns as one), None
    (all values). With one class only it is undefined: NaN, with a warning.

    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    checks.choice("average", average, AVERAGES)
    checks.choice("multi_class", multi_class, ("raise", "ovr"))
    raw, score = rectangular("y_true", y_true), _scores(y_score)
    check_lengths("y_score", len(np.atleast_1d(raw)), len(score))
    weight = row_weights(sample_weight, len(score))
    if is_one_hot(raw) and score.ndim == 2:
        _check_columns(raw, score)
        return _by_column(_binary_auc, raw.astype(np.int64), score, weight, average, list(range(raw.shape[1])))
    true, classes = _labels_and_classes(raw)
    if len(classes) <= 2 and (score.ndim == 1 or score.shape[1] == 2):
        if score.ndim == 2:
            raise ValueError("y_score has 2 columns and y_true two classes; it must be the score of the second class "
                             "only, y_score[:, 1]")
        value = _binary_auc(true == classes[-1], score, weight)
        return _undefined(f"rows of one class only, of {classes.tolist()}") if np.isnan(value) else value
    if multi_class == "raise":
        raise ValueError("y_true has over two classes and multi_class is 'raise'; it must be 'ovr', as in the scoring "
                         "name roc_auc_ovr")
    classes = _classes_of_columns(classes, labels, score)
    columns = (true[:, None] == classes).astype(np.int64)
    return _by_column(_binary_auc, columns, score, weight, average, classes.tolist())


def _scores(y_score: Any, name: str = "y_score") -> np.ndarray:
    """Scores as (n,) or (n, columns)."""
    score = checks.targets(name, y_score).astype(np.float64)
    if score.ndim > 2:
        raise ValueError(f"{name} has shape {score.shape}; it must be (n,) or (n, classes)")
    return score[:, 0] if score.ndim == 2 and score.shape[1] == 1 else score


def _binary_auc(positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """AUC of one class against the rest; NaN if either has no weight."""
    positive = positive.astype(np.float64)
    if not (weight * positive).any() or not (weight * (1.0 - positive)).any():
        return float("nan")
    return float(pairs_in_order(positive, score, weight))


def _undefined(rows: str) -> float:
    """NaN, with a warning that says which rows there are."""
    checks.warn(f"y_true holds {rows}, so the AUC is undefined and set to NaN; give rows of all classes, for instance "
                "by stratified folds", UndefinedMetricWarning)
    return float("nan")


# Several columns -----------------------------------------------------------------------------------------------------


def _check_columns(columns: np.ndarray, score: np.ndarray) -> None:
    if score.shape != columns.shape:
        raise ValueError(f"y_score has shape {score.shape}; for these labels it must have {columns.shape}")


def _labels_and_classes(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The label of each row, and all classes, sorted; those of one-hot rows are the indices of their columns."""
    labels = checked_labels("y_true", raw)
    return labels, np.arange(raw.shape[1]) if is_one_hot(raw) else np.unique(labels)


def _by_column(
    area: Callable[..., float], true: np.ndarray, score: np.ndarray, weight: np.ndarray, average: str | None,
    names: list[Any],
) -> Any:
    """The area of each column against the rest, averaged; ``true`` is 0 or 1, (n, columns).

    ``area``: of one column, from its truth, scores and weights; NaN where only one of 0 and 1 occurs, which is warned
    of by the ``names`` of the columns. ``average``: "micro" (all columns as one), "macro", "weighted" by the positive
    rows, or None for an array of all.
    """
    if average == "micro":
        true, score, weight = true.reshape(-1, 1), score.reshape(-1, 1), np.repeat(weight, true.shape[1])
    values = np.array([area(y, s, weight) for y, s in zip(true.T, score.T, strict=True)])
    if np.isnan(values).any():
        which = [name for name, value in zip(names, values, strict=False) if np.isnan(value)]
        _undefined("no positive or no negative row " + ("at all" if average == "micro" else f"of the labels {which}"))
    if average is None:
        return values
    share = weight @ true if average == "weighted" else np.ones(len(values))
    return float(np.average(np.where(share > 0, values, 0.0), weights=share)) if share.any() else 0.0


def _classes_of_columns(
    classes: np.ndarray, labels: Sequence[Any] | None, score: np.ndarray,
) -> np.ndarray:
    """Return the class of each column of y_score: ``labels`` if they are given, else ``classes``, those of y_true.

    Raises
        ValueError if the labels are not sorted, repeat one, or lack a class of y_true; or if the scores are no
        probabilities of these classes.
    """
    given = classes if labels is None else np.asarray(labels)
    if given.ndim != 1 or given.tolist() != np.unique(given).tolist():
        raise ValueError(f"labels is {labels!r}; it must be sorted, and hold each label once")
    unknown = classes[positions(given, classes) < 0].tolist()
    if unknown:
        raise ValueError(f"y_true holds {unknown[0]!r}; it must hold only the given labels, {given.tolist()}")
    if score.ndim == 1 or score.shape[1] != len(given):
        raise ValueError(f"y_score has shape {score.shape} for {len(given)} classes; it must be (n, classes), "
                         "and labels=[...] names all classes where y_true lacks some")
    if not np.allclose(score.sum(axis=1), 1.0):
        raise ValueError("y_score has rows that do not sum to 1; of more than two classes it must hold probabilities")
    return given


# Precision and recall -------------------------------------------------------------------------------------------------


def precision_recall_curve(
    y_true: Any, y_score: Any, *, pos_label: Any = None, sample_weight: Any = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precisions, recalls and their thresholds, in the order of increasing thresholds.

    Each distinct score is a threshold: rows with this score or a higher one are predicted as ``pos_label`` (by default
    1, if labels are 0 and 1, or -1 and 1). The last point, precision 1 and recall 0, has no threshold.
    Without positive rows the recalls are 1, with a warning.

    >>> [part.tolist() for part in precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])[:2]]
    [[0.5, 0.6666666666666666, 0.5, 1.0, 1.0], [1.0, 1.0, 0.5, 0.5, 0.0]]
    """
    false, true, thresholds = curve_counts(*scored_rows("y_score", y_true, y_score, pos_label, sample_weight))
    if true[-1] == 0:
        checks.warn("y_true holds no positive row with a weight, so recall is undefined and set to 1; give rows of "
                    "both classes", UndefinedMetricWarning)
    recalls = true / true[-1] if true[-1] > 0 else np.ones(len(true))
    return np.append((true / (true + false))[::-1], 1.0), np.append(recalls[::-1], 0.0), thresholds[::-1]


def average_precision(positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """Average precision: the mean, over the positive rows, of the precision at the score of the row.

    Formula [average_precision]
        A = Σᵢ[wᵢ · yᵢ · Σⱼ[wⱼ · yⱼ · (1 if sⱼ ≥ sᵢ else 0)] / Σⱼ[wⱼ · (1 if sⱼ ≥ sᵢ else 0)]] / Σᵢ[wᵢ · yᵢ]
    Computed as
        sum(diff(R) * P): precision P and recall R at each distinct score, which need one sort instead of all pairs.
    Where
        y: positive, (i,), 0 or 1, whether a row is of the positive class
        s: score, (i,), real, higher for the positive class
        w: weight, (i,), >= 0; sampled > 0, the weight of each row
    Returns
        A, a scalar in [0, 1]; for random scores it is the share of positive rows.
    Variant
        This is the area under the curve of steps. The trapezoidal rule, `auc(recall, precision)`, is too optimistic,
        since precision is not linear between two points.
    Source
        Manning, Raghavan and Schütze, Introduction to Information Retrieval (2008), section 8.4; Davis and Goadrich
        (2006), section 4, on the interpolation.
    Example
        >>> float(average_precision(np.array([0.0, 1.0, 1.0]), np.array([0.4, 0.3, 0.8]), np.ones(3)))
        0.8333333333333333
    """
    false, true, _ = curve_counts(positive, score, weight)
    return (np.diff(true, prepend=0.0) / true[-1] * true / (true + false)).sum()


def average_precision_score(
    y_true: Any, y_score: Any, *, average: str | None = "macro", pos_label: Any = 1, sample_weight: Any = None,
) -> Any:
    """Average precision, the area under the precision-recall curve; formula [average_precision].

    Two classes: ``y_score`` is (n,), the score of ``pos_label``. More classes: it is (n, classes), in the order of the
    sorted labels, each compared with the rest. ``average``: "macro" (mean over classes), "weighted" (by their rows),
    "micro" (all columns as one), None (all values). Without positive rows the value is 0, with a warning.

    >>> round(average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    checks.choice("average", average, AVERAGES)
    raw = rectangular("y_true", y_true)
    labels, classes = _labels_and_classes(raw)
    if len(classes) <= 2:
        return _one(*scored_rows("y_score", raw, y_score, pos_label, sample_weight))
    if pos_label != 1:
        raise ValueError(f"pos_label is {pos_label!r}; with more than two classes it must be 1, its default")
    columns, score = (labels[:, None] == classes).astype(np.int64), _scores(y_score)
    check_lengths("y_score", len(columns), len(score))
    _check_columns(columns, score)
    return _by_column(_one, columns, score, row_weights(sample_weight, len(score)), average, classes.tolist())


def _one(positive: np.ndarray, score: np.ndarray, weight: np.ndarray | None) -> float:
    """Average precision of one class against the rest; 0, with a warning, if no row of the class has a weight."""
    ones = np.ones(len(score)) if weight is None else weight
    if not (ones * positive).any():
        checks.warn("y_true holds no positive row with a weight, so average precision is undefined and set to 0; give "
                    "rows of both classes", UndefinedMetricWarning)
        return 0.0
    return float(average_precision(positive, score, ones))
