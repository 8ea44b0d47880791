"""The script that synthesises digit strings: which files it writes, where it continues, and what it refuses.

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

from benchmarks.common import espeak
from benchmarks.common.synthesis import Plan, main, random_digits, spelled_out, synthesise, utterances
from scratchtune.speech import Clip, load_spoken_digits, read_clips
from scratchtune.speech.prompts import DIGIT_WORDS

BUILT_IN = Path(str(resources.files("scratchtune.data").joinpath("spoken_digits", "spoken_digits.zip")))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were synthesised, by a tone."""
    texts: list[str] = []

    def tone(text: str, voice: espeak.Voice) -> Clip:
        texts.append(text)
        return Clip(0.5 * np.sin(np.arange(1200) * (zlib.crc32(f"{text}{voice}".encode()) % 900 + 100) / 1000), 8000)

    monkeypatch.setattr(espeak, "say", tone)
    monkeypatch.setattr(espeak, "version", lambda: "1.0")
    return texts


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_made_and_read(said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "a"), "--voices", "4", "--strings", "3", "--language", "ru"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a'}: 12 clips of synthetic speech\n"
    found = read_clips(tmp_path / "a")
    assert found.texts == [row.text for row in utterances(Plan(4, 3, "ru"))] and len(said) == 12
    assert len(set(found.voices)) == 4 and found.left_out == []
    assert b"synthetic" in contents(tmp_path / "a")["synthesis.json"]


def test_jobs_change_nothing(said: list[str], tmp_path: Path) -> None:
    for jobs in (1, 3):
        synthesise(tmp_path / f"{jobs}", Plan(3, 4), jobs, progress=False)
        synthesise(tmp_path / f"{jobs}.zip", Plan(3, 4, bits=8), jobs, progress=False)
    assert contents(tmp_path / "1") == contents(tmp_path / "3")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "3.zip").read_bytes()


def test_fewer_voices_and_strings_are_the_beginning_of_more() -> None:
    many = {row.file: row for row in utterances(Plan(9, 5))}
    assert all(many[row.file] == row for row in utterances(Plan(4, 3)))
    assert utterances(Plan(4, 3)) != utterances(Plan(4, 3, seed=1))


def test_an_interrupted_run_continues(said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    tone = espeak.say

    def interrupted(text: str, voice: espeak.Voice) -> Clip:
        if len(said) == 5:
            raise KeyboardInterrupt
        return tone(text, voice)

    arguments = [str(tmp_path / "a"), "--voices", "3", "--strings", "4", "--jobs", "1"]
    with monkeypatch.context() as patch:
        patch.setattr(espeak, "say", interrupted)
        assert main(arguments) == 130
    assert "interrupted; the same command continues" in capsys.readouterr().err
    assert len(contents(tmp_path / "a")) == 1 + 5 and not (tmp_path / "a" / "transcripts.tsv").exists()
    assert main(arguments) == 0 and len(said) == 12
    synthesise(tmp_path / "b", Plan(3, 4))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert main(arguments) == 0 and len(said) == 24  # nothing is left to be done


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The message of a run that is refused."""
    assert main([*map(str, arguments), "--voices", "2", "--strings", "1"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("python -m benchmarks.common.synthesis: ") and message.count("\n") == 1
    return message


def test_what_exists_is_not_changed(said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    assert "which holds other files; give a new or empty folder" in refused(capsys, tmp_path / "mine")
    assert "which is a file" in refused(capsys, tmp_path / "mine" / "letter.txt")
    assert "there is no folder" in refused(capsys, tmp_path / "none" / "a")
    assert list(contents(tmp_path / "mine")) == ["letter.txt"] and not said

    synthesise(tmp_path / "a", Plan(2, 1))
    synthesise(tmp_path / "a.zip", Plan(2, 1))
    before = contents(tmp_path / "a")
    assert "with other options" in refused(capsys, tmp_path / "a", "--seed", 1)
    assert contents(tmp_path / "a") == before
    assert "which exists; give a new file, or delete it" in refused(capsys, tmp_path / "a.zip")
    (tmp_path / "a" / "transcripts.tsv").write_text("file\ttext\n", encoding="utf-8")
    assert "whose transcripts.tsv was changed" in refused(capsys, tmp_path / "a")


@pytest.mark.parametrize("arguments, message", [
    (["--voices", "61"], "voices is 61; it must be an integer in [1, 60]"),
    (["--strings", "0"], "strings is 0"), (["--seed", "-1"], "seed is -1"), (["--jobs", "0"], "jobs is 0"),
    (["--language", "de"], "argument --language: invalid choice"),
    (["--bits", "24"], "argument --bits: invalid choice"),
])
def test_bad_arguments_are_refused(arguments: list[str], message: str, tmp_path: Path,
                                   capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "a"), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not (tmp_path / "a").exists()


def test_without_espeak_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert main([str(tmp_path / "a")]) == 2
    assert "espeak-ng is not installed" in capsys.readouterr().err and not (tmp_path / "a").exists()


def test_a_failure_of_espeak_is_code_1(said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(text: str, voice: espeak.Voice) -> Clip:
        raise RuntimeError("espeak-ng ended with code 1")

    monkeypatch.setattr(espeak, "say", failing)
    assert main([str(tmp_path / "a.zip")]) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("language, words", [
    ("en", "zero four nine"), ("es", "cero cuatro nueve"), ("fr", "zéro quatre neuf"), ("it", "zero quattro nove"),
    ("ru", "ноль четыре девять")])
def test_digits_are_spelled_out(language: str, words: str) -> None:
    assert spelled_out([0, 4, 9], language) == words


def test_each_language_has_ten_words_of_letters() -> None:
    for words in DIGIT_WORDS.values():
        assert len(set(words)) == 10 and all(word.isalpha() and word.islower() for word in words)


def test_random_strings_have_3_to_5_digits() -> None:
    rng = np.random.default_rng(0)
    strings = [random_digits(rng) for _ in range(300)]
    assert {len(digits) for digits in strings} == {3, 4, 5}
    assert {digit for digits in strings for digit in digits} == set(range(10))


def test_what_is_no_digit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"digits is 10; it must be an integer in \[0, 9\]"):
        spelled_out([10])
    with pytest.raises(ValueError, match="language is 'de'"):
        spelled_out([1], "de")


@pytest.mark.slow  # it synthesises 180 clips
def test_the_script_makes_the_built_in_speech_again(tmp_path: Path) -> None:
    try:
        version = espeak.version()
    except (FileNotFoundError, ValueError) as problem:
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
