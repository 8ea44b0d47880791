"""Smoothing: how an n-gram model gives a probability above 0 to tokens that it has never seen after a context.

Each order is interpolated with the one below, whose context is shorter by its first token: a part of the probability
is taken from the tokens that were seen and given to all tokens, in proportion to their lower-order probabilities q.
Below order 1, q is uniform. "After the context" below means: in the texts that the model was fitted to.

| symbol | here |
|---|---|
| count of the token after the context | ``count`` |
| tokens counted after the context | ``total``, the sum of the counts |
| distinct tokens after the context | ``types`` |
| probability of the token by the order below | ``lower`` |

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def kneser_ney(count: Any, total: int, types: int, discount: float, lower: Any) -> Any:
    """Interpolated Kneser-Ney: a discount is taken from each count, and the rest is shared in proportion to q.

    Formula [kneser_ney]
        pᵢ = max(cᵢ − d, 0) / n + d · t / n · qᵢ
    Where
        c: count, (i,), integer >= 0; sampled in [0, 3], the count of each token after the context; a number or an array
        n: total, scalar, integer >= 1, the sum of the counts
        t: types, scalar, integer >= 1, how many of the counts are above 0
        d: discount, scalar, in [0, 1]
        q: lower, (i,), probabilities, of the order below
    Returns
        p, (i,); it sums to 1 if q does.
    Variant
        The highest order counts occurrences; each lower one counts distinct tokens before the n-gram. "Modified"
        Kneser-Ney (Chen and Goodman; KenLM) has three discounts, for counts of 1, 2, and 3 or more. Others estimate d
        as n₁ / (n₁ + 2 · n₂), where n₁ and n₂ are the n-grams that occur once and twice.
    Source
        Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling", equation 25.
    Example
        >>> kneser_ney(np.array([3, 1, 0]), 4, 2, 0.5, np.array([0.25, 0.25, 0.5])).tolist()
        [0.6875, 0.1875, 0.125]
    """
    return np.maximum(count - discount, 0.0) / total + discount * types / total * lower


def witten_bell(count: Any, total: int, types: int, lower: Any) -> Any:
    """Interpolated Witten-Bell: the number of distinct tokens after the context is the weight of the order below.

    Formula [witten_bell]
        pᵢ = (cᵢ + t · qᵢ) / (n + t)
    Where
        c: count, (i,), integer >= 0; sampled in [0, 3], the count of each token after the context; a number or an array
        n: total, scalar, integer >= 1, the sum of the counts
        t: types, scalar, integer >= 1, how many of the counts are above 0
        q: lower, (i,), probabilities, of the order below
    Returns
        p, (i,); it sums to 1 if q does.
    Source
        Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling", section 2.5.
    Example
        >>> witten_bell(np.array([3, 1, 0]), 4, 2, np.array([0.25, 0.25, 0.5])).round(4).tolist()
        [0.5833, 0.25, 0.1667]
    """
    return (count + types * lower) / (total + types)


def perplexity(log_probability: float, tokens: int) -> float:
    """Perplexity: the number of equally probable tokens among which a model would have to guess, on average.

    Formula [perplexity]
        y = exp(−l / n)
    Where
        l: log_probability, scalar, <= 0, of all texts
        n: tokens, scalar, integer >= 1, the tokens of all texts, with an end token for each
    Returns
        y, a scalar of at least 1.
    Variant
        Some leave the end tokens out of n, or take base-2 logarithms: 2 to the power of the cross-entropy in bits is
        the same number.
    Source
        Jurafsky and Martin, "Speech and language processing" (3rd edition), section 3.3.
    Example
        >>> round(perplexity(3 * math.log(0.25), 3), 12)
        4.0
    """
    return math.exp(-log_probability / tokens)
