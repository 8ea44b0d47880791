"""The mel scale, formulas [hz_to_mel] and [mel_to_hz]: by hand, by property, against two libraries."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech.mel import hz_to_mel, mel_to_hz

HERTZ = np.linspace(0, 22050, 101)


def test_by_hand() -> None:
    assert hz_to_mel(np.array([0.0, 6300.0])) == pytest.approx([0.0, 2595.0])
    assert hz_to_mel(np.array([1000.0])) == pytest.approx(1000, abs=0.02)


def test_one_is_the_inverse_of_the_other() -> None:
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(HERTZ)), HERTZ, atol=1e-8)
    assert (np.diff(np.diff(hz_to_mel(HERTZ))) < 0).all()


def test_the_same_as_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    np.testing.assert_allclose(hz_to_mel(HERTZ), librosa.hz_to_mel(HERTZ, htk=True))
    np.testing.assert_allclose(mel_to_hz(HERTZ / 10), librosa.mel_to_hz(HERTZ / 10, htk=True))


def test_the_same_as_python_speech_features() -> None:
    base = pytest.importorskip("python_speech_features.base")
    np.testing.assert_allclose(hz_to_mel(HERTZ), base.hz2mel(HERTZ))
    np.testing.assert_allclose(mel_to_hz(HERTZ / 10), base.mel2hz(HERTZ / 10))
