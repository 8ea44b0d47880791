"""A Gaussian process for each constraint says how probable it is that a point is feasible.

An acquisition is multiplied by these probabilities; their logarithms are added to its logarithm, and to a confidence
bound in units of the standardised losses, as the user's prior is. The processes are independent of each other.

Implements section 3.3 of the document.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune.search.bayesian import surrogate
from scratchtune.search.bayesian.encoding import Encoding

FARTHEST = 4.0  # a constraint counts as at most so many medians of their absolute values away from 0


class Constraints(NamedTuple):
    """The processes of k constraints at the same rows (n, d), with mean 0: arrays of `Process` with an axis of k first.

    ``limits`` (k,) are the values at most which the constraints hold, in units of the processes.
    """

    rows: np.ndarray
    values: np.ndarray
    theta: np.ndarray
    upper: np.ndarray
    alpha: np.ndarray
    limits: np.ndarray


NONE = Constraints(
    np.zeros((0, 0)), np.zeros((0, 0)), np.zeros((0, 0)), np.zeros((0, 0, 0)), np.zeros((0, 0)), np.zeros(0))


def feasible_acquisition(acquisitions: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Logarithm of the acquisition at n points, multiplied by the probability that each constraint holds there.

    Formula [feasible_acquisition]
        fₙ = aₙ + Σₖ[p[k, n]]
    Where
        a: acquisitions, (n,), real, logarithms of an acquisition, such as the expected improvement
        p: probabilities, (k, n), <= 0, logarithms of the probabilities that a constraint is at most 0
    Returns
        f; they are [log_probability_of_improvement] of the constraint's process, with its limit as the best value.
    Source
        Gardner et al. (2014), "Bayesian optimization with inequality constraints", equations 4 and 5.
    Example
        >>> feasible_acquisition(np.array([-1.0]), np.array([[-0.5], [-0.25]])).tolist()
        [-1.75]
    """
    return acquisitions + np.sum(probabilities, axis=0)


def standardized(constraints: np.ndarray) -> tuple[np.ndarray, float]:
    """Values of a constraint, (n,), with mean 0 and standard deviation 1, and the limit that stands for 0.

    How far a value is above or below 0 matters less than the side: `FARTHEST` limits it.

    >>> standardized(np.array([-1.0, 4.0]))
    (array([-1.,  1.]), -0.6)
    """
    values = constraints / (float(np.abs(constraints).max()) or 1.0)
    most = FARTHEST * float(np.median(np.abs(values))) or 1.0
    values = np.clip(values, -most, most)
    offset = float(np.mean(values))
    factor = surrogate.root_mean_square(values - offset) or abs(offset) or 1.0
    return (values - offset) / factor, -offset / factor


def fitted_constraints(encoding: Encoding, rows: np.ndarray, constraints: list[tuple[float, ...]]) -> Constraints:
    """The processes fitted to the constraints of n trials at rows (n, d); only of trials that have set most of them."""
    count = max(map(len, constraints))
    if not count:
        return NONE
    known = [len(one) == count for one in constraints]
    rows, columns = rows[known], zip(*(one for one in constraints if len(one) == count), strict=True)
    scaled = [standardized(np.array(column)) for column in columns]
    processes = [surrogate.fitted_process(encoding, rows, values) for values, _ in scaled]
    of_each = (np.array([getattr(one, name) for one in processes]) for name in ("values", "theta", "upper", "alpha"))
    return Constraints(rows, *of_each, np.array([limit for _, limit in scaled]))
