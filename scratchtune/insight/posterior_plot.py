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
from scratchtune.insight.plots import COLOURS
from scratchtune.search import Categorical, Result, gaussian_search
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
    proposed: float  # that of the trial
    are_choices: bool

    @property
    def marker(self) -> str | None:
        """The marker of a curve's points, where they are few."""
        return "." if len(self.at) <= MOST_MARKED else None


class Curves(NamedTuple):
    """What is known along a line, in the user's direction, (m,) each; and the trials, (n,) each."""

    mean: np.ndarray
    std: np.ndarray
    goal: np.ndarray
    results: list[Result]
    values: np.ndarray
    influence: np.ndarray
    best: float | None  # None if all trials have failed


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
    count, pending = len(models[0].kept), len(models[0].process.rows) - len(models[0].kept)
    searcher_state.check_counts(study, chosen, {"trials": count, "pending": pending})
    curves = [_curves(study, model, state, line) for model, state in zip(models, states, strict=True)]
    for one, known, state in zip(axes, curves, states, strict=False):
        _draw_posterior(one, study, line, known, state)
    _draw_new_value(axes[1], line, chosen, curves[1])
    _draw_acquisitions(axes[2:], curves, line, study)
    _label(axes, study, line, chosen, curves)
    seen = len(states[0].seen)
    note = checks.counted(count, "trial") if count == seen else f"{count:,} of {seen:,} trials"
    failed = "" if curves[0].best is not None else "; all have failed, so the values are arbitrary"
    drawing.head(axes, f"Gaussian process along {drawing.plain(line.name)}",
                 f"fitted to {note}{f' and {pending} pending' if pending else ''}{failed}"
                 f"{searcher_state.fixed_values(chosen, line.name)}")
    searcher_state.add_legend(axes, own_figure=ax is None)
    return axes


# The line and the curves ---------------------------------------------------------------------------------------------


def _default_name(study: TrialTable, trial: Trial) -> str:
    """The first continuous parameter that a trial has, else the first with numbers, else the first one."""
    names = [name for name in study.space.names if name in trial.shared_params]
    kinds = [(study.space.parameters[name].count is not None, isinstance(study.space.parameters[name], Categorical))
             for name in names]
    return names[min(range(len(names)), key=lambda j: kinds[j])]


def _line(study: TrialTable, name: str, trial: Trial) -> Line:
    """The line through a trial along a parameter; the trial's own value is on it."""
    parameter, encoding = study.space.parameters[name], Encoding(study.space)
    index, count, own = study.space.names.index(name), parameter.count, trial.shared_params[name]
    to_unit: Any = parameter.to_unit
    if count is not None and count <= POINTS:
        units = encoding.unit_values(np.arange(count), index)
        values = [parameter.value(k) for k in range(count)]
    else:
        spaced = (parameter.from_unit(u) for u in np.linspace(0.0, 1.0, POINTS).tolist())
        units = np.unique([to_unit(value) for value in (*spaced, own)])
        values = [parameter.from_unit(u) for u in units.tolist()]
    rows = np.repeat(encoding.rows([trial.shared_params]), len(units), axis=0)
    rows[:, index] = units
    return Line(name, index, encoding.snapped(rows), drawing.positions(parameter, values),
                float(drawing.positions(parameter, [own])[0]), isinstance(parameter, Categorical))


def _curves(study: TrialTable, model: gaussian_search.Model, state: searcher_state.State, line: Line) -> Curves:
    """Posterior, acquisition and trials of a model along a line."""
    sign = 1.0 if study.direction == "minimize" else -1.0
    encoding, process, standardized = model.encoding, model.process, model.standardized
    mean, variance = gp.predict(process, line.rows)
    results = [state.seen[k] for k in model.kept]
    rows = process.rows[: len(results)]
    has = np.array([line.name in result.params for result in results])
    on_line = np.repeat(line.rows[:1], len(results), axis=0)  # each trial, moved to the line
    on_line[:, line.column] = rows[:, line.column]
    prior = math.exp(process.theta[-3]) + math.exp(process.theta[-2])
    influence = np.diag(gp.covariance(rows, on_line, process.is_categorical, process.theta))[has] / prior
    values = sign * (standardized.offset + standardized.factor * standardized.values)
    succeeded = any(not math.isnan(result.value) for result in state.seen)
    return Curves(
        sign * (standardized.offset + standardized.factor * mean), standardized.factor * np.sqrt(variance),
        _in_units(goal_values(encoding, process, model.goal, line.rows), model),
        [result for result, is_one in zip(results, has, strict=True) if is_one], values[has], influence,
        sign * standardized.to_loss(float(standardized.values.min())) if succeeded else None)


def _in_units(values: np.ndarray, model: gaussian_search.Model) -> np.ndarray:
    """The acquisition in units of the value; an improvement as a logarithm, the probability of one too."""
    kind = ACQUISITIONS[model.goal.kind]
    if kind == "lcb":
        return model.standardized.factor * values - model.standardized.offset
    return values + math.log(model.standardized.factor) if kind == "log_ei" else values


# Drawing -------------------------------------------------------------------------------------------------------------


def _draw_posterior(axes: Any, study: TrialTable, line: Line, known: Curves, state: searcher_state.State) -> None:
    """Draw mean, band and trials."""
    if line.are_choices:
        axes.errorbar(line.at, known.mean, BAND * known.std, fmt="s", capsize=5, color=COLOURS[0], zorder=4,
                      label="posterior mean, 95 % interval")
    else:
        axes.fill_between(line.at, known.mean - BAND * known.std, known.mean + BAND * known.std, color=COLOURS[5],
                          alpha=0.35, linewidth=0.0, label="95 % band")
        axes.plot(line.at, known.mean, linewidth=2.0, marker=line.marker, color=COLOURS[0], label="posterior mean")
    alphas = FAINTEST + (1.0 - FAINTEST) * np.clip(known.influence, 0.0, 1.0)
    parameter = study.space.parameters[line.name]
    at = drawing.positions(parameter, [result.params[line.name] for result in known.results])
    at = drawing.jittered(parameter, at, [result.number for result in known.results])
    dots = axes.scatter(at, known.values, s=30 if len(at) <= 100 else 14, alpha=alphas, color="black", zorder=3,
                        edgecolor="none", label="trials (fainter: farther from this line)")
    searcher_state.linked(dots, state, known.results)
    if known.best is not None:
        axes.axhline(known.best, color="0.35", linewidth=1.0, linestyle="--", label="best so far")


def _draw_new_value(axes: Any, line: Line, trial: Trial, known: Curves) -> None:
    """Mark the outcome of the trial, as the process sees it; it is fitted to some of many trials, perhaps not to it."""
    if trial.state == "running" or not known.results or known.results[-1].number != trial.number:
        return
    name = f"trial {trial.number} has failed, which counts as the worst value"
    if trial.value is not None:
        name = f"value of trial {trial.number}, {trial.value:.4g}"
    axes.plot(line.proposed, known.values[-1], "D", color=COLOURS[1], markersize=8, markeredgecolor="black", zorder=4,
              label=name)


def _draw_acquisitions(axes: list[Any], curves: list[Curves], line: Line, study: TrialTable) -> None:
    """Draw both acquisition functions on one scale; the proposed point is a star on the first one."""
    kind = searcher_state.model_of(study, "plot_posterior").acquisition
    goals = [known.goal for known in curves]
    as_logarithm = kind != "lcb" and max(goal.max() for goal in goals) < LEAST_LOGARITHM
    if kind != "lcb" and not as_logarithm:
        goals = [np.exp(goal) for goal in goals]
    low, high = min(float(goal.min()) for goal in goals), max(float(goal.max()) for goal in goals)
    room = 0.12 * ((high - low) or abs(high) or 1.0)
    for one, goal in zip(axes, goals, strict=True):
        if line.are_choices:
            one.bar(line.at, goal - low, 0.6, low, color=COLOURS[2], alpha=0.6)
        else:
            one.plot(line.at, goal, color=COLOURS[2], linewidth=2.0, marker=line.marker)
            one.fill_between(line.at, goal, low, color=COLOURS[2], alpha=0.2, linewidth=0.0)
        one.set_ylim(low - 0.3 * room, high + room)
    axes[0].plot(line.proposed, goals[0][int(np.argmin(np.abs(line.at - line.proposed)))], "*", color=COLOURS[1],
                 markersize=15, markeredgecolor="black", zorder=4, label="acquisition of the proposed point")
    name = NAMES[kind] if kind != "lcb" or study.direction == "minimize" else "upper confidence bound"
    weighted = ",\nweighted by the prior" if any(p.prior is not None for p in study.space.parameters.values()) else ""
    axes[0].set_ylabel(f"{'log ' if as_logarithm else ''}{name}{weighted}", fontsize=9)


def _label(axes: list[Any], study: TrialTable, line: Line, trial: Trial, curves: list[Curves]) -> None:
    """Set labels, limits and titles, and mark the proposed value."""
    for one in axes:
        drawing.set_axis(one, "x", study, line.name)
        one.grid(alpha=0.25)
        one.axvline(line.proposed, color=COLOURS[1], linewidth=1.4, linestyle=":", zorder=1,
                    label=f"proposed: trial {trial.number}")
        drawing.finish(one)
    both = np.concatenate([part for known in curves for part in (
        known.mean - BAND * known.std, known.mean + BAND * known.std, known.values)])
    room = 0.05 * (np.ptp(both) or 1.0)
    for one, when in zip(axes[:2], ("Before", "After"), strict=True):
        one.set_ylim(both.min() - room, both.max() + room)
        running = ", which is running" if when == "After" and trial.state == "running" else ""
        drawing.finish(one, "", None, f"{when} trial {trial.number}{running}")
    axes[0].set_ylabel(drawing.value_label(study))
