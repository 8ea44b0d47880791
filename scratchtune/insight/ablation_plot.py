"""The waterfall of an ablation path: where each change begins and ends, with the interval of its gain.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.insight.ablation_path import AblationPath, PairedGain, decimals_of, mean_of
from scratchtune.insight.drawing import finish, plain
from scratchtune.insight.plots import COLOURS, canvas

ROW = 0.32  # inches


def plot_ablation(path: AblationPath, ax: Any = None) -> Any:
    """Draw the changes of a path as bars from the value before to the value after; return the matplotlib Axes.

    The first row is the default, the last one the best configuration. The line at the end of a bar is the 95 % interval
    of the gain. Bars of changes for the worse are hatched.

    A TypeError where ``path`` is no `AblationPath`, or ``ax`` no Axes.
    """
    if not isinstance(path, AblationPath):
        raise TypeError(f"path is {path!r}; it must be an AblationPath, as returned by st.insight.ablation")
    if ax is not None and not hasattr(ax, "set_xlabel"):
        raise TypeError(f"ax is {ax!r}; it must be matplotlib Axes, or None")
    rows = len(path.steps) + 2
    axes = canvas(1, (7.5, max(2.4, 1.3 + ROW * rows)))[1] if ax is None else ax
    better = "lower" if path.direction == "minimize" else "higher"
    seeds = checks.counted(len(path.start), "seed")
    finish(axes, f"value, mean over {seeds} ({better} is better)", "", "From the default to the best configuration",
           "bars: change of the mean; lines: 95 % interval of the gain" if path.steps else "")
    if not path.steps:
        axes.text(0.5, 0.5, "the default is the best configuration", ha="center", va="center", color="0.3",
                  transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return axes
    _bars(axes, path)
    labels = ["default", *("\n".join(textwrap.wrap(plain(step, 60), 36)) for step in path.steps), "best configuration"]
    axes.set_yticks(range(rows), labels, fontsize=9)
    for row, gain in enumerate([*(step.gain for step in path.steps), path.total], start=1):
        text = "" if math.isnan(gain.mean) else f"{gain.mean:+.{decimals_of(path)}f}"
        axes.text(1.01, row, text, transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    axes.text(1.01, 0, "gain", transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.use_sticky_edges = False
    axes.margins(x=0.05)
    axes.grid(axis="x", alpha=0.25)
    axes.tick_params(axis="y", length=0)
    return axes


def _bars(axes: Any, path: AblationPath) -> None:
    """Draw a dot for each end, and a bar with its interval and its gain for each change."""
    sign = 1.0 if path.direction == "maximize" else -1.0
    at = mean_of(path.start)
    axes.plot([at], [0], "o", color="0.25", label="default")
    for row, step in enumerate(path.steps, start=1):
        after = mean_of(step.values)
        if math.isnan(step.gain.mean):
            axes.text(at, row, " no value: trainings failed", va="center", fontsize=8, color="0.3")
        else:
            _bar(axes, row, after - sign * step.gain.mean, step.gain, sign)
            axes.plot([at, at], [row - 1, row], ":", color="0.5", linewidth=1, zorder=0)
        at = at if math.isnan(after) else after
    last = len(path.steps) + 1
    axes.plot([at, at], [last - 1, last], ":", color="0.5", linewidth=1, zorder=0)
    axes.plot([at], [last], "D", color="0.25", label="best configuration")


def _bar(axes: Any, row: int, start: float, gain: PairedGain, sign: float) -> None:
    is_worse = gain.mean < 0.0
    axes.barh(row, sign * gain.mean, left=start, height=0.6, color=COLOURS[1 if is_worse else 0], alpha=0.75,
              hatch="///" if is_worse else None, edgecolor="white", linewidth=0.0)
    if not math.isnan(gain.low):
        ends = np.sort(start + sign * np.array([gain.low, gain.high]))
        axes.plot(ends, [row, row], color="black", linewidth=1.4, solid_capstyle="butt", marker="|", markersize=7)
