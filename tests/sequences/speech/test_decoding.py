"""Decoding, formulas [prefix_kept], [prefix_extended], [fused_score]: by hand, against all texts, and bad input."""

from __future__ import annotations

import itertools
import json
import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.speech import Decoder, NGram, Transcript, decode, greedy_decode, prefix_beam_search
from scratchtune.sequences.speech.decoding import log_sum_of_two

CHARACTERS = NGram(order=3, alphabet="ab ").fit(["ab ab", "ba", "aab b", "a"])
ONLY_SEEN = NGram(order=2, uniform=False, alphabet="ab ").fit(["a a", "aa"])  # b has the probability 0


def random_frames(seed: int, frames: int, symbols: int, peak: float = 1.0) -> np.ndarray:
    logits = peak * np.random.default_rng([seed, frames, symbols]).normal(size=(frames, symbols))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def spelled(path: tuple[int, ...], alphabet: str) -> str:
    """Merge repeats, then remove blanks."""
    return "".join(alphabet[symbol - 1] for symbol, _ in itertools.groupby(path) if symbol > 0)


def exhaustive(
    rows: np.ndarray, alphabet: str, model: NGram | None = None, weight: float = 0.5, bonus: float = 0.0,
) -> list[Transcript]:
    """Every text that some path spells, scored by all its paths and by the language model's own ``score``; best first.
    """
    paths: dict[str, list[float]] = defaultdict(list)
    for path in itertools.product(range(rows.shape[1]), repeat=len(rows)):
        paths[spelled(path, alphabet)].append(math.prod(math.exp(row[symbol])
                                                        for row, symbol in zip(rows, path, strict=True)))
    found = []
    for text, each in paths.items():
        acoustic = math.log(math.fsum(each))
        language = model.score(text) if model and weight else 0.0
        score = acoustic + (weight * language if weight else 0.0) + bonus * len(text)
        if score > -math.inf:
            found.append(Transcript(text, score, acoustic, language))
    return sorted(found, key=lambda transcript: -transcript.score)


def same(found: list[Transcript], expected: list[Transcript]) -> None:
    assert [each.text for each in found] == [each.text for each in expected]
    np.testing.assert_allclose([each[1:] for each in found], [each[1:] for each in expected], rtol=1e-11)


# By hand --------------------------------------------------------------------------------------------------------------


def test_greedy_by_hand() -> None:
    def frames(path: str) -> np.ndarray:
        return np.log(0.05 + 0.85 * np.eye(3)[["-ab".index(symbol) for symbol in path]])

    for path, text in [("a-ab-", "aab"), ("aa-ab", "aab"), ("aaab", "ab"), ("---", ""), ("b", "b"), ("-a-a-a", "aaa")]:
        assert greedy_decode(frames(path), "ab") == text
        assert decode(frames(path), "ab") == text  # of probabilities near 1 the sums have the same order


def test_the_sum_of_many_paths_beats_the_best_one() -> None:
    rows = np.log([[0.6, 0.4], [0.6, 0.4]])  # no letter: 0.36, by one path; "a": 0.24 + 0.24 + 0.16, by three
    assert greedy_decode(rows, "a") == ""
    best, second = prefix_beam_search(rows, "a")
    assert (best.text, second.text) == ("a", "")
    assert math.exp(best.acoustic) == pytest.approx(0.64) and math.exp(second.acoustic) == pytest.approx(0.36)
    assert best.score == pytest.approx(best.acoustic) and best.language == 0.0


def test_a_repeated_letter_needs_a_blank_between() -> None:
    rows = np.log([[0.1, 0.9], [0.3, 0.7], [0.1, 0.9]])  # "aa" only by a, blank, a
    found = {each.text: math.exp(each.acoustic) for each in prefix_beam_search(rows, "a")}
    assert found["aa"] == pytest.approx(0.9 * 0.3 * 0.9)
    assert sum(found.values()) == pytest.approx(1.0)


def test_language_model_and_bonus_by_hand() -> None:
    model = NGram(order=2, alphabet="ab").fit(["ab", "ab"])
    rows = np.log([[0.02, 0.96, 0.02], [0.02, 0.5, 0.48], [0.96, 0.02, 0.02]])  # "a" or "ab"
    assert decode(rows, "ab") == "a"
    assert decode(rows, "ab", language_model=model) == "ab"
    assert decode(rows, "ab", insertion_bonus=1.0) == "ab"
    (best, *_) = prefix_beam_search(rows, "ab", 8, model, 0.7, 0.25)
    assert best.text == "ab" and best.language == pytest.approx(model.score("ab"))
    assert best.score == pytest.approx(best.acoustic + 0.7 * model.score("ab") + 0.25 * 2)


def test_a_logarithm_of_0_is_no_nan() -> None:
    assert log_sum_of_two(-np.inf, -np.inf) == -np.inf
    assert log_sum_of_two(-np.inf, -3.0) == log_sum_of_two(-3.0, -np.inf) == -3.0


# Full width ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model, weight, bonus", [
    (None, 0.5, 0.0), (None, 0.5, 1.5), (CHARACTERS, 0.5, 0.0), (CHARACTERS, 1.3, 0.8), (CHARACTERS, 0.0, -0.4),
    (ONLY_SEEN, 0.5, 0.1), (ONLY_SEEN, 0.0, 0.1),
])
@pytest.mark.parametrize("seed", range(5))
def test_full_width_is_exhaustive_search(seed: int, model: NGram | None, weight: float, bonus: float) -> None:
    for frames, alphabet in [(1, "ab "), (3, "ab "), (5, "a "), (6, "b")]:
        rows = random_frames(seed, frames, len(alphabet) + 1)
        if model is not ONLY_SEEN or alphabet != "b" or weight == 0.0:
            same(prefix_beam_search(rows, alphabet, 4000, model, weight, bonus),
                 exhaustive(rows, alphabet, model, weight, bonus))


def test_symbols_of_probability_0() -> None:
    with np.errstate(divide="ignore"):
        rows = np.log([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    found = prefix_beam_search(rows, "ab", 100)
    assert {each.text: round(math.exp(each.acoustic), 12) for each in found} == {"a": 0.25, "aa": 0.25, "ab": 0.5}


def test_probabilities_of_all_texts_sum_to_one() -> None:
    found = prefix_beam_search(random_frames(0, 6, 3), "ab", 4000)
    assert math.fsum(math.exp(each.acoustic) for each in found) == pytest.approx(1.0, abs=1e-12)


# Narrower beams ------------------------------------------------------------------------------------------------------


def in_plain_dictionaries(
    rows: np.ndarray, alphabet: str, width: int, model: NGram | None, weight: float, bonus: float,
) -> list[tuple[str, float]]:
    """The search as in the paper's listing: a dictionary from each prefix to its two probabilities, not logarithms."""
    def part(prefix: str) -> float:
        if model is None:
            return math.exp(bonus * len(prefix))
        each = (model.log_probability(model.shortened((*model.start(), *prefix[:i])), prefix[i])
                for i in range(len(prefix)))
        return math.exp(weight * math.fsum(each) + bonus * len(prefix))

    beam = {"": (1.0, 0.0)}
    for row in np.exp(rows):
        longer: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for prefix, (blank, label) in beam.items():
            longer[prefix][0] += (blank + label) * row[0]
            for symbol, letter in enumerate(alphabet, 1):
                if prefix.endswith(letter):
                    longer[prefix][1] += label * row[symbol]
                longer[prefix + letter][1] += (blank if prefix.endswith(letter) else blank + label) * row[symbol]
        order = sorted(longer, key=lambda prefix: -sum(longer[prefix]) * part(prefix))
        beam = {prefix: (longer[prefix][0], longer[prefix][1]) for prefix in order[:width]}
    end = {prefix: weight * (model.score(prefix) if model else 0.0) + bonus * len(prefix) for prefix in beam}
    found = [(prefix, math.log(sum(beam[prefix])) + end[prefix]) for prefix in beam]
    return sorted(found, key=lambda pair: -pair[1])


@pytest.mark.parametrize("model, weight, bonus", [(None, 0.5, 0.2), (CHARACTERS, 0.8, 0.3)])
@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_it_is_the_papers_listing(width: int, model: NGram | None, weight: float, bonus: float) -> None:
    for seed in range(20):
        rows = random_frames(seed, 12, 4, peak=2.0)
        found = [(each.text, each.score) for each in prefix_beam_search(rows, "ab ", width, model, weight, bonus)]
        expected = in_plain_dictionaries(rows, "ab ", width, model, weight, bonus)
        assert [text for text, _ in found] == [text for text, _ in expected]
        np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], rtol=1e-9)
        assert decode(rows, "ab ", width, model, weight, bonus) == found[0][0]


def test_a_wider_beam_is_better_on_average() -> None:
    """Not on every recording: the best text's score may fall when the beam gets wider, and does here for some."""
    widths = (1, 2, 4, 8, 16, 32)
    scores = np.array([[prefix_beam_search(random_frames(seed, 15, 4), "ab ", width, CHARACTERS)[0].score
                        for width in widths] for seed in range(60)])
    assert (np.diff(scores.mean(axis=0)) > 0.0).all()
    assert (np.diff(scores, axis=1) < 0.0).any()


def test_no_beam_is_better_than_exhaustive_search() -> None:
    for seed in range(10):
        rows = random_frames(seed, 6, 4)
        best = exhaustive(rows, "ab ", CHARACTERS)[0].score
        assert all(prefix_beam_search(rows, "ab ", width, CHARACTERS)[0].score <= best + 1e-9 for width in (1, 2, 4))


def test_of_equal_scores_the_first_is_best() -> None:
    rows = np.log(np.full((1, 4), 0.25))
    assert [each.text for each in prefix_beam_search(rows, "abc", 3)] == ["", "a", "b"]


def test_float32_and_lists_are_accepted() -> None:
    rows = random_frames(3, 10, 4, peak=3.0)
    expected = prefix_beam_search(rows, "ab ")
    assert prefix_beam_search(rows.tolist(), ["a", "b", " "]) == expected
    assert prefix_beam_search(rows.astype(np.float32), "ab ")[0].text == expected[0].text


# Bad input ------------------------------------------------------------------------------------------------------------

GOOD = np.log([[0.5, 0.25, 0.25]])


@pytest.mark.parametrize("search", [greedy_decode, decode, prefix_beam_search])
@pytest.mark.parametrize("rows, alphabet, error, message", [
    (GOOD, "abc", ValueError, r"log_probabilities has shape \(1, 3\); it must be \(frames, 4\), the blank and 3"),
    (GOOD[0], "ab", ValueError, r"log_probabilities has shape \(3,\); it must be \(frames, 3\)"),
    (GOOD[:0], "ab", ValueError, r"log_probabilities has shape \(0, 3\); it must be .*, with at least one frame"),
    ([GOOD[0], [np.nan, -1, -1]], "ab", ValueError, "log_probabilities has the maximum nan in frame 1; it must"),
    ([[0.5, 0.2, 0.3]], "ab", ValueError, "log_probabilities has the maximum 0.5 in frame 0; it must be"),
    ([[-np.inf] * 3], "ab", ValueError, "log_probabilities has the maximum -inf in frame 0"),
    ("abc", "ab", TypeError, "log_probabilities is str that is no array of numbers"),
    (GOOD, "", ValueError, "alphabet is empty"),
    (GOOD, "aa", ValueError, "alphabet holds 'a' 2 times; each letter must occur once"),
    (GOOD, ["a", "bc"], ValueError, "alphabet holds 'bc'; it must hold single characters"),
    (GOOD, 2, TypeError, r"alphabet is 2 \(int\); it must be a text or a list of single characters"),
])
def test_bad_frames(search: Any, rows: Any, alphabet: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        search(rows, alphabet)


@pytest.mark.parametrize("arguments, error, message", [
    ({"beam_width": 0}, ValueError, "beam_width is 0; it must be an integer of at least 1"),
    ({"beam_width": 2.5}, TypeError, "beam_width is 2.5"),
    ({"language_weight": -0.1}, ValueError, "language_weight is -0.1; it must be a finite number of at least 0"),
    ({"language_weight": math.inf}, ValueError, "language_weight is inf"),
    ({"insertion_bonus": math.nan}, ValueError, "insertion_bonus is nan; it must be a finite number"),
    ({"language_model": "3-gram"}, TypeError, "language_model is '3-gram'; it must be a speech.NGram, or None"),
    ({"language_model": NGram()}, ValueError, "this NGram is not fitted yet"),
    ({"language_model": NGram().fit(["a"])}, ValueError, "alphabet holds 'b', which language_model does not know; fit"),
])
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        decode(GOOD, "ab", **arguments)


def test_every_text_may_be_impossible() -> None:
    model = NGram(1, uniform=False, alphabet="ab").fit([""])  # only the end was seen, and no blank is possible
    with pytest.raises(ValueError, match="every text in the beam has the probability 0"):
        decode(np.array([[-np.inf, -0.7, -0.7]]), "ab", language_model=model)


# All choices of a decoding --------------------------------------------------------------------------------------------

ROWS = np.log(np.random.default_rng(0).dirichlet(np.ones(3), 12))


def test_it_is_greedy_or_searches() -> None:
    assert Decoder()(ROWS, "ab") == greedy_decode(ROWS, "ab")
    model = NGram(order=2, alphabet="ab").fit(["ab", "ba"])
    assert Decoder(4, model, 2.0, 0.5)(ROWS, "ab") == decode(ROWS, "ab", 4, model, 2.0, 0.5)


@pytest.mark.parametrize("model", [None, NGram(order=2, alphabet="ab").fit(["ab", "ba"])])
def test_it_is_the_same_after_writing_it(model: NGram | None) -> None:
    decoder = Decoder(4, model, 2.0, 0.5)
    read = Decoder.from_dict(json.loads(json.dumps(decoder.to_dict())))
    assert read(ROWS, "ab") == decoder(ROWS, "ab") and read.to_dict() == decoder.to_dict()


@pytest.mark.parametrize("arguments, error, message", [
    ({"beam_width": 0}, ValueError, "beam_width is 0"),
    ({"language_weight": -1.0}, ValueError, "language_weight is -1.0"),
    ({"insertion_bonus": np.inf}, ValueError, "insertion_bonus is inf"),
    ({"language_model": "words"}, TypeError, "language_model is 'words'; it must be a speech.NGram, or None"),
])
def test_bad_arguments_of_a_decoder(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Decoder(**arguments)
    with pytest.raises(ValueError, match="values lacks 'beam_width'; it must have"):
        Decoder.from_dict({})
