"""PED-ANOVA: how much does each hyper-parameter matter for being among the best trials?

The density of a parameter's values among the best tenth of the trials is compared with the density among all trials. If
both are the same, the parameter does not matter for being among the best. Each density is a mixture: one normal
distribution for each trial, on a grid of 50 values, and one wide component, so that no density is 0. For choices the
components are probabilities.

This is another question than that of functional ANOVA. A parameter that only separates bad trials from very bad ones
has a large share of the variance, but no importance here. There are no importances of pairs.

The name is that of the Pearson divergence, by which the two densities are compared ([pearson_divergence]). For a
conditional parameter only the trials that have it are compared. The result is multiplied by p² / q, with p the share of
the best trials that have the parameter, and q the share of all trials that have it.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from scratchtune.insight.drawing import TrialTable
from scratchtune.search import Categorical, Float, Int
from scratchtune.search.normal import normal_cdf
from scratchtune.search.parameters import Parameter, is_logarithmic
from scratchtune.study import Trial
from scratchtune.study.trial import configuration

QUANTILE = 0.1  # of the trials are the best ones
STEPS = 50  # of the grid on a range
LEAST_DENSITY = 1e-12
Name = str | tuple[str, str]
LEAST_STD = 0.5 / 1.64  # in steps of the grid: 90 % of a component are within one step


def pearson_divergence(top: np.ndarray, rest: np.ndarray) -> float:
    """Pearson's divergence of two distributions: 0 where they are equal.

    Formula [pearson_divergence]
        D = Σᵢ[qᵢ · (pᵢ / qᵢ − 1)²]
    Where
        p: top, (i,), probabilities, of the values among the best trials
        q: rest, (i,), in [0.1, 1], probabilities of the values among all trials
    Returns
        D, a number >= 0.
    Source
        Watanabe, Bansal and Hutter (2023), "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
        subspaces", equation 7.
    Example
        >>> float(pearson_divergence(np.array([0.75, 0.25]), np.array([0.5, 0.5])))
        0.25
    """
    return (rest * (top / rest - 1.0) ** 2).sum()


def scott_bandwidth(std: float, spread: float, count: float) -> float:
    """Bandwidth of a kernel density estimate: the standard deviation of the normal distribution at each value.

    Formula [scott_bandwidth]
        h = 1.059 · min(r / 1.34, s) · n^(−0.2)
    Where
        s: std, scalar, >= 0, standard deviation of the values
        r: spread, scalar, >= 0, their interquartile range
        n: count, scalar, >= 1, how many there are
    Returns
        h, in the units of the values.
    Source
        Scott (1992), "Multivariate density estimation", section 6.2.
    Example
        >>> round(scott_bandwidth(1.0, 2.0, 32.0), 4)
        0.5295
    """
    return 1.059 * min(spread / 1.34, std) * count**-0.2


def top_importances(study: TrialTable, trials: Sequence[Trial], values: np.ndarray) -> dict[Name, float]:
    """Importance of each parameter for being among the best tenth of the trials; they sum to 1, or all are 0."""
    losses = values if study.direction == "minimize" else -values
    best = losses <= np.sort(losses)[math.ceil(QUANTILE * len(losses)) - 1]
    found = {name: _divergence(parameter, [configuration(trial).get(name, _ABSENT) for trial in trials], best)
             for name, parameter in study.space.parameters.items()}
    total = sum(found.values())
    return {name: divergence / total if total > 0.0 else 0.0 for name, divergence in found.items()}


_ABSENT = object()


def _divergence(parameter: Parameter, values: Sequence[object], best: np.ndarray) -> float:
    """Pearson's divergence of one parameter's two densities, weighted by how often it is present."""
    present = np.array([value is not _ABSENT for value in values])
    count = parameter.count if isinstance(parameter, Categorical) else _steps(parameter)
    if present.sum() < 2 or not (present & best).any() or count < 2:
        return 0.0
    at = _cells(parameter, [value for value in values if value is not _ABSENT], count)
    is_choice = isinstance(parameter, Categorical)
    top, rest = (_density(np.bincount(cells, minlength=count), is_choice) for cells in (at[best[present]], at))
    weight = (present & best).sum() / best.sum()
    return float(weight**2 / present.mean() * pearson_divergence(top, rest))


def _steps(parameter: Float | Int) -> int:
    """How many values the grid of a range has."""
    count = parameter.count
    if is_logarithmic(parameter) and count is not None:
        return min(math.ceil(math.log2(count)) + 1, STEPS)
    return STEPS if count is None else min(count, STEPS)


def _cells(parameter: Parameter, values: Sequence[object], count: int) -> np.ndarray:
    """Which value of the grid is nearest to each value, integers (n,)."""
    if isinstance(parameter, Categorical):
        return np.array([parameter.index(value) for value in values])
    at, ends = np.array(values, dtype=float), np.array([parameter.low, parameter.high], dtype=float)
    if is_logarithmic(parameter):
        at, ends = np.log(at), np.log(ends)
    step = (ends[1] - ends[0]) / (count - 1)
    return np.clip(np.ceil((at - ends[0]) / step - 0.5), 0, count - 1).astype(np.int64)


def _density(counts: np.ndarray, is_choice: bool) -> np.ndarray:
    """Probability of each value of the grid, from how many trials have it: a mixture with one wide component."""
    seen = np.flatnonzero(counts)
    weights = np.append(counts[seen], 1.0) / (counts.sum() + 1.0)
    if is_choice:
        kernels = np.full((len(seen) + 1, len(counts)), 1.0 / (len(seen) + 1))
        kernels[np.arange(len(seen)), seen] += 1.0
        return weights @ (kernels / kernels.sum(axis=1, keepdims=True)) + LEAST_DENSITY
    stds = np.append(np.full(len(seen), _bandwidth(seen, counts[seen])), float(len(counts)))
    means = np.append(seen, (len(counts) - 1) / 2.0)[:, None]
    edges = np.array([[normal_cdf(float(z)) for z in row] for row in
                      (np.arange(len(counts) + 1) - 0.5 - means) / stds[:, None]])
    return weights @ (np.diff(edges, axis=1) / (edges[:, -1:] - edges[:, :1])) + LEAST_DENSITY


def _bandwidth(seen: np.ndarray, counts: np.ndarray) -> float:
    """[scott_bandwidth] of values with counts, and at least `LEAST_STD`."""
    total, cumulative = int(counts.sum()), np.cumsum(counts)
    mean = float(seen @ counts) / total
    std = math.sqrt(float((seen - mean) ** 2 @ counts) / max(1, total - 1))
    first = seen[np.searchsorted(cumulative, total // 4, side="left")]
    third = seen[min(len(seen) - 1, int(np.searchsorted(cumulative, total * 3 // 4, side="right")))]
    return max(scott_bandwidth(std, float(third - first), float(total)), LEAST_STD)
