"""Decoding: by hand, width 1 against greedy decoding, full width against all sequences, and bad input."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.text import beam_search, greedy
from scratchtune.sequences.text.beam import Hypothesis, Step, search

START, END = 0, 1
ALPHAS = (0.0, 0.6, 1.5)


def random_step(seed: int, vocabulary: int, peak: float = 1.0) -> Step:
    """A model whose next token depends on all tokens before it."""

    def row(prefix: np.ndarray) -> np.ndarray:
        logits = peak * np.random.default_rng([seed, *prefix.tolist()]).normal(size=vocabulary)
        return logits - np.log(np.exp(logits).sum())

    return lambda prefixes: np.array([row(prefix) for prefix in prefixes])


def score(log_probability: float, length: int, alpha: float) -> float:
    return log_probability / ((5 + length) / 6) ** alpha


def exhaustive(step: Step, vocabulary: int, max_length: int, alpha: float) -> list[Hypothesis]:
    """Every sequence that ends within ``max_length``, or has this length without an end; the best first."""
    found = []
    for length in range(1, max_length + 1):
        for ids in itertools.product(range(vocabulary), repeat=length):
            if END in ids[:-1] or (ids[-1] != END and length < max_length):
                continue
            rows = [step(np.array([[START, *ids[:count]]]))[0] for count in range(length)]
            total = math.fsum(row[token] for row, token in zip(rows, ids, strict=True))
            has_end = ids[-1] == END
            kept = list(ids[:-1] if has_end else ids)
            found.append(Hypothesis(kept, total, score(total, length, alpha), has_end))
    return sorted(found, key=lambda hypothesis: -hypothesis.score)


def patient(step: Step, width: int, max_length: int, alpha: float) -> list[Hypothesis]:
    """Beam search in plain loops, which never stops early."""
    live: list[tuple[float, list[int]]] = [(0.0, [])]
    found = []
    for length in range(1, max_length + 1):
        longer = [(total + row[token], ids + [token]) for total, ids in live
                  for row in [step(np.array([[START, *ids]]))[0]] for token in range(len(row))]
        best = sorted(longer, key=lambda pair: -pair[0])[:width]
        found += [Hypothesis(ids[:-1], total, score(total, length, alpha), True)
                  for total, ids in best if ids[-1] == END]
        live = [(total, ids) for total, ids in best if ids[-1] != END]
    found += [Hypothesis(ids, total, score(total, max_length, alpha), False) for total, ids in live]
    return sorted(found, key=lambda hypothesis: -hypothesis.score)[:width]


def same(found: list[Hypothesis], expected: list[Hypothesis]) -> None:
    assert [(each.ids, each.ended) for each in found] == [(each.ids, each.ended) for each in expected]
    np.testing.assert_allclose([each[1:3] for each in found], [each[1:3] for each in expected], rtol=1e-12)


def test_by_hand() -> None:
    table = np.log([[0.1, 0.4, 0.5], [0.1, 0.6, 0.3], [0.3, 0.4, 0.3]])  # rows: the last token; 1 is the end
    assert greedy(lambda prefixes: table[prefixes[:, -1]], START, END, 5) == ([2], np.log(0.5) + np.log(0.4),
                                                                            np.log(0.5) + np.log(0.4), True)
    best, second = beam_search(lambda prefixes: table[prefixes[:, -1]], START, END, 2, 5)
    assert best.ids == [] and best.log_probability == pytest.approx(np.log(0.4))  # greedy decoding misses it
    assert second.ids == [2] and second.log_probability == pytest.approx(np.log(0.2))


def test_a_penalty_prefers_the_longer_one() -> None:
    table = np.log([[0.1, 0.4, 0.5], [0.1, 0.6, 0.3], [0.05, 0.7, 0.25]])  # the end at once: 0.4; after one token: 0.35

    def best(alpha: float) -> list[int]:
        return beam_search(lambda prefixes: table[prefixes[:, -1]], START, END, 3, 5, alpha)[0].ids

    assert best(0.0) == [] and best(2.0) == [2]
    assert score(np.log(0.35), 2, 2.0) > score(np.log(0.4), 1, 2.0)


@pytest.mark.parametrize("width", [1, 3])
def test_sequences_side_by_side_are_those_decoded_alone(width: int) -> None:
    """Each has a table of its own, which a prefix inherits; they end after different numbers of tokens, one does not.
    """
    tables = np.log(np.random.default_rng(7).dirichlet(np.ones(5), (40, 5)))
    tables[0, :, END] = -30.0
    of = np.arange(40)

    def step(prefixes: np.ndarray, parents: np.ndarray) -> np.ndarray:
        nonlocal of
        of = of[parents]
        return tables[of, prefixes[:, -1]]

    together = search(step, 40, START, END, width, 8)
    alone = [beam_search(lambda prefixes, table=table: table[prefixes[:, -1]], START, END, width, 8)
             for table in tables]
    assert together == alone
    assert not together[0][0].ended and len(together[0][0].ids) == 8 and len({len(one[0].ids) for one in together}) > 2


@pytest.mark.parametrize("seed", range(30))
def test_width_1_is_greedy_decoding(seed: int) -> None:
    step = random_step(seed, vocabulary=5)
    assert beam_search(step, START, END, beam_width=1, max_length=6) == [greedy(step, START, END, max_length=6)]


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("seed", range(5))
def test_full_width_is_exhaustive_search(seed: int, alpha: float) -> None:
    step = random_step(seed, vocabulary=3)
    expected = exhaustive(step, 3, 4, alpha)
    assert len(expected) == 1 + 2 + 4 + 8 + 16  # the end first, second, .. or not at all
    same(beam_search(step, START, END, beam_width=3**4, max_length=4, length_penalty=alpha), expected)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_stopping_early_changes_nothing(width: int, alpha: float) -> None:
    for seed in range(10):
        step = random_step(seed, vocabulary=4, peak=2.0)
        same(beam_search(step, START, END, width, 8, alpha), patient(step, width, 8, alpha))


def test_it_stops_early() -> None:
    lengths = []

    def step(prefixes: np.ndarray) -> np.ndarray:
        lengths.append(prefixes.shape[1])
        return np.log(np.tile([0.1, 0.8, 0.1], (len(prefixes), 1)))

    beam_search(step, START, END, beam_width=3, max_length=50)
    assert lengths == [1, 2]


def test_tokens_of_probability_0_are_in_no_hypothesis() -> None:
    with np.errstate(divide="ignore"):
        row = np.log([0.0, 0.5, 0.5])
    found = beam_search(lambda prefixes: np.tile(row, (len(prefixes), 1)), START, END, 10, 3)
    assert [each.ids for each in found] == [[], [2], [2, 2], [2, 2, 2]]
    assert [each.ended for each in found] == [True, True, True, False]


def test_of_equal_scores_the_lowest_id_is_first() -> None:
    row = np.log([0.25, 0.1, 0.4, 0.25])
    even = np.log(np.full(4, 0.25))
    assert greedy(lambda prefixes: even[None], START, END, 2).ids == [0, 0]
    found = beam_search(lambda prefixes: np.tile(row, (len(prefixes), 1)), START, END, 3, 1)
    assert [each.ids for each in found] == [[2], [0], [3]]
    many = np.log(np.where(np.arange(500) % 7 == 3, 0.004, 0.001))  # a sort that is not stable mixes equal ones up
    found = beam_search(lambda prefixes: many[None], START, END, 200, 1)
    likely, others = list(range(3, 500, 7)), [number for number in range(500) if number % 7 != 3 and number != END]
    assert [each.ids for each in found] == [[number] for number in likely] + [[]] + [
        [number] for number in others[:199 - len(likely)]]


@pytest.mark.parametrize("decode", [
    lambda step, **bad: greedy(step, **{"start": START, "end": END, "max_length": 3, **bad}),
    lambda step, **bad: beam_search(step, **{"start": START, "end": END, "beam_width": 2, "max_length": 3, **bad}),
], ids=["greedy", "beam_search"])
@pytest.mark.parametrize("rows, bad, message", [
    ([[0.5, 0.2, 0.3]], {}, "step returned 0.5; log-probabilities must be at most 0, as log.softmax. is"),
    ([[np.nan, -1.0, -1.0]], {}, "step returned nan"),
    ([[-np.inf] * 3], {}, "step gives every token after some sequence the probability 0"),
    ([-1.0, -1.0, -1.0], {}, r"step returned shape \(3,\) for 1 sequence; it must be \(1, vocabulary\)"),
    ([[-1.0, -1.0, -1.0]] * 2, {}, r"step returned shape \(2, 3\) for 1 sequence"),
    ([[-1.0]], {}, "the vocabulary must hold the end's id, 1"),
    ([[-1.0] * 3], {"max_length": 0}, "max_length is 0; it must be an integer of at least 1"),
    ([[-1.0] * 3], {"start": -1}, "start is -1"),
    ([[-1.0] * 3], {"end": -1}, "end is -1"),
])
def test_bad_input(decode: Any, rows: Any, bad: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode(lambda prefixes: np.array(rows), **bad)


@pytest.mark.parametrize("bad, message", [
    ({"beam_width": 0}, "beam_width is 0"), ({"length_penalty": -0.1}, "length_penalty is -0.1"),
])
def test_bad_arguments_of_the_beam(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        beam_search(random_step(0, 3), **{"start": START, "end": END, "beam_width": 2, "max_length": 3, **bad})
