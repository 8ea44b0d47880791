"""Resampling, formulas [sampling_times] and [sinc_interpolation]: by hand, by property, against soxr."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip, change_speed, resample
from scratchtune.sequences.speech.resampling import sampling_times, sinc_interpolation


def sine(hertz: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def middle(samples: np.ndarray) -> np.ndarray:
    """Without the first and the last tenth: beyond its ends a clip is 0."""
    return samples[len(samples) // 10 : -(len(samples) // 10)]


def test_by_hand() -> None:
    assert sampling_times(np.arange(3), 0.5).tolist() == [0.0, 0.5, 1.0]
    samples = np.array([3.0, -1.0, 2.0])
    np.testing.assert_allclose(sinc_interpolation(samples, np.arange(3.0), 1.0, 6.0), samples, atol=1e-12)
    window = np.cos(np.pi / 4 * np.array([0.5, 0.5, 1.5])) ** 2  # at time 0.5, with two zero crossings
    expected = (samples * np.array([2 / np.pi, 2 / np.pi, -2 / (3 * np.pi)]) * window).sum()
    assert sinc_interpolation(samples, np.array([0.5]), 1.0, 2.0)[0] == pytest.approx(expected)


@pytest.mark.parametrize("rate, new_rate", [
    (8000, 16000), (16000, 8000), (44100, 16000), (22050, 8000), (11025, 16000)])
def test_a_low_tone_is_the_same_tone_at_another_rate(rate: int, new_rate: int) -> None:
    found = resample(sine(440, rate), rate, new_rate)
    assert len(found) == int(np.ceil(rate // 2 * new_rate / rate))
    expected = sine(440, new_rate, 0.6)[: len(found)]
    np.testing.assert_allclose(middle(found), middle(expected), atol=2e-3)


def test_what_is_above_half_the_new_rate_is_removed() -> None:
    high = resample(sine(5500, 16000), 16000, 8000)
    assert np.abs(middle(high)).max() < 0.01
    assert np.abs(middle(sine(5500, 16000)[::2])).max() > 0.9  # every second sample: a tone of 2,500 Hz


def test_it_is_linear_and_long_clips_are_computed_in_parts_that_fit_together(clip: Clip) -> None:
    samples = np.tile(clip.samples, 3)
    found = resample(samples, 16000, 11025)
    np.testing.assert_allclose(resample(-2 * samples, 16000, 11025), -2 * found, atol=1e-12)
    numbers = np.arange(len(found))  # all of them at once
    times = numbers * (16000 / 11025)
    part = sinc_interpolation(samples, times, 11025 / 16000 * 0.99, 6.0)
    np.testing.assert_allclose(found[numbers], part, atol=1e-12)


def test_the_same_rate_is_a_copy() -> None:
    samples = sine(100, 8000)
    found = resample(samples, 8000, 8000)
    assert found is not samples and np.array_equal(found, samples)


@pytest.mark.parametrize("rate, message", [
    (0, r"rate is 0; it must be an integer in \[1000, 768000\]"), (8000.0, "rate is 8000"),
    (10**9, "rate is 1000000000; it must be an integer"),
    (1000, "the new rate is 25,000 for a clip of 1,000 samples a second; it must be at most 24 times as high: 24,000")])
def test_bad_rates_are_refused(rate: int, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        resample(np.zeros(10), rate, 25000)


@pytest.mark.parametrize("new_rate", [8000, 22050])
def test_about_the_same_as_soxr(new_rate: int) -> None:
    soxr = pytest.importorskip("soxr")
    rng = np.random.default_rng(2)
    clip = sum(sine(hertz, 16000) * rng.normal() for hertz in (150, 700, 1500, 2900))  # both filters keep these
    expected = soxr.resample(clip, 16000, new_rate)
    np.testing.assert_allclose(middle(resample(clip, 16000, new_rate)), middle(expected), atol=0.01)


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.5])
def test_a_tone_becomes_shorter_and_higher_by_the_factor(factor: float) -> None:
    times = np.arange(4000) / 8000
    found = change_speed(Clip(np.sin(2 * np.pi * 300 * times), 8000), factor)
    assert len(found.samples) == int(np.ceil(4000 / factor)) and found.rate == 8000
    expected = np.sin(2 * np.pi * 300 * factor * np.arange(len(found.samples)) / 8000)
    np.testing.assert_allclose(found.samples[200:-200], expected[200:-200], atol=2e-3)
