"""Precision, recall and F score compare the true positives of a class with its false positives and false negatives.

With several classes, each has its own counts; ``average`` is how they are combined. "macro" is the mean over the
classes, "weighted" the mean weighted by their rows, "micro" sums the counts first, "binary" is the score of
``pos_label`` alone, and None returns the scores of all classes.

Implements section 2.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.metrics.labels import (
    Counts,
    Encoded,
    UndefinedMetricWarning,
    brief,
    class_counts,
    counts_of,
    encoded,
    ratio,
    row_weights,
)

AVERAGES = ("binary", "macro", "micro", "weighted", None)


def precision(hits: np.ndarray, false_positives: np.ndarray, undefined: float) -> np.ndarray:
    """Precision: the share of the rows predicted as a class that belong to it.

    Formula [precision]
        Pₖ = TPₖ / (TPₖ + FPₖ) if TPₖ + FPₖ > 0 else z
    Where
        TP: hits, (k,), >= 0, true positives: rows of the class that are predicted as such, or their weight
        FP: false_positives, (k,), >= 0, rows of other classes that are predicted as this one
        z: undefined, scalar, real, the value where nothing is predicted as this class
    Returns
        P, (k,), in [0, 1].
    Variant
        If nothing is predicted as the class, precision is undefined: scikit-learn and this library return 0 and warn.
    Source
        The document, section 2.3.
    Example
        >>> precision(np.array([3.0, 0.0]), np.array([1.0, 0.0]), 0.0).tolist()
        [0.75, 0.0]
    """
    return ratio(hits, hits + false_positives, undefined)


def recall(hits: np.ndarray, false_negatives: np.ndarray, undefined: float) -> np.ndarray:
    """Recall: the share of the rows of a class that are predicted as such.

    Formula [recall]
        Rₖ = TPₖ / (TPₖ + FNₖ) if TPₖ + FNₖ > 0 else z
    Where
        TP: hits, (k,), >= 0, true positives: rows of the class that are predicted as such, or their weight
        FN: false_negatives, (k,), >= 0, rows of the class that are predicted as another
        z: undefined, scalar, real, the value where no row is of this class
    Returns
        R, (k,), in [0, 1].
    Variant
        Also called sensitivity, or the true positive rate; of the negative class it is the specificity.
    Source
        The document, section 2.3.
    Example
        >>> recall(np.array([3.0, 0.0]), np.array([3.0, 0.0]), 0.0).tolist()
        [0.5, 0.0]
    """
    return ratio(hits, hits + false_negatives, undefined)


def f_beta(
    hits: np.ndarray, false_positives: np.ndarray, false_negatives: np.ndarray, beta: float, undefined: float,
) -> np.ndarray:
    """F score: the weighted harmonic mean of precision and recall, in which recall is β times as important.

    Formula [f_beta]
        Fₖ = (1 + β²) · TPₖ / ((1 + β²) · TPₖ + β² · FNₖ + FPₖ) if TPₖ + FNₖ + FPₖ > 0 else z
    Where
        TP: hits, (k,), >= 0, true positives: rows of the class that are predicted as such, or their weight
        FP: false_positives, (k,), >= 0, rows of other classes that are predicted as this one
        FN: false_negatives, (k,), >= 0, rows of the class that are predicted as another
        β: beta, scalar, > 0, 1 for F1
        z: undefined, scalar, real, the value where no row is of this class or predicted as such
    Returns
        F, (k,), in [0, 1].
    Variant
        It is (1 + β²) · P · R / (β² · P + R), and F1 is 2 · P · R / (P + R), if precision P and recall R are defined
        and not both 0. Macro F1 is the mean of the classes' F1, not the F1 of their mean P and mean R.
    Source
        The document, section 2.3 (F1); van Rijsbergen, Information Retrieval (1979), chapter 7, with F = 1 − E.
    Example
        >>> f_beta(np.array([3.0]), np.array([1.0]), np.array([3.0]), 1.0, 0.0).tolist()
        [0.6]
    """
    counted = (1.0 + beta**2) * hits
    return ratio(counted, counted + beta**2 * false_negatives + false_positives, undefined)


def precision_score(
    y_true: Any, y_pred: Any, *, labels: Sequence[Any] | None = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:
    """Share of the rows predicted as a class that belong to it; formula [precision].

    ``labels``: the classes to include, in this order (unknown ones have no rows); ``average``: see this module;
    ``zero_division``: the value if nothing is predicted: 0, 1, NaN (left out of means), or "warn": 0 and a warning.

    >>> precision_score([0, 1, 1, 1], [1, 1, 1, 0])
    0.6666666666666666
    """
    counts, share = _counted(y_true, y_pred, labels, pos_label, average, sample_weight)
    undefined = _zero_division("precision", zero_division, counts, counts.predicted, "predicted")
    return _averaged(precision(counts.hits, counts.predicted - counts.hits, undefined), share)


def recall_score(
    y_true: Any, y_pred: Any, *, labels: Sequence[Any] | None = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:
    """Share of the rows of a class that are predicted as such; formula [recall], arguments as for `precision_score`.

    >>> recall_score([0, 1, 1, 1, 1], [1, 1, 1, 0, 0])
    0.5
    """
    counts, share = _counted(y_true, y_pred, labels, pos_label, average, sample_weight)
    undefined = _zero_division("recall", zero_division, counts, counts.true, "true")
    return _averaged(recall(counts.hits, counts.true - counts.hits, undefined), share)


def f1_score(
    y_true: Any, y_pred: Any, *, labels: Sequence[Any] | None = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:
    """Harmonic mean of precision and recall; formula [f_beta] with β = 1, arguments as for `precision_score`.

    >>> f1_score([0, 1, 1, 1], [1, 1, 1, 0])
    0.6666666666666666
    """
    counts, share = _counted(y_true, y_pred, labels, pos_label, average, sample_weight)
    either = counts.predicted + counts.true
    undefined = _zero_division("f-score", zero_division, counts, either, "true or predicted")
    mistakes = counts.predicted - counts.hits, counts.true - counts.hits
    return _averaged(f_beta(counts.hits, *mistakes, 1.0, undefined), share)


def _averaged(values: np.ndarray, share: np.ndarray | None) -> Any:
    """The weighted mean of the values that are not NaN, unweighted if all their weights are 0; all where it is None."""
    if share is None:
        return values
    there = ~np.isnan(values)
    if not there.any():
        return float("nan")
    values, share = values[there], share[there]
    return float(np.average(values, weights=share if share.sum() > 0 else None))


def _zero_division(metric: str, zero_division: Any, counts: Counts, divisor: np.ndarray, what: str) -> float:
    """The value of a metric where its divisor is 0, checked; "warn" is 0 and a warning that says where, if anywhere."""
    number = isinstance(zero_division, (int, float)) and not isinstance(zero_division, bool)
    if number and (zero_division in (0, 1) or np.isnan(zero_division)):
        return float(zero_division)
    if not isinstance(zero_division, str) or zero_division != "warn":
        raise ValueError(f"zero_division is {zero_division!r}; it must be one of 'warn', 0, 1, NaN")
    if (divisor == 0).any():
        missing = [name for name, count in zip(counts.names, divisor, strict=False) if count == 0]
        where = f" for the labels {brief(missing)}" if missing else ""
        checks.warn(
            f"{metric} is undefined and set to 0{where}: there is nothing {what} to divide by; "
            "zero_division=0, 1 or NaN chooses a value without this warning", UndefinedMetricWarning)
    return 0.0


# Counts --------------------------------------------------------------------------------------------------------------


def _counted(
    y_true: Any, y_pred: Any, labels: Sequence[Any] | None, pos_label: Any, average: str | None, sample_weight: Any,
) -> tuple[Counts, np.ndarray | None]:
    """Return the selected classes' counts, with "micro" their sum; and the weights of the mean, None without a mean."""
    checks.choice("average", average, AVERAGES)
    pair = encoded(y_true, y_pred)
    weight = row_weights(sample_weight, len(pair.true))
    if average == "binary":
        _check_binary(pair, pos_label)
        labels = [pos_label]
    elif pos_label not in (None, 1):
        checks.warn(
            f"pos_label is {pos_label!r}, which is used only if average is 'binary'; here average is {average!r}, "
            f"and labels=[{pos_label!r}] would select this class alone")
    counts = class_counts(pair, weight)
    counts = counts if labels is None else counts_of(counts, labels)
    if average == "micro":
        counts = Counts([], *(count.sum(keepdims=True) for count in counts[1:]))
    share = {None: None, "weighted": counts.true}.get(average, np.ones(len(counts.hits)))
    return counts, share


def _check_binary(pair: Encoded, pos_label: Any) -> None:
    classes = pair.classes.tolist()
    if len(classes) > 2:
        raise ValueError(f"y_true and y_pred hold the labels {brief(classes)}, and average='binary' takes two classes; "
                         f"average must be one of {', '.join(map(repr, AVERAGES[1:]))}")
    if len(classes) == 2 and pos_label not in classes:
        raise ValueError(f"pos_label is {pos_label!r}; it must be one of the labels, {brief(classes)}")
