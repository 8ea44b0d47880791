"""Trials that ended early and were trained to the end: would one of them have won?

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS

if TYPE_CHECKING:
    from scratchtune.study.stopped import FinishedTrial, FinishedTrials

SEVERAL = 200  # from so many curves on, they are thin and drawn as one picture


def plot_stopped(finished: FinishedTrials, ax: Any = None) -> Any:
    """Plot the trials of `Study.finish_stopped`: a line up to the early end, dashed after it; returns the Axes.

    A cross marks the early end, and a dot the end of a training. Trials that would have been better than the study's
    best have another colour, and a star at the end. The best trial's reports are black, and its final value is a
    horizontal line.
    """
    (axes,) = drawing.panels(ax, 1)
    if not hasattr(finished, "best_reports"):
        raise TypeError(f"finished is {finished!r}; it must be a result of study.finish_stopped(objective)")
    shown = [trial for trial in finished.trials if trial.reports and trial.later]
    for wins, colour, marker in ((False, COLOURS[0], "o"), (True, COLOURS[1], "*")):
        group = [trial for trial in shown if trial.wins == wins]
        if group:
            _draw(axes, group, colour, marker)
            axes.plot([], [], color=colour, marker=marker, label=(
                f"would have been better ({len(group):,})" if wins else f"would not have been better ({len(group):,})"))
    if shown:
        axes.plot([], [], "--", color="0.3", label="after the early end")
        axes.plot([], [], "x", color="0.3", label="early end")
    if finished.best_reports:
        axes.plot(list(finished.best_reports), list(finished.best_reports.values()), color="black", linewidth=2.2,
                  label=f"best, trial {finished.best_number}")
    axes.axhline(finished.best_value, color="black", linewidth=1.0, linestyle=":",
                 label=f"best value {finished.best_value:.4g}")
    if not shown:
        missing = "no trial ended early" if not finished.trials else "no trial has reported a value"
        if finished.trials and all(trial.final is None for trial in finished.trials):
            missing = "all of these trials have failed"
        axes.text(0.5, 0.6, missing, ha="center", va="center", color="0.3", transform=axes.transAxes)
    _finish(axes, finished, len(shown))
    return axes


def _draw(axes: Any, group: list[FinishedTrial], colour: str, marker: str) -> None:
    """Draw the curves of trials, the part before the early end as a line and the part after it dashed."""
    from matplotlib.collections import LineCollection

    before, after = [], []
    for trial in group:
        curve = np.array(sorted(trial.reports.items()), dtype=float)
        end = curve[-1]
        rest = [point for point in sorted(trial.later.items()) if point[0] > end[0]]
        before.append(curve)
        after.append(np.array([end, *rest], dtype=float))
    many, alpha = len(group) > SEVERAL, float(np.clip(40.0 / len(group), 0.05, 0.8))
    width = 0.6 if many else 1.4
    for curves, style in ((before, "-"), (after, "--")):
        axes.add_collection(LineCollection(
            curves, colors=colour, linestyles=style, linewidths=width, alpha=alpha, rasterized=many))
    ends, finals = np.array([curve[-1] for curve in before]), np.array([curve[-1] for curve in after])
    axes.scatter(*ends.T, s=12 if many else 28, marker="x", color=colour, alpha=alpha, linewidth=1.2, rasterized=many)
    axes.scatter(*finals.T, s=(6 if many else 18) * (4 if marker == "*" else 1), marker=marker, color=colour,
                 alpha=alpha, edgecolor="none", rasterized=many, zorder=3)


def _finish(axes: Any, finished: FinishedTrials, shown: int) -> None:
    failed = sum(trial.final is None for trial in finished.trials)
    differ = sum(not trial.repeats for trial in finished.trials)
    silent = sum(not (trial.reports and trial.later) and trial.final is not None for trial in finished.trials)
    wins = sum(trial.wins for trial in finished.trials)
    of = checks.counted(len(finished.trials), "trial")
    notes = [f"{wins:,} of {of} would have been better than the best"] * bool(finished.trials)
    notes += [f"{failed:,} failed"] * bool(failed) + [f"{silent:,} without reports"] * bool(silent)
    notes += [f"{differ:,} reported other values than in the study"] * bool(differ)
    better = "lower" if finished.direction == "minimize" else "higher"
    drawing.finish(axes, "step", f"reported value ({better} is better)", "Trials that ended early, trained to the end",
                   "; ".join(notes))
    axes.autoscale_view()
    axes.grid(alpha=0.25)
    drawing.integer_ticks(axes.xaxis)
    drawing.legend(axes)
