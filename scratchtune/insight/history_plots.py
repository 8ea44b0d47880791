"""Values of a study as a whole: the optimization history, and the empirical distribution function.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.plots import COLOURS, MARKERS

STYLES = ("-", "--", "-.", ":")


def plot_optimization_history(study: TrialTable | Sequence[TrialTable], ax: Any = None) -> Any:
    """Plot the value of each complete trial by its number, and the best value so far; returns the Axes.

    Several studies of one direction are drawn in one plot. The figure is ``axes.figure``.
    """
    studies = _as_list(study)
    (axes,) = drawing.panels(ax, 1)
    for number, one in enumerate(studies):
        trials = drawing.complete_trials(one)
        if not trials:
            continue
        values, numbers = drawing.values_of(trials), [trial.number for trial in trials]
        best = drawing.best_of(one, values)
        so_far = (np.minimum if one.direction == "minimize" else np.maximum).accumulate(values)
        name = "" if len(studies) == 1 else f"{drawing.plain(one.name)}: "
        colour = COLOURS[number % len(COLOURS)]
        axes.scatter(numbers, values, color=colour, marker="o" if len(studies) == 1 else MARKERS[number % len(MARKERS)],
                     edgecolor="none", label=f"{name}complete trials",
                     **drawing.look_of_points(len(trials)) | {"alpha": 0.6 if len(trials) <= 1000 else 0.3})
        axes.step([*numbers, len(one.trials) - 1], [*so_far, so_far[-1]], STYLES[number % len(STYLES)], where="post",
                  linewidth=2, color=COLOURS[1] if len(studies) == 1 else colour, label=f"{name}best value so far")
        axes.plot(numbers[best], values[best], "*", markersize=13, color="black", markeredgecolor="white",
                  label=f"{name}best, trial {numbers[best]}: {values[best]:.4g}")
    _finish(axes, studies, "trial", drawing.value_label(studies[0]), "Optimization history")
    drawing.integer_ticks(axes.xaxis)
    return axes


def plot_edf(study: TrialTable | Sequence[TrialTable], ax: Any = None) -> Any:
    """Plot the empirical distribution function of the complete trials' values; returns the Axes.

    It is the share of trials whose value is at most x. Several studies of one direction are drawn in one plot.
    """
    studies = _as_list(study)
    (axes,) = drawing.panels(ax, 1)
    for number, one in enumerate(studies):
        values = np.sort(drawing.values_of(drawing.complete_trials(one)))
        if len(values):
            shares = np.arange(len(values) + 1) / len(values)
            axes.step([values[0], *values], shares, STYLES[number % len(STYLES)], where="post", linewidth=2,
                      color=COLOURS[number % len(COLOURS)],
                      label=f"{drawing.plain(one.name)}, {len(values):,}" if len(studies) > 1 else None)
    _finish(axes, studies, drawing.value_label(studies[0]), "share of trials with at most this value",
            "Empirical distribution of the values")
    axes.set_ylim(0.0, 1.02)
    return axes


def _as_list(study: TrialTable | Sequence[TrialTable]) -> list[TrialTable]:
    several = isinstance(study, (list, tuple)) and not hasattr(study, "trials")  # a StoredStudy is a tuple too
    studies: list[Any] = list(study) if several else [study]  # type: ignore[arg-type]
    if not studies or not all(hasattr(one, "trials") for one in studies):
        raise TypeError(f"study is {study!r}; it must be a Study, or a list of at least one Study")
    directions = {one.direction for one in studies}
    if len(directions) > 1:
        raise ValueError("study holds studies that minimize and studies that maximize; all must have one direction")
    return studies


def _finish(axes: Any, studies: list[TrialTable], x: str, y: str, title: str) -> None:
    counts = [len(drawing.complete_trials(one)) for one in studies]
    if not any(counts):
        drawing.say_empty(axes, studies[0])
    drawing.finish(axes, x, y, title, drawing.left_out(studies[0], counts[0]) if len(studies) == 1 else "")
    axes.grid(alpha=0.25)
    drawing.legend(axes)
