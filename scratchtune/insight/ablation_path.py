"""The result of an ablation: the path with its gains, their intervals and shares, and its table as text.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.selection import standard_error
from scratchtune.evaluation.student import student_quantile
from scratchtune.streams import visible

LEVEL = 0.95  # of the intervals
LEARNING_RATES = ("learning_rate", "lr", "learning_rate_init", "eta0", "step_size", "alpha")  # the first that differs


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
    mean = float(gains.mean())
    half = student_quantile(LEVEL, len(gains) - 1) * standard_error(gains)
    return PairedGain(mean, mean - half, mean + half, len(gains))


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

    @property
    def learning_rate(self) -> str | None:
        """The name of the learning rate, if it was changed alone; of a pipeline's name the last part counts."""
        parts = {change.names[0].rpartition("__")[2]: change.names[0] for change in self.alone}
        return next((parts[name] for name in LEARNING_RATES if name in parts), None)

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
        rows.append(["all of them", "", *_gain_cells(self.total, digits), _percent(self._share_of_all()), "", ""])
        head = (f"From the default to the best configuration: means over {checks.counted(len(self.start), 'seed')}; "
                "a gain is an improvement.")
        return "\n".join([head, *_aligned(rows), *self.sentences()])

    def __repr__(self) -> str:
        return f"<AblationPath: {checks.counted(len(self.steps), 'step')}, total gain {self.total.mean:.4g}>"

    def sentences(self) -> list[str]:
        """What the path says in words: the share of one parameter alone, and the notes."""
        lines = []
        if self.alone and self.total.mean > 0.0:
            rate = self.learning_rate
            single = max(self.alone, key=lambda change: (rate in change.names, _or_least(change.gain.mean)))
            lines.append(f"{visible(single.label)} alone, all else as in the default, gives "
                         f"{_percent(self._share(single))} of the total gain.")
        return lines + self.notes

    def _share_of_all(self) -> float:
        return 1.0 if self.total.mean > 0.0 else math.nan


def _or_least(value: float) -> float:
    return -math.inf if math.isnan(value) else value


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


def _aligned(rows: list[list[str]]) -> list[str]:
    """The rows as lines, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) if j == 0 else cell.rjust(width)
                      for j, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]
