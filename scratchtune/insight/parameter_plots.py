"""Values by parameters, one panel for each: slices, and the parallel coordinates of all parameters.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, Target, TrialTable
from scratchtune.search.parameters import Float, Parameter

if TYPE_CHECKING:
    from scratchtune.study import Trial

MOST_SLICES = 64
MOST_COORDINATES = 100
ABSENT = -0.12  # the height at which a trial without the parameter crosses its axis


def plot_slice(
    study: TrialTable, params: str | Sequence[str] | None = None, ax: Any = None, *, target: Target | None =
    None, target_name: str = "target",
) -> Any:
    """Plot the value of each complete trial by each parameter, from early (blue) to late ones (orange).

    Points of a choice or an integer with many trials are spread to both sides of it; values far worse than the others
    are triangles at the edge. The best trial is a star, and trials of smaller budgets are grey.

    Returns the Axes, or a list of them, one for each of ``params`` (None: all). Trials without a conditional
    parameter are not in its panel; the note above it counts them.

    ``target`` and ``target_name`` are those of `plot_optimization_history`.
    """
    from matplotlib.colors import LinearSegmentedColormap

    study = drawing.targeted(study, target, target_name)
    names = drawing.chosen_names(study, params, MOST_SLICES)
    axes = drawing.panels(ax, len(names))
    order = LinearSegmentedColormap.from_list("order", [COLOURS[5], COLOURS[4]])  # of one lightness: dark means better
    colours = {"cmap": order, "vmin": 0, "vmax": max(len(study.trials) - 1, 1)}
    values = drawing.values_of(drawing.complete_trials(study))
    for name, one in zip(names, axes, strict=True):
        trials = drawing.complete_trials(study, [name])
        drawing.set_axis(one, "x", study, name)
        limit = drawing.limit_values(one, study, values)  # all panels have the same axis of values
        if trials:
            _draw_slice(one, study, name, trials, colours, limit)
        else:
            drawing.say_empty(one, study)
        is_first = ax is not None or one.get_subplotspec().is_first_col()
        drawing.finish(one, None, drawing.value_label(study) if is_first else None, None,
                       drawing.panel_note(study, len(trials)) if len(names) > 1 else "")
        one.tick_params(labelleft=is_first)
        one.grid(alpha=0.25)
    shown = len(drawing.complete_trials(study, names if len(names) == 1 else ()))
    drawing.head(axes, "Slice", drawing.left_out(study, shown) + drawing.budget_note(study)
                 + drawing.beyond_note(study, values, limit))
    if shown:
        drawing.integer_ticks(drawing.colour_bar(colours, axes, "trial").ax.yaxis)
    return drawing.one_or_all(axes)


def _draw_slice(
    axes: Any, study: TrialTable, name: str, trials: list[Trial], colours: dict[str, Any], limit: float,
) -> None:
    """Draw the trials of one panel by their order, those of smaller budgets, and the best one."""
    numbers = [trial.number for trial in trials]
    x = drawing.jittered(study.space.parameters[name], drawing.column(study, name, trials), numbers)
    at = dict(zip(numbers, x.tolist(), strict=True))
    (full, small), best = drawing.by_budget(study, [name]), drawing.best_trial(study)
    drawing.dots(axes, full, [at[trial.number] for trial in full], drawing.values_of(full),
                 c=[trial.number for trial in full], **colours)
    drawing.small_dots(axes, small, [at[trial.number] for trial in small], drawing.values_of(small))
    drawing.mark_beyond(axes, study, x, drawing.values_of(trials), limit, trials)
    if best is not None and best.number in at:
        drawing.mark_best(axes, best, at[best.number], float(best.value or 0.0))


def plot_parallel_coordinate(
    study: TrialTable, params: str | Sequence[str] | None = None, ax: Any = None, *, target: Target | None =
    None, target_name: str = "target",
) -> Any:
    """Plot each complete trial as a line through its value and its parameters; better trials are darker.

    A trial without a conditional parameter crosses that axis at "absent", below its range. One whose value is far worse
    than the others begins beyond the end of the axis of values. Trials of smaller budgets are grey. Returns the Axes.

    ``target`` and ``target_name`` are those of `plot_optimization_history`.
    """
    study = drawing.targeted(study, target, target_name)
    names = drawing.chosen_names(study, params, MOST_COORDINATES)
    if ax is None:
        ax = drawing.canvas(1, (float(np.clip(2.2 + 1.1 * len(names), 6.0, 36.0)), 4.6))[1]
    (axes,) = drawing.panels(ax, 1)
    trials = drawing.complete_trials(study)
    values = drawing.values_of(trials)
    limit = drawing.worst_shown(study, values)
    shown = np.where(drawing.is_beyond(study, values, limit), limit, values)
    span = (float(shown.min()), float(shown.max())) if trials else (0.0, 1.0)
    if span[0] == span[1]:
        span = span[0] - 0.5, span[1] + 0.5
    edge = 1.04 if study.direction == "minimize" else -0.04
    first = np.where(drawing.is_beyond(study, values, limit), edge, (shown - span[0]) / (span[1] - span[0]))
    heights = np.array([first, *(_heights(study.space.parameters[name], name, trials) for name in names)])
    if trials:
        _draw_lines(axes, study, trials, heights)
    else:
        drawing.say_empty(axes, study)
    has_absent = bool((heights[1:] == ABSENT).any())
    _draw_scales(axes, [Float(*span), *(study.space.parameters[name] for name in names)], has_absent)
    drawing.finish(axes, None, None, "Parallel coordinates", drawing.left_out(study, len(trials))
                   + drawing.budget_note(study) + drawing.beyond_note(study, values, limit))
    axes.set_xticks(range(len(heights)), ["value", *(drawing.plain(name) for name in names)],
                    rotation=0 if len(names) <= 3 else 30, ha="center" if len(names) <= 3 else "right")
    return axes


def _draw_lines(axes: Any, study: TrialTable, trials: list[Trial], heights: np.ndarray) -> None:
    """Draw a line for each trial, the best one on top, and those of smaller budgets grey below."""
    full, small = drawing.by_budget(study)
    worst_first = sorted(full, key=lambda trial: trial.value or 0.0, reverse=study.direction == "minimize")
    points = {trial.number: np.column_stack([np.arange(len(heights)), column])
              for trial, column in zip(trials, heights.T, strict=True)}
    values = drawing.values_of(worst_first)
    colours = drawing.value_colours(study, values)
    look = {"linewidths": 1.4 if len(trials) <= drawing.SEVERAL else 0.8, "alpha": drawing.faint(len(trials), 0.12)}
    shown = drawing.lines(axes, worst_first, [points[trial.number] for trial in worst_first], array=values,
                          cmap=colours["cmap"], **look)
    shown.set_clim(colours["vmin"], colours["vmax"])
    if small:
        drawing.lines(axes, small, [points[trial.number] for trial in small], colors="0.6", zorder=1,
                      **look | {"alpha": 0.5 * look["alpha"]})
    drawing.value_bar(colours, [axes], study, values)


def _heights(parameter: Parameter, name: str, trials: Sequence[Trial]) -> np.ndarray:
    """Heights of trials on an axis from 0 to 1; those without the parameter are at `ABSENT`."""
    there = np.array([name in trial.shared_params for trial in trials], dtype=bool)
    heights = np.full(len(trials), ABSENT)
    found = [trial.shared_params[name] for trial in trials if name in trial.shared_params]
    heights[there] = drawing.fractions(parameter, drawing.positions(parameter, found))
    return heights


def _draw_scales(axes: Any, parameters: list[Parameter], has_absent: bool) -> None:
    """Draw a vertical scale for each parameter, with the numbers or choices beside it."""
    for place, parameter in enumerate(parameters):
        at, texts = drawing.ticks(parameter, 5)
        heights = drawing.fractions(parameter, at)
        axes.plot([place, place], [0.0, 1.0], color="black", linewidth=1.2, marker="", zorder=3)
        axes.plot(np.full(len(heights), place), heights, "_", color="black", markersize=7, zorder=3)
        step = 1 if len(parameters) <= 20 else max(len(texts) - 1, 1)  # of many scales the ends alone have numbers
        for height, text in list(zip(heights, texts, strict=True))[::step]:
            axes.annotate(text, (place, height), (5.0, 0.0), textcoords="offset points", fontsize=8.5, va="center",
                          bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.8}, zorder=4)
    axes.set_yticks([ABSENT] if has_absent else [], ["absent"] if has_absent else [])
    axes.set_xlim(-0.15, len(parameters) - 0.45)
    axes.set_ylim(ABSENT - 0.04 if has_absent else -0.05, 1.05)
    axes.spines[["left", "bottom"]].set_visible(False)
