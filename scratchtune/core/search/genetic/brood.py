"""A brood is several children of which one is tried: the one that a surrogate model predicts to be the fittest.

A training is expensive and a child is cheap, so children may compete before one is tried. The surrogate is a quadratic
function of the genes, fitted to the fittest trials by least squares with a small penalty (ridge regression). It is
fitted to their ranks, not to their losses: the fittest has −1, the least fit of them +1. It only chooses among children
that selection, crossover and mutation have made, so a wrong prediction costs little.

Implements section 3.4 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.core.search.space import Categorical, Parameter, Space

FITTED = 60  # at most so many of the fittest trials are fitted: half of all, and of few trials a population
PENALTY = 0.1  # of the squares of the coefficients, for each trial
NARROWEST = 0.03  # added to the standard deviation of a gene, so that the sum is never 0
CURVED = 8  # with more ordered parameters than this, products of two genes are left out


def standard_score(g: np.ndarray, centre: float, spread: float, least: float) -> np.ndarray:
    """Standard score of a gene: its difference from the mean of the fittest, in units of their standard deviation.

    Formula [standard_score]
        zₖ = (gₖ − c) / (s + l)
    Where
        g: g, (k,), in [0, 1]
        c: centre, scalar, in [0, 1], the mean
        s: spread, scalar, >= 0; sampled in [0, 1], the standard deviation
        l: least, scalar, > 0; sampled in (0, 1)
    Returns
        z, without a unit.
    Source
        The usual standard score; l keeps it finite where all genes are equal.
    Example
        >>> standard_score(np.array([0.5, 0.75]), 0.5, 0.25, 0.0).tolist()
        [0.0, 1.0]
    """
    return (g - centre) / (spread + least)


def ridge(features: np.ndarray, targets: np.ndarray, penalty: float) -> np.ndarray:
    """Coefficients w, (features,), that minimise Σ(F w − t)² + penalty · rows · Σw².

    They solve (Fᵀ F + penalty · rows · I) w = Fᵀ t, here by Gaussian elimination; the penalty makes the matrix positive
    definite, so no rows need be exchanged. At the solution the gradient is zero.
    """
    rows, columns = features.shape
    matrix = np.sum(features[:, :, None] * features[:, None, :], axis=0) + penalty * rows * np.eye(columns)
    table = np.column_stack([matrix, np.sum(features * targets[:, None], axis=0)])
    for j in range(columns):
        table[j] /= table[j, j]
        factors = table[:, j].copy()
        factors[j] = 0.0
        table -= factors[:, None] * table[j]
    return table[:, -1]


def choice_indices(parameter: Categorical, genes: np.ndarray) -> np.ndarray:
    """Index of each individual's choice, (individuals,), from its gene; -1 if it is absent."""
    number = np.minimum(np.where(np.isnan(genes), 0.0, genes) * parameter.count, parameter.count - 1).astype(int)
    return np.where(np.isnan(genes), -1, number)


def features_of(
    parameters: Sequence[Parameter], genes: np.ndarray, centre: np.ndarray, spread: np.ndarray,
    known: Sequence[np.ndarray],
) -> np.ndarray:
    """The quadratic function's features, (individuals, features): z, z² and products of z, and choices one-hot.

    An absent gene counts as the centre. ``known`` are the choices of the fittest; other choices have zeros.
    """
    columns: list[np.ndarray] = []
    ordered: list[np.ndarray] = []
    for i, parameter in enumerate(parameters):
        if isinstance(parameter, Categorical):
            number = choice_indices(parameter, genes[:, i])
            columns += [(number == k).astype(float) for k in known[i]]
        else:
            z = standard_score(np.where(np.isnan(genes[:, i]), centre[i], genes[:, i]), centre[i], spread[i], NARROWEST)
            columns += [z, 0.5 * (z * z - 1.0)]
            ordered.append(z)
    if len(ordered) <= CURVED:
        columns += [0.5 * a * b for i, a in enumerate(ordered) for b in ordered[:i]]
    return np.column_stack(columns)


class QuadraticSurrogate:
    """A quadratic model of ranks, fitted to genes (individuals, parameters), in order, the fittest first."""

    def __init__(self, space: Space, genes: np.ndarray) -> None:
        self.parameters = list(space.parameters.values())
        present = [column[~np.isnan(column)] for column in genes.T]
        self.centre = np.array([np.mean(column) if len(column) else 0.5 for column in present])
        self.spread = np.array([np.std(column) if len(column) else 0.0 for column in present])
        self.known = [
            np.setdiff1d(choice_indices(parameter, genes[:, i]), [-1]) if isinstance(parameter, Categorical)
            else np.empty(0, dtype=int) for i, parameter in enumerate(self.parameters)]
        ranks = np.linspace(-1.0, 1.0, len(genes))
        self.coefficients = ridge(self._features(genes), ranks, PENALTY)

    def estimates(self, genes: np.ndarray) -> np.ndarray:
        """Predicted rank of each child of (children, parameters), from −1 to 1; smaller is fitter."""
        return np.sum(self._features(genes) * self.coefficients, axis=1)

    def _features(self, genes: np.ndarray) -> np.ndarray:
        return features_of(self.parameters, genes, self.centre, self.spread, self.known)
