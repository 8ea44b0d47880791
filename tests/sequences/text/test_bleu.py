"""BLEU, formulas [ngram_precision] and others: by hand, by property, against sacrebleu on 1,000 random pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scratchtune.sequences.text import bleu_score, tokenize_13a
from scratchtune.sequences.text.scores import clipped_matches, count_ngrams, ngrams

Pairs = tuple[list[str], list[str]]


def test_by_hand() -> None:
    # 1-grams: 5 of 6; 2-grams: the cat, cat sat, sat on; 3-grams: the cat sat, cat sat on; 4-grams: the cat sat on
    expected = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** (1 / 4)
    assert bleu_score(["the cat sat on the mat"], ["the cat sat on a mat"]) == pytest.approx(expected)
    # two words too short: matches 4, 3, 2, 1 of as many, times exp(1 - 6 / 4)
    assert bleu_score(["the cat sat on the mat"], ["the cat sat on"]) == pytest.approx(100 * math.exp(-0.5))


def test_counts_of_the_corpus_are_summed() -> None:
    references, hypotheses = ["a b c d", "e f g h i"], ["a b c d", "e f x h i"]
    expected = 100 * (8 / 9 * 5 / 7 * 2 / 5 * 1 / 3) ** (1 / 4)
    assert bleu_score(references, hypotheses) == pytest.approx(expected)
    mean = np.mean([bleu_score([a], [b]) for a, b in zip(references, hypotheses, strict=True)])
    assert abs(mean - expected) > 1.0


def test_a_repeated_word_matches_as_often_as_the_reference_has_it() -> None:
    assert clipped_matches(np.array([7]), np.array([2])) == 2  # the paper's "the the the the the the the"
    reference, hypothesis = "the cat is on the mat".split(), ["the"] * 7
    counts = count_ngrams([(reference, hypothesis)], 2)
    assert [part.tolist() for part in counts] == [[[2, 0]], [[7, 6]], [[6, 5]]]


def test_smoothings_by_hand() -> None:
    pair = (["a b c d"], ["a x c y"])  # matches 2, 0, 0, 0 of 4, 3, 2, 1
    assert bleu_score(*pair, smoothing="none") == 0.0
    assert bleu_score(*pair) == pytest.approx(100 * (2 / 4 * 1 / 6 * 1 / 8 * 1 / 8) ** 0.25)


def test_the_bounds() -> None:
    assert bleu_score(["a b c d e"], ["a b c d e"]) == pytest.approx(100.0)
    assert bleu_score(["a b"], ["c d"]) == bleu_score(["a b"], [""]) == bleu_score([""], ["a"]) == 0.0
    assert bleu_score(["a b"], ["a b"]) == 0.0  # no 3-gram


def test_the_order_of_the_sentences_does_not_matter(pairs: Pairs) -> None:
    order = np.random.default_rng(1).permutation(1000)
    shuffled = [[part[index] for index in order] for part in pairs]
    assert bleu_score(*shuffled) == bleu_score(*pairs)


def test_ngrams_by_hand() -> None:
    assert ngrams("aab", 1) == {("a",): 2, ("b",): 1}
    assert ngrams(["a", "b"], 2) == {("a", "b"): 1}
    assert ngrams("ab", 3) == {}


def test_tokens_by_hand() -> None:
    assert tokenize_13a("Hello, (world) 3.5 5-6 a-b &quot;x&quot; U.S.") == [
        "Hello", ",", "(", "world", ")", "3.5", "5", "-", "6", "a-b", '"', "x", '"', "U", ".", "S", "."]


def test_tokens_are_sacrebleus(pairs: Pairs) -> None:
    tokenizer_13a = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a")
    theirs = tokenizer_13a.Tokenizer13a()
    marks = [f"1{mark}a{mark}2{mark} {mark}" for mark in map(chr, range(32, 256))]
    for text in (*pairs[0], *pairs[1], *marks):
        assert tokenize_13a(text) == theirs(text.rstrip()).split()


@pytest.mark.parametrize("smoothing", ["exp", "none"])
def test_it_is_sacrebleus(pairs: Pairs, smoothing: str) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    metric = sacrebleu.BLEU(smooth_method=smoothing, force=True)
    references, hypotheses = pairs
    expected = metric.corpus_score(hypotheses, [references]).score
    assert bleu_score(references, hypotheses, smoothing) == pytest.approx(expected, rel=1e-12)
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        expected = metric.corpus_score([hypothesis], [[reference]]).score
        assert bleu_score([reference], [hypothesis], smoothing) == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_the_defaults_are_sacrebleus(pairs: Pairs) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    references, hypotheses = pairs
    assert bleu_score(*pairs) == pytest.approx(sacrebleu.corpus_bleu(hypotheses, [references], force=True).score)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="smoothing is 'expo'; it must be one of 'exp', .* did you mean 'exp'"):
        bleu_score(["a"], ["a"], smoothing="expo")
