"""Values of a study as a whole: the optimization history, and the empirical distribution function.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, MARKERS, Target, TrialTable
from scratchtune.study.best import so_far

STYLES = ("-", "--", "-.", ":")


def plot_optimization_history(
    study: TrialTable | Sequence[TrialTable], ax: Any = None, *, target: Target | None = None, target_name: str
    = "target",
) -> Any:
    """Plot the value of each complete trial by its number, and the best value so far; returns the Axes.

    Several studies of one direction are drawn in one plot. Where budgets differ, as in Hyperband, only trials of the
    largest budget count as the best, and the others are grey. Values that are far worse than the others are triangles
    at the edge. The figure is ``axes.figure``.

    ``target``, a function of a trial, gives another number than its value, such as ``lambda trial: trial.seconds``;
    ``target_name`` is its label, and no best value is drawn.
    """
    studies = [drawing.targeted(one, target, target_name) for one in _as_list(study, target)]
    (axes,) = drawing.panels(ax, 1)
    values = np.concatenate([drawing.values_of(drawing.complete_trials(one)) for one in studies])
    limit = drawing.limit_values(axes, studies[0], values)
    for number, one in enumerate(studies):
        _draw_history(axes, one, number, len(studies), limit)
    if len(values):
        drawing.integer_ticks(axes.xaxis)
    several = f"dots: complete trials{'; lines: best value so far; stars: best trials' * (target is None)}"
    _finish(axes, studies, "trial", drawing.value_label(studies[0]), "Optimization history",
            several * (len(studies) > 1) + drawing.beyond_note(studies[0], values, limit))
    return axes


def _draw_history(axes: Any, study: TrialTable, number: int, count: int, limit: float) -> None:
    """Draw one of so many studies: its trials, those of smaller budgets, the best value so far, and the best trial."""
    trials, small = drawing.by_budget(study)
    if not trials:
        return
    own = count == 1  # the parts of several studies are explained in the note, and each study has one entry
    values, numbers = drawing.values_of(trials), np.array([trial.number for trial in trials])
    colour, marker = COLOURS[number % len(COLOURS)], "o" if own else MARKERS[number % len(MARKERS)]
    at_budget = "" if not small else f", budget {trials[0].budget:g}"
    drawing.dots(axes, trials, numbers, values, color=colour, edgecolor="none", marker=marker,
                 label=f"complete trials{at_budget}" if own else None, alpha=0.6 if len(trials) <= 1000 else 0.3)
    drawing.small_dots(axes, small, [trial.number for trial in small], drawing.values_of(small),
                       "complete trials, smaller budgets" if own else None)
    everyone = [*trials, *small]
    drawing.mark_beyond(axes, study, np.array([trial.number for trial in everyone]), drawing.values_of(everyone), limit,
                        everyone)
    best, text = drawing.best_trial(study), ""
    if best is not None:
        text = f"best, trial {best.number}: {best.value:.4g}"
        line = drawing.values_of(so_far(study.trials, study.direction))
        axes.step([*numbers, len(study.trials) - 1], [*line, line[-1]], STYLES[number % len(STYLES)], where="post",
                  linewidth=2, color=COLOURS[1] if own else colour,
                  label=f"best value so far{at_budget}" if own else None)
        drawing.mark_best(axes, best, best.number, float(best.value or 0.0), text if own else None)
    if not own:
        axes.plot([], [], STYLES[number % len(STYLES)] if best else "", color=colour, marker=marker, linewidth=2,
                  label=drawing.plain(study.name) + f": {text}{at_budget}" * bool(text))


def plot_edf(
    study: TrialTable | Sequence[TrialTable], ax: Any = None, *, target: Target | None = None, target_name: str
    = "target",
) -> Any:
    """Plot the empirical distribution function of the complete trials' values; returns the Axes.

    It is the share of trials whose value is at least as good as x: at most x, or at least x where values are maximised.
    Where budgets differ, only trials of the largest one count. Several studies of one direction are drawn in one plot.

    ``target`` and ``target_name`` are those of `plot_optimization_history`.
    """
    studies = [drawing.targeted(one, target, target_name) for one in _as_list(study, target)]
    (axes,) = drawing.panels(ax, 1)
    sign, every = 1.0 if studies[0].direction == "minimize" else -1.0, [np.zeros(0)]
    for number, one in enumerate(studies):
        values = sign * np.sort(sign * drawing.values_of(drawing.by_budget(one)[0]))
        every.append(values)
        if len(values):
            axes.step([values[0], *values], np.arange(len(values) + 1) / len(values), STYLES[number % len(STYLES)],
                      where="post", linewidth=2, color=COLOURS[number % len(COLOURS)],
                      label=f"{drawing.plain(one.name)}, {len(values):,}" if len(studies) > 1 else None)
    limit = drawing.limit_values(axes, studies[0], np.concatenate(every), "x")
    small = len(drawing.by_budget(studies[0])[1])
    note = f"; {small:,} of smaller budgets do not count" * bool(small and len(studies) == 1)
    note += drawing.beyond_note(studies[0], np.concatenate(every), limit)
    _finish(axes, studies, drawing.value_label(studies[0]),
            f"share of trials with at {'most' if sign > 0.0 else 'least'} this value",
            "Empirical distribution of the values", note)
    axes.set_ylim(0.0, 1.02)
    return axes


def _as_list(study: TrialTable | Sequence[TrialTable], target: Target | None) -> list[TrialTable]:
    studies: list[Any] = list(study) if isinstance(study, (list, tuple)) else [study]
    if not studies or not all(hasattr(one, "trials") for one in studies):
        raise TypeError(f"study is {study!r}; it must be a Study, or a list of at least one Study")
    directions = {one.direction for one in studies if target is None}
    if len(directions) > 1:
        raise ValueError("study holds studies that minimize and studies that maximize; all must have one direction")
    return studies


def _finish(axes: Any, studies: list[TrialTable], x: str, y: str, title: str, note: str) -> None:
    counts = [len(drawing.complete_trials(one)) for one in studies]
    if not any(counts):
        drawing.say_empty(axes, studies[0])
    left_out = drawing.left_out(studies[0], counts[0]) if len(studies) == 1 else ""
    drawing.finish(axes, x, y, title, (left_out + note).removeprefix("; "))
    axes.grid(alpha=0.25)
    drawing.legend(axes, below=True)
