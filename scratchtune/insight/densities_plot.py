"""The Parzen estimator of a `BayesianSearch` when it proposed a trial: its two densities, and their ratio.

The densities are fitted by the very code that proposes trials, to the results that the searcher had seen.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from scratchtune.insight import drawing, searcher_state
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.drawing import COLOURS
from scratchtune.search import parzen
from scratchtune.search.mixture import without_inactive
from scratchtune.search.parameters import Categorical, Parameter
from scratchtune.study.trial import Trial

POINTS = 400  # of a curve
MOST_BARS = 24  # a parameter with at most so many values has bars
LARGEST = 300.0  # of the logarithm of a ratio that is drawn
GOOD, BAD = COLOURS[0], COLOURS[1]


class Curves(NamedTuple):
    """Along a parameter's axis: coordinates (m,), both densities (m,), divided by the highest, and log l − log g."""

    at: np.ndarray
    good: np.ndarray
    bad: np.ndarray
    log_ratio: np.ndarray
    highest: float  # logarithm of the density that was divided by


def plot_densities(study: TrialTable, param: str | None = None, trial: int | None = None, ax: Any = None) -> Any:
    """Plot the densities of good and of bad trials along one parameter, and their ratio; returns two Axes.

    ``trial`` is the number of a trial (None: the last one that the Parzen estimator has proposed); the densities are
    those by which it was proposed. ``param`` is the parameter that varies (None: the one whose factor of the ratio is
    the largest); all others have the values of the trial. Both densities are divided by the highest density, since only
    their ratio matters. Each tick is the parameter's value in one trial.

    The estimator draws candidates from the density of the good trials, and proposes the one with the highest ratio. So
    elsewhere, where no candidate was drawn, the ratio may be higher.

    Raises
        ValueError where the study was not searched by `BayesianSearch`, the estimator has not proposed the trial, or
        the trial lacks the parameter.
    """
    searcher_state.model_of(study, "plot_densities")
    if param is not None:
        drawing.chosen_names(study, param, 1)
    axes = drawing.panels(ax, 2, 1, (6.4, 2.8))
    chosen = searcher_state.proposed_by(study, "tpe", trial)
    if chosen is None:
        return drawing.all_empty(axes, study, "Densities", "no trial was proposed by a Parzen estimator")
    name = searcher_state.checked_name(param or _default_name(chosen), chosen)
    state = searcher_state.before(study, chosen)
    names = searcher_state.reasons_of(chosen).get("branch", {}).get("names")
    seen, waiting = parzen.trials_in(study.space, names, state.seen, state.pending)
    model = parzen.fitted_densities(study.space, seen, waiting)
    searcher_state.check_counts(study, chosen, {"good": len(model.good), "bad": len(model.bad)})
    _check_ratio(model, chosen)
    curves, at = _curves(model, name, chosen), float(drawing.column(study, name, [chosen])[0])
    _draw_densities(axes[0], model, study.space.parameters[name], name, curves)
    _draw_ratio(axes[1], curves, at, chosen)
    for one in axes:
        one.axvline(at, color="black", linewidth=1.4, linestyle=":", label=f"proposed: trial {chosen.number}")
        _set_axis(one, study, name, curves)
        one.grid(alpha=0.25)
        drawing.finish(one)
        drawing.legend(one)
    axes[0].set_xlabel("")
    pending = f" ({len(waiting)} pending)" if waiting else ""
    drawing.head(axes, f"Parzen estimator along {drawing.plain(name)}",
                 f"{len(model.good)} good and {len(model.bad)} bad trials{pending}"
                 f"{searcher_state.fixed_values(chosen, name, 3)}")
    return axes


def _default_name(trial: Trial) -> str:
    """The parameter whose factor of the ratio is the largest."""
    parts: dict[str, float] = searcher_state.reasons_of(trial).get("by_parameter", {})
    return max(trial.shared_params, key=lambda name: parts.get(name, float("-inf")))


def _check_ratio(model: parzen.Densities, trial: Trial) -> None:
    """Raise a ValueError where the densities have another ratio at the trial than its reasons record."""
    recorded = searcher_state.reasons_of(trial).get("log_ratio")
    row = np.array([[axis.read([trial.shared_params])[0] for axis in model.good_density.axes]])
    ratio = float(parzen.log_ratio(model.good_density.log_density(row), model.bad_density.log_density(row))[0])
    if recorded is not None and not math.isclose(ratio, recorded, rel_tol=1e-6, abs_tol=1e-6):
        raise ValueError(f"trial {trial.number} was proposed by an older version of the estimator: its log ratio was "
                         f"{recorded:.4g}, and would be {ratio:.4g} now")


def _curves(model: parzen.Densities, name: str, trial: Trial) -> Curves:
    """Both densities along a parameter, through a trial."""
    axes = model.good_density.axes
    index = [axis.name for axis in axes].index(name)
    codes = _codes(axes[index].parameter, axes[index].code(trial.shared_params[name]))
    rows = np.repeat(np.array([axis.read([trial.shared_params])[0] for axis in axes])[None], len(codes), axis=0)
    rows[:, index] = codes
    rows = without_inactive(axes, rows)
    log_l, log_g = model.good_density.log_density(rows), model.bad_density.log_density(rows)
    highest = max(log_l.max(), log_g.max())
    at = drawing.positions(axes[index].parameter, [axes[index].value(code) for code in codes.tolist()])
    return Curves(at, np.exp(log_l - highest), np.exp(log_g - highest), parzen.log_ratio(log_l, log_g), float(highest))


def _codes(parameter: Parameter, proposed: float) -> np.ndarray:
    """The codes at which the densities are computed: all values of a parameter if they are few, else evenly spaced."""
    count = parameter.count
    if count is None:
        return np.unique([*np.linspace(0.0, 1.0, POINTS), proposed])
    if count <= POINTS:
        return np.arange(count, dtype=float)
    index: Any = parameter.index
    spaced = np.array([float(index(parameter.from_unit(u))) for u in np.linspace(0.0, 1.0, POINTS).tolist()])
    return np.unique([*spaced, proposed])


def _draw_densities(axes: Any, model: parzen.Densities, parameter: Parameter, name: str, curves: Curves) -> None:
    """Draw both densities, and the trials that they are fitted to as ticks above and below."""
    index = [axis.name for axis in model.good_density.axes].index(name)
    axis = model.good_density.axes[index]
    for density, colour, style, trials, text, height, shift in (
            (curves.good, GOOD, "-", model.good, "good trials", 1.07, -0.2),
            (curves.bad, BAD, "--", model.bad, "bad trials", -0.07, 0.2)):
        if parameter.count is not None and parameter.count <= MOST_BARS:
            axes.bar(_shifted(parameter, curves.at, shift), density, _widths(parameter, curves.at), color=colour,
                     hatch="" if style == "-" else "//", edgecolor="white", label=f"density of {text}")
        else:
            axes.plot(curves.at, density, style, color=colour, linewidth=2.0, label=f"density of {text}")
            axes.fill_between(curves.at, density, color=colour, alpha=0.12, linewidth=0.0)
        codes = model.codes[trials, index]
        known = [axis.value(code) for code in codes[~np.isnan(codes)].tolist()]
        axes.plot(drawing.positions(parameter, known), np.full(len(known), height), "|", color=colour, markersize=9,
                  alpha=float(np.clip(40.0 / max(len(known), 1), 0.15, 0.9)), rasterized=len(known) > drawing.MANY,
                  label=f"{len(known):,} {text}")
    axes.set_ylim(-0.15, 1.15)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_ylabel("density (highest: 1)")


def _set_axis(axes: Any, study: TrialTable, name: str, curves: Curves) -> None:
    """Make the x axis that of the parameter, with room for the first and the last bar."""
    parameter = study.space.parameters[name]
    drawing.set_axis(axes, "x", study, name)
    if not isinstance(parameter, Categorical) and parameter.count is not None and len(curves.at) <= MOST_BARS:
        axes.set_xlim(_shifted(parameter, curves.at, -0.5)[0], _shifted(parameter, curves.at, 0.5)[-1])


def _shifted(parameter: Parameter, at: np.ndarray, share: float) -> np.ndarray:
    """Coordinates moved by a share of the distance between neighbours, so that two bars are side by side."""
    if drawing.has_log_axis(parameter):
        return at * np.exp(share * np.log((at + 0.5) / (at - 0.5)))
    return at + share * _step(at)


def _widths(parameter: Parameter, at: np.ndarray) -> np.ndarray:
    """Widths of bars, 0.38 of the distance between neighbours."""
    if drawing.has_log_axis(parameter):
        return at * (np.exp(0.19 * np.log((at + 0.5) / (at - 0.5))) - np.exp(-0.19 * np.log((at + 0.5) / (at - 0.5))))
    return np.full(len(at), 0.38 * _step(at))


def _step(at: np.ndarray) -> float:
    return float(np.diff(at).min()) if len(at) > 1 else 1.0


def _draw_ratio(axes: Any, curves: Curves, at: float, trial: Trial) -> None:
    """Draw the ratio of the densities on a log scale, with the proposed point as a star."""
    from matplotlib.ticker import LogLocator, NullLocator

    ratio, few = np.exp(np.clip(curves.log_ratio, -LARGEST, LARGEST)), len(curves.at) <= MOST_BARS
    axes.set_yscale("log")
    axes.plot(curves.at, ratio, "o" if few else "-", color=COLOURS[2], linewidth=2.0, label="ratio l / g")
    if few:
        axes.vlines(curves.at, 1.0, ratio, color=COLOURS[2], linewidth=4.0, alpha=0.5)
    else:
        axes.fill_between(curves.at, ratio, 1.0, where=ratio > 1.0, color=COLOURS[2], alpha=0.2, linewidth=0.0)
    axes.axhline(1.0, color="0.35", linewidth=0.8)
    star = float(ratio[int(np.argmin(np.abs(curves.at - at)))])
    axes.plot(at, star, "*", color=COLOURS[4], markersize=15, markeredgecolor="black",
              label=f"trial {trial.number}: {star:.3g} times as dense in good trials")
    low, high = min(1.0, float(ratio.min())), max(1.0, float(ratio.max()))
    room = (high / low) ** 0.15 if high > low else 2.0
    axes.set_ylim(low / room, high * room**1.6)
    if high / low < 1e3:
        axes.yaxis.set_major_locator(LogLocator(10.0, (1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    axes.set_ylabel("good / bad")
