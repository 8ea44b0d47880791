"""Clips split by voice: no voice is in two parts, no clip is lost."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip, Recordings, split_by_voice


def recordings(voices: list[str]) -> Recordings:
    """A clip for each voice; its samples and its text hold its number."""
    clips = [Clip(np.array([k / 1000, -0.5]), 8000) for k in range(len(voices))]
    return Recordings(clips, [str(k) for k in range(len(voices))], voices, ["one is left out"], 2, 0)


VOICES = [f"voice {k % 30}" for k in range(90)]


@pytest.mark.parametrize("shares, sizes", [
    ((0.6, 0.2, 0.2), [18, 6, 6]), ((0.5, 0.5), [15, 15]), ((0.98, 0.01, 0.01), [28, 1, 1]), ([0.1] * 10, [3] * 10)])
def test_no_voice_is_in_two_parts(shares: tuple[float, ...], sizes: list[int]) -> None:
    parts = split_by_voice(recordings(VOICES), shares)
    assert [len(set(part.voices)) for part in parts] == sizes
    assert sum(len(set(part.voices)) for part in parts) == len({voice for part in parts for voice in part.voices}) == 30
    for part in parts:
        numbers = [int(text) for text in part.texts]
        assert numbers == sorted(numbers) and part.voices == [VOICES[k] for k in numbers]
        assert [clip.samples[0] for clip in part.clips] == [k / 1000 for k in numbers]
        assert part[3:] == ([], 0, 0)
    assert sorted(int(text) for part in parts for text in part.texts) == list(range(90))


def test_the_seed_determines_the_split() -> None:
    splits = [[part.texts for part in split_by_voice(recordings(VOICES), seed=seed)] for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]


@pytest.mark.parametrize("voices, shares, message", [
    (["Ann", "Bo"], (0.6, 0.2, 0.2), "has 2 voices, and shares has 3 parts; there must be at least one voice for each"),
    (["Ann", "", "Bo"], (0.5, 0.5), "has 1 clip of 3 without a voice; the column voice of the table"),
    (["", ""], (0.5, 0.5), "has 2 clips of 2 without a voice"),
    (["Ann", "Bo"], (0.5, 0.6), "with the sum 1.1; it must be at least two numbers above 0 that add up to 1"),
    (["Ann", "Bo"], (1.0,), "it must be at least two numbers"),
    (["Ann", "Bo"], (1.0, 0.0), r"shares\[1\] is 0.0; it must be a finite number"),
])
def test_what_cannot_be_split_is_refused(voices: list[str], shares: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_by_voice(recordings(voices), shares)


def test_shares_are_a_sequence() -> None:
    with pytest.raises(TypeError, match="shares is 0.5; it must be at least two numbers"):
        split_by_voice(recordings(VOICES), 0.5)  # type: ignore[arg-type]
