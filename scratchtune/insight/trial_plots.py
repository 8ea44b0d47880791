"""The course of each trial: what it has reported by step, and when it ran.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, MANY, SEVERAL, TrialTable

if TYPE_CHECKING:
    from scratchtune.study import Trial

KINDS = {"complete": (COLOURS[0], "-"), "of a smaller budget": ("0.6", "-"), "stopped": (COLOURS[1], "--"),
         "running": ("0.3", ":")}
BARS = {"complete": (COLOURS[5], None), "stopped": (COLOURS[4], "v"), "failed": (COLOURS[1], "x"),
        "running": ("0.6", ">")}  # colour, and the sign at the end
MOST_SIGNS = 40  # of one state in a timeline; more would cover the bars
UNITS = (("s", 1.0), ("min", 60.0), ("h", 3600.0), ("days", 86400.0))


def plot_intermediate_values(study: TrialTable, ax: Any = None) -> Any:
    """Plot what each trial has reported by step; returns the Axes.

    A trial that continues another one is one line with it, and a cross marks where a trial was stopped. Failed trials
    are not shown. The axis ends where most of the worst reports do.
    """
    (axes,) = drawing.panels(ax, 1)
    full = {trial.number for trial in drawing.by_budget(study)[0]}
    kinds = {trial.number: trial.state if trial.state != "complete" or trial.number in full else "of a smaller budget"
             for trial in study.trials if trial.state in KINDS}
    reporting = [trial for trial in study.trials if trial.number in kinds and trial.reports]
    _draw_kinds(axes, study, reporting, kinds)
    best = drawing.best_trial(study)
    if best is not None and best.reports:
        line = drawing.lines(axes, [best], [drawing.reports_of(study, best)], colors="black", linewidths=2.4)
        line.set_label(f"best, trial {best.number}")
    failed, silent = sum(trial.state == "failed" for trial in study.trials), len(kinds) - len(reporting)
    missing = ", ".join([f"{failed:,} failed"] * bool(failed) + [f"{silent:,} without reports"] * bool(silent))
    note = f"; not shown: {missing}" * bool(missing) + limit_reports(axes, study, reporting)
    drawing.finish(axes, "step", drawing.value_label(study, "reported value"), "Intermediate values",
                   note.removeprefix("; "))
    axes.grid(alpha=0.25)
    drawing.legend(axes)
    return axes


def _draw_kinds(axes: Any, study: TrialTable, reporting: list[Trial], kinds: dict[int, str]) -> None:
    """Draw the lines of each kind of trial; those that another one continues are part of its line."""
    continued = {trial.parent for trial in reporting}
    ends = [trial for trial in reporting if trial.number not in continued]
    for kind, (colour, style) in KINDS.items():
        trials = [trial for trial in ends if kinds[trial.number] == kind]
        curves = [drawing.reports_of(study, trial) for trial in trials]
        if not trials:
            continue
        look: dict[str, Any] = {"alpha": drawing.faint(len(ends)), "zorder": 1 if kind == "of a smaller budget" else 2}
        line = drawing.lines(axes, trials, curves, colors=colour, linestyles=style,
                             linewidths=0.6 if len(ends) > SEVERAL else 1.2, **look)
        line.set_label(f"{kind} ({len(trials):,})")
        lasts = np.array([curve[-1] for curve in curves if len(curve) == 1 or kind == "stopped"])
        if len(lasts):  # a single point is no line
            look |= {"marker": "x", "s": 28} if kind == "stopped" else {"s": 12}
            axes.scatter(*lasts.T, color=colour, rasterized=len(lasts) > SEVERAL, **look)


def limit_reports(axes: Any, study: TrialTable, trials: Sequence[Trial]) -> str:
    """End the axis where the worst reports of most trials are; return a note on the trials with worse ones."""
    axes.autoscale_view()
    if not trials:
        drawing.say_empty(axes, study, "no trial has reported a value")
        return ""
    drawing.integer_ticks(axes.xaxis)
    sign = 1.0 if study.direction == "minimize" else -1.0
    worst = np.array([sign * max(sign * value for value in trial.reports.values()) for trial in trials])
    best = sign * min(sign * value for trial in trials for value in trial.reports.values())
    return drawing.beyond_note(study, worst, drawing.limit_values(axes, study, np.append(worst, best)))


# When they ran -------------------------------------------------------------------------------------------------------


def plot_timeline(study: TrialTable, ax: Any = None) -> Any:
    """Plot when each trial ran, as a bar from its begin to its end whose colour is its state; returns the Axes.

    A running trial's bar ends at the last time that is known of the study. A stretch in which nothing begins or ends
    is shortened where it would take more than a quarter of the axis, such as a pause of the study, or the compilation
    in its first trial; a dotted line with its real length marks it.
    """
    (axes,) = drawing.panels(ax, 1)
    trials = [trial for trial in study.trials if trial.started is not None]
    known = sorted({time for trial in trials for time in (trial.started, trial.finished) if time is not None})
    times = np.array(known or [0.0])
    places, breaks = _shortened(times)
    unit, length = _unit(places[-1])
    for state in sorted(BARS, key=lambda state: -sum(trial.state == state for trial in trials)):  # rare ones on top
        chosen = [trial for trial in trials if trial.state == state]
        ends = np.array([[trial.started, trial.finished or known[-1]] for trial in chosen], dtype=float)
        if chosen:
            _draw_bars(axes, chosen, np.interp(ends, times, places) / length, len(study.trials))
    for k in breaks:
        middle, name, second = (places[k] + places[k + 1]) / 2.0 / length, *_unit(times[k + 1] - times[k])
        axes.axvline(middle, color="0.3", linestyle=":")
        axes.annotate(f"{(times[k + 1] - times[k]) / second:.3g} {name} shortened", (middle, 0.98), (4, 0), fontsize=8,
                      xycoords=axes.get_xaxis_transform(), textcoords="offset points", rotation=90, va="top")
    if trials:
        axes.autoscale_view()
        drawing.integer_ticks(axes.yaxis)
    else:
        drawing.say_empty(axes, study, "no trial has begun")
    drawing.finish(axes, f"time since the first trial began [{unit}]{', shortened' * bool(breaks)}", "trial",
                   "Timeline")
    axes.grid(alpha=0.25)
    drawing.legend(axes)
    return axes


def _unit(seconds: float) -> tuple[str, float]:
    """The largest unit of which a time has at least two, and its seconds."""
    return max((pair for pair in UNITS if pair[1] <= max(seconds / 2.0, 1.0)), key=lambda pair: pair[1])


def _shortened(times: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Where times are on an axis on which the longest stretches between them are shorter, and which ones are."""
    gaps = np.diff(times)
    limit, shown = drawing.worst_shown(SimpleNamespace(direction="minimize"), gaps), gaps.copy()
    for k in np.argsort(-gaps):  # the longest first, and the next one as a share of what is left
        if gaps[k] > max(limit, 0.25 * shown.sum()):
            shown[k] = limit
    return np.append(0.0, np.cumsum(shown)), np.flatnonzero(shown < gaps).tolist()


def _draw_bars(axes: Any, trials: Sequence[Trial], ends: np.ndarray, count: int) -> None:
    """Draw the bars of trials of one state, whose ``ends`` are (n, 2), with the sign of the state at their ends."""
    (colour, sign), many, state = BARS[trials[0].state], count > MANY, trials[0].state
    numbers = np.array([trial.number for trial in trials], dtype=float)
    width = float(np.clip(180.0 / count, 0.6, 12.0))
    bars = np.stack([ends, np.repeat(numbers[:, None], 2, axis=1)], axis=2)
    bars[:, 1, 0] = np.maximum(bars[:, 1, 0], bars[:, 0, 0] + 0.003 * max(ends.max(), 1e-9))  # the shortest are visible
    line = drawing.lines(axes, trials, list(bars), colors=colour, linewidths=width)
    line.set_label(f"{state} ({len(trials):,})")
    if sign is not None:
        signed = bars[:: -(-len(bars) // MOST_SIGNS)]  # of very many only every second, third, ... has a sign
        axes.plot(*signed[:, 1].T, sign, color="black", markersize=3.5 if many else float(np.clip(width, 2.0, 6.0)))
