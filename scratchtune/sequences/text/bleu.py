"""BLEU: how many n-grams of a translation are in a reference translation, the geometric mean over n from 1 to 4.

It is a precision. A brevity penalty stands in for recall: a translation that is too short loses. It is meant for a
whole corpus, whose counts are summed before they are divided. A single sentence often has no matching 4-gram, and
smoothing replaces its precision of 0.

Its tokens are usually those of NIST's program mteval-v13a, called "13a". They are not `tokenize`'s: capitals remain,
and "¿", "¡" and apostrophes remain parts of words. A published BLEU can be compared with another only if both have the
same tokens.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.sequences.text.matches import Split, count_ngrams, paired_tokens

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


TOKENIZERS: dict[str, Split] = {"13a": tokenize_13a, "none": str.split}


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


def bleu_score(
    references: Any, hypotheses: Any, max_order: int = 4, smoothing: str = "exp", effective_order: bool = False,
    tokenizer: str = "13a",
) -> float:
    """BLEU of a corpus, from 0 to 100, with one reference for each hypothesis; formula [bleu].

    It equals sacrebleu's ``corpus_bleu``, whose defaults it has; sacrebleu takes the hypotheses first.
    ``max_order``: the longest n-grams. ``smoothing``: the precision of an order without a match: "exp" (formula
    [ngram_precision_exp]) or "none" ([ngram_precision]).
    ``effective_order``: whether orders longer than every hypothesis are left out; otherwise the score is then 0.
    ``tokenizer``: "13a" (see `tokenize_13a`), or "none": split at spaces. A list of tokens is taken unchanged.
    Capitals count, so if a model writes lower case, its references must be lower case too.

    >>> round(bleu_score(["the cat sat on the mat"], ["the cat sat on a mat"]), 2)
    53.73
    """
    checks.integer("max_order", max_order, 1)
    checks.boolean("effective_order", effective_order)
    formula = SMOOTHINGS[checks.choice("smoothing", smoothing, SMOOTHINGS)]
    split = TOKENIZERS[checks.choice("tokenizer", tokenizer, TOKENIZERS)]
    counts = count_ngrams(paired_tokens(references, hypotheses, split), max_order)
    matches, totals = counts.matches.sum(axis=0), counts.hypothesis.sum(axis=0)
    if matches[0] == 0:
        return 0.0
    possible = int((totals > 0).sum())
    if possible < max_order and not effective_order:
        return 0.0
    p = formula(matches[:possible], totals[:possible])
    if p.min() == 0.0:
        return 0.0
    return bleu(p, brevity_penalty(int(totals[0]), int(counts.reference[:, 0].sum())))
