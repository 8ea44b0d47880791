"""The goal of AutoML: the metric that is minimised, computed from predictions, and the form that predictions have.

For classes predictions are probabilities, (n, classes); for regression they are values, (n,). Averages of predictions
are predictions again, so models of any kind can be combined.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.evaluation.scoring import SCORERS
from scratchtune.tables.wording import argument

LEAST = np.finfo(np.float32).eps  # the least probability, as float32 predictions can be 0


class Goal(NamedTuple):
    """What is optimised: a scoring name, and the number of classes (0 for regression)."""

    scoring: str
    classes: int

    def score(self, y: np.ndarray, predictions: np.ndarray) -> float:
        """Return the score, larger is better, of predictions for the targets ``y`` (n,), class numbers or values."""
        scorer = SCORERS[self.scoring]
        options: dict[str, Any] = dict(scorer.options)
        if self.scoring == "neg_log_loss":
            return -mean_log_loss(y, predictions)
        if self.scoring.startswith("roc_auc") and self.classes > 2:
            options["labels"] = list(range(self.classes))
        return scorer.sign * float(scorer.metric(y, self.answer(predictions), **options))

    def loss(self, y: np.ndarray, predictions: np.ndarray) -> float:
        """Return minus the score; infinity where the metric has no value, as when a class is missing."""
        if _ranks(self.scoring) and len(np.unique(y)) < self.classes:
            return float("inf")
        try:
            loss = -self.score(y, predictions)
        except ValueError:
            return float("inf")
        return loss if np.isfinite(loss) else float("inf")

    @property
    def words(self) -> str:
        """The metric in words, such as "log loss"."""
        return self.scoring.removeprefix("neg_").replace("_", " ")

    def shown(self, loss: float) -> str:
        """Return the metric in words with its value, which is minus the loss for a score: "log loss 0.412"."""
        return f"{self.words} {(loss if self.scoring.startswith('neg_') else -loss):.4g}"

    def answer(self, predictions: np.ndarray) -> np.ndarray:
        """Return what the metric takes: labels, the probability of the second class, or the predictions themselves."""
        needs = SCORERS[self.scoring].needs
        if needs == "labels":
            return predictions.argmax(axis=1)
        if self.classes == 2 and (needs == "decisions" or self.scoring.startswith("roc_auc")):
            return predictions[:, 1]
        return predictions

    def mean(self, y: np.ndarray, rows: int) -> np.ndarray:
        """Return the predictions of a model without features, (rows, classes) or (rows,): the shares, or the mean."""
        if self.classes:
            return np.tile(np.bincount(y, minlength=self.classes) / len(y), (rows, 1))
        return np.full(rows, y.mean())


def mean_log_loss(y: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the cross-entropy of probabilities (n, classes), at least `LEAST`, for class numbers (n,).

    The rows need not sum to one exactly; they are divided by their sums.
    """
    own = probabilities[np.arange(len(y)), y] / probabilities.sum(axis=1)
    return float(-np.log(np.maximum(own, LEAST)).mean())


def goal_for(classes: int, scoring: str | None) -> Goal:
    """Return the goal; None is cross-entropy or the squared error. A ValueError if it does not fit the task."""
    if scoring is None:
        return Goal("neg_log_loss" if classes else "neg_mean_squared_error", classes)
    checks.choice(argument("scoring"), scoring, SCORERS)
    if not _fits(scoring, classes):
        fitting = [name for name in SCORERS if _fits(name, classes)]
        kind = f"{classes} classes" if classes else "regression"
        raise ValueError(f"{argument('scoring')} is {scoring!r}; for {kind} it must be one of {', '.join(fitting)}")
    return Goal(scoring, classes)


def _ranks(name: str) -> bool:
    """Whether a scoring compares the rows of different classes, so that it needs rows of each."""
    return name.startswith("roc_auc") or name == "average_precision"


def _fits(name: str, classes: int) -> bool:
    """Whether a scoring is for classes, or for values, and for so many classes."""
    binary = name in ("precision", "recall", "f1", "roc_auc", "average_precision")
    return (SCORERS[name].needs == "values") != bool(classes) and not name.endswith("_samples") and not (
        binary and classes > 2)
