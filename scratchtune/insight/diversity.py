"""Diversity of configurations: how different they are from each other, on average.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.search import Space
from scratchtune.search.bayesian.encoding import Encoding


def gene_diversity(u: np.ndarray, c: np.ndarray) -> float:
    """Mean difference of the genes of two individuals, over all pairs of individuals and all genes.

    Formula [gene_diversity]
        D = Σₖ[Σᵢ[Σⱼ[|sign(uᵢₖ − uⱼₖ)| if cₖ > 0 else |uᵢₖ − uⱼₖ|]]] / (max(#i · (#i − 1), #i) · #k)
    Where
        u: u, (i, k), in [0, 1], genes: unit values; those of choices may be any numbers, such as indices
        c: c, (k,), 0 or 1, whether a gene is a choice: two choices differ by 1, or not at all
    Returns
        D, from 0, where all are alike; genes of ranges that are spread evenly have about 1/3.
    Source
        Gower (1971), "A general coefficient of similarity and some of its properties": 1 minus the mean similarity.
    Example
        >>> float(gene_diversity(np.array([[0.0, 0.25], [0.5, 0.75]]), np.array([0.0, 1.0])))
        0.75
    """
    n, d = u.shape
    differences = np.abs(u[:, None, :] - u[None, :, :])
    return np.where(c > 0.0, differences > 0.0, differences).sum() / (max(n * (n - 1), n) * d)


def diversity_of(space: Space, points: Sequence[Mapping[str, Any]]) -> float:
    """[gene_diversity] of configurations, (n,); 0 for fewer than two.

    An absent parameter is encoded as in `search.bayesian.encoding`: a range as 0.5, a choice as one of its own.
    """
    if not points:
        return 0.0
    encoding = Encoding(space)
    return float(gene_diversity(encoding.rows(points), encoding.is_categorical))
