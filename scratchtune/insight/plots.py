"""The canvas, the colours, and saving.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito: safe for the colour-blind
MARKERS = ("s", "o", "^", "D", "v", "P")


def canvas(grid: int | tuple[int, int], size: tuple[float, float] | None = None) -> tuple[Any, Any]:
    """Return a figure of ``size`` (width, height) in inches, and its axes.

    ``grid`` is the number of axes side by side, or (rows, columns); for 1 the axes are one object, else a sequence.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows, columns = grid if isinstance(grid, tuple) else (1, grid)
    figure = Figure(figsize=size or (5.4 * columns, 4.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    return figure, axes[0] if grid == 1 else axes


def label(axes: Any, x: str, y: str, title: str, place: str = "lower right") -> None:
    """Label the axes, set a title, and add a legend if a curve has a label."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, loc="left", fontweight="bold")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc=place)


def save(figure: Any, path: str | Path) -> Path:
    """Write a figure to a file; create the folder if it does not exist."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path
