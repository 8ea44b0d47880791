"""The script that synthesises digit strings: its voices, which files it writes, and what it refuses.

In place of espeak-ng, most tests use a tone whose pitch depends on the text and the voice.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from benchmarks.common import synthesis
from benchmarks.common.synthesis import ACCENTS, DIGIT_WORDS, VARIANTS, Plan, Voice, main, utterances
from scratchtune.sequences.speech import Clip, load_spoken_digits, read_clips
from scratchtune.sequences.speech.wav import decode_wav

pytestmark = pytest.mark.slow  # a tool of this repository: CI runs its tests

BUILT_IN = Path(str(resources.files("scratchtune.sequences.speech").joinpath("spoken_digits", "spoken_digits.zip")))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were synthesised, by a tone."""
    texts: list[str] = []

    def tone(text: str, voice: Voice) -> Clip:
        texts.append(text)
        return Clip(0.5 * np.sin(np.arange(1200) * (zlib.crc32(f"{text}{voice}".encode()) % 900 + 100) / 1000), 8000)

    monkeypatch.setattr(synthesis, "say", tone)
    monkeypatch.setattr(synthesis, "version", lambda: "1.0")
    return texts


def test_a_folder_and_a_zip_file_are_made_and_read(
    said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("a", "a.zip"):
        path = tmp_path / name
        assert main([str(path), "--voices", "4", "--strings", "3", "--language", "ru"]) == 0
        assert capsys.readouterr().out == f"{path}: 12 clips of synthetic speech\n"
        found = read_clips(path)
        assert found.texts == [row.text for row in utterances(Plan(4, 3, "ru"))]
        assert len(set(found.voices)) == 4 and found.left_out == []
    assert len(said) == 24 and "synthetic" in (tmp_path / "a" / "synthesis.json").read_text()


@pytest.mark.parametrize("language", DIGIT_WORDS)
def test_voices_have_different_variants_and_say_3_to_5_digits(language: str) -> None:
    rows = utterances(Plan(strings=4, language=language, seed=3))
    names = {row.voice.name for row in rows}
    assert {name.split("+")[1] for name in names} == set(VARIANTS) and len(names) == len(VARIANTS) == 60
    assert {name.split("+")[0] for name in names} == set(ACCENTS[language])
    assert all(140 <= row.voice.speed <= 220 and 20 <= row.voice.pitch <= 80 for row in rows)
    assert {len(row.text.split()) for row in rows} == {3, 4, 5}
    assert {word for row in rows for word in row.text.split()} == set(DIGIT_WORDS[language].split())


def test_fewer_voices_and_strings_are_the_beginning_of_more() -> None:
    many = {row.file: row for row in utterances(Plan(9, 5))}
    assert all(many[row.file] == row for row in utterances(Plan(4, 3)))
    assert utterances(Plan(4, 3)) != utterances(Plan(4, 3, seed=1))


@pytest.mark.parametrize("bits", [8, 16])
def test_what_is_written_is_read(bits: int) -> None:
    clip = Clip(np.linspace(-1.0, 0.9, 801), 11025)
    found = decode_wav("a.wav", synthesis.wav_bytes(clip, bits))
    assert found.rate == 11025
    np.testing.assert_allclose(found.samples, clip.samples, rtol=0, atol=2.0**-bits)


def test_what_exists_is_not_changed(said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--voices", "2"]) == 2
    assert "which exists; give a new one" in capsys.readouterr().err and not said
    with pytest.raises(SystemExit):
        main([str(tmp_path / "a"), "--voices", "61"])


def test_without_espeak_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main([str(tmp_path / "a")]) == 2
    assert "espeak-ng is not installed" in capsys.readouterr().err and not (tmp_path / "a").exists()


def test_the_script_makes_the_built_in_speech_again(tmp_path: Path) -> None:
    try:
        version = synthesis.version()
    except FileNotFoundError as problem:
        pytest.skip(str(problem))
    with zipfile.ZipFile(BUILT_IN) as file:
        about = json.loads(file.read("synthesis.json"))
        if about["espeak-ng"] != version:
            pytest.skip(f"it was made by espeak-ng {about['espeak-ng']}, and {version} is installed")
        path = tmp_path / "again.zip"
        assert main([str(path), "--strings", "3", "--bits", "8"]) == 0
        with zipfile.ZipFile(path) as again:  # compressed bytes may differ where zlib does
            assert again.namelist() == file.namelist()
            assert all(again.read(name) == file.read(name) for name in file.namelist())
    assert read_clips(path).texts == load_spoken_digits().texts
