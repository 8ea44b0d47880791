"""Pictures of values by parameters: slices, parallel coordinates, the ranks over the two most important parameters.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from scratchtune.checks import counted
from scratchtune.insight.reporting.charts import value_scale
from scratchtune.insight.reporting.markup import Markup, element, one_line
from scratchtune.insight.reporting.scales import Scale, parameter_scale, value_at
from scratchtune.insight.reporting.svg import Box, axes, figure, fitted, layer, picture, point, polyline, scroller
from scratchtune.insight.reporting.trials_table import FIRST_PARAMETER, VALUE
from scratchtune.insight.reporting.view import View
from scratchtune.study.trial import Trial

MOST_MARKS = 24000  # of all slices together; with more trials fewer parameters are drawn
MOST_SLICES = 24
MOST_AXES = 16  # of parallel coordinates
MOST_LINES = 3000
SPACING = 104.0  # between the axes of parallel coordinates


def slices(view: View) -> Markup:
    """The value by each parameter, a panel for each, the most important parameters first."""
    names = view.ordered_names()
    shown = names[: min(MOST_SLICES, max(2, MOST_MARKS // max(len(view.complete), 1)))]
    pictures = [_slice(view, name) for name in shown]
    left = names[len(shown):]
    note = "The value of each complete trial by each parameter. " + _left_out(left)
    return figure("Slices", element("div", *pictures, class_="panels"), note=note, wide=True)


def _slice(view: View, name: str) -> Markup:
    box = Box(300.0, 210.0, 52.0, 12.0, 10.0, 42.0)
    parameter = view.study.space.parameters[name]
    present = [trial for trial in view.complete if name in trial.shared_params]
    y = value_scale(view, view.values, box)
    box = fitted(box, y)
    x = parameter_scale(parameter, *box.inner_x, most=3)
    marks = [point(trial.number, x.at(value_at(parameter, trial.shared_params[name])), y.at(trial.value or 0.0),
                   view.look(trial), 5.0 if trial is view.best else 2.6 if len(present) <= 300 else 2.0)
             for trial in _best_last(view, present)]
    absent = len(view.complete) - len(present)
    note = f", absent in {counted(absent, 'trial')}" if absent else ""
    best = view.best.shared_params.get(name) if view.best else None
    found = f"; the best trial has {one_line(best)}" if best is not None else ""
    return picture(box, f"Value by {one_line(name)}{note}{found}.",
                   axes(box, x, y, one_line(name, 34 if not note else 22) + note, "value"), layer(marks))


def _best_last(view: View, trials: list[Trial]) -> list[Trial]:
    """The trials in such an order that better ones are drawn above worse ones."""
    return sorted(trials, key=lambda trial: (-view.bands[trial.number], trial is view.best, trial.number))


def _left_out(names: list[str]) -> str:
    if not names:
        return ""
    some = ", ".join(one_line(name, 20) for name in names[:8]) + (", ..." if len(names) > 8 else "")
    return f"Not drawn: {counted(len(names), 'further parameter')} ({some})."


def parallel(view: View) -> Markup:
    """Each complete trial as a line through its parameters and its value."""
    names = [name for name in view.names if name in set(view.ordered_names()[:MOST_AXES])]
    trials = _best_last(view, view.complete)[-MOST_LINES:]
    width = max(900.0, SPACING * len(names) + 170.0)
    box = Box(width, 330.0, 60.0, 84.0, 34.0, 40.0)
    places = [box.left + (width - box.left - box.right) * at / len(names) for at in range(len(names) + 1)]
    scales = [parameter_scale(view.study.space.parameters[name], *box.y, most=4) for name in names]
    last = value_scale(view, view.values, box)
    marks = [_line(view, trial, names, scales, last, places) for trial in trials]
    absent = box.y[0] + 18.0
    parts = [_axis(place, name, FIRST_PARAMETER + view.names.index(name), scale, box)
             for place, name, scale in zip(places[:-1], names, scales, strict=True)]
    parts.append(_axis(places[-1], None, VALUE, last, box))
    if any(name not in trial.shared_params for trial in trials for name in names):
        parts.append(element("text", "absent", class_="tick end", x=places[0] - 8, y=absent + 4))
    found = (f"Parallel coordinates of {counted(len(trials), 'complete trial')} over {counted(len(names), 'parameter')}"
             f"; the best fifth is drawn on top.")
    left = [name for name in view.names if name not in names]
    fewer = len(view.complete) - len(trials)
    note = "A line is a complete trial; on the right is its value. " + (
        f"The best {len(trials):,} of {len(view.complete):,} complete trials are drawn. " if fewer else ""
    ) + _left_out(left)
    drawn = picture(box, found, layer(marks), element("g", *parts, class_="frame"),
                    class_=f"chart parallel w{len(names) // 5}")
    return figure("Parallel coordinates", scroller("Parallel coordinates", drawn), note=note, wide=True)


def _line(view: View, trial: Trial, names: list[str], scales: list[Scale], last: Scale, places: list[float]) -> Markup:
    heights = []
    for name, scale in zip(names, scales, strict=True):
        if name in trial.shared_params:
            heights.append(scale.at(value_at(view.study.space.parameters[name], trial.shared_params[name])))
        else:
            heights.append(scale.start + 18.0)
    heights.append(last.at(trial.value or 0.0))
    return polyline(zip(places, heights, strict=True), view.look(trial), trial.number)


def _axis(place: float, name: str | None, column: int, scale: Scale, box: Box) -> Markup:
    """One vertical axis, None for the value; the script reads its scale from the data attributes, to brush a range.

    ``column`` is the index in `trials_table.columns`.
    """
    parts = [element("line", class_="axis", x1=place, x2=place, y1=box.y[1], y2=box.y[0])]
    side = -6.0 if name is not None else 6.0
    for value, text in scale.ticks:
        parts.append(element("text", text, class_="tick halo" + (" end" if side < 0 else ""), x=place + side,
                             y=scale.at(value) + 4))
    parts.append(element("text", "value" if name is None else one_line(name, 15), class_="label middle", x=place,
                         y=16.0))
    return element("g", *parts, class_="brush", data_column=column, data_low=repr(scale.low),
                   data_high=repr(scale.high), data_log="1" if scale.log else None, data_x=place,
                   data_top=box.y[1], data_bottom=box.y[0])


def rank(view: View) -> Markup:
    """The trials over the two most important parameters; the colour is the rank of the value."""
    names = view.ordered_names()[:2]
    if len(names) < 2:
        raise ValueError("The study has one parameter, so there is no pair to draw.")
    first, second = (view.study.space.parameters[name] for name in names)
    y = parameter_scale(second, *Box().inner_y)
    box = fitted(Box(), y)
    x = parameter_scale(first, *box.inner_x)
    trials = [trial for trial in _best_last(view, view.complete) if all(name in trial.shared_params for name in names)]
    marks = [point(trial.number, x.at(value_at(first, trial.shared_params[names[0]])),
                   y.at(value_at(second, trial.shared_params[names[1]])), view.look(trial),
                   6.0 if trial is view.best else 3.4 if len(trials) <= 300 else 2.6) for trial in trials]
    texts = [one_line(name, 40) for name in names]
    return figure("Ranks", picture(
        box, f"Ranks of {counted(len(trials), 'trial')} over {texts[0]} and {texts[1]}: darker is better.",
        axes(box, x, y, texts[0], texts[1]), layer(marks)),
        note="The two most important parameters; the colour is the rank of the value. "
             + (f"{len(view.complete) - len(trials):,} trials lack one of them." if len(trials) < len(view.complete)
                else ""))
