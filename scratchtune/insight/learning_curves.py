"""Learning curves of a study's trials: their reports, and the training and validation curves of chosen ones.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, MARKERS, TrialTable
from scratchtune.insight.trial_plots import limit_reports

if TYPE_CHECKING:
    from scratchtune.study import Trial


def plot_learning_curves(
    study: TrialTable, chosen: Sequence[Trial] | None = None,
    curves: Mapping[int, Mapping[str, Sequence[float]]] | None = None, value: str = "reported value",
    curve: str = "accuracy", ax: Any = None,
) -> Any:
    """Plot what every trial has reported by epoch, and the training and validation curve of some chosen trials.

    ``chosen`` trials are coloured (None: the best one); ``value`` names what trials report. ``curves`` maps a trial's
    number to its history, with the name ``curve`` and the same with "val_", and needs a second panel; a chosen trial
    without a history is left out there. Returns the Axes, or with ``curves`` a list of two.
    """
    best = drawing.best_trial(study)
    chosen = [best] * (best is not None) if chosen is None else chosen  # type: ignore[list-item]
    panels = drawing.panels(ax, 1 if curves is None else 2, size=(4.9, 3.8))
    axes = panels[0]
    reporting = [trial for trial in study.trials if trial.reports]
    points = [drawing.reports_of(study, trial) for trial in reporting]
    drawing.lines(axes, reporting, points, colors="0.6", linewidths=0.8, alpha=drawing.faint(len(points), 0.03))
    short = [at for at in points if len(at) < 5]
    if short:  # a single point, or few, would not be visible as a line
        axes.scatter(*np.concatenate(short).T, s=9, color="0.6", alpha=drawing.faint(len(short), 0.2), zorder=1)
    for place, trial in enumerate(chosen):
        (line,) = axes.plot(*drawing.reports_of(study, trial).T, **_look(place, len(trial.reports)), label=(
            f"trial {trial.number}" + ", best" * (best is not None and trial.number == best.number)))
        drawing.of_trials(line, [trial.number])
    note = limit_reports(axes, study, reporting)
    drawing.finish(axes, "epoch", drawing.value_label(study, value), "All trials", note.removeprefix("; "))
    for place, trial in enumerate(chosen if curves is not None else ()):
        history = (curves or {}).get(trial.number, {})
        for name, kind, style in ((curve, "training", "--"), (f"val_{curve}", "validation", "-")):
            if name in history:
                panels[1].plot(range(1, len(history[name]) + 1), history[name], style,
                               **_look(place, len(history[name])), label=f"trial {trial.number}, {kind}")
    if curves is not None:
        drawing.finish(panels[1], "epoch", curve, "Chosen trial" if len(chosen) == 1 else "Chosen trials")
    for one in panels:
        one.grid(alpha=0.25)
        drawing.legend(one)
    return drawing.one_or_all(panels)


def _look(place: int, count: int) -> dict[str, Any]:
    """The colour of a chosen trial, and markers at some of the points of its curve."""
    return {"color": COLOURS[(place + 1) % len(COLOURS)], "linewidth": 2, "marker": MARKERS[place % len(MARKERS)],
            "markevery": max(count // 6, 1), "markersize": 4}
