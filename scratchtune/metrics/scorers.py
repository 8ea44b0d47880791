"""A scorer defines a scoring name: a metric, the model's output that it needs, a sign, and the metric's arguments.

The names are scikit-learn's; a larger score is always better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from scratchtune.metrics.classification import accuracy_score, balanced_accuracy_score, log_loss
from scratchtune.metrics.precision_recall import f1_score, precision_score, recall_score
from scratchtune.metrics.ranking import average_precision_score, roc_auc_score
from scratchtune.metrics.regression import mean_absolute_error, mean_squared_error, r2_score, root_mean_squared_error


class Scorer(NamedTuple):
    """The definition of a scoring name."""

    metric: Callable[..., Any]
    needs: str  # "labels", "probabilities", "values", or "decisions": decision_function, else the second probability
    sign: int  # -1 where a smaller metric is better
    options: Mapping[str, Any] = MappingProxyType({})  # further arguments of the metric


SCORERS: dict[str, Scorer] = {
    "accuracy": Scorer(accuracy_score, "labels", 1),
    "balanced_accuracy": Scorer(balanced_accuracy_score, "labels", 1),
    "roc_auc": Scorer(roc_auc_score, "decisions", 1),
    "roc_auc_ovr": Scorer(roc_auc_score, "probabilities", 1, {"multi_class": "ovr"}),
    "roc_auc_ovr_weighted": Scorer(roc_auc_score, "probabilities", 1, {"multi_class": "ovr", "average": "weighted"}),
    "roc_auc_ovo": Scorer(roc_auc_score, "probabilities", 1, {"multi_class": "ovo"}),
    "roc_auc_ovo_weighted": Scorer(roc_auc_score, "probabilities", 1, {"multi_class": "ovo", "average": "weighted"}),
    "average_precision": Scorer(average_precision_score, "decisions", 1),
    "neg_log_loss": Scorer(log_loss, "probabilities", -1),
    "r2": Scorer(r2_score, "values", 1),
    "neg_mean_squared_error": Scorer(mean_squared_error, "values", -1),
    "neg_root_mean_squared_error": Scorer(root_mean_squared_error, "values", -1),
    "neg_mean_absolute_error": Scorer(mean_absolute_error, "values", -1),
}
for name, metric in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
    SCORERS[name] = Scorer(metric, "labels", 1, {"average": "binary"})
    for average in ("macro", "micro", "weighted"):
        SCORERS[f"{name}_{average}"] = Scorer(metric, "labels", 1, {"average": average, "pos_label": None})
