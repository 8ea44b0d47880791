"""Two scores of whole tokens and sentences: the share of equal tokens, and the share of sentences that are equal.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import numpy as np

from scratchtune.metrics.classification import accuracy
from scratchtune.text.sentences import paired_tokens


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
