"""Trimming by energy, formula [energy_db]: by hand, by property, against librosa."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip, trim
from scratchtune.sequences.speech.framing import frame_starts, windowed_frames
from scratchtune.sequences.speech.trimming import energy_db


def test_by_hand() -> None:
    frames = np.array([[0.1, -0.1], [1.0, 1.0], [0.0, 0.0]])
    assert energy_db(frames, 1e-10) == pytest.approx([-20.0, 0.0, -100.0])


def quiet(clip: Clip, before: int, after: int) -> Clip:
    """The clip with noise 60 decibels below it at both ends."""
    rng = np.random.default_rng(0)
    noise = [1e-4 * rng.standard_normal(count) for count in (before, after)]
    return Clip(np.concatenate([noise[0], clip.samples, noise[1]]), clip.rate)


def test_silence_at_both_ends_is_removed_to_within_a_frame(clip: Clip) -> None:
    loud = Clip(clip.samples[:8000] + 0.1, 16000)
    found = trim(quiet(loud, 5000, 3000))
    assert 0 <= len(found.samples) - 8000 < 2 * 400 and found.rate == 16000
    start = np.flatnonzero(found.samples == loud.samples[0])[0]
    np.testing.assert_array_equal(found.samples[start : start + 8000], loud.samples)


def test_a_larger_top_db_keeps_more(clip: Clip) -> None:
    whole = quiet(clip, 5000, 3000)
    lengths = [len(trim(whole, top_db).samples) for top_db in (10, 40, 90)]
    assert lengths == sorted(lengths) and lengths[0] < lengths[-1] and lengths[-1] > len(whole.samples) - 160


def test_bad_arguments_are_refused_and_short_or_silent_clips_are_kept() -> None:
    with pytest.raises(ValueError, match="top_db is 0; it must be a finite number above 0"):
        trim(Clip(np.zeros(800), 8000), 0)
    assert len(trim(Clip(np.ones(100), 8000)).samples) == 100
    assert len(trim(Clip(np.zeros(800), 8000)).samples) == 760  # all whole frames


def test_the_same_as_librosa(clip: Clip) -> None:
    librosa = pytest.importorskip("librosa")
    rms = librosa.feature.rms(y=clip.samples, frame_length=400, hop_length=160, center=False)[0]
    expected = librosa.amplitude_to_db(rms, ref=np.max, amin=1e-5, top_db=None)
    frames = windowed_frames(clip.samples, frame_starts(len(clip.samples), 400, 160), np.ones(400))
    np.testing.assert_allclose(energy_db(frames, 1e-10), expected, atol=1e-5)
