"""A metric measures how good predictions are, given the true values.

Each metric has two functions: the formula on plain arrays, followed by the function that users call, with
scikit-learn's arguments, which checks its input and converts it for the formula.
Labels may be anything that can be compared (integers, text) or one-hot rows.

Reading order: `labels` (labels, their numbers and counts), `classification` (accuracy, confusion matrix, log loss),
`precision_recall`, `ranking` (AUC, average precision), `calibration`, `regression`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from scratchtune.core.metrics.calibration import calibration_curve, expected_calibration_error
from scratchtune.core.metrics.classification import accuracy_score, balanced_accuracy_score, confusion_matrix, log_loss
from scratchtune.core.metrics.labels import UndefinedMetricWarning, class_labels, is_one_hot
from scratchtune.core.metrics.precision_recall import f1_score, precision_score, recall_score
from scratchtune.core.metrics.ranking import (
    auc,
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from scratchtune.core.metrics.regression import (
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)

__all__ = [
    "SCORED", "UndefinedMetricWarning", "accuracy_score", "auc", "average_precision_score", "balanced_accuracy_score",
    "calibration_curve", "class_labels", "confusion_matrix", "expected_calibration_error", "f1_score", "is_one_hot",
    "log_loss", "mean_absolute_error", "mean_squared_error", "precision_recall_curve", "precision_score", "r2_score",
    "recall_score", "roc_auc_score", "roc_curve", "root_mean_squared_error",
]


class Scored(NamedTuple):
    """How a metric scores a model: its function, what it gets of the model, its sign, its further arguments.

    ``needs`` is "labels", "values", "probabilities" or "decisions"; ``sign`` is -1 where a smaller metric is better.
    """

    metric: Callable[..., Any]
    needs: str
    sign: int = 1
    options: Mapping[str, Any] = {}


# The names that ``scoring=`` takes, scikit-learn's; `scratchtune.core.evaluation.scoring` makes their scorers.
SCORED: dict[str, Scored] = {
    "accuracy": Scored(accuracy_score, "labels"),
    "balanced_accuracy": Scored(balanced_accuracy_score, "labels"),
    "roc_auc": Scored(roc_auc_score, "decisions"),
    "roc_auc_ovr": Scored(roc_auc_score, "probabilities", 1, {"multi_class": "ovr"}),
    "roc_auc_ovr_weighted": Scored(roc_auc_score, "probabilities", 1, {"multi_class": "ovr", "average": "weighted"}),
    "average_precision": Scored(average_precision_score, "decisions"),
    "neg_log_loss": Scored(log_loss, "probabilities", -1),
    "r2": Scored(r2_score, "values"),
    "neg_mean_squared_error": Scored(mean_squared_error, "values", -1),
    "neg_root_mean_squared_error": Scored(root_mean_squared_error, "values", -1),
    "neg_mean_absolute_error": Scored(mean_absolute_error, "values", -1),
}
for metric in (precision_score, recall_score, f1_score):
    name = metric.__name__.removesuffix("_score")
    SCORED[name] = Scored(metric, "labels", 1, {"average": "binary"})
    for average in ("macro", "micro", "weighted"):
        SCORED[f"{name}_{average}"] = Scored(metric, "labels", 1, {"average": average, "pos_label": None})
