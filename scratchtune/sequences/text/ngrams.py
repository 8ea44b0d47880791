"""An n-gram is a run of n tokens or characters; BLEU and chrF count those that a hypothesis shares with a reference.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np


def clipped_matches(hypothesis: np.ndarray, reference: np.ndarray) -> float:
    """Clipped matches: the n-grams of a hypothesis that its reference has too, each at most as often as it has it.

    Formula [clipped_matches]
        m = Σᵢ[min(hᵢ, rᵢ)]
    Where
        h: hypothesis, (i,), integer >= 0, how often each distinct n-gram is in the hypothesis
        r: reference, (i,), integer >= 0, how often it is in the reference
    Returns
        m, a scalar, integer, at most the sum of h.
    Variant
        With several references r is the largest of their counts; this library takes one reference.
    Source
        Papineni, Roukos, Ward and Zhu (2002), "BLEU", section 2.1: "the the the" matches "the cat" once, not 3 times.
    Example
        >>> int(clipped_matches(np.array([3]), np.array([1])))
        1
    """
    return np.minimum(hypothesis, reference).sum()


class NgramCounts(NamedTuple):
    """Numbers of n-grams, (sentences, orders), where column n - 1 is for n-grams of n tokens."""

    matches: np.ndarray  # clipped
    hypothesis: np.ndarray
    reference: np.ndarray


def ngrams(sequence: Sequence[Any], order: int) -> Counter[Any]:
    """How often each n-gram of ``order`` tokens is in a sequence.

    >>> sorted(ngrams("abab", 2).items())
    [(('a', 'b'), 2), (('b', 'a'), 1)]
    """
    return Counter(zip(*(sequence[first:] for first in range(order)), strict=False))


def count_ngrams(pairs: Iterable[tuple[Sequence[Any], Sequence[Any]]], max_order: int) -> NgramCounts:
    """Count the n-grams of pairs of a reference and a hypothesis, for all orders from 1 to ``max_order``."""
    rows = [[_counts(*pair, order) for order in range(1, max_order + 1)] for pair in pairs]
    return NgramCounts(*np.moveaxis(np.array(rows, dtype=np.int64), 2, 0))


def _counts(reference: Sequence[Any], hypothesis: Sequence[Any], order: int) -> tuple[int, int, int]:
    there, found = ngrams(reference, order), ngrams(hypothesis, order)
    matches = clipped_matches(np.array(list(found.values()), dtype=np.int64),
                              np.array([there[ngram] for ngram in found], dtype=np.int64))
    return int(matches), found.total(), there.total()
