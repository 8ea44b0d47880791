"""A ZIP file of clips is read as its folder is; what is wrong with one is said in one sentence."""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from scratchtune import archives
from scratchtune.sequences.speech import read_clips

from .conftest import Writer

TONE = 0.5 * np.sin(np.arange(2000) / 7)


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
    with pytest.raises(FileNotFoundError, match=r"clips\.zip has more than one of transcripts\.tsv and"):
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
