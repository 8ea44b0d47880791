"""A held-out test set that counts its looks: the more models it has scored, the wider is the interval of the next.

Each look is one more chance for a score that is good by luck, so the t-th interval has the error rate
alpha / (t · (t + 1)). These sum to alpha, so all intervals together hold with probability 1 - alpha, however many looks
there will be (Bonferroni), for models that don't depend on earlier scores of this set. A model that was changed because
of an earlier score isn't covered.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from statistics import NormalDist
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

    ``X`` (n, ...) are the rows and ``y`` (n,) their labels. ``level`` is the probability with which all intervals hold.

    >>> class Zero:
    ...     def predict(self, X):
    ...         return np.zeros(len(X))
    >>> test = HeldOut(np.zeros((100, 1)), np.arange(100) % 2)
    >>> [round(test.score(Zero()).high, 3) for _ in range(3)]
    [0.609, 0.628, 0.638]
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
        z = NormalDist().inv_cdf(1.0 - (1.0 - self.level) / (2.0 * self.looks * (self.looks + 1)))
        accuracy = float((predicted == self._y).mean())
        return Look(accuracy, *wilson_interval(accuracy, len(self._y), z), self.looks)


def wilson_interval(share: float, n: int, z: float) -> tuple[float, float]:
    """Wilson's interval (1927) for a probability of which a share of n was observed, z standard errors wide each side.

    >>> [round(end, 3) for end in wilson_interval(1.0, 10, 1.96)]
    [0.722, 1.0]
    """
    middle = share + z * z / (2.0 * n)
    reach = z * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    low, high = (middle - reach) / (1.0 + z * z / n), (middle + reach) / (1.0 + z * z / n)
    return min(max(low, 0.0), share), max(min(high, 1.0), share)  # rounding may leave the ends inside
