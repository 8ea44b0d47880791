"""What a model's score on new rows is expected to be: an estimate with an interval, from out-of-fold predictions.

The estimate is the score of cross-fitted predictions. The interval allows for two sampling errors: that of the
estimate, from n rows, and that of the score on m new rows. Both are simulated (a double bootstrap): each resample draws
n known rows from the units, and then a sample of m new rows from those. A resample holds no larger error than the known
rows, and new rows may: so the largest errors of a regression are replaced by draws from a Pareto distribution that is
fitted to them. `python -m benchmarks coverage` measures how often the interval contains the score.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.evaluation.selection import student_quantile
from scratchtune.tables.goal import Goal
from scratchtune.tables.splitting import Units

LEVEL = 0.9
RESAMPLES = 300
ROWS = 4000  # of a resample at most, which bounds the time
SHARES = math.inf, 1.0, 0.25, 0.0625  # new rows, over known ones, for which scores are simulated
PROBABILITIES = 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99  # of the quantiles that are kept
TAIL, LEAST = 0.03, 5  # the share of rows that are a regression's largest errors, and how many there are at least
FEW = 200  # with fewer units, the interval is longer, as Student's t distribution


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


def spread_on_new_rows(spread: float, known: float, new: float) -> float:
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
        Independent samples. With s = 1/√n it is the scale on which `Estimate` interpolates its simulated quantiles.
    Source
        The prediction interval of a mean; Hahn and Meeker (1991), "Statistical Intervals", section 4.8.
    Example
        >>> spread_on_new_rows(0.02, 400, 400 / 3)
        0.04
    """
    return spread * math.sqrt(1.0 + known / new)


class Estimate(NamedTuple):
    """A score estimated on ``known`` rows, of so many ``units``, and quantiles of the scores on resampled rows.

    There is one list of quantiles for each of ``spans``, √(1/n + 1/m) of the simulated n known and m new rows, to which
    the distance of a quantile from the median is nearly proportional. Of blocks of time there is one list, for any m.
    Quantiles of losses are those of the logarithm.
    """

    scoring: str
    score: float
    known: int
    units: int
    spans: Sequence[float]
    quantiles: Sequence[Sequence[float]]

    def on(self, rows: float = math.inf, level: float = LEVEL) -> Expected:
        """Return the expected score on ``rows`` new rows, with its interval, which is within the metric's range."""
        level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
        if not rows > 0:
            raise ValueError(f"rows is {rows!r}; it must be a number above 0, or infinity")
        quantiles, half = self._quantiles(rows), 0.5 + level / 2.0
        normal = NormalDist().inv_cdf
        z = [normal(p) for p in PROBABILITIES]
        distance = normal(half)
        stretch = max(distance / z[-1], 1.0)  # beyond the last quantile, as a normal distribution
        if 1 < self.units < FEW:
            stretch *= student_quantile(level, self.units - 1) / distance * math.sqrt(self.units / (self.units - 1))
        ends = np.interp([-distance, distance], z, quantiles)
        low, high = quantiles[len(z) // 2] + stretch * (ends - quantiles[len(z) // 2])
        if _is_loss(self.scoring):
            low, high = (-math.exp(min(end, 700.0)) for end in (high, low))
        else:
            low, high = max(low, -math.inf if self.scoring == "r2" else 0.0), min(high, 1.0)
        low, high = min(float(low), self.score), max(float(high), self.score)
        return Expected(self.scoring, self.score, low, high, level, rows)

    def _quantiles(self, rows: float) -> np.ndarray:
        """The quantiles for m new rows, interpolated in √(1/n + 1/m); where this is 0, they all equal the score."""
        if len(self.quantiles) == 1:
            return np.array(self.quantiles[0])
        span = spread_on_new_rows(1.0 / math.sqrt(self.known), self.known, rows)
        exact = np.full(len(PROBABILITIES), _scale(self.scoring, self.score))
        spans, table = np.array([0.0, *self.spans]), np.vstack([exact, *self.quantiles])
        after = min(max(int(np.searchsorted(spans, span)), 1), len(spans) - 1)
        share = (span - spans[after - 1]) / (spans[after] - spans[after - 1])
        return np.asarray(table[after - 1] + share * (table[after] - table[after - 1]))


def _is_loss(scoring: str) -> bool:  # then a score is minus a loss
    return scoring.startswith("neg_")


def _scale(scoring: str, score: float) -> float:
    """What is resampled: the logarithm of a loss, so that its interval stays positive, or another score itself."""
    return math.log(max(-score, 1e-300)) if _is_loss(scoring) else score


def estimated(
    goal: Goal, y: np.ndarray, predictions: np.ndarray, units: Units, seed: int = 0, known: int | None = None,
) -> Estimate:
    """Return the estimate of the score on new rows from cross-fitted predictions, (n, classes) or (n,), for y (n,).

    A bootstrap in two stages. Each of `RESAMPLES` draws units with replacement: they are a population that could have
    given the known rows. From it new units are drawn again, a few or many (`SHARES`), and scored: so the quantiles
    of these scores have both errors, that of the known rows and that of the new ones.

    ``known`` is the number of rows with out-of-fold predictions, if the given ones are a sample of them.
    """
    n, score = len(y), goal.score(y, predictions)
    count = _resampled_units(units, n)
    is_time = units.kind == "time"  # then the new rows are one block, however many they are
    shares = SHARES[1:2] if is_time else SHARES
    rng, scales = np.random.default_rng([seed, 3]), np.full((len(shares), RESAMPLES), np.nan)
    for k in range(RESAMPLES):
        population = rng.integers(units.count, size=count)
        rows = units.rows(population)
        for j, share in enumerate(shares):
            new = rows  # infinitely many new rows: the whole population
            if share < math.inf:
                some = rng.integers(count, size=1 if is_time else max(round(share * count), 1))
                new = units.rows(population[some])
            targets = y[new] if goal.classes else _with_drawn_errors(y, predictions, rows, new, rng)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a metric that is undefined in a small resample
                loss = goal.loss(targets, predictions[new])
            if math.isfinite(loss):
                scales[j, k] = _scale(goal.scoring, -loss)
    scales[np.isnan(scales).all(axis=1)] = _scale(goal.scoring, score)  # a class is missing in every resample
    size = count * n / units.count
    return Estimate(goal.scoring, score, known or n, units.count,
                    [math.sqrt((1.0 + 1.0 / share) / size) for share in shares],
                    np.nanquantile(scales, PROBABILITIES, axis=1).T.tolist())


def _with_drawn_errors(
    y: np.ndarray, predictions: np.ndarray, rows: np.ndarray, new: np.ndarray, rng: np.random.Generator,
) -> np.ndarray:
    """The targets of the ``new`` rows; large errors are drawn from the Pareto distribution that fits those of ``rows``.

    An error is large above the threshold s, the largest of the other errors. A large one exceeds x with the probability
    (s / x)^(1/γ), where γ is Hill's estimate (1975): the mean of log(error / s) over the large errors of ``rows``.
    Where no target is below 0, no drawn one is either.
    """
    targets, errors = y[new].copy(), np.abs(y - predictions)
    ordered, largest = np.sort(errors[rows]), max(LEAST, math.ceil(TAIL * len(rows)))
    if len(rows) <= 2 * largest or ordered[-largest - 1] <= 0.0:
        return targets  # no tail beside so few errors, or beside errors of 0
    threshold = ordered[-largest - 1]
    gamma = np.log(ordered[-largest:] / threshold).mean()
    at = np.flatnonzero(errors[new] > threshold)
    drawn = threshold * (1.0 - rng.random(len(at))) ** -gamma  # the probability is in (0, 1], never 0
    lowest = 0.0 if y.min() >= 0.0 else -math.inf
    targets[at] = np.maximum(predictions[new[at]] + np.sign(targets[at] - predictions[new[at]]) * drawn, lowest)
    return targets


def difference(
    goal: Goal, y: np.ndarray, ours: np.ndarray, other: np.ndarray, units: Units, seed: int = 0,
) -> tuple[float, float]:
    """Return by how much the score of one prediction exceeds that of another, and the standard error (paired units).

    Of many rows fewer units are resampled, and the error is scaled to all of them.
    """
    def gain(rows: np.ndarray) -> float:
        return goal.loss(y[rows], other[rows]) - goal.loss(y[rows], ours[rows])

    rng, count = np.random.default_rng([seed, 4]), _resampled_units(units, len(y))
    gains = np.array([gain(units.rows(rng.integers(units.count, size=count))) for _ in range(RESAMPLES)])
    gains = gains[np.isfinite(gains)] * math.sqrt(count / units.count)
    return gain(np.arange(len(y))), float(gains.std(ddof=1)) if len(gains) > 1 else 0.0


def _resampled_units(units: Units, rows: int) -> int:
    """How many units a resample has: all, or so many that it has about `ROWS` rows."""
    return max(round(units.count * min(ROWS / rows, 1.0)), 1)
