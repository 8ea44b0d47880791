"""Values of a study as a whole: the optimization history, and the empirical distribution function.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.drawing import Target, TrialTable
from scratchtune.insight.plots import COLOURS, MARKERS

if TYPE_CHECKING:
    from scratchtune.study import Trial

MOST_BARS = 100  # of standard deviations
STYLES = ("-", "--", "-.", ":")


def plot_optimization_history(
    study: TrialTable | Sequence[TrialTable], ax: Any = None, *, error_bar: bool = False,
    target: Target | None = None, target_name: str = "target",
) -> Any:
    """Plot the value of each complete trial by its number, and the best value so far; returns the Axes.

    Several studies of one direction are drawn in one plot; with ``error_bar``, as repetitions of one: the mean and the
    standard deviation of the values of equal number, and of the best values so far. Where budgets differ, as in
    Hyperband, only trials of the largest budget count as the best, and the others are grey. Values that are far worse
    than the others are triangles at the edge. The figure is ``axes.figure``.

    ``target``, a function of a trial, gives another number than its value, such as ``lambda trial: trial.seconds``;
    ``target_name`` is its label, and no best value is drawn.
    """
    studies = [drawing.targeted(one, target, target_name) for one in _as_list(study, target)]
    checks.boolean("error_bar", error_bar)
    (axes,) = drawing.panels(ax, 1)
    every = [drawing.values_of(drawing.complete_trials(one)) for one in studies]
    values = np.concatenate(every)
    if error_bar:
        note = _draw_repetitions(axes, studies) if len(values) else ""
    else:
        limit = drawing.limit_values(axes, studies[0], values) if len(values) else 0.0
        for number, one in enumerate(studies):
            _draw_history(axes, one, number, len(studies), limit)
        note = drawing.beyond_note(studies[0], values, limit)
    if len(values):
        drawing.integer_ticks(axes.xaxis)
    if len(studies) > 1 and not error_bar:
        note = f"dots: complete trials{'; lines: best value so far; stars: best trials' * (target is None)}{note}"
    _finish(axes, studies, "trial", drawing.value_label(studies[0]), "Optimization history", note)
    drawing.legend_below(axes)
    return axes


def _draw_history(axes: Any, study: TrialTable, number: int, count: int, limit: float) -> None:
    """Draw one of so many studies: its trials, those of smaller budgets, the best value so far, and the best trial."""
    trials, small = _by_budget(study)
    if not trials:
        return
    values, numbers = drawing.values_of(trials), np.array([trial.number for trial in trials])
    colour, marker = COLOURS[number % len(COLOURS)], "o" if count == 1 else MARKERS[number % len(MARKERS)]
    look = drawing.look_of_points(len(trials)) | {"alpha": 0.6 if len(trials) <= 1000 else 0.3, "marker": marker}
    at_budget = "" if not small else f", budget {trials[0].budget:g}"
    own = count == 1  # the parts of several studies are explained in the note, and each study has one entry
    drawing.of_trials(axes.scatter(numbers, values, color=colour, edgecolor="none", label=(
        f"complete trials{at_budget}" if own else None), **look), numbers)
    if small:
        axes.scatter([trial.number for trial in small], drawing.values_of(small), color="0.6", zorder=1,
                     edgecolor="none", label="complete trials, smaller budgets" if own else None,
                     **look | {"s": look["s"] / 2.0})
    everyone = [*trials, *small]
    drawing.mark_beyond(axes, study, np.array([trial.number for trial in everyone]), drawing.values_of(everyone), limit)
    best, so_far = drawing.best_of(study, values), _so_far(study, values)
    style, text = STYLES[number % len(STYLES)], f"best, trial {numbers[best]}: {values[best]:.4g}"
    if not own:
        _add_entry(axes, study, number, f": {text}{at_budget}")
    if isinstance(study, drawing.Targeted):
        return  # it is not known which end of another number is the best
    axes.step([*numbers, len(study.trials) - 1], [*so_far, so_far[-1]], style, where="post", linewidth=2,
              color=COLOURS[1] if own else colour, label=f"best value so far{at_budget}" if own else None)
    axes.plot(numbers[best], values[best], "*", markersize=13, color="black", markeredgecolor="white",
              label=text if own else None)


def _add_entry(axes: Any, study: TrialTable, number: int, best: str) -> None:
    """Add the one entry of the legend for a study among several."""
    is_other = isinstance(study, drawing.Targeted)
    style = "" if is_other else STYLES[number % len(STYLES)]
    axes.plot([], [], style, color=COLOURS[number % len(COLOURS)], marker=MARKERS[number % len(MARKERS)], linewidth=2,
              label=drawing.plain(study.name) + best * (not is_other))


def _by_budget(study: TrialTable) -> tuple[list[Trial], list[Trial]]:
    """The complete trials of the largest budget, and those of smaller ones; without budgets all are of the largest."""
    trials = drawing.complete_trials(study)
    most = max((trial.budget or 0.0 for trial in trials), default=0.0)
    full = [trial for trial in trials if (trial.budget or 0.0) == most]
    return full, [trial for trial in trials if (trial.budget or 0.0) != most]


def _so_far(study: TrialTable, values: np.ndarray) -> np.ndarray:
    return (np.minimum if study.direction == "minimize" else np.maximum).accumulate(values)


def _draw_repetitions(axes: Any, studies: list[TrialTable]) -> str:
    """Draw the mean and the standard deviation, over the studies, of the values and of the best ones so far.

    Returns a note on means that are beyond the end of the axis, which are triangles at the edge.
    """
    count = max(len(one.trials) for one in studies)
    values, so_far = np.full((2, len(studies), count), np.nan)
    for row, one in enumerate(studies):
        trials = _by_budget(one)[0]
        numbers, found = [trial.number for trial in trials], drawing.values_of(trials)
        values[row, numbers] = found
        for trial, best in zip(trials, _so_far(one, found), strict=True):
            so_far[row, trial.number :] = best
    known = np.flatnonzero(~np.isnan(values).all(axis=0))
    means = np.nanmean(values[:, known], axis=0)
    limit = drawing.limit_values(axes, studies[0], np.append(means, np.nanmean(so_far[:, known], axis=0)))
    drawing.mark_beyond(axes, studies[0], known, means, limit)
    for rows, colour, line, name in (
        (values, COLOURS[0], "o", "value"), (so_far, COLOURS[1], "-", "best value so far"),
    ):
        known = np.flatnonzero(~np.isnan(rows).all(axis=0))
        mean, spread = np.nanmean(rows[:, known], axis=0), np.nanstd(rows[:, known], axis=0)
        if line == "o":
            step = -(-len(known) // MOST_BARS)  # of very many only every second, third, ... has a bar
            axes.errorbar(known, mean, spread, fmt=line, color=colour, alpha=0.6, markersize=4 if step == 1 else 2,
                          linewidth=1, errorevery=step, rasterized=len(known) > drawing.MANY,
                          label=f"{name}: mean and standard deviation of {len(studies)} studies")
        elif not isinstance(studies[0], drawing.Targeted):
            axes.plot(known, mean, line, color=colour, linewidth=2, label=f"{name}: mean and standard deviation")
            axes.fill_between(known, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
    note = drawing.beyond_note(studies[0], means, limit).removeprefix("; ")
    return note.replace(" beyond", " mean beyond" if note.startswith("1 ") else " means beyond", 1)


def plot_edf(
    study: TrialTable | Sequence[TrialTable], ax: Any = None, *, target: Target | None = None, target_name: str
    = "target",
) -> Any:
    """Plot the empirical distribution function of the complete trials' values; returns the Axes.

    It is the share of trials whose value is at most x. Several studies of one direction are drawn in one plot.

    ``target``, a function of a trial, gives another number than its value, such as ``lambda trial: trial.seconds``;
    ``target_name`` is its label.
    """
    studies = [drawing.targeted(one, target, target_name) for one in _as_list(study, target)]
    (axes,) = drawing.panels(ax, 1)
    for number, one in enumerate(studies):
        values = np.sort(drawing.values_of(drawing.complete_trials(one)))
        if len(values):
            shares = np.arange(len(values) + 1) / len(values)
            axes.step([values[0], *values], shares, STYLES[number % len(STYLES)], where="post", linewidth=2,
                      color=COLOURS[number % len(COLOURS)],
                      label=f"{drawing.plain(one.name)}, {len(values):,}" if len(studies) > 1 else None)
    every = np.concatenate([drawing.values_of(drawing.complete_trials(one)) for one in studies])
    limit = drawing.limit_values(axes, studies[0], every, "x") if len(every) else 0.0
    _finish(axes, studies, drawing.value_label(studies[0]), "share of trials with at most this value",
            "Empirical distribution of the values", drawing.beyond_note(studies[0], every, limit))
    axes.set_ylim(0.0, 1.02)
    if len(every) and axes.get_xscale() == "linear":
        axes.locator_params("x", nbins=5)
    drawing.legend_below(axes)
    return axes


def _as_list(study: TrialTable | Sequence[TrialTable], target: Target | None) -> list[TrialTable]:
    studies: list[Any] = list(study) if isinstance(study, (list, tuple)) else [study]
    if not studies or not all(hasattr(one, "trials") for one in studies):
        raise TypeError(f"study is {study!r}; it must be a Study, or a list of at least one Study")
    directions = {one.direction for one in studies if target is None}
    if len(directions) > 1:
        raise ValueError("study holds studies that minimize and studies that maximize; all must have one direction")
    return studies


def _finish(axes: Any, studies: list[TrialTable], x: str, y: str, title: str, beyond: str) -> None:
    counts = [len(drawing.complete_trials(one)) for one in studies]
    if not any(counts):
        drawing.say_empty(axes, studies[0])
    note = drawing.left_out(studies[0], counts[0]) + beyond if len(studies) == 1 else beyond.removeprefix("; ")
    drawing.finish(axes, x, y, title, note)
    axes.grid(alpha=0.25)
