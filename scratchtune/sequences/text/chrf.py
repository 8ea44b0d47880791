"""chrF: an F score of character n-grams, so a word with another ending counts in part; BLEU counts it as a mistake.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.sequences.text.matches import checked_pairs, count_ngrams


def chrf(matches: np.ndarray, hypothesis: np.ndarray, reference: np.ndarray, beta: float) -> float:
    """chrF: the F score of the mean precision and the mean recall of all orders, in percent.

    Formula [chrf]
        P = meanₙ[mₙ / hₙ] ; R = meanₙ[mₙ / rₙ] ; F = 100 · (1 + β²) · P · R / (β² · P + R) if P > 0 else 0
    Where
        m: matches, (n,), >= 0, the clipped matches of each order
        h: hypothesis, (n,), > 0, the n-grams of the hypotheses
        r: reference, (n,), > 0, the n-grams of the references
        β: beta, scalar, >= 0, 2 by default: recall is twice as important as precision
    Returns
        F, a scalar in [0, 100]; 0 without a match, where precision and recall are both 0.
    Variant
        Popović's own program takes the mean over the orders' F scores instead, as does sacrebleu's ``eps_smoothing``.
    Source
        Popović (2015), "chrF: character n-gram F-score", equation 1.
    Example
        >>> round(float(chrf(np.array([2, 1]), np.array([4, 2]), np.array([2, 1]), 1.0)), 2)
        66.67
    """
    precision, recall = (matches / hypothesis).mean(), (matches / reference).mean()
    both = (1.0 + beta**2) * precision * recall
    return 100.0 * both / (beta**2 * precision + recall) if precision > 0.0 else 0.0


def chrf_score(references: Any, hypotheses: Any, max_order: int = 6, beta: float = 2.0) -> float:
    """chrF of a corpus of texts, from 0 to 100, with one reference for each hypothesis; formula [chrf].

    It equals sacrebleu's ``corpus_chrf`` with its defaults: character n-grams up to 6, β = 2, spaces removed, capitals
    kept, no word n-grams, and only the orders that occur in references and hypotheses. sacrebleu takes the hypotheses
    first. The counts of all sentences are summed before they are divided.

    >>> round(chrf_score(["gato"], ["gata"]), 2)  # precision and recall: the mean of 3/4, 2/3, 1/2 and 0
    47.92
    """
    checks.integer("max_order", max_order, 1)
    beta = checks.real("beta", beta, 0.0)
    pairs = [(_letters("references", reference), _letters("hypotheses", hypothesis))
             for reference, hypothesis in checked_pairs(references, hypotheses)]
    counts = count_ngrams(pairs, max_order)
    counted = np.where(counts.reference > 0, counts.hypothesis, 0)  # of an order that the reference has
    matches, hypothesis, reference = (part.sum(axis=0) for part in (counts.matches, counted, counts.reference))
    there = (hypothesis > 0) & (reference > 0)
    return float(chrf(matches[there], hypothesis[there], reference[there], beta)) if there.any() else 0.0


def _letters(name: str, text: Any) -> str:
    """A text without its spaces."""
    if not isinstance(text, str):
        raise TypeError(f"{name} holds {text!r:.80} ({type(text).__name__}); each must be a text")
    return "".join(text.split())
