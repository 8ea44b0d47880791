"""The plot of an alignment: it is drawn, in frames and in seconds, and bad input is an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scratchtune.insight.speech_plots import plot_alignment, plot_word_confusion, word_confusion

ROWS = np.log(0.05 + 0.8 * np.eye(4)[[0, 1, 1, 0, 3, 2, 2, 0]])


@pytest.mark.parametrize("step, spectrogram", [(None, None), (0.01, np.ones((8, 3)))])
def test_an_alignment_is_drawn(step: float | None, spectrogram: np.ndarray | None, tmp_path: Path) -> None:
    path = plot_alignment(ROWS, "a b", "ab ", tmp_path / "pictures" / "alignment.png", step, spectrogram)
    assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5000


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="step is 0.0; it must be a finite number above 0"):
        plot_alignment(ROWS, "a", "ab ", tmp_path / "a.png", 0.0)
    with pytest.raises(ValueError, match="text holds 'x', which is not in the alphabet"):
        plot_alignment(ROWS, "x", "ab ", tmp_path / "a.png")


def test_confused_words_are_counted() -> None:
    names, matrix = word_confusion(["one two", "two"], ["one one two", "one"])
    assert names == ["one", "two", "none"]
    assert matrix.tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 0]]  # an insertion, and "two" taken for "one"


def test_of_many_words_those_are_shown_that_are_confused_most(tmp_path: Path) -> None:
    names, matrix = word_confusion(["a b c", "a b", "a"], ["x b c", "a c", "x"], most=2)
    assert names == ["a", "b", "none, or others"]
    assert matrix.tolist() == [[1, 0, 2], [0, 1, 1], [0, 0, 0]]
    assert plot_word_confusion(["a b"], ["a"], tmp_path / "words.png").exists()
