"""The family tree of a `GeneticSearch`: who descends from whom, and how diverse the generations are.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.insight import drawing, searcher_state
from scratchtune.insight.diversity import diversity_of
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.drawing import COLOURS
from scratchtune.search import GeneticSearch, Seen
from scratchtune.study.table import result_of
from scratchtune.study.trial import Trial

MOST_MEASURED = 200  # generations whose diversity is computed; of more, only every second, third, ...
FAR = 3.0  # values farther from the best than so many times the range of the better 90 % are beyond the axis
MANY = 300  # trials, beyond which lines and dots are small
MOST_LINES = 500  # to children that are no ancestors of the best trial; more would be a grey area


def plot_family(study: TrialTable, ax: Any = None) -> Any:
    """Plot the family tree of a genetic search, and the diversity by generation; returns two Axes.

    In the tree each dot is a complete trial, with its generation on the x axis and its value on the y axis. A line
    leads to it from each of its two parents; the ancestors of the best trial are emphasised. The lower Axes show the
    diversity ([gene_diversity]) of each generation's trials, and of the earlier trials from which their parents were
    selected.

    Raises
        ValueError where the study was not searched by `GeneticSearch`.
    """
    searcher = searcher_state.known_searcher(study, (GeneticSearch,), "plot_family", "GeneticSearch")
    generations = _generations(study)
    if searcher is None and study.trials and not generations:
        raise ValueError("study was searched by a searcher that is not known here; plot_family needs GeneticSearch")
    tree, below = drawing.panels(ax, 2, 1, (8.4, 3.2))
    trials = drawing.complete_trials(study)
    notes = []
    if trials:
        _draw_lines(tree, study, generations, trials)
        notes = _draw_dots(tree, study, generations, trials)
    else:
        drawing.say_empty(tree, study)
    _draw_diversity(below, study, searcher, generations)
    if searcher_state.lacks_earlier(study):
        notes.append("possible parents are not shown: some are of the study that this one has started from")
    drawing.finish(tree, None, drawing.value_label(study))
    drawing.finish(below, "generation", "diversity\n(mean difference)")
    for one in (tree, below):
        drawing.integer_ticks(one.xaxis)
        one.set_xlim(-0.5, max(generations.values(), default=0) + 0.5)
        one.grid(alpha=0.25)
        drawing.legend(one)
    drawing.head([tree, below], "Family tree", "; ".join([drawing.left_out(study, len(trials)), *notes]))
    return [tree, below]


def _generations(study: TrialTable) -> dict[int, int]:
    """The generation of each trial by its number; an enqueued one has that of the trial before it."""
    found: dict[int, int] = {}
    is_genetic = isinstance(getattr(study, "searcher", None), GeneticSearch)
    if not is_genetic and not any("generation" in trial.why for trial in study.trials):
        return {}
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
        for number in _parents(waiting.pop()):
            if number not in found:
                found.add(number)
                waiting.append(study.trials[number])
    return found


# The tree ------------------------------------------------------------------------------------------------------------


def _draw_lines(axes: Any, study: TrialTable, generations: dict[int, int], trials: Sequence[Trial]) -> None:
    """Draw a line from each parent to each child, those of the best trial's ancestors last and dark."""
    from matplotlib.collections import LineCollection

    values = drawing.values_of(trials)
    best = trials[drawing.best_of(study, values)]
    family, many = ancestors(study, best), len(trials) > MANY
    beyond = drawing.is_beyond(study, values, _limit(study, values))
    shown = [trial for trial, is_off in zip(trials, beyond, strict=True) if not is_off or trial.number in family]
    step = -(-2 * len(shown) // MOST_LINES)
    by_kind: dict[bool, list[list[tuple[int, float | None]]]] = {False: [], True: []}
    for place, child in enumerate(shown):
        for number in _parents(child) if child.number in family or place % step == 0 else ():
            parent = study.trials[number]
            by_kind[child.number in family].append(
                [(generations[number], parent.value), (generations[child.number], child.value)])
    alpha = float(np.clip(60.0 / max(len(by_kind[False]), 1), 0.012, 0.35))
    for is_ancestor, lines in by_kind.items():
        look: dict[str, Any] = {"colors": "0.4", "alpha": alpha, "linewidths": 0.7}
        if is_ancestor:
            look = {"colors": COLOURS[1], "alpha": 0.35 if len(lines) > MANY else 0.85, "linewidths": 1.2}
        if lines:
            axes.add_collection(LineCollection(list(np.array(lines, dtype=float)), rasterized=many, **look))
    if by_kind[True]:
        axes.plot([], [], color=COLOURS[1], linewidth=1.6, label="parents of the best and of its ancestors")
    if by_kind[False]:
        some = f", of every {drawing.ordinal(step)} trial" if step > 1 else ""
        axes.plot([], [], color="0.6", linewidth=0.9, label=f"other parents{some}")


def _draw_dots(axes: Any, study: TrialTable, generations: dict[int, int], trials: Sequence[Trial]) -> list[str]:
    """Draw the trials, and the best one as a star; return what is to be said of those beyond the axis."""
    values = drawing.values_of(trials)
    best = drawing.best_of(study, values)
    family, at = ancestors(study, trials[best]), np.array([generations[trial.number] for trial in trials])
    is_ancestor = np.array([trial.number in family for trial in trials])
    for chosen, colour, name in ((~is_ancestor, COLOURS[5], "trials"),
                                 (is_ancestor, COLOURS[1], "the best and its ancestors")):
        look = drawing.look_of_points(int(chosen.sum()))
        if chosen.any():
            axes.scatter(at[chosen], values[chosen], color=colour, edgecolor="0.35", zorder=3, label=(
                f"{name} ({int(chosen.sum()):,})"), **look | {"s": look["s"] * 0.8})
    axes.plot(at[best], values[best], "*", color="black", markersize=14, markeredgecolor="white", zorder=4,
              label=f"best, trial {trials[best].number}: {values[best]:.4g}")
    limit = _limit(study, values)
    beyond = drawing.is_beyond(study, values, limit)
    if not beyond.any():
        axes.autoscale_view()
        return []
    room = 0.05 * (limit - values[best])
    axes.set_ylim(*sorted((float(values[best] - room), limit)))
    drawing.mark_beyond(axes, study, at, values, limit)
    return [f"{int(beyond.sum()):,} worse than {limit:.3g} are beyond the axis"]


def _limit(study: TrialTable, values: np.ndarray) -> float:
    """Where the axis of values ends: `FAR` times as far from the best as the better 90 % are; the worst if all equal.
    """
    good, bad = np.quantile(values, (0.0, 0.9) if study.direction == "minimize" else (1.0, 0.1))
    worst = values.max() if study.direction == "minimize" else values.min()
    return float(good + FAR * (bad - good) if good != bad else worst)


# Diversity -----------------------------------------------------------------------------------------------------------


def _draw_diversity(axes: Any, study: TrialTable, searcher: Any, generations: dict[int, int]) -> None:
    """Draw the diversity of each generation's trials, and of the possible parents of these trials."""
    members: dict[int, list[Trial]] = {}
    for trial in study.trials:
        members.setdefault(generations.get(trial.number, 0), []).append(trial)
    shown = sorted(members)[:: -(-len(members) // MOST_MEASURED) or 1]
    own = [(number, diversity_of(study.space, [trial.shared_params for trial in members[number]]))
           for number in shown if len(members[number]) > 1]
    marker = "o" if len(shown) <= 60 else None
    if own:
        axes.plot(*np.array(own).T, color=COLOURS[5], marker=marker, markersize=4, label="trials of the generation")
    sign = 1.0 if study.direction == "minimize" else -1.0
    parents = []
    is_known = isinstance(searcher, GeneticSearch) and not searcher_state.lacks_earlier(study)
    for number in shown if is_known else ():
        needs = searcher.needs(members[number][0].number)
        seen = Seen([result_of(trial, sign) for trial in study.trials[:needs]], getattr(study, "earlier", ()))
        results = searcher.possible_parents(study.space, seen).results if len(seen) else []
        if len(results) > 1:
            parents.append((number, diversity_of(study.space, [result.params for result in results])))
    if parents:
        axes.plot(*np.array(parents).T, "--", color=COLOURS[0], linewidth=2.0, marker=marker, markersize=4,
                  label="possible parents of these trials")
    if not own and not parents:
        drawing.say_empty(axes, study, "no generation has two trials")
    axes.set_ylim(bottom=0.0)
