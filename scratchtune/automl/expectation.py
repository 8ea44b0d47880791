"""What an ensemble's score on new rows is expected to be: an estimate with an interval, from out-of-fold predictions.

The estimate is the score of cross-fitted predictions. The interval allows for two sources of chance: that the estimate
comes from n rows, and that the score will be measured on m new rows.

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
ROWS = 20_000  # at most so many rows are resampled: the spread of more rows follows from theirs


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


def expected_score(
    goal: Goal, y: np.ndarray, predictions: np.ndarray, rows: float = math.inf, level: float = LEVEL, seed: int = 0,
) -> Expected:
    """Return the expected score on ``rows`` new rows, with its interval.

    ``predictions`` are cross-fitted ones, (n, classes) or (n,), for the targets ``y``, (n,). The standard deviation of
    the estimate is that of the score on resampled rows (the bootstrap).
    """
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    score = goal.score(y, predictions)
    spread = spread_on_new_rows(_bootstrap_spread(goal, y, predictions, seed), len(y), rows)
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * spread
    return Expected(goal.scoring, score, score - half, score + half, level, rows)


def _bootstrap_spread(goal: Goal, y: np.ndarray, predictions: np.ndarray, seed: int) -> float:
    """The standard deviation of the score over resampled rows."""
    rng = np.random.default_rng([seed, 3])
    size = min(len(y), ROWS)
    losses = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(y), size=size)
        losses.append(goal.loss(y[drawn], predictions[drawn]))
    finite = np.array([loss for loss in losses if np.isfinite(loss)])
    if len(finite) < 2:
        return 0.0
    return float(finite.std(ddof=1)) * math.sqrt(size / len(y))


def difference(goal: Goal, y: np.ndarray, ours: np.ndarray, other: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Return by how much the score of one prediction exceeds that of another, and the standard error (paired rows)."""
    rng = np.random.default_rng([seed, 4])
    size = min(len(y), ROWS)
    gains = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(y), size=size)
        gains.append(goal.loss(y[drawn], other[drawn]) - goal.loss(y[drawn], ours[drawn]))
    finite = np.array([gain for gain in gains if np.isfinite(gain)])
    error = float(finite.std(ddof=1)) * math.sqrt(size / len(y)) if len(finite) > 1 else 0.0
    return goal.loss(y, other) - goal.loss(y, ours), error
