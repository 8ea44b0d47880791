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
from scratchtune.insight.plots import COLOURS
from scratchtune.search import parzen
from scratchtune.search.mixture import without_inactive
from scratchtune.search.parameters import Categorical, Parameter
from scratchtune.study.trial import Trial

POINTS = 400  # of a curve
FEW = 24  # a parameter with at most so many values has a marker at each, and probabilities instead of densities
LARGEST = 300.0  # of the logarithm of a ratio that is drawn
GOOD, BAD = COLOURS[0], COLOURS[1]


class Curves(NamedTuple):
    """Along a parameter's axis, (m,) each: coordinates, both densities, and the ratio for the whole configuration."""

    at: np.ndarray
    good: np.ndarray
    bad: np.ndarray
    ratio: np.ndarray
    are_few: bool


def plot_densities(study: TrialTable, param: str | None = None, trial: int | None = None, ax: Any = None) -> Any:
    """Plot the densities of good and of bad trials along one parameter, and their ratio; returns two Axes.

    ``trial`` is the number of a trial (None: the last one that the Parzen estimator has proposed); the densities are
    those by which it was proposed. ``param`` is the parameter that varies (None: the one whose factor of the ratio is
    the largest); all others have the values of the trial. Each density is that of the parameter *given these values*,
    so the area under each curve is 1 over the length of the axis, and a uniform density is 1; for choices and few
    integers there are probabilities, whose sum is 1. Each tick is the parameter's value in one trial.

    The ratio below is that of the densities of the whole configuration. The estimator draws candidates from the density
    of the good trials, and proposes the one with the highest ratio. So elsewhere, where no candidate was drawn, the
    ratio may be higher.

    Raises
        ValueError where the study was not searched by `BayesianSearch`, the estimator has not proposed the trial, or
        the trial lacks the parameter.
    """
    axes = drawing.panels(ax, 2, 1, (6.4, 2.8))
    chosen = searcher_state.proposed_by(study, "plot_densities", param, trial)
    if chosen is None:
        return drawing.all_empty(axes, study, "Densities", "no trial was proposed by a Parzen estimator")
    name = searcher_state.checked_name(param or _default_name(chosen), chosen)
    state = searcher_state.before(study, chosen)
    names = searcher_state.reasons_of(chosen).get("branch", {}).get("names")
    seen, waiting = parzen.trials_in(study.space, names, state.seen, state.pending)
    model = parzen.fitted_densities(study.space, seen, waiting)
    searcher_state.check_counts(study, chosen, {"good": len(model.good), "bad": len(model.bad)})
    curves, at = _curves(model, name, chosen), float(drawing.column(study, name, [chosen])[0])
    for density, which, style, text, height in (
            (curves.good, model.good, {"color": GOOD, "marker": "o"}, "good", 1.0),
            (curves.bad, model.bad, {"color": BAD, "marker": "s", "linestyle": "--"}, "bad", 0.0)):
        axes[0].plot(curves.at, density, label=f"density of {text} trials", linewidth=2.0,
                     **style | ({} if curves.are_few else {"marker": None}))
        axes[0].fill_between(curves.at, density, color=style["color"], alpha=0.12, linewidth=0.0)
        known = [seen[k] for k in which.tolist() if k < len(seen) and name in seen[k].params]
        if known:
            ticks = axes[0].plot(
                drawing.positions(study.space.parameters[name], [result.params[name] for result in known]),
                np.full(len(known), height), "|", transform=axes[0].get_xaxis_transform(), color=style["color"],
                markersize=12, alpha=float(np.clip(40.0 / len(known), 0.3, 0.9)), clip_on=False,
                rasterized=len(known) > drawing.MANY, label=f"{len(known):,} {text} trials")
            searcher_state.linked(ticks[0], state, known)
    axes[0].set_ylabel("probability" if curves.are_few else "density (uniform: 1)")
    _draw_ratio(axes[1], curves, at, chosen)
    for one in axes:
        one.axvline(at, color="black", linewidth=1.4, linestyle=":", label=f"proposed: trial {chosen.number}")
        drawing.set_axis(one, "x", study, name)
        one.grid(alpha=0.25)
        drawing.finish(one)
    axes[0].set_ylim(0.0, 1.1 * max(curves.good.max(), curves.bad.max()))
    axes[0].set_xlabel("")
    pending = f" ({len(waiting)} pending)" if waiting else ""
    drawing.head(axes, f"Parzen estimator along {drawing.plain(name)}",
                 f"{len(model.good)} good and {len(model.bad)} bad trials{pending}"
                 f"{searcher_state.fixed_values(chosen, name, 3)}")
    searcher_state.add_legend(axes, own_figure=ax is None)
    return axes


def _default_name(trial: Trial) -> str:
    """The parameter whose factor of the ratio is the largest."""
    parts: dict[str, float] = searcher_state.reasons_of(trial).get("by_parameter", {})
    return max(trial.shared_params, key=lambda name: parts.get(name, float("-inf")))


def _curves(model: parzen.Densities, name: str, trial: Trial) -> Curves:
    """Both densities along a parameter, through a trial."""
    axes = model.good_density.axes
    index = [axis.name for axis in axes].index(name)
    parameter = axes[index].parameter
    codes = _codes(parameter, axes[index].code(trial.shared_params[name]))
    rows = np.repeat(np.array([axis.read([trial.shared_params])[0] for axis in axes])[None], len(codes), axis=0)
    rows[:, index] = codes
    rows = without_inactive(axes, rows)
    logs = np.array([model.good_density.log_density(rows), model.bad_density.log_density(rows)])
    ratio = np.exp(np.clip(parzen.log_ratio(*logs), -LARGEST, LARGEST))
    at = drawing.positions(parameter, [axes[index].value(code) for code in codes.tolist()])
    are_few = isinstance(parameter, Categorical) or (parameter.count is not None and parameter.count <= FEW)
    areas = np.ones(len(codes))
    if not are_few:  # the area of a point is half the distance between its neighbours
        edges: Any = axes[index]
        low, high = edges.edges(codes)
        widths = 0.5 * np.diff(0.5 * (low + high))
        areas = np.append(widths, 0.0) + np.append(0.0, widths)
        logs -= np.log(high - low) if parameter.count is not None else 0.0  # of values with a cell: their density
    densities = np.exp(logs - logs.max(axis=1, keepdims=True))
    good, bad = densities / (densities @ areas)[:, None]
    return Curves(at, good, bad, ratio, are_few)


def _codes(parameter: Parameter, proposed: float) -> np.ndarray:
    """The codes at which the densities are computed: all values of a parameter if they are few, else evenly spaced."""
    count = parameter.count
    if count is not None and (count <= POINTS or isinstance(parameter, Categorical)):
        return np.arange(count, dtype=float)
    spaced = np.linspace(0.0, 1.0, POINTS)
    if count is not None:
        index: Any = parameter.index
        spaced = np.array([float(index(parameter.from_unit(u))) for u in spaced.tolist()])
    return np.unique([*spaced, proposed])


def _draw_ratio(axes: Any, curves: Curves, at: float, trial: Trial) -> None:
    """Draw the ratio of the densities on a log scale, with the proposed point as a star."""
    from matplotlib.ticker import LogLocator, NullLocator

    star = float(curves.ratio[int(np.argmin(np.abs(curves.at - at)))])
    recorded = searcher_state.reasons_of(trial).get("log_ratio", math.log(star))
    if not math.isclose(math.log(star), np.clip(recorded, -LARGEST, LARGEST), rel_tol=1e-6, abs_tol=1e-6):
        raise ValueError(f"trial {trial.number} was proposed where the log ratio of the densities was {recorded:.4g}; "
                         f"now it would be {math.log(star):.4g}: another version of the estimator has proposed it")
    axes.set_yscale("log")
    axes.plot(curves.at, curves.ratio, color=COLOURS[2], linewidth=2.0, marker="o" if curves.are_few else None,
              label="ratio good / bad")
    axes.fill_between(curves.at, curves.ratio, 1.0, where=curves.ratio > 1.0, color=COLOURS[2], alpha=0.2,
                      linewidth=0.0)
    axes.axhline(1.0, color="0.35", linewidth=0.8)
    axes.plot(at, star, "*", color=COLOURS[4], markersize=15, markeredgecolor="black",
              label=f"trial {trial.number}: {star:.3g} times as dense in good trials")
    low, high = min(1.0, float(curves.ratio.min())), max(1.0, float(curves.ratio.max()))
    room = (high / low) ** 0.15 if high > low else 2.0
    axes.set_ylim(low / room, high * room)
    if high / low < 1e3:
        axes.yaxis.set_major_locator(LogLocator(10.0, (1.0, 2.0, 5.0) if high / low > 10.0 else range(1, 10)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    axes.set_ylabel("good / bad")
