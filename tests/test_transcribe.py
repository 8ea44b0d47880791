"""scratchtune transcribe: texts on stdout, one a line; what cannot be used or is doubtful on stderr, by its name."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main

pytestmark = pytest.mark.slow  # its kernels take long to compile

TONE = 0.5 * np.sin(np.arange(4000) / 3)


def _write(path: Path, samples: np.ndarray, rate: int = 8000) -> str:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(np.round(32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes())
    return str(path)


@pytest.fixture
def model(tmp_path: Path) -> str:
    recognizer = st.SpeechRecognizer("ab", st.speech.Features(rate=8000), units=4, frames=50)
    recognizer.build()
    recognizer.save(tmp_path / "model.npz")
    return str(tmp_path / "model.npz")


def test_each_file_has_a_line_and_each_problem_a_sentence(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    files = [_write(tmp_path / "good.wav", TONE), _write(tmp_path / "silent.wav", 0 * TONE),
             _write(tmp_path / "short.wav", TONE[:50]), _write(tmp_path / "loud.wav", 9 * TONE),
             _write(tmp_path / "other.wav", TONE, 16000), str(tmp_path / "none.wav")]
    assert main(["transcribe", model, *files]) == 2
    printed = capsys.readouterr()
    lines = printed.out.split("\n")
    assert len(lines) == len(files) + 1 and [lines[number] for number in (1, 2, 5)] == ["", "", ""]
    for message in (f"{files[1]} is silent", f"{files[2]} is too short", f"{files[3]} was recorded too loud",
                    "scratchtune: 1 of 6 files resampled to 8,000", f"{files[5]} does not exist",
                    "scratchtune: 3 of 6 files could not be transcribed"):
        assert message in printed.err
    assert main(["transcribe", model, files[0]]) == 0
    assert capsys.readouterr().out == lines[0] + "\n"


@pytest.mark.parametrize("arguments, message", [
    (["--beam-width", "0"], "--beam-width is 0; it must be an integer of at least 1"),
    (["--language-weight", "-1"], "--language-weight is -1.0; it must be a finite number of at least 0.0"),
    (["--language-weight", "1"], "has no language model; omit it"),
    (["--insertion-bonus", "inf"], "--insertion-bonus is inf; it must be a finite number"),
])
def test_bad_options(
    model: str, tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["transcribe", model, _write(tmp_path / "good.wav", TONE), *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err and not printed.out
