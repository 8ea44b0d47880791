"""The metrics of `compile`, which are computed for each epoch of a training.

A measure is a function of the targets (n, outputs), of the order of the rows (n,), and of the network's outputs for the
rows in this order (n, outputs). With two classes, precision, recall and F1 are those of the second one; with more
classes, the mean over the classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchtune import metrics
from scratchtune.network import engine

Measure = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def _accuracy(target: np.ndarray, order: np.ndarray, outputs: np.ndarray) -> float:
    """Return the share of rows whose predicted class is right.

    The class is that of the largest output, or whether a single output is above 1/2.
    """
    if target.shape[1] > 1:
        return int(engine.count_correct(target, order, outputs)) / len(target)
    return float(metrics.accuracy_score(target[order, 0] > 0.5, outputs[:, 0] > 0.5))


def _auc(target: np.ndarray, order: np.ndarray, outputs: np.ndarray) -> float:
    """Area under the ROC curve of the second of two classes; with more, the mean of each against the rest."""
    scores = outputs[:, -1] if outputs.shape[1] <= 2 else outputs
    most = target.max(axis=1, keepdims=True)  # below 1 where labels are smoothed
    truth = target[order, -1] > 0.5 if outputs.shape[1] <= 2 else (target == most)[order]
    return float(metrics.roc_auc_score(truth, scores))


def _of_labels(metric: Callable[..., Any]) -> Measure:
    """Make a measure from a metric that compares labels."""

    def measure(target: np.ndarray, order: np.ndarray, outputs: np.ndarray) -> float:
        if target.shape[1] == 1:
            return float(metric(target[order, 0] > 0.5, outputs[:, 0] > 0.5, zero_division=0))
        labels, predicted = target[order].argmax(axis=1), outputs.argmax(axis=1)
        if target.shape[1] == 2:
            return float(metric(labels, predicted, pos_label=1, labels=[0, 1], zero_division=0))
        every = list(range(target.shape[1]))
        return float(metric(labels, predicted, average="macro", labels=every, zero_division=0))

    return measure


MEASURES: dict[str, Measure] = {
    "accuracy": _accuracy, "precision": _of_labels(metrics.precision_score),
    "recall": _of_labels(metrics.recall_score), "f1": _of_labels(metrics.f1_score), "auc": _auc,
    "r2": lambda target, order, outputs: float(metrics.r2_score(target[order], outputs)),
    "mean_squared_error": lambda target, order, outputs: float(np.mean((target[order] - outputs) ** 2)),
    "mean_absolute_error": lambda target, order, outputs: float(np.mean(np.abs(target[order] - outputs))),
}
MEASURES |= {"mse": MEASURES["mean_squared_error"], "mae": MEASURES["mean_absolute_error"]}
HIGHER_IS_BETTER = ("accuracy", "precision", "recall", "f1", "auc", "r2")
