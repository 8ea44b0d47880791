"""A held-out test set that counts its looks: the more models it has scored, the wider is the interval of the next.

A *look* is one evaluation of a model on the set. Each look is one more chance for a score that is good by luck, so the
interval of look t has the error rate alpha / (t · (t + 1)). These rates sum to alpha. So all intervals together contain
the true accuracies with a probability of at least 1 - alpha, however many looks there will be (Bonferroni's
correction). This does not cover a model that was changed because of an earlier score on this set. The intervals are
exact ones of the binomial distribution: at such small error rates, and near an accuracy of 1, approximate intervals
such as Wilson's are far too narrow.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks


class Look(NamedTuple):
    """The score of one look, its interval (``low``, ``high``), and ``looks``, how many there were with this one."""

    score: float
    low: float
    high: float
    looks: int


class HeldOut:
    """A test set for the accuracy of classifiers; `score` counts how often it was looked at, as ``looks``.

    ``X`` (n, ...) are the rows and ``y`` (n,) their labels. ``level`` is the least probability with which all intervals
    hold.

    >>> class Zero:
    ...     def predict(self, X):
    ...         return np.zeros(len(X))
    >>> test = HeldOut(np.zeros((100, 1)), np.arange(100) % 2)
    >>> [round(test.score(Zero()).high, 3) for _ in range(3)]
    [0.615, 0.634, 0.645]
    """

    def __init__(self, X: Any, y: Any, level: float = 0.95) -> None:
        self._X, self._y = checks.matrix("X", X), np.asarray(y)
        if self._y.shape != (len(self._X),):
            raise ValueError(f"y has shape {self._y.shape}; it must be one label for each of the {len(self._X)} rows")
        self.level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
        self.looks = 0

    def score(self, model: Any) -> Look:
        """Return the accuracy of a model, which has `predict`, with an interval for the looks so far."""
        if not callable(getattr(model, "predict", None)):
            raise TypeError(f"model is {model!r}; it must have a function predict")
        predicted = np.asarray(model.predict(self._X))
        if predicted.shape != self._y.shape:
            raise ValueError(f"model predicted the shape {predicted.shape}; it must be {self._y.shape}, a label a row")
        self.looks += 1
        hits, n = int((predicted == self._y).sum()), len(self._y)
        error = (1.0 - self.level) / (self.looks * (self.looks + 1))
        return Look(hits / n, *exact_interval(hits, n, error), self.looks)


def exact_interval(hits: int, n: int, error: float) -> tuple[float, float]:
    """Clopper and Pearson's interval (1934) for a probability, from the number of hits in n independent attempts.

    Each end misses the probability in at most half of the share ``error`` of all samples, whatever the probability is.

    >>> [round(end, 4) for end in exact_interval(10, 10, 0.05)]
    [0.6915, 1.0]
    """
    return 1.0 - _upper_end(n - hits, n, error), _upper_end(hits, n, error)


def _upper_end(hits: int, n: int, error: float) -> float:
    """The probability of a hit for which so few hits, or fewer, have the probability error / 2."""
    if hits == n:
        return 1.0
    counts = np.arange(hits + 1.0)
    log_ways = np.concatenate([[0.0], np.cumsum(np.log((n - counts[:-1]) / counts[1:]))])  # of choosing the hits
    low, high = hits / n, 1.0
    while low < (middle := (low + high) / 2.0) < high:
        logs = log_ways + counts * math.log(middle) + (n - counts) * math.log1p(-middle)
        low, high = (middle, high) if np.exp(logs).sum() > error / 2.0 else (low, middle)
    return high
