"""Beam search: decoding that keeps the best few sequences at each step instead of one.

With a beam of width 1 it is greedy decoding. With a beam as wide as the number of all sequences it is exhaustive
search: it finds the best one. It knows the network only as a function ``step``, as `greedy` does.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.sequences.text.greedy import Hypothesis, Step, check_arguments, log_probabilities


def penalised(log_probability: float, length: int, alpha: float) -> float:
    """Score of a sequence: its log-probability divided by a penalty that grows with its length.

    Formula [length_penalty]
        s = l / ((5 + n) / 6)^α
    Where
        l: log_probability, scalar, <= 0, of the whole sequence
        n: length, scalar, integer >= 1; sampled in [1, 20], its number of tokens, the end included
        α: alpha, scalar, >= 0; sampled in [0, 2], 0 for the log-probability itself
    Returns
        s, a scalar <= 0; with α > 0, of two sequences of equal log-probability the longer one has the higher score.
    Variant
        Others divide by n^α; α = 1 is then the mean log-probability of a token.
    Source
        Wu et al. (2016), "Google's neural machine translation system", equation 14, without the coverage penalty.
    Example
        >>> penalised(-4.0, 7, 1.0)
        -2.0
    """
    return log_probability / ((5.0 + length) / 6.0) ** alpha


class _Beam(NamedTuple):
    """The sequences that have not ended, best first: ids with the start, (number, length), and log-probabilities."""

    ids: np.ndarray
    totals: np.ndarray


def beam_search(
    step: Step, start: int, end: int, beam_width: int, max_length: int, length_penalty: float = 0.0,
) -> list[Hypothesis]:
    """Decode one sequence, and return the best ``beam_width`` hypotheses or fewer, best first.

    At each step, the ``beam_width`` most probable continuations of all sequences are kept; those that end are set
    aside. After ``max_length`` tokens, the end included, the others are hypotheses without an end. Hypotheses are
    ranked by score, formula [length_penalty], with α = ``length_penalty``. The search stops as soon as no
    continuation can enter the result. Of equal scores the one found first is better.

    >>> table = np.log([[0.1, 0.4, 0.5], [0.1, 0.6, 0.3], [0.3, 0.4, 0.3]])  # by the last token; 1 is the end
    >>> found = beam_search(lambda prefixes: table[prefixes[:, -1]], start=0, end=1, beam_width=2, max_length=5)
    >>> [(hypothesis.ids, round(float(np.exp(hypothesis.score)), 2)) for hypothesis in found]
    [([], 0.4), ([2], 0.2)]
    """
    check_arguments(start, end, max_length)
    checks.integer("beam_width", beam_width, 1)
    alpha = checks.real("length_penalty", length_penalty, 0.0)
    beam = _Beam(np.array([[start]], dtype=np.int64), np.zeros(1))
    found: list[Hypothesis] = []
    for length in range(1, max_length + 1):
        ended, beam = _advanced(step, beam, end, beam_width)
        if not (len(ended.ids) or len(beam.ids) or found):
            raise ValueError("step gives every token after some sequence the probability 0; one must be above 0")
        found += [_hypothesis(ids, total, length, alpha, True) for ids, total in zip(*ended, strict=True)]
        found = sorted(found, key=lambda hypothesis: -hypothesis.score)[:beam_width]
        if len(beam.ids) == 0 or _is_decided(found, beam_width, penalised(beam.totals[0], max_length, alpha)):
            return found
    found += [_hypothesis(ids, total, max_length, alpha, False) for ids, total in zip(*beam, strict=True)]
    return sorted(found, key=lambda hypothesis: -hypothesis.score)[:beam_width]


def _advanced(step: Step, beam: _Beam, end: int, beam_width: int) -> tuple[_Beam, _Beam]:
    """Return the best continuations by one token: those that end, without the end, and those that do not."""
    rows = log_probabilities(step, beam.ids, end)
    totals = (beam.totals[:, None] + rows).ravel()
    best = np.argsort(-totals, kind="stable")[:beam_width]
    best = best[totals[best] > -np.inf]
    parents, tokens = np.divmod(best, rows.shape[1])
    is_end = tokens == end
    longer = np.column_stack([beam.ids[parents], tokens])
    return _Beam(longer[is_end, :-1], totals[best[is_end]]), _Beam(longer[~is_end], totals[best[~is_end]])


def _is_decided(found: list[Hypothesis], beam_width: int, bound: float) -> bool:
    """Whether no continuation can enter the result; ``bound`` is at least the score of every continuation.

    A log-probability never rises, and the penalty is largest at the greatest length.
    """
    return len(found) == beam_width and found[-1].score >= bound


def _hypothesis(ids: np.ndarray, total: float, length: int, alpha: float, ended: bool) -> Hypothesis:
    return Hypothesis(ids[1:].tolist(), float(total), float(penalised(float(total), length, alpha)), ended)
