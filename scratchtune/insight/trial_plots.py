"""The course of each trial: its intermediate values, and when it ran.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.plots import COLOURS

if TYPE_CHECKING:
    from scratchtune.study import Trial

LINES = {"complete": (COLOURS[0], "-"), "stopped": (COLOURS[1], "--"), "running": ("0.45", ":")}
BARS = {"complete": (COLOURS[5], None), "stopped": (COLOURS[4], "v"), "failed": (COLOURS[1], "x"),
        "running": ("0.45", ">")}  # colour, and the sign at the end
MOST_SIGNS = 40  # of one state in a timeline; more would cover the bars
UNITS = (("s", 1.0), ("min", 60.0), ("h", 3600.0), ("days", 86400.0))


def plot_intermediate_values(study: TrialTable, ax: Any = None) -> Any:
    """Plot what each trial has reported by step; returns the Axes.

    A cross marks where a trial was stopped. A promoted trial begins at the last report of its parent. Failed trials
    are not shown.
    """
    from matplotlib.collections import LineCollection

    (axes,) = drawing.panels(ax, 1)
    reporting = [trial for trial in study.trials if trial.state in LINES and trial.reports]
    alpha, many = float(np.clip(40.0 / max(len(reporting), 1), 0.015, 0.8)), len(reporting) > 200
    for state, (colour, style) in LINES.items():
        trials = [trial for trial in reporting if trial.state == state]
        if not trials:
            continue
        curves = [_curve(study, trial) for trial in trials]
        axes.add_collection(LineCollection(curves, colors=colour, linestyles=style, linewidths=0.6 if many else 1.2,
                                           alpha=alpha, rasterized=many))
        points = [curve for curve in curves if len(curve) < 5]
        if points:  # a single point has no line
            axes.scatter(*np.concatenate(points).T, s=12, color=colour, alpha=alpha, edgecolor="none", rasterized=many)
        axes.plot([], [], style, color=colour, label=f"{state} ({len(trials):,})")
        if state == "stopped":
            ends = np.array([curve[-1] for curve in curves])
            axes.scatter(*ends.T, s=28 if not many else 12, marker="x", color=colour, alpha=max(alpha, 0.03),
                         linewidth=1.2, rasterized=many)
    best = _best(study)
    if best is not None and best.reports:
        axes.plot(*_curve(study, best).T, color="black", linewidth=2.4, marker=".", label=f"best, trial {best.number}")
    if not reporting:
        drawing.say_empty(axes, study, "no trial has reported a value")
    axes.autoscale_view()
    beyond = _limit_reports(axes, study, reporting) if reporting else ""
    silent = sum(trial.state in LINES and not trial.reports for trial in study.trials)
    failed = sum(trial.state == "failed" for trial in study.trials)
    missing = ", ".join([f"{failed:,} failed"] * bool(failed) + [f"{silent:,} without reports"] * bool(silent))
    drawing.finish(axes, "step", drawing.value_label(study).replace("value", "reported value"), "Intermediate values",
                   (f"not shown: {missing}" if missing else "") + (beyond if missing else beyond.removeprefix("; ")))
    _finish(axes, at_steps=bool(reporting))
    return axes


def plot_timeline(study: TrialTable, ax: Any = None) -> Any:
    """Plot when each trial ran, as a bar from its begin to its end whose colour is its state; returns the Axes.

    A running trial's bar ends at the last time that is known of the study.
    """
    (axes,) = drawing.panels(ax, 1)
    trials = [trial for trial in study.trials if trial.started is not None]
    known = [time for trial in trials for time in (trial.started, trial.finished) if time is not None]
    first, last = (min(known), max(known)) if known else (0.0, 0.0)
    unit, length = max((pair for pair in UNITS if pair[1] <= max((last - first) / 2.0, 1.0)), key=lambda pair: pair[1])
    for state in sorted(BARS, key=lambda state: -sum(trial.state == state for trial in trials)):  # rare ones on top
        chosen = [trial for trial in trials if trial.state == state]
        bars = [[[((time or default) - first) / length, trial.number] for time, default in (
            (trial.started, first), (trial.finished, last))] for trial in chosen]
        if bars:
            _draw_bars(axes, state, np.array(bars), len(study.trials))
    if not trials:
        drawing.say_empty(axes, study, "no trial has begun")
    axes.autoscale_view()
    drawing.finish(axes, f"time since the first trial began [{unit}]", "trial", "Timeline")
    if trials:
        drawing.integer_ticks(axes.yaxis)
    _finish(axes, at_steps=False)
    return axes


def _draw_bars(axes: Any, state: str, bars: np.ndarray, count: int) -> None:
    """Draw bars (n, 2 ends, 2 coordinates) of trials of one state, with the sign of the state at their ends."""
    from matplotlib.collections import LineCollection

    (colour, sign), many = BARS[state], count > drawing.MANY
    width = float(np.clip(180.0 / count, 0.6, 12.0))
    axes.add_collection(LineCollection(list(bars), colors=colour, linewidths=width, rasterized=many))
    if many or sign is None:  # so that the shortest bars are visible
        axes.plot(*bars[:, 1].T, "_" if many else "|", color=colour, markersize=5 if many else width, rasterized=many)
    if sign is not None:
        signed = bars[:: -(-len(bars) // MOST_SIGNS)]  # of very many only every second, third, ... has a sign
        axes.plot(*signed[:, 1].T, sign, color="black", markersize=3.5 if many else float(np.clip(width, 2.0, 6.0)))
    axes.plot([], [], color=colour, linewidth=6, marker=sign, markeredgecolor="black",
              markerfacecolor="black", label=f"{state} ({len(bars):,})")


def _limit_reports(axes: Any, study: TrialTable, trials: list[Trial]) -> str:
    """End the axis where the worst reports of most trials are; return a note on the trials with worse ones."""
    sign = 1.0 if study.direction == "minimize" else -1.0
    worst = np.array([sign * max(sign * value for value in trial.reports.values()) for trial in trials])
    best = sign * min(sign * value for trial in trials for value in trial.reports.values())
    limit = drawing.limit_values(axes, study, np.append(worst, best))
    return drawing.beyond_note(study, worst, limit)


def _best(study: TrialTable) -> Trial | None:
    trials = drawing.complete_trials(study)
    return trials[drawing.best_of(study, drawing.values_of(trials))] if trials else None


def _curve(study: TrialTable, trial: Trial) -> np.ndarray:
    """Steps and reported values, (steps, 2), after the last report of the trial's parent before its first step."""
    points = sorted(trial.reports.items())
    if trial.parent is not None:
        earlier = [pair for pair in study.trials[trial.parent].reports.items() if pair[0] < points[0][0]]
        points = [*([max(earlier)] if earlier else []), *points]
    return np.array(points, dtype=float)


def _finish(axes: Any, at_steps: bool) -> None:
    if at_steps:
        drawing.integer_ticks(axes.xaxis)
    axes.grid(alpha=0.25)
    drawing.legend(axes)
