"""A held-out test set that counts its looks: the more models it has scored, the wider is the interval of the next.

Each look is one more chance for a score that is good by luck, so the t-th interval has the error rate
alpha / (t · (t + 1)). These sum to alpha, so all intervals together hold with probability 1 - alpha, however many looks
there will be (Bonferroni), for models that don't depend on earlier scores of this set. A model that was changed because
of an earlier score isn't covered.

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

    ``X`` (n, ...) are the rows and ``y`` (n,) their labels or values. ``level`` is the probability with which all
    intervals hold. The score is the accuracy, with Wilson's interval; with ``metric``, a function of the true and the
    predicted values (n,) that returns one number for each row, such as the squared error, it is their mean. Its
    interval is normal, so it needs many rows. With ``path`` the count is kept in this JSON file, also for later
    processes; a file for different rows or another level is refused.

    >>> class Zero:
    ...     def predict(self, X):
    ...         return np.zeros(len(X))
    >>> test = HeldOut(np.zeros((100, 1)), np.arange(100) % 2)
    >>> [round(test.score(Zero()).high, 3) for _ in range(3)]
    [0.609, 0.628, 0.638]
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
        z = NormalDist().inv_cdf(1.0 - (1.0 - self.level) / (2.0 * self.looks * (self.looks + 1)))
        mean = float(values.mean())
        if self._metric is None:
            return Look(mean, *wilson_interval(mean, len(values), z), self.looks)
        reach = z * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.inf
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


def wilson_interval(share: float, n: int, z: float) -> tuple[float, float]:
    """Wilson's interval (1927) for a probability of which a share of n was observed, z standard errors wide each side.

    >>> [round(end, 3) for end in wilson_interval(1.0, 10, 1.96)]
    [0.722, 1.0]
    """
    middle = share + z * z / (2.0 * n)
    reach = z * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    low, high = (middle - reach) / (1.0 + z * z / n), (middle + reach) / (1.0 + z * z / n)
    return min(max(low, 0.0), share), max(min(high, 1.0), share)  # rounding may leave the ends inside
