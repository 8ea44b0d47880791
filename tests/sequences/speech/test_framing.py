"""Framing, formulas [number_of_frames] and [windowed_frames]: by hand, by property, against librosa."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip
from scratchtune.sequences.speech.framing import frame_starts, number_of_frames, windowed_frames


def test_by_hand() -> None:
    assert [number_of_frames(samples, 4, 3) for samples in (4, 6, 7, 10)] == [1, 1, 2, 3]
    frames = windowed_frames(np.arange(7.0), frame_starts(7, 4, 3), np.array([1.0, 1.0, 1.0, 0.5]))
    assert frames.tolist() == [[0, 1, 2, 1.5], [3, 4, 5, 3]]


def test_the_last_frame_ends_within_the_clip() -> None:
    for samples in range(25, 60):
        last = frame_starts(samples, 25, 10)[-1]
        assert last + 25 <= samples < last + 25 + 10


def test_the_same_as_librosa(clip: Clip) -> None:
    librosa = pytest.importorskip("librosa")
    expected = librosa.util.frame(clip.samples, frame_length=400, hop_length=160).T
    found = windowed_frames(clip.samples, frame_starts(len(clip.samples), 400, 160), np.ones(400))
    np.testing.assert_array_equal(found, expected)
