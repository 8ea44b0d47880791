"""The pictures of a report: those of matplotlib that `scratchtune.insight` draws, as SVG with a sentence about each.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchtune.checks import counted
from scratchtune.insight.brackets_plot import plot_brackets
from scratchtune.insight.densities_plot import plot_densities
from scratchtune.insight.dependence_plots import plot_partial_dependence
from scratchtune.insight.family_plot import plot_family
from scratchtune.insight.grid_plot import plot_grid
from scratchtune.insight.history_plots import plot_edf, plot_optimization_history
from scratchtune.insight.importance_plot import plot_param_importances
from scratchtune.insight.pair_plots import plot_contour
from scratchtune.insight.parameter_plots import plot_parallel_coordinate, plot_slice
from scratchtune.insight.plots import canvas
from scratchtune.insight.posterior_plot import plot_posterior
from scratchtune.insight.reporting.markup import Markup, figure, joined, one_line, scroller
from scratchtune.insight.reporting.vector import drawing
from scratchtune.insight.reporting.view import View
from scratchtune.insight.trial_plots import plot_intermediate_values, plot_timeline
from scratchtune.search import BayesianSearch, GeneticSearch, GridSearch, Hyperband, Searcher, SuccessiveHalving

OF_SEARCHERS: tuple[tuple[Callable[..., Any], tuple[type[Searcher], ...], str, str], ...] = (
    (plot_posterior, (BayesianSearch, Hyperband, SuccessiveHalving), "Posterior",
     "The Gaussian process along one parameter before and after the last trial that it has proposed, and the "
     "acquisition function whose maximum is the proposal."),
    (plot_densities, (BayesianSearch, Hyperband, SuccessiveHalving), "Densities",
     "The densities of good and of bad trials before the last trial that the Parzen estimator has proposed, and their "
     "ratio, which the proposal maximises."),
    (plot_family, (GeneticSearch,), "Family",
     "The family tree, with the ancestors of the best trial emphasised, and the diversity of each generation."),
    (plot_brackets, (Hyperband, SuccessiveHalving), "Brackets",
     "Each bracket as a flow from small to large budgets; a line leads to the trial that continues another."),
    (plot_grid, (GridSearch,), "Grid", "The values over the first two parameters of the grid, with their marginals."),
)  # the plot, the searchers that it may suit, its caption, and what it shows
MOST_SLICES, MOST_CURVES, MOST_AXES = 12, 4, 10  # parameters in a picture, the most important ones
WIDE = (11.6, 3.8)  # inches: the width of the page, and a height


def picture(view: View, axes: Any, caption: str, about: str, note: str = "", wide: bool = True) -> Markup:
    """Return the figure of the Axes, or list of Axes; ``about``, a sentence, is its alternative text."""
    first = axes[0] if isinstance(axes, (list, tuple)) else axes
    chart, title = first.figure, first.figure.get_suptitle().replace("\n", "; ")
    chart.set_figwidth(min(chart.get_figwidth(), WIDE[0]))
    shown = drawing(chart, f"{about} {title}.".removesuffix(" ."), f"{view.key}{caption[:5].lower()}")
    return figure(caption, scroller(caption, shown) if wide else shown, note=note, wide=wide)


# What mattered -------------------------------------------------------------------------------------------------------


def importance(view: View) -> Markup:
    """The shares of parameters and pairs in the variance of the values."""
    if isinstance(view.shares, str):
        raise ValueError(view.shares)
    first, share = next(iter(view.shares.items()))
    name = first if isinstance(first, str) else " and ".join(first) + " together"
    return picture(view, plot_param_importances(view.study), "Importance",
                   f"Importance: {one_line(name)} explains {share:.0%} of the variance.",
                   "The shares of parameters, and of pairs beyond these, in the variance of the values.", wide=False)


def slices(view: View) -> Markup:
    """The value by each parameter, the most important parameters first."""
    names = view.ordered_names(MOST_SLICES)
    best = [f"{one_line(name, 40)} {one_line(value)}" for name, value in view.best.shared_params.items()
            if name in names] if view.best else []
    return picture(view, plot_slice(view.study, names), "Slices",
                   f"The value of each trial by each parameter; the best trial has {', '.join(best)}.",
                   "The value of each complete trial by each parameter. " + _left_out(view, names))


def dependence(view: View) -> Markup:
    """The partial dependence on the most important parameters."""
    names = view.ordered_names(MOST_CURVES)
    axes = plot_partial_dependence(view.study, names if len(names) != 2 else None)  # of two it shows the common one
    first = axes[0] if isinstance(axes, list) else axes
    best = ""
    if first.lines and hasattr(view.study.space.parameters[names[0]], "low"):
        at, mean = first.lines[0].get_data()
        place = int(np.argmin(mean) if view.study.direction == "minimize" else np.argmax(mean))
        best = f" Over {one_line(names[0], 30)} the mean is best at about {at[place]:.3g}."
    return picture(view, axes, "Partial dependence", f"Partial dependence of the value on "
                   f"{', '.join(one_line(name, 30) for name in names)}.{best}",
                   "The mean predicted value over all other parameters, with its 95 % interval.")


def _left_out(view: View, names: Sequence[str]) -> str:
    left = len(view.names) - len(names)
    return f"Not drawn: {counted(left, 'less important parameter')}." if left else ""


# History and parameters ----------------------------------------------------------------------------------------------


def history(view: View) -> Markup:
    """The value of each complete trial by its number, and the best one so far."""
    assert view.best is not None
    return picture(view, plot_optimization_history(view.study, canvas(1, WIDE)[1]), "Optimization history",
                   f"Optimization history of {counted(len(view.complete), 'complete trial')}: the best value is "
                   f"{view.best.value:.6g}, of trial {view.best.number}.", "The line is the best value so far.")


def distribution(view: View) -> Markup:
    """The share of complete trials whose value is at most x."""
    median = sorted(trial.value or 0.0 for trial in view.complete)[(len(view.complete) - 1) // 2]
    return picture(view, plot_edf(view.study), "Distribution of the values", "Empirical distribution function of "
                   f"{counted(len(view.complete), 'value')}; the median is {median:.6g}.",
                   f"Share of trials with at most this value; half of them have at most {median:.4g}.", wide=False)


def reports(view: View) -> Markup:
    """What each trial has reported by step."""
    reporting = [trial for trial in view.trials if trial.reports and trial.state != "failed"]
    if not reporting:
        raise ValueError("No trial has reported intermediate values.")
    text = f"{sum(trial.state == 'stopped' for trial in reporting):,} of {counted(len(reporting), 'reporting trial')}"
    return picture(view, plot_intermediate_values(view.study), "Intermediate values",
                   f"Intermediate values by step; {text} were stopped.", f"{text} were stopped.", wide=False)


def parallel(view: View) -> Markup:
    """Each complete trial as a line through its value and its parameters."""
    chosen = set(view.ordered_names(MOST_AXES))
    names = [name for name in view.names if name in chosen]
    return picture(view, plot_parallel_coordinate(view.study, names), "Parallel coordinates",
                   f"Parallel coordinates of {counted(len(view.complete), 'complete trial')} over "
                   f"{counted(len(names), 'parameter')}; better trials are drawn on top.",
                   "A line is a complete trial. Drag over a picture to keep the trials there. "
                   + _left_out(view, names))


def contour(view: View) -> Markup:
    """The contour of the values over the two most important parameters."""
    names = view.ordered_names(2)
    if len(names) < 2:
        raise ValueError("The study has one parameter, so there is no pair to draw.")
    best = view.best.shared_params if view.best else {}
    found = [f"{one_line(name, 40)} {one_line(best[name])}" for name in names if name in best]
    return picture(view, plot_contour(view.study, names), "Contour", "Contour of the values over "
                   f"{' and '.join(one_line(name, 40) for name in names)}; the best trial has {' and '.join(found)}.",
                   "The two most important parameters, with values between the trials where both are numbers.",
                   wide=False)


# The searcher, and time ----------------------------------------------------------------------------------------------


def searcher_pictures(view: View) -> Markup:
    """The pictures of the searcher's state that suit the study; a ValueError where none does."""
    searcher, drawn = getattr(view.study, "searcher", None), []
    for plot, kinds, caption, text in OF_SEARCHERS:
        if isinstance(searcher, kinds):
            try:
                drawn.append(picture(view, plot(view.study), caption, text, text))
            except ValueError:  # such as no trial that the model has proposed, or another proposer
                continue
    if not drawn:
        name = "of a class that is not scratchtune's" if searcher is None else type(searcher).__name__
        raise ValueError(f"The searcher, {name}, has no state that is drawn for this study.")
    return joined(drawn)


def timeline(view: View) -> Markup:
    """When each trial ran."""
    if not any(trial.started is not None for trial in view.trials):
        raise ValueError("No times of trials are recorded.")
    return picture(view, plot_timeline(view.study, canvas(1, WIDE)[1]), "Timeline",
                   f"Timeline of {counted(len(view.trials), 'trial')}.", "A bar is a trial, from its begin to its end.")
