"""Pre-emphasis, formula [preemphasis]: by hand, by property, against python_speech_features."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip
from scratchtune.sequences.speech.preemphasis import preemphasis


def test_by_hand() -> None:
    assert preemphasis(np.array([1.0, 2.0, -1.0]), 0.5).tolist() == [1.0, 1.5, -2.0]


def test_a_constant_nearly_vanishes_and_the_highest_frequency_nearly_doubles() -> None:
    assert preemphasis(np.ones(5), 0.97)[1:] == pytest.approx(0.03)
    assert preemphasis((-1.0) ** np.arange(5), 0.97)[1:] == pytest.approx([-1.97, 1.97, -1.97, 1.97])


def test_the_same_as_python_speech_features(clip: Clip) -> None:
    sigproc = pytest.importorskip("python_speech_features.sigproc")
    np.testing.assert_allclose(preemphasis(clip.samples, 0.97), sigproc.preemphasis(clip.samples, 0.97), atol=1e-12)


def test_the_same_as_librosa_but_for_the_first_sample(clip: Clip) -> None:
    librosa = pytest.importorskip("librosa")
    expected = librosa.effects.preemphasis(clip.samples, coef=0.97)
    np.testing.assert_allclose(preemphasis(clip.samples, 0.97)[1:], expected[1:], atol=1e-12)
