"""Clips: what is one, and what is refused in one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip
from scratchtune.sequences.speech.clip import check_speech, checked_samples


def test_a_clip_unpacks_to_samples_and_rate() -> None:
    samples, rate = Clip(np.arange(3.0), 8000)
    assert samples.tolist() == [0, 1, 2] and rate == 8000


@pytest.mark.parametrize("samples, message", [
    (np.zeros((5, 2)), r"clip has shape \(5, 2\); it must be one channel"),
    (np.zeros(5, dtype=np.int16), "clip holds int16 numbers; it must hold floats in"),
    (np.zeros(0), "clip is empty"),
    ([0.5, np.nan], r"clip holds NaN, first at \[1\]"),
])
def test_samples_that_are_refused(samples: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_samples("clip", samples)


def test_short_and_silent_clips_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^a.wav is too short, 0.05 seconds; it must have at least 0.1 seconds$"):
        check_speech("a.wav", Clip(np.arange(400.0), 8000), 0.1)
    with pytest.raises(ValueError, match=r"^a.wav is silent: all of its samples are 0.25; it must hold sound$"):
        check_speech("a.wav", Clip(np.full(4000, 0.25), 8000), 0.1)
    check_speech("a.wav", Clip(np.arange(800.0), 8000), 0.1)
