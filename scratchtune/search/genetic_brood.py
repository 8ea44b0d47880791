"""A brood is several children of which one is tried: the one that an estimate from earlier trials prefers.

A training is dear and a child is cheap, so children may compete before they are tried. The judge is a curved surface
of the second degree, fitted to the fittest trials by least squares with a small penalty (ridge regression). What it is
fitted to is their order, not their losses: the fittest is −1, the least fit of them +1. It only chooses among
children that selection, crossover and mutation have made; a wrong guess costs no more than a child.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.search.space import Categorical, Parameter, Space

FITTED = 60  # at most so many of the fittest trials are fitted: half of all, and of few trials a population
PENALTY = 0.1  # of the squares of the coefficients, for each trial
NARROWEST = 0.03  # a gene's spread is taken to be at least so wide
CURVED = 8  # with more ordered parameters than this, no products of two genes are fitted


def standardised(g: np.ndarray, centre: float, spread: float, least: float) -> np.ndarray:
    """A gene in units of its spread among the fittest, counted from their centre.

    Formula [brood_standardised]
        zₖ = (gₖ − c) / (s + l)
    Where
        g: g, (k,), in [0, 1]
        c: centre, scalar, in [0, 1]
        s: spread, scalar, in [0, 1]
        l: least, scalar, in (0, 1)
    Returns
        z, without a unit.
    Source
        The usual standard score; l keeps it finite where all are alike.
    Example
        >>> standardised(np.array([0.5, 0.75]), 0.5, 0.25, 0.0).tolist()
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


def choice_numbers(parameter: Categorical, genes: np.ndarray) -> np.ndarray:
    """Number of each individual's choice, (individuals,), by its gene; -1 where it is absent."""
    number = np.minimum(np.where(np.isnan(genes), 0.0, genes) * parameter.count, parameter.count - 1).astype(int)
    return np.where(np.isnan(genes), -1, number)


def features_of(
    parameters: Sequence[Parameter], genes: np.ndarray, centre: np.ndarray, spread: np.ndarray,
    known: Sequence[np.ndarray],
) -> np.ndarray:
    """What the surface is made of, (individuals, features): z, z² and products of z; for a choice, which one it is.

    An absent gene counts as the centre; of a choice those of the fittest are ``known``, and all others count as none.
    """
    columns: list[np.ndarray] = []
    ordered: list[np.ndarray] = []
    for i, parameter in enumerate(parameters):
        if isinstance(parameter, Categorical):
            number = choice_numbers(parameter, genes[:, i])
            columns += [(number == k).astype(float) for k in known[i]]
        else:
            z = standardised(np.where(np.isnan(genes[:, i]), centre[i], genes[:, i]), centre[i], spread[i], NARROWEST)
            columns += [z, 0.5 * (z * z - 1.0)]
            ordered.append(z)
    if len(ordered) <= CURVED:
        columns += [0.5 * a * b for i, a in enumerate(ordered) for b in ordered[:i]]
    return np.column_stack(columns)


class Judge:
    """The surface, fitted to genes in the order of fitness, (individuals, parameters), the fittest first."""

    def __init__(self, space: Space, genes: np.ndarray) -> None:
        self.parameters = list(space.parameters.values())
        present = [column[~np.isnan(column)] for column in genes.T]
        self.centre = np.array([np.mean(column) if len(column) else 0.5 for column in present])
        self.spread = np.array([np.std(column) if len(column) else 0.0 for column in present])
        self.known = [
            np.setdiff1d(choice_numbers(parameter, genes[:, i]), [-1]) if isinstance(parameter, Categorical)
            else np.empty(0, dtype=int) for i, parameter in enumerate(self.parameters)]
        order = np.linspace(-1.0, 1.0, len(genes))
        self.coefficients = ridge(self._features(genes), order, PENALTY)

    def estimates(self, genes: np.ndarray) -> np.ndarray:
        """Where each child, (children, parameters), is expected in the order; the smaller, the fitter."""
        return np.sum(self._features(genes) * self.coefficients, axis=1)

    def _features(self, genes: np.ndarray) -> np.ndarray:
        return features_of(self.parameters, genes, self.centre, self.spread, self.known)
