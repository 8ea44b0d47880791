"""A metric measures how good predictions are, given the true values.

Each metric has two functions: the formula on plain arrays, followed by the function that users call, with
scikit-learn's arguments, which checks its input and converts it for the formula.
Labels may be anything that can be compared (integers, text) or one-hot rows.

Reading order: `labels` (labels, their numbers and counts), `classification` (accuracy, confusion matrix, log loss),
`precision_recall`, `ranking` (AUC, average precision), `calibration`, `regression`.
"""

from __future__ import annotations

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
    "UndefinedMetricWarning", "accuracy_score", "auc", "average_precision_score", "balanced_accuracy_score",
    "calibration_curve", "class_labels", "confusion_matrix", "expected_calibration_error", "f1_score", "is_one_hot",
    "log_loss", "mean_absolute_error", "mean_squared_error", "precision_recall_curve", "precision_score", "r2_score",
    "recall_score", "roc_auc_score", "roc_curve", "root_mean_squared_error",
]
