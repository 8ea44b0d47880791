"""The dictionary: a small one by hand, its rule against both tables, verses; bad input."""

from __future__ import annotations

import pytest

import scratchtune as st
from scratchtune.text import Dictionary

BOOKS = [("das Haus", "the house"), ("das Buch", "the book"), ("ein Buch", "a book")]


def test_words_are_translated_in_the_order_of_the_source_and_unknown_ones_stay() -> None:
    dictionary = Dictionary().fit(BOOKS)
    assert dictionary.words == {"das": "the", "haus": "house", "buch": "book", "ein": "a"}
    assert dictionary.translate("Buch ein, Noah!") == "book a, noah!"
    assert dictionary.translate(["das Haus", "ein Haus"]) == ["the house", "a house"]


def test_a_words_translation_has_the_highest_product_of_both_directions() -> None:
    dictionary = Dictionary(3).fit(st.datasets.load_verses("train")[:150])
    for source in dictionary.forward.source_words:
        products = {target: probability * dictionary.backward.probabilities(target)[source]
                    for target, probability in dictionary.forward.probabilities(source).items()}
        assert products[dictionary.words[source]] == max(products.values())


def test_it_finds_frequent_words_of_the_verses() -> None:
    words = Dictionary().fit(st.datasets.load_verses("train")).words
    assert [words[word] for word in ("god", "king", "day", "hand", "three")] == ["dios", "rey", "día", "mano", "tres"]


def test_bad_input_is_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="the dictionary is empty; call fit first"):
        Dictionary().translate("das Haus")
    with pytest.raises(TypeError, match="pairs is the single text"):
        Dictionary().fit("das Haus")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="text is 1"):
        Dictionary().fit(BOOKS).translate([1])
    with pytest.raises(ValueError, match="iterations is 0"):
        Dictionary(0)
