"""Clips and WAV files for the tests of speech."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip

Writer = Callable[..., Path]


@pytest.fixture
def clip() -> Clip:
    """A second and a half of voiced and unvoiced sound, with changing pitch and loudness, at 16 kHz."""
    rng = np.random.default_rng(5)
    times = np.arange(24000) / 16000
    phase = 2 * np.pi * np.cumsum(120 + 40 * np.sin(3 * times)) / 16000
    voice = sum(np.sin(number * phase) / number for number in range(1, 30))
    loudness = 0.5 + 0.5 * np.sin(9 * times)
    return Clip(0.2 * loudness * voice + 0.01 * rng.standard_normal(24000), 16000)


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """A function that writes numbers in [-1, 1], (n,) or (n, channels), to a WAV file, and returns its path."""

    def written(name: str, samples: np.ndarray, rate: int = 8000, bits: int = 16) -> Path:
        numbers = np.round(np.atleast_2d(samples.T).T * 2.0 ** (bits - 1)).clip(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        raw = numbers.astype("<i8") + (128 if bits == 8 else 0)
        data = raw.view(np.uint8).reshape(*raw.shape, 8)[..., : bits // 8].tobytes()
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((raw.shape[1], bits // 8, rate, 0, "NONE", ""))
            file.writeframes(data)
        return path

    return written
