"""The plot of a confusion matrix is written, also where a class has no rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scratchtune import insight
from scratchtune.insight.confusion import plot_confusion


def test_a_class_that_has_no_rows(tmp_path: Path) -> None:
    matrix = np.array([[3, 1, 0], [0, 0, 0], [1, 0, 2]])
    path = plot_confusion(matrix, ["a", "b", "c"], tmp_path / "deeper" / "confusion.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_public_plot_counts_labels() -> None:
    axes = insight.plot_confusion_matrix(["cat", "cat", "dog", "owl"], ["cat", "dog", "dog", "dog"])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["cat", "dog", "owl"]
    assert sorted(text.get_text() for text in axes.texts) == ["1", "1", "1", "1", "accuracy 50.0% on 4 rows"]
    assert axes.get_xlabel() == "predicted class" and axes.get_ylabel() == "true class"
    assert axes.images[0].get_array().tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    assert len(insight.plot_confusion_matrix(np.arange(100), np.arange(100)).texts) == 1  # too small for counts
    with pytest.raises(ValueError, match="y_true has 2 rows and y_pred has 1"):
        insight.plot_confusion_matrix([0, 1], [0])
