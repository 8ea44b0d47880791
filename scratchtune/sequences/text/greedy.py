"""Greedy decoding: a sequence is written token by token, always with the most probable next token.

The network is a function ``step(prefixes)``: it receives the sequences so far, (number, length) ids that begin with
``start``, and returns the log-probabilities of every next token, (number, vocabulary).

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks

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


def greedy(step: Step, start: int, end: int, max_length: int) -> Hypothesis:
    """Decode one sequence: the most probable token at each step, the one with the lowest id if several are.

    It stops at ``end``, or after ``max_length`` tokens, the end included. The score is the log-probability.

    >>> table = np.log([[0.1, 0.2, 0.7], [0.1, 0.6, 0.3], [0.1, 0.8, 0.1]])  # by the last token; 1 is the end
    >>> greedy(lambda prefixes: table[prefixes[:, -1]], start=0, end=1, max_length=5).ids
    [2]
    """
    return greedy_all(step, 1, start, end, max_length)[0]


def greedy_all(step: Step, number: int, start: int, end: int, max_length: int) -> list[Hypothesis]:
    """Decode ``number`` sequences side by side, each as `greedy` does; ``step`` gets all of them at each step.

    Sequences that have ended are still passed to ``step``; what it returns for them does not matter.
    """
    checks.integer("number", number, 1)
    check_arguments(start, end, max_length)
    prefixes, totals = np.full((number, 1), start, dtype=np.int64), np.zeros(number)
    lengths = np.full(number, max_length)  # without the end; of sequences that have none, as many as there may be
    ended = np.zeros(number, bool)
    while prefixes.shape[1] <= max_length and not ended.all():
        rows = log_probabilities(step, prefixes, end)
        tokens = rows.argmax(axis=1)
        best = rows[np.arange(number), tokens]
        if (best[~ended] == -np.inf).any():
            raise ValueError("step gives every token after some sequence the probability 0; one must be above 0")
        totals[~ended] += best[~ended]
        lengths[~ended & (tokens == end)] = prefixes.shape[1] - 1
        ended |= tokens == end
        prefixes = np.column_stack([prefixes, tokens])
    return [Hypothesis(row[1 : length + 1].tolist(), float(total), float(total), bool(has_end))
            for row, length, total, has_end in zip(prefixes, lengths, totals, ended, strict=True)]


def check_arguments(start: Any, end: Any, max_length: Any) -> None:
    """Raise an error if an argument of a search is not an integer within its bounds."""
    checks.integer("start", start, 0)
    checks.integer("end", end, 0)
    checks.integer("max_length", max_length, 1)


def log_probabilities(step: Step, prefixes: np.ndarray, end: int) -> np.ndarray:
    """Call ``step`` and return its log-probabilities as float64, (number of prefixes, vocabulary), checked."""
    rows = np.asarray(step(prefixes), dtype=np.float64)
    if rows.ndim != 2 or len(rows) != len(prefixes) or rows.shape[1] <= end:
        raise ValueError(f"step returned shape {rows.shape} for {checks.counted(len(prefixes), 'sequence')}; it must "
                         f"be ({len(prefixes)}, vocabulary), and the vocabulary must hold the end's id, {end}")
    if not rows.max() <= ROUNDING:  # NaN too
        raise ValueError(f"step returned {rows.max()}; log-probabilities must be at most 0, as log(softmax) is")
    return rows
