"""The scores of a model on rows that it was not trained on, with intervals, beside those of simple models.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core import metrics as m
from scratchtune.core.streams import aligned, visible_lines
from scratchtune.tables.expectation import LEVEL, Expected
from scratchtune.tables.goal import Goal, mean_log_loss
from scratchtune.tables.splitting import Units
from scratchtune.tables.target import Target

RESAMPLES, RESAMPLED = 200, 5_000  # bootstrap samples, and the rows of each at most: 1,000,000 in all
MODEL = "model"  # the name of the model itself, beside those of the simple models
LOSSES = ("log loss", "mean squared error", "root mean squared error", "mean absolute error")  # lower is better

Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def in_words(scoring: str) -> str:
    """Return a scoring name as people say it, and which direction is better.

    >>> in_words("neg_log_loss"), in_words("f1_macro")
    ('log loss (lower is better)', 'f1 macro (higher is better)')
    """
    return f"{Goal(scoring, 0).words} ({'lower' if scoring.startswith('neg_') else 'higher'} is better)"


def shown_score(scoring: str, score: float) -> str:
    """Return a score, larger is better, as the number that people expect: a loss is positive.

    >>> shown_score("neg_log_loss", -0.41234), shown_score("accuracy", 0.9)
    ('0.4123', '0.9000')
    """
    return shown(-score if scoring.startswith("neg_") else score)


def shown(value: float) -> str:
    """A number with four decimals, or, where it is small or large, with four or five significant digits."""
    size = abs(value)
    return format(value, ".5g" if size >= 10.0 else "z.4f" if size >= 0.01 or not size else ".4g")


def expected_in_words(expected: Expected) -> str:
    """Say which score new rows are expected to have."""
    score, *ends = (shown_score(expected.scoring, number) for number in (expected.score, expected.low, expected.high))
    low, high = reversed(ends) if expected.scoring.startswith("neg_") else ends
    rows = "very many" if np.isinf(expected.rows) else f"{expected.rows:,.0f}"
    return (f"on {rows} new rows: {in_words(expected.scoring)} {score}, with probability {expected.level:.0%} between "
            f"{low} and {high}")


def metrics_for(classes: Sequence[str]) -> dict[str, Metric]:
    """Return the metrics that are printed: functions of true values, predictions and, for classes, probabilities.

    For two classes, some are those of the second, positive class; for more, means over the classes.
    """
    if not classes:
        return {
            "r2": lambda y, q, p: float(m.r2_score(y, q)) if np.ptp(y) > 0.0 else np.nan,
            "mean squared error": lambda y, q, p: float(m.mean_squared_error(y, q)),
            "root mean squared error": lambda y, q, p: float(m.root_mean_squared_error(y, q)),
            "mean absolute error": lambda y, q, p: float(m.mean_absolute_error(y, q)),
        }
    labels = list(range(len(classes)))
    average: dict[str, Any] = {"average": "binary"} if len(labels) == 2 else {"average": "macro", "labels": labels}
    average["zero_division"] = 0.0
    return {
        "log loss": lambda y, q, p: mean_log_loss(y, p),
        "accuracy": lambda y, q, p: float((y == q).mean()),
        "precision": lambda y, q, p: float(m.precision_score(y, q, **average)),
        "recall": lambda y, q, p: float(m.recall_score(y, q, **average)),
        "f1": lambda y, q, p: float(m.f1_score(y, q, **average)),
        "auc": lambda y, q, p: _auc(y, p, labels),
    }


def _auc(y: np.ndarray, p: np.ndarray, labels: list[int]) -> float:
    """Return the area under the ROC curve, for several classes the mean of one-vs-rest; NaN if a class is absent."""
    if len(np.unique(y)) < len(labels):
        return np.nan
    if len(labels) == 2:
        return float(m.roc_auc_score(y, p[:, 1]))
    return float(m.roc_auc_score(y, p / p.sum(axis=1, keepdims=True), multi_class="ovr", labels=labels))


def why_undefined(classes: Sequence[str], y: np.ndarray) -> dict[str, str]:
    """Return the reason for each metric that these targets leave undefined.

    >>> why_undefined(("rain", "fog"), np.array([0, 0]))
    {'auc': "no row of the class 'fog'"}
    """
    if not classes:
        return {} if np.ptp(y) > 0.0 else {"r2": f"all targets are {y[0]:g}"}
    absent = [label for number, label in enumerate(classes) if not (y == number).any()]
    return {"auc": f"no row of the class {checks.quoted(absent)}"} if absent else {}


@dataclass
class Scores:
    """The metrics of a model and of simple models on the same rows.

    ``values`` are by metric and model, ``intervals`` those of the model at `LEVEL`; ``undefined`` says why a metric has
    none. ``units`` is the number of independent units among the ``rows``, such as groups.
    """

    target: str
    classes: list[str]
    rows: int
    units: int
    values: dict[str, dict[str, float]]
    intervals: dict[str, list[float]]
    undefined: dict[str, str] = field(default_factory=dict)

    def cells(self) -> list[list[str]]:
        """Return the header and the rows of the table of scores as texts."""
        simple = [name for name in next(iter(self.values.values())) if name != MODEL]
        rows = [["metric", MODEL, f"{LEVEL:.0%} interval", *simple]]
        for name, of in self.values.items():
            low, high = self.intervals[name]
            interval = "unknown" if np.isnan(low) else f"{shown(low)} to {shown(high)}"
            rows.append([name, shown(of[MODEL]), interval, *(shown(of[s]) for s in simple)])
        return rows + [[name, "undefined", *[""] * (len(simple) + 1)] for name in self.undefined]

    def notes(self) -> list[str]:
        """Say what the numbers are: what is resampled, which class is meant, why a metric is undefined."""
        groups = f", which resamples {self.units:,} independent units" if self.units < self.rows else ""
        lines = [f"lower is better: {', '.join(name for name in self.values if name in LOSSES)}",
                 f"interval: of the {MODEL}'s score on other samples of {self.rows:,} rows (bootstrap{groups})"]
        if self.classes:
            positive = f"of the class {self.classes[1]!r}" if len(self.classes) == 2 else "means over the classes"
            lines.append(f"precision, recall, f1, auc: {positive}")
        return lines + [f"{name}: undefined, {why}" for name, why in self.undefined.items()]

    def text(self) -> str:
        """Return the scores as an aligned table, and below it what they are."""
        task = f"{len(self.classes)} classes" if self.classes else "values"
        lines = [f"{checks.counted(self.rows, 'row')}, target {self.target!r}: {task}", *aligned(self.cells())]
        return visible_lines("\n".join([*lines, *self.notes()]))


def scores_of(
    target: Target, y: np.ndarray, predictions: np.ndarray, units: Units, baselines: Mapping[str, np.ndarray],
    seed: int = 0,
) -> Scores:
    """Compute all metrics of predictions, (n, classes) or (n,), for targets ``y`` (n,), class numbers or values.

    ``units`` are what is independent among the rows; the bootstrap resamples them for the intervals. ``baselines`` are
    predictions of simple models for the same rows, by name.
    """
    undefined = why_undefined(target.classes, y)
    metrics = {name: metric for name, metric in metrics_for(target.classes).items() if name not in undefined}
    answers = {name: (p.argmax(axis=1) if target.classes else p, p)
               for name, p in {MODEL: predictions, **baselines}.items()}
    values = {name: {who: metric(y, *answer) for who, answer in answers.items()} for name, metric in metrics.items()}
    intervals = _intervals(metrics, (y, *answers[MODEL]), units, seed)
    return Scores(target.name, list(target.classes), len(y), units.count, values, intervals, undefined)


def _intervals(
    metrics: Mapping[str, Metric], arrays: tuple[np.ndarray, np.ndarray, np.ndarray], units: Units, seed: int,
) -> dict[str, list[float]]:
    """Return the interval of each metric: quantiles over resampled units; ``arrays`` are the metrics' arguments.

    Of many rows a sample of the units is resampled, and the interval is scaled to the number of units.
    """
    rng = np.random.default_rng([seed, 1])
    rows = np.arange(len(arrays[0]))
    if len(rows) > RESAMPLED:
        kept = rng.permutation(units.count)[: max(1, units.count * RESAMPLED // len(rows))]
        rows = np.flatnonzero(np.isin(units.numbers, kept))
    some = units.of(rows)
    scale = np.sqrt(some.count / units.count)
    drawn: dict[str, list[float]] = {name: [] for name in metrics}
    for _ in range(RESAMPLES):
        sample = rows[some.rows(rng.integers(some.count, size=some.count))]
        for name, metric in metrics.items():
            drawn[name].append(metric(*(array[sample] for array in arrays)))
    found = {}
    for name, metric in metrics.items():
        known = [value for value in drawn[name] if np.isfinite(value)] or [np.nan]  # a sample may lack a class
        tails = np.quantile(known, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
        whole, part = metric(*arrays), metric(*(array[rows] for array in arrays))
        found[name] = [float(whole + scale * (end - part)) for end in tails]
    return found
