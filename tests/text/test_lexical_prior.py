"""A dictionary's help: a mixture by hand, coverage and the end, tokens beyond the vocabulary; bad input."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.text import Dictionary, LexicalPrior, Vocabulary
from scratchtune.text.lexical_prior import Mixture, chosen_prior

BOOKS = [("das Haus", "the house"), ("das Buch", "the book"), ("ein Buch", "a book")]


def _network(vocabulary: Vocabulary, rows: int = 1) -> np.ndarray:
    """The same probability for each token."""
    return np.full((rows, len(vocabulary)), -np.log(len(vocabulary)))


def test_probabilities_of_a_dictionary_are_a_geometric_mean_of_both_directions() -> None:
    dictionary = Dictionary(3).fit(BOOKS)
    for word in dictionary.words:
        found = dictionary.probabilities(word)
        products = {target: (value * dictionary.backward.probabilities(target)[word]) ** 0.5
                    for target, value in dictionary.forward.probabilities(word).items()}
        assert found == pytest.approx({target: value / sum(products.values()) for target, value in products.items()})
        assert max(found, key=lambda target: found[target]) == dictionary.words[word]
    assert dictionary.probabilities("maus") == {}


def test_unknown_words_are_copied_and_the_unknown_token_is_never_written() -> None:
    vocabulary = Vocabulary(["the"])
    mixture = Mixture(LexicalPrior(Dictionary().fit(BOOKS), 0.5), vocabulary, [["buch", "Noah"]], 3)
    assert set(mixture.tokens) == {*vocabulary.tokens, "the", "book", "a", "Noah"}
    assert mixture.read(np.array([[2, 4, len(vocabulary)]])).tolist() == [[2, 4, vocabulary.unknown]]
    start = np.array([[vocabulary.start]])
    found = mixture.log_probabilities(_network(vocabulary), np.array([[[0.5, 0.5, 0.0]]]), start, np.array([0]))[0]
    assert found[vocabulary.unknown] == -np.inf
    assert found[mixture.tokens.index("book")] > found[mixture.tokens.index("Noah")] > -3.0


def test_a_word_is_translated_once_and_then_the_end_is_probable() -> None:
    vocabulary = Vocabulary(["the"])
    mixture = Mixture(LexicalPrior(Dictionary().fit(BOOKS), 0.5), vocabulary, [["haus", "buch"]], 2)
    house, book = mixture.tokens.index("house"), mixture.tokens.index("book")
    written, ends = [vocabulary.start], []
    for token in (house, book):
        attention = np.tile([[[0.9, 0.1]]], (1, len(written), 1))  # attention that never moves
        found = mixture.log_probabilities(_network(vocabulary), attention, np.array([written]), np.array([0]))[0]
        assert max((house, book), key=lambda number: found[number]) == token
        ends.append(found[vocabulary.end])
        written.append(token)
    assert ends[1] - ends[0] == pytest.approx(2.0, abs=0.05)  # one word fewer is left


def test_bad_input_is_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="it must be a text.Dictionary that has been fitted"):
        LexicalPrior(Dictionary())
    with pytest.raises(ValueError, match="weight is 2"):
        LexicalPrior(Dictionary().fit(BOOKS), 2)


def test_the_weight_is_the_one_that_helps_validation_pairs_or_0() -> None:
    references = [f"the {word}" for word in ("house", "book", "tree", "river")] * 3
    poor, one_wrong = ["the word"] * 12, ["a word", *references[1:]]

    def chosen(found: dict[float, list[str]]) -> float:
        """The chosen weight, by the translations with each; 0 is without a prior."""
        return chosen_prior(Dictionary().fit(BOOKS), references, lambda prior: found.get(
            0.0 if prior is None else prior.weight, ["a"] * 12)).weight

    assert chosen({0.0: poor, 0.3: references, 0.5: references}) == 0.3
    assert chosen({0.0: one_wrong, 0.3: references}) == 0.0  # one sentence is better: that may be luck
    assert chosen({0.0: references}) == 0.0
