"""The translator: it learns, decodes greedily and with a beam, attends, is saved and loaded; bad input."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import scratchtune as st
from scratchtune.sequences.seq2seq import guessing_loss

pytestmark = pytest.mark.slow  # its kernels take long to compile

LETTERS = "abcdef"


def _pairs(n: int, seed: int = 0) -> list[tuple[str, str]]:
    """Letters, and the same letters in capitals, backwards: the decoder must look them up from the last to the first.
    """
    rng = np.random.default_rng(seed)
    words = [rng.choice(list(LETTERS), rng.integers(1, 5)) for _ in range(n)]
    return [(" ".join(word), " ".join(word[::-1])) for word in words]


def _model(pairs: list[tuple[str, str]], **arguments: object) -> st.Seq2Seq:
    source, target = zip(*pairs, strict=True)
    vocabularies = st.text.Vocabulary(source), st.text.Vocabulary(target)
    given: dict[str, object] = {"embedding": 12, "units": 24, "source_length": 6, "target_length": 6, **arguments}
    model = st.Seq2Seq(*vocabularies, **given)  # type: ignore[arg-type]
    model.compile(st.Adam(0.01))
    return model


@pytest.fixture(scope="module")
def trained() -> st.Seq2Seq:
    model = _model(_pairs(400))
    model.fit(_pairs(400), epochs=25, verbose=0)
    return model


def test_it_learns_to_write_backwards_and_attends_to_the_letter_that_it_writes(trained: st.Seq2Seq) -> None:
    scores = trained.evaluate(_pairs(100, seed=1))
    assert scores["exact_match"] > 0.95 and scores["token_accuracy"] > 0.98 and scores["loss"] < 0.1
    assert trained.translate("a b c d") == "d c b a"
    source, target, weights = trained.attention("a b c d")
    assert source == ["a", "b", "c", "d"] and target == ["d", "c", "b", "a", "[END]"]
    assert weights.shape == (5, 4) and np.abs(weights.sum(axis=1) - 1.0).max() < 1e-5


def test_the_translation_of_a_text_does_not_depend_on_others(trained: st.Seq2Seq) -> None:
    texts = [source for source, _ in _pairs(30, seed=2)]
    assert trained.translate(texts) == [trained.translate(text) for text in texts]


def test_a_beam_of_one_is_greedy_and_a_wide_one_finds_no_worse_sequence(trained: st.Seq2Seq) -> None:
    start, end = trained.target_vocabulary.start, trained.target_vocabulary.end
    for text, _ in _pairs(5, seed=3):
        row = st.text.pad_sequences([trained.source_vocabulary.encode(text)], 6, "float32", "post")

        def step(prefixes: np.ndarray, row: np.ndarray = row) -> np.ndarray:
            return trained.log_probabilities(np.tile(row, (len(prefixes), 1)), prefixes)

        greedy = st.text.greedy(step, start, end, 6)
        assert trained.target_vocabulary.decode(greedy.ids) == trained.translate(text)
        best = st.text.beam_search(step, start, end, 4, 6)[0]
        assert best.score >= greedy.log_probability - 1e-9
        assert trained.target_vocabulary.decode(best.ids) == trained.translate(text, beam_width=4)


def test_the_unknown_token_is_never_written() -> None:
    pairs = [("a b", "a x"), ("b", "x"), ("a", "a"), ("a a", "a a"), ("b a", "x a")] * 8
    model = _model(pairs)
    model.target_vocabulary = st.text.Vocabulary(["a"])  # x is unknown
    model.fit(pairs, epochs=30, verbose=0)
    for beam_width in (1, 3):
        assert "[UNK]" not in " ".join(model.translate(["a b", "b q"], beam_width))


def test_unknown_words_are_named_once(trained: st.Seq2Seq, capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["a b noah", "noah and c", "d"]
    for beam_width in (1, 3):
        found = trained.translate(texts, beam_width)
        assert capsys.readouterr().err == "not in the model's vocabulary: 'noah', 'and'\n"
    assert found[2] == trained.translate("d")
    assert capsys.readouterr().err == ""


def test_the_writer_that_is_kept_for_the_next_call_changes_nothing(trained: st.Seq2Seq) -> None:
    texts = [source for source, _ in _pairs(9, 3)]
    alone = [trained.translate(text, width) for width in (1, 4) for text in texts]
    again = [*trained.translate(texts, 1), *trained.translate(texts, 4)]
    copied = pickle.loads(pickle.dumps(trained))
    assert alone == again == [copied.translate(text, width) for width in (1, 4) for text in texts]


def test_a_text_that_is_too_long_is_translated_as_far_as_the_model_reads(
    trained: st.Seq2Seq, capsys: pytest.CaptureFixture[str],
) -> None:
    texts = ["a b", "a b c d e f a b", "c"]
    assert trained.translate(texts) == trained.translate(["a b", "a b c d e f", "c"])
    assert capsys.readouterr().err == (
        "text 1 has 8 tokens; the model reads at most 6, so only these are translated\n")
    assert trained.attention(texts[1])[0] == texts[1].split()[:6]


def test_rows_side_by_side_have_the_log_probabilities_of_each_row(trained: st.Seq2Seq) -> None:
    sources = st.text.pad_sequences([trained.source_vocabulary.encode(text) for text, _ in _pairs(7)], 6, "float32",
                                    "post")
    prefixes = np.tile([trained.target_vocabulary.start, 4, 5], (7, 1))
    log_p = trained.log_probabilities(sources, prefixes)
    assert np.abs(np.exp(log_p).sum(axis=1) - 1.0).max() < 1e-6
    for n in range(7):
        assert (trained.log_probabilities(sources[n : n + 1], prefixes[n : n + 1]) == log_p[n]).all()


@pytest.mark.parametrize("structure, attention", [("gru", "none"), ("lstm", "additive")])
def test_a_saved_model_is_the_same_and_trains_on_with_the_same_bits(
    structure: str, attention: str, tmp_path: Path,
) -> None:
    pairs = _pairs(40)
    model = _model(pairs, structure=structure, attention=attention, dropout=0.2)
    model.fit(pairs, epochs=2, verbose=0)
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert loaded.source_vocabulary.to_dict() == model.source_vocabulary.to_dict()
    assert loaded.arguments == model.arguments
    for each in (model, loaded):
        each.fit(pairs, epochs=2, verbose=0)
    assert (loaded.network.theta == model.network.theta).all()
    assert loaded.translate("a b") == model.translate("a b")


def test_lengths_are_those_of_the_pairs_unless_given() -> None:
    pairs = [("a b c", "c b a"), ("a", "a")]
    model = _model(pairs, source_length=None, target_length=None)
    model.fit(pairs, verbose=0, validation_data=[("a b c d", "d")])
    assert (model.source_length, model.target_length) == (4, 4)


def test_bad_input_is_one_clear_sentence() -> None:
    pairs = _pairs(10)
    vocabulary = st.text.Vocabulary(["a b"])
    with pytest.raises(TypeError, match="source_vocabulary is 'a'; it must be a text.Vocabulary"):
        st.Seq2Seq("a", vocabulary)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="attention is 'dots'"):
        st.Seq2Seq(vocabulary, vocabulary, attention="dots")
    with pytest.raises(ValueError, match="not compiled"):
        st.Seq2Seq(vocabulary, vocabulary).fit(pairs, verbose=0)
    model = _model(pairs)
    with pytest.raises(ValueError, match="the model has no weights yet"):
        model.translate("a")
    with pytest.raises(ValueError, match=r"pairs is \[\]; it must be a list of pairs"):
        model.fit([], verbose=0)
    with pytest.raises(ValueError, match=r"pairs\[1\] is 'a b'; it must be a pair"):
        model.fit([("a", "b"), "a b"], verbose=0)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="pairs, target 0: text is ''; it must hold at least one token"):
        model.fit([("a", "")], verbose=0)
    with pytest.raises(ValueError, match="pairs, source 0 has 7 tokens; this model was built for at most 6"):
        model.fit([("a b c d e f a", "a")], verbose=0)
    model.fit(pairs, verbose=0)
    assert model.translate(" ") == "" and model.translate([]) == []
    with pytest.raises(ValueError, match="beam_width is 0"):
        model.translate("a", beam_width=0)
    without = _model(pairs, attention="none")
    without.fit(pairs, verbose=0)
    with pytest.raises(ValueError, match="attention='none', so there are no weights"):
        without.attention("a")


# The loss of guessing: what is known without the sources, and no more -------------------------------------------------


def test_independent_tokens_cost_their_entropy() -> None:
    rng = np.random.default_rng(0)
    texts = rng.choice([4, 5, 6], (2000, 5), p=[0.5, 0.25, 0.25]).tolist()
    assert abs(guessing_loss(texts) - 1.5 * np.log(2.0)) < 0.01


def test_a_token_that_the_one_before_determines_costs_nothing_and_a_single_text_is_not_known_by_heart() -> None:
    assert guessing_loss([[4, 5, 6]] * 500) < 0.002
    assert guessing_loss([[4, 5], [6, 7], [8, 9]]) > np.log(6.0)
