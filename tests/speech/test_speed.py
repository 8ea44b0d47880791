"""Speed perturbation: by property."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.speech import Clip, SpeedPerturbation, change_speed


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.5])
def test_a_tone_becomes_shorter_and_higher_by_the_factor(factor: float) -> None:
    times = np.arange(4000) / 8000
    found = change_speed(Clip(np.sin(2 * np.pi * 300 * times), 8000), factor)
    assert len(found.samples) == int(np.ceil(4000 / factor)) and found.rate == 8000
    expected = np.sin(2 * np.pi * 300 * factor * np.arange(len(found.samples)) / 8000)
    np.testing.assert_allclose(found.samples[200:-200], expected[200:-200], atol=2e-3)


def test_each_speed_is_drawn_and_the_generator_decides(clip: Clip) -> None:
    speeds = SpeedPerturbation((0.5, 1.0, 2.0))
    lengths = [len(speeds(clip, np.random.default_rng(seed)).samples) for seed in range(30)]
    assert set(lengths) == {48000, 24000, 12000}
    assert lengths[0] == len(speeds(clip, np.random.default_rng(0)).samples)


@pytest.mark.parametrize("factors, message", [
    ((), r"factors is \(\); it must be a list of at least one number"),
    (0.9, "factors is 0.9; it must be a list"),
    ((1.0, 0.0), r"factors\[1\] is 0.0; it must be a finite number in \[0.1, 10.0\]"),
])
def test_bad_factors_are_refused(factors: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        SpeedPerturbation(factors)
