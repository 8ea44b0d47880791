"""Who continues whom, and who descends from whom: the brackets of `Hyperband`, the family of a `GeneticSearch`.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search import GeneticSearch, Hyperband, Space, SuccessiveHalving
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.study.best import best_first
from scratchtune.core.study.trial import Trial, configuration
from scratchtune.insight import drawing, searcher_state
from scratchtune.insight.drawing import COLOURS, MARKERS, TrialTable

FINISHED = ("complete", "stopped", "failed")
MOST_MEASURED = 200  # generations whose diversity is computed; of more, only every second, third, ...
MOST_LINES = 500  # to children that are no ancestors of the best trial; more would be a grey area


def plot_brackets(study: TrialTable, ax: Any = None) -> Any:
    """Plot the value of each trial of `Hyperband` or `SuccessiveHalving` over its budget; returns the Axes.

    A line leads from a trial to the one that continues it with more budget. Brackets that begin with the same budget
    have one colour and, at each budget, a column of their own; the legend has the numbers of trials at their budgets. A
    cross is a trial that has failed, a triangle one whose value is beyond the axis. The best trial and its predecessors
    are black. A ValueError where the study was searched by another searcher.
    """
    searcher_state.check_searcher(study, (Hyperband, SuccessiveHalving), "plot_brackets", "bracket")
    (axes,) = drawing.panels(ax, 1)
    trials = [trial for trial in study.trials if "bracket" in trial.why and trial.state != "running"]
    at: dict[int, float] = {}
    if trials:
        kinds, budgets = _kinds(trials), sorted(set(map(_budget, trials)))
        ratio = min((high / low for low, high in zip(budgets, budgets[1:], strict=False)), default=1.0)
        shifts = np.linspace(-0.3, 0.3, len(kinds)).tolist() if len(kinds) > 1 else [0.0]
        at = {trial.number: _budget(trial) * ratio**shift  # moved to the column of its kind of bracket
              for members, shift in zip(kinds.values(), shifts, strict=True) for trial in members}
        _draw_brackets(axes, study, kinds, at)
        _draw_lineage(axes, study, trials, at)
        _set_budgets(axes, budgets)
    note = drawing.left_out(study, len(trials), FINISHED) + _end_values(axes, study, trials, at)
    drawing.finish(axes, "budget of a trial", drawing.value_label(study), "Brackets", note, "both")
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


def _draw_brackets(axes: Any, study: TrialTable, kinds: dict[float, list[Trial]], at: dict[int, float]) -> None:
    """Draw the trials of each kind of bracket, at x = ``at[number]``, and the lines to those that continue them."""
    size = 0.6 * drawing.look_of_points(len(at))["s"]
    for k, (first, members) in enumerate(kinds.items()):
        colour, rungs = COLOURS[k % len(COLOURS)], Counter(map(_budget, members))
        known = [trial for trial in members if trial.value is not None]
        pairs = [(trial.parent, trial) for trial in known if trial.parent is not None]
        _add_lines(axes, study, at, pairs, colors=colour, linewidths=1.2, alpha=0.6)
        counts = "→".join(f"{rungs[budget]:,}" for budget in sorted(rungs))
        drawing.dots(axes, known, [at[trial.number] for trial in known], drawing.values_of(known), color=colour, s=size,
                     edgecolor="white", marker=MARKERS[k % len(MARKERS)], zorder=3,
                     label=f"from budget {first:g}: {counts}")


def _add_lines(
    axes: Any, study: TrialTable, at: Mapping[int, float], pairs: Sequence[tuple[int, Trial]], **look: Any,
) -> None:
    """Draw a line to each trial from the number of an earlier one, at x = ``at[number]``; many are thin and faint."""
    points = [np.array([(at[number], study.trials[number].value), (at[trial.number], trial.value)], dtype=float)
              for number, trial in pairs]
    many = {"linewidths": 0.5, "alpha": 0.2} if len(pairs) > drawing.SEVERAL else {}
    if pairs:
        drawing.lines(axes, [trial for _, trial in pairs], points, **look | many)


def _draw_lineage(axes: Any, study: TrialTable, trials: Sequence[Trial], at: Mapping[int, float]) -> None:
    """Draw the line through the best trial and its predecessors, and a cross for each trial without a value."""
    lineage = best_first(trials, study.direction)[:1]
    while lineage and lineage[-1].parent is not None:
        lineage.append(study.trials[lineage[-1].parent])
    axes.plot([at[trial.number] for trial in lineage], drawing.values_of(lineage), color="black", linewidth=2.0,
              marker=".", zorder=4)
    failed = [at[trial.number] for trial in trials if trial.value is None]
    if failed:
        edge = 0.94 if study.direction == "minimize" else 0.06
        axes.plot(failed, np.full(len(failed), edge), "x", color="0.3", markersize=5,
                  transform=axes.get_xaxis_transform(), label=f"failed ({len(failed):,})")


def _end_values(axes: Any, study: TrialTable, trials: Sequence[Trial], at: Mapping[int, float]) -> str:
    """Draw the best trial as a star, end the axis of values, mark the trials beyond it; return a note on those."""
    if ranked := best_first(trials, study.direction):
        best, value = ranked[0], float(ranked[0].value or 0.0)
        drawing.mark_best(axes, best, at[best.number], value, f"best, trial {best.number}: {value:.4g}")
    else:
        drawing.say_empty(axes, study)
    known = [trial for trial in trials if trial.value is not None]
    values = drawing.values_of(known)
    limit = drawing.limit_values(axes, study, values)
    drawing.mark_beyond(axes, study, known, [at[trial.number] for trial in known], limit)
    return drawing.beyond_note(study, values, limit)


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


def plot_family(study: TrialTable, ax: Any = None) -> Any:
    """Plot the family tree of a genetic search, and the diversity by generation; returns two Axes.

    Each dot is a complete trial, a triangle one whose value is beyond the axis. A line leads to it from each of its two
    parents; the ancestors of the best trial are emphasised. The lower Axes show the diversity ([gene_diversity]) of
    each generation's trials, and of the earlier trials from which their parents were selected. A ValueError where the
    study was not searched by `GeneticSearch`.
    """
    searcher_state.check_searcher(study, (GeneticSearch,), "plot_family", "generation")
    generations, latest = {}, 0
    for trial in study.trials:  # an enqueued one has the generation of the trial before it
        latest = int(trial.why.get("generation", latest))
        generations[trial.number] = latest
    tree, below = drawing.panels(ax, 2, 1, (8.4, 3.2))
    trials = drawing.complete_trials(study)
    note = drawing.left_out(study, len(trials)) + _draw_tree(tree, study, generations, trials)
    _draw_diversity(below, study, generations)
    if searcher_state.lacks_earlier(study):
        note += "; possible parents are not shown: some are of the study that this one has started from"
    drawing.finish(tree, None, drawing.value_label(study), grid="both")
    drawing.finish(below, "generation", "diversity\n(mean difference)", grid="both")
    for one in (tree, below):
        drawing.integer_ticks(one.xaxis)
        one.set_xlim(-0.5, max(generations.values(), default=0) + 0.5)
        drawing.legend(one)
    drawing.head([tree, below], "Family tree", note)
    return [tree, below]


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
    """Draw the trials and a line from each parent; return a note on trials beyond the axis.

    Of many lines to children that are not of the best trial's family, only some are drawn.
    """
    best = best_first(trials, study.direction)[:1]
    family = {number for trial in best for number in ancestors(study, trial)}
    for is_of_family, name, of, colour, line, width, alpha in (
            (False, "trials", "other parents", COLOURS[5], "0.4", 0.7, 0.35),
            (True, "the best and its ancestors", "parents of the best and of its ancestors", COLOURS[1], COLOURS[1],
             1.2, 0.85)):
        members = [trial for trial in trials if (trial.number in family) == is_of_family]
        step = 1 if is_of_family else max(-(-2 * len(members) // MOST_LINES), 1)
        pairs = [(number, child) for child in members[::step] for number in _parents(child)]
        _add_lines(axes, study, generations, pairs, colors=line, linewidths=width, alpha=alpha)
        if pairs:
            axes.plot([], [], color=line, linewidth=1.2,
                      label=of + f", of every {checks.ordinal(step)} trial" * (step > 1))
        if members:
            drawing.dots(axes, members, [generations[one.number] for one in members], drawing.values_of(members),
                         color=colour, zorder=3, label=f"{name} ({len(members):,})")
    return _end_values(axes, study, trials, generations)


def _draw_diversity(axes: Any, study: TrialTable, generations: dict[int, int]) -> None:
    """Draw the diversity of each generation's trials, and of the possible parents of these trials."""
    members: dict[int, list[Trial]] = {}
    for trial in study.trials:
        members.setdefault(generations[trial.number], []).append(trial)
    shown = sorted(members)[:: max(-(-len(members) // MOST_MEASURED), 1)]
    own = [[configuration(trial) for trial in members[number]] for number in shown]
    parents = [_possible_parents(study, members[number][0]) for number in shown]
    for groups, name, look in (
            (own, "trials of the generation", {"color": COLOURS[5]}),
            (parents, "possible parents of these trials", {"color": COLOURS[0], "linestyle": "--", "linewidth": 2.0})):
        points = [(k, diversity_of(study.space, group)) for k, group in zip(shown, groups, strict=True) if group[1:]]
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
    seen, _ = searcher_state.seen_of(study, trial)
    return [result.params for result in searcher.possible_parents(study.space, seen).results] if len(seen) else []


def gene_diversity(u: np.ndarray, c: np.ndarray) -> float:
    """Mean difference of the genes of two individuals, over all pairs of individuals and all genes.

    Formula [gene_diversity]
        D = Σₖ[Σᵢ[Σⱼ[|sign(uᵢₖ − uⱼₖ)| if cₖ > 0 else |uᵢₖ − uⱼₖ|]]] / (max(#i · (#i − 1), #i) · #k)
    Where
        u: u, (i, k), in [0, 1], genes: unit values; those of choices may be any numbers, such as indices
        c: c, (k,), 0 or 1, whether a gene is a choice: two choices differ by 1, or not at all
    Returns
        D, from 0, where all are alike; genes of ranges that are spread evenly have about 1/3.
    Source
        Gower (1971), "A general coefficient of similarity and some of its properties": 1 minus the mean similarity.
    Example
        >>> float(gene_diversity(np.array([[0.0, 0.25], [0.5, 0.75]]), np.array([0.0, 1.0])))
        0.75
    """
    n, d = u.shape
    differences = np.abs(u[:, None, :] - u[None, :, :])
    return np.where(c > 0.0, differences > 0.0, differences).sum() / (max(n * (n - 1), n) * d)


def diversity_of(space: Space, points: Sequence[Mapping[str, Any]]) -> float:
    """The [gene_diversity] of some configurations, one number; 0 for fewer than two.

    An absent parameter is encoded as in `search.bayesian.encoding`: a range as 0.5, a choice as one of its own.
    """
    if not points:
        return 0.0
    encoding = Encoding(space)
    return float(gene_diversity(encoding.rows(points), encoding.is_categorical))
