"""Voices of espeak-ng: how they are drawn, and, where it is installed, what they say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.common import espeak
from scratchtune.speech import is_clipped, trim


def voice(number: int, seed: int = 0, language: str = "en") -> espeak.Voice:
    return espeak.draw_voice(seed, np.random.default_rng([seed, number]), number, language)


@pytest.mark.parametrize("language", espeak.ACCENTS)
def test_no_two_voices_have_the_same_variant(language: str) -> None:
    voices = [voice(number, 3, language) for number in range(len(espeak.VARIANTS))]
    assert {found.variant for found in voices} == set(espeak.VARIANTS) and len(espeak.VARIANTS) == 60
    assert {found.accent for found in voices} == set(espeak.ACCENTS[language])
    assert all(140 <= found.speed <= 220 and 20 <= found.pitch <= 80 for found in voices)


def test_the_seed_determines_the_voices() -> None:
    assert voice(5) == voice(5) != voice(5, seed=1)


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="espeak-ng is not installed, and it synthesises the speech; install"):
        espeak.version()


@pytest.fixture
def installed() -> None:
    try:
        espeak.version()
    except (FileNotFoundError, ValueError) as problem:
        pytest.skip(str(problem))


@pytest.mark.usefixtures("installed")
def test_a_clip_is_trimmed_and_not_clipped() -> None:
    clip = espeak.say("four zero", voice(0))
    assert clip.rate == 8000 and 0.3 < clip.seconds < 1.5 and not is_clipped(clip)
    assert np.abs(clip.samples).max() == pytest.approx(0.6)
    assert len(trim(clip).samples) == len(clip.samples)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("variant", ["f3", "victor", "klatt2"])  # two with the noise of breath
def test_the_same_words_give_the_same_samples(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken = espeak.Voice("en-gb", variant, 180, 50)
    np.testing.assert_array_equal(espeak.say("seven", spoken).samples, espeak.say("seven", spoken).samples)


@pytest.mark.usefixtures("installed")
def test_a_voice_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="espeak-ng .* ended with code 1: Error: The specified espeak-ng voice"):
        espeak.say("one", espeak.Voice("xx-yy", "f1", 180, 50))
