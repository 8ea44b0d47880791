"""Word and character error rate: the errors of all hypotheses, divided by the length of all references.

A *reference* is what was said, a *hypothesis* what was recognised. The errors are the fewest words or characters that
must be substituted, deleted and inserted to turn the reference into the hypothesis (`edit_distance`).

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.sequences.speech.edit_distance import Edits, edits
from scratchtune.sequences.text.matches import checked_pairs

UNITS = ("word", "character")


def error_rate(errors: np.ndarray, lengths: np.ndarray) -> float:
    """Error rate: the errors in all texts, divided by the total length of the references.

    Formula [error_rate]
        e = Σᵢ[fᵢ] / Σᵢ[nᵢ]
    Where
        f: errors, (i,), integer >= 0, the edit distance of each hypothesis
        n: lengths, (i,), integer >= 1, the words or characters of each reference; some may be 0, not all
    Returns
        e, a scalar >= 0; above 1 if there are more errors than words, since insertions count too.
    Variant
        The mean of the error rates of the single texts gives a short text the same weight as a long one.
    Source
        Jurafsky and Martin, "Speech and language processing" (3rd edition), section 16.5.
    Example
        >>> float(error_rate(np.array([1, 0]), np.array([2, 6])))
        0.125
    """
    return errors.sum() / lengths.sum()


class ErrorCounts(NamedTuple):
    """The errors of some hypotheses by kind, and the words or characters of all references."""

    substitutions: int
    deletions: int
    insertions: int
    length: int

    @property
    def rate(self) -> float:
        """The error rate, formula [error_rate]."""
        return (self.substitutions + self.deletions + self.insertions) / self.length


def word_error_rate(references: Any, hypotheses: Any) -> float:
    """Word error rate (WER) of texts, one reference for each hypothesis; formula [error_rate].

    It equals jiwer's ``wer``. Texts are split at spaces; capitals and punctuation count.

    >>> word_error_rate(["the cat sat", "yes"], ["the cat sat down", "no"])  # 1 insertion and 1 substitution, 4 words
    0.5
    """
    return float(error_rate(*_errors_and_lengths(references, hypotheses, "word")))


def character_error_rate(references: Any, hypotheses: Any) -> float:
    """Character error rate (CER) of texts, one reference for each hypothesis; formula [error_rate].

    It equals jiwer's ``cer``. Spaces within a text are characters; those around it are removed.

    >>> character_error_rate(["cat", "yes"], ["cut", "yes"])
    0.16666666666666666
    """
    return float(error_rate(*_errors_and_lengths(references, hypotheses, "character")))


def error_counts(references: Any, hypotheses: Any, unit: str = "word") -> ErrorCounts:
    """Count the errors of all hypotheses by kind; ``unit``: "word" or "character".

    >>> error_counts(["the cat sat", "yes"], ["the cat sat down", "no"])
    ErrorCounts(substitutions=1, deletions=0, insertions=1, length=4)
    """
    found, lengths = _edits_and_lengths(references, hypotheses, unit)
    substitutions, deletions, insertions = (sum(kind) for kind in zip(*found, strict=True))
    return ErrorCounts(substitutions, deletions, insertions, int(lengths.sum()))


def error_rate_interval(
    references: Any, hypotheses: Any, unit: str = "word", level: float = 0.95, resamples: int = 1000, seed: int = 0,
    groups: Sequence[Any] | None = None,
) -> tuple[float, float]:
    """Bootstrap interval of the error rate: its quantiles over samples of the texts, drawn with replacement.

    The texts are drawn, not the words, since errors in one text depend on each other (Bisani and Ney, 2004). ``groups``
    names the group of each text, such as its voice: then whole groups are drawn, since errors of one voice depend on
    each other too, and the interval holds for other voices. ``level``: the share of the samples between the two ends;
    ``resamples``: how many samples are drawn.

    >>> error_rate_interval(["a b", "c d"], ["a b", "c d"])
    (0.0, 0.0)
    """
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    checks.integer("resamples", resamples, 1)
    errors, lengths = _errors_and_lengths(references, hypotheses, unit)
    if groups is not None:
        errors, lengths = _summed(errors, lengths, groups)
    rng = np.random.default_rng(checks.integer("seed", seed, 0))
    drawn = (rng.integers(0, len(errors), len(errors)) for _ in range(resamples))
    rates = [error_rate(errors[texts], lengths[texts]) for texts in drawn if lengths[texts].sum() > 0]
    low, high = np.quantile(rates, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def _summed(errors: np.ndarray, lengths: np.ndarray, groups: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The errors and the lengths of each group of texts."""
    if len(groups) != len(errors):
        raise ValueError(f"groups has {len(groups)} items for {len(errors)} texts; the numbers must be equal")
    number = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    places = np.array([number[group] for group in groups])
    sums = (np.bincount(places, weights=values, minlength=len(number)) for values in (errors, lengths))
    first, second = (values.astype(np.int64) for values in sums)
    return first, second


def _errors_and_lengths(references: Any, hypotheses: Any, unit: str) -> tuple[np.ndarray, np.ndarray]:
    found, lengths = _edits_and_lengths(references, hypotheses, unit)
    return np.array([each.errors for each in found]), lengths


def _edits_and_lengths(references: Any, hypotheses: Any, unit: str) -> tuple[list[Edits], np.ndarray]:
    """The errors of each text, and the length of each reference."""
    checks.choice("unit", unit, UNITS)
    pairs = [(_items("references", reference, unit), _items("hypotheses", hypothesis, unit))
             for reference, hypothesis in checked_pairs(references, hypotheses)]
    lengths = np.array([len(reference) for reference, _ in pairs])
    if lengths.sum() == 0:
        raise ValueError(f"references hold no {unit}; at least one must be there, since the error rate is relative to "
                         "their number")
    return [edits(*pair) for pair in pairs], lengths


def _items(name: str, text: Any, unit: str) -> tuple[str, ...]:
    if not isinstance(text, str):
        raise TypeError(f"{name} holds {text!r:.80} ({type(text).__name__}); each must be a text")
    return tuple(text.split() if unit == "word" else text.strip())
