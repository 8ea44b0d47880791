"""Plots of image classifiers: misclassified images, filters; each saves one PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scratchtune.insight.drawing import canvas, save


def plot_images(
    images: np.ndarray, titles: Sequence[str], path: str | Path, heading: str = "The most confident mistakes",
) -> Path:
    """Plot gray images (n, height, width, 1), each with a title; without any image the heading is "No mistakes"."""
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
    """Plot the filters of a first convolution, (rows, columns, channels, filters), each the mean over its channels."""
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
    figure.suptitle("Filters of the first layer: red is positive, blue negative", x=0.02, ha="left", fontweight="bold",
                    fontsize=9)
    return save(figure, path)
