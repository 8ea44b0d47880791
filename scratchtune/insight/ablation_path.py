"""The result of an ablation: the path with its gains, their intervals and shares; its table as text, and its picture.

Implements sections 8.2 and 9.2 of the document.
"""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight.drawing import COLOURS, canvas, finish, plain
from scratchtune.insight.paired_comparison import difference_of
from scratchtune.streams import aligned, visible

LEVEL = 0.95  # of the intervals
ROW = 0.32  # of the picture, inches


class PairedGain(NamedTuple):
    """A mean improvement, its 95 % interval, and the number of ``seeds`` with both values; NaN where there are too few.

    It is positive for a better value, whatever the study's direction is.
    """

    mean: float
    low: float
    high: float
    seeds: int


def gain_of(before: np.ndarray, after: np.ndarray, direction: str) -> PairedGain:
    """The mean of paired differences and its interval by Student's t; seeds without one of the values are left out.

    >>> gain_of(np.array([0.5, 0.5, np.nan]), np.array([0.75, 1.0, 1.0]), "maximize").mean
    0.375
    """
    gains = (after - before) * (1.0 if direction == "maximize" else -1.0)
    gains = gains[~np.isnan(gains)]
    if len(gains) < 2:
        return PairedGain(float(gains[0]) if len(gains) else math.nan, math.nan, math.nan, len(gains))
    found = difference_of(gains, 0.0, LEVEL, "maximize")
    return PairedGain(found.difference, found.low, found.high, len(gains))


@dataclass(frozen=True, eq=False)
class Change:
    """One change of a path: the configurations ``before`` and ``after``, the values after it by seed, and the gain.

    ``names`` are the parameters that change: one, with those that appear or disappear with it; or several where the
    constraint refuses each of them alone.
    """

    names: tuple[str, ...]
    before: dict[str, Any]
    after: dict[str, Any]
    values: np.ndarray
    gain: PairedGain

    @property
    def label(self) -> str:
        """The names, the one that was changed first."""
        return ", ".join(self.names)

    def __str__(self) -> str:
        return ", ".join(self._described(name) for name in self.names)

    def _described(self, name: str) -> str:
        shown = visible(name)
        if name not in self.after:
            return f"without {shown}"
        new = _shown(self.after[name])
        return f"{shown}: {_shown(self.before[name])} -> {new}" if name in self.before else f"{shown} = {new}"


@dataclass(frozen=True, eq=False, repr=False)
class AblationPath:
    """The path from a default to a best configuration; printed, it is a table.

    ``start`` are the default's values by seed, NaN where a training failed; ``steps`` are the changes in the order of
    the path; ``alone`` are the same changes, each made alone on the default; ``total`` is the gain of all steps
    together; ``trainings`` is their number; ``notes`` are sentences on what limits the result.
    """

    direction: str
    start: np.ndarray
    steps: list[Change]
    alone: list[Change]
    total: PairedGain
    trainings: int = 0
    notes: list[str] = field(default_factory=list)

    def share(self, name: str, alone: bool = False) -> float:
        """Share of the total gain that is due to a parameter: its step on the path, or its change ``alone``.

        Shares on the path sum to 1, if no training failed; those of changes alone need not. NaN where the total gain is
        not positive. A ValueError for a parameter that was not changed.
        """
        changes = {each: change for change in (self.alone if alone else self.steps) for each in change.names}
        if name not in changes:
            raise ValueError(f"name is {name!r}; it must be a parameter that was changed"
                             f"{' alone' * alone}: {', '.join(map(repr, changes)) or 'there is none'}"
                             f"{checks.nearest(name, changes)}")
        return self._share(changes[name])

    def _share(self, change: Change) -> float:
        return change.gain.mean / self.total.mean if self.total.mean > 0.0 else math.nan

    def __str__(self) -> str:
        if not self.steps:
            return "The default is the best configuration: there is nothing to change."
        digits = decimals_of(self)
        alone = {change.names: change for change in self.alone}
        rows = [["change", "value", "gain", "95 % interval", "share", "alone", "share"],
                ["default", f"{mean_of(self.start):.{digits}f}", "", "", "", "", ""]]
        for step in self.steps:
            single = next((alone[names] for names in alone if names[0] == step.names[0]), None)
            rows.append([str(step), f"{mean_of(step.values):.{digits}f}", *_gain_cells(step.gain, digits),
                         _percent(self._share(step)), *(
                             ["", ""] if single is None else
                             [f"{single.gain.mean:+.{digits}f}", _percent(self._share(single))])])
        all_of_it = "100%" if self.total.mean > 0.0 else ""
        rows.append(["all of them", "", *_gain_cells(self.total, digits), all_of_it, "", ""])
        head = (f"From the default to the best configuration: means over {checks.counted(len(self.start), 'seed')}; "
                "a gain is an improvement.")
        return "\n".join([head, *aligned(rows), *self.sentences()])

    def __repr__(self) -> str:
        return f"<AblationPath: {checks.counted(len(self.steps), 'step')}, total gain {self.total.mean:.4g}>"

    def sentences(self) -> list[str]:
        """What the path says in words: the share of one parameter alone, and the notes."""
        lines = []
        if self.alone and self.total.mean > 0.0:
            single = max(self.alone, key=lambda change: np.nan_to_num(change.gain.mean, nan=-math.inf))
            lines.append(f"{visible(single.label)} alone, all else as in the default, gives "
                         f"{_percent(self._share(single))} of the total gain.")
        return lines + self.notes


def mean_of(values: np.ndarray) -> float:
    """The mean of the values that are there; NaN if there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _shown(value: Any) -> str:
    text = visible(f"{value:.4g}" if isinstance(value, float) else str(value))
    return text if len(text) <= 30 else f"{text[:27]}..."


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.0%}"


def _gain_cells(gain: PairedGain, digits: int) -> list[str]:
    interval = "" if math.isnan(gain.low) else f"{gain.low:+.{digits}f} to {gain.high:+.{digits}f}"
    return ["failed" if math.isnan(gain.mean) else f"{gain.mean:+.{digits}f}", interval]


def decimals_of(path: AblationPath) -> int:
    """Decimals such that the largest gain has three digits."""
    largest = max((abs(gain.mean) for gain in (path.total, *(step.gain for step in path.steps))
                   if not math.isnan(gain.mean)), default=0.0)
    return 3 if largest == 0.0 else min(max(2 - math.floor(math.log10(largest)), 0), 12)


# The picture: a waterfall ---------------------------------------------------------------------------------------------


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
