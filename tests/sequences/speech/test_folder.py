"""A folder of clips and transcripts: what is read, what is left out, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from scratchtune.sequences.speech import Recordings, read_clips, read_wav

from .conftest import Writer

TONE = 0.5 * np.sin(np.arange(2000) / 7)


def table(folder: Path, content: str, name: str = "transcripts.tsv") -> Path:
    (folder / name).write_text(content, encoding="utf-8")
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


def test_a_csv_table_has_quotes_and_columns_in_any_order(write: Writer, tmp_path: Path) -> None:
    write("a.wav", TONE)
    folder = table(tmp_path, '\ufeffText,length,FILE\r\n"seven, one",3,a.wav\r\n\r\n', "transcripts.csv")
    assert quietly(str(folder)).texts == ["seven, one"]  # type: ignore[arg-type]


def test_what_cannot_be_used_is_left_out_and_counted(write: Writer, tmp_path: Path) -> None:
    for name in ("good", "second", "twice", "untold", "no_text"):
        write(f"{name}.wav", TONE)
    write("silent.wav", np.zeros(2000))
    write("short.wav", TONE[:500])
    write("other.wav", TONE, rate=11025)
    write("cut.wav", TONE).write_bytes((tmp_path / "good.wav").read_bytes()[:-10])
    (tmp_path / "music.wav").write_bytes(b"ID3")
    names = ["good", "silent", "short", "other", "cut", "music", "none", "twice", "twice", "second"]
    lines = "".join(f"{name}.wav\ttext of {name}\n" for name in names)
    folder = table(tmp_path, f"file\ttext\n{lines}no_text.wav\t\n\ttext without a file\n")
    with pytest.warns(UserWarning) as caught:
        found = read_clips(folder)
    assert found.texts == ["text of good", "text of twice", "text of second"]
    reasons = sorted(found.left_out)
    expected = ["cut.wav is cut off", "music.wav is a file of type MP3", "none.wav does not exist", "has no file",
                "has no text", "other.wav has 11,025 samples a second", "short.wav is too short, 0.0625 seconds",
                "silent.wav is silent", "twice.wav is in transcripts.tsv more than once",
                "untold.wav has no transcript"]
    assert all(any(start in reason for reason in reasons) for start in expected), reasons
    assert len(reasons) == len(expected) and not any(str(folder) in reason for reason in reasons)
    message = str(caught[0].message)
    assert len(caught) == 1 and "\n" not in message
    assert message.startswith(f"{folder}: 3 clips read; 10 left out, the first because silent.wav is silent")


def test_clips_of_another_rate_are_resampled_on_request(write: Writer, tmp_path: Path) -> None:
    write("a.wav", TONE, rate=8000), write("b.wav", TONE, rate=16000)
    folder = table(tmp_path, "file\ttext\na.wav\tone\nb.wav\ttwo\n")
    found = quietly(folder, rate=16000)
    assert [clip.rate for clip in found.clips] == [16000, 16000] and found.resampled == 1
    np.testing.assert_array_equal(found.clips[0].samples, read_wav(tmp_path / "a.wav", 16000).samples)


def test_clips_that_were_recorded_too_loud_are_kept_and_counted(write: Writer, tmp_path: Path) -> None:
    write("a.wav", TONE), write("b.wav", 5 * TONE)
    folder = table(tmp_path, "file\ttext\na.wav\tone\nb.wav\ttwo\n")
    with pytest.warns(UserWarning, match="2 clips read; 1 recorded too loud, with peaks that are cut off, and kept"):
        found = read_clips(folder)
    assert found.clipped == 1 and len(found.clips) == 2


def test_the_length_of_the_shortest_clip_can_be_chosen(write: Writer, tmp_path: Path) -> None:
    write("a.wav", TONE[:500])
    folder = table(tmp_path, "file\ttext\na.wav\tone\n")
    assert len(quietly(folder, shortest=0.05).clips) == 1
    with pytest.raises(ValueError, match="no clip that can be used; 1 clip left out, the first because a.wav is too"):
        read_clips(folder)


@pytest.mark.parametrize("content, message", [
    ("", r"transcripts\.tsv begins with the columns of no table; it must be a table with a header"),
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
    with pytest.raises(FileNotFoundError, match=r"has neither of transcripts\.tsv and transcripts\.csv; it must have"):
        read_clips(tmp_path)
    for name in ("transcripts.tsv", "transcripts.csv"):
        table(tmp_path, "file\ttext\n", name)
    with pytest.raises(FileNotFoundError, match=r"has both of transcripts\.tsv and transcripts\.csv"):
        read_clips(tmp_path)
    with pytest.raises(NotADirectoryError, match="none does not exist; clips are read from a folder"):
        read_clips(tmp_path / "none")
    with pytest.raises(NotADirectoryError, match=r"a\.wav is a file, but not a complete ZIP file; clips are read"):
        read_clips(write("a.wav", TONE))


def test_lines_whose_text_would_be_cut_are_left_out(write: Writer, tmp_path: Path) -> None:
    """A comma without quotes divides a text, and a quote that is not closed swallows the lines after it."""
    write("a.wav", TONE), write("b.wav", TONE), write("c.wav", TONE)
    folder = table(tmp_path, 'file,text\na.wav,one, two\nb.wav,three,\nc.wav,"four\nfive"\n', "transcripts.csv")
    with pytest.warns(UserWarning, match="1 clip read; 2 left out"):
        found = read_clips(folder)
    assert found.texts == ["three"] and found.left_out[:2] == [
        "a.wav has 3 cells for 2 columns (a text with a comma must be in quotes) in transcripts.csv, line 2",
        "c.wav has a cell of several lines in transcripts.csv, line 5"]
    with pytest.raises(ValueError, match=r"transcripts\.csv, line 3, cannot be read \(unexpected end of data\)"):
        read_clips(table(tmp_path, 'file,text\na.wav,"one\nb.wav,two\n', "transcripts.csv"))
    with pytest.raises(ValueError, match="columns 'file', 'text', 'text'; each name must occur once"):
        read_clips(table(tmp_path, "file,text,text\na.wav,one,two\n", "transcripts.csv"))


def test_accents_are_one_letter_however_they_are_written(write: Writer, tmp_path: Path) -> None:
    write("a.wav", TONE), write("b.wav", TONE)
    assert quietly(table(tmp_path, "file\ttext\na.wav\tni\u00f1o\nb.wav\tnin\u0303o\n")).texts == ["ni\u00f1o"] * 2
