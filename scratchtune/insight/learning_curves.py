"""Learning curves of a study's trials: their reports, and the training and validation curves of chosen ones.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.plots import COLOURS, MARKERS, canvas, label, save

if TYPE_CHECKING:
    from scratchtune.study import Trial


def plot_learning_curves(
    study: TrialTable, chosen: Sequence[Trial] | None = None,
    curves: Mapping[int, Mapping[str, Sequence[float]]] | None = None, path: str | Path | None = None,
    value: str = "validation accuracy", curve: str = "accuracy", ax: Any = None,
) -> Any:
    """Plot what every trial has reported by epoch, and the training and validation curve of some chosen trials.

    ``chosen`` trials are coloured (None: the best one); ``value`` names what the trials report; a promoted trial
    continues the reports of its parent. ``curves`` maps a trial's number to its history, with the name ``curve`` and
    the same with "val_", and needs a second panel. The history of a chosen trial that was read from a file may be
    missing; its curves are left out. Returns the Axes, a list of two with ``curves``; with ``path`` the picture is
    saved there, and the path returned.
    """
    if chosen is None:
        trials = drawing.complete_trials(study)
        chosen = [trials[drawing.best_of(study, drawing.values_of(trials))]] if trials else []
    if ax is None:
        panels = [canvas(1)[1]] if curves is None else list(canvas(2)[1])
    else:
        panels = drawing.panels(ax, 1 if curves is None else 2)
    _draw_reports(panels[0], study, chosen, value)
    if curves is not None:
        _draw_histories(panels[1], chosen, curves, curve)
    return drawing.one_or_all(panels) if path is None else save(panels[0].figure, path)


def _draw_reports(axes: Any, study: TrialTable, chosen: Sequence[Trial], value: str) -> None:
    """Draw the reports of all trials in grey, and those of the chosen ones in colour."""
    from matplotlib.collections import LineCollection

    lines = {trial.number: _reports(study, trial) for trial in study.trials}
    curves = [np.array(list(steps.items()), dtype=float) for steps in lines.values() if steps]
    many = len(curves) > 200
    axes.add_collection(LineCollection(curves, colors="0.6", linewidths=0.8 if not many else 0.5, rasterized=many,
                                       alpha=float(np.clip(40.0 / max(len(curves), 1), 0.03, 0.7))))
    short = [steps for steps in curves if len(steps) < 5]
    if short:  # a single point, or few, would not be visible as a line
        axes.scatter(*np.concatenate(short).T, s=9, color="0.6", alpha=0.7 if not many else 0.2, rasterized=many)
    for place, trial in enumerate(chosen):
        steps = lines[trial.number]
        axes.plot(list(steps), list(steps.values()), color=_colour(place), linewidth=2.2,
                  **_marks(place, len(steps)), label=f"trial {trial.number}" + " (chosen)" * (place == 0))
    is_cost = study.direction == "minimize"
    axes.autoscale_view()
    if curves:
        drawing.integer_ticks(axes.xaxis)
    else:
        drawing.say_empty(axes, study, "no trial has reported a value")
    _zoom(axes, [reported for steps in lines.values() for reported in steps.values()], is_cost)
    label(axes, "epoch", value, "All trials", place="upper right" if is_cost else "lower right")


def _draw_histories(
    axes: Any, chosen: Sequence[Trial], curves: Mapping[int, Mapping[str, Sequence[float]]], curve: str,
) -> None:
    """Draw the training and validation curve of each chosen trial whose history is known."""
    for place, trial in enumerate(chosen):
        found = curves.get(trial.number, {})
        for name, text, style in ((curve, "training", "--"), (f"val_{curve}", "validation", "-")):
            if name in found:
                axes.plot(range(1, len(found[name]) + 1), found[name], style, color=_colour(place), linewidth=2,
                          **_marks(place, len(found[name])), label=f"trial {trial.number}, {text}")
    if axes.lines:
        drawing.integer_ticks(axes.xaxis)
    label(axes, "epoch", curve, "Chosen trial" if len(chosen) == 1 else "Best trials", place="best")


def _colour(place: int) -> str:
    return COLOURS[(place + 1) % len(COLOURS)]


def _marks(place: int, count: int) -> dict[str, Any]:
    """Markers at some of the points of a chosen trial's curve, other ones for each trial."""
    return {"marker": MARKERS[place % len(MARKERS)], "markevery": max(count // 6, 1), "markersize": 4}


def _reports(study: TrialTable, trial: Trial) -> dict[int, float]:
    """A trial's reports after those of its ancestors."""
    earlier = {} if trial.parent is None else _reports(study, study.trials[trial.parent])
    return earlier | trial.reports


def _zoom(axes: Any, values: Sequence[float], is_cost: bool) -> None:
    """Limit the y axis to the values from the best one to nine tenths of all, so the worst do not set the scale."""
    if not values:
        return
    best, worst = (min(values), float(np.quantile(values, 0.9))) if is_cost else (
        max(values), float(np.quantile(values, 0.1)))
    if best != worst:
        axes.set_ylim(*sorted((worst, best + 0.05 * (best - worst))))
