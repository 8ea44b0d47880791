"""What hyper-parameters do to the value: their importances as bars, and the partial dependence on one or two of them.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from scratchtune.core.search import Categorical
from scratchtune.core.study import Study
from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, Names, TrialTable, check_study
from scratchtune.insight.importances import PartialDependence, dependences, importance
from scratchtune.insight.parameter_plots import filled_contours, white_dots

MOST_MAIN, MOST_PAIRS = 20, 5  # bars
LEAST_PAIR = 0.005  # share; smaller interactions are not shown
MOST_PANELS = 8  # one for each parameter where none is named


def plot_param_importances(study: Study, ax: Any = None) -> Any:
    """Plot the share of each hyper-parameter in the variance of the value, and of the largest interactions.

    The shares are those of `importance`; the note says what they were computed from, and its ``basis`` says more. Where
    it needs more trials, or other ones, the plot says so. Returns the Axes. A ValueError for a study of several
    objectives.
    """
    check_study(study)
    if study.objectives.several:
        raise study.objectives.no_single("value whose variance could be attributed", "use plot_pareto_front")
    try:
        found = importance(study)
    except ValueError as reason:  # too few trials, equal values, a single parameter
        return _unavailable(study, [], str(reason), drawing.panels(ax, 1), "Importance of hyper-parameters")
    main = [(drawing.plain(name), share) for name, share in found.items() if isinstance(name, str)]
    pairs = [(f"{drawing.plain(name[0], 16)} × {drawing.plain(name[1], 16)}", share)
             for name, share in found.items() if not isinstance(name, str) and share >= LEAST_PAIR]
    bars = main[:MOST_MAIN] + pairs[:MOST_PAIRS]
    (axes,) = drawing.panels(ax, 1, size=(7.0, 1.6 + 0.32 * len(bars)))
    _draw_bars(axes, bars, min(len(main), MOST_MAIN))
    rest = f"; {len(main) - MOST_MAIN} parameters of smaller shares are not shown" * (len(main) > MOST_MAIN)
    drawing.finish(axes, "share of the variance of the value", None, "Importance of hyper-parameters",
                   drawing.in_short(found.basis) + rest, grid="x")
    return axes


def _draw_bars(axes: Any, bars: list[tuple[str, float]], main: int) -> None:
    """Draw bars of names and shares: the first ``main`` are parameters, the others pairs."""
    for start, end, colour, hatch, name in ((0, main, COLOURS[0], "", "main effect"),
                                            (main, len(bars), COLOURS[4], "//", "interaction of a pair")):
        if start < end:
            axes.barh(range(start, end), [share for _, share in bars[start:end]], 0.7, color=colour, hatch=hatch,
                      edgecolor="white", label=name)
    for number, (_, share) in enumerate(bars):
        axes.annotate(f"{share:.2f}" if share >= 0.005 else "< 0.01", (max(share, 0.0), number), (4.0, 0.0),
                      textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(bars)), [name for name, _ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.12 * max(share for _, share in bars) or 1.0)
    if main < len(bars):
        axes.legend(fontsize=8, framealpha=0.8, edgecolor="none", loc="lower right")


def plot_partial_dependence(study: TrialTable, params: Names = None, ax: Any = None) -> Any:
    """Plot the mean predicted value over all other parameters, with its 95 % interval.

    One parameter in ``params`` gives a curve, or a dot for each choice; two give their common dependence as contours,
    or as curves where one is categorical. None gives one panel for each parameter. Where it needs more trials, or other
    ones, the plot says so. Returns the Axes, or a list of them.
    """
    names = drawing.chosen_names(study, params, MOST_PANELS)
    both = params is not None and len(names) == 2
    groups: list[list[str]] = [names] if both else [[name] for name in names]
    axes = drawing.panels(ax, len(groups))
    try:
        dependence = dependences(study, groups)
    except ValueError as reason:  # too few trials, or equal values
        return _unavailable(study, names, str(reason), axes, "Partial dependence")
    for found, one in zip(dependence, axes, strict=True):
        if len(found.params) == 1:
            _curve(one, study, found)
        else:
            _surface(one, study, found)
    drawing.head(axes, "Partial dependence", drawing.in_short(dependence[0].basis))
    return drawing.one_or_all(axes)


def _unavailable(study: TrialTable, names: list[str], reason: str, axes: list[Any], title: str) -> Any:
    """Write why there is nothing to draw, in the first of empty axes; ``names`` are those of their parameters."""
    said = "\n".join(textwrap.wrap(drawing.plain(reason, 300), 48 if len(axes) == 1 else 26))
    drawing.say_empty(axes[0], study, said if drawing.complete_trials(study) else "")
    for name, one in zip(names, axes, strict=False):
        one.set(xticks=[], yticks=[])
        drawing.finish(one, drawing.plain(name))
    drawing.head(axes, title, "not available")
    return drawing.one_or_all(axes)


def _curve(axes: Any, study: TrialTable, found: PartialDependence) -> None:
    """Draw the dependence on one parameter."""
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
    drawing.finish(axes, None, f"mean {drawing.value_label(study)}", grid="both")
    if len(axes.figure.axes) == 1:
        drawing.legend(axes)


def _surface(axes: Any, study: TrialTable, found: PartialDependence) -> None:
    """Draw the dependence on two parameters: contours, or curves where one of them is categorical."""
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
    trials = drawing.by_budget(study, found.params)[0]
    white_dots(axes, trials, *(drawing.column(study, name, trials) for name in found.params))
    drawing.finish(axes)
    drawing.colour_bar(colours, [axes], f"mean {drawing.value_label(study)}", "both")


def _curves(axes: Any, study: TrialTable, found: PartialDependence, by: int) -> None:
    """Draw a curve, with its interval, for each of the first six values of parameter number ``by``, 0 or 1."""
    name = found.params[1 - by]
    at = drawing.positions(study.space.parameters[name], found.points[1 - by])
    drawing.set_axis(axes, "x", study, name)
    for number, choice in enumerate(found.points[by][:len(COLOURS)]):
        mean, lower, upper = (np.take(part, number, axis=by) for part in (found.mean, found.lower, found.upper))
        label = f"{drawing.plain(found.params[by])} = {drawing.plain(choice, 14)}"
        axes.errorbar(at, mean, (mean - lower, upper - mean), color=COLOURS[number], label=label, capsize=2,
                      linestyle=("-", "--", "-.", ":", "-", "--")[number], errorevery=max(len(at) // 10, 1))
    drawing.finish(axes, None, f"mean {drawing.value_label(study)}", grid="both")
    drawing.legend(axes)
