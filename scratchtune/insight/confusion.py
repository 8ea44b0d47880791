"""The plot of a confusion matrix: which classes are predicted as which.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import canvas, save
from scratchtune.metrics import confusion_matrix
from scratchtune.metrics.labels import encoded

MOST_NUMBERED = 40  # of more classes the cells are too small for their counts


def plot_confusion_matrix(y_true: Any, y_pred: Any, labels: Sequence[Any] | None = None, ax: Any = None) -> Any:
    """Plot how many rows of each true class are predicted as each class; returns the Axes.

    ``labels`` are the classes to show, in their order (None: all, sorted). A cell shows its count, unless it is 0. Its
    colour is the count divided by the sum of its row, the examples of the true class.

    Raises
        ValueError as `scratchtune.metrics.confusion_matrix`.
    """
    matrix = confusion_matrix(y_true, y_pred, labels=labels)
    names = [drawing.plain(one) for one in (encoded(y_true, y_pred).classes.tolist() if labels is None else labels)]
    (axes,) = drawing.panels(canvas(1, _size(len(names)))[1] if ax is None else ax, 1)
    _draw(axes, matrix, names)
    count = f"{int(matrix.sum()):,} rows" if matrix.sum() != 1 else "1 row"
    drawing.finish(axes, "predicted class", "true class", "Confusion matrix",
                   f"accuracy {np.trace(matrix) / matrix.sum():.1%} on {count}")
    axes.spines[["top", "right"]].set_visible(True)
    return axes


def plot_confusion(
    matrix: np.ndarray, names: Sequence[str], path: str | Path, title: str | None = None,
    axes_names: tuple[str, str] = ("true class", "predicted class"),
) -> Path:
    """Plot a confusion matrix (true class, predicted class) as `plot_confusion_matrix`, and save it to ``path``.

    Without a ``title`` it is the accuracy on so many images.
    """
    figure, axes = canvas(1, _size(len(names)))
    _draw(axes, matrix, names)
    axes.set_ylabel(axes_names[0])
    axes.set_xlabel(axes_names[1])
    accuracy = np.trace(matrix) / max(matrix.sum(), 1)
    axes.set_title(title or f"accuracy {accuracy:.1%} on {matrix.sum():,} images", loc="left", fontweight="bold")
    return save(figure, path)


def _size(classes: int) -> tuple[float, float]:
    """Width and height of the figure, in inches."""
    classes = min(classes, MOST_NUMBERED)
    return 2.2 + 0.55 * max(classes, 3), 1.6 + 0.5 * max(classes, 3)


def _draw(axes: Any, matrix: np.ndarray, names: Sequence[str]) -> None:
    """Draw the cells; of many classes without counts, and with every second, third, ... name."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for row, column in np.argwhere(matrix) if len(names) <= MOST_NUMBERED else ():
        axes.text(column, row, f"{matrix[row, column]:,}", ha="center", va="center", fontsize=8,
                  color="white" if shares[row, column] > 0.5 else "black")
    step = -(-len(names) // MOST_NUMBERED)
    axes.set_xticks(range(0, len(names), step), names[::step], rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(0, len(names), step), names[::step], fontsize=8)
