"""The marginals of a regression tree are exact: in each leaf the tree is constant, and a leaf is a box.

The mean over the other parameters is a sum over the leaves, each with the share of its box in the other axes. So the
variance decomposition of a tree needs no sampling.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from scratchtune.insight.regression_tree import Tree
from scratchtune.insight.variance_decomposition import Shares, interaction_variance, marginal_variance

NO_VARIANCE = 1e-20  # of values whose variance is about 1: below it is rounding


def tree_marginal(value: np.ndarray, rest: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Marginal of one parameter: the mean of a tree over all others, in each cell of the parameter's axis.

    Formula [tree_marginal]
        aᵢ = Σₗ[vₗ · rₗ · cᵢₗ]
    Where
        v: value, (l,), real; sampled in [-1, 1], the prediction in each leaf
        r: rest, (l,), in [0, 1], the share of the leaf's box in the product of the other axes
        c: inside, (i, l), 0 or 1, whether the cell is inside the leaf
    Returns
        a, (i,), in the units of the predictions.
    Source
        Hutter, Hoos and Leyton-Brown (2014), the marginal prediction of a regression tree.
    Example
        >>> tree_marginal(np.array([1.0, 3.0]), np.array([0.5, 0.5]), np.array([[1.0, 0.0], [1.0, 1.0]])).tolist()
        [0.5, 2.0]
    """
    return inside @ (value * rest)


def tree_pair_marginal(value: np.ndarray, rest: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Marginal of two parameters: the mean of a tree over all others, in each pair of cells of their axes.

    Formula [tree_pair_marginal]
        aᵢⱼ = Σₗ[vₗ · rₗ · cᵢₗ · dⱼₗ]
    Where
        v: value, (l,), real; sampled in [-1, 1], the prediction in each leaf
        r: rest, (l,), in [0, 1], the share of the leaf's box in the product of the other axes
        c: first, (i, l), 0 or 1, whether the cell of the first axis is inside the leaf
        d: second, (j, l), 0 or 1, whether the cell of the second axis is inside the leaf
    Returns
        a, (i, j), in the units of the predictions.
    Source
        Hutter, Hoos and Leyton-Brown (2014), the marginal prediction of a regression tree.
    Example
        >>> tree_pair_marginal(np.array([2.0]), np.array([0.5]), np.array([[1.0]]), np.array([[1.0], [0.0]])).tolist()
        [[1.0, 0.0]]
    """
    return (first * (value * rest)) @ second.T


def decompose_tree(tree: Tree) -> Shares:
    """Decompose the variance of a tree over the whole space; all shares are 0 where it is constant."""
    sides = np.array([weight @ inside for weight, inside in zip(tree.weight, tree.inside, strict=True)])  # (d, l)
    axes, volume = range(len(sides)), sides.prod(axis=0)
    sides = np.where(sides > 0.0, sides, 1.0)  # a leaf without volume counts nowhere
    total = float(marginal_variance(tree.value, volume))
    if total < NO_VARIANCE:
        return Shares(np.zeros(len(sides)), dict.fromkeys(combinations(axes, 2), 0.0))
    main = np.array([marginal_variance(tree_marginal(tree.value, volume / sides[j], tree.inside[j]), tree.weight[j])
                     for j in axes])
    pairs = {}
    for j, k in combinations(axes, 2):
        marginal = tree_pair_marginal(tree.value, volume / (sides[j] * sides[k]), tree.inside[j], tree.inside[k])
        both = marginal_variance(marginal.ravel(), np.outer(tree.weight[j], tree.weight[k]).ravel())
        pairs[j, k] = max(float(interaction_variance(both, main[j], main[k]) / total), 0.0)
    return Shares(main / total, pairs)
