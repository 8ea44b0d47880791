"""The plot of a confusion matrix: what was taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scratchtune.insight.plots import canvas, save


def plot_confusion(
    matrix: np.ndarray, names: Sequence[str], path: str | Path, title: str | None = None,
    axes_names: tuple[str, str] = ("true class", "predicted class"),
) -> Path:
    """Plot a confusion matrix (true class, predicted class) and save it to ``path``.

    A cell shows its count, unless it is 0. Its colour is the count divided by the sum of its row, the examples of the
    true class. Without a ``title`` it is the accuracy on so many images.
    """
    figure, axes = canvas(1, (1.2 + 0.62 * len(names), 0.9 + 0.55 * len(names)))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for row, column in np.ndindex(matrix.shape):
        if matrix[row, column]:
            axes.text(column, row, f"{matrix[row, column]:,}", ha="center", va="center", fontsize=8,
                      color="white" if shares[row, column] > 0.5 else "black")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylabel(axes_names[0])
    axes.set_xlabel(axes_names[1])
    accuracy = np.trace(matrix) / max(matrix.sum(), 1)
    axes.set_title(title or f"accuracy {accuracy:.1%} on {matrix.sum():,} images", loc="left", fontweight="bold")
    return save(figure, path)
