"""Pictures of image classifiers: learning curves, a confusion matrix, mistakes, filters; each saves one PNG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scratchtune.insight.plots import COLOURS, canvas, label, save

if TYPE_CHECKING:
    from scratchtune.study import Study, Trial


def plot_learning_curves(
    study: Study, chosen: Trial, curves: Mapping[int, Mapping[str, Sequence[float]]], path: str | Path,
) -> Path:
    """Draw what every trial has reported, epoch by epoch, and the chosen one's accuracy on its two kinds of rows.

    ``curves`` are histories by the number of the trial, "accuracy" and "val_accuracy" among them; where the chosen
    trial's is missing, since it was taken up from a file, its half stays empty.
    """
    figure, (search, best) = canvas(2)
    for trial in study.trials:
        if trial.reports:
            search.plot(list(trial.reports), list(trial.reports.values()), color="0.6", linewidth=0.8, alpha=0.7)
    reports = chosen.reports
    search.plot(list(reports), list(reports.values()), color=COLOURS[1], linewidth=2.2,
                label=f"trial {chosen.number}, which was chosen")
    label(search, "epochs", "accuracy on other rows", "The search: every training")
    values = [value for trial in study.trials for value in trial.reports.values()]
    if values:
        low, high = float(np.quantile(values, 0.1)), max(values)
        if high > low:
            search.set_ylim(low, high + 0.05 * (high - low))
    found = curves.get(chosen.number, {})
    for name, said, colour in (("accuracy", "rows to train on", 0), ("val_accuracy", "other rows", 1)):
        if name in found:
            best.plot(range(1, len(found[name]) + 1), found[name], color=COLOURS[colour], linewidth=2, label=said)
    label(best, "epochs", "accuracy", f"Trial {chosen.number}, which was chosen")
    return save(figure, path)


def plot_confusion(matrix: np.ndarray, names: Sequence[str], path: str | Path) -> Path:
    """Draw a confusion matrix (true class, said class), coloured by shares of the true class, with numbers of rows."""
    figure, axes = canvas(1, (1.2 + 0.62 * len(names), 0.9 + 0.55 * len(names)))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for row, column in np.ndindex(matrix.shape):
        if matrix[row, column]:
            axes.text(column, row, f"{matrix[row, column]:,}", ha="center", va="center", fontsize=8,
                      color="white" if shares[row, column] > 0.5 else "black")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel("said")
    axes.set_ylabel("is")
    right = np.trace(matrix) / max(matrix.sum(), 1)
    axes.set_title(f"{right:.1%} of {matrix.sum():,} are right", loc="left", fontweight="bold")
    return save(figure, path)


def plot_images(
    images: np.ndarray, titles: Sequence[str], path: str | Path, heading: str = "The surest mistakes",
) -> Path:
    """Draw gray images (n, height, width, 1) with a title each; none at all is said so."""
    columns = min(max(len(images), 1), 6)
    rows = max(math.ceil(len(images) / columns), 1)
    figure, grid = canvas((rows, columns), (1.5 * columns, 1.95 * rows + 0.4))
    for axes in grid:
        axes.set_axis_off()
    for axes, image, title in zip(grid, images, titles, strict=False):
        axes.imshow(image[..., 0], cmap="gray_r")
        axes.set_title(title, fontsize=7)
    figure.suptitle(heading if len(images) else "No mistakes", x=0.02, ha="left", fontweight="bold")
    return save(figure, path)


def plot_filters(kernel: np.ndarray, path: str | Path) -> Path:
    """Draw the filters of a first convolution, (rows, columns, channels, filters), each the mean over its channels."""
    filters = kernel.mean(axis=2)
    count = filters.shape[-1]
    columns = min(count, 8)
    rows = math.ceil(count / columns)
    figure, grid = canvas((rows, columns), (0.9 * columns, 0.95 * rows + 0.5))
    most = float(np.abs(filters).max())
    for number, axes in enumerate(grid):
        axes.set_axis_off()
        if number < count:
            axes.imshow(filters[..., number], cmap="RdBu_r", vmin=-most, vmax=most)
    figure.suptitle("The first layer's filters: red counts for, blue against", x=0.02, ha="left", fontweight="bold",
                    fontsize=9)
    return save(figure, path)
