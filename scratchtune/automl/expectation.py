"""What an ensemble's score on new rows is expected to be: an estimate with an interval, from out-of-fold predictions.

The estimate is the score of cross-fitted predictions. The interval allows for two sampling errors: that of the
estimate, from n rows, and that of the score on m new rows.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.automl.goal import Goal

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
    spread = _bootstrap_spread(goal, y, predictions, seed)
    return Estimate(goal.scoring, goal.score(y, predictions), spread, known or len(y))


def _bootstrap_spread(goal: Goal, y: np.ndarray, predictions: np.ndarray, seed: int) -> float:
    """The standard deviation of the score over resampled rows."""
    rng = np.random.default_rng([seed, 3])
    losses = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(y), size=len(y))
        losses.append(goal.loss(y[drawn], predictions[drawn]))
    finite = np.array([loss for loss in losses if np.isfinite(loss)])
    return float(finite.std(ddof=1)) if len(finite) > 1 else 0.0


def difference(goal: Goal, y: np.ndarray, ours: np.ndarray, other: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Return by how much the score of one prediction exceeds that of another, and the standard error (paired rows)."""
    rng = np.random.default_rng([seed, 4])
    gains = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(y), size=len(y))
        gains.append(goal.loss(y[drawn], other[drawn]) - goal.loss(y[drawn], ours[drawn]))
    finite = np.array([gain for gain in gains if np.isfinite(gain)])
    error = float(finite.std(ddof=1)) if len(finite) > 1 else 0.0
    return goal.loss(y, other) - goal.loss(y, ours), error
