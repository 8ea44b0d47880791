"""Who continues whom, and who descends from whom: the brackets of `Hyperband`, the family of a `GeneticSearch`.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.data.dates import ordinal
from scratchtune.insight import drawing, searcher_state
from scratchtune.insight.diversity import diversity_of
from scratchtune.insight.drawing import COLOURS, MARKERS, TrialTable
from scratchtune.search import GeneticSearch, Hyperband, SuccessiveHalving
from scratchtune.study.best import best_first
from scratchtune.study.trial import Trial

FINISHED = ("complete", "stopped", "failed")
MOST_MEASURED = 200  # generations whose diversity is computed; of more, only every second, third, ...
MOST_LINES = 500  # to children that are no ancestors of the best trial; more would be a grey area


# Brackets ------------------------------------------------------------------------------------------------------------


def plot_brackets(study: TrialTable, ax: Any = None) -> Any:
    """Plot the value of each trial of `Hyperband` or `SuccessiveHalving` over its budget; returns the Axes.

    A line leads from a trial to the one that continues it with a larger budget, so where a dot has no line to its right
    a configuration stops. Brackets that begin with the same budget have one colour and, at each budget, a column of
    their own; the legend has the numbers of trials at their budgets. A cross at the edge of the bad values is a trial
    that has failed, a triangle one whose value is beyond the axis. The best trial and its predecessors are black.

    Raises
        ValueError where the study was searched by another searcher.
    """
    searcher_state.check_searcher(study, (Hyperband, SuccessiveHalving), "plot_brackets", "bracket")
    (axes,) = drawing.panels(ax, 1)
    trials = [trial for trial in study.trials if "bracket" in trial.why and trial.state != "running"]
    complete = [trial for trial in trials if trial.state == "complete"]
    note = drawing.left_out(study, len(trials), FINISHED)
    if trials:
        kinds, budgets = _kinds(trials), sorted(set(map(_budget, trials)))
        at = _columns(kinds, budgets)
        _draw_brackets(axes, study, kinds, at)
        note += _draw_others(axes, study, trials, at)
        _set_budgets(axes, budgets)
    if complete:
        _draw_lineage(axes, study, best_first(complete, study.direction)[0], at)
    else:
        drawing.say_empty(axes, study)
    drawing.finish(axes, "budget of a trial", drawing.value_label(study), "Brackets", note)
    axes.grid(alpha=0.25)
    drawing.legend_below(axes)
    return axes


def _kinds(trials: Sequence[Trial]) -> dict[float, list[Trial]]:
    """The trials of the brackets that begin with the same budget, by that budget."""
    first: dict[int, float] = {}
    for trial in trials:
        bracket = trial.why["bracket"]
        first[bracket] = min(first.get(bracket, np.inf), _budget(trial))
    return {budget: [trial for trial in trials if first[trial.why["bracket"]] == budget]
            for budget in sorted(set(first.values()))}


def _budget(trial: Trial) -> float:
    return float(trial.budget or 0.0)


def _columns(kinds: dict[float, list[Trial]], budgets: Sequence[float]) -> dict[int, float]:
    """The coordinate of each trial, by its number: its budget, moved to the column of its kind of bracket."""
    ratio = min((high / low for low, high in zip(budgets, budgets[1:], strict=False)), default=1.0)
    shifts = np.linspace(-0.3, 0.3, len(kinds)) if len(kinds) > 1 else np.zeros(1)
    return {trial.number: _budget(trial) * ratio**shift
            for members, shift in zip(kinds.values(), shifts.tolist(), strict=True) for trial in members}


def _draw_brackets(axes: Any, study: TrialTable, kinds: dict[float, list[Trial]], at: dict[int, float]) -> None:
    """Draw the trials of each kind of bracket, and the lines to those that continue them."""
    look = drawing.look_of_points(len(at))
    for k, (first, members) in enumerate(kinds.items()):
        colour, rungs = COLOURS[k % len(COLOURS)], Counter(map(_budget, members))
        known = [trial for trial in members if trial.value is not None]
        pairs = [(trial.parent, trial) for trial in known if trial.parent is not None]
        _add_lines(axes, study, at, pairs, colors=colour, linewidths=1.2, alpha=0.6)
        counts = "→".join(f"{rungs[budget]:,}" for budget in sorted(rungs))
        drawing.dots(axes, known, [at[trial.number] for trial in known], drawing.values_of(known), color=colour,
                     edgecolor="white", marker=MARKERS[k % len(MARKERS)], zorder=3, s=0.6 * look["s"],
                     label=f"from budget {first:g}: {counts}")


def _add_lines(
    axes: Any, study: TrialTable, at: Mapping[int, float], pairs: Sequence[tuple[int, Trial]], **look: Any,
) -> None:
    """Draw a line to each trial from an earlier one, whose number is given; many are thin and faint."""
    points = [np.array([(at[number], study.trials[number].value), (at[trial.number], trial.value)], dtype=float)
              for number, trial in pairs]
    many = {"linewidths": 0.5, "alpha": 0.2} if len(pairs) > drawing.SEVERAL else {}
    if pairs:
        drawing.lines(axes, [trial for _, trial in pairs], points, **look | many)


def _draw_others(axes: Any, study: TrialTable, trials: Sequence[Trial], at: dict[int, float]) -> str:
    """Mark the trials beyond the axis, which is ended, and those without a value; return a note on the former."""
    failed = [at[trial.number] for trial in trials if trial.value is None]
    if failed:
        edge = 0.94 if study.direction == "minimize" else 0.06
        axes.plot(failed, np.full(len(failed), edge), "x", color="0.3", markersize=5,
                  transform=axes.get_xaxis_transform(), label=f"failed ({len(failed):,})")
    known = [trial for trial in trials if trial.value is not None]
    return _end_values(axes, study, known, [at[trial.number] for trial in known]) if known else ""


def _end_values(axes: Any, study: TrialTable, trials: Sequence[Trial], at: Sequence[float]) -> str:
    """End the axis of values, mark the trials beyond it, and return a note on them."""
    values = drawing.values_of(trials)
    limit = drawing.limit_values(axes, study, values)
    drawing.mark_beyond(axes, study, trials, at, limit)
    return drawing.beyond_note(study, values, limit)


def _draw_lineage(axes: Any, study: TrialTable, best: Trial, at: dict[int, float]) -> None:
    """Draw the best trial as a star, and the line through its predecessors."""
    lineage = [best]
    while lineage[-1].parent is not None:
        lineage.append(study.trials[lineage[-1].parent])
    axes.plot([at[trial.number] for trial in lineage], [trial.value for trial in lineage], color="black", linewidth=2.0,
              marker=".", zorder=4)
    drawing.mark_best(axes, best, at[best.number], float(best.value or 0.0),
                      f"best, trial {best.number}: {best.value:.4g}")


def _set_budgets(axes: Any, budgets: Sequence[float]) -> None:
    """Make the x axis logarithmic, with a tick at each budget, and lines that separate the budgets."""
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    axes.set_xticks(budgets, [f"{budget:g}" for budget in budgets])
    axes.xaxis.set_minor_locator(NullLocator())
    between = [np.sqrt(low * high) for low, high in zip(budgets, budgets[1:], strict=False)]
    for edge in between:
        axes.axvline(edge, color="0.85", linewidth=0.8, zorder=0)
    first, last = (between[0], between[-1]) if between else (2.0 * budgets[0], 0.5 * budgets[0])
    axes.set_xlim(budgets[0] ** 2 / first, budgets[-1] ** 2 / last)


# Family --------------------------------------------------------------------------------------------------------------


def plot_family(study: TrialTable, ax: Any = None) -> Any:
    """Plot the family tree of a genetic search, and the diversity by generation; returns two Axes.

    In the tree each dot is a complete trial, with its generation on the x axis and its value on the y axis; a triangle
    is one whose value is beyond the axis. A line leads to it from each of its two parents; the ancestors of the best
    trial are emphasised. The lower Axes show the diversity ([gene_diversity]) of each generation's trials, and of the
    earlier trials from which their parents were selected.

    Raises
        ValueError where the study was not searched by `GeneticSearch`.
    """
    searcher_state.check_searcher(study, (GeneticSearch,), "plot_family", "generation")
    generations = _generations(study)
    tree, below = drawing.panels(ax, 2, 1, (8.4, 3.2))
    trials = drawing.complete_trials(study)
    note = drawing.left_out(study, len(trials))
    if trials:
        note += _draw_tree(tree, study, generations, trials)
    else:
        drawing.say_empty(tree, study)
    _draw_diversity(below, study, generations)
    if searcher_state.lacks_earlier(study):
        note += "; possible parents are not shown: some are of the study that this one has started from"
    drawing.finish(tree, None, drawing.value_label(study))
    drawing.finish(below, "generation", "diversity\n(mean difference)")
    for one in (tree, below):
        drawing.integer_ticks(one.xaxis)
        one.set_xlim(-0.5, max(generations.values(), default=0) + 0.5)
        one.grid(alpha=0.25)
        drawing.legend(one)
    drawing.head([tree, below], "Family tree", note)
    return [tree, below]


def _generations(study: TrialTable) -> dict[int, int]:
    """The generation of each trial by its number; an enqueued one has that of the trial before it."""
    found: dict[int, int] = {}
    latest = 0
    for trial in study.trials:
        latest = int(trial.why.get("generation", latest))
        found[trial.number] = latest
    return found


def _parents(trial: Trial) -> list[int]:
    """The numbers of a trial's parents in its own study."""
    return [parent["number"] for parent in trial.why.get("parents", ()) if not parent.get("earlier_study")]


def ancestors(study: TrialTable, trial: Trial) -> set[int]:
    """The numbers of a trial and all of its ancestors."""
    found, waiting = {trial.number}, [trial]
    while waiting:
        new = set(_parents(waiting.pop())) - found
        found |= new
        waiting += [study.trials[number] for number in new]
    return found


def _draw_tree(axes: Any, study: TrialTable, generations: dict[int, int], trials: Sequence[Trial]) -> str:
    """Draw the trials and their parents, the best one as a star; return a note on those beyond the axis."""
    best = best_first(trials, study.direction)[0]
    family = ancestors(study, best)
    for is_of_family, colour, name in ((False, COLOURS[5], "trials"), (True, COLOURS[1], "the best and its ancestors")):
        members = [trial for trial in trials if (trial.number in family) == is_of_family]
        _draw_parents(axes, study, generations, members, is_of_family)
        if members:
            drawing.dots(axes, members, [generations[one.number] for one in members], drawing.values_of(members),
                         color=colour, zorder=3, label=f"{name} ({len(members):,})")
    drawing.mark_best(axes, best, generations[best.number], float(best.value or 0.0),
                      f"best, trial {best.number}: {best.value:.4g}")
    return _end_values(axes, study, trials, [generations[trial.number] for trial in trials])


def _draw_parents(
    axes: Any, study: TrialTable, generations: dict[int, int], children: Sequence[Trial], is_of_family: bool,
) -> None:
    """Draw a line to each child from each of its parents; of many that are not of the best's family, only some."""
    step = 1 if is_of_family else max(-(-2 * len(children) // MOST_LINES), 1)
    pairs = [(number, child) for child in children[::step] for number in _parents(child)]
    colour = COLOURS[1] if is_of_family else "0.4"
    _add_lines(axes, study, generations, pairs, colors=colour, linewidths=1.2 if is_of_family else 0.7,
               alpha=0.85 if is_of_family else 0.35)
    if pairs:
        some = f", of every {ordinal(step)} trial" if step > 1 else ""
        axes.plot([], [], color=colour, linewidth=1.2, label=(
            "parents of the best and of its ancestors" if is_of_family else f"other parents{some}"))


def _draw_diversity(axes: Any, study: TrialTable, generations: dict[int, int]) -> None:
    """Draw the diversity of each generation's trials, and of the possible parents of these trials."""
    members: dict[int, list[Trial]] = {}
    for trial in study.trials:
        members.setdefault(generations[trial.number], []).append(trial)
    shown = sorted(members)[:: max(-(-len(members) // MOST_MEASURED), 1)]
    own = [(number, [trial.shared_params for trial in members[number]]) for number in shown]
    parents = [(number, _possible_parents(study, members[number][0])) for number in shown]
    for groups, name, look in (
            (own, "trials of the generation", {"color": COLOURS[5]}),
            (parents, "possible parents of these trials", {"color": COLOURS[0], "linestyle": "--", "linewidth": 2.0})):
        points = [(number, diversity_of(study.space, group)) for number, group in groups if len(group) > 1]
        if points:
            axes.plot(*np.array(points).T, marker="o" if len(shown) <= 60 else None, markersize=4, label=name, **look)
    if not axes.lines:
        drawing.say_empty(axes, study, "no generation has two trials")
    axes.set_ylim(bottom=0.0)


def _possible_parents(study: TrialTable, trial: Trial) -> list[dict[str, Any]]:
    """The configurations from which the parents of a trial were selected; none where they are not known."""
    searcher: Any = getattr(study, "searcher", None)
    if searcher is None or searcher_state.lacks_earlier(study):
        return []
    seen = searcher_state.seen_of(study, searcher.needs(trial.number))
    return [result.params for result in searcher.possible_parents(study.space, seen).results] if len(seen) else []
