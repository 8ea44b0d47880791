"""A surrogate is a cheap model of the objective: here a Gaussian process that is fitted to the losses of the trials.

The losses are compressed and standardised first (`compress_and_standardize`). Then the kernel's parameters are fitted
to them (`fitted_process`), and pending trials are added with the losses that the process predicts (`with_pending`).

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.fitting import fit_hyperparameters
from scratchtune.core.search.bayesian.kernels import ROUGH

MOST_TRIALS = 300  # that the process is conditioned on, since the time grows with their cube; see `subsample`
FITTED_TRIALS, EVALUATIONS = 120, 20  # trials that θ is fitted to, and how many values of θ are tried at most
NOISY_START = (1e-3, 0.1)  # variances of the rough part and of the noise, in units of the variance of the values
MOST_EXCESS = 4.0  # a bad loss is at most 1 + this many standard deviations above the median after compression
FARTHEST = 1e300  # standard deviations above the median, beyond which compression has reached its limit
LEAST = math.ulp(0.0)  # of the factor between losses and standardised values: its logarithm must exist


# From losses to values -----------------------------------------------------------------------------------------------


class Standardized(NamedTuple):
    """Losses as the process sees them, (n,); a loss better than the median is offset + factor · value."""

    values: np.ndarray
    offset: float
    factor: float

    def to_loss(self, value: float) -> float:
        """The loss of a standardised value; above the median it is the compressed loss."""
        return within_floats(self.offset + self.factor * value)


def compress_and_standardize(losses: np.ndarray) -> Standardized:
    """Compress bad losses, count failures (NaN) as the worst, and scale to mean 0 and standard deviation 1.

    The size of a bad loss says little about where good ones are, but a loss of 1e12 would make all others look equal.
    So `compressed` is applied to the distance from the median, in units of the better half's standard deviation.
    """
    known = losses[np.isfinite(losses)]
    if not len(known) or known.min() == known.max():
        failed = np.where(np.isfinite(losses), 0.0, 1.0)
        return Standardized(failed if len(known) else 0.0 * failed, float(known[0]) if len(known) else 0.0, 1.0)
    scale = float(np.abs(known).max())
    values = np.where(np.isfinite(losses), losses, known.max()) / scale
    median = float(np.median(values))
    better = values[values < median]
    if not len(better):  # at least half of the losses are the lowest: measure by those just above
        better = np.sort(values[values > median])[: max(1, int(np.sum(values > median)) // 2)]
    spread = root_mean_square(better - median) if len(better) else 0.0
    if spread > 0.0:
        with np.errstate(over="ignore"):
            above = np.minimum((values - median) / spread, FARTHEST)
        far = above > 1.0
        above[far] = [compressed(z) for z in above[far].tolist()]
        values = median + spread * above
    offset = float(np.mean(values))
    factor = max(root_mean_square(values - offset), LEAST)
    return Standardized((values - offset) / factor, scale * offset, max(scale * factor, LEAST))


def root_mean_square(values: np.ndarray) -> float:
    """Root of the mean of the squares, of values of any size: a power of two scales them before they are squared.

    >>> root_mean_square(np.array([3e-200, 3e-200]))
    3e-200
    """
    _, exponent = math.frexp(float(np.abs(values).max()))
    return math.ldexp(math.sqrt(float(np.mean(np.ldexp(values, -exponent) ** 2))), exponent)


def compressed(z: float, most: float = MOST_EXCESS) -> float:
    """Compress a value in standard deviations above the median: unchanged up to 1, and never above 1 + most.

    Formula [compressed_value]
        c = z if z <= 1 else 1 + m · (z − 1) / (m + z − 1)
    Where
        z: z, scalar, real; sampled in [0, 3]
        m: most, scalar, > 0
    Returns
        c, in the order of the z, with no kink at 1: its gradient there is 1 from both sides.
    Variant
        Others clip bad values, or replace values by ranks (Song et al. 2024, appendix B), which loses more of the
        shape.
    Source
        The saturation of Michaelis and Menten (1913).
    Example
        >>> compressed(0.5), compressed(1.0), compressed(5.0, most=4.0)
        (0.5, 1.0, 3.0)
    """
    return z if z <= 1.0 else 1.0 + most * ((z - 1.0) / (most + z - 1.0))


def within_floats(value: float) -> float:
    """A value, or the largest float if it has overflowed: reasons are stored as JSON, which has no infinity."""
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def subsample(losses: np.ndarray, most: int) -> np.ndarray:
    """Indices of the trials to use, in order: all, or ``most``, half of them the best, half spread over the ranks."""
    if len(losses) <= most:
        return np.arange(len(losses))
    order = np.argsort(losses, kind="stable")  # NaN comes last
    others = np.linspace(most // 2, len(losses) - 1, most - most // 2).astype(np.int64)
    return np.sort(np.concatenate([order[: most // 2], order[others]]))


# The process ---------------------------------------------------------------------------------------------------------


def theta_prior(dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of the normal prior of θ, (d + 3,) each.

    Length scales grow with the root of the number of axes, as distances in a cube do. The variance of the noise may be
    anything from nothing to half of the variance of the values: trainings with random weights have noise, tables and
    functions have none. With a narrow prior near zero, noise was interpolated, as if it were a rugged function.
    """
    means = [math.log(0.4 * math.sqrt(dimensions))] * dimensions + [0.0, math.log(1e-2), math.log(1e-3)]
    return np.array(means), np.array([1.0] * dimensions + [1.0, 2.0, 3.0])


def fitted_theta(encoding: Encoding, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the kernel's parameters θ, (d + 3,), of the highest posterior density that a local search finds.

    It starts at the prior's mean, computes at most `EVALUATIONS` densities, and uses at most `FITTED_TRIALS` trials.
    """
    part = subsample(values, FITTED_TRIALS)
    return _fitted(encoding, rows[part], values[part], theta_prior(rows.shape[1])[0])[0]


def theta_of_noisy_values(encoding: Encoding, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """As `fitted_theta`, but with all trials and from both `starts`, which takes longer; the θ of higher density."""
    found = [_fitted(encoding, rows, values, start) for start in starts(rows.shape[1])]
    return max(found, key=lambda each: each[1])[0]


def starts(dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Two starting points for the fit of θ, (d + 3,) each: the prior's mean, and one with much noise.

    Differences between neighbours are explained by a rough function or by noise. Points that are spread evenly hardly
    tell which, and a local search often ends at the explanation that it has started nearer to.
    """
    mean = theta_prior(dimensions)[0]
    return mean, np.concatenate([mean[:ROUGH], np.log(NOISY_START)])


def _fitted(encoding: Encoding, rows: np.ndarray, values: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, float]:
    """The θ that a local search from ``start`` finds, and the logarithm of its posterior density."""
    means, stds = theta_prior(rows.shape[1])
    return fit_hyperparameters(
        rows, values, encoding.is_categorical, theta=start, prior_mean=means, prior_std=stds, evaluations=EVALUATIONS)


def fitted_process(encoding: Encoding, rows: np.ndarray, values: np.ndarray) -> gp.Process:
    """A Gaussian process with parameters fitted to standardised values (n,) at rows of the encoding (n, d)."""
    return gp.condition(rows, values, encoding.is_categorical, fitted_theta(encoding, rows, values))


def with_pending(process: gp.Process, pending: np.ndarray) -> gp.Process:
    """Return the process as if each pending trial, a row of (m, d), had its predicted mean as result.

    The mean stays as it is, and the standard deviation near those trials shrinks. This is the kriging believer of
    Ginsbourger, Le Riche and Carraro (2010).
    """
    if not len(pending):
        return process
    means, _ = gp.predict(process, pending)
    return gp.condition(
        np.concatenate([process.rows, pending]), np.concatenate([process.values, means]), process.is_categorical,
        process.theta, process.mean)


# Constraints ---------------------------------------------------------------------------------------------------------

NO_CONSTRAINTS = gp.Process(*(np.zeros((0,) * axes) for axes in (2, 2, 1, 2, 1, 3, 2)))


def constraint_units(constraints: np.ndarray, most: float = 4.0) -> tuple[np.ndarray, float]:
    """Values of a constraint, (n,), in units of their standard deviation, and their mean; 0 is still the limit.

    The side of 0 counts more than the distance, which is at most ``most`` times the median distance.

    >>> constraint_units(np.array([-1.0, 4.0]))
    (array([-0.4,  1.6]), 0.6)
    """
    values = constraints / (float(np.abs(constraints).max()) or 1.0)
    farthest = most * float(np.median(np.abs(values))) or 1.0
    values = np.clip(values, -farthest, farthest)
    mean = float(np.mean(values))
    std = root_mean_square(values - mean) or abs(mean) or 1.0
    return values / std, mean / std


def fitted_constraints(encoding: Encoding, rows: np.ndarray, constraints: Sequence[tuple[float, ...]]) -> gp.Process:
    """The processes of k constraints of the trials at ``rows``, as one whose arrays, but the rows, have k first.

    A trial that has set fewer constraints than another one is left out.
    """
    count = max(map(len, constraints))
    if not count:
        return NO_CONSTRAINTS
    known = [k for k, one in enumerate(constraints) if len(one) == count]
    scaled = [constraint_units(column) for column in np.array([constraints[k] for k in known]).T]
    fitted = [fitted_process(encoding, rows[known], values - mean)._replace(mean=mean) for values, mean in scaled]
    _, values, _, theta, means, upper, alpha = map(np.array, zip(*fitted, strict=True))
    return gp.Process(rows[known], values, encoding.is_categorical, theta, means, upper, alpha)
