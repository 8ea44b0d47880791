"""Samples, formulas [pcm_to_float], [mix_down] and [flat_share]: by hand, and by property."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip, is_clipped
from scratchtune.sequences.speech.samples import flat_share, mix_down, pcm_to_float


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_integers_fill_the_range_from_minus_1_to_1(bits: int) -> None:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    assert pcm_to_float(np.array([low, 0, high]), bits).tolist() == [-1.0, 0.0, 1.0 - 2.0 ** (1 - bits)]


def test_channels_are_averaged() -> None:
    assert mix_down(np.array([[1.0, 0.0], [-0.5, 0.5]])).tolist() == [0.5, 0.0]


def test_flat_peaks_by_hand() -> None:
    assert flat_share(np.array([0.0, 1.0, 1.0, 1.0, 1.0, 0.0, -1.0, -1.0])) == 2 / 8
    assert flat_share(np.array([0.0, 0.5, 0.25, 0.5, 0.5])) == 0.0


@pytest.mark.parametrize("volume", [1.0, 0.3])
def test_a_clip_is_clipped_at_any_volume(clip: Clip, volume: float) -> None:
    loud = np.clip(3 * clip.samples / np.abs(clip.samples).max(), -1, 1)
    assert is_clipped(Clip(volume * loud, 16000))
    assert not is_clipped(Clip(volume * clip.samples, 16000))
    assert not is_clipped(Clip(np.zeros(100), 16000))  # silent
