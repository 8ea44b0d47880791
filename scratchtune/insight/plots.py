"""Plots of studies: each function draws and saves one PNG.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scratchtune.study import Study

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito: safe for the colour-blind
MARKERS = ("s", "o", "^", "D", "v", "P")


def plot_comparison(
    studies: Mapping[str, Study], costs: Mapping[str, Sequence[float]], parameter: str, path: str | Path,
    score: str = "cross-validated accuracy", logarithmic: bool = True,
) -> Path:
    """Plot, for studies over one space, the scores by one parameter, and the best score so far by the cost so far.

    ``costs`` are the epochs of each trial of each study, in the order of the trials' numbers.
    """
    figure, (tried, best) = canvas(2)
    for number, (name, study) in enumerate(studies.items()):
        look = {"color": COLOURS[number % 6], "label": name}
        trials = [trial for trial in study.trials if trial.state == "complete"]
        values = np.array([trial.value for trial in trials])
        x = [trial.params[parameter] for trial in trials]
        short = " (short trainings too)" if any(trial.parent is not None for trial in trials) else ""
        tried.scatter(x, values, s=34, marker=MARKERS[number % 6], alpha=0.75, edgecolor="none",
                      **look | {"label": name + short})
        so_far = np.maximum.accumulate(values) if study.direction == "maximize" else np.minimum.accumulate(values)
        paid = np.cumsum(costs[name])[[trial.number for trial in trials]]
        best.step([*paid, sum(costs[name])], [*so_far, so_far[-1]], where="post", linewidth=2, **look)
    if logarithmic:
        tried.set_xscale("log")
    label(tried, parameter.replace("_", " "), score, "All trials")
    label(best, "epochs, summed over folds", f"best {score}", "Best so far")
    _zoom(best, [study for study in studies.values()])
    return save(figure, path)


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


def _zoom(axes: Any, studies: Sequence[Study]) -> None:
    """Limit the y axis to where the curves end, so that a bad first trial does not set the scale."""
    values = np.concatenate([[trial.value for trial in study.trials if trial.state == "complete"] for study in studies])
    best = [study.best_value for study in studies]
    high = max(best)
    low = min(best) - 2.0 * (high - min(best)) if high > min(best) else np.quantile(values, 0.4)
    if studies[0].direction == "maximize" and high > low:
        axes.set_ylim(low - 0.05 * (high - low), high + 0.1 * (high - low))


def save(figure: Any, path: str | Path) -> Path:
    """Write a figure to a file; create the folder if it does not exist."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path
