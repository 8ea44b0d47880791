"""The plot of an alignment: it is drawn, in frames and in seconds, and bad input is an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scratchtune.insight.speech_plots import plot_alignment

ROWS = np.log(0.05 + 0.8 * np.eye(4)[[0, 1, 1, 0, 3, 2, 2, 0]])


@pytest.mark.parametrize("step", [None, 0.01])
def test_an_alignment_is_drawn(step: float | None, tmp_path: Path) -> None:
    path = plot_alignment(ROWS, "a b", "ab ", tmp_path / "pictures" / "alignment.png", step)
    assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5000


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="step is 0.0; it must be a finite number above 0"):
        plot_alignment(ROWS, "a", "ab ", tmp_path / "a.png", 0.0)
    with pytest.raises(ValueError, match="text holds 'x', which is not in the alphabet"):
        plot_alignment(ROWS, "x", "ab ", tmp_path / "a.png")
