"""Speed perturbation: by property."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip, change_speed


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.5])
def test_a_tone_becomes_shorter_and_higher_by_the_factor(factor: float) -> None:
    times = np.arange(4000) / 8000
    found = change_speed(Clip(np.sin(2 * np.pi * 300 * times), 8000), factor)
    assert len(found.samples) == int(np.ceil(4000 / factor)) and found.rate == 8000
    expected = np.sin(2 * np.pi * 300 * factor * np.arange(len(found.samples)) / 8000)
    np.testing.assert_allclose(found.samples[200:-200], expected[200:-200], atol=2e-3)
