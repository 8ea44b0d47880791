"""Pairs of sentences, a reference and a hypothesis, as all scores take them; the shares of equal tokens and sentences.

A sentence is a text, or a list of tokens or ids.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

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
