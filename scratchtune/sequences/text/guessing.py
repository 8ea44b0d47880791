"""Guessing: how well texts can be written without reading their sources, by the frequencies of their own tokens.

A translator whose loss is not clearly lower has learned the language of its targets, but no translation.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def guessing_loss(texts: Sequence[Sequence[int]]) -> float:
    """Return the mean cross-entropy of texts (ids of tokens) by a bigram model: each token depends on the one before.

    Each token is predicted from all others (leave one out), so that no text is predicted from itself. The
    frequencies after a token are smoothed by those of all tokens, as Witten and Bell do: with a weight that is the
    number of different tokens seen there. Each text has the same weight.

    >>> round(guessing_loss([[4, 5], [5, 4]] * 50), 3), round(guessing_loss([[4, 5]] * 50), 3)
    (0.357, 0.01)
    """
    rows = [(-1, *text) for text in texts]
    pairs = Counter(pair for row in rows for pair in pairwise(row))
    before, single, kinds = Counter[int](), Counter[int](), Counter(first for first, _ in pairs)
    for (first, second), count in pairs.items():
        before[first] += count
        single[second] += count
    total = single.total() - 1 + len(single)

    def loss(first: int, second: int) -> float:
        prior = kinds[first] * single[second] / total
        return float(-np.log((pairs[first, second] - 1 + prior) / (before[first] - 1 + kinds[first])))

    losses = {pair: loss(*pair) for pair in pairs}
    return float(np.mean([np.mean([losses[pair] for pair in pairwise(row)]) for row in rows]))
