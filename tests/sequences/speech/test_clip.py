"""Clips: what is one, what is refused; samples, channels, flat peaks; trimming, against librosa."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip, is_clipped, trim
from scratchtune.sequences.speech.clip import (
    check_speech,
    checked_samples,
    energy_db,
    flat_share,
    mix_down,
    pcm_to_float,
)
from scratchtune.sequences.speech.spectrum import frame_starts, windowed_frames


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


def test_energy_by_hand() -> None:
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


def test_energy_is_librosa_s(clip: Clip) -> None:
    librosa = pytest.importorskip("librosa")
    rms = librosa.feature.rms(y=clip.samples, frame_length=400, hop_length=160, center=False)[0]
    expected = librosa.amplitude_to_db(rms, ref=np.max, amin=1e-5, top_db=None)
    frames = windowed_frames(clip.samples, frame_starts(len(clip.samples), 400, 160), np.ones(400))
    np.testing.assert_allclose(energy_db(frames, 1e-10), expected, atol=1e-5)
