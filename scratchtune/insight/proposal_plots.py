"""Why a `BayesianSearch` proposed a trial: its Gaussian process before and after it, or its Parzen estimator.

Each is drawn along one parameter; all others have the values of the trial. The models are fitted by the very code that
proposes trials, to the results that the searcher had seen.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search import Categorical, Result
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian import gaussian_search, parzen
from scratchtune.core.search.bayesian.acquisition import ACQUISITIONS
from scratchtune.core.search.bayesian.acquisition_search import goal_values
from scratchtune.core.search.bayesian.kernels import ROUGH, SIGNAL
from scratchtune.core.search.bayesian.mixture import without_inactive
from scratchtune.core.search.parameters import Parameter
from scratchtune.core.study.trial import Trial, configuration
from scratchtune.insight import drawing, searcher_state
from scratchtune.insight.drawing import COLOURS, TrialTable
from scratchtune.insight.searcher_state import State

POINTS = 400  # of a curve
FEW = 24  # a parameter with at most so many values has a marker at each
BAND = 1.96  # standard deviations: 95 % of a normal distribution
FAINTEST = 0.15  # opacity of a trial that does not influence the curve
LARGEST = 300.0  # of the logarithm of a ratio that is drawn
NAMES = {"log_ei": "expected improvement", "pi": "probability of improvement",
         "lcb": "lower confidence bound, times −1"}  # of losses


class Line(NamedTuple):
    """A line through the space: one parameter varies, the others are those of a trial."""

    name: str
    parameter: Parameter
    points: list[dict[str, Any]]  # configurations
    at: np.ndarray  # (m,), their coordinates on the parameter's axis
    proposed: int  # the index of the trial's own
    are_few: bool
    look: dict[str, Any]  # of curves: values that are few have markers, and choices no line

    def positions(self, results: Sequence[Result]) -> np.ndarray:
        """The coordinates of results on the parameter's axis, (n,)."""
        return drawing.positions(self.parameter, [result.params[self.name] for result in results])


def plot_posterior(study: TrialTable, param: str | None = None, trial: int | None = None, ax: Any = None) -> Any:
    """Plot the Gaussian process along one parameter before and after a trial; returns four Axes.

    ``param`` is the parameter that varies (None: the first continuous one that the trial has), ``trial`` the number of
    the trial (None: the last one that the process has proposed). The first two Axes show the posterior before and after
    it: the mean, and a band that contains the function with a probability of 95 % at each point. The last two show the
    acquisition function. Trials are dots; one whose other parameters differ much from those of this line is fainter.

    Values worse than the median are compressed before the process is fitted
    (`search.bayesian.surrogate.compress_and_standardize`), and the plot shows the compressed ones. A user's prior of a
    parameter does not change the process; the acquisition function is weighted by it. A ValueError where the study was
    not searched by `BayesianSearch`, the process has not proposed the trial, or the trial lacks the parameter.
    """
    axes = drawing.panels(ax, 4, 2, (4.9, 2.9))
    chosen = searcher_state.proposed_by(study, "plot_posterior", param, trial)
    if chosen is None:
        return drawing.all_empty(axes, study, "Posterior", "no trial was proposed by a Gaussian process")
    line = _line(study, param, chosen)
    states = searcher_state.before(study, chosen), searcher_state.after(study, chosen)
    kind = states[0].searcher.acquisition
    models = [gaussian_search.fitted_model(*state[1:], kind, state.searcher.kappa) for state in states]
    count, pending, seen = len(models[0].kept), len(models[0].process.rows) - len(models[0].kept), len(states[0].seen)
    for upper, lower, state, model in zip(axes[:2], axes[2:], states, models, strict=True):
        rows = model.encoding.snapped(model.encoding.rows(line.points))
        _draw_posterior(upper, study, line, rows, model)
        _draw_trials(upper, study, line, (rows, state, model), chosen)
        goal = _acquisition(model, rows)
        lower.plot(line.at, goal, color=COLOURS[2], **line.look)
        if state is states[0]:
            lower.plot(line.at[line.proposed], goal[line.proposed], "*", color=COLOURS[1], markersize=15,
                       markeredgecolor="black", zorder=4, clip_on=False, label="acquisition of the proposed point")
    for pair in (axes[:2], axes[2:]):
        limits = [one.get_ylim() for one in pair]
        for one in pair:
            one.set_ylim(np.min(limits), np.max(limits))
    name = "upper confidence bound" if kind == "lcb" and study.direction == "maximize" else NAMES[kind]
    weights = ["the prior"] * any(p.prior is not None for p in study.space.parameters.values())
    weights += ["feasibility"] * (len(models[0].goal.constraints.theta) > 0)
    weighted = f",\nweighted by {' and '.join(weights)}" * bool(weights)
    axes[2].set_ylabel(f"{name}{weighted}", fontsize=9)
    running = ", which is running" if chosen.state == "running" else ""
    drawing.finish(axes[0], None, drawing.value_label(study), f"Before trial {chosen.number}")
    drawing.finish(axes[1], None, None, f"After trial {chosen.number}{running}")
    fitted = checks.counted(count, "trial") if count == seen else f"{count:,} of {seen:,} trials"
    failed = "; all have failed, so the values are arbitrary" * (not _has_a_value(states[0]))
    said = f"fitted to {fitted}{f' and {pending} pending' * bool(pending)}{failed}"
    _finish(axes, study, line, chosen, "Gaussian process", said, ax is None)
    return axes


def plot_densities(study: TrialTable, param: str | None = None, trial: int | None = None, ax: Any = None) -> Any:
    """Plot the densities of good and of bad trials along one parameter, and their ratio; returns two Axes.

    ``trial`` is the number of a trial (None: the last one that the Parzen estimator has proposed); the densities are
    those by which it was proposed. ``param`` is the parameter that varies (None: the one whose factor of the ratio is
    the largest). Each density is that of the parameter *given the other values*, so the area under each curve is 1 over
    the length of the axis, and a uniform density is 1; choices and few integers have probabilities.

    The ratio below is that of the densities of the whole configuration. The estimator draws candidates from the density
    of the good trials, and proposes the one with the highest ratio. So elsewhere, where no candidate was drawn, the
    ratio may be higher. A ValueError where the study was not searched by `BayesianSearch`, the estimator has not
    proposed the trial, or the trial lacks the parameter.
    """
    axes = drawing.panels(ax, 2, 1, (6.4, 2.8))
    chosen = searcher_state.proposed_by(study, "plot_densities", param, trial)
    if chosen is None:
        return drawing.all_empty(axes, study, "Densities", "no trial was proposed by a Parzen estimator")
    why = searcher_state.reasons_of(chosen)
    factors: dict[str, float] = why.get("by_parameter", {})
    line = _line(study, param or max(configuration(chosen), key=lambda one: factors.get(one, -math.inf)), chosen)
    state = searcher_state.before(study, chosen)
    seen, waiting = parzen.trials_in(study.space, why.get("branch", {}).get("names"), state.seen, state.pending)
    model = parzen.fitted_densities(study.space, seen, waiting)
    good, bad, ratio = _densities(model, line)
    for density, which, colour, style, text, height in (
            (good, model.good, COLOURS[0], "-", "good", 1.0), (bad, model.bad, COLOURS[1], "--", "bad", 0.0)):
        axes[0].plot(line.at, density, color=colour, linestyle=style, label=f"density of {text} trials", **line.look)
        if not line.are_few:
            axes[0].fill_between(line.at, density, color=colour, alpha=0.12, linewidth=0.0)
        known = [seen[k] for k in which.tolist() if k < len(seen) and line.name in seen[k].params]
        if known:
            ticks = axes[0].scatter(
                line.positions(known), np.full(len(known), height), s=144, marker="|", color=colour, linewidth=1.0,
                transform=axes[0].get_xaxis_transform(), alpha=float(np.clip(40.0 / len(known), 0.3, 0.9)),
                clip_on=False, rasterized=len(known) > drawing.MANY, label=f"{len(known):,} {text} trials")
            searcher_state.linked(ticks, state, known)
    axes[0].set_ylim(0.0, 1.1 * max(good.max(), bad.max()))
    axes[0].set_ylabel("probability" if line.are_few else "density (uniform: 1)")
    _draw_ratio(axes[1], line, ratio, chosen)
    said = f"{len(model.good)} good and {len(model.bad)} bad trials{f' ({len(waiting)} pending)' * bool(waiting)}"
    _finish(axes, study, line, chosen, "Parzen estimator", said, ax is None)
    return axes


def _line(study: TrialTable, name: str | None, trial: Trial) -> Line:
    """The line through a trial along a parameter; the trial's own value is on it.

    For None it is the first continuous parameter that the trial has, else the first with numbers, else the first one.
    """
    if name is None:
        here = {one: study.space.parameters[one] for one in study.space.names if one in configuration(trial)}
        name = min(here, key=lambda one: (here[one].count is not None, isinstance(here[one], Categorical)))
    if name not in configuration(trial):
        raise ValueError(f"param is {name!r}, which trial {trial.number} lacks, since its condition does not hold "
                         f"there; it must be one of {checks.quoted(list(configuration(trial)))}")
    parameter, own = study.space.parameters[name], configuration(trial)[name]
    if parameter.count is not None and (parameter.count <= POINTS or isinstance(parameter, Categorical)):
        values = [parameter.value(k) for k in range(parameter.count)]
    else:
        values = sorted({own, *(parameter.from_unit(u) for u in np.linspace(0.0, 1.0, POINTS).tolist())})
    are_choices, at = isinstance(parameter, Categorical), drawing.positions(parameter, values)
    are_few = are_choices or len(values) <= FEW
    return Line(name, parameter, [{**configuration(trial), name: value} for value in values], at,
                int(np.argmin(np.abs(at - drawing.positions(parameter, [own])))), are_few,
                {"linewidth": 0.0 if are_choices else 2.0, "marker": "o" if are_few else None})


def _finish(
    axes: list[Any], study: TrialTable, line: Line, trial: Trial, model: str, fitted: str, own_figure: bool,
) -> None:
    """Set the axes of the parameter and the titles, mark the proposed value, and explain all signs once."""
    for one in axes:
        drawing.set_axis(one, "x", study, line.name)
        one.axvline(line.at[line.proposed], color="black", linewidth=1.4, linestyle=":", zorder=1,
                    label=f"proposed: trial {trial.number}")
        drawing.finish(one, grid="both")
    for one in axes[: len(axes) // 2]:
        one.set_xlabel("")
    others = [f"{drawing.plain(name, 16)}={drawing.plain(value, 10)}"
              for name, value in configuration(trial).items() if name != line.name]
    listed = ", ".join(others[:4]) + (f", and {len(others) - 4} more" if len(others) > 4 else "")
    drawing.head(axes, f"{model} along {drawing.plain(line.name)}",
                 fitted + f"\nthe others as in trial {trial.number}: {listed}" * bool(others))
    found = {name: handle for one in axes for handle, name in zip(*one.get_legend_handles_labels(), strict=True)}
    where, place = (axes[0].figure, {"loc": "outside lower center", "ncols": 3}) if own_figure else (axes[0], {})
    where.legend(found.values(), found.keys(), fontsize=8, framealpha=0.8, edgecolor="none", **place)


def _has_a_value(state: State) -> bool:
    return any(not math.isnan(result.value) for result in state.seen)


def _acquisition(model: gaussian_search.Model, rows: np.ndarray) -> np.ndarray:
    """The acquisition function at rows of the encoding, in units of the value; an improvement itself, no logarithm."""
    values = goal_values(model.encoding, model.process, model.goal, rows)
    kind, standardized = ACQUISITIONS[model.goal.kind], model.standardized
    if kind == "lcb":
        return standardized.factor * values - standardized.offset
    return np.exp(values + (math.log(standardized.factor) if kind == "log_ei" else 0.0))


def _influences(model: gaussian_search.Model, rows: np.ndarray, column: int) -> np.ndarray:
    """Each trial's influence on the line's point at its own value of parameter ``column``: their correlation, (n,)."""
    process = model.process
    trials = process.rows[: len(model.kept)]
    on_line = np.repeat(rows[:1], len(trials), axis=0)
    on_line[:, column] = trials[:, column]
    prior = math.exp(process.theta[SIGNAL]) + math.exp(process.theta[ROUGH])
    return np.diag(gp.covariance(trials, on_line, process.is_categorical, process.theta)) / prior


def _draw_posterior(axes: Any, study: TrialTable, line: Line, rows: np.ndarray, model: gaussian_search.Model) -> None:
    """Draw the mean and the interval that has the function with a probability of 95 %."""
    mean, variance = gp.predict(model.process, rows)
    sign = 1.0 if study.direction == "minimize" else -1.0
    mean = sign * (model.standardized.offset + model.standardized.factor * mean)
    half = BAND * model.standardized.factor * np.sqrt(variance)
    band, look = (axes.fill_between, {"alpha": 0.35, "linewidth": 0.0}) if line.look["linewidth"] else (
        axes.vlines, {"alpha": 0.6, "linewidth": 6.0})
    band(line.at, mean - half, mean + half, color=COLOURS[5], label="95 % interval", **look)
    axes.plot(line.at, mean, color=COLOURS[0], zorder=4, label="posterior mean", **line.look)


def _draw_trials(
    axes: Any, study: TrialTable, line: Line, known: tuple[np.ndarray, State, gaussian_search.Model], trial: Trial,
) -> None:
    """Draw the trials with the values that the process is fitted to, and the outcome of the trial itself."""
    rows, state, model = known
    sign, standardized = 1.0 if study.direction == "minimize" else -1.0, model.standardized
    has = np.array([line.name in state.seen[k].params for k in model.kept])
    results = [state.seen[k] for k in model.kept[has].tolist()]
    values = (sign * (standardized.offset + standardized.factor * standardized.values))[has]
    at = drawing.jittered(line.parameter, line.positions(results), [result.number for result in results])
    influence = np.clip(_influences(model, rows, study.space.names.index(line.name))[has], 0.0, 1.0)
    searcher_state.linked(axes.scatter(
        at, values, s=30 if len(at) <= 100 else 14, alpha=FAINTEST + (1.0 - FAINTEST) * influence, color="black",
        edgecolor="none", label="trials (fainter: farther from this line)", zorder=3), state, results)
    if _has_a_value(state):
        axes.axhline(sign * standardized.to_loss(float(standardized.values.min())), color="0.35", linewidth=1.0,
                     linestyle="--", label="best so far")
    if results and results[-1].number == trial.number:
        name = (f"trial {trial.number} has failed, which counts as the worst value" if trial.value is None else
                f"value of trial {trial.number}, {trial.value:.4g}")
        axes.plot(line.at[line.proposed], values[-1], "D", color=COLOURS[1], markersize=8, markeredgecolor="black",
                  zorder=5, label=name)


def _densities(model: parzen.Densities, line: Line) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both densities along a line, given its other parameters; the ratio for the whole configurations, (m,) each."""
    axes = model.good_density.axes
    codes = without_inactive(axes, np.column_stack([axis.read(line.points) for axis in axes]))
    logs = np.array([model.good_density.log_density(codes), model.bad_density.log_density(codes)])
    ratio = np.exp(np.clip(parzen.log_ratio(*logs), -LARGEST, LARGEST))
    areas = np.ones(len(codes))
    if not line.are_few:  # that of a point is half the distance between its neighbours
        index = [axis.name for axis in axes].index(line.name)
        of_range: Any = axes[index]
        low, high = of_range.edges(codes[:, index])
        widths = 0.5 * np.diff(0.5 * (low + high))
        areas = np.append(widths, 0.0) + np.append(0.0, widths)
        logs -= np.log(high - low) if of_range.count is not None else 0.0  # of a value with a cell: the density in it
    densities = np.exp(logs - logs.max(axis=1, keepdims=True))
    good, bad = densities / (densities @ areas)[:, None]
    return good, bad, ratio


def _draw_ratio(axes: Any, line: Line, ratio: np.ndarray, trial: Trial) -> None:
    """Draw the ratio of the densities on a log scale, with the proposed point as a star."""
    from matplotlib.ticker import LogLocator, NullLocator

    star = float(ratio[line.proposed])
    axes.set_yscale("log")
    axes.plot(line.at, ratio, color=COLOURS[2], label="ratio good / bad", **line.look)
    if not line.are_few:
        axes.fill_between(line.at, ratio, 1.0, where=ratio > 1.0, color=COLOURS[2], alpha=0.2, linewidth=0.0)
    axes.axhline(1.0, color="0.35", linewidth=0.8)
    axes.plot(line.at[line.proposed], star, "*", color=COLOURS[4], markersize=15, markeredgecolor="black",
              label=f"trial {trial.number}: {star:.3g} times as dense in good trials")
    low, high = min(1.0, float(ratio.min())), max(1.0, float(ratio.max()))
    room = (high / low) ** 0.15 if high > low else 2.0
    axes.set_ylim(low / room, high * room)
    if high / low < 1e3:
        axes.yaxis.set_major_locator(LogLocator(10.0, (1.0, 2.0, 5.0) if high / low > 10.0 else range(1, 10)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    axes.set_ylabel("good / bad")
