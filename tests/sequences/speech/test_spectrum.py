"""Pre-emphasis, frames, windows and the power spectrum: by hand, by property, against librosa and others."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip
from scratchtune.sequences.speech.spectrum import (
    frame_starts,
    hamming,
    hann,
    number_of_frames,
    power_spectrum,
    preemphasis,
    window,
    windowed_frames,
)


def test_preemphasis_by_hand() -> None:
    assert preemphasis(np.array([1.0, 2.0, -1.0]), 0.5).tolist() == [1.0, 1.5, -2.0]


def test_a_constant_nearly_vanishes_and_the_highest_frequency_nearly_doubles() -> None:
    assert preemphasis(np.ones(5), 0.97)[1:] == pytest.approx(0.03)
    assert preemphasis((-1.0) ** np.arange(5), 0.97)[1:] == pytest.approx([-1.97, 1.97, -1.97, 1.97])


def test_preemphasis_is_that_of_python_speech_features(clip: Clip) -> None:
    sigproc = pytest.importorskip("python_speech_features.sigproc")
    np.testing.assert_allclose(preemphasis(clip.samples, 0.97), sigproc.preemphasis(clip.samples, 0.97), atol=1e-12)


def test_preemphasis_is_librosa_s_but_for_the_first_sample(clip: Clip) -> None:
    librosa = pytest.importorskip("librosa")
    expected = librosa.effects.preemphasis(clip.samples, coef=0.97)
    np.testing.assert_allclose(preemphasis(clip.samples, 0.97)[1:], expected[1:], atol=1e-12)


def test_frames_by_hand() -> None:
    assert [number_of_frames(samples, 4, 3) for samples in (4, 6, 7, 10)] == [1, 1, 2, 3]
    frames = windowed_frames(np.arange(7.0), frame_starts(7, 4, 3), np.array([1.0, 1.0, 1.0, 0.5]))
    assert frames.tolist() == [[0, 1, 2, 1.5], [3, 4, 5, 3]]


def test_the_last_frame_ends_within_the_clip() -> None:
    for samples in range(25, 60):
        last = frame_starts(samples, 25, 10)[-1]
        assert last + 25 <= samples < last + 25 + 10


def test_frames_are_librosa_s(clip: Clip) -> None:
    librosa = pytest.importorskip("librosa")
    expected = librosa.util.frame(clip.samples, frame_length=400, hop_length=160).T
    found = windowed_frames(clip.samples, frame_starts(len(clip.samples), 400, 160), np.ones(400))
    np.testing.assert_array_equal(found, expected)


def test_windows_by_hand() -> None:
    assert window("hann", 4) == pytest.approx([0.0, 0.5, 1.0, 0.5])
    assert window("hamming", 4) == pytest.approx([0.08, 0.54, 1.0, 0.54])


def test_symmetric_windows_are_numpy_s() -> None:
    u = np.arange(11) / 10
    np.testing.assert_allclose(hann(u), np.hanning(11), atol=1e-15)
    np.testing.assert_allclose(hamming(u), np.hamming(11), atol=1e-15)


def test_frames_that_overlap_by_half_add_up_to_a_constant() -> None:
    for kind, total in (("hann", 1.0), ("hamming", 1.08)):
        halves = window(kind, 64).reshape(2, 32)
        assert halves.sum(axis=0) == pytest.approx(total)


def test_unknown_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="kind is 'han'; it must be one of 'hann', 'hamming', did you mean 'hann'"):
        window("han", 4)


@pytest.mark.parametrize("kind", ["hann", "hamming"])
def test_windows_are_librosa_s(kind: str) -> None:
    librosa = pytest.importorskip("librosa")
    np.testing.assert_allclose(window(kind, 400), librosa.filters.get_window(kind, 400), atol=1e-12)


def test_power_by_hand() -> None:
    assert power_spectrum(np.array([[1.0, 0.0, -1.0, 0.0]]), np.arange(3), 4).tolist() == [[0.0, 4.0, 0.0]]
    assert power_spectrum(np.array([[2.0]]), np.arange(3), 4) == pytest.approx(4.0)  # an impulse: all frequencies


def test_a_tone_has_its_power_in_its_bin() -> None:
    tone = np.cos(2 * np.pi * 5 * np.arange(64) / 64)
    assert power_spectrum(tone[None], np.arange(33), 64)[0] == pytest.approx(np.eye(33)[5] * 32**2)


def test_parseval(clip: Clip) -> None:
    frame = clip.samples[:512]
    power = power_spectrum(frame[None], np.arange(257), 512)[0]
    assert (power[0] + 2 * power[1:-1].sum() + power[-1]) / 512 == pytest.approx((frame**2).sum())


def test_the_same_as_librosa(clip: Clip) -> None:
    librosa = pytest.importorskip("librosa")
    spectrum = librosa.stft(clip.samples, n_fft=400, hop_length=160, window="hann", center=False)
    frames = windowed_frames(clip.samples, frame_starts(len(clip.samples), 400, 160), window("hann", 400))
    found = power_spectrum(frames, np.arange(201), 400)
    np.testing.assert_allclose(found, np.abs(spectrum.T) ** 2, rtol=1e-5, atol=1e-8)


def test_the_same_as_python_speech_features_times_the_size_of_the_transform(clip: Clip) -> None:
    sigproc = pytest.importorskip("python_speech_features.sigproc")
    frames = sigproc.framesig(clip.samples, 400, 160, winfunc=np.hanning)
    expected = 512 * sigproc.powspec(frames, 512)
    np.testing.assert_allclose(power_spectrum(frames, np.arange(257), 512), expected, rtol=1e-9, atol=1e-12)
