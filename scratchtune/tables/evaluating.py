"""Evaluation of the default and the tuned configuration on the held-out test set: all metrics, with standard errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune import metrics as m
from scratchtune.tables.model import TableModel, Target, known_target
from scratchtune.tables.prepared import rows_with_target
from scratchtune.tables.reading.table import Table

RESAMPLES = 200  # bootstrap samples of the test set, for the standard errors
RESAMPLED_ROWS = 4_000_000  # at most, all resamples together

Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def metrics_for(target: Target) -> dict[str, Metric]:
    """Return the metrics that are printed: functions of true values, predictions and, for classes, probabilities.

    For two classes, precision, recall, F1 and AUC are those of the second, positive class; for more, means over the
    classes.
    """
    if not target.classes:
        return {
            "r2": lambda y, q, p: float(m.r2_score(y, q)),
            "mean squared error": lambda y, q, p: float(m.mean_squared_error(y, q)),
            "root mean squared error": lambda y, q, p: float(m.root_mean_squared_error(y, q)),
            "mean absolute error": lambda y, q, p: float(m.mean_absolute_error(y, q)),
        }
    labels = list(range(len(target.classes)))
    average: dict[str, Any] = {"average": "binary"} if len(labels) == 2 else {"average": "macro", "labels": labels}
    average["zero_division"] = 0.0
    return {
        "accuracy": lambda y, q, p: float(m.accuracy_score(y, q)),
        "precision": lambda y, q, p: float(m.precision_score(y, q, **average)),
        "recall": lambda y, q, p: float(m.recall_score(y, q, **average)),
        "f1": lambda y, q, p: float(m.f1_score(y, q, **average)),
        "auc": lambda y, q, p: _auc(y, p, labels),
        "log loss": lambda y, q, p: float(m.log_loss(y, p, labels=labels)),
    }


def _auc(y: np.ndarray, p: np.ndarray, labels: list[int]) -> float:
    """Return the area under the ROC curve, for several classes the mean of one-vs-rest; NaN if a class is absent."""
    if len(np.unique(y)) < len(labels):
        return float("nan")
    if len(labels) == 2:
        return float(m.roc_auc_score(y, p[:, 1]))
    return float(m.roc_auc_score(y, p, multi_class="ovr", labels=labels))


SMALLER_IS_BETTER = ("log loss", "mean squared error", "root mean squared error", "mean absolute error")


@dataclass
class HeldOutMetric:
    """One metric on the test set: of the default, of the tuned configuration, and the standard error of the difference.
    """

    name: str
    default: float
    tuned: float
    error: float

    @property
    def gain(self) -> float:
        """By how much the tuned configuration is better."""
        sign = -1.0 if self.name in SMALLER_IS_BETTER else 1.0
        return sign * (self.tuned - self.default)

    def text(self, default_alone: bool = False) -> str:
        """Format one metric's line: default, tuned, gain, and the gain's standard error.

        With ``default_alone`` the line has the default only.
        """
        form = number_format(self.default, self.tuned)
        if default_alone:
            return f"{self.name:<24} {format(self.default, form):>10}"
        default, tuned, gain, error = (
            format(number, form) for number in (self.default, self.tuned, self.gain, self.error))
        return f"{self.name:<24} {default:>10} {tuned:>10} {gain:>10} {error:>9}"


def number_format(*values: float) -> str:
    """The format of numbers of this size: four decimals, or four significant digits for very small or large numbers."""
    largest = max(map(abs, values))
    return "z.4f" if largest == 0.0 or 0.01 <= largest < 1e4 else "z.4g"


def evaluate(target: Target, default: Any, tuned: Any, table: Table, y: np.ndarray, seed: int) -> list[HeldOutMetric]:
    """Evaluate both models on the test set: all metrics, with the bootstrap's standard error of the difference."""
    answers = [
        (model.predict(table), model.predict_proba(table) if target.classes else y) for model in (default, tuned)]
    drawn = _resampled(len(y), seed)
    found = []
    for name, metric in metrics_for(target).items():
        of_all = [metric(y, *answer) for answer in answers]
        of_default, of_tuned = ([metric(y[i], q[i], p[i]) for i in drawn] for q, p in answers)
        error = _standard_deviation(np.subtract(of_tuned, of_default))
        found.append(HeldOutMetric(name, of_all[0], of_all[1], error))
    return found


def _resampled(rows: int, seed: int) -> list[np.ndarray]:
    """Draw the bootstrap samples: the indices of as many rows, with replacement."""
    rng = np.random.default_rng([seed, 1])
    resamples = int(np.clip(RESAMPLED_ROWS // rows, 10, RESAMPLES))
    return [rng.integers(0, rows, rows) for _ in range(resamples)]


def _standard_deviation(values: np.ndarray) -> float:
    """The standard deviation of the values that are not NaN; NaN if there is only one."""
    known = values[~np.isnan(values)]
    return float(known.std(ddof=1)) if len(known) > 1 else float("nan")


# A saved model --------------------------------------------------------------------------------------------------------


class Score(NamedTuple):
    """One metric of a model on labelled rows, with its standard error."""

    name: str
    value: float
    error: float


class Scores(NamedTuple):
    """The metrics of a model on labelled rows; ``majority`` is the share of the most frequent class among them."""

    target: Target
    rows: int
    metrics: tuple[Score, ...]
    majority: float | None

    def text(self) -> str:
        """Return the metrics as a table."""
        lines = [f"{checks.counted(self.rows, 'row')}, target {self.target.name!r}: {self.target.task}",
                 f"{'':<24} {'score':>10} {'+-':>9}"]
        for name, value, error in self.metrics:
            form = number_format(value) if np.isfinite(value) else ""
            lines.append(f"{name:<24} {format(value, form):>10} {format(error, form):>9}")
        if self.majority is not None:
            lines.append(f"baseline, always the most frequent class of these rows: accuracy {self.majority:.4f}")
        return "\n".join([*lines, "+-: standard error (bootstrap over the rows)"])


def score(model: TableModel, X: Any, seed: int = 0) -> Scores:
    """Compute the metrics of a saved model on labelled rows; ``X`` is as for `TableModel.predict`, with the target.

    Rows without a target are left out, with a warning. The standard errors are those of the bootstrap.

    Raises
        ValueError if the target is absent, missing in all rows, or holds a class that the model does not know.
    """
    table = X if isinstance(X, Table) else model.table_of(X, with_target=True)
    table = rows_with_target(table, model.target.name)
    y, classes = known_target(table, model.target), bool(model.target.classes)
    p = model.predict_proba(table) if classes else model.predict(table)
    q = p.argmax(axis=1) if classes else p
    drawn = _resampled(len(y), seed) if len(y) > 1 else []  # all samples of a single row are alike
    metrics = tuple(
        Score(name, metric(y, q, p), _standard_deviation(np.array([metric(y[i], q[i], p[i]) for i in drawn])))
        for name, metric in metrics_for(model.target).items())
    return Scores(model.target, len(y), metrics, float(np.bincount(y).max() / len(y)) if classes else None)
