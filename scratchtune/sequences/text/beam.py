"""Beam search: a sequence is written token by token, and the best few sequences are kept at each step.

With a beam of width 1 it is greedy decoding: always the most probable next token. With a beam as wide as the number of
all sequences it is exhaustive search: it finds the best one.

The network is a function ``step(prefixes)``: it receives the sequences so far, (number, length) ids that begin with
``start``, and returns the log-probabilities of every next token, (number, vocabulary).

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks

Step = Callable[[np.ndarray], Any]
ROUNDING = 1e-3  # a log-probability may be this far above 0


class Hypothesis(NamedTuple):
    """A decoded sequence: its ids without start and end, its log-probability, its score, and whether it has an end.

    The log-probability includes that of the end, if the sequence has one.
    """

    ids: list[int]
    log_probability: float
    score: float
    ended: bool


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


def greedy(step: Step, start: int, end: int, max_length: int) -> Hypothesis:
    """Decode one sequence: the most probable token at each step, the one with the lowest id if several are.

    It stops at ``end``, or after ``max_length`` tokens, the end included. The score is the log-probability.

    >>> table = np.log([[0.1, 0.2, 0.7], [0.1, 0.6, 0.3], [0.1, 0.8, 0.1]])  # by the last token; 1 is the end
    >>> greedy(lambda prefixes: table[prefixes[:, -1]], start=0, end=1, max_length=5).ids
    [2]
    """
    return beam_search(step, start, end, 1, max_length)[0]


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
    return search(
        lambda prefixes, parents: step(prefixes), 1, start, end, beam_width, max_length, length_penalty)[0]


def search(
    step: Callable[[np.ndarray, np.ndarray], Any], number: int, start: int, end: int, beam_width: int, max_length: int,
    length_penalty: float = 0.0,
) -> list[list[Hypothesis]]:
    """`beam_search` of ``number`` sequences side by side, such as the translations of so many texts.

    ``step(prefixes, parents)`` also receives for each prefix which one of the call before it continues, or in the first
    call which sequence it begins: so a network can keep what it has computed for that one.
    """
    for name, value, least in (("number", number, 1), ("start", start, 0), ("end", end, 0),
                               ("beam_width", beam_width, 1), ("max_length", max_length, 1)):
        checks.integer(name, value, least)
    alpha = checks.real("length_penalty", length_penalty, 0.0)
    found: list[list[Hypothesis]] = [[] for _ in range(number)]
    of = parents = np.arange(number)  # the sequence of each prefix, ascending
    ids, totals = np.full((number, 1), start, dtype=np.int64), np.zeros(number)
    for length in range(1, max_length + 1):
        scores = totals[:, None] + log_probabilities(step(ids, parents), len(ids), end)
        parents, tokens, totals = _best(scores, of, beam_width)
        own, ends = of[parents], tokens == end
        if not all(found[n] for n in np.setdiff1d(of, own)):
            raise ValueError("step gives every token after some sequence the probability 0; one must be above 0")
        for i in np.flatnonzero(ends):
            found[own[i]].append(_hypothesis(ids[parents[i]], totals[i], length, alpha, True))
        for n in np.unique(own[ends]):
            found[n] = _best_of(found[n], beam_width)
        live = np.flatnonzero(~ends)
        decided = [  # no continuation can enter the result: the penalty is largest at the greatest length
            n for n, best in zip(*np.unique(own[live], return_index=True), strict=True) if len(found[n]) == beam_width
            and found[n][-1].score >= penalised(totals[live[best]], max_length, alpha)]
        continues = ~ends & ~np.isin(own, decided)
        parents, totals, of = parents[continues], totals[continues], own[continues]
        ids = np.column_stack([ids[parents], tokens[continues]])
        if not len(ids):
            break
    for row, total, n in zip(ids, totals, of, strict=True):
        found[n].append(_hypothesis(row, total, max_length, alpha, False))
    return [_best_of(each, beam_width) for each in found]


def _best_of(found: list[Hypothesis], width: int) -> list[Hypothesis]:
    return sorted(found, key=lambda hypothesis: -hypothesis.score)[:width]


def _best(scores: np.ndarray, of: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ``width`` best continuations of each sequence, best first: the row that they continue, the token, the score.

    ``scores`` are (rows, vocabulary), the sequences of the rows ``of``. Of equal scores, the first one is better.
    """
    sequences, first, counts = np.unique(of, return_index=True, return_counts=True)
    size, number = scores.shape[1], np.searchsorted(sequences, of)
    table = np.full((len(sequences), counts.max(), size), -np.inf)
    table[number, np.arange(len(of)) - first[number]] = scores
    table, every, best = table.reshape(len(sequences), -1), np.arange(len(sequences)), []
    for _ in range(min(width, table.shape[1])):
        index = table.argmax(axis=1)
        best.append((index, table[every, index]))
        table[every, index] = -np.inf
    indices, totals = (np.stack(part, axis=1) for part in zip(*best, strict=True))
    which, rank = np.nonzero(totals > -np.inf)
    rows, tokens = np.divmod(indices[which, rank], size)
    return first[which] + rows, tokens, totals[which, rank]


def _hypothesis(ids: np.ndarray, total: float, length: int, alpha: float, ended: bool) -> Hypothesis:
    return Hypothesis(ids[1:].tolist(), float(total), float(penalised(float(total), length, alpha)), ended)


def log_probabilities(rows: Any, prefixes: int, end: int) -> np.ndarray:
    """What ``step`` has returned, as float64, (prefixes, vocabulary); a ValueError if it is not that, or above 0."""
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or len(rows) != prefixes or rows.shape[1] <= end:
        raise ValueError(f"step returned shape {rows.shape} for {checks.counted(prefixes, 'sequence')}; it must be "
                         f"({prefixes}, vocabulary), and the vocabulary must hold the end's id, {end}")
    if not rows.max() <= ROUNDING:  # NaN too
        raise ValueError(f"step returned {rows.max()}; log-probabilities must be at most 0, as log(softmax) is")
    return rows
