"""Pairs of sentences, a reference and a hypothesis, as the scores take them; and their tokens.

A sentence is a text, or a list of tokens or ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
