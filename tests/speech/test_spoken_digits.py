"""The built-in synthetic speech: what it is, that it is small, and that the script makes it again."""

from __future__ import annotations

import importlib
import json
import zipfile
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from scratchtune.speech import espeak, load_spoken_digits, read_clips
from scratchtune.speech.digit_words import DIGIT_WORDS

BUILT_IN = Path(str(resources.files("scratchtune.data").joinpath("spoken_digits", "spoken_digits.zip")))


def test_three_strings_of_each_of_sixty_voices() -> None:
    found = load_spoken_digits()
    assert sorted(Counter(found.voices).values()) == [3] * 60
    words = [text.split() for text in found.texts]
    assert {len(string) for string in words} == {3, 4, 5} and {word for string in words for word in string} == set(
        DIGIT_WORDS["en"])
    assert {clip.rate for clip in found.clips} == {8000} and all(0.5 < clip.seconds < 3 for clip in found.clips)
    assert found[3:] == ([], 0, 0)


def test_the_file_is_small_and_says_that_it_is_synthetic() -> None:
    assert BUILT_IN.stat().st_size <= 1_000_000
    with zipfile.ZipFile(BUILT_IN) as file:
        assert json.loads(file.read("synthesis.json"))["what"].startswith("synthetic speech")
    text = (BUILT_IN.parent / "LICENSE.txt").read_text(encoding="utf-8")
    assert "synthetic" in text and "MIT" in text and "eSpeak NG" in text


@pytest.mark.slow  # it synthesises 180 clips
def test_the_script_makes_it_again(tmp_path: Path) -> None:
    try:
        version = espeak.version()
    except (FileNotFoundError, ValueError) as problem:
        pytest.skip(str(problem))
    with zipfile.ZipFile(BUILT_IN) as file:
        about = json.loads(file.read("synthesis.json"))
        if about["espeak-ng"] != version:
            pytest.skip(f"it was made by espeak-ng {about['espeak-ng']}, and {version} is installed")
        synthesis = importlib.import_module("scratchtune.speech.synthesis")
        path = tmp_path / "again.zip"
        assert synthesis.main([str(path), "--strings", "3", "--bits", "8"]) == 0
        with zipfile.ZipFile(path) as again:  # compressed bytes may differ where zlib does
            assert again.namelist() == file.namelist()
            assert all(again.read(name) == file.read(name) for name in file.namelist())
    assert read_clips(path).texts == load_spoken_digits().texts
