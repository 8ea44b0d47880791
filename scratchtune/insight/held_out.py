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

import json
import math
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.digests import digest_of
from scratchtune.files import read_text, write_text

Metric = Callable[[np.ndarray, np.ndarray], Any]


class Look(NamedTuple):
    """The score of one look, its interval (``low``, ``high``), and ``looks``, how many there were with this one."""

    score: float
    low: float
    high: float
    looks: int


class HeldOut:
    """A test set; `score` counts how often it was looked at, as ``looks``.

    ``X`` (n, ...) are the rows and ``y`` (n,) their labels or values. ``level`` is the least probability with which all
    intervals hold. The score is the accuracy; with ``metric``, a function of the true and the predicted values (n,)
    that returns one number for each row, such as the squared error, it is their mean. The interval of a metric is a
    normal one, so it needs many rows, the more so the more looks there were. With ``path`` the count is kept in this
    JSON file, also for later processes; a file for different rows or another level is refused.

    >>> class Zero:
    ...     def predict(self, X):
    ...         return np.zeros(len(X))
    >>> test = HeldOut(np.zeros((100, 1)), np.arange(100) % 2)
    >>> [round(test.score(Zero()).high, 3) for _ in range(3)]
    [0.615, 0.634, 0.645]
    """

    def __init__(
        self, X: Any, y: Any, level: float = 0.95, metric: Metric | None = None, path: str | Path | None = None,
    ) -> None:
        self._X, self._y = checks.matrix("X", X), np.asarray(y)
        if self._y.shape != (len(self._X),):
            raise ValueError(f"y has shape {self._y.shape}; it must be one label for each of the {len(self._X)} rows")
        if metric is not None and not callable(metric):
            raise TypeError(f"metric is {metric!r}; it must be a function of the true and the predicted values")
        self.level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
        self._metric, self._path = metric, None if path is None else Path(path)
        self._same = {"rows": digest_of(self._X, self._y), "level": self.level}
        self.looks = 0
        self.looks = self._stored()
        self._store()  # so that a path that can't be written is known before the first look

    def score(self, model: Any) -> Look:
        """Return the score of a model, which has `predict`, with an interval for the looks so far.

        Raises
            TypeError or ValueError where the model cannot predict these rows, or the metric is not a finite number for
            each row; nothing is counted then. Also what reading and writing the file of ``path`` raises.
        """
        if not callable(getattr(model, "predict", None)):
            raise TypeError(f"model is {model!r}; it must have a function predict")
        predicted = np.asarray(model.predict(self._X))
        if predicted.shape != self._y.shape:
            raise ValueError(f"model predicted the shape {predicted.shape}; it must be {self._y.shape}, one per row")
        values = self._values(predicted)
        self.looks = self._stored() + 1  # another process may have looked since
        self._store()  # before anyone sees the score
        error, n = (1.0 - self.level) / (self.looks * (self.looks + 1)), len(values)
        mean = float(values.mean())
        if self._metric is None:
            return Look(mean, *exact_interval(int(values.sum()), n, error), self.looks)
        z = NormalDist().inv_cdf(1.0 - error / 2.0)
        reach = z * float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
        return Look(mean, mean - reach, mean + reach, self.looks)

    def _values(self, predicted: np.ndarray) -> np.ndarray:
        """What is averaged, one number for each row."""
        if self._metric is None:
            return np.asarray(predicted == self._y)
        values = np.asarray(self._metric(self._y, predicted), dtype=np.float64)
        if values.shape != self._y.shape or not np.isfinite(values).all():
            raise ValueError(f"metric returned {values!r:.60}; it must be one finite number for each of the "
                             f"{len(self._y)} rows")
        return values

    def _stored(self) -> int:
        """The number of looks so far, in this process or in the file, whichever is larger."""
        if self._path is None or not self._path.exists():
            return self.looks
        text = read_text(self._path, "path must be the count of a HeldOut")
        try:
            found = json.loads(text)
            looks, same = found["looks"], {name: found[name] for name in self._same}
        except (ValueError, KeyError, TypeError):
            looks, same = None, {}
        if type(looks) is not int or looks < 0:
            raise ValueError(f"path is {str(self._path)!r}, which is not the count of a HeldOut; it must be one, or a "
                             "file that does not exist yet")
        if same != self._same:
            raise ValueError(f"path is {str(self._path)!r}, the count for different rows or another level ({same}); "
                             f"it must be that of these ({self._same})")
        return max(looks, self.looks)

    def _store(self) -> None:
        if self._path is not None:
            write_text(self._path, json.dumps(self._same | {"looks": self.looks}) + "\n")


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
