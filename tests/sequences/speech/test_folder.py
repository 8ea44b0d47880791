"""A folder or a ZIP file of clips and transcripts: what is read, left out, refused; the built-in clips; splitting."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from scratchtune.core import archives
from scratchtune.sequences.speech import Clip, Recordings, load_spoken_digits, read_clips, read_wav, split_by_voice

from .conftest import Writer

TONE = 0.5 * np.sin(np.arange(2000) / 7)


def table(folder: Path, content: str) -> Path:
    (folder / "transcripts.tsv").write_text(content, encoding="utf-8")
    return folder


def quietly(folder: Path, **arguments: object) -> Recordings:
    """Read a folder without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_clips(folder, **arguments)  # type: ignore[arg-type]


def test_clips_are_in_the_order_of_the_table(write: Writer, tmp_path: Path) -> None:
    paths = [write("b.wav", TONE), write("voices/a.wav", TONE[:1500])]
    folder = table(tmp_path, "file\ttext\tvoice\nb.wav\tfour \"two\"\tAnna\nvoices/a.wav\tseven, one\t\n")
    found = quietly(folder)
    assert found.texts == ['four "two"', "seven, one"] and found.voices == ["Anna", ""]
    for clip, path in zip(found.clips, paths, strict=True):
        np.testing.assert_array_equal(clip.samples, read_wav(path).samples)
    assert (found.left_out, found.resampled, found.clipped) == ([], 0, 0)


def test_what_cannot_be_used_is_left_out_and_counted(write: Writer, tmp_path: Path) -> None:
    for name in ("good", "second", "twice", "untold", "no_text"):
        write(f"{name}.wav", TONE)
    write("silent.wav", np.zeros(2000))
    write("short.wav", TONE[:500])
    write("cut.wav", TONE).write_bytes((tmp_path / "good.wav").read_bytes()[:-10])
    (tmp_path / "music.wav").write_bytes(b"ID3")
    names = ["good", "silent", "short", "cut", "music", "none", "twice", "twice", "second"]
    lines = "".join(f"{name}.wav\ttext of {name}\n" for name in names)
    folder = table(tmp_path, f"file\ttext\n{lines}no_text.wav\t\n\ttext without a file\n")
    with pytest.warns(UserWarning) as caught:
        found = read_clips(folder)
    assert found.texts == ["text of good", "text of twice", "text of second"]
    reasons = sorted(found.left_out)
    expected = ["cut.wav is cut off", "music.wav does not begin as a WAV", "none.wav does not exist", "has no file",
                "has no text", "short.wav is too short, 0.0625 seconds",
                "silent.wav is silent", "twice.wav is in transcripts.tsv more than once",
                "untold.wav has no transcript"]
    assert all(any(start in reason for reason in reasons) for start in expected), reasons
    assert len(reasons) == len(expected) and not any(str(folder) in reason for reason in reasons)
    message = str(caught[0].message)
    assert len(caught) == 1 and "\n" not in message
    assert message.startswith(f"{folder}: 3 clips read; 9 left out, the first because silent.wav is silent")


def test_clips_of_another_rate_are_resampled_on_request(write: Writer, tmp_path: Path) -> None:
    write("a.wav", TONE, rate=8000), write("b.wav", TONE, rate=16000)
    folder = table(tmp_path, "file\ttext\na.wav\tone\nb.wav\ttwo\n")
    assert [clip.rate for clip in quietly(folder).clips] == [8000, 8000]  # that of most, or of the first
    found = quietly(folder, rate=16000)
    assert [clip.rate for clip in found.clips] == [16000, 16000] and found.resampled == 1
    np.testing.assert_array_equal(found.clips[0].samples, read_wav(tmp_path / "a.wav", 16000).samples)


def test_clips_that_were_recorded_too_loud_are_kept_and_counted(write: Writer, tmp_path: Path) -> None:
    write("a.wav", TONE), write("b.wav", 5 * TONE)
    folder = table(tmp_path, "file\ttext\na.wav\tone\nb.wav\ttwo\n")
    with pytest.warns(UserWarning, match="2 clips read; 1 recorded too loud, with peaks that are cut off, and kept"):
        found = read_clips(folder)
    assert found.clipped == 1 and len(found.clips) == 2


@pytest.mark.parametrize("content, message", [
    ("", r"transcripts\.tsv begins with the columns ''; it must be a table with a header"),
    ("file\ttext\ttext\na.wav\tone\ttwo\n", "columns 'file', 'text', 'text'; it must be .*, each once"),
    ("a.wav\tone\n", r"begins with the columns 'a\.wav', 'one'; it must be a table with a header and the columns file"),
    ("file,text\na.wav,one\n", "begins with the columns 'file,text'"),
    ("file\ttext\n", "has no clip that can be used; 0 clips left out"),
])
def test_tables_that_are_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_clips(table(tmp_path, content))


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "transcripts.tsv").write_bytes(b"file\ttext\na.wav\tni\xf1o\n")
    with pytest.raises(ValueError, match=r"transcripts\.tsv, line 2, has the byte 0xf1, which is not UTF-8"):
        read_clips(tmp_path)


def test_folders_that_are_refused(write: Writer, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no transcripts\.tsv; it must be a table with a header"):
        read_clips(tmp_path)
    with pytest.raises(NotADirectoryError, match="none does not exist; clips are read from a folder"):
        read_clips(tmp_path / "none")
    with pytest.raises(NotADirectoryError, match=r"a\.wav is a file, but not a complete ZIP file; clips are read"):
        read_clips(write("a.wav", TONE))


def test_accents_are_one_letter_however_they_are_written(write: Writer, tmp_path: Path) -> None:
    write("a.wav", TONE), write("b.wav", TONE)
    assert quietly(table(tmp_path, "file\ttext\na.wav\tni\u00f1o\nb.wav\tnin\u0303o\n")).texts == ["ni\u00f1o"] * 2


# ZIP files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(write: Writer, tmp_path: Path) -> Path:
    """A folder of two clips and their table."""
    write("clips/a.wav", TONE)
    write("clips/more/b.wav", TONE[:1500])
    table = "file\ttext\tvoice\nmore/b.wav\ttwo\tBo\na.wav\tone\tAnn\n"
    (tmp_path / "clips" / "transcripts.tsv").write_text(table, encoding="utf-8")
    return tmp_path / "clips"


def zipped(folder: Path, begin: str = "") -> Path:
    """A ZIP file of a folder, in which each name has a beginning."""
    path = folder.parent / "clips.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for member in sorted(folder.rglob("*")):
            if member.is_file():
                file.write(member, begin + member.relative_to(folder).as_posix())
    return path


@pytest.mark.parametrize("begin", ["", "clips/", "a/b/"])
def test_a_zip_file_is_read_as_its_folder(folder: Path, begin: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain, found = read_clips(folder), read_clips(zipped(folder, begin))
    assert found[1:] == plain[1:] == (["two", "one"], ["Bo", "Ann"], [], 0, 0)
    for one, other in zip(found.clips, plain.clips, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)


def test_what_is_left_out_is_the_same(folder: Path, write: Writer) -> None:
    write("clips/untold.wav", TONE)
    (folder / "cut.wav").write_bytes((folder / "a.wav").read_bytes()[:-9])
    with open(folder / "transcripts.tsv", "a", encoding="utf-8") as file:
        file.write("cut.wav\tthree\t\nnone.wav\tfour\t\n../a.wav\tfive\t\n")
    with pytest.warns(UserWarning, match="clips: 2 clips read; 4 left out, the first because cut.wav is cut off"):
        plain = read_clips(folder)
    with pytest.warns(UserWarning, match=r"clips\.zip: 2 clips read; 4 left out, the first because cut.wav is cut off"):
        found = read_clips(zipped(folder, "clips/"))
    assert found.left_out == plain.left_out
    assert "none.wav does not exist; a clip is read from a WAV file" in found.left_out
    assert "../a.wav is not within the folder of transcripts.tsv; move it there" in found.left_out


def test_zip_files_that_are_refused(folder: Path) -> None:
    path = zipped(folder)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("other/transcripts.tsv", "file\ttext\n")
    with pytest.raises(FileNotFoundError, match=r"clips\.zip has 2 files transcripts\.tsv; it must have one"):
        read_clips(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(NotADirectoryError, match=r"clips\.zip is a file, but not a complete ZIP file; clips"):
        read_clips(path)


def test_a_damaged_member_is_left_out(folder: Path) -> None:
    path = zipped(folder)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        content[file.getinfo("a.wav").header_offset + 60] ^= 255
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"1 left out, the first because a\.wav is damaged: "):
        assert read_clips(path).texts == ["two"]


def test_one_clip_that_claims_too_much_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ZIP file of some KB that would unpack to 7 MB, and one whose directory claims 2 GB."""
    monkeypatch.setattr(archives, "SMALLEST_LIMIT", 1_000_000)
    (folder / "c.wav").write_bytes(bytes(7_000_000))
    with open(folder / "transcripts.tsv", "a", encoding="utf-8") as file:
        file.write("c.wav\tthree\t\n")
    path = zipped(folder)
    assert path.stat().st_size < 20_000
    with pytest.warns(UserWarning, match=r"1 left out, the first because c\.wav claims 7,000,000 bytes; at most"):
        assert read_clips(path).texts == ["two", "one"]
    content = path.read_bytes()
    claim = (1500 * 2 + 44).to_bytes(4, "little")
    begin = content.index(claim, content.rindex(b"PK\x01\x02", 0, content.rindex(b"more/b.wav")))
    path.write_bytes(content[:begin] + (2**31).to_bytes(4, "little") + content[begin + 4 :])
    with pytest.warns(UserWarning, match=r"2 left out, the first because more/b\.wav claims 2,147,483,648 bytes"):
        assert read_clips(path).texts == ["one"]


def test_a_clip_that_is_no_regular_file_or_outside_is_left_out(folder: Path, write: Writer) -> None:
    os.mkfifo(folder / "pipe.wav")
    outside = write("outside.wav", TONE)
    with open(folder / "transcripts.tsv", "a", encoding="utf-8") as file:
        file.write(f"pipe.wav\tthree\t\n../outside.wav\tfour\t\nmore/../../outside.wav\tfive\t\n{outside}\tsix\t\n")
    with pytest.warns(UserWarning, match="clips: 2 clips read; 4 left out"):
        found = read_clips(folder)
    assert found.left_out == [
        "pipe.wav is no regular file; a clip is read from a WAV file",
        "../outside.wav is not within the folder of transcripts.tsv; move it there",
        "more/../../outside.wav is in transcripts.tsv more than once; the first line counts",
        f"{outside} is not within the folder of transcripts.tsv; move it there"]
    with pytest.raises(ValueError, match=r"pipe\.wav is no regular file; clips are read from a folder"):
        read_clips(folder / "pipe.wav")


def test_a_clip_whose_rate_is_much_too_low_is_left_out(folder: Path, write: Writer) -> None:
    write("clips/a.wav", TONE, 1000)
    with pytest.warns(UserWarning, match=r"1 left out, the first because a\.wav: the new rate is 48,000 for a"):
        assert read_clips(folder, rate=48_000).texts == ["two"]


# The built-in clips ---------------------------------------------------------------------------------------------------

BUILT_IN = Path(str(resources.files("scratchtune.sequences.speech").joinpath("spoken_digits", "spoken_digits.zip")))


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


# Splitting by voice ---------------------------------------------------------------------------------------------------


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
