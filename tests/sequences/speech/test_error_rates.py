"""Error rates, formulas [edit_step] and [error_rate]: by hand, by property, against jiwer on 1,000 random pairs."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.speech import (
    ErrorCounts,
    character_error_rate,
    edits,
    error_counts,
    error_rate_interval,
    word_error_rate,
)

WORDS = "the cat sat on a mat and the dog ran".split()


def random_pairs(seed: int, number: int) -> tuple[list[str], list[str]]:
    """References, and hypotheses that are equal, changed a little, unrelated, or empty."""
    rng = np.random.default_rng(seed)
    references, hypotheses = [], []
    for _ in range(number):
        words = rng.choice(WORDS, rng.integers(1, 12)).tolist()
        changed = [word[: rng.integers(1, 4)] if rng.random() < 0.2 else word for word in words if rng.random() > 0.1]
        changed += rng.choice(WORDS, rng.integers(0, 2)).tolist()
        kind = rng.random()
        other = rng.choice(WORDS, rng.integers(0, 12)).tolist()
        references.append(" ".join(words))
        hypotheses.append(" ".join(words if kind < 0.1 else changed if kind < 0.8 else other))
    return references, hypotheses


@cache
def by_definition(reference: str, hypothesis: str) -> int:
    """The edit distance, as a recursion without a table."""
    if not reference or not hypothesis:
        return len(reference) + len(hypothesis)
    return min(by_definition(reference[:-1], hypothesis[:-1]) + (reference[-1] != hypothesis[-1]),
               by_definition(reference[:-1], hypothesis) + 1, by_definition(reference, hypothesis[:-1]) + 1)


def test_by_hand() -> None:
    assert edits("kitten", "sitting") == ErrorCounts(2, 0, 1, length=6)
    assert edits("ab", "ba")[:3] == (2, 0, 0)  # a deletion and an insertion are 2 errors as well
    assert edits("abc", "") == (0, 3, 0, 3) and edits("", "abc") == (0, 0, 3, 0) and edits("", "") == (0, 0, 0, 0)
    assert edits(["the", "cat"], ["the", "big", "cat"]) == (0, 0, 1, 2)
    assert error_counts(["the cat sat", "yes"], ["the cat", "no"]) == (1, 1, 0, 4)
    assert error_counts(["cat"], ["cut"], unit="character") == (1, 0, 0, 3)


def test_lengths_are_summed() -> None:
    """One error in 1 word and none in 9: the rate is 1/10, and the mean of the two rates is 1/2."""
    references, hypotheses = ["yes", "a b c d e f g h i"], ["no", "a b c d e f g h i"]
    assert word_error_rate(references, hypotheses) == 0.1


def test_it_may_exceed_1() -> None:
    assert word_error_rate(["a"], ["b c d"]) == 3.0
    assert word_error_rate(["", "a"], ["b", "a"]) == 1.0  # a text without words has insertions only


def test_the_definition() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        first, second = ("".join(rng.choice(list("abc"), rng.integers(0, 7))) for _ in range(2))
        found = edits(first, second)
        assert found.errors == by_definition(first, second)
        assert found.insertions - found.deletions == len(second) - len(first)
        assert min(found) >= 0


def test_a_metric_in_the_sense_of_mathematics() -> None:
    texts = ["".join(letters) for length in range(4) for letters in itertools.product("ab", repeat=length)]
    distance = {pair: edits(*pair).errors for pair in itertools.product(texts, repeat=2)}
    for first, second in distance:
        assert distance[first, second] == distance[second, first]
        assert (distance[first, second] == 0) == (first == second)
        assert all(distance[first, third] <= distance[first, second] + distance[second, third] for third in texts)


def test_the_interval() -> None:
    references, hypotheses = random_pairs(1, 200)
    rate = word_error_rate(references, hypotheses)
    low, high = error_rate_interval(references, hypotheses)
    assert 0.0 < low < rate < high
    assert (low, high) == error_rate_interval(references, hypotheses, seed=0)
    assert (low, high) != error_rate_interval(references, hypotheses, seed=1)
    narrow, wide = (error_rate_interval(references, hypotheses, level=level) for level in (0.5, 0.99))
    assert wide[0] < low < narrow[0] < rate < narrow[1] < high < wide[1]
    few = error_rate_interval(references[:20], hypotheses[:20])
    assert few[1] - few[0] > high - low


def test_whole_groups_are_drawn() -> None:
    references, hypotheses = ["a b"] * 6, ["a b"] * 3 + ["x y"] * 3
    assert error_rate_interval(references, hypotheses, groups="aaabbb") == (0.0, 1.0)  # two voices, of which one is bad
    assert error_rate_interval(references, hypotheses, groups="abcdef") == error_rate_interval(references, hypotheses)
    with pytest.raises(ValueError, match="groups has 2 items for 6 texts; the numbers must be equal"):
        error_rate_interval(references, hypotheses, groups="ab")


def test_the_interval_covers_the_true_rate_as_often_as_it_says() -> None:
    """Texts of 10 words, each wrong with probability 0.3: of 200 intervals of level 0.9, 84 % to 96 % hold 0.3."""
    rng = np.random.default_rng(2)
    inside = 0
    for seed in range(200):
        wrong = rng.random((60, 10)) < 0.3
        hypotheses = [" ".join("x" if each else "a" for each in row) for row in wrong]
        low, high = error_rate_interval(["a " * 10] * 60, hypotheses, level=0.9, resamples=200, seed=seed)
        inside += low <= 0.3 <= high
    assert 168 <= inside <= 192


def test_rates_are_jiwers() -> None:
    """On all 1,000 pairs together, and on each alone.

    jiwer's split into substitutions, deletions and insertions is that of another alignment with as many errors.
    """
    jiwer = pytest.importorskip("jiwer")
    references, hypotheses = random_pairs(0, 1000)
    assert word_error_rate(references, hypotheses) == pytest.approx(jiwer.wer(references, hypotheses), rel=1e-14)
    assert character_error_rate(references, hypotheses) == pytest.approx(jiwer.cer(references, hypotheses), rel=1e-14)
    for pair in zip(references, hypotheses, strict=True):
        assert word_error_rate(*([text] for text in pair)) == pytest.approx(jiwer.wer(*pair), rel=1e-14)
        assert character_error_rate(*([text] for text in pair)) == pytest.approx(jiwer.cer(*pair), rel=1e-14)
    counts, their = error_counts(references, hypotheses), jiwer.process_words(references, hypotheses)
    assert sum(counts[:3]) == their.substitutions + their.deletions + their.insertions
    assert counts.insertions - counts.deletions == their.insertions - their.deletions
    assert counts.substitutions >= their.substitutions


def test_spaces_are_jiwers() -> None:
    jiwer = pytest.importorskip("jiwer")
    pair = [" the  cat sat ", "on"], ["the cat  sat", " on "]
    assert word_error_rate(*pair) == jiwer.wer(*pair) == 0.0
    assert character_error_rate(*pair) == jiwer.cer(*pair) == 2 / 14  # two of the spaces within


@pytest.mark.parametrize("references, hypotheses, error, message", [
    (["a"], ["a", "b"], ValueError, "references has 1 sentences and hypotheses has 2; they must be equal in number"),
    ([], [], ValueError, "references is empty; it must hold at least one sentence"),
    ("a", ["a"], TypeError, "references is the single text 'a'; it must be a list of sentences"),
    ([["a"]], ["a"], TypeError, r"references holds \['a'\] \(list\); each must be a text"),
    (["a"], [None], TypeError, "hypotheses holds None"),
    (["", " "], ["a", ""], ValueError, "references hold no (word|character); at least one must be there"),
])
@pytest.mark.parametrize("rate", [word_error_rate, character_error_rate, error_rate_interval])
def test_bad_input(rate: Any, references: Any, hypotheses: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rate(references, hypotheses)


@pytest.mark.parametrize("arguments, message", [
    ({"unit": "letter"}, "unit is 'letter'; it must be one of 'word', 'character'"),
    ({"level": 1.0}, "level is 1.0"), ({"resamples": 0}, "resamples is 0"), ({"seed": -1}, "seed is -1"),
])
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        error_rate_interval(["a"], ["a"], **arguments)
