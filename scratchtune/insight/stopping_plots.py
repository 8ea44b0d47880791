"""When to end a study: what further trials can gain (`scratchtune.insight.terminator`).

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, TrialTable
from scratchtune.insight.terminator import Terminator

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
