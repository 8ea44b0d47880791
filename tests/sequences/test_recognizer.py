"""The recogniser of speech: it learns tones, transcribes greedily and with a beam, is saved and loaded; bad input."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

pytestmark = pytest.mark.slow  # its kernels take long to compile

RATE = 4000
HERTZ = {"a": 300.0, "b": 700.0, "c": 1300.0}
FEATURES = st.speech.Features(window=0.04, step=0.02, n_mels=12, kind="log_mel", rate=RATE)


def _clips(n: int, seed: int = 0) -> tuple[list[np.ndarray], list[str]]:
    """Texts of one to four letters; each letter is a tone of its own, of 60 to 140 ms, with pauses and noise."""
    rng, clips, texts = np.random.default_rng(seed), [], []
    for _ in range(n):
        text = "".join(rng.choice(list(HERTZ), rng.integers(1, 5)))
        parts = [np.zeros(240)]
        for letter in text:
            times = np.arange(int(RATE * rng.uniform(0.06, 0.14))) / RATE
            tone = np.sin(2 * np.pi * HERTZ[letter] * rng.uniform(0.95, 1.05) * times)
            parts += [tone, np.zeros(rng.integers(80, 240))]
        clip = np.concatenate(parts)
        clips.append(clip + rng.normal(scale=0.02, size=clip.size))
        texts.append(text)
    return clips, texts


def _model(**arguments: Any) -> st.SpeechRecognizer:
    model = st.SpeechRecognizer("abc", FEATURES, **{"units": 12, "frames": 50, "dropout": 0.0, **arguments})
    model.compile(st.Adam(0.01))
    return model


@pytest.fixture(scope="module")
def trained() -> st.SpeechRecognizer:
    model = _model()
    model.fit(*_clips(150), epochs=25, batch_size=16, verbose=0, speeds=())
    return model


def test_it_learns_letters_whose_times_it_was_never_told(trained: st.SpeechRecognizer) -> None:
    clips, texts = _clips(60, seed=1)
    scores = trained.evaluate(clips, texts)
    assert scores["character_error_rate"] < 0.05 and scores["loss"] < 0.5
    assert trained.transcribe(clips[0]) == texts[0]
    assert trained.transcribe(clips[:5], beam_width=8) == trained.transcribe(clips[:5])
    cut = trained.evaluate(clips[:5], texts[:5], beam_width=8, insertion_bonus=-1e3)  # no letter is worth its price
    assert cut["character_error_rate"] == cut["word_error_rate"] == 1.0


def test_the_network_by_hand_and_its_validation_loss() -> None:
    """Each recurrent layer reads in both directions, and dropout stands before it and before the last layer."""
    model = _model(structure="gru", layers=2, dropout=0.3, augment=st.SpecAugment())
    assert [type(layer).__name__ for layer in model.stack()] == [
        "Masking", "SpecAugment", "Conv1D", "Dropout", "Bidirectional", "Dropout", "Bidirectional", "Dropout", "Dense"]
    assert [type(layer).__name__ for layer in _model(layers=1).stack()] == [
        "Masking", "Conv1D", "Bidirectional", "Dense"]
    data = _clips(6)
    history = _model(units=2).fit(*data, epochs=2, verbose=0, speeds=(), validation_data=data)
    assert len(history.history["val_loss"]) == 2
    with pytest.raises(TypeError, match="validation_data is of type tuple; it must be a pair"):
        model.fit(*data, validation_data=data[:1])


def test_a_clip_may_be_longer_than_those_of_the_training(trained: st.SpeechRecognizer) -> None:
    clips, texts = _clips(8, seed=3)
    long = np.concatenate(clips)
    rows = trained.log_probabilities([long])[0]
    assert len(rows) > 50 and trained.transcribe(long) == "".join(texts)
    wide = _model(frames=len(rows))
    wide.build()
    wide.network.set_weights(trained.network.get_weights())
    np.testing.assert_array_equal(rows, wide.log_probabilities([long])[0])


def test_the_decoder_is_part_of_the_model(trained: st.SpeechRecognizer, tmp_path: Path) -> None:
    clips, _ = _clips(10, seed=2)
    only = st.speech.NGram(order=2, alphabet="abc").fit(["cc"] * 50)
    plain = trained.transcribe(clips)
    trained.decoder = st.speech.Decoder(4, only, 20.0)
    try:
        found = trained.transcribe(clips)
        assert found != plain and trained.transcribe(clips, language_weight=0.0) != found
        trained.save(tmp_path / "model.npz")
        assert st.load_model(tmp_path / "model.npz").transcribe(clips) == found
    finally:
        trained.decoder = st.speech.Decoder()


def test_a_language_model_decides_where_the_network_does_not(trained: st.SpeechRecognizer) -> None:
    clips, texts = _clips(10, seed=2)
    only = st.speech.NGram(order=2, alphabet="abc").fit(["cc"] * 50)
    assert trained.transcribe(clips, beam_width=8, language_model=only, language_weight=30.0) != texts
    assert trained.transcribe(clips, beam_width=8, language_model=only, language_weight=0.0) == trained.transcribe(
        clips, beam_width=8)


def test_frames_of_padding_change_nothing(trained: st.SpeechRecognizer) -> None:
    longer = _model(frames=70)
    longer.build()
    longer.network.set_weights(trained.network.get_weights())
    clips, _ = _clips(5, seed=3)
    for a, b in zip(trained.log_probabilities(clips), longer.log_probabilities(clips), strict=True):
        assert a.shape == b.shape and np.abs(a - b).max() < 1e-4


@pytest.mark.parametrize("structure", ["gru", "lstm"])
def test_a_saved_model_is_the_same_and_trains_on_with_the_same_bits(structure: str, tmp_path: Path) -> None:
    augment = st.SpecAugment(1, 10, 1, 3) if structure == "gru" else None
    model, data = _model(structure=structure, layers=2, dropout=0.2, augment=augment), _clips(20)
    model.fit(*data, epochs=2, verbose=0, speeds=())
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert loaded.features == model.features and loaded.alphabet == "abc" and loaded.arguments == model.arguments
    assert repr(loaded.augment) == repr(augment)
    for each in (model, loaded):
        each.fit(*data, epochs=2, verbose=0, speeds=())
    assert (loaded.network.theta == model.network.theta).all()


def test_augmentation_hides_features_in_training_only() -> None:
    """The layer follows `Masking`; without training, what a model hears is the same with it and without it."""
    given, clips = st.SpecAugment(2, 10, 1, 3), _clips(20)
    with_it, without = _model(augment=given), _model()
    for model in (with_it, without):
        model.build()
    kinds = [type(layer) for layer in with_it.network.layers]
    assert kinds[:3] == [st.layers.Masking, st.SpecAugment, st.Conv1D]
    assert with_it.network.layers[1] is not given and repr(with_it.network.layers[1]) == repr(given)
    for a, b in zip(with_it.log_probabilities(clips[0]), without.log_probabilities(clips[0]), strict=True):
        assert (a == b).all()
    losses = [model.fit(*clips, 1, verbose=0, speeds=()).history["loss"] for model in (with_it, without)]
    assert losses[0] != losses[1]


def test_bad_input_is_one_clear_sentence() -> None:
    clips, texts = _clips(4)
    with pytest.raises(ValueError, match="alphabet holds 'a' 2 times; each letter must occur once"):
        st.SpeechRecognizer("aa")
    with pytest.raises(ValueError, match="structure is 'conv'"):
        st.SpeechRecognizer("ab", structure="conv")
    with pytest.raises(TypeError, match="augment is 3; it must be a SpecAugment, or None"):
        st.SpeechRecognizer("ab", augment=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not compiled"):
        st.SpeechRecognizer("abc", FEATURES).fit(clips, texts, verbose=0)
    with pytest.raises(ValueError, match="the model has no weights yet"):
        _model().transcribe(clips[0])
    with pytest.raises(ValueError, match="texts has 3 texts for 4 clips"):
        _model().fit(clips, texts[:3], verbose=0)
    with pytest.raises(ValueError, match="text 0 holds 'z', which is not in the alphabet 'abc'"):
        _model().fit(clips, ["abz"] * 4, verbose=0)
    with pytest.raises(ValueError, match="clip 0 has .* frames; this model was built for at most 5"):
        _model(frames=5).fit(clips, texts, verbose=0)
    with pytest.raises(ValueError, match="text 0 is 'a*', 40 letters, which take at least 79 frames"):
        _model().fit(clips, ["a" * 40] * 4, verbose=0)
    with pytest.raises(ValueError, match="clip 1 is silent"):
        _model().fit([clips[0], np.zeros(2000)], texts[:2], verbose=0)
    with pytest.raises(ValueError, match="clip 0 has 3 features; this model takes 12"):
        _model().fit([np.ones((4, 3))], ["a"], verbose=0)
    with pytest.raises(ValueError, match="clips is empty"):
        _model().fit([], [], verbose=0)


@pytest.mark.parametrize("clips, texts, message", [
    (None, ["a"], "clips is None; it must be a list of clips"),
    (np.ones(2000), ["a"], "clips is a single ndarray; it must be a list of clips"),
    (None, "abcd", "texts is 'abcd'; it must be a list of texts"),
    (None, ["a", None, "b", "c"], r"text 1 is None \(NoneType\); it must be a text"),
    ([np.full((20, 12), np.nan)], ["a"], "clip 0 holds NaN"),
])
def test_data_of_another_form_is_refused_and_leaves_the_model_as_it_was(clips: Any, texts: Any, message: str) -> None:
    model = _model(frames=None)
    given = _clips(4)[0] if clips is None and "clips" not in message else clips
    with pytest.raises((TypeError, ValueError), match=message):
        model.fit(given, texts, verbose=0)
    assert model.frames is None and not model.built


def test_decoding_is_checked_before_it_is_used(trained: st.SpeechRecognizer) -> None:
    clips, texts = _clips(2)
    with pytest.raises(ValueError, match="language_weight is 3.0, and there is no language model"):
        trained.transcribe(clips, language_weight=3.0)
    with pytest.raises(ValueError, match="texts are all empty; at least one must have a word"):
        trained.evaluate(clips, ["", ""])
    with pytest.raises(TypeError, match="features is 'mfcc'; it must be a speech.Features, or None"):
        st.SpeechRecognizer("ab", "mfcc")  # type: ignore[arg-type]


def test_the_rate_is_that_of_the_first_clip_and_others_are_resampled(tmp_path: Path) -> None:
    clips, texts = _clips(8)
    named = [st.speech.Clip(clip, RATE) for clip in clips]
    other = st.speech.Clip(st.speech.resample(clips[0], RATE, 2 * RATE), 2 * RATE)
    model = st.SpeechRecognizer("abc", replace(FEATURES, rate=None), units=4)
    model.compile()
    with pytest.raises(ValueError, match="clip 0 is an array of samples, whose rate is not known; pass"):
        model.fit(clips, texts, 1, verbose=0)
    with pytest.warns(UserWarning, match="1 of 8 clips resampled to 4,000 samples a second"):
        model.fit([*named[:7], other], texts, 1, verbose=0, speeds=())
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert loaded.features == FEATURES
    with pytest.warns(UserWarning, match="1 of 1 clip resampled to 4,000 .* the first of them has 8,000"):
        found = loaded.log_probabilities([other])
    assert np.abs(found[0] - loaded.log_probabilities([clips[0]])[0][: len(found[0])]).mean() < 0.05
    with pytest.raises(TypeError, match="clip 0 is 'a.wav', a text; read the file with `read_wav` first"):
        loaded.transcribe("a.wav")


def test_a_model_of_features_alone_has_no_rate_for_clips() -> None:
    clips, texts = _clips(4)
    model = st.SpeechRecognizer("abc", replace(FEATURES, rate=None), units=4)
    model.compile()
    model.fit([FEATURES(clip) for clip in clips], texts, 1, verbose=0)
    with pytest.raises(ValueError, match="clip 0 is not an array of features, .* have no rate; pass such arrays"):
        model.transcribe(st.speech.Clip(clips[0], RATE))


def test_clips_at_other_speeds_are_more_rows_unless_they_do_not_fit() -> None:
    clips, texts = _clips(6)
    model, rows = _model(), []
    model.fit_rows = lambda X, *_: rows.append(len(X))  # type: ignore[method-assign, assignment]
    model.fit(clips, texts, 1)
    model.frames = max(len(FEATURES(clip)) for clip in clips)
    model.fit(clips, texts, 1, speeds=[0.1])
    model.fit([FEATURES(clip) for clip in clips], texts, 1)
    assert rows == [18, 6, 6]
    with pytest.raises(ValueError, match=r"speeds\[1\] is 0.0; it must be a finite number in \[0.1, 10.0\]"):
        model.fit(clips, texts, speeds=(1.0, 0.0))


def test_a_training_that_learned_nothing_ends_with_a_warning() -> None:
    clips, texts = _clips(40)
    model = _model()
    model.compile(st.Adam(1e-5))
    with pytest.warns(UserWarning, match="the recognizer has not left guessing: in 4 epochs the loss was never"):
        model.fit(clips, texts, 4, verbose=0, speeds=())


def test_a_training_that_learned_ends_without_a_warning(trained: st.SpeechRecognizer) -> None:
    clips, texts = _clips(40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = trained.fit(clips, texts, 3, verbose=0, speeds=())
    assert history.guessing is not None and history.history["loss"][-1] < 0.2 * history.guessing
