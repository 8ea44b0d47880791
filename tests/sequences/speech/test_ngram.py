"""The language model, formulas [kneser_ney], [witten_bell] and [perplexity]: by hand, by property, against NLTK."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.speech import END, START, NGram

SMOOTHINGS = ("kneser-ney", "witten-bell")
LETTERS = "abcde "


def random_texts(seed: int, number: int, letters: str = LETTERS) -> list[str]:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(len(letters)))
    return ["".join(rng.choice(list(letters), rng.integers(0, 9), p=shares)) for _ in range(number)]


# By hand --------------------------------------------------------------------------------------------------------------


def test_kneser_ney_by_hand() -> None:
    model = NGram(order=2, discount=0.5).fit(["ab", "aab"])
    # Distinct tokens before each: a: <s>, a; b: a; end: b. So order 1 has the counts 2, 1, 1 of 4, with 3 types.
    q = {"a": 1.5 / 4 + 0.5 * 3 / 4 / 3, "b": 0.5 / 4 + 0.5 * 3 / 4 / 3, END: 0.5 / 4 + 0.5 * 3 / 4 / 3}
    for token in q:
        assert model.probability("", token) == pytest.approx(q[token])
    # After a: a once, b twice.
    assert model.probability("a", "a") == pytest.approx(0.5 / 3 + 0.5 * 2 / 3 * q["a"])
    assert model.probability("a", "b") == pytest.approx(1.5 / 3 + 0.5 * 2 / 3 * q["b"])
    assert model.probability("a", END) == pytest.approx(0.5 * 2 / 3 * q[END])
    assert model.probability([START], "a") == pytest.approx(1.5 / 2 + 0.5 * 1 / 2 * q["a"])


def test_san_francisco() -> None:
    """Kneser-Ney's own example, f after s: what is frequent after one letter only is improbable after others."""
    texts = ["sf"] * 5 + ["mg", "yg", "ng"]
    kneser_ney, witten_bell = (NGram(2, smoothing, alphabet="sfmgynr").fit(texts) for smoothing in SMOOTHINGS)
    assert kneser_ney.probability("r", "g") > kneser_ney.probability("r", "f")
    assert witten_bell.probability("r", "g") < witten_bell.probability("r", "f")


@pytest.mark.parametrize(("order", "ways"), [
    (2, [([START], "b"), ("b", "a"), ("a", END)]), (3, [([START], "b"), ([START, "b"], "a"), ("ba", END)])])
def test_score_and_perplexity_by_hand(order: int, ways: list[Any]) -> None:
    model = NGram(order).fit(["ab", "ba", "aab"])
    assert model.score("ba") == pytest.approx(math.log(math.prod(model.probability(*way) for way in ways)))
    assert model.perplexity(["ba", ""]) == pytest.approx(math.exp(-(model.score("ba") + model.score("")) / 4))


# Properties -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_sum_to_one(order: int, smoothing: str, uniform: bool) -> None:
    """After every context of up to three letters, seen or not, and after those at the beginning of a text."""
    model = NGram(order, smoothing=smoothing, uniform=uniform, alphabet=LETTERS + "z").fit(random_texts(order, 30))
    contexts = [list(letters) for length in range(4) for letters in itertools.product(LETTERS + "z", repeat=length)]
    assert len(contexts) == 1 + 7 + 49 + 343
    for context in [*contexts, *([START, *context] for context in contexts[:57])]:
        each = [model.probability(context, token) for token in model.vocabulary]
        assert math.fsum(each) == pytest.approx(1.0, abs=1e-12) and min(each) >= 0.0
        assert (min(each) > 0.0) == uniform  # z was never seen


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_a_row_has_the_probability_of_each_token(smoothing: str) -> None:
    model = NGram(3, smoothing, uniform=False).fit(["ab a b", "b b a", "c ab"])
    for context in [model.start(), ("a", " "), ("b", "b"), ("c", "c"), ()]:
        expected = [model.log_probability(context, token) for token in model.vocabulary]
        for _ in range(2):  # computed, and kept
            np.testing.assert_allclose(model.log_distribution(context), expected, rtol=1e-12)


def test_perplexity_of_a_uniform_model_is_the_number_of_tokens() -> None:
    model = NGram(order=1, smoothing="witten-bell").fit(["abcd"])  # each letter once, and the end
    assert model.perplexity(["abcd", "dd", ""]) == pytest.approx(5.0)
    flat = NGram(order=3, discount=1.0, alphabet="abc").fit([""])  # only the end was seen, and all is discounted
    assert flat.perplexity(["abc", "cab"]) == pytest.approx(4.0)


def test_texts_like_the_fitted_ones_have_a_lower_perplexity() -> None:
    texts = random_texts(1, 200)
    model = NGram(order=3, alphabet=LETTERS).fit(texts)
    assert model.perplexity(texts) < model.perplexity(random_texts(2, 200)) < math.inf


def test_fitting_again_forgets_the_earlier_fit() -> None:
    model = NGram(order=2).fit(["zz"])
    model.log_distribution(("z",))
    fresh = NGram(order=2).fit(["ab", "ba"])
    assert model.fit(["ab", "ba"]).vocabulary == fresh.vocabulary and model.score("abba") == fresh.score("abba")
    np.testing.assert_array_equal(model.log_distribution(("a",)), fresh.log_distribution(("a",)))


def test_impossible_texts() -> None:
    model = NGram(order=1, uniform=False, alphabet="abc").fit(["ab"])
    assert model.score("ac") == -math.inf and model.perplexity(["ac"]) == math.inf


# Against NLTK ---------------------------------------------------------------------------------------------------------


def ngrams_of(model: NGram, text: str) -> list[tuple[str, ...]]:
    """The n-grams of all orders that end in a token that is predicted.

    NLTK's own padding also counts n-grams that end in a start token, and adds n − 1 end tokens. Its probabilities then
    include one of the start, and those after a start do not sum to 1.
    """
    padded = (*model.start(), *text, END)
    return [padded[position - length : position + 1]
            for position in range(model.order - 1, len(padded)) for length in range(model.order)]


def theirs(model: NGram, texts: list[str], **arguments: Any) -> Any:
    lm = pytest.importorskip("nltk.lm")
    kinds = {"kneser-ney": lm.KneserNeyInterpolated, "witten-bell": lm.WittenBellInterpolated}
    found = kinds[model.smoothing](model.order, **arguments)
    found.fit([ngrams_of(model, text) for text in texts], [*model.vocabulary, START])
    return found


@pytest.mark.parametrize("smoothing, order, discount", [
    ("kneser-ney", 2, 0.1), ("kneser-ney", 3, 0.75), ("kneser-ney", 4, 0.5),
    ("witten-bell", 1, 0.75), ("witten-bell", 2, 0.75), ("witten-bell", 3, 0.75), ("witten-bell", 4, 0.75),
])
def test_probabilities_are_nltks(smoothing: str, order: int, discount: float) -> None:
    texts = random_texts(order, 30)
    model = NGram(order, smoothing=smoothing, discount=discount, uniform=False).fit(texts)
    reference = theirs(model, texts, **({"discount": discount} if smoothing == "kneser-ney" else {}))
    letters = model.vocabulary[1:]
    contexts = [context for length in range(min(order, 3)) for context in itertools.product(letters, repeat=length)]
    for context in [*contexts, *(model.shortened((*model.start(), *context)) for context in contexts)]:
        for token in model.vocabulary:
            expected = reference.score(token, context)
            found = math.exp(model.log_probability(context, token))
            assert found == pytest.approx(expected, rel=1e-12), (context, token)


def test_bigrams_are_nltks_with_its_own_padding() -> None:
    lm = pytest.importorskip("nltk.lm")
    preprocessing = pytest.importorskip("nltk.lm.preprocessing")
    texts = random_texts(7, 40)
    model = NGram(order=2, discount=0.1, uniform=False).fit(texts)
    reference = lm.KneserNeyInterpolated(2)
    reference.fit(*preprocessing.padded_everygram_pipeline(2, [list(text) for text in texts]))
    for context, token in itertools.product([*model.vocabulary[1:], START], model.vocabulary):
        assert model.probability([context], token) == pytest.approx(reference.score(token, [context]), rel=1e-12)


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, error, message", [
    ({"order": 0}, ValueError, "order is 0; it must be an integer of at least 1"),
    ({"order": 2.0}, TypeError, "order is 2.0"),
    ({"smoothing": "kneser"}, ValueError, "smoothing is 'kneser'"),
    ({"discount": 1.5}, ValueError, "discount is 1.5"),
    ({"discount": math.nan}, ValueError, "discount is nan"),
    ({"uniform": 1}, TypeError, "uniform is 1"),
    ({"alphabet": ["ab"]}, ValueError, "alphabet holds 'ab'; it must hold single characters"),
])
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        NGram(**arguments)


@pytest.mark.parametrize("texts, error, message", [
    ([], ValueError, "texts is empty; it must hold at least one text"),
    ("ab", TypeError, "texts is the single text 'ab'; it must be a list of texts"),
    ([b"ab"], TypeError, r"texts holds? b'ab' \(bytes\); each must be a text"),
    ([None], TypeError, r"texts holds? None \(NoneType\)"),
    (["abc", "xa"], ValueError, "texts hold 'c', 'x', which is not in the alphabet 'ab'; every letter must be"),
])
def test_bad_texts(texts: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        NGram(alphabet="ab").fit(texts)


def test_bad_queries() -> None:
    with pytest.raises(ValueError, match="this NGram is not fitted yet; call fit"):
        NGram().score("a")
    model = NGram().fit(["ab"])
    with pytest.raises(ValueError, match="text holds 'x', which this model does not know; its letters are 'ab'"):
        model.score("ax")
    with pytest.raises(ValueError, match="token holds 'ab', which this model does not know"):
        model.probability("", "ab")
    with pytest.raises(ValueError, match="token is '<s>', the start of a text, which is never predicted"):
        model.probability("", START)
    with pytest.raises(TypeError, match="token is None"):
        model.probability("", None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="texts is empty"):
        model.perplexity([])


def test_a_model_is_the_same_after_writing_it_as_json() -> None:
    model = NGram(order=3, smoothing="witten-bell").fit(["one two one", "two two"])
    read = NGram.from_dict(json.loads(json.dumps(model.to_dict())))
    assert read.score("two one") == model.score("two one") and read.vocabulary == model.vocabulary
    assert read.to_dict() == model.to_dict()


def test_only_a_fitted_model_can_be_written_and_only_a_model_can_be_read() -> None:
    with pytest.raises(ValueError, match="this NGram is not fitted yet"):
        NGram().to_dict()
    with pytest.raises(ValueError, match="values lacks 'smoothing'; it must have order, smoothing"):
        NGram.from_dict({"order": 3})
