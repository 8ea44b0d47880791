"""Pictures of a study as a whole: the history of its values, importances, reports, the timeline, the distribution.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.checks import counted
from scratchtune.insight.drawing import value_label
from scratchtune.insight.reporting.markup import Markup, element, one_line
from scratchtune.insight.reporting.scales import Scale, linear_scale
from scratchtune.insight.reporting.svg import (
    Box,
    axes,
    figure,
    fitted,
    layer,
    picture,
    point,
    polyline,
    scroller,
    sign,
    steps,
)
from scratchtune.insight.reporting.view import BANDS, View
from scratchtune.insight.trial_plots import UNITS
from scratchtune.study.trial import Trial

MOST_BARS = 15  # of importances
MOST_LINES = 2000  # of reports
WIDE = Box(980.0, 300.0)
SHARES = {"stopped": 0.6, "failed": 0.3}  # of a row of the timeline: the height of a bar, so that grey is enough
STRIP = 16.0  # below the axis of the history, for trials without a value that counts


def value_scale(view: View, values: Sequence[float] | np.ndarray, box: Box) -> Scale:
    """The vertical scale of values; of 20 or more the worst twentieth may be beyond it, and is drawn at its end."""
    shown = np.asarray(values, dtype=float)
    if len(shown) >= 20:
        low, high = ((shown.min(), np.quantile(shown, 0.95, method="higher")) if view.study.direction == "minimize"
                     else (np.quantile(shown, 0.05, method="lower"), shown.max()))
        shown = np.array([low, high]) if high > low else shown
    return linear_scale(shown, *box.inner_y)


def history(view: View) -> Markup:
    """The value of each complete trial by its number, the best one so far, and where trials have no value."""
    strip = STRIP if len(view.complete) < len(view.trials) else 0.0
    box = WIDE._replace(height=WIDE.height + strip, bottom=WIDE.bottom + strip)
    y = value_scale(view, view.values, box)
    box = fitted(box, y)
    x = linear_scale([0.0, float(max(len(view.trials) - 1, 1))], *box.inner_x, integer=True, most=8)
    so_far = (np.minimum if view.study.direction == "minimize" else np.maximum).accumulate(view.values)
    corners = [(x.at(trial.number), y.at(value)) for trial, value in zip(view.complete, so_far, strict=True)]
    corners.append((x.at(len(view.trials) - 1), y.at(so_far[-1])))
    marks = [_mark(view, trial, x, y, box) for trial in view.trials]
    beyond = sum(value < y.low or value > y.high for value in view.values)
    notes = [f"{count:,} {state}" for state, count in view.states.items() if state != "complete"]
    note = f"Below the axis: {', '.join(notes)}. " if notes else ""
    note += f"{counted(int(beyond), 'value')} beyond the axis drawn at its end." if beyond else ""
    found = (f"Optimization history of {counted(len(view.complete), 'complete trial')}: the best value is "
             f"{view.best.value:.6g}, of trial {view.best.number}." if view.best else "")
    drawn = picture(box, found, axes(box, x, y, "trial", value_label(view.study)), polyline(steps(corners), "sofar"),
                    layer(marks))
    return figure("Optimization history", scroller("Optimization history", drawn), wide=True,
                  note=f"The line is the best value so far. {note}")


def _mark(view: View, trial: Trial, x: Scale, y: Scale, box: Box) -> Markup:
    if trial.state == "complete":
        size = 6.0 if trial is view.best else 3.2 if len(view.trials) <= 300 else 2.4
        return point(trial.number, x.at(trial.number), y.at(trial.value or 0.0), view.look(trial), size)
    return sign(trial.number, x.at(trial.number), box.y[0] + 27.0, view.look(trial), trial.state)


def importance_bars(view: View) -> Markup:
    """The shares of parameters and pairs in the variance of the values, as bars."""
    shares = view.shares
    if isinstance(shares, str):
        raise ValueError(shares)
    rows = list(shares.items())[:MOST_BARS]
    box = Box(480.0, 34.0 + 22.0 * len(rows), 184.0, 52.0, 4.0, 30.0)
    x = linear_scale([0.0, max(share for _, share in rows) or 1.0], *box.x, most=4)
    parts = [element("line", class_="axis", x1=box.left, x2=box.left, y1=box.top, y2=box.y[0])]
    for row, (name, share) in enumerate(rows):
        at = box.top + 22.0 * row
        text = one_line(name if isinstance(name, str) else f"{name[0]} × {name[1]}", 24)
        parts += [element("rect", class_="bar", x=box.left, y=at + 3, height=15.0, width=x.at(share) - box.left),
                  element("text", text, class_="tick end", x=box.left - 6, y=at + 15),
                  element("text", f"{share:.1%}", class_="tick", x=x.at(share) + 5, y=at + 15)]
    parts.append(element("text", "share of the variance of the values", class_="label middle",
                         x=sum(box.x) / 2, y=box.height - 8))
    first, share = rows[0]
    name = first if isinstance(first, str) else " and ".join(first) + " together"
    left = len(shares) - len(rows)
    return figure("Importance", picture(box, f"Importance: {one_line(name)} explains {share:.0%} of the variance.",
                                        *parts, class_="chart bars"),
                  note=shares.basis + (f" {counted(left, 'smaller share')} not shown." if left else ""), wide=True)


def distribution(view: View) -> Markup:
    """The share of complete trials whose value is at most x."""
    box, ordered = Box(), np.sort(view.values)
    y = linear_scale([0.0, 1.0], *box.y)
    x = linear_scale(value_scale(view, ordered, box)[:2], *box.x)
    shares = np.arange(len(ordered) + 1) / len(ordered)
    line = [(x.at(value), y.at(share)) for value, share in zip([ordered[0], *ordered], shares, strict=True)]
    median = float(ordered[(len(ordered) - 1) // 2])  # the lower one; a mean of two could overflow
    return figure("Distribution of the values", picture(
        box, f"Empirical distribution function of {counted(len(ordered), 'value')}; the median is {median:.6g}.",
        axes(box, x, y, value_label(view.study), "share of trials"), polyline(steps(line), "line")),
        note=f"Share of trials with at most this value; half of them have at most {median:.4g}.")


def reports(view: View) -> Markup:
    """What each trial has reported by step."""
    reporting = [trial for trial in view.trials if trial.reports and trial.state != "failed"]
    if not reporting:
        raise ValueError("No trial has reported intermediate values.")
    shown, box = _lines_shown(view, reporting), Box()
    curves = [(trial, _curve(view, trial)) for trial in shown]
    everything = np.concatenate([curve for _, curve in curves])
    y = value_scale(view, everything[:, 1], box)
    box = fitted(box, y)
    x = linear_scale(everything[:, 0], *box.inner_x, integer=True)
    marks = [polyline([(x.at(step), y.at(value)) for step, value in curve], view.look(trial), trial.number)
             if len(curve) > 1 else point(trial.number, x.at(curve[0, 0]), y.at(curve[0, 1]), view.look(trial))
             for trial, curve in curves]
    stopped = sum(trial.state == "stopped" for trial in reporting)
    left = len(reporting) - len(shown)
    return figure("Intermediate values", picture(
        box, f"Intermediate values of {counted(len(shown), 'trial')}, {stopped:,} of them stopped.",
        axes(box, x, y, "step", value_label(view.study).replace("value", "reported value")), layer(marks)),
        note=f"{stopped:,} of {counted(len(reporting), 'reporting trial')} were stopped."
             + (f" The {left:,} last ones are not shown." if left else ""))


def _lines_shown(view: View, trials: list[Trial]) -> list[Trial]:
    """The first trials that fit, the best one last, on top."""
    chosen = [trial for trial in trials if trial is not view.best][:MOST_LINES]
    return chosen + [trial for trial in trials if trial is view.best]


def _curve(view: View, trial: Trial) -> np.ndarray:
    """Steps and reported values, (steps, 2), after the parent's last report before them; at most 100 of them."""
    points = sorted(trial.reports.items())
    if trial.parent is not None:
        points = [*sorted(pair for pair in view.trials[trial.parent].reports.items() if pair[0] < points[0][0])[-1:],
                  *points]
    return np.array(points[:: -(-len(points) // 100)] + points[-1:], dtype=float)


def timeline(view: View) -> Markup:
    """When each trial ran, as bars in as many rows as trials overlapped."""
    trials = sorted((trial for trial in view.trials if trial.started is not None and trial.finished is not None),
                    key=lambda trial: (trial.started, trial.number))
    if not trials:
        raise ValueError("No times of trials are recorded.")
    begin, end = min(trial.started for trial in trials), max(trial.finished or 0.0 for trial in trials)
    unit, length = max((pair for pair in UNITS if pair[1] <= max((end - begin) / 2.0, 1.0)), key=lambda pair: pair[1])
    rows = _rows(trials)
    count = max(rows.values()) + 1
    height = min(22.0, 240.0 / count)
    box = WIDE._replace(height=58.0 + height * count, left=40.0)
    x = linear_scale([0.0, (end - begin) / length], *box.x, most=8)
    marks = [_bar(view, trial, x, ((trial.started - begin) / length, ((trial.finished or 0.0) - begin) / length),
                  (box.top + height * rows[trial.number], height)) for trial in trials]
    drawn = picture(
        box, f"Timeline: {counted(len(trials), 'trial')} in {(end - begin) / length:.3g} {unit}, at most {count:,} at "
             "the same time.",
        axes(box, x, Scale(0.0, 1.0, *box.y, False, []), f"time since the first trial began [{unit}]", ""),
        layer(marks))
    return figure(
        "Timeline", scroller("Timeline", drawn), wide=True,
        note=f"At most {count:,} at the same time. Bars of stopped trials are lower, those of failed ones the lowest.")


def _rows(trials: list[Trial]) -> dict[int, int]:
    """A row for each trial, the first one that is free when it begins."""
    free: list[float] = []
    rows = {}
    for trial in trials:
        started, finished = trial.started or 0.0, trial.finished or 0.0
        row = next((row for row, time in enumerate(free) if time <= started), len(free))
        if row == len(free):
            free.append(finished)
        free[row] = max(free[row], finished)
        rows[trial.number] = row
    return rows


def _bar(view: View, trial: Trial, x: Scale, times: tuple[float, float], place: tuple[float, float]) -> Markup:
    left, (top, height) = x.at(times[0]), place
    share = SHARES.get(trial.state, 1.0)
    width, gap = max(x.at(times[1]) - left, 0.8), min(1.0, height / 6) + height * (1.0 - share) / 2
    return Markup(f'<rect class="m {view.look(trial)}" data-n="{trial.number}" x="{left:.1f}" y="{top + gap:.1f}" '
                  f'width="{width:.1f}" height="{height - 2 * gap:.1f}"/>')


def legend(view: View) -> Markup:
    """What the colours and signs of marks mean, for all pictures together."""
    names = {"complete": None, "stopped": "stopped", "failed": "failed", "running": "running"}
    keys = []
    if view.best is not None:
        bands = [element("span", class_=f"key q{band}") for band in range(BANDS)]
        keys.append(element("span", "value: best ", *bands, " worst fifth", class_="pair"))
        keys.append(element("span", element("span", class_="key best"), f" best, trial {view.best.number}",
                            class_="pair"))
    keys += [element("span", element("span", class_=f"key {state}"), f" {state}", class_="pair")
             for state in view.states if names.get(state)]
    return element("p", *keys, class_="legend")
