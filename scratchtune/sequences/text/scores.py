"""Scores of translations: equal tokens and sentences, BLEU and chrF, by pairs of a reference and a hypothesis.

A sentence is a text, or a list of tokens or ids. An *n-gram* is a run of n tokens or characters; BLEU and chrF count
those that a hypothesis shares with a reference.

BLEU says how many n-grams of a translation are in a reference translation, the geometric mean over n from 1 to 4. It is
a precision. A brevity penalty stands in for recall: a translation that is too short loses. It is meant for a whole
corpus, whose counts are summed before they are divided. A single sentence often has no matching 4-gram, and smoothing
replaces its precision of 0. Its tokens are usually those of NIST's program mteval-v13a, called "13a". They are not
`tokenize`'s: capitals remain, and "¿", "¡" and apostrophes remain parts of words. A published BLEU can be compared with
another only if both have the same tokens.

chrF is an F score of character n-grams, so a word with another ending counts in part; BLEU counts it as a mistake.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.metrics.classification import accuracy

MOST_TOKENS, MOST_CHARACTERS = 4, 6  # of an n-gram of BLEU, and of chrF
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


# BLEU -----------------------------------------------------------------------------------------------------------------

ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))

_RULES = (
    (re.compile("([" + re.escape("!\"#$%&()*+/:;<=>?@[\\]^_`{|}~") + "])"), r" \1 "),  # ASCII marks but for ' , - .
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),  # a full stop or comma, unless a digit is on both sides
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),  # a hyphen after a digit
)


def tokenize_13a(text: str) -> list[str]:
    """Split a text into the tokens of mteval-v13a.

    Source
        NIST, mteval-v13a.pl, the language-independent and the western parts; sacrebleu's ``tokenize="13a"``.

    >>> tokenize_13a("It's 1,000: ¿sí?")
    ["It's", '1,000', ':', '¿sí', '?']
    """
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, char in ENTITIES:
        text = text.replace(entity, char)
    text = f" {text} "
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.split()


def precisions(matches: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Modified n-gram precision: of each order, the share of the hypotheses' n-grams that the references have too.

    Formula [ngram_precision]
        pₙ = mₙ / tₙ
    Where
        m: matches, (n,), integer >= 0, the clipped matches of each order, summed over the sentences
        t: totals, (n,), integer >= 1, the n-grams of the hypotheses
    Returns
        p, (n,), in [0, 1].
    Source
        Papineni, Roukos, Ward and Zhu (2002), "BLEU", section 2.1.1.
    Example
        >>> precisions(np.array([3, 1]), np.array([4, 2])).tolist()
        [0.75, 0.5]
    """
    return matches / totals


def precisions_exp(matches: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Precision with smoothing "exp": orders without a match count as a half, a quarter, an eighth .. of a match.

    Formula [ngram_precision_exp]
        kₙ = Σᵢ[(1 if mᵢ = 0 else 0) · (1 if i <= n else 0)] ; pₙ = mₙ / tₙ if mₙ > 0 else 1 / (2^kₙ · tₙ)
    Where
        m: matches, (n,), integer >= 0; sampled in [0, 2], the clipped matches of each order
        t: totals, (n,), integer >= 1, the n-grams of the hypotheses
    Returns
        p, (n,), in (0, 1].
    Source
        Chen and Cherry (2014), smoothing 3, which is NIST's mteval-v13a; sacrebleu's default.
    Example
        >>> precisions_exp(np.array([3, 0, 0]), np.array([4, 2, 1])).tolist()
        [0.75, 0.25, 0.25]
    """
    zeros = np.cumsum(matches == 0)
    return np.where(matches > 0, matches / totals, 1.0 / (2.0**zeros * totals))


SMOOTHINGS = {"exp": precisions_exp, "none": precisions}


def brevity_penalty(hypothesis_length: int, reference_length: int) -> float:
    """Brevity penalty: 1 if the hypotheses have at least as many tokens as the references, less if they are shorter.

    Formula [brevity_penalty]
        b = 1 if c >= r else exp(1 − r / c)
    Where
        c: hypothesis_length, scalar, integer >= 1, the tokens of all hypotheses
        r: reference_length, scalar, integer >= 0, the tokens of all references
    Returns
        b, a scalar in (0, 1].
    Variant
        With several references, r is the length of the reference that is closest in length.
    Source
        Papineni, Roukos, Ward and Zhu (2002), "BLEU", section 2.3.
    Example
        >>> round(brevity_penalty(4, 5), 4)
        0.7788
    """
    return 1.0 if hypothesis_length >= reference_length else math.exp(1.0 - reference_length / hypothesis_length)


def bleu(p: np.ndarray, brevity: float) -> float:
    """BLEU: the geometric mean of the n-gram precisions, times the brevity penalty, in percent.

    Formula [bleu]
        B = 100 · b · exp(meanₙ[log(pₙ)])
    Where
        p: p, (n,), in (0, 1], the precision of each order
        b: brevity, scalar, in (0, 1], the brevity penalty
    Returns
        B, a scalar in (0, 100].
    Variant
        The paper's B is in [0, 1], and has weights for the orders; all use equal ones. If a precision is 0, so is B.
    Source
        Papineni, Roukos, Ward and Zhu (2002), "BLEU", section 2.3.
    Example
        >>> round(bleu(np.array([0.5, 0.125]), 1.0), 4)
        25.0
    """
    return 100.0 * brevity * math.exp(np.log(p).mean())


def bleu_score(references: Any, hypotheses: Any, smoothing: str = "exp") -> float:
    """BLEU of a corpus, from 0 to 100, of n-grams up to 4 tokens, one reference for each hypothesis; formula [bleu].

    It equals sacrebleu's ``corpus_bleu``, whose defaults it has; sacrebleu takes the hypotheses first.
    ``smoothing``: the precision of an order without a match: "exp" (formula [ngram_precision_exp]) or "none"
    ([ngram_precision]). Texts are split by `tokenize_13a`; a list of tokens is taken unchanged. Capitals count, so if a
    model writes lower case, its references must be lower case too. If no hypothesis has four tokens, the score is 0.

    >>> round(bleu_score(["the cat sat on the mat"], ["the cat sat on a mat"]), 2)
    53.73
    """
    formula = SMOOTHINGS[checks.choice("smoothing", smoothing, SMOOTHINGS)]
    counts = count_ngrams(paired_tokens(references, hypotheses, tokenize_13a), MOST_TOKENS)
    matches, totals = counts.matches.sum(axis=0), counts.hypothesis.sum(axis=0)
    if matches[0] == 0 or totals.min() == 0 or (p := formula(matches, totals)).min() == 0.0:
        return 0.0
    return bleu(p, brevity_penalty(int(totals[0]), int(counts.reference[:, 0].sum())))


# chrF -----------------------------------------------------------------------------------------------------------------


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


def chrf_score(references: Any, hypotheses: Any, beta: float = 2.0) -> float:
    """chrF of a corpus of texts, from 0 to 100, with one reference for each hypothesis; formula [chrf].

    It equals sacrebleu's ``corpus_chrf`` with its defaults: character n-grams up to 6, β = 2, spaces removed, capitals
    kept, no word n-grams, and only the orders that occur in references and hypotheses. sacrebleu takes the hypotheses
    first. The counts of all sentences are summed before they are divided.

    >>> round(chrf_score(["gato"], ["gata"]), 2)  # precision and recall: the mean of 3/4, 2/3, 1/2 and 0
    47.92
    """
    beta = checks.real("beta", beta, 0.0)
    pairs = [(_letters("references", reference), _letters("hypotheses", hypothesis))
             for reference, hypothesis in checked_pairs(references, hypotheses)]
    counts = count_ngrams(pairs, MOST_CHARACTERS)
    counted = np.where(counts.reference > 0, counts.hypothesis, 0)  # of an order that the reference has
    matches, hypothesis, reference = (part.sum(axis=0) for part in (counts.matches, counted, counts.reference))
    there = (hypothesis > 0) & (reference > 0)
    return float(chrf(matches[there], hypothesis[there], reference[there], beta)) if there.any() else 0.0


def _letters(name: str, text: Any) -> str:
    """A text without its spaces."""
    if not isinstance(text, str):
        raise TypeError(f"{name} holds {text!r:.80} ({type(text).__name__}); each must be a text")
    return "".join(text.split())
