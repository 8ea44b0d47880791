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
NAMES = {"log_ei": "expected improvement", "pi": "probability of improvement",
         "lcb": "lower confidence bound, times −1"}  # of losses
UPPER = "upper confidence bound"  # of values to be maximised


class Line(NamedTuple):
    """A line through the space: one parameter varies, the others are those of a trial."""

    name: str
    column: int
    rows: np.ndarray  # (m, d), in the encoding
    at: np.ndarray  # (m,), coordinates on the parameter's axis
    proposed: float  # that of the trial
    look: dict[str, Any]  # of curves: values that are few have markers, and choices no line


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
    axes = drawing.panels(ax, 4, 2, (4.9, 2.9))
    chosen = searcher_state.proposed_by(study, "plot_posterior", param, trial)
    if chosen is None:
        return drawing.all_empty(axes, study, "Posterior", "no trial was proposed by a Gaussian process")
    line = _line(study, searcher_state.checked_name(param or _default_name(study, chosen), chosen), chosen)
    states = searcher_state.before(study, chosen), searcher_state.after(study, chosen)
    models = [gaussian_search.fitted_model(*state[1:], state.searcher.acquisition, state.searcher.kappa)
              for state in states]
    count, pending, seen = len(models[0].kept), len(models[0].process.rows) - len(models[0].kept), len(states[0].seen)
    searcher_state.check_counts(study, chosen, {"trials": count, "pending": pending})
    for upper, lower, state, model in zip(axes[:2], axes[2:], states, models, strict=True):
        _draw_posterior(upper, study, line, state, model, chosen)
        goal = _acquisition(model, line)
        lower.plot(line.at, goal, color=COLOURS[2], **line.look)
        if state is states[0]:
            lower.plot(line.proposed, goal[int(np.argmin(np.abs(line.at - line.proposed)))], "*", color=COLOURS[1],
                       markersize=15, markeredgecolor="black", zorder=4, label="acquisition of the proposed point")
    _label(axes, study, line, chosen, states[0].searcher.acquisition)
    failed = all(math.isnan(result.value) for result in states[0].seen)
    drawing.head(axes, f"Gaussian process along {drawing.plain(line.name)}",
                 f"fitted to {checks.counted(count, 'trial') if count == seen else f'{count:,} of {seen:,} trials'}"
                 f"{f' and {pending} pending' * bool(pending)}"
                 f"{'; all have failed, so the values are arbitrary' * failed}"
                 f"{searcher_state.fixed_values(chosen, line.name)}")
    searcher_state.add_legend(axes, own_figure=ax is None)
    return axes


# The line and its curves ---------------------------------------------------------------------------------------------


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
    look = {"linewidth": 0.0 if isinstance(parameter, Categorical) else 2.0,
            "marker": "o" if len(values) <= MOST_MARKED else None}
    return Line(name, index, encoding.snapped(rows), drawing.positions(parameter, values),
                float(drawing.positions(parameter, [own])[0]), look)


def _acquisition(model: gaussian_search.Model, line: Line) -> np.ndarray:
    """The acquisition function along a line, in units of the value; of an improvement it is not the logarithm."""
    values = goal_values(model.encoding, model.process, model.goal, line.rows)
    kind, standardized = ACQUISITIONS[model.goal.kind], model.standardized
    if kind == "lcb":
        return standardized.factor * values - standardized.offset
    return np.exp(values + (math.log(standardized.factor) if kind == "log_ei" else 0.0))


def _influences(process: gp.Process, line: Line, count: int) -> np.ndarray:
    """How much each of the first ``count`` rows of a process influences its point of the line: a correlation, (n,)."""
    rows = process.rows[:count]
    on_line = np.repeat(line.rows[:1], count, axis=0)
    on_line[:, line.column] = rows[:, line.column]
    prior = math.exp(process.theta[-3]) + math.exp(process.theta[-2])
    return np.diag(gp.covariance(rows, on_line, process.is_categorical, process.theta)) / prior


# Drawing -------------------------------------------------------------------------------------------------------------


def _draw_posterior(
    axes: Any, study: TrialTable, line: Line, state: searcher_state.State, model: gaussian_search.Model, trial: Trial,
) -> None:
    """Draw mean, interval and trials, as the process sees them; and the outcome of the trial, if it is one of them."""
    sign, standardized = 1.0 if study.direction == "minimize" else -1.0, model.standardized
    mean, variance = gp.predict(model.process, line.rows)
    mean, std = sign * (standardized.offset + standardized.factor * mean), standardized.factor * np.sqrt(variance)
    if line.look["linewidth"]:
        axes.fill_between(line.at, mean - BAND * std, mean + BAND * std, color=COLOURS[5], alpha=0.35, linewidth=0.0,
                          label="95 % interval")
    else:
        axes.vlines(line.at, mean - BAND * std, mean + BAND * std, color=COLOURS[5], linewidth=6.0, alpha=0.6,
                    label="95 % interval")
    axes.plot(line.at, mean, color=COLOURS[0], zorder=4, label="posterior mean", **line.look)
    results = [state.seen[k] for k in model.kept]
    has = np.array([line.name in result.params for result in results])
    values = (sign * (standardized.offset + standardized.factor * standardized.values))[has]
    results = [result for result in results if line.name in result.params]
    parameter = study.space.parameters[line.name]
    at = drawing.jittered(parameter, drawing.positions(parameter, [result.params[line.name] for result in results]),
                          [result.number for result in results])
    influence = np.clip(_influences(model.process, line, len(has))[has], 0.0, 1.0)
    searcher_state.linked(axes.scatter(
        at, values, s=30 if len(at) <= 100 else 14, alpha=FAINTEST + (1.0 - FAINTEST) * influence, color="black",
        edgecolor="none", label="trials (fainter: farther from this line)", zorder=3), state, results)
    if any(not math.isnan(result.value) for result in state.seen):
        axes.axhline(sign * standardized.to_loss(float(standardized.values.min())), color="0.35", linewidth=1.0,
                     linestyle="--", label="best so far")
    if results and results[-1].number == trial.number:
        name = f"trial {trial.number} has failed, which counts as the worst value"
        if trial.value is not None:
            name = f"value of trial {trial.number}, {trial.value:.4g}"
        axes.plot(line.proposed, values[-1], "D", color=COLOURS[1], markersize=8, markeredgecolor="black", zorder=5,
                  label=name)


def _label(axes: list[Any], study: TrialTable, line: Line, trial: Trial, kind: str) -> None:
    """Set labels, titles, and the same limits side by side; mark the proposed value."""
    for one in axes:
        drawing.set_axis(one, "x", study, line.name)
        one.grid(alpha=0.25)
        one.axvline(line.proposed, color=COLOURS[1], linewidth=1.4, linestyle=":", zorder=1,
                    label=f"proposed: trial {trial.number}")
        drawing.finish(one)
    for pair in (axes[:2], axes[2:]):
        limits = [one.get_ylim() for one in pair]
        for one in pair:
            one.set_ylim(np.min(limits), np.max(limits))
    for one, when in zip(axes[:2], ("Before", "After"), strict=True):
        running = ", which is running" if when == "After" and trial.state == "running" else ""
        drawing.finish(one, "", None, f"{when} trial {trial.number}{running}")
    axes[0].set_ylabel(drawing.value_label(study))
    weighted = ",\nweighted by the prior" if any(p.prior is not None for p in study.space.parameters.values()) else ""
    name = UPPER if kind == "lcb" and study.direction == "maximize" else NAMES[kind]
    axes[2].set_ylabel(f"{name}{weighted}", fontsize=9)
