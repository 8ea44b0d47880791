"""A folder of clips for the tests of the examples."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

RATE = 8000
HERTZ = {"a": 500.0, "b": 1100.0, "c": 2100.0}


def write_clip(path: Path, samples: np.ndarray) -> None:
    """Write numbers in [-1, 1] to a WAV file of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.round(32000 * samples).astype("<i2").tobytes())


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """40 clips of ten voices: each letter is a tone, each voice changes all of them by up to a tenth; with pauses."""
    rng, folder = np.random.default_rng(0), tmp_path / "tones"
    folder.mkdir()
    lines = ["file\ttext\tvoice"]
    for number in range(40):
        voice = number % 10
        text, parts = " ".join(rng.choice(list(HERTZ), rng.integers(1, 4))), [np.zeros(400)]
        for letter in text.replace(" ", ""):
            times = np.arange(int(RATE * rng.uniform(0.12, 0.18))) / RATE
            tone = np.sin(2 * np.pi * HERTZ[letter] * (0.9 + 0.02 * voice) * times)
            parts += [0.5 * tone, np.zeros(rng.integers(600, 900))]
        clip = np.concatenate(parts)
        write_clip(folder / f"{number:02}.wav", clip + rng.normal(scale=0.003, size=clip.size))
        lines.append(f"{number:02}.wav\t{text}\tvoice {voice}")
    (folder / "transcripts.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
