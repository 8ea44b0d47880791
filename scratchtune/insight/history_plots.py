"""What came of a study's trials: values by number and as a distribution, the Pareto front, reports, and when they ran.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.study import Study, Trial
from scratchtune.core.study.best import so_far
from scratchtune.core.study.objectives import Objectives, pareto_optimal
from scratchtune.core.study.progress import readable
from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, MANY, MARKERS, SEVERAL, Target, TrialTable

STYLES = ("-", "--", "-.", ":")
Studies = TrialTable | Sequence[TrialTable]
LOGARITHMIC = 100.0  # an axis of positive values whose largest is so many times the smallest is logarithmic
KINDS = {"complete": (COLOURS[0], "-"), "smaller budgets": ("0.6", "-"), "infeasible": ("0.6", "-."),
         "stopped": (COLOURS[1], "--"), "running": ("0.3", ":")}
BARS = {"complete": (COLOURS[5], None), "stopped": (COLOURS[4], "v"), "failed": (COLOURS[1], "x"),
        "running": ("0.6", ">")}  # colour, and the sign at the end
MOST_SIGNS = 40  # of one state in a timeline; more would cover the bars
UNITS = (("s", 1.0), ("min", 60.0), ("h", 3600.0), ("days", 86400.0))


def plot_optimization_history(
    study: Studies, ax: Any = None, *, target: Target = None, target_name: str = "target",
) -> Any:
    """Plot the value of each complete trial by its number, and the best value so far; returns the Axes.

    Several studies of one direction are drawn in one plot. Where budgets differ, as in Hyperband, only trials of the
    largest budget count as the best, and the others are grey, as infeasible ones are. Values that are far worse than
    the others are triangles at the edge. The figure is ``axes.figure``.

    ``target``, a function of a trial, gives another number than its value, such as ``lambda trial: trial.seconds``;
    ``target_name`` is its label, and no best value is drawn.
    """
    studies = _of_one_direction(drawing.targeted(one, target, target_name) for one in drawing.as_studies(study))
    (axes,) = drawing.panels(ax, 1)
    values = np.concatenate([drawing.values_of(drawing.complete_trials(one)) for one in studies])
    limit = drawing.limit_values(axes, studies[0], values)
    for number, one in enumerate(studies):
        _draw_history(axes, one, number, len(studies), limit)
    if len(values):
        drawing.integer_ticks(axes.xaxis)
    several = f"dots: complete trials{'; lines: best value so far; stars: best trials' * (target is None)}"
    _finish(axes, studies, "trial", drawing.value_label(studies[0]), "Optimization history",
            several * (len(studies) > 1) + drawing.beyond_note(studies[0], values, limit))
    return axes


def _draw_history(axes: Any, study: TrialTable, number: int, count: int, limit: float) -> None:
    """Draw study ``number`` of ``count``: its trials (beyond ``limit`` at the edge), best value so far, best trial."""
    trials, small = drawing.by_budget(study)
    if not (trials or small):
        return
    own = count == 1  # the parts of several studies are explained in the note, and each study has one entry
    everyone, numbers = [*trials, *small], [trial.number for trial in trials]
    colour, marker = COLOURS[number % len(COLOURS)], "o" if own else MARKERS[number % len(MARKERS)]
    budgets = [trial.budget for trial in trials[:1] if small and trial.budget is not None]
    at_budget = "".join(f", budget {budget:g}" for budget in budgets)
    drawing.dots(axes, trials, numbers, drawing.values_of(trials), color=colour, edgecolor="none", marker=marker,
                 label=f"complete trials{at_budget}" if own else None, alpha=0.6 if len(trials) <= 1000 else 0.3)
    drawing.small_dots(axes, small, [trial.number for trial in small], drawing.values_of(small),
                       f"complete trials, {drawing.uncounted(small)}" if own else None)
    drawing.mark_beyond(axes, study, everyone, [trial.number for trial in everyone], limit)
    best, text = drawing.best_trial(study), ""
    if best is not None:
        text = f"best, trial {best.number}: {best.value:.4g}"
        line = drawing.values_of(so_far(study.trials, study.direction))
        axes.step([*numbers, len(study.trials) - 1], [*line, line[-1]], STYLES[number % len(STYLES)], where="post",
                  linewidth=2, color=COLOURS[1] if own else colour,
                  label=f"best value so far{at_budget}" if own else None)
        drawing.mark_best(axes, best, best.number, label=text if own else None)
    if not own:
        axes.plot([], [], STYLES[number % len(STYLES)] if best else "", color=colour, marker=marker, linewidth=2,
                  label=drawing.plain(study.name) + f": {text}{at_budget}" * bool(text))


def plot_edf(study: Studies, ax: Any = None) -> Any:
    """Plot the empirical distribution function of the complete trials' values; returns the Axes.

    It is the share of trials whose value is at least as good as x: at most x, or at least x where values are maximised.
    Where budgets differ, only trials of the largest one count. Several studies of one direction are drawn in one plot.
    """
    studies = _of_one_direction(drawing.as_studies(study))
    (axes,) = drawing.panels(ax, 1)
    sign = 1.0 if studies[0].direction == "minimize" else -1.0
    every = [sign * np.sort(sign * drawing.values_of(drawing.by_budget(one)[0])) for one in studies]
    for number, (one, values) in enumerate(zip(studies, every, strict=True)):
        if len(values):
            axes.step([values[0], *values], np.arange(len(values) + 1) / len(values), STYLES[number % len(STYLES)],
                      where="post", linewidth=2, color=COLOURS[number % len(COLOURS)],
                      label=f"{drawing.plain(one.name)}, {len(values):,}" if len(studies) > 1 else None)
    limit = drawing.limit_values(axes, studies[0], np.concatenate(every), "x")
    small = drawing.by_budget(studies[0])[1]
    note = f"; {len(small):,} do not count: {drawing.uncounted(small)}" * bool(small and len(studies) == 1)
    note += drawing.beyond_note(studies[0], np.concatenate(every), limit)
    _finish(axes, studies, drawing.value_label(studies[0]),
            f"share of trials with at {'most' if sign > 0.0 else 'least'} this value",
            "Empirical distribution of the values", note)
    axes.set_ylim(0.0, 1.02)
    return axes


def _of_one_direction(given: Iterable[Any]) -> list[Any]:
    """The studies as a list; a ValueError where their directions differ."""
    studies = list(given)
    if len({one.direction for one in studies}) > 1:
        raise ValueError("study holds studies that minimize and studies that maximize; all must have one direction")
    return studies


def _finish(axes: Any, studies: list[TrialTable], x: str, y: str, title: str, note: str) -> None:
    counts = [len(drawing.complete_trials(one)) for one in studies]
    if not any(counts):
        drawing.say_empty(axes, studies[0])
    left_out = drawing.left_out(studies[0], counts[0]) if len(studies) == 1 else ""
    drawing.finish(axes, x, y, title, (left_out + note).removeprefix("; "), "both")
    drawing.legend_below(axes)


def plot_pareto_front(
    study: Study, ax: Any = None, *, target_names: Sequence[str] | None = None, axis_order: Sequence[int] = (0, 1),
) -> Any:
    """Plot two objectives of each complete trial, those on the Pareto front as a line of steps; returns the Axes.

    Points on the worse side of the steps are dominated by a trial on the front. With three objectives or more,
    ``axis_order`` holds the indices of the two to draw, x first; no steps are drawn then. ``target_names`` are the
    labels of all objectives; None: their names in ``directions``. A ValueError where the study has one objective, or
    ``target_names`` or ``axis_order`` has the wrong length.
    """
    drawing.check_study(study)
    objectives = study.objectives
    if not objectives.several:
        raise ValueError("study has one objective, so its front is a single value; plot_pareto_front needs directions "
                         "of several, and plot_optimization_history shows one")
    labels, at = _chosen(objectives, target_names, axis_order)
    (axes,) = drawing.panels(ax, 1)
    complete = drawing.complete_trials(study)
    front = pareto_optimal(complete, objectives)
    on_front = {trial.number for trial in front}
    others = [trial for trial in complete if trial.number not in on_front]
    if others:
        infeasible = sum(trial.violation > 0.0 for trial in others)
        drawing.dots(axes, others, *_points(others, at), color="0.6", label=(
            f"other trials ({len(others):,}{f', {infeasible:,} infeasible' * bool(infeasible)})"))
    if front:
        points = _points(front, at)
        if len(objectives.directions) == 2:
            # Between two neighbours the border of what they dominate has the value of the one that is better on the x
            # axis: that one dominates all points from its own x to the other's.
            where = "post" if objectives.directions[at[0]] == "minimize" else "pre"
            axes.step(*points[:, np.argsort(points[0], kind="stable")], where=where, color=COLOURS[1], linewidth=1.6,
                      alpha=0.8, zorder=2)
        drawing.dots(axes, front, *points, color=COLOURS[1], label=f"on the Pareto front ({len(front):,})", zorder=3)
        for which, values in zip("xy", _points(complete, at), strict=True):
            if values.min() > 0.0 and values.max() >= LOGARITHMIC * values.min():
                getattr(axes, f"set_{which}scale")("log")
    else:
        drawing.say_empty(axes, study)
    drawing.finish(axes, labels[at[0]], labels[at[1]], "Pareto front", drawing.left_out(study, len(complete)), "both")
    drawing.legend_below(axes)
    return axes


def _chosen(
    objectives: Objectives, names: Sequence[str] | None, order: Sequence[int],
) -> tuple[list[str], list[int]]:
    """The labels of all objectives, and the numbers of those on the x axis and on the y axis."""
    names = list(objectives.labels) if names is None else [names] if isinstance(names, str) else list(names)
    if len(names) != len(objectives.directions):
        raise ValueError(f"target_names holds {checks.counted(len(names), 'name')}; it must hold "
                         f"{len(objectives.directions)}, one for each objective")
    chosen = [checks.integer("axis_order", one, low=0, high=len(names) - 1) for one in order]
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        raise ValueError(f"axis_order is {tuple(chosen)}; it must hold the numbers of two different objectives")
    return [f"{drawing.plain(name, 30)} ({'lower' if direction == 'minimize' else 'higher'} is better)"
            for name, direction in zip(names, objectives.directions, strict=True)], chosen


def _points(trials: Sequence[Trial], at: list[int]) -> np.ndarray:
    """The values of the two objectives ``at`` that are drawn, (2, trials)."""
    return np.array([trial.values for trial in trials], dtype=float)[:, at].T


def plot_intermediate_values(study: TrialTable, ax: Any = None) -> Any:
    """Plot what each trial has reported by step; returns the Axes.

    A trial that continues another one is one line with it, and a cross marks where a trial was stopped.
    """
    (axes,) = drawing.panels(ax, 1)
    full = {trial.number for trial in drawing.by_budget(study)[0]}
    kinds = {trial.number: trial.state if trial.state != "complete" or trial.number in full
             else drawing.uncounted([trial]) for trial in study.trials if trial.state in KINDS}
    reporting = [trial for trial in study.trials if trial.number in kinds and trial.reports]
    _draw_kinds(axes, study, reporting, kinds)
    best = drawing.best_trial(study)
    if best is not None and best.reports:
        line = drawing.lines(axes, [best], [reports_of(study, best)], colors="black", linewidths=2.4)
        line.set_label(f"best, trial {best.number}")
    failed, silent = sum(trial.state == "failed" for trial in study.trials), len(kinds) - len(reporting)
    missing = ", ".join([f"{failed:,} failed"] * bool(failed) + [f"{silent:,} without reports"] * bool(silent))
    note = f"; not shown: {missing}" * bool(missing)
    axes.autoscale_view()
    if reporting:
        drawing.integer_ticks(axes.xaxis)
        worse, better = (max, min) if study.direction == "minimize" else (min, max)
        worst = np.array([worse(trial.reports.values()) for trial in reporting])
        least = better(better(trial.reports.values()) for trial in reporting)
        note += drawing.beyond_note(study, worst, drawing.limit_values(axes, study, np.append(worst, least)))
    else:
        drawing.say_empty(axes, study, "no trial has reported a value")
    drawing.finish(axes, "step", drawing.value_label(study, "reported value"), "Intermediate values",
                   note.removeprefix("; "), "both")
    drawing.legend_below(axes)
    return axes


def _draw_kinds(axes: Any, study: TrialTable, reporting: list[Trial], kinds: dict[int, str]) -> None:
    """Draw the lines of each kind of trial; those that another one continues are part of its line."""
    continued = {trial.parent for trial in reporting}
    ends = [trial for trial in reporting if trial.number not in continued]
    for kind, (colour, style) in KINDS.items():
        trials = [trial for trial in ends if kinds[trial.number] == kind]
        curves = [reports_of(study, trial) for trial in trials]
        if not trials:
            continue
        look: dict[str, Any] = {"alpha": drawing.faint(len(ends)), "zorder": 1 if colour == "0.6" else 2}
        line = drawing.lines(axes, trials, curves, colors=colour, linestyles=style,
                             linewidths=0.6 if len(ends) > SEVERAL else 1.2, **look)
        line.set_label(f"{kind} ({len(trials):,})")
        lasts = np.array([curve[-1] for curve in curves if len(curve) == 1 or kind == "stopped"])
        if len(lasts):  # a single point is no line
            look |= {"marker": "x", "s": 28} if kind == "stopped" else {"s": 12}
            axes.scatter(*lasts.T, color=colour, rasterized=len(lasts) > SEVERAL, **look)


def reports_of(study: TrialTable, trial: Trial) -> np.ndarray:
    """Steps and reported values of a configuration, (n, 2): those of a trial after the earlier ones of its ancestors.

    Training is continued, not repeated, so what an ancestor reported at later steps than its child's first is not part
    of it.
    """
    points: list[tuple[float, float]] = []
    while True:
        points = [pair for pair in sorted(trial.reports.items()) if not points or pair[0] < points[0][0]] + points
        if trial.parent is None:
            return np.array(points, dtype=float).reshape(-1, 2)
        trial = study.trials[trial.parent]


def plot_timeline(study: TrialTable, ax: Any = None) -> Any:
    """Plot when each trial ran, as a bar from its begin to its end whose colour is its state; returns the Axes.

    A running trial's bar ends at the last time that is known of the study. A stretch in which nothing begins or ends,
    such as a pause, is shortened where it would take more than a quarter of the axis; a dotted line with its real
    length marks it.
    """
    (axes,) = drawing.panels(ax, 1)
    trials = [trial for trial in study.trials if trial.started is not None]
    known = sorted({time for trial in trials for time in (trial.started, trial.finished) if time is not None})
    times = np.array(known or [0.0])
    places, breaks = _shortened(times)
    unit, length = max((pair for pair in UNITS if pair[1] <= max(places[-1] / 2.0, 1.0)), key=lambda pair: pair[1])
    for state in sorted(BARS, key=lambda state: -sum(trial.state == state for trial in trials)):  # rare ones on top
        chosen = [trial for trial in trials if trial.state == state]
        ends = np.array([[trial.started, trial.finished or known[-1]] for trial in chosen], dtype=float)
        if chosen:
            _draw_bars(axes, chosen, np.interp(ends, times, places) / length, len(study.trials))
    for k in breaks:
        middle = (places[k] + places[k + 1]) / 2.0 / length
        axes.axvline(middle, color="0.3", linestyle=":")
        axes.annotate(f"{readable(times[k + 1] - times[k])} shortened", (middle, 0.98), (4, 0), fontsize=8,
                      xycoords=axes.get_xaxis_transform(), textcoords="offset points", rotation=90, va="top")
    if trials:
        axes.autoscale_view()
        drawing.integer_ticks(axes.yaxis)
    else:
        drawing.say_empty(axes, study, "no trial has begun")
    drawing.finish(axes, f"time since the first trial began [{unit}]{', shortened' * bool(breaks)}", "trial",
                   "Timeline", grid="both")
    drawing.legend(axes)
    return axes


def _shortened(times: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Positions of times on an axis on which the longest gaps between them are shortened, and the indices of these."""
    gaps = np.diff(times)
    limit, shown = drawing.ends(SimpleNamespace(direction="minimize"), gaps)[1], gaps.copy()
    for k in np.argsort(-gaps):  # the longest first, and the next one as a share of what is left
        if gaps[k] > max(limit, 0.25 * shown.sum()):
            shown[k] = limit
    return np.append(0.0, np.cumsum(shown)), np.flatnonzero(shown < gaps).tolist()


def _draw_bars(axes: Any, trials: Sequence[Trial], ends: np.ndarray, count: int) -> None:
    """Draw the bars of trials of one state, whose ``ends`` are (n, 2), with the sign of the state at their ends."""
    state, numbers = trials[0].state, [trial.number for trial in trials]
    (colour, sign), width = BARS[state], float(np.clip(180.0 / count, 0.6, 12.0))
    bars = np.stack([ends, np.repeat(numbers, 2).reshape(-1, 2)], axis=2)
    bars[:, 1, 0] = np.maximum(bars[:, 1, 0], bars[:, 0, 0] + 0.003 * max(ends.max(), 1e-9))  # the shortest are visible
    line = drawing.lines(axes, trials, list(bars), colors=colour, linewidths=width)
    line.set_label(f"{state} ({len(trials):,})")
    if sign is not None:
        signed = bars[:: -(-len(bars) // MOST_SIGNS)]  # of very many only every second, third, ... has a sign
        size = 3.5 if count > MANY else float(np.clip(width, 2.0, 6.0))
        axes.plot(*signed[:, 1].T, sign, color="black", markersize=size)
