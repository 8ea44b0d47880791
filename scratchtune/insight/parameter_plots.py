"""Values by parameters, one panel for each: slices, and the parallel coordinates of all parameters.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import Target, TrialTable
from scratchtune.insight.plots import canvas
from scratchtune.search.parameters import Categorical, Parameter

MOST_SLICES = 64
MOST_COORDINATES = 100
MOST_POINTS = 100_000  # of all slices; of more trials each slice has every second, third, ...
ABSENT = -0.12  # the height at which a trial without the parameter crosses its axis


def plot_slice(
    study: TrialTable, params: str | Sequence[str] | None = None, ax: Any = None, *, target: Target | None =
    None, target_name: str = "target",
) -> Any:
    """Plot the value of each complete trial by each parameter; later trials are darker.

    Points of a choice or an integer with many trials are spread to both sides of it; values far worse than the others
    are triangles at the edge.

    Returns the Axes, or a list of them, one for each of ``params`` (None: all). Trials without a conditional
    parameter are not in its panel; the note above it counts them.

    ``target``, a function of a trial, gives another number than its value, such as ``lambda trial: trial.seconds``;
    ``target_name`` is its label.
    """
    study = drawing.targeted(study, target, target_name)
    names = drawing.chosen_names(study, params, MOST_SLICES)
    columns = 4 if len(names) <= 16 else 8
    axes = drawing.panels(ax, len(names), columns)
    colours = {"cmap": "cividis_r", "vmin": 0, "vmax": max(len(study.trials) - 1, 1)}
    values = drawing.values_of(drawing.complete_trials(study))
    limit = drawing.worst_shown(study, values) if len(values) else 0.0
    step = max(-(-len(values) * len(names) // MOST_POINTS), 1)
    for number, (name, one) in enumerate(zip(names, axes, strict=True)):
        trials = drawing.complete_trials(study, [name])
        drawing.set_axis(one, "x", study, name)
        if trials:
            _set_values(one, study, values)
            drawn = trials[::step]
            numbers, found = [trial.number for trial in drawn], drawing.values_of(drawn)
            x = drawing.jittered(study.space.parameters[name], drawing.column(study, name, drawn), numbers)
            drawing.of_trials(one.scatter(x, found, c=numbers, edgecolor="0.35", **colours,
                                          **drawing.look_of_points(len(drawn))), numbers)
            drawing.mark_beyond(one, study, x, found, limit)
        else:
            drawing.say_empty(one, study)
        drawing.finish(one, None, drawing.value_label(study) if number % columns == 0 else None, None,
                       drawing.panel_note(study, len(trials)) if len(names) > 1 else "")
        one.tick_params(labelleft=ax is not None or number % columns == 0)  # all panels have the same axis of values
        one.grid(alpha=0.25)
    shown = len(drawing.complete_trials(study, names if len(names) == 1 else ()))
    some = f", of which every {drawing.ordinal(step)} is drawn" if step > 1 else ""
    drawing.head(axes, "Slice", drawing.left_out(study, shown) + some + drawing.beyond_note(study, values, limit))
    if shown:
        drawing.integer_ticks(drawing.colour_bar(colours, axes, "trial").ax.yaxis)
    return drawing.one_or_all(axes)


def _set_values(axes: Any, study: TrialTable, values: np.ndarray) -> None:
    """Give all panels the same axis of values, also where the trials of one have only some of them."""
    limit = drawing.limit_values(axes, study, values)
    if not drawing.is_beyond(study, values, limit).any() and np.ptp(values) > 0.0:
        room = 0.05 * np.ptp(values)
        axes.set_ylim(values.min() - room, values.max() + room)


def plot_parallel_coordinate(
    study: TrialTable, params: str | Sequence[str] | None = None, ax: Any = None, *, target: Target | None =
    None, target_name: str = "target",
) -> Any:
    """Plot each complete trial as a line through its value and its parameters; better trials are darker.

    A trial without a conditional parameter crosses that axis at "absent", below its range. One whose value is far worse
    than the others begins beyond the end of the axis of values. Returns the Axes.

    ``target``, a function of a trial, gives another number than its value, such as ``lambda trial: trial.seconds``;
    ``target_name`` is its label.
    """
    from matplotlib.collections import LineCollection

    study = drawing.targeted(study, target, target_name)
    names = drawing.chosen_names(study, params, MOST_COORDINATES)
    if ax is None:
        ax = canvas(1, (float(np.clip(2.2 + 1.1 * len(names), 6.0, 36.0)), 4.6))[1]
    (axes,) = drawing.panels(ax, 1)
    trials = drawing.complete_trials(study)
    values = drawing.values_of(trials)
    limit = drawing.worst_shown(study, values) if trials else 0.0
    beyond = drawing.is_beyond(study, values, limit)
    shown = np.where(beyond, limit, values)
    span = (float(shown.min()), float(shown.max())) if trials else (0.0, 1.0)
    if span[0] == span[1]:
        span = span[0] - 0.5, span[1] + 0.5
    edge = 1.04 if study.direction == "minimize" else -0.04
    heights = [np.where(beyond, edge, (shown - span[0]) / (span[1] - span[0]))]
    heights += [_heights(study.space.parameters[name], [trial.shared_params.get(name, _MISSING) for trial in trials])
                for name in names]
    if trials:
        order = np.argsort(values if study.direction == "maximize" else -values, kind="stable")  # the best one on top
        x = np.broadcast_to(np.arange(len(heights)), (len(trials), len(heights)))
        colours = drawing.value_colours(study, values)
        lines = LineCollection(
            list(np.stack([x, np.array(heights).T], axis=2)[order]), cmap=colours["cmap"], array=values[order],
            alpha=float(np.clip(60.0 / len(trials), 0.12, 0.9)), rasterized=len(trials) > 200,
            linewidths=1.4 if len(trials) <= 200 else 0.8)
        lines.set_clim(colours["vmin"], colours["vmax"])
        axes.add_collection(drawing.of_trials(lines, [trials[k].number for k in order]))
        drawing.value_bar(colours, [axes], study, values)
    else:
        drawing.say_empty(axes, study)
    has_absent = any((height == ABSENT).any() for height in heights[1:])
    _draw_scales(axes, [study.space.parameters[name] for name in names], span, has_absent)
    drawing.finish(axes, None, None, "Parallel coordinates",
                   drawing.left_out(study, len(trials)) + drawing.beyond_note(study, values, limit))
    axes.set_xticks(range(len(heights)), ["value", *(drawing.plain(name) for name in names)],
                    rotation=0 if len(names) <= 3 else 30, ha="center" if len(names) <= 3 else "right")
    return axes


_MISSING = object()


def _heights(parameter: Parameter, values: list[Any]) -> np.ndarray:
    """Heights of values on an axis from 0 to 1; those that are missing are at `ABSENT`."""
    there = np.array([value is not _MISSING for value in values], dtype=bool)
    heights = np.full(len(values), ABSENT)
    found = [value for value in values if value is not _MISSING]
    heights[there] = drawing.fractions(parameter, drawing.positions(parameter, found))
    return heights


def _draw_scales(axes: Any, parameters: list[Parameter], span: tuple[float, float], has_absent: bool) -> None:
    """Draw a vertical scale for the value and for each parameter, with the numbers or choices beside it."""
    scales = [_value_ticks(span), *map(_ticks, parameters)]
    for at, scale in enumerate(scales):
        axes.plot([at, at], [0.0, 1.0], color="0.2", linewidth=0.8)
        for height, text in scale if len(scales) <= 20 else [scale[0], scale[-1]]:
            axes.annotate(text, (at, height), (3.0, 0.0), textcoords="offset points", fontsize=7, va="center",
                          bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6})
    axes.set_yticks([ABSENT] if has_absent else [], ["absent"] if has_absent else [])
    axes.set_xlim(-0.15, len(scales) - 0.45)
    axes.set_ylim(ABSENT - 0.04 if has_absent else -0.05, 1.05)
    axes.spines[["left", "bottom"]].set_visible(False)


def _value_ticks(span: tuple[float, float]) -> list[tuple[float, str]]:
    return [(share, f"{span[0] + share * (span[1] - span[0]):.3g}") for share in (0.0, 0.25, 0.5, 0.75, 1.0)]


def _ticks(parameter: Parameter) -> list[tuple[float, str]]:
    """(height, text) of each tick of a parameter's scale."""
    if isinstance(parameter, Categorical):
        step = -(-parameter.count // drawing.MOST_TICKS)
        at = np.arange(0, parameter.count, step, dtype=float)
        texts = [drawing.plain(choice, 14) for choice in parameter.choices[::step]]
    elif parameter.low == parameter.high:
        at, texts = np.array([float(parameter.low)]), [f"{parameter.low:.3g}"]
    else:
        ends = (float(parameter.low), float(parameter.high))
        at = np.geomspace(*ends, 5) if drawing.has_log_axis(parameter) else np.linspace(*ends, 5)
        if isinstance(parameter.low, int):
            at = np.unique(np.round(at))
        texts = [f"{number:.3g}" if not isinstance(parameter.low, int) or number >= 1e6 else f"{number:.0f}"
                 for number in at]
    return list(zip(drawing.fractions(parameter, at).tolist(), texts, strict=True))
