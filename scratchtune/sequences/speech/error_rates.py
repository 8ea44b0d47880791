"""Word and character error rate: the errors of all hypotheses, divided by the length of all references.

A *reference* is what was said, a *hypothesis* what was recognised. The errors are the *edit distance*: the fewest words
or characters that must be substituted, deleted and inserted to turn the one into the other. The distances between all
beginnings of the two are filled into a table, each from three before it (`edit_step`); the last entry is the distance.
Following the table back counts the three kinds of errors.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.sequences.text.scores import checked_pairs

UNITS = ("word", "character")


class ErrorCounts(NamedTuple):
    """The errors by kind, and the ``length`` of the reference, or of all references: its words or characters.

    Several alignments may have equally few errors in all; these counts are those of one with most substitutions.
    """

    substitutions: int
    deletions: int
    insertions: int
    length: int

    @property
    def errors(self) -> int:
        """Their number, the edit distance."""
        return self.substitutions + self.deletions + self.insertions


@jit.function
def edit_step(diagonal, above, left, differs):
    """Edit distance between two beginnings, from those that are shorter by one item.

    Formula [edit_step]
        d = min(c + s, min(a, b) + 1)
    Where
        c: diagonal, scalar, integer >= 0, distance without the last item of either
        a: above, scalar, integer >= 0, without the reference's last item, which was deleted
        b: left, scalar, integer >= 0, without the hypothesis's last item, which was inserted
        s: differs, scalar, integer in [0, 1], 1 if the two last items differ
    Returns
        d, a scalar, integer.
    Source
        Levenshtein (1966); Wagner and Fischer (1974), "The string-to-string correction problem", section 3.
    Example
        >>> edit_step(1, 2, 2, 0)
        1
    """
    return min(diagonal + differs, min(above, left) + 1)


@jit.called
def edit_table(reference, hypothesis):
    """The edit distance between the first i items of the reference and the first j of the hypothesis, (i, j)."""
    table = np.empty((reference.size + 1, hypothesis.size + 1), np.int64)
    table[:, 0], table[0] = np.arange(reference.size + 1), np.arange(hypothesis.size + 1)
    for i in range(reference.size):
        for j in range(hypothesis.size):
            differs = 1 if reference[i] != hypothesis[j] else 0
            table[i + 1, j + 1] = edit_step(table[i, j], table[i, j + 1], table[i + 1, j], differs)
    return table


def edits(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> ErrorCounts:
    """Count the errors of a hypothesis; both are texts (sequences of letters) or lists of tokens.

    >>> edits("kitten", "sitting")  # k -> s, e -> i, and g is inserted
    ErrorCounts(substitutions=2, deletions=0, insertions=1, length=6)
    """
    numbers: dict[Hashable, int] = {}
    first, second = (np.array([numbers.setdefault(item, len(numbers)) for item in items], dtype=np.int64)
                     for items in (reference, hypothesis))
    table = edit_table(first, second)
    substitutions = deletions = insertions = 0
    i, j = len(first), len(second)
    while i > 0 or j > 0:  # back from the last entry: diagonally where that is as good as another way
        differs = i > 0 and j > 0 and int(first[i - 1] != second[j - 1])
        if i > 0 and j > 0 and table[i, j] == table[i - 1, j - 1] + differs:
            i, j, substitutions = i - 1, j - 1, substitutions + differs
        elif i > 0 and table[i, j] == table[i - 1, j] + 1:
            i, deletions = i - 1, deletions + 1
        else:
            j, insertions = j - 1, insertions + 1
    return ErrorCounts(substitutions, deletions, insertions, len(first))


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
    return ErrorCounts(*map(sum, zip(*_counted(references, hypotheses, unit), strict=True)))


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
    """The summed errors and lengths of each group of texts, which the bootstrap draws as a whole."""
    if len(groups) != len(errors):
        raise ValueError(f"groups has {len(groups)} items for {len(errors)} texts; the numbers must be equal")
    number = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    places = np.array([number[group] for group in groups])
    first, second = (np.bincount(places, values).astype(np.int64) for values in (errors, lengths))
    return first, second


def _errors_and_lengths(references: Any, hypotheses: Any, unit: str) -> tuple[np.ndarray, np.ndarray]:
    """The number of errors of each hypothesis, and the length of each reference."""
    found = _counted(references, hypotheses, unit)
    return np.array([each.errors for each in found]), np.array([each.length for each in found])


def _counted(references: Any, hypotheses: Any, unit: str) -> list[ErrorCounts]:
    """The errors of each hypothesis by kind, with the length of its reference."""
    checks.choice("unit", unit, UNITS)
    found = [edits(_items("references", reference, unit), _items("hypotheses", hypothesis, unit))
             for reference, hypothesis in checked_pairs(references, hypotheses)]
    if not any(each.length for each in found):
        raise ValueError(f"references hold no {unit}; at least one must be there, since the error rate is relative to "
                         "their number")
    return found


def _items(name: str, text: Any, unit: str) -> tuple[str, ...]:
    if not isinstance(text, str):
        raise TypeError(f"{name} holds {text!r:.80} ({type(text).__name__}); each must be a text")
    return tuple(text.split() if unit == "word" else text.strip())
