"""The Pareto front of a study of several objectives: what one objective costs in terms of another.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.plots import COLOURS
from scratchtune.study.objectives import Objectives, pareto_optimal

if TYPE_CHECKING:
    from scratchtune.study import Trial

LOGARITHMIC = 100.0  # an axis of positive values whose largest is so many times the smallest is logarithmic


class SeveralObjectives(drawing.TrialTable, Protocol):
    """What the plot needs of a study: its objectives too."""

    @property
    def objectives(self) -> Objectives:
        """The directions and names of the objectives."""


def plot_pareto_front(
    study: SeveralObjectives, ax: Any = None, *, target_names: Sequence[str] | None = None,
    include_dominated_trials: bool = True, axis_order: Sequence[int] | None = None,
) -> Any:
    """Plot two objectives of each complete trial, those on the Pareto front as a line of steps; returns the Axes.

    Points on the worse side of the steps are dominated by a trial on the front. Each axis label says whether lower or
    higher is better. With three objectives or more, ``axis_order`` holds the indices of the two to draw, x first; the
    front is then that of all objectives, and no steps are drawn. ``target_names`` are the labels of all objectives;
    None: the names in ``directions``, if it has any.

    Raises
        ValueError where the study has one objective, or ``target_names`` or ``axis_order`` has the wrong length.
    """
    objectives = getattr(study, "objectives", None)
    if not isinstance(objectives, Objectives):
        raise TypeError(f"study is {study!r}; it must be a Study, or one read from a file")
    if not objectives.several:
        raise ValueError("study has one objective, so its front is a single value; plot_pareto_front needs directions "
                         "of several, and plot_optimization_history shows one")
    names, (x, y) = _names(objectives, target_names), _chosen_axes(objectives, axis_order)
    (axes,) = drawing.panels(ax, 1)
    complete = drawing.complete_trials(study)
    front = pareto_optimal(complete, objectives)
    if include_dominated_trials and len(front) < len(complete):
        on_front = {trial.number for trial in front}
        _draw(axes, [trial for trial in complete if trial.number not in on_front], (x, y), color="0.65",
              label=f"other trials ({len(complete) - len(front):,})", **drawing.look_of_points(len(complete)))
    if front:
        _draw_front(axes, front, (x, y), objectives)
        _set_scales(axes, np.array([trial.values for trial in complete])[:, [x, y]])
    else:
        drawing.say_empty(axes, study)
    labels = [f"{drawing.plain(names[one], 30)} ({'lower' if objectives.directions[one] == 'minimize' else 'higher'} "
              "is better)" for one in (x, y)]
    drawing.finish(axes, labels[0], labels[1], "Pareto front", drawing.left_out(study, len(complete)))
    axes.grid(alpha=0.25)
    drawing.legend_below(axes)
    return axes


def _names(objectives: Objectives, given: Sequence[str] | None) -> Sequence[str]:
    """The labels of all objectives."""
    if given is None:
        return objectives.labels
    names = [given] if isinstance(given, str) else list(given)
    if len(names) != len(objectives.directions):
        raise ValueError(f"target_names holds {checks.counted(len(names), 'name')}; it must hold "
                         f"{len(objectives.directions)}, one for each objective")
    return names


def _chosen_axes(objectives: Objectives, order: Sequence[int] | None) -> tuple[int, int]:
    """The numbers of the objectives on the x axis and on the y axis."""
    count = len(objectives.directions)
    if order is None and count == 2:
        return 0, 1
    if order is None:
        raise ValueError(f"axis_order is None, and the study has {count} objectives; it must name the two that are "
                         "drawn, such as (0, 1)")
    chosen = [checks.integer("axis_order", one, low=0, high=count - 1) for one in order]
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        raise ValueError(f"axis_order is {tuple(chosen)}; it must hold the numbers of two different objectives")
    return chosen[0], chosen[1]


def _draw(axes: Any, trials: Sequence[Trial], at: tuple[int, int], **look: Any) -> None:
    points = np.array([trial.values for trial in trials], dtype=float)
    axes.scatter(points[:, at[0]], points[:, at[1]], **look)


def _draw_front(axes: Any, front: Sequence[Trial], at: tuple[int, int], objectives: Objectives) -> None:
    """Draw the trials on the front; of two objectives with the border of what they dominate.

    Between two neighbours the border has the value of the one that is better on the x axis: that one dominates all
    points from its own x to the other's. So it is the left one where x is minimised.
    """
    if len(objectives.directions) == 2:
        points = np.array([trial.values for trial in front], dtype=float)[:, at]
        points = points[np.argsort(points[:, 0], kind="stable")]
        where = "post" if objectives.directions[at[0]] == "minimize" else "pre"
        axes.step(points[:, 0], points[:, 1], where=where, color=COLOURS[1], linewidth=1.6, alpha=0.8, zorder=2)
    look = drawing.look_of_points(len(front)) | {"zorder": 3, "edgecolor": "0.2"}
    _draw(axes, front, at, color=COLOURS[1], label=f"on the Pareto front ({len(front):,})", **look)


def _set_scales(axes: Any, points: np.ndarray) -> None:
    """Make an axis logarithmic where its values are positive and of different magnitudes."""
    for which, values in zip("xy", points.T, strict=True):
        if values.min() > 0.0 and values.max() >= LOGARITHMIC * values.min():
            getattr(axes, f"set_{which}scale")("log")
