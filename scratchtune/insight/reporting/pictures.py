"""The pictures of a report: the plots of `scratchtune.insight` as SVG, with a sentence about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from scratchtune.core.checks import counted
from scratchtune.core.search import BayesianSearch, GeneticSearch, GridSearch, Hyperband, Searcher, SuccessiveHalving
from scratchtune.core.study.best import feasible
from scratchtune.core.study.trial import configuration
from scratchtune.insight import history_plots
from scratchtune.insight.drawing import canvas
from scratchtune.insight.effect_plots import plot_param_importances, plot_partial_dependence
from scratchtune.insight.lineage_plots import plot_brackets, plot_family
from scratchtune.insight.parameter_plots import plot_contour, plot_grid, plot_parallel_coordinate, plot_slice
from scratchtune.insight.proposal_plots import plot_densities, plot_posterior
from scratchtune.insight.reporting.markup import Markup, figure, joined, one_line, scroller
from scratchtune.insight.reporting.svg import drawing
from scratchtune.insight.reporting.view import View

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
     "The value of each trial by its budget; a line leads to the trial that continues another."),
    (plot_grid, (GridSearch,), "Grid", "The values over the first two parameters of the grid, with their marginals."),
)  # the plot, the searchers that it may suit, its caption, and what it shows
MOST_SLICES, MOST_CURVES, MOST_AXES = 12, 4, 10  # parameters in a picture, the most important ones
WIDE = (11.6, 3.8)  # inches: the width of the page, and a height


def picture(view: View, axes: Any, caption: str, about: str, wide: bool = True) -> Markup:
    """Return the figure of the Axes, or list of Axes, with its caption; ``about`` says what there is to see."""
    chart = (axes[0] if isinstance(axes, (list, tuple)) else axes).figure
    chart.set_figwidth(min(chart.get_figwidth(), WIDE[0]))
    title = chart.get_suptitle().replace("\n", "; ")
    titled = [one for one in chart.axes if one.get_title(loc="left")]
    if len(titled) == 1:  # the caption says it too
        titled[0].set_title("", loc="left")
    shown = drawing(chart, f"{caption}. {about} {title}.".removesuffix(" ."), next(view.prefixes))
    return figure(caption, scroller(caption, shown), note=about, wide=wide)


def importance(view: View) -> Markup:
    """The shares of parameters and pairs in the variance of the values."""
    if isinstance(view.shares, str):
        raise ValueError(view.shares)
    first, share = next(iter(view.shares.items()))
    name = one_line(first) if isinstance(first, str) else f"the pair {one_line(' and '.join(first))}"
    return picture(view, plot_param_importances(view.study), "Importance",
                   f"The largest share of the variance of the values is that of {name}, {share:.0%}.", wide=False)


def slices(view: View) -> Markup:
    """The value by each parameter, the most important parameters first."""
    names = view.ordered_names(MOST_SLICES)
    return picture(view, plot_slice(view.study, names), "Slices", "The value of each complete trial by each parameter"
                   f"{_best_has(view, names)}{_left_out(view, names)}.")


def dependence(view: View) -> Markup:
    """The partial dependence on the most important parameters."""
    if isinstance(view.shares, str):
        return Markup("")  # the importance says why
    names = view.ordered_names(MOST_CURVES)
    axes = plot_partial_dependence(view.study, names if len(names) != 2 else None)  # of two it shows the common one
    return picture(view, axes, "Partial dependence", "The mean predicted value over all other parameters, with its "
                   f"interval{_left_out(view, names)}.")


def _best_has(view: View, names: Sequence[str]) -> str:
    best = configuration(view.best) if view.best else {}
    found = [f"{one_line(name, 40)} {one_line(best[name], 40)}" for name in names if name in best]
    return f"; the best trial has {', '.join(found)}" if found else ""


def _left_out(view: View, names: Sequence[str]) -> str:
    left = len(view.names) - len(names)
    return f"; {counted(left, 'less important parameter')} not drawn" if left else ""


def history(view: View) -> Markup:
    """The value of each complete trial by its number, and the best one so far."""
    assert view.best is not None
    axes = history_plots.plot_optimization_history(view.study, canvas(1, WIDE)[1])
    return picture(view, axes, "Optimization history",
                   f"The best value of {counted(len(view.complete), 'complete trial')} is {view.best.value:.6g}, "
                   f"of trial {view.best.number}.")


def distribution(view: View) -> Markup:
    """The share of complete trials whose value is at most x."""
    values = sorted(trial.value or 0.0 for trial in feasible(view.trials))
    return picture(view, history_plots.plot_edf(view.study), "Distribution of the values",
                   f"Half of {counted(len(values), 'value')} are at most {values[(len(values) - 1) // 2]:.4g}.",
                   wide=False)


def reports(view: View) -> Markup:
    """What each trial has reported by step."""
    states = [trial.state for trial in view.trials if trial.reports and trial.state != "failed"]
    if not states:
        raise ValueError("No trial has reported intermediate values.")
    return picture(view, history_plots.plot_intermediate_values(view.study), "Intermediate values",
                   f"{states.count('stopped'):,} of {counted(len(states), 'reporting trial')} were stopped.",
                   wide=False)


def parallel(view: View) -> Markup:
    """Each complete trial as a line through its value and its parameters."""
    names = sorted(view.ordered_names(MOST_AXES), key=view.names.index)
    return picture(view, plot_parallel_coordinate(view.study, names), "Parallel coordinates",
                   f"Each of {counted(len(view.complete), 'complete trial')} is a line over "
                   f"{counted(len(names), 'parameter')}{_left_out(view, names)}. A rectangle drawn in a picture with "
                   "the mouse keeps the trials in it.")


def contour(view: View) -> Markup:
    """The contour of the values over the two most important parameters."""
    names = view.ordered_names(2)
    if len(names) < 2:
        raise ValueError("The study has one parameter, so there is no pair to draw.")
    return picture(view, plot_contour(view.study, names), "Contour",
                   f"The values over the two most important parameters{_best_has(view, names)}.", wide=False)


def searcher_pictures(view: View) -> Markup:
    """The pictures of the searcher's state that suit the study; a ValueError where none does."""
    searcher, drawn = getattr(view.study, "searcher", None), []
    for plot, kinds, caption, text in OF_SEARCHERS:
        if isinstance(searcher, kinds):
            try:
                drawn.append(picture(view, plot(view.study), caption, text))
            except ValueError:  # such as no trial that the model has proposed, or another proposer
                continue
    if not drawn:
        name = "of a class that is not scratchtune's" if searcher is None else type(searcher).__name__
        raise ValueError(f"The searcher, {name}, has no state that is drawn for this study.")
    return joined(drawn)


def timeline(view: View) -> Markup:
    """When each trial ran."""
    return picture(view, history_plots.plot_timeline(view.study, canvas(1, WIDE)[1]), "Timeline",
                   f"Each of {counted(len(view.trials), 'trial')} is a bar, from its begin to its end.")
