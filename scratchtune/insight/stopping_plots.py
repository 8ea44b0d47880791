"""When to end: what further trials can gain (`Terminator`), and what the trials that ended early would have become.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, TrialTable
from scratchtune.study.terminator import Terminator

if TYPE_CHECKING:
    from scratchtune.study.stopped import FinishedTrials

MOST_POINTS = 60  # of a terminator's curve, since a Gaussian process is fitted for each


def plot_terminator_improvement(study: TrialTable, terminator: Terminator | None = None, ax: Any = None) -> Any:
    """Plot the regret bound of a `Terminator` and the error of the best value over the trials; returns the Axes.

    ``terminator`` None is ``Terminator()``, for which the objective must have called `Trial.report_scores`. Both are
    computed from the first n trials, for every n from `Terminator.min_trials` complete ones on, or for 60 of them. A
    vertical line marks the first of these n for which the bound is below the error. A run with this terminator ends
    there, or, if only 60 values of n are drawn, possibly at an earlier n between them.

    Raises
        ValueError where the terminator has no ``error`` and the best trial does not have scores of at least two folds.
    """
    (axes,) = drawing.panels(ax, 1)
    rule = Terminator() if terminator is None else terminator
    if not isinstance(rule, Terminator):
        raise TypeError(f"terminator is {rule!r}; it must be a Terminator, or None")
    complete = np.cumsum([trial.state == "complete" for trial in study.trials])
    counts = 1 + np.flatnonzero(complete >= rule.min_trials)
    if len(counts) > MOST_POINTS:
        counts = counts[np.linspace(0, len(counts) - 1, MOST_POINTS).round().astype(int)]
    found = [one for one in (rule.evaluate(study, count) for count in counts.tolist()) if one is not None]
    title = "Is a further gain larger than the error?"
    if not found:
        drawing.say_empty(axes, study, f"fewer than {rule.min_trials} complete trials")
        drawing.finish(axes, "trials", None, title)
        return axes
    at, bounds, errors = zip(*((one.trials, one.bound, one.error) for one in found), strict=True)
    look: dict[str, Any] = {"marker": "o" if len(at) <= 30 else None, "markersize": 4, "linewidth": 2.0}
    axes.plot(at, bounds, color=COLOURS[0], label="upper bound on the further gain", **look)
    axes.plot(at, errors, color=COLOURS[1], label="error of the best value", **look)
    end, note = next((one.trials for one in found if one.ends), None), "the bound is not below the error yet"
    if end is not None:
        axes.axvline(end, color="0.3", linestyle=":", label=f"end, after {end} trials")
        note = f"the bound is below the error after {end} trials"
    drawing.finish(axes, "trials", "difference of values", title, note)
    axes.set_yscale("log" if min(*bounds, *errors) > 0.0 else "linear")
    axes.grid(alpha=0.25)
    drawing.integer_ticks(axes.xaxis)
    drawing.legend(axes)
    return axes


def plot_stopped(finished: FinishedTrials, ax: Any = None) -> Any:
    """Plot the trials of `Study.finish_stopped`: a line up to the early end, dashed after it; returns the Axes.

    A cross marks the early end, and a dot the end of a training. Trials that would have been better than the study's
    best have another colour, and a star at the end. The best trial's reports are black, and its final value is a
    horizontal line. Reports far worse than the others are beyond the axis.
    """
    (axes,) = drawing.panels(ax, 1)
    if not hasattr(finished, "best_reports"):
        raise TypeError(f"finished is {finished!r}; it must be a result of study.finish_stopped(objective)")
    shown = [trial for trial in finished.trials if trial.reports and trial.later]
    for wins, colour, marker in ((False, COLOURS[0], "o"), (True, COLOURS[1], "*")):
        name, group = f"would {'not ' * (not wins)}have been better", [one for one in shown if one.wins == wins]
        if group:
            _draw_curves(axes, group, colour, marker)
            axes.plot([], [], color=colour, marker=marker, label=f"{name} ({len(group):,})")
    if shown:
        axes.plot([], [], "--", color="0.3", label="after the early end")
        axes.plot([], [], "x", color="0.3", label="early end")
    if finished.best_reports:
        drawing.of_trials(axes.plot(
            list(finished.best_reports), list(finished.best_reports.values()), color="black", linewidth=2.2,
            label=f"best, trial {finished.best_number}")[0], [finished.best_number])
    axes.axhline(finished.best_value, color="black", linewidth=1.0, linestyle=":",
                 label=f"best value {finished.best_value:.4g}")
    if not shown:
        missing = "no trial ended early" if not finished.trials else "no trial that ended early has reports to its end"
        axes.text(0.5, 0.6, missing, ha="center", va="center", color="0.3", transform=axes.transAxes)
    trials = finished.trials
    note = (f"{sum(trial.wins for trial in trials):,} of {checks.counted(len(trials), 'trial')} would have been better "
            "than the best") if trials else ""
    for count, what in ((sum(trial.final is None for trial in trials), "failed"),
                        (sum(not trial.repeats for trial in trials), "reported other values than before")):
        note += f"; {count:,} {what}" * bool(count)
    of_values: Any = finished  # it has the direction
    drawing.finish(axes, "step", drawing.value_label(of_values, "reported value"),
                   "Trials that ended early, trained on", note)
    axes.autoscale_view()
    reported = [value for trial in shown for value in (*trial.reports.values(), *trial.later.values())]
    drawing.limit_values(axes, of_values, np.array([finished.best_value, *reported]))
    axes.grid(alpha=0.25)
    drawing.integer_ticks(axes.xaxis)
    drawing.legend_below(axes)
    return axes


def _draw_curves(axes: Any, group: Sequence[Any], colour: str, marker: str) -> None:
    """Draw the curves of trials, the part before the early end as a line and the part after it dashed."""
    before = [np.array(sorted(trial.reports.items()), dtype=float) for trial in group]
    after = [np.array([curve[-1], *(point for point in sorted(trial.later.items()) if point[0] > curve[-1, 0])])
             for trial, curve in zip(group, before, strict=True)]
    many = len(group) > drawing.SEVERAL
    look: dict[str, Any] = {"alpha": drawing.faint(len(group), 0.05)}
    for curves, style in ((before, "-"), (after, "--")):
        drawing.lines(axes, group, curves, colors=colour, linestyles=style, linewidths=0.6 if many else 1.4, **look)
    look |= {"color": colour, "rasterized": many}
    ends, finals = (np.array([curve[-1] for curve in curves]) for curves in (before, after))
    axes.scatter(*ends.T, s=12 if many else 28, marker="x", linewidth=1.2, **look)
    axes.scatter(*finals.T, s=(6 if many else 18) * (4 if marker == "*" else 1), marker=marker, edgecolor="none",
                 zorder=3, **look)
