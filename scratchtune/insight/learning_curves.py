"""Learning curves of a study's trials: their reports, and the training and validation curves of chosen ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune.insight.plots import COLOURS, canvas, label, save

if TYPE_CHECKING:
    from scratchtune.study import Study, Trial


def plot_learning_curves(
    study: Study, chosen: Sequence[Trial], curves: Mapping[int, Mapping[str, Sequence[float]]], path: str | Path,
    value: str = "validation accuracy", curve: str = "accuracy",
) -> Path:
    """Plot what every trial has reported by epoch, and the training and validation curve of some chosen trials.

    ``value`` names what the trials report; a promoted trial continues the reports of its parent. ``curves`` maps a
    trial's number to its history, with the name ``curve`` and the same with "val_". The history of a chosen trial that
    was read from a file may be missing; its curves are left out.
    """
    figure, (search, best) = canvas(2)
    lines = {trial.number: _reports(study, trial) for trial in study.trials}
    for steps in lines.values():
        search.plot(list(steps), list(steps.values()), color="0.6", linewidth=0.8, alpha=0.7, marker=_marker(steps))
    for place, trial in enumerate(chosen):
        steps, colour = lines[trial.number], COLOURS[(place + 1) % len(COLOURS)]
        search.plot(list(steps), list(steps.values()), color=colour, linewidth=2.2, marker=_marker(steps),
                    label=f"trial {trial.number}" + " (chosen)" * (place == 0))
        found = curves.get(trial.number, {})
        for name, text, style in ((curve, "training", "--"), (f"val_{curve}", "validation", "-")):
            if name in found:
                best.plot(range(1, len(found[name]) + 1), found[name], style, color=colour, linewidth=2,
                          label=f"trial {trial.number}, {text}")
    is_cost = study.direction == "minimize"
    _zoom(search, [reported for steps in lines.values() for reported in steps.values()], is_cost)
    label(search, "epoch", value, "All trials", place="upper right" if is_cost else "lower right")
    label(best, "epoch", curve, "Chosen trial" if len(chosen) == 1 else "Best trials", place="best")
    return save(figure, path)


def _reports(study: Study, trial: Trial) -> dict[int, float]:
    """A trial's reports after those of its ancestors."""
    earlier = {} if trial.parent is None else _reports(study, study.trials[trial.parent])
    return earlier | trial.reports


def _marker(steps: Mapping[int, float]) -> str | None:
    """A dot where a single point, or few, would not be visible as a line."""
    return "." if len(steps) < 5 else None


def _zoom(axes: Any, values: Sequence[float], is_cost: bool) -> None:
    """Limit the y axis to the values from the best one to nine tenths of all, so the worst do not set the scale."""
    if not values:
        return
    best, worst = (min(values), float(np.quantile(values, 0.9))) if is_cost else (
        max(values), float(np.quantile(values, 0.1)))
    if best != worst:
        axes.set_ylim(*sorted((worst, best + 0.05 * (best - worst))))
