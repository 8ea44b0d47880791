"""The picture of a terminator: what further trials can gain, and the error of the values, over the trials.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.drawing import COLOURS
from scratchtune.study.terminator import Terminator

MOST_POINTS = 60  # of a curve, since a Gaussian process is fitted for each


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
    counts = np.arange(1, len(study.trials) + 1)
    complete = np.cumsum([trial.state == "complete" for trial in study.trials])
    counts = counts[complete >= rule.min_trials] if len(counts) else counts
    if len(counts) > MOST_POINTS:
        counts = counts[np.unique(np.linspace(0, len(counts) - 1, MOST_POINTS).round().astype(int))]
    found = [one for one in (rule.evaluate(study, count) for count in counts.tolist()) if one is not None]
    title = "Is a further gain larger than the error?"
    if not found:
        drawing.say_empty(axes, study, f"fewer than {rule.min_trials} complete trials")
        drawing.finish(axes, "trials", None, title)
        return axes
    at = [one.trials for one in found]
    axes.plot(at, [one.bound for one in found], color=COLOURS[0], marker="o", markersize=3, label="regret bound")
    axes.plot(at, [one.error for one in found], color=COLOURS[1], label="error of the best value")
    end = next((one.trials for one in found if one.ends), None)
    if end is not None:
        axes.axvline(end, color="0.3", linestyle=":", label=f"end, after {end} trials")
    note = "the bound is not below the error yet" if end is None else f"the bound is below the error after {end} trials"
    drawing.finish(axes, "trials", "in the units of the value", title, note)
    axes.set_ylim(bottom=0.0)
    axes.grid(alpha=0.25)
    drawing.integer_ticks(axes.xaxis)
    drawing.legend(axes)
    return axes
