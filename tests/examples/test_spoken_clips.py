"""Clips for the example of speech: what is read, what is left out, and that no voice is in two parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scratchtune as st
from scratchtune.examples.spoken_clips import LEAST, LONGEST, RATE, read_corpus

from .conftest import write_clip


def test_each_voice_is_in_one_part_only(tones: Path) -> None:
    corpus = read_corpus(tones)
    parts = [getattr(corpus, name) for name in ("train", "validation", "test")]
    voices = [set(part.voices) for part in parts]
    assert [len(each) for each in voices] == [6, 2, 2] and len(set.union(*voices)) == 10
    assert sum(len(part.clips) for part in parts) == 40 and corpus.alphabet == " abc"


def test_features_are_computed_once(tones: Path) -> None:
    corpus, features = read_corpus(tones), st.speech.Features(rate=RATE)
    assert corpus.features(features, "test") is corpus.features(features, "test")
    slow, fast = (corpus.features(features, "test", speed)[0] for speed in (0.9, 1.1))
    assert len(slow) > len(corpus.features(features, "test")[0]) > len(fast)


def test_clips_that_are_too_long_or_too_short_for_their_text_are_left_out(
    tones: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    rng = np.random.default_rng(1)
    write_clip(tones / "long.wav", rng.normal(scale=0.1, size=int(RATE * (LONGEST + 1))))
    write_clip(tones / "short.wav", rng.normal(scale=0.1, size=RATE // 4))
    with (tones / "transcripts.tsv").open("a") as file:
        file.write("long.wav\ta\tvoice 0\nshort.wav\ta b c a b c a b c\tvoice 0\n")
    corpus = read_corpus(tones)
    assert len(corpus.train.clips) + len(corpus.validation.clips) + len(corpus.test.clips) == 40
    assert "2 of 42 clips are left out: they are longer than 10 s, or too short for their text" in (
        capsys.readouterr().err)


def test_without_voices_the_clips_are_divided(tones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tones / "transcripts.tsv"
    table.write_text("\n".join(line.rsplit("\t", 1)[0] for line in table.read_text().splitlines()) + "\n")
    corpus = read_corpus(tones)
    assert [len(getattr(corpus, name).clips) for name in ("train", "validation", "test")] == [24, 8, 8]
    assert "the transcripts name no voices" in capsys.readouterr().err


def test_too_few_clips(tones: Path) -> None:
    table = tones / "transcripts.tsv"
    table.write_text("\n".join(table.read_text().splitlines()[:6]) + "\n")
    with pytest.warns(UserWarning, match="35 left out"), pytest.raises(ValueError, match=f"with 5 clips that can be "
                                                                       f"used; it must have at least {LEAST}"):
        read_corpus(tones)
    with pytest.raises(FileNotFoundError, match="--data is '/nowhere'; there is no such folder"):
        read_corpus("/nowhere")


def with_voices(folder: Path, voices: list[str]) -> Path:
    """Replace the voices of the table by these, in turn."""
    table = folder / "transcripts.tsv"
    header, *lines = table.read_text().splitlines()
    lines = [f"{line.rsplit(chr(9), 1)[0]}\t{voices[number % len(voices)]}" for number, line in enumerate(lines)]
    table.write_text("\n".join([header, *lines]) + "\n")
    return folder


@pytest.mark.parametrize("voices, message", [
    (["Ann"], "with 1 voice and 0 of 40 clips without one"), (["Ann", "Bo"], "with 2 voices and 0 of 40"),
    (["Ann", ""], "with 1 voice and 20 of 40 clips without one; the column voice must say"),
])
def test_too_few_voices(tones: Path, voices: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=f"--data is .*{message}"):
        read_corpus(with_voices(tones, voices))


def test_other_rates_are_said(tones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tones / "00.wav"
    clip.write_bytes(clip.read_bytes()[:24] + (16000).to_bytes(4, "little") + clip.read_bytes()[28:])
    assert read_corpus(tones).alphabet == " abc"
    assert "1 of 40 clips are resampled to 8,000" in capsys.readouterr().err
