"""The power spectrum, formula [power_spectrum]: by hand, by property, against librosa and python_speech_features."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip
from scratchtune.sequences.speech.framing import frame_starts, windowed_frames
from scratchtune.sequences.speech.spectrum import power_spectrum
from scratchtune.sequences.speech.windows import window


def test_by_hand() -> None:
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
