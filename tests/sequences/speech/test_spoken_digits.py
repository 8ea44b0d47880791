"""The built-in synthetic speech: what it is, and that it is small."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from importlib import resources
from pathlib import Path

from scratchtune.sequences.speech import load_spoken_digits

BUILT_IN = Path(str(resources.files("scratchtune.data").joinpath("spoken_digits", "spoken_digits.zip")))


def test_three_strings_of_each_of_sixty_voices() -> None:
    found = load_spoken_digits()
    assert sorted(Counter(found.voices).values()) == [3] * 60
    words = [text.split() for text in found.texts]
    assert {len(string) for string in words} == {3, 4, 5} and {word for string in words for word in string} == set(
        "zero one two three four five six seven eight nine".split())
    assert {clip.rate for clip in found.clips} == {8000} and all(0.5 < clip.seconds < 3 for clip in found.clips)
    assert found[3:] == ([], 0, 0)


def test_the_file_is_small_and_says_that_it_is_synthetic() -> None:
    assert BUILT_IN.stat().st_size <= 1_000_000
    with zipfile.ZipFile(BUILT_IN) as file:
        assert json.loads(file.read("synthesis.json"))["what"].startswith("synthetic speech")
    text = (BUILT_IN.parent / "LICENSE.txt").read_text(encoding="utf-8")
    assert "synthetic" in text and "MIT" in text and "eSpeak NG" in text
