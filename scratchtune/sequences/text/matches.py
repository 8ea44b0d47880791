"""Pairs of sentences, a reference and a hypothesis, as all scores take them; the shares of equal tokens and sentences.

A sentence is a text, or a list of tokens or ids. An *n-gram* is a run of n tokens or characters; BLEU and chrF count
those that a hypothesis shares with a reference.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from scratchtune.metrics.classification import accuracy

Split = Callable[[str], list[str]]


def checked_pairs(references: Any, hypotheses: Any) -> list[tuple[Any, Any]]:
    """Return each reference with its hypothesis; raise an error if they are not lists of equal length."""
    for name, value in (("references", references), ("hypotheses", hypotheses)):
        if isinstance(value, str):
            raise TypeError(f"{name} is the single text {value!r}; it must be a list of sentences")
    references, hypotheses = list(references), list(hypotheses)
    if len(references) != len(hypotheses):
        raise ValueError(f"references has {len(references)} sentences and hypotheses has {len(hypotheses)}; they must "
                         "be equal in number")
    if not references:
        raise ValueError("references is empty; it must hold at least one sentence")
    return list(zip(references, hypotheses, strict=True))


def sentence_tokens(name: str, sentence: Any, split: Split = str.split) -> Sequence[Any]:
    """Return the tokens of a sentence: of a text as ``split`` makes them, of a list its items."""
    if isinstance(sentence, str):
        return tuple(split(sentence))
    if isinstance(sentence, (list, tuple)) or getattr(sentence, "ndim", 0) == 1:
        return tuple(sentence)
    raise TypeError(f"{name} holds {sentence!r:.80} ({type(sentence).__name__}); each must be a text or a list of "
                    "tokens")


def paired_tokens(references: Any, hypotheses: Any, split: Split = str.split) -> list[tuple[Any, Any]]:
    """Return the tokens of each reference and of its hypothesis."""
    return [(sentence_tokens("references", reference, split), sentence_tokens("hypotheses", hypothesis, split))
            for reference, hypothesis in checked_pairs(references, hypotheses)]


def token_accuracy(references: Any, hypotheses: Any) -> float:
    """Share of positions at which the hypothesis has the reference's token; formula [accuracy] over all positions.

    Each sentence is a list of tokens or ids, or a text, which is split at spaces. A sentence has as many positions as
    the longer of the two; a missing token and a superfluous one are mistakes. A token that is shifted by one position
    is a mistake too: BLEU compares tokens wherever they are.

    >>> token_accuracy(["el gato duerme", "sí"], ["el perro duerme", "sí"])
    0.75
    """
    numbers: dict[Any, int] = {None: -1}  # None: there is no token
    aligned = [[numbers.setdefault(token, len(numbers)) for token in pair]
               for true, found in paired_tokens(references, hypotheses) for pair in zip_longest(true, found)]
    if not aligned:
        raise ValueError("references and hypotheses hold no token; at least one must be there")
    true, predicted = np.array(aligned).T
    return float(accuracy(true, predicted, np.ones(len(aligned))))


def exact_match(references: Any, hypotheses: Any) -> float:
    """Share of the hypotheses that have exactly the reference's tokens; formula [accuracy] over sentences.

    Each sentence is a list of tokens or ids, or a text, which is split at spaces, so only the spaces may differ.

    >>> exact_match(["el gato duerme", "sí"], ["el perro duerme", "sí"])
    0.5
    """
    different = np.array([true != found for true, found in paired_tokens(references, hypotheses)], dtype=np.int64)
    return float(accuracy(np.zeros_like(different), different, np.ones(len(different))))


# N-grams --------------------------------------------------------------------------------------------------------------


def clipped_matches(hypothesis: np.ndarray, reference: np.ndarray) -> float:
    """Clipped matches: the n-grams of a hypothesis, each counted at most as often as it is in the reference.

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
    """The clipped matches of one order, and the n-grams of the hypothesis and of the reference."""
    there, found = ngrams(reference, order), ngrams(hypothesis, order)
    matches = clipped_matches(np.array(list(found.values()), dtype=np.int64),
                              np.array([there[ngram] for ngram in found], dtype=np.int64))
    return int(matches), found.total(), there.total()
