"""The plot of a confusion matrix is written, also where a class has no rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scratchtune.insight.confusion import plot_confusion


def test_a_class_that_has_no_rows(tmp_path: Path) -> None:
    matrix = np.array([[3, 1, 0], [0, 0, 0], [1, 0, 2]])
    path = plot_confusion(matrix, ["a", "b", "c"], tmp_path / "deeper" / "confusion.png")
    assert path.read_bytes().startswith(b"\x89PNG")
