"""Precision, recall and F score compare the true positives of a class with its false positives and false negatives.

With several classes, each has its own counts; ``average`` is how they are combined. "macro" is the mean over the
classes, "weighted" the mean weighted by their rows, "micro" sums the counts first, "samples" is the mean over the rows
(multilabel), "binary" is the score of ``pos_label`` alone, and None returns the scores of all classes.

Implements section 2.3 of the document.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.metrics.counts import Counts, class_counts, ratio, row_counts, selected
from scratchtune.metrics.labels import Encoded, UndefinedMetricWarning, as_classes, encoded, row_weights, shown

AVERAGES = ("binary", "macro", "micro", "weighted", "samples", None)


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
    return precision_recall_fscore_support(
        y_true, y_pred, labels=labels, pos_label=pos_label, average=average, warn_for=("precision",),
        sample_weight=sample_weight, zero_division=zero_division)[0]


def recall_score(
    y_true: Any, y_pred: Any, *, labels: Sequence[Any] | None = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:
    """Share of the rows of a class that are predicted as such; formula [recall], arguments as for `precision_score`.

    >>> recall_score([0, 1, 1, 1, 1], [1, 1, 1, 0, 0])
    0.5
    """
    return precision_recall_fscore_support(
        y_true, y_pred, labels=labels, pos_label=pos_label, average=average, warn_for=("recall",),
        sample_weight=sample_weight, zero_division=zero_division)[1]


def f1_score(
    y_true: Any, y_pred: Any, *, labels: Sequence[Any] | None = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:
    """Harmonic mean of precision and recall; formula [f_beta] with β = 1, arguments as for `precision_score`.

    >>> f1_score([0, 1, 1, 1], [1, 1, 1, 0])
    0.6666666666666666
    """
    return fbeta_score(y_true, y_pred, beta=1.0, labels=labels, pos_label=pos_label, average=average,
                       sample_weight=sample_weight, zero_division=zero_division)


def fbeta_score(
    y_true: Any, y_pred: Any, *, beta: float, labels: Sequence[Any] | None = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:
    """Weighted harmonic mean of precision and recall; recall is ``beta`` times as important; formula [f_beta].

    ``beta=0`` is precision, infinity recall. The other arguments are those of `precision_score`.

    >>> fbeta_score([1, 1, 1, 0], [1, 0, 0, 0], beta=2.0)
    0.38461538461538464
    """
    return precision_recall_fscore_support(
        y_true, y_pred, beta=beta, labels=labels, pos_label=pos_label, average=average, warn_for=("f-score",),
        sample_weight=sample_weight, zero_division=zero_division)[2]


def precision_recall_fscore_support(
    y_true: Any, y_pred: Any, *, beta: float = 1.0, labels: Sequence[Any] | None = None, pos_label: Any = 1,
    average: str | None = None, warn_for: Collection[str] = ("precision", "recall", "f-score"),
    sample_weight: Any = None, zero_division: Any = "warn",
) -> tuple[Any, Any, Any, Any]:
    """Precision, recall, F score and the number of true rows (None if averaged).

    Formulas [precision], [recall], [f_beta]; arguments as for `fbeta_score`, and ``warn_for``: which of them warn.

    >>> precision_recall_fscore_support([0, 1, 1, 1], [1, 1, 1, 0], average="macro")[:2]
    (0.3333333333333333, 0.3333333333333333)
    """
    checks.choice("average", average, AVERAGES)
    undefined, beta = _zero_division(zero_division), _beta(beta)
    pair = encoded(y_true, y_pred)
    weight = row_weights(sample_weight, len(pair.true))
    counts = _averaged_counts(pair, labels, pos_label, average, weight)
    mistakes = counts.predicted - counts.hits, counts.true - counts.hits
    p = precision(counts.hits, mistakes[0], undefined)
    r = recall(counts.hits, mistakes[1], undefined)
    f = p if beta == 0 else r if np.isinf(beta) else f_beta(counts.hits, *mistakes, beta, undefined)
    if zero_division == "warn":
        _warn_of_zeros(counts, warn_for if 0 < beta < np.inf else set(warn_for) - {"f-score"})
    if average is None:
        return p, r, f, counts.true if sample_weight is not None else counts.true.astype(np.int64)
    share = {"weighted": counts.true, "samples": weight}.get(average, np.ones(len(p)))
    return _mean(p, share), _mean(r, share), _mean(f, share), None


def _mean(values: np.ndarray, share: np.ndarray) -> float:
    """Return the weighted mean of the values that are not NaN; unweighted if all their weights are 0."""
    there = ~np.isnan(values)
    if not there.any():
        return float("nan")
    values, share = values[there], share[there]
    return float(np.average(values, weights=share if share.sum() > 0 else None))


def _zero_division(zero_division: Any) -> float:
    number = isinstance(zero_division, (int, float)) and not isinstance(zero_division, bool)
    if number and (zero_division in (0, 1) or np.isnan(zero_division)):
        return float(zero_division)
    if isinstance(zero_division, str) and zero_division == "warn":
        return 0.0
    raise ValueError(f"zero_division is {zero_division!r}; it must be one of 'warn', 0, 1, NaN")


def _beta(beta: Any) -> float:
    if isinstance(beta, float) and beta == np.inf:
        return beta
    return checks.real("beta", beta, low=0.0)


# Counts --------------------------------------------------------------------------------------------------------------


def _averaged_counts(
    pair: Encoded, labels: Sequence[Any] | None, pos_label: Any, average: str | None, weight: np.ndarray,
) -> Counts:
    """Count for the selected classes, and sum the counts according to ``average``."""
    if average == "binary":
        pair = as_classes(pair)
        _check_binary(pair, pos_label)
        labels = [pos_label]
    elif pos_label not in (None, 1):
        checks.warn(
            f"pos_label is {pos_label!r}, which is used only if average is 'binary'; here average is {average!r}, "
            f"and labels=[{pos_label!r}] would select this class alone")
    if average == "samples":
        return row_counts(pair, labels, weight)
    counts = selected(class_counts(pair, weight), pair, labels)
    if average == "micro":
        hits, predicted, true = (count.sum(keepdims=True) for count in counts[1:])
        return Counts([], hits, predicted, true)
    return counts


def _check_binary(pair: Encoded, pos_label: Any) -> None:
    if pair.several or len(pair.classes) > 2:
        kind = "rows of several labels" if pair.several else f"the labels {shown(pair.classes.tolist())}"
        others = ", ".join(repr(choice) for choice in AVERAGES[1:] if pair.several or choice != "samples")
        raise ValueError(f"y_true and y_pred hold {kind}, and average='binary' takes two classes; "
                         f"average must be one of {others}")
    if len(pair.classes) == 2 and pos_label not in pair.classes.tolist():
        raise ValueError(f"pos_label is {pos_label!r}; it must be one of the labels, {shown(pair.classes.tolist())}")


def _warn_of_zeros(counts: Counts, warn_for: Collection[str]) -> None:
    """Warn which metric is undefined and set to 0, and why."""
    total = counts.predicted + counts.true
    for metric, count, nothing in (
        ("precision", counts.predicted, "predicted"), ("recall", counts.true, "true"),
        ("f-score", total, "true or predicted"),
    ):
        empty = count == 0
        if metric in warn_for and empty.any():
            missing = [name for name, is_empty in zip(counts.names, empty, strict=False) if is_empty]
            where = f" for the labels {shown(missing)}" if missing else ""
            checks.warn(
                f"{metric} is undefined and set to 0{where}: there is nothing {nothing} to divide by; "
                "zero_division=0, 1 or NaN chooses a value without this warning", UndefinedMetricWarning)
