"""The features of a clip: by property, and equal to librosa's to 1e-5, its conventions named."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.sequences.speech import Clip, Features, resample

PLAIN: dict[str, Any] = {"preemphasis": 0.0, "normalize": False}
RATE = 16000


def test_shapes(clip: Clip) -> None:
    frames = 1 + (24000 - 400) // 160
    assert st.speech.Features()(clip).shape == (frames, 13)
    assert Features(kind="log_mel")(clip).shape == (frames, 40)
    assert Features(deltas=2)(clip).shape == (frames, 39) and Features(deltas=2).n_features == 39
    assert Features(kind="log_mel", n_mels=20, deltas=1)(clip).shape == (frames, 40)
    assert Features(window=0.03, step=0.015)(clip).shape == (1 + (24000 - 480) // 240, 13)


def test_a_tone_is_in_its_filter() -> None:
    features = Features(kind="log_mel", rate=RATE, **PLAIN)
    for hertz in (300, 1000, 4000):
        rows = features(0.5 * np.sin(2 * np.pi * hertz * np.arange(16000) / 16000))
        centre = features.filters[rows.mean(axis=0).argmax()].argmax() * 16000 / 512
        assert abs(centre - hertz) < 0.06 * hertz + 32


def test_loudness_is_undone_by_the_normalisation_and_shifts_the_logarithm(clip: Clip) -> None:
    louder = Clip(2 * clip.samples, clip.rate)
    np.testing.assert_allclose(Features()(louder), Features()(clip), atol=1e-9)
    mel = Features(kind="log_mel", **PLAIN)
    np.testing.assert_allclose(mel(louder), mel(clip) + np.log(4), atol=1e-9)


def test_silence_at_both_ends_is_trimmed_on_request(clip: Clip) -> None:
    silence = np.zeros(8000)
    longer = Clip(np.concatenate([silence, clip.samples, silence]), 16000)
    found = Features(trim_db=60.0, **PLAIN)(longer)
    assert 0 <= len(found) - len(Features(**PLAIN)(clip)) <= 4


def test_an_array_is_a_clip_of_the_features_rate(clip: Clip) -> None:
    features = Features(rate=RATE)
    np.testing.assert_array_equal(features(clip.samples), features(clip))
    np.testing.assert_array_equal(features((clip.samples, RATE)), features(clip))  # as of soundfile and librosa


def test_without_a_rate_it_is_that_of_the_clip_and_with_one_the_clip_is_resampled(clip: Clip) -> None:
    at_8000 = Clip(resample(clip.samples, RATE, 8000), 8000)
    np.testing.assert_array_equal(Features()(clip), Features(rate=RATE)(clip))
    np.testing.assert_array_equal(Features()(at_8000), Features(rate=8000)(clip))
    assert Features().of_rate(8000) == Features(rate=8000) == Features(rate=8000).of_rate(RATE)
    with pytest.raises(ValueError, match="rate is None, so that a frame has no number of samples yet"):
        Features().frame_length  # noqa: B018 - reading it is the error


def test_arguments_can_be_written_and_read(clip: Clip) -> None:
    features = Features(n_mels=30, deltas=1)
    again = Features(**json.loads(json.dumps(asdict(features))))
    assert again == features and hash(again) == hash(features)


@pytest.mark.parametrize("arguments, message", [
    ({"kind": "mffc"}, "kind is 'mffc'; it must be one of 'mfcc', 'log_mel', did you mean 'mfcc'"),
    ({"window_kind": "box"}, "window_kind is 'box'"),
    ({"window": 0.0}, "window is 0.0; it must be a finite number above 0"),
    ({"step": 1e-5}, "step is 1e-05 seconds; it must be at least one sample, 6.25e-05"),
    ({"n_coefficients": 41}, r"n_coefficients is 41; it must be an integer in \[1, 40\]"),
    ({"n_mels": 200}, "n_mels is 200, and filter 0"),
    ({"preemphasis": 1.5}, "preemphasis is 1.5"),
    ({"deltas": 3}, "deltas is 3"),
    ({"normalize": 1}, "normalize is 1"),
    ({"rate": 0}, "rate is 0"),
    ({"trim_db": -1.0}, "trim_db is -1.0"),
])
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Features(**{"rate": RATE} | arguments)


def test_bad_clips_are_refused_in_one_sentence(clip: Clip) -> None:
    with pytest.raises(ValueError, match=r"clip is an array of samples, whose rate is not known; pass"):
        Features()(clip.samples)
    with pytest.raises(ValueError, match="clip is silent"):
        Features(rate=RATE)(np.zeros(16000))
    with pytest.raises(ValueError, match=r"clip is too short, 0\.0125 seconds; it must have at least 0\.025 seconds"):
        Features(rate=RATE)(clip.samples[:200])
    with pytest.raises(ValueError, match="clip holds int16 numbers"):
        Features()(np.zeros(16000, dtype=np.int16))


@pytest.mark.parametrize("rate, length, step, n_fft", [
    (16000, 400, 160, 512), (8000, 200, 80, 256)])
@pytest.mark.parametrize("window", ["hann", "hamming"])
def test_the_same_as_librosa(clip: Clip, rate: int, length: int, step: int, n_fft: int, window: str) -> None:
    librosa = pytest.importorskip("librosa")
    same: dict[str, Any] = {"rate": rate, "window_kind": window, **PLAIN}
    around = (n_fft - length) // 2  # librosa fills frames up at both ends
    power = librosa.feature.melspectrogram(
        y=np.pad(clip.samples, around), sr=rate, n_fft=n_fft, win_length=length, hop_length=step, window=window,
        center=False, n_mels=40, htk=True, norm=None, dtype=np.float64)
    energies = np.log(np.maximum(power.T, 1e-10))
    found = Features(kind="log_mel", **same)(clip.samples)
    np.testing.assert_allclose(found, energies, rtol=0, atol=1e-5)
    coefficients = librosa.feature.mfcc(S=energies.T, n_mfcc=13).T  # its decibels are 10 / log(10) as large
    np.testing.assert_allclose(Features(**same)(clip.samples), coefficients, rtol=0, atol=1e-5)
    changes = librosa.feature.delta(coefficients.T, width=5, mode="nearest").T
    np.testing.assert_allclose(Features(deltas=1, **same)(clip.samples)[:, 13:], changes, rtol=0, atol=1e-5)


def test_decibels_of_librosa_are_a_multiple(clip: Clip) -> None:
    librosa = pytest.importorskip("librosa")
    power = librosa.feature.melspectrogram(
        y=np.pad(clip.samples, 56), sr=16000, n_fft=512, win_length=400, hop_length=160, center=False, n_mels=40,
        htk=True, norm=None)
    decibels = librosa.feature.mfcc(S=librosa.power_to_db(power), n_mfcc=13)
    found = 10 / np.log(10) * Features(**PLAIN)(clip)
    np.testing.assert_allclose(found, decibels.T, rtol=0, atol=1e-3)  # of up to 200, from float32


@pytest.mark.parametrize("clip, message", [
    ("a.wav", "tone is 'a.wav', a text; read the file with `read_wav` first"),
    (None, r"tone is None; it must be samples, \(n,\), or what `read_wav` returns"),
    (np.full(4000, 1e200), r"tone holds 1e\+200; it must hold floats in \[-1, 1\]"),
    ((np.ones(400), np.ones(400)), "tone is a pair whose second item is of type ndarray; it must be"),
])
def test_what_is_no_clip_is_refused_by_its_name(clip: object, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Features()(clip, "tone")
