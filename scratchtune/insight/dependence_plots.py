"""The partial dependence of the value on one parameter, as a curve with its interval, or on two, as contours.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, TrialTable
from scratchtune.insight.pair_plots import filled_contours, white_dots
from scratchtune.insight.partial_dependences import PartialDependence, dependences
from scratchtune.search import Categorical

MOST_PANELS = 8  # one for each parameter where none is named


def plot_partial_dependence(study: TrialTable, params: str | Sequence[str] | None = None, ax: Any = None) -> Any:
    """Plot the mean predicted value over all other parameters, with its 95 % interval.

    One parameter in ``params`` gives a curve, or a dot for each choice; two give their common dependence as contours,
    or as curves where one is categorical. None gives one panel for each parameter. `partial_dependence` says what the
    interval means. Where it needs more trials, or other ones, the plot says so. Returns the Axes, or a list of them.
    """
    names = drawing.chosen_names(study, params, MOST_PANELS)
    both = params is not None and len(names) == 2
    groups: list[list[str]] = [names] if both else [[name] for name in names]
    axes = drawing.panels(ax, len(groups))
    try:
        dependence = dependences(study, groups)
    except ValueError as reason:  # too few trials, or equal values
        return _without_curves(study, names, str(reason), axes)
    for found, one in zip(dependence, axes, strict=True):
        if len(found.params) == 1:
            _curve(one, study, found)
        else:
            _surface(one, study, found)
    drawing.head(axes, "Partial dependence", drawing.in_short(dependence[0].basis))
    return drawing.one_or_all(axes)


def _without_curves(study: TrialTable, names: list[str], reason: str, axes: list[Any]) -> Any:
    """Write in empty axes why there is no partial dependence: in full in the first panel only."""
    said = "\n".join(textwrap.wrap(drawing.plain(reason, 300), 48 if len(axes) == 1 else 26))
    drawing.say_empty(axes[0], study, *([said] if drawing.complete_trials(study) else []))
    for name, one in zip(names, axes, strict=False):
        one.set(xticks=[], yticks=[])
        drawing.finish(one, drawing.plain(name))
    drawing.head(axes, "Partial dependence", "not available")
    return drawing.one_or_all(axes)


def _curve(axes: Any, study: TrialTable, found: PartialDependence) -> None:
    """The dependence on one parameter."""
    name = found.params[0]
    at = drawing.positions(study.space.parameters[name], found.points[0])
    drawing.set_axis(axes, "x", study, name)
    if isinstance(study.space.parameters[name], Categorical):
        axes.errorbar(at, found.mean, (found.mean - found.lower, found.upper - found.mean), fmt="o", capsize=4,
                      color=COLOURS[0])
    else:
        axes.fill_between(at, found.lower, found.upper, color=COLOURS[0], alpha=0.25, linewidth=0,
                          label="95 % interval of the mean")
        axes.plot(at, found.mean, color=COLOURS[0], linewidth=2)
    drawing.finish(axes, None, f"mean {drawing.value_label(study)}")
    axes.grid(alpha=0.25)
    if len(axes.figure.axes) == 1:
        drawing.legend(axes)


def _surface(axes: Any, study: TrialTable, found: PartialDependence) -> None:
    """The dependence on two parameters: contours, or curves where one of them is categorical."""
    kinds = [isinstance(study.space.parameters[name], Categorical) for name in found.params]
    if any(kinds) or min(len(points) for points in found.points) < 2:
        _curves(axes, study, found, 1 if kinds[1] or not kinds[0] else 0)
        return
    at = [drawing.positions(study.space.parameters[name], points)
          for name, points in zip(found.params, found.points, strict=True)]
    drawing.set_axis(axes, "x", study, found.params[0])
    drawing.set_axis(axes, "y", study, found.params[1])
    colours = drawing.value_colours(study, found.mean.ravel())
    if colours["vmin"] < colours["vmax"]:
        filled_contours(axes, at[0], at[1], found.mean.T, colours)
    trials = drawing.complete_trials(study, found.params)
    white_dots(axes, trials, *(drawing.column(study, name, trials) for name in found.params))
    drawing.finish(axes)
    drawing.colour_bar(colours, [axes], f"mean {drawing.value_label(study)}", "both")


def _curves(axes: Any, study: TrialTable, found: PartialDependence, by: int) -> None:
    """One curve, with its interval, for each of the first six choices of the parameter ``by``."""
    name = found.params[1 - by]
    at = drawing.positions(study.space.parameters[name], found.points[1 - by])
    drawing.set_axis(axes, "x", study, name)
    for number, choice in enumerate(found.points[by][:len(COLOURS)]):
        mean, lower, upper = (np.take(part, number, axis=by) for part in (found.mean, found.lower, found.upper))
        label = f"{drawing.plain(found.params[by])} = {drawing.plain(choice, 14)}"
        axes.errorbar(at, mean, (mean - lower, upper - mean), color=COLOURS[number], label=label, capsize=2,
                      linestyle=("-", "--", "-.", ":", "-", "--")[number], errorevery=max(len(at) // 10, 1))
    drawing.finish(axes, None, f"mean {drawing.value_label(study)}")
    axes.grid(alpha=0.25)
    drawing.legend(axes)
