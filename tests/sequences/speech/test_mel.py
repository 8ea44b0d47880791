"""The mel scale and mel filters: by hand, by property, against librosa and python_speech_features."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech.cepstrum import hz_to_mel, log_mel, mel_filters, mel_to_hz, triangles

HERTZ = np.linspace(0, 22050, 101)


def test_the_scale_by_hand() -> None:
    assert hz_to_mel(np.array([0.0, 6300.0])) == pytest.approx([0.0, 2595.0])
    assert hz_to_mel(np.array([1000.0])) == pytest.approx(1000, abs=0.02)


def test_one_is_the_inverse_of_the_other() -> None:
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(HERTZ)), HERTZ, atol=1e-8)
    assert (np.diff(np.diff(hz_to_mel(HERTZ))) < 0).all()


def test_the_scale_is_librosa_s() -> None:
    librosa = pytest.importorskip("librosa")
    np.testing.assert_allclose(hz_to_mel(HERTZ), librosa.hz_to_mel(HERTZ, htk=True))
    np.testing.assert_allclose(mel_to_hz(HERTZ / 10), librosa.mel_to_hz(HERTZ / 10, htk=True))


def test_the_scale_is_that_of_python_speech_features() -> None:
    base = pytest.importorskip("python_speech_features.base")
    np.testing.assert_allclose(hz_to_mel(HERTZ), base.hz2mel(HERTZ))
    np.testing.assert_allclose(mel_to_hz(HERTZ / 10), base.mel2hz(HERTZ / 10))


def test_filters_by_hand() -> None:
    weights = triangles(np.arange(7.0), np.array([1.0]), np.array([3.0]), np.array([4.0]))
    assert weights.tolist() == [[0, 0, 0.5, 1, 0, 0, 0]]
    found = log_mel(np.array([[2.0, 3.0], [0.0, 0.0]]), np.array([[0.5, 1.0]]), 1e-10)
    assert found.ravel() == pytest.approx([np.log(4), np.log(1e-10)])


def test_neighbouring_filters_add_up_to_1() -> None:
    filters = mel_filters(40, 512, 16000, 0.0, 8000.0)
    centre = filters.argmax(axis=1)
    assert (np.diff(centre) >= 0).all() and (filters >= 0).all()
    assert filters[:, centre[0] + 1 : centre[-1]].sum(axis=0) == pytest.approx(1.0)  # between the outermost centres


def test_a_filter_without_a_frequency_is_refused() -> None:
    with pytest.raises(ValueError, match=r"n_mels is 120, and filter \d+, from \d+ to \d+ Hz, has none of the "
                                         r"spectrum's frequencies, which are 31\.2 Hz apart; use fewer filters or"):
        mel_filters(120, 256, 8000, 0.0, 4000.0)


@pytest.mark.parametrize("n_mels, n_fft, rate, fmin, fmax", [
    (40, 512, 16000, 0.0, 8000.0), (23, 256, 8000, 20.0, 3700.0), (80, 2048, 22050, 0.0, 11025.0)])
def test_filters_are_librosa_s(n_mels: int, n_fft: int, rate: int, fmin: float, fmax: float) -> None:
    librosa = pytest.importorskip("librosa")
    expected = librosa.filters.mel(
        sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=True, norm=None, dtype=np.float64)
    np.testing.assert_allclose(mel_filters(n_mels, n_fft, rate, fmin, fmax), expected, atol=1e-10)
