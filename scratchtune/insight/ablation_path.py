"""The ablation path: from a default configuration to the best one, one hyper-parameter after the other.

At each step every hyper-parameter that still differs is set to the value of the best configuration, one at a time, and
the change with the best mean is kept. So the path shows which changes the gain over the default is due to, and which do
nothing. What a change gains depends on the changes before it. Therefore each change is also made alone, on the default.

The best of several means is too good on average, so some seeds choose the order, and others measure the gains. All
configurations are trained with the same seeds, and a gain is the mean of paired differences, with an interval. It
includes the randomness that the objective derives from ``trial.seed``, such as the initial weights and the order of the
rows. If all trainings use the same rows, it does not include that other rows might have been drawn.

Source: Fawcett and Hoos (2016), "Analysing differences between algorithm configurations through ablation".

Implements sections 8.2 and 9.2 of the document.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.evaluation.selection import corrected_standard_error, student_quantile
from scratchtune.core.search import Categorical, Space
from scratchtune.core.search.space import same
from scratchtune.core.streams import aligned, shown_params, visible
from scratchtune.core.study import Trial
from scratchtune.core.study.best import best_first, none_feasible
from scratchtune.insight.drawing import COLOURS, TrialTable, finish, panels, plain
from scratchtune.insight.reevaluation import Evaluations, FailedEvaluationWarning, Params, fresh_seeds


def ablation(
    study: TrialTable, objective: Callable[[Trial], Any], seeds: int = 5, default: Mapping[str, Any] | None = None,
    n_jobs: int = 1, target: Mapping[str, Any] | None = None, choosing: int = 2, progress: bool = True,
) -> AblationPath:
    """Find the path from a default to the best configuration, and measure each change over ``seeds`` seeds.

    ``default`` is the configuration to begin with, None for trial 0 if it was enqueued; its numbers may be outside of
    their ranges. ``target`` is the one to end with, None for that of the study's best trial.

    ``choosing`` other seeds choose the order of the changes, and the ``seeds`` measure the path and each change alone.
    No trial of the study had one of these seeds. The objective is called as by `reevaluate`.

    A parameter that a change makes appear takes the target's value, as a part of this change; one whose condition no
    longer holds disappears with it. A change that the constraint excludes is tried again after the next step; where no
    single change is possible, all that are left are made at once.

    If d values differ, there are up to (d (d + 1) / 2 - 1) · choosing + 2 d · seeds trainings; the number is printed
    before they begin. A failed training leaves its seed out of the gains that need it, and a `FailedEvaluationWarning`
    says so. The path is the same whatever ``n_jobs``, the number of threads, is. A TypeError or ValueError
    where an argument is not valid, or the study has no complete trial; a RuntimeError where all trainings of the
    default or of the target fail.

    >>> from scratchtune.core.study import Study
    >>> study = Study({"a": [0, 1], "b": [0, 1]}, searcher="grid", direction="maximize")
    >>> objective = lambda trial: 2.0 * trial.params["a"] + trial.params["b"]
    >>> path = ablation(study.run(objective, progress=False), objective, default={"a": 0, "b": 0}, progress=False)
    >>> [(change.label, change.gain.mean) for change in path.steps]
    [('a', 2.0), ('b', 1.0)]
    """
    trainings = Evaluations(study, objective, n_jobs)
    seeds, choosing = checks.integer("seeds", seeds, low=2), checks.integer("choosing", choosing, low=1)
    start, ranked = _default(study, default), best_first(study.trials, study.direction)
    if target is None and not ranked:
        raise ValueError(none_feasible(study.trials) or f"study has no complete trial among "
                         f"{checks.counted(len(study.trials), 'trial')}; an ablation path leads to the best one")
    end = ranked[0].params if target is None else _checked("target", study.space, target)
    d = len(_candidates(study.space, start, end))
    most = max((d * (d + 1) // 2 - 1) * choosing + 2 * d * seeds, 0)  # the last step has one candidate, the target
    headline = f"ablation path: {checks.counted(d, 'value')} to change, at most {most:,} trainings"
    drawn = fresh_seeds(study, seeds + choosing)
    with trainings.announced(most, "training", progress, headline):
        if d == 0:
            return AblationPath(study.direction, np.empty(0), [], [], PairedGain(0.0, 0.0, 0.0, 0))
        for name, params in {"default": start, "target": end}.items():
            trainings.run([params], drawn[:seeds])
            errors = trainings.errors_of(params)
            if None not in errors:
                raise RuntimeError(f"all {seeds} trainings of the {name}, {shown_params(params)}, failed, the first "
                                   f"with {errors[0]}; an ablation path needs values at both ends")
        path = _greedy_path(trainings, study, start, end, drawn[seeds:])
        return _measured(trainings, study, path, drawn[:seeds])


def _default(study: TrialTable, given: Mapping[str, Any] | None) -> Params:
    """The configuration to begin with, a point of the space without the constraint; numbers may be out of range."""
    if given is None:
        if not study.trials or not study.trials[0].why.get("enqueued"):
            raise ValueError("default is None, and trial 0 was not enqueued; give the configuration to begin with as "
                             "default, or enqueue it before the search")
        return study.trials[0].params
    if not isinstance(given, Mapping):
        raise TypeError(f"default is {given!r}; it must be a dict from names to values")
    space = study.space
    parents = {parent for condition in space.conditions.values() for parent in condition}
    ranges = {name: one for name, one in space.parameters.items() if not isinstance(one, Categorical)}
    outside = {name: value.item() if isinstance(value, np.generic) else value for name, value in given.items()
               if name in ranges and name not in parents
               and not ranges[name].low <= checks.real(name, value) <= ranges[name].high}
    inside = {name: ranges[name].from_unit(0.0) if name in outside else value for name, value in given.items()}
    return _checked("default", Space(space.parameters), inside) | outside


def _checked(argument: str, space: Space, params: Mapping[str, Any]) -> Params:
    try:
        return space.check(params)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{argument}: {error}") from None


def _candidates(space: Space, here: Params, target: Params) -> list[Params]:
    """The configurations that one change leads to; the target alone if all are refused, none if nothing is left."""
    left = [name for name in here if name in target and not same(here[name], target[name])]
    changed = [_changed(space, here, target, name) for name in left]
    return [params for params in changed if params is not None and space.allows(params)] or [target][: len(left)]


def _changed(space: Space, here: Params, target: Params, name: str) -> Params | None:
    """``here`` with the target's value of parameter ``name``, and what appears or disappears with it.

    None if a parameter appears that neither configuration has.
    """
    params: Params = {}
    for each in space.names:
        if space.is_active(each, params):
            source = target if each == name or each not in here else here
            if each not in source:
                return None
            params[each] = source[each]
    return params


def _greedy_path(
    trainings: Evaluations, study: TrialTable, start: Params, target: Params, seeds: Sequence[int],
) -> list[Params]:
    """The configurations of the path; each next one is the candidate with the best mean over the seeds."""
    def rank(params: Params) -> tuple[int, float]:
        values = trainings.values(params, seeds)
        loss = mean_of(values) * (1.0 if study.direction == "minimize" else -1.0)
        return int(np.isnan(values).sum()), 0.0 if math.isnan(loss) else loss  # failures first

    path = [start]
    while candidates := _candidates(study.space, path[-1], target):
        if len(candidates) > 1:
            trainings.run(candidates, seeds)
        path.append(min(candidates, key=rank))
    return path


def _measured(trainings: Evaluations, study: TrialTable, path: list[Params], seeds: Sequence[int]) -> AblationPath:
    """Measure the gains of a path's steps, and of each change alone on the default; warn if trainings failed."""
    alone = _candidates(study.space, path[0], path[-1])
    trainings.run([*path, *alone], seeds)
    values = [trainings.values(params, seeds) for params in path]

    def change(before: Params, after: Params) -> Change:
        names = tuple(name for name in study.space.names if (name in before) != (name in after)
                      or (name in before and not same(before[name], after[name])))
        found = trainings.values(after, seeds)
        return Change(names, before, after, found, gain_of(trainings.values(before, seeds), found, study.direction))

    steps = [change(*pair) for pair in zip(path[:-1], path[1:], strict=True)]
    single = [change(path[0], params) for params in alone]
    notes = []
    if errors := trainings.errors:
        notes.append(f"{len(errors):,} of {trainings.count:,} trainings failed, the first with {visible(errors[0])}; a "
                     "gain leaves out the seeds that it lacks, so the gains need not add up to the total.")
        checks.warn(notes[0], FailedEvaluationWarning)
    known = [some[~np.isnan(some)] for some in values]
    if all(len(some) > 1 and np.ptp(some) == 0.0 for some in known):
        notes.append("Each configuration has the same value for all seeds: the objective does not use trial.seed, "
                     "so the intervals are empty and say nothing.")
    total = gain_of(values[0], values[-1], study.direction)
    return AblationPath(study.direction, values[0], steps, single, total, trainings.count, notes)


# The result: gains, intervals, shares; as text ------------------------------------------------------------------------


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

    ``before`` and ``after`` are values of two configurations, two searchers or two studies with the same seeds, (n,):
    a seed that is hard for both changes no difference. If the interval does not contain 0, one of the two is better.
    A ValueError where they are not paired, or the direction is no direction.

    >>> gain_of(np.array([0.5, 0.5, np.nan]), np.array([0.75, 1.0, 1.0]), "maximize").mean
    0.375
    """
    sides = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    if sides[0].shape != sides[1].shape or sides[0].ndim != 1:
        raise ValueError(f"before has shape {sides[0].shape} and after {sides[1].shape}; both must be (n,), paired")
    checks.choice("direction", direction, ("minimize", "maximize"))
    gains = (sides[1] - sides[0]) * (1.0 if direction == "maximize" else -1.0)
    gains = gains[~np.isnan(gains)]
    if len(gains) < 2:
        return PairedGain(float(gains[0]) if len(gains) else math.nan, math.nan, math.nan, len(gains))
    mean = float(gains.mean())
    reach = student_quantile(0.95, len(gains) - 1) * corrected_standard_error(gains, 1.0, 0.0)
    return PairedGain(mean, mean - reach, mean + reach, len(gains))


@dataclass(frozen=True, eq=False)
class Change:
    """One change of a path: the configurations ``before`` and ``after``, the values after it by seed, and the gain.

    ``names`` are the parameters that change, parents first: one, with those that appear or disappear with it; or
    several where the constraint refuses each of them alone.
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

    ``start`` are the default's values by seed, NaN where a training failed; ``alone`` are the changes of the steps,
    each made alone on the default; ``total`` is the gain of all steps together; ``notes`` say what limits the result.
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

    def __repr__(self) -> str:
        if not self.steps:
            return "The default is the best configuration: there is nothing to change."
        digits, alone = self.decimals, {change.names[0]: change for change in self.alone}
        rows = [["change", "value", "gain", "95 % interval", "share", "alone", "share"],
                ["default", f"{mean_of(self.start):.{digits}f}", "", "", "", "", ""]]
        for step in self.steps:
            single = alone.get(step.names[0])
            rows.append([str(step), f"{mean_of(step.values):.{digits}f}", *_gain_cells(step.gain, digits),
                         _percent(self._share(step)), *(
                             ["", ""] if single is None else
                             [_gain_cells(single.gain, digits)[0], _percent(self._share(single))])])
        rows.append(["all of them", "", *_gain_cells(self.total, digits), "100%" * (self.total.mean > 0.0), "", ""])
        head = (f"From the default to the best configuration: means over {checks.counted(len(self.start), 'seed')}; "
                "a gain is an improvement.")
        lines = [head, *aligned(rows)]
        if self.alone and self.total.mean > 0.0:
            best = max(self.alone, key=lambda change: np.nan_to_num(change.gain.mean, nan=-math.inf))
            lines.append(f"{visible(best.label)} alone, all else as in the default, gives "
                         f"{_percent(self._share(best))} of the total gain.")
        return "\n".join([*lines, *self.notes])

    @property
    def decimals(self) -> int:
        """Decimals such that the largest gain has three digits."""
        largest = np.nanmax([0.0, *(abs(gain.mean) for gain in (self.total, *(step.gain for step in self.steps)))])
        return 3 if largest == 0.0 else min(max(2 - math.floor(math.log10(largest)), 0), 12)


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


def plot_ablation(path: AblationPath, ax: Any = None) -> Any:
    """Draw the changes of a path as bars from the value before to the value after; return the matplotlib Axes.

    The first row is the default, the last one the best configuration. The line at the end of a bar is the 95 % interval
    of the gain. Bars of changes for the worse are hatched.

    A TypeError where ``path`` is no `AblationPath`, or ``ax`` no Axes.
    """
    if not isinstance(path, AblationPath):
        raise TypeError(f"path is {path!r}; it must be an AblationPath, as returned by st.insight.ablation")
    rows = len(path.steps) + 2
    (axes,) = panels(ax, 1, size=(7.5, max(2.4, 1.3 + 0.32 * rows)))
    better = "lower" if path.direction == "minimize" else "higher"
    seeds = checks.counted(len(path.start), "seed")
    finish(axes, f"value, mean over {seeds} ({better} is better)", "", "From the default to the best configuration",
           "bars: change of the mean; lines: 95 % interval of the gain" if path.steps else "",
           "x" if path.steps else None)
    if not path.steps:
        axes.text(0.5, 0.5, "the default is the best configuration", ha="center", va="center", color="0.3",
                  transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return axes
    _bars(axes, path)
    labels = ["default", *("\n".join(textwrap.wrap(plain(step, 60), 36)) for step in path.steps), "best configuration"]
    axes.set_yticks(range(rows), labels, fontsize=9)
    for row, gain in enumerate([*(step.gain for step in path.steps), path.total], start=1):
        text = "" if math.isnan(gain.mean) else f"{gain.mean:+.{path.decimals}f}"
        axes.text(1.01, row, text, transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    axes.text(1.01, 0, "gain", transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.use_sticky_edges = False
    axes.margins(x=0.05)
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
            start, is_worse = after - sign * step.gain.mean, step.gain.mean < 0.0
            axes.barh(row, sign * step.gain.mean, left=start, height=0.6, color=COLOURS[1 if is_worse else 0],
                      alpha=0.75, hatch="///" if is_worse else None, edgecolor="white", linewidth=0.0)
            ends = np.sort(start + sign * np.array([step.gain.low, step.gain.high]))  # NaN where there is no interval
            axes.plot(ends, [row, row], color="black", linewidth=1.4, solid_capstyle="butt", marker="|", markersize=7)
            axes.plot([at, at], [row - 1, row], ":", color="0.5", linewidth=1, zorder=0)
        at = at if math.isnan(after) else after
    last = len(path.steps) + 1
    axes.plot([at, at], [last - 1, last], ":", color="0.5", linewidth=1, zorder=0)
    axes.plot([at], [last], "D", color="0.25", label="best configuration")
