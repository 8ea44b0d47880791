"""The brackets of `Hyperband` as a flow: which configurations continue with a larger budget, and which stop.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing, searcher_state
from scratchtune.insight.drawing import TrialTable
from scratchtune.search import Hyperband, SuccessiveHalving
from scratchtune.study.trial import Trial

MOST_BRACKETS = 12  # that are shown; of more, the first ones and that of the best trial
MANY = 300  # trials of a bracket, beyond which lines are thin


def plot_brackets(study: TrialTable, ax: Any = None) -> Any:
    """Plot each bracket of `Hyperband` or `SuccessiveHalving` as a flow from small to large budgets.

    A dot is a trial, at its budget and its rank among the trials of its rung, the best on top; its colour is its value,
    and failed trials are crosses at the end. A line leads from a trial to the one that continues it, so a dot without a
    line to its right is where a configuration stops. The number above a rung counts its trials. The best trial and its
    predecessors are emphasised. Returns the Axes, or a list of them, one for each bracket.

    Raises
        ValueError where the study was searched by another searcher.
    """
    searcher = searcher_state.known_searcher(
        study, (Hyperband, SuccessiveHalving), "plot_brackets", "Hyperband or SuccessiveHalving")
    brackets = _brackets(study)
    if searcher is None and study.trials and not brackets:
        raise ValueError("study was searched by a searcher that is not known here; plot_brackets needs Hyperband or "
                         "SuccessiveHalving")
    complete = drawing.complete_trials(study)
    values = drawing.values_of(complete)
    best = complete[drawing.best_of(study, values)] if complete else None
    shown = _shown(brackets, best)
    axes = drawing.panels(ax, max(len(shown), 1), 3, (3.8, 3.6))
    colours = drawing.value_colours(study, values) if complete else {"cmap": "cividis", "vmin": 0.0, "vmax": 1.0}
    budgets = [float(rung[0].budget or 0.0) for number in shown for rung in brackets[number]]
    for one, number in zip(axes, shown, strict=False):
        _draw_bracket(one, study, brackets[number], colours, best)
        one.set_xlim(min(budgets) / 1.6, max(budgets) * 1.6)
        drawing.finish(one, "budget of a trial", None, f"Bracket {number + 1}" if len(shown) > 1 else None)
    if not shown:
        drawing.say_empty(axes[0], study)
        drawing.finish(axes[0], "budget of a trial")
    axes[0].set_ylabel("rank in the rung (1: best)")
    if complete:
        drawing.value_bar(colours, axes, study, values)
    running = sum(trial.state == "running" for trial in study.trials)
    notes = [checks.counted(len(study.trials) - running, "trial")] + [f"not shown: {running:,} running"] * bool(running)
    if len(shown) < len(brackets):
        notes.append(f"{len(shown)} of {len(brackets)} brackets")
    drawing.head(axes, "Brackets", "; ".join(notes))
    return drawing.one_or_all(axes)


def _brackets(study: TrialTable) -> dict[int, list[list[Trial]]]:
    """For each bracket, in order, its rungs: the finished trials, ranked as for the promotion, the best first."""
    found: dict[int, dict[int, list[Trial]]] = {}
    for trial in study.trials:
        if "bracket" in trial.why and trial.state != "running":
            found.setdefault(trial.why["bracket"], {}).setdefault(trial.why["rung"], []).append(trial)
    sign = 1.0 if study.direction == "minimize" else -1.0

    def order(trial: Trial) -> tuple[bool, float, int]:
        return trial.value is None, sign * (trial.value or 0.0), trial.number

    return {bracket: [sorted(rungs[rung], key=order) for rung in sorted(rungs)]
            for bracket, rungs in sorted(found.items())}


def _shown(brackets: dict[int, list[list[Trial]]], best: Trial | None) -> list[int]:
    """The brackets to show, in order: all, or the first ones and that of the best trial."""
    numbers = list(brackets)
    if len(numbers) <= MOST_BRACKETS:
        return numbers
    first = numbers[:MOST_BRACKETS]
    bracket = None if best is None else best.why.get("bracket")
    return first if bracket in first or bracket is None else [*first[:-1], bracket]


def _draw_bracket(
    axes: Any, study: TrialTable, rungs: Sequence[Sequence[Trial]], colours: dict[str, Any], best: Trial | None,
) -> None:
    """Draw the rungs of a bracket, the lines between them, and the lineage of the best trial."""
    at = {trial.number: (float(trial.budget or 0.0), rank)
          for rung in rungs for rank, trial in enumerate(rung, start=1)}
    _draw_lines(axes, rungs, at, colours)
    trials = [trial for rung in rungs for trial in rung]
    known = [trial for trial in trials if trial.value is not None]
    failed = [at[trial.number] for trial in trials if trial.value is None]
    look = drawing.look_of_points(len(trials)) | {"alpha": 0.9}
    if known:
        axes.scatter(*np.array([at[trial.number] for trial in known]).T, c=[trial.value for trial in known],
                     edgecolor="0.35", zorder=3, **colours, **look)
    if failed:
        axes.scatter(*np.array(failed).T, marker="x", color="0.3", s=look["s"], linewidth=1.0, zorder=3,
                     label=f"failed ({len(failed):,})")
    if best is not None and best.number in at:
        line = np.array([at[number] for number in _lineage(study, best) if number in at])
        axes.plot(*line.T, color="black", linewidth=2.2, zorder=4)
        axes.plot(*line[-1], "*", color="black", markersize=15, markeredgecolor="white", zorder=5,
                  label=f"best, trial {best.number}: {best.value:.4g}")
    _set_axes(axes, rungs)
    drawing.legend(axes)


def _draw_lines(
    axes: Any, rungs: Sequence[Sequence[Trial]], at: dict[int, tuple[float, int]], colours: dict[str, Any],
) -> None:
    """Draw a line from each trial to the one that continues it, in the colour of the value before."""
    from matplotlib.collections import LineCollection

    pairs = [(trial.parent, trial) for rung in rungs[1:] for trial in rung if trial.parent in at]
    if not pairs:
        return
    values = {trial.number: trial.value for rung in rungs for trial in rung}
    lines = LineCollection(
        [[at[parent], at[trial.number]] for parent, trial in pairs], cmap=colours["cmap"],
        array=np.array([math.nan if values[parent] is None else values[parent] for parent, _ in pairs], dtype=float),
        linewidths=2.0 if len(pairs) <= 30 else 1.2 if len(pairs) <= MANY else 0.5, alpha=0.7,
        rasterized=len(pairs) > MANY)
    lines.set_clim(colours["vmin"], colours["vmax"])
    axes.add_collection(lines)


def _lineage(study: TrialTable, trial: Trial) -> list[int]:
    """The numbers of a trial's predecessors and its own, the first one first."""
    numbers = [trial.number]
    while study.trials[numbers[0]].parent is not None:
        numbers.insert(0, int(study.trials[numbers[0]].parent or 0))
    return numbers


def _set_axes(axes: Any, rungs: Sequence[Sequence[Trial]]) -> None:
    """Both axes are logarithmic, since budgets grow and rungs shrink by a factor; write the size above each rung."""
    from matplotlib.ticker import NullLocator

    budgets = [float(rung[0].budget or 0.0) for rung in rungs]
    most = max(map(len, rungs))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(budgets, [f"{budget:g}" for budget in budgets])
    ranks = [rank for rank in (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000, 10_000) if rank <= most]
    ranks = ranks[:: 1 if len(ranks) < 8 else 2]
    axes.set_yticks(ranks, [f"{rank:,}" for rank in ranks])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_ylim(most * 1.25, 0.55)
    for budget, rung in zip(budgets, rungs, strict=True):
        axes.text(budget, 0.68, f"{len(rung):,}", ha="center", va="center", fontsize=9, fontweight="bold")
