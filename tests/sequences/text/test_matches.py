"""Token accuracy and exact match: by hand, by property, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.text import bleu_score, chrf_score, exact_match, token_accuracy


def test_by_hand() -> None:
    references, hypotheses = ["a b c", "d"], ["a x c", "d e"]
    assert token_accuracy(references, hypotheses) == 3 / 5  # a, c, d of a, x, c, d, e
    assert exact_match(references, hypotheses) == 0.0
    assert exact_match(["a b", "c"], ["a  b ", "d"]) == 0.5


def test_ids_and_tokens_are_taken_as_they_are() -> None:
    assert token_accuracy([[4, 5, 6], np.array([7])], [[4, 9, 6], [7]]) == 0.75
    assert exact_match([["a", "b"]], [("a", "b")]) == 1.0
    assert token_accuracy([["a b"]], [["a", "b"]]) == 0.0


def test_a_missing_and_a_superfluous_token_are_mistakes() -> None:
    assert token_accuracy(["a b"], ["a"]) == token_accuracy(["a"], ["a b"]) == 0.5
    assert token_accuracy(["a"], [""]) == 0.0 == exact_match(["a"], [""])


def test_of_rows_of_equal_length_it_is_the_accuracy() -> None:
    rng = np.random.default_rng(0)
    for y, q in rng.integers(3, size=(50, 2, 4, 5)):
        assert token_accuracy(list(y), list(q)) == pytest.approx((y == q).mean())
        assert exact_match(list(y), list(q)) == pytest.approx((y == q).all(axis=1).mean())


@pytest.mark.parametrize("score", [token_accuracy, exact_match, bleu_score, chrf_score])
@pytest.mark.parametrize("references, hypotheses, error, message", [
    ("a b", ["a b"], TypeError, "references is the single text 'a b'; it must be a list of sentences"),
    (["a b"], "a b", TypeError, "hypotheses is the single text"),
    (["a", "b"], ["a"], ValueError, "references has 2 sentences and hypotheses has 1; they must be equal in number"),
    ([], [], ValueError, "references is empty; it must hold at least one sentence"),
    (["a"], [3], TypeError, r"hypotheses holds 3 \(int\); each must be a text"),
    ([None], ["a"], TypeError, r"references holds None"),
])
def test_bad_input(score: Any, references: Any, hypotheses: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        score(references, hypotheses)


def test_without_any_token_there_is_no_accuracy() -> None:
    with pytest.raises(ValueError, match="references and hypotheses hold no token"):
        token_accuracy([""], [""])
