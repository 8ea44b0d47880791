"""What an ensemble's score on new rows is expected to be: an estimate with an interval, from out-of-fold predictions.

The estimate is the score of cross-fitted predictions. The interval allows for two sampling errors: that of the
estimate, from n rows, and that of the score on m new rows.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.tables.goal import Goal

LEVEL = 0.9
RESAMPLES = 200


class Expected(NamedTuple):
    """The expected score on new rows, larger is better: with probability ``level`` it is from ``low`` to ``high``.

    ``rows`` is the number of new rows on which it is measured; infinity for the limit of many rows.
    """

    scoring: str
    score: float
    low: float
    high: float
    level: float
    rows: float


def spread_on_new_rows(spread: float, known: int, new: float) -> float:
    """The standard deviation of the difference between the estimate on n rows and the score on m new ones.

    Formula [spread_on_new_rows]
        d = s · √(1 + n / m)
    Where
        s: spread, scalar, >= 0, the standard deviation of the estimate
        n: known, scalar, integer >= 1, how many rows the estimate is made of
        m: new, scalar, > 0, how many new rows there will be
    Returns
        d, in the units of the score.
    Variant
        The two samples are independent, and the variance of a score is inversely proportional to the number of rows.
    Source
        The prediction interval of a mean; Hahn and Meeker (1991), "Statistical Intervals", section 4.8.
    Example
        >>> spread_on_new_rows(0.02, 400, 400 / 3)
        0.04
    """
    return spread * math.sqrt(1.0 + known / new)


class Estimate(NamedTuple):
    """A score estimated on known rows: its standard deviation, and how many rows they are."""

    scoring: str
    score: float
    spread: float
    known: int

    def on(self, rows: float = math.inf, level: float = LEVEL) -> Expected:
        """Return the expected score on ``rows`` new rows, with its interval.

        The interval of a loss, which is positive, is computed for its logarithm. So it is longer on the side of the
        larger loss, since single rows may have a large one.
        """
        level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
        if not rows > 0:
            raise ValueError(f"rows is {rows!r}; it must be a number above 0, or infinity")
        half = NormalDist().inv_cdf(0.5 + level / 2.0) * spread_on_new_rows(self.spread, self.known, rows)
        low, high = self.score - half, self.score + half
        if self.scoring.startswith("neg_") and self.score < 0.0:
            factor = math.exp(min(half / -self.score, 700.0))
            low, high = self.score * factor, self.score / factor
        return Expected(self.scoring, self.score, low, high, level, rows)


def estimated(goal: Goal, y: np.ndarray, predictions: np.ndarray, seed: int = 0, known: int | None = None) -> Estimate:
    """Return the estimate of the score on new rows from cross-fitted predictions, (n, classes) or (n,), for y (n,).

    ``known`` is the number of rows with out-of-fold predictions, if the given ones are a sample of them. The
    standard deviation is that of the score on resampled rows (the bootstrap).
    """
    spread = _bootstrap_spread(lambda rows: goal.loss(y[rows], predictions[rows]), len(y), [seed, 3])
    return Estimate(goal.scoring, goal.score(y, predictions), spread, known or len(y))


def difference(goal: Goal, y: np.ndarray, ours: np.ndarray, other: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Return by how much the score of one prediction exceeds that of another, and the standard error (paired rows)."""
    def gain(rows: Any) -> float:
        return goal.loss(y[rows], other[rows]) - goal.loss(y[rows], ours[rows])

    return gain(slice(None)), _bootstrap_spread(gain, len(y), [seed, 4])


def _bootstrap_spread(value: Callable[[np.ndarray], float], rows: int, seed: list[int]) -> float:
    """The standard deviation of a value over resampled rows."""
    rng = np.random.default_rng(seed)
    values = np.array([value(rng.integers(rows, size=rows)) for _ in range(RESAMPLES)])
    finite = values[np.isfinite(values)]
    return float(finite.std(ddof=1)) if len(finite) > 1 else 0.0
