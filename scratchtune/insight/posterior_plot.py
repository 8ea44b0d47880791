"""The Gaussian process of a `BayesianSearch` before and after a trial: its posterior, and its acquisition function.

The process is fitted by the very code that proposes trials, to the results that the searcher had seen.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing, searcher_state
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.drawing import COLOURS
from scratchtune.search import Categorical, gaussian_search
from scratchtune.search import gaussian_process as gp
from scratchtune.search.acquisition import ACQUISITIONS
from scratchtune.search.acquisition_search import goal_values
from scratchtune.search.encoding import Encoding
from scratchtune.study.trial import Trial

POINTS = 400  # of a curve
MOST_MARKED = 30  # a parameter with at most so many values has a dot at each
BAND = 1.96  # standard deviations: 95 % of a normal distribution
FAINTEST = 0.15  # opacity of a trial that does not influence the curve
LEAST_LOGARITHM = -600.0  # below it the exponential may be zero; then the logarithm is plotted
NAMES = {"log_ei": "expected improvement", "pi": "probability of improvement",
         "lcb": "lower confidence bound, times −1"}  # of losses; of values to be maximised it is the upper one


class Line(NamedTuple):
    """A line through the space: one parameter varies, the others are those of a trial."""

    name: str
    column: int
    rows: np.ndarray  # (m, d), in the encoding
    at: np.ndarray  # (m,), coordinates on the parameter's axis


class Curves(NamedTuple):
    """What is known along a line, in the user's direction, (m,) each; and the trials, (n,) each."""

    mean: np.ndarray
    std: np.ndarray
    goal: np.ndarray
    trials_at: np.ndarray
    trials_value: np.ndarray
    influence: np.ndarray
    best: float | None  # None if all trials have failed
    new: float | None  # the value of the latest trial, None if the process is not fitted to it


def plot_posterior(study: TrialTable, param: str | None = None, trial: int | None = None, ax: Any = None) -> Any:
    """Plot the Gaussian process along one parameter before and after a trial; returns four Axes.

    ``param`` is the parameter that varies (None: the first continuous one that the trial has); all others have the
    values of the trial. ``trial`` is its number (None: the last trial that the process has proposed). The first two
    Axes show the posterior before and after the trial: the mean, and a band that contains the function with a
    probability of 95 % at each point. The last two show the acquisition function before and after it. All trials are
    dots; one whose other parameters differ much from those of this line is fainter: it influences the curve little.

    Values worse than the median are compressed before the process is fitted
    (`scratchtune.search.surrogate.compress_and_standardize`), and the plot shows the compressed ones. A user's prior of
    a parameter does not change the process; the acquisition function is weighted by it.

    Raises
        ValueError where the study was not searched by `BayesianSearch`, the process has not proposed the trial, or the
        trial lacks the parameter.
    """
    searcher_state.model_of(study, "plot_posterior")
    if param is not None:
        drawing.chosen_names(study, param, 1)
    axes = drawing.panels(ax, 4, 2, (4.9, 2.9))
    chosen = searcher_state.proposed_by(study, "gp", trial)
    if chosen is None:
        return drawing.all_empty(axes, study, "Posterior", "no trial was proposed by a Gaussian process")
    line = _line(study, searcher_state.checked_name(param or _default_name(study, chosen), chosen), chosen)
    states = searcher_state.before(study, chosen), searcher_state.after(study, chosen)
    models = [gaussian_search.fitted_model(*state[1:], state.searcher.acquisition, state.searcher.kappa)
              for state in states]
    searcher_state.check_counts(study, chosen, {
        "trials": len(models[0].kept), "pending": len(models[0].process.rows) - len(models[0].kept)})
    counts = [len(state.seen) for state in states]
    succeeded = [any(not math.isnan(result.value) for result in state.seen) for state in states]
    curves = [_curves(study, *parts) for parts in zip(models, [line] * 2, counts, succeeded, strict=True)]
    for one, known in zip(axes[:2], curves, strict=True):
        _draw_posterior(one, study, line, known, chosen)
    _draw_new_value(axes[1], line, study, chosen, curves[1])
    _draw_acquisitions(axes[2:], curves, line, study, chosen)
    _label(axes, study, line, chosen, curves)
    searched = searcher_state.fixed_values(chosen, line.name)
    failed = "" if succeeded[0] else "; all have failed, so the values are arbitrary"
    drawing.head(axes, f"Gaussian process along {drawing.plain(line.name)}",
                 f"{_note(models[0], counts[0])}{failed}{searched}")
    _add_legend(axes, own_figure=ax is None)
    return axes


# The line and the curves ---------------------------------------------------------------------------------------------


def _default_name(study: TrialTable, trial: Trial) -> str:
    """The first continuous parameter that a trial has, else the first with numbers, else the first one."""
    names = [name for name in study.space.names if name in trial.shared_params]
    kinds = [(study.space.parameters[name].count is not None, isinstance(study.space.parameters[name], Categorical))
             for name in names]
    return names[min(range(len(names)), key=lambda j: kinds[j])]


def _line(study: TrialTable, name: str, trial: Trial) -> Line:
    """The line through a trial along a parameter."""
    parameter, encoding = study.space.parameters[name], Encoding(study.space)
    index = study.space.names.index(name)
    count = parameter.count
    if count is not None and count <= POINTS:
        units = encoding.unit_values(np.arange(count), index)
        values = [parameter.value(k) for k in range(count)]
    else:
        ends = np.linspace(0.0, 1.0, POINTS)
        to_unit: Any = parameter.to_unit
        units = np.unique([to_unit(parameter.from_unit(u)) for u in ends.tolist()])
        own: Any = trial.shared_params[name]
        units = np.unique([*units, parameter.to_unit(own)])  # its value is on the curve
        values = [parameter.from_unit(u) for u in units.tolist()]
    rows = np.repeat(encoding.rows([trial.shared_params]), len(units), axis=0)
    rows[:, index] = units
    return Line(name, index, encoding.snapped(rows), drawing.positions(parameter, values))


def _curves(
    study: TrialTable, model: gaussian_search.Model, line: Line, seen: int, succeeded: bool,
) -> Curves:
    """Posterior, acquisition and trials of a model along a line, after so many trials seen; whether one has succeeded.
    """
    sign = 1.0 if study.direction == "minimize" else -1.0
    encoding, process, standardized = model.encoding, model.process, model.standardized
    mean, variance = gp.predict(process, line.rows)
    count = len(standardized.values)
    rows = process.rows[:count]
    has = encoding.active(rows)[:, line.column]
    nearest = np.repeat(line.rows[:1], count, axis=0)  # each trial, moved to the line
    nearest[:, line.column] = rows[:, line.column]
    prior = math.exp(process.theta[-3]) + math.exp(process.theta[-2])
    influence = np.array([
        gp.covariance(rows[i : i + 1], nearest[i : i + 1], process.is_categorical, process.theta)[0, 0]
        for i in np.flatnonzero(has)]) / prior
    values = sign * (standardized.offset + standardized.factor * standardized.values)
    return Curves(
        sign * (standardized.offset + standardized.factor * mean), standardized.factor * np.sqrt(variance),
        _in_units(goal_values(encoding, process, model.goal, line.rows), model),
        _coordinates(study, line, encoding, rows[has]), values[has], influence,
        sign * standardized.to_loss(float(standardized.values.min())) if succeeded else None,
        float(values[-1]) if model.kept[-1] == seen - 1 else None)


def _in_units(values: np.ndarray, model: gaussian_search.Model) -> np.ndarray:
    """The acquisition in units of the value; an improvement as a logarithm, the probability of one too."""
    kind = ACQUISITIONS[model.goal.kind]
    if kind == "lcb":
        return model.standardized.factor * values - model.standardized.offset
    return values + math.log(model.standardized.factor) if kind == "log_ei" else values


def _coordinates(study: TrialTable, line: Line, encoding: Encoding, rows: np.ndarray) -> np.ndarray:
    """Coordinates of rows on the axis of the line's parameter."""
    parameter, column = study.space.parameters[line.name], rows[:, line.column]
    if parameter.count is not None:
        return drawing.positions(parameter, [parameter.value(int(k)) for k in encoding.indices(column, line.column)])
    return drawing.positions(parameter, [parameter.from_unit(u) for u in column.tolist()])


# Drawing -------------------------------------------------------------------------------------------------------------


def _draw_posterior(axes: Any, study: TrialTable, line: Line, known: Curves, trial: Trial) -> None:
    """Draw mean, band and trials."""
    low, high = known.mean - BAND * known.std, known.mean + BAND * known.std
    mean = {"color": COLOURS[0], "label": "posterior mean"}
    if isinstance(study.space.parameters[line.name], Categorical):
        axes.errorbar(line.at, known.mean, BAND * known.std, fmt="s", capsize=5, **mean | {
            "label": "posterior mean, 95 % interval"})
    else:
        axes.fill_between(line.at, low, high, color=COLOURS[5], alpha=0.35, linewidth=0.0, label="95 % band")
        axes.plot(line.at, known.mean, linewidth=2.0, marker="." if len(line.at) <= MOST_MARKED else None, **mean)
    alphas = FAINTEST + (1.0 - FAINTEST) * np.clip(known.influence, 0.0, 1.0)
    axes.scatter(known.trials_at, known.trials_value, s=30 if len(alphas) <= 100 else 14, alpha=alphas, color="black",
                 edgecolor="none", label="trials (fainter: farther from this line)", zorder=3)
    if known.best is not None:
        axes.axhline(known.best, color="0.35", linewidth=1.0, linestyle="--", label=f"best so far, {known.best:.4g}")
    _mark_proposal(axes, study, line, trial)


def _proposed_at(study: TrialTable, line: Line, trial: Trial) -> float:
    return float(drawing.column(study, line.name, [trial])[0])


def _mark_proposal(axes: Any, study: TrialTable, line: Line, trial: Trial) -> None:
    axes.axvline(_proposed_at(study, line, trial), color=COLOURS[1], linewidth=1.4, linestyle=":", zorder=1,
                 label=f"proposed: trial {trial.number}")


def _draw_new_value(axes: Any, line: Line, study: TrialTable, trial: Trial, known: Curves) -> None:
    """Mark the outcome of the trial, as the process sees it."""
    if trial.state == "running" or known.new is None:
        return
    name = f"trial {trial.number} has failed, which counts as the worst value"
    if trial.value is not None:
        name = f"value of trial {trial.number}, {trial.value:.4g}"
    axes.plot(_proposed_at(study, line, trial), known.new, "D", color=COLOURS[1], markersize=8, markeredgecolor="black",
              zorder=4, label=name)


def _draw_acquisitions(axes: list[Any], curves: list[Curves], line: Line, study: TrialTable, trial: Trial) -> None:
    """Draw both acquisition functions on one scale; the proposed point is a star on the first one."""
    kind = searcher_state.model_of(study, "plot_posterior").acquisition
    goals = [known.goal for known in curves]
    as_logarithm = kind != "lcb" and max(goal.max() for goal in goals) < LEAST_LOGARITHM
    if kind != "lcb" and not as_logarithm:
        goals = [np.exp(goal) for goal in goals]
    low, high = min(float(goal.min()) for goal in goals), max(float(goal.max()) for goal in goals)
    room = 0.12 * ((high - low) or abs(high) or 1.0)
    for one, goal in zip(axes, goals, strict=True):
        if isinstance(study.space.parameters[line.name], Categorical):
            one.bar(line.at, goal - low, 0.6, low, color=COLOURS[2], alpha=0.6)
        else:
            one.plot(line.at, goal, color=COLOURS[2], linewidth=2.0,
                     marker="." if len(line.at) <= MOST_MARKED else None)
            one.fill_between(line.at, goal, low, color=COLOURS[2], alpha=0.2, linewidth=0.0)
        _mark_proposal(one, study, line, trial)
        one.set_ylim(low - 0.3 * room, high + room)
    at = _proposed_at(study, line, trial)
    star = goals[0][int(np.argmin(np.abs(line.at - at)))]
    axes[0].plot(at, star, "*", color=COLOURS[1], markersize=15, markeredgecolor="black", zorder=4,
                 label="acquisition of the proposed point")
    name = NAMES[kind] if kind != "lcb" or study.direction == "minimize" else "upper confidence bound"
    weighted = ",\nweighted by the prior" if any(p.prior is not None for p in study.space.parameters.values()) else ""
    axes[0].set_ylabel(f"{'log ' if as_logarithm else ''}{name}{weighted}", fontsize=9)


def _note(model: gaussian_search.Model, seen: int) -> str:
    """Say what the process is fitted to."""
    count = len(model.kept)
    pending = len(model.process.rows) - count
    return (f"fitted to {checks.counted(count, 'trial') if count == seen else f'{count:,} of {seen:,} trials'}"
            f"{f' and {pending} pending' if pending else ''}")


def _label(axes: list[Any], study: TrialTable, line: Line, trial: Trial, curves: list[Curves]) -> None:
    """Set labels, limits and titles."""
    for one in axes:
        drawing.set_axis(one, "x", study, line.name)
        one.grid(alpha=0.25)
        drawing.finish(one)
    both = np.concatenate([part for known in curves for part in (
        known.mean - BAND * known.std, known.mean + BAND * known.std, known.trials_value)])
    room = 0.05 * (np.ptp(both) or 1.0)
    for one in axes[:2]:
        one.set_ylim(both.min() - room, both.max() + room)
    drawing.finish(axes[0], "", drawing.value_label(study), f"Before trial {trial.number}")
    drawing.finish(axes[1], "", None, f"After trial {trial.number}{', which is running' * (trial.state == 'running')}")


def _add_legend(axes: list[Any], own_figure: bool) -> None:
    """Explain all signs once: below the panels of a new figure, else in the first of the axes given."""
    found = {name: handle for one in axes
             for handle, name in zip(*one.get_legend_handles_labels(), strict=True)}
    names = [name for name in found if not name.startswith("best so far")]
    where: Any = axes[0].figure if own_figure else axes[0]
    place: dict[str, Any] = {"loc": "outside lower center", "ncols": 3} if own_figure else {"loc": "best"}
    where.legend([found[name] for name in names], names, fontsize=8, framealpha=0.8, edgecolor="none", **place)
    for one in axes[:2] if own_figure else ():  # the best value is another one in each
        best = [pair for pair in zip(*one.get_legend_handles_labels(), strict=True) if pair[1] not in names]
        if best:
            one.legend(*zip(*best, strict=True), fontsize=8, framealpha=0.8, edgecolor="none")
