"""The precision-recall curve shows precision and recall for all thresholds; average precision is the area under it.

Unlike the ROC curve, it changes with the share of positive rows: random scores have that share as their precision.

Implements section 2.3 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.metrics.labels import (
    UndefinedMetricWarning,
    check_lengths,
    checked_labels,
    indicators,
    is_one_hot,
    rectangular,
    row_weights,
)
from scratchtune.metrics.ranking import curve_counts, scored_rows

AVERAGES = ("macro", "micro", "weighted", None)


def precision_recall_curve(
    y_true: Any, y_score: Any, *, pos_label: Any = None, sample_weight: Any = None, drop_intermediate: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precisions, recalls and their thresholds, in the order of increasing thresholds.

    Each distinct score is a threshold: rows with this score or a higher one are predicted as ``pos_label`` (by default
    1, if labels are 0 and 1, or -1 and 1). The last point, precision 1 and recall 0, has no threshold.
    ``drop_intermediate`` drops the points within a run of equal recalls. Without positive rows the recalls are 1, with
    a warning.

    >>> [part.tolist() for part in precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])[:2]]
    [[0.5, 0.6666666666666666, 0.5, 1.0, 1.0], [1.0, 1.0, 0.5, 0.5, 0.0]]
    """
    checks.boolean("drop_intermediate", drop_intermediate)
    false, true, thresholds = curve_counts(*scored_rows(y_true, y_score, pos_label, sample_weight))
    if drop_intermediate and len(true) > 2:
        corner = np.ones(len(true), dtype=bool)
        corner[1:-1] = (np.diff(true[:-1]) != 0) | (np.diff(true[1:]) != 0)
        false, true, thresholds = false[corner], true[corner], thresholds[corner]
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
    sorted labels, and each class is compared with the rest; indicators, (n, labels), are evaluated column by column.
    ``average``: "macro" (mean over classes), "weighted" (by their rows), "micro" (all columns as one), None (all
    values). Without positive rows the value is 0, with a warning.

    >>> round(average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    checks.choice("average", average, AVERAGES)
    raw = rectangular("y_true", y_true)
    columns = _columns(raw)
    if columns is None:
        return _one(*scored_rows(raw, y_score, pos_label, sample_weight))
    if pos_label != 1:
        raise ValueError(f"pos_label is {pos_label!r}; with more than two classes it must be 1, its default")
    score = checks.targets("y_score", y_score).astype(np.float64)
    check_lengths("y_score", len(columns), len(score))
    if score.shape != columns.shape:
        raise ValueError(f"y_score has shape {score.shape}; for these labels it must have {columns.shape}")
    weight = row_weights(sample_weight, len(score))
    if average == "micro":
        return _one(columns.ravel(), score.ravel(), np.repeat(weight, columns.shape[1]))
    values = np.array([_one(y, s, weight) for y, s in zip(columns.T, score.T, strict=True)])
    if average is None:
        return values
    share = weight @ columns if average == "weighted" else np.ones(len(values))
    return float(np.average(values, weights=share)) if share.any() else 0.0


def _columns(raw: np.ndarray) -> np.ndarray | None:
    """Which rows are of which class, (n, classes), 0 or 1; None for two classes, which have one score."""
    if raw.ndim == 2 and raw.shape[1] > 1 and not (is_one_hot(raw) and raw.shape[1] == 2):
        return indicators("y_true", raw)
    labels = checked_labels("y_true", raw)
    classes = np.unique(labels)
    return None if len(classes) <= 2 else (labels[:, None] == classes).astype(np.int64)


def _one(positive: np.ndarray, score: np.ndarray, weight: np.ndarray | None) -> float:
    ones = np.ones(len(score)) if weight is None else weight
    if not (ones * positive).any():
        checks.warn("y_true holds no positive row with a weight, so average precision is undefined and set to 0; give "
                    "rows of both classes", UndefinedMetricWarning)
        return 0.0
    return float(average_precision(positive, score, ones))
