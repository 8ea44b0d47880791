"""The picture of ``scratchtune compare``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune.insight.drawing import COLOURS as COLOURS
from scratchtune.insight.drawing import MARKERS as MARKERS
from scratchtune.insight.drawing import canvas as canvas
from scratchtune.insight.drawing import save as save

if TYPE_CHECKING:
    from scratchtune.study import Study


def plot_comparison(
    studies: Mapping[str, Study], costs: Mapping[str, Sequence[float]], parameter: str, path: str | Path,
    score: str = "cross-validated accuracy", logarithmic: bool = True,
) -> Path:
    """Plot, for studies over one space, the scores by one parameter, and the best score so far by the cost so far.

    ``costs`` are the epochs of each trial of each study, in the order of the trials' numbers.
    """
    figure, (tried, best) = canvas(2)
    for number, (name, study) in enumerate(studies.items()):
        look = {"color": COLOURS[number % 6], "label": name}
        trials = [trial for trial in study.trials if trial.state == "complete"]
        values = np.array([trial.value for trial in trials])
        x = [trial.params[parameter] for trial in trials]
        short = " (short trainings too)" if any(trial.parent is not None for trial in trials) else ""
        tried.scatter(x, values, s=34, marker=MARKERS[number % 6], alpha=0.75, edgecolor="none",
                      **look | {"label": name + short})
        so_far = np.maximum.accumulate(values) if study.direction == "maximize" else np.minimum.accumulate(values)
        paid = np.cumsum(costs[name])[[trial.number for trial in trials]]
        best.step([*paid, sum(costs[name])], [*so_far, so_far[-1]], where="post", linewidth=2, **look)
    if logarithmic:
        tried.set_xscale("log")
    label(tried, parameter.replace("_", " "), score, "All trials")
    label(best, "epochs, summed over folds", f"best {score}", "Best so far")
    _zoom(best, [study for study in studies.values()])
    return save(figure, path)


def label(axes: Any, x: str, y: str, title: str, place: str = "lower right") -> None:
    """Label the axes, set a title, and add a legend if a curve has a label."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, loc="left", fontweight="bold")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc=place)


def _zoom(axes: Any, studies: Sequence[Study]) -> None:
    """Limit the y axis to where the curves end, so that a bad first trial does not set the scale."""
    values = np.concatenate([[trial.value for trial in study.trials if trial.state == "complete"] for study in studies])
    best = [study.best_value for study in studies]
    high = max(best)
    low = min(best) - 2.0 * (high - min(best)) if high > min(best) else np.quantile(values, 0.4)
    if studies[0].direction == "maximize" and high > low:
        axes.set_ylim(low - 0.05 * (high - low), high + 0.1 * (high - low))
