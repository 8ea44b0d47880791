"""The Pareto front of a study of several objectives: what one objective costs in terms of another.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.study.objectives import Objectives, pareto_optimal

if TYPE_CHECKING:
    from scratchtune.study import Study, Trial

LOGARITHMIC = 100.0  # an axis of positive values whose largest is so many times the smallest is logarithmic


def plot_pareto_front(
    study: Study, ax: Any = None, *, target_names: Sequence[str] | None = None, axis_order: Sequence[int] = (0, 1),
) -> Any:
    """Plot two objectives of each complete trial, those on the Pareto front as a line of steps; returns the Axes.

    Points on the worse side of the steps are dominated by a trial on the front. Each axis label says whether lower or
    higher is better. With three objectives or more, ``axis_order`` holds the indices of the two to draw, x first; the
    front is then that of all objectives, and no steps are drawn. ``target_names`` are the labels of all objectives;
    None: the names in ``directions``, such as ``{"error": "minimize", "seconds": "minimize"}``, if it has any.

    Raises
        ValueError where the study has one objective, or ``target_names`` or ``axis_order`` has the wrong length.
    """
    objectives = getattr(study, "objectives", None)
    if not isinstance(objectives, Objectives):
        raise TypeError(f"study is {study!r}; it must be a Study, or one read from a file")
    if not objectives.several:
        raise ValueError("study has one objective, so its front is a single value; plot_pareto_front needs directions "
                         "of several, and plot_optimization_history shows one")
    labels, at = _labels(objectives, target_names), _chosen_axes(objectives, axis_order)
    (axes,) = drawing.panels(ax, 1)
    complete = drawing.complete_trials(study)
    front = pareto_optimal(complete, objectives)
    on_front = {trial.number for trial in front}
    others = [trial for trial in complete if trial.number not in on_front]
    if others:
        drawing.dots(axes, others, *_points(others, at), color="0.6", label=f"other trials ({len(others):,})")
    if front:
        _draw_front(axes, front, at, objectives)
        for which, values in zip("xy", _points(complete, at), strict=True):
            if values.min() > 0.0 and values.max() >= LOGARITHMIC * values.min():
                getattr(axes, f"set_{which}scale")("log")
    else:
        drawing.say_empty(axes, study)
    drawing.finish(axes, labels[at[0]], labels[at[1]], "Pareto front", drawing.left_out(study, len(complete)))
    axes.grid(alpha=0.25)
    drawing.legend(axes, below=True)
    return axes


def _labels(objectives: Objectives, given: Sequence[str] | None) -> list[str]:
    """The labels of the axis of each objective."""
    names = list(objectives.labels) if given is None else [given] if isinstance(given, str) else list(given)
    if len(names) != len(objectives.directions):
        raise ValueError(f"target_names holds {checks.counted(len(names), 'name')}; it must hold "
                         f"{len(objectives.directions)}, one for each objective")
    return [f"{drawing.plain(name, 30)} ({'lower' if direction == 'minimize' else 'higher'} is better)"
            for name, direction in zip(names, objectives.directions, strict=True)]


def _chosen_axes(objectives: Objectives, order: Sequence[int]) -> list[int]:
    """The numbers of the objectives on the x axis and on the y axis."""
    chosen = [checks.integer("axis_order", one, low=0, high=len(objectives.directions) - 1) for one in order]
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        raise ValueError(f"axis_order is {tuple(chosen)}; it must hold the numbers of two different objectives")
    return chosen


def _points(trials: Sequence[Trial], at: list[int]) -> np.ndarray:
    """The two objectives that are drawn, (2, trials)."""
    return np.array([trial.values for trial in trials], dtype=float)[:, at].T


def _draw_front(axes: Any, front: Sequence[Trial], at: list[int], objectives: Objectives) -> None:
    """Draw the trials on the front; of two objectives with the border of what they dominate.

    Between two neighbours the border has the value of the one that is better on the x axis: that one dominates all
    points from its own x to the other's. So it is the left one where x is minimised.
    """
    points = _points(front, at)
    if len(objectives.directions) == 2:
        where = "post" if objectives.directions[at[0]] == "minimize" else "pre"
        axes.step(*points[:, np.argsort(points[0], kind="stable")], where=where, color=drawing.COLOURS[1],
                  linewidth=1.6, alpha=0.8, zorder=2)
    drawing.dots(axes, front, *points, color=drawing.COLOURS[1], label=f"on the Pareto front ({len(front):,})",
                 zorder=3)
