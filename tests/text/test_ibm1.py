"""IBM Model 1: two iterations by hand, the likelihood, probabilities that sum to 1, NLTK's table; bad input."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.text import IBMModel1

BOOKS = [("das Haus", "the house"), ("das Buch", "the book")]


def test_two_iterations_by_hand() -> None:
    # First iteration, from a uniform table: each target word belongs to NULL and to both source words by 1/3. So the
    # counts of "das" are the 2/3, house 1/3, book 1/3; those of "Haus" are the 1/3, house 1/3.
    first = IBMModel1(1).fit(BOOKS)
    assert first.probabilities("das") == first.probabilities(None) == pytest.approx(
        {"the": 1 / 2, "house": 1 / 4, "book": 1 / 4})
    assert first.probabilities("haus") == pytest.approx({"the": 1 / 2, "house": 1 / 2})
    assert first.log_likelihoods == pytest.approx([4 * log(1 / 3), 2 * log(1 / 2) + 2 * log(1 / 3)])
    # Second: "the" still has 1/3 for each; "house" belongs to NULL, das and Haus by 1/4, 1/4 and 1/2. The counts of
    # "das" are 2/3, 1/4, 1/4, in all 7/6; those of "Haus" 1/3 and 1/2, in all 5/6.
    second = IBMModel1(2).fit(BOOKS)
    assert second.probabilities("das") == pytest.approx({"the": 4 / 7, "house": 3 / 14, "book": 3 / 14})
    assert second.probabilities("haus") == pytest.approx({"house": 3 / 5, "the": 2 / 5})
    assert list(second.probabilities("haus")) == ["house", "the"]  # the most probable first


def _verses(n: int) -> list[tuple[str, str]]:
    return st.datasets.load_verses("train")[:n]


def test_the_likelihood_never_falls_and_the_order_of_the_pairs_does_not_matter() -> None:
    model = IBMModel1(40).fit(_verses(300))
    assert len(model.log_likelihoods) == 41 and (np.diff(model.log_likelihoods) > 0.0).all()
    backwards = IBMModel1(40).fit(_verses(300)[::-1])
    assert backwards.log_likelihoods == pytest.approx(model.log_likelihoods, rel=1e-12)


def test_the_probabilities_of_a_source_word_sum_to_one() -> None:
    model = IBMModel1(5).fit(_verses(100))
    for word in [None, *model.source_words]:
        assert sum(model.probabilities(word).values()) == pytest.approx(1.0)
    assert model.probabilities("zebra") == {}


def test_a_repeated_word_counts_each_time() -> None:
    # "a" twice: 2/3 of "x" belongs to it, 1/3 to NULL; the counts of "b" are y 1/2. So t(x | a) = 1, and NULL has
    # x 1/3 and y 1/2.
    model = IBMModel1(1).fit([("a a", "x"), ("b", "y")])
    assert model.probabilities("a") == pytest.approx({"x": 1.0})
    assert model.probabilities(None) == pytest.approx({"y": 3 / 5, "x": 2 / 5})


def test_the_table_is_nltks() -> None:
    translate = pytest.importorskip("nltk.translate")
    pairs = [(source, target) for source, target in _verses(300)  # where a target word is repeated, NLTK counts less
             if len(set(words := st.text.tokenize(target))) == len(words)]
    assert len(pairs) > 100
    corpus = [translate.AlignedSent(st.text.tokenize(target), st.text.tokenize(source)) for source, target in pairs]
    table = translate.IBMModel1(corpus, 5).translation_table
    model = IBMModel1(5).fit(pairs)
    for word in [None, *model.source_words]:
        for target, probability in model.probabilities(word).items():
            assert table[target][word] == pytest.approx(probability, abs=1e-11)  # NLTK's are at least 1e-12


@pytest.mark.parametrize("pairs, message", [
    ("a b", r"pairs is the single text 'a b'; it must be a list of pairs"),
    ([], "pairs is empty; it must hold at least one pair"),
    ([("a", "b"), "cd"], r"pairs\[1\] is 'cd'; it must be a pair of texts"),
    ([("a", 1)], r"pairs\[0\] is \('a', 1\); it must be a pair of texts"),
    ([("a", " ")], r"pairs\[0\] is \('a', ' '\); each text must hold at least one token"),
])
def test_bad_pairs(pairs: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        IBMModel1().fit(pairs)


def test_bad_iterations() -> None:
    with pytest.raises(ValueError, match="iterations is 0; it must be an integer of at least 1"):
        IBMModel1(0)
