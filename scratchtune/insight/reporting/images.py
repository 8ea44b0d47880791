"""Pictures that matplotlib draws, such as those of a searcher's state, as SVG in the page.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from scratchtune.insight import drawing as drawing_tools
from scratchtune.insight.dependence_plots import plot_partial_dependence
from scratchtune.insight.grid_plot import plot_grid
from scratchtune.insight.lineage_plots import plot_brackets, plot_family
from scratchtune.insight.pair_plots import plot_contour
from scratchtune.insight.proposal_plots import plot_densities, plot_posterior
from scratchtune.insight.reporting.markup import Markup, joined, one_line
from scratchtune.insight.reporting.svg import figure, scroller
from scratchtune.insight.reporting.vector import drawing
from scratchtune.insight.reporting.view import View
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
MOST_PANELS = 8  # of partial dependence


def image(view: View, draw: Callable[[], Any], caption: str, describe: str | Callable[[Any], str], note: str = "",
          wide: bool = False) -> Markup:
    """Return the figure of the Axes, or list of Axes, that ``draw`` returns.

    Its alternative text is ``describe``, or what that returns for the first Axes, and the title of the figure.
    """
    drawn = draw()
    axes = drawn[0] if isinstance(drawn, (list, tuple)) else drawn
    text = describe if isinstance(describe, str) else describe(axes)
    title = axes.figure.get_suptitle().replace("\n", "; ")
    shown = drawing(axes.figure, f"{text} {title}.".removesuffix(" ."), f"{view.key}{caption.split()[0].lower()}-",
                    adapts=getattr(draw, "func", None) is not plot_grid)
    return figure(caption, scroller(caption, shown) if wide else shown, note=note, wide=wide)


def contour(view: View) -> Markup:
    """The contour of the values over the two most important numeric parameters."""
    names = [name for name in view.ordered_names() if hasattr(view.study.space.parameters[name], "low")][:2]
    if len(names) < 2:
        raise ValueError("The study has fewer than two numeric parameters, so there is no contour.")
    first, second = (one_line(name, 40) for name in names)
    best = view.best.shared_params if view.best else {}
    found = [f"{one_line(name, 40)} {one_line(best[name])}" for name in names if name in best]
    return image(view, lambda: plot_contour(view.study, names), "Contour",
                 f"Contour of the values over {first} and {second}; the best trial has {' and '.join(found)}.",
                 "Values between the trials, interpolated, over the two most important numeric parameters.")


def dependence(view: View) -> Markup:
    """The partial dependence on the most important parameters."""
    names = view.ordered_names()[:MOST_PANELS]
    chosen = names if len(names) != 2 else None  # of two names the plot would show the common dependence
    return image(view, lambda: plot_partial_dependence(view.study, chosen), "Partial dependence",
                 lambda axes: f"Partial dependence of the value on {', '.join(one_line(name, 30) for name in names)}."
                              + _best_mean(view, names[0], axes),
                 "The mean predicted value over all other parameters, with its 95 % interval.", wide=True)


def _best_mean(view: View, name: str, axes: Any) -> str:
    """Where the curve of a numeric parameter is best, as a sentence; empty where there is no curve."""
    if not axes.lines or not hasattr(view.study.space.parameters[name], "low"):
        return ""
    at, mean = axes.lines[0].get_data()
    best = at[drawing_tools.best_of(view.study, mean)] if len(mean) else 0.0
    return f" Over {one_line(name, 30)} the mean is best at about {best:.3g}." if len(mean) else ""


def searcher_pictures(view: View) -> Markup:
    """The pictures of the searcher's state that suit the study; a ValueError where none does."""
    searcher, drawn = getattr(view.study, "searcher", None), []
    for plot, kinds, caption, text in OF_SEARCHERS:
        if isinstance(searcher, kinds):
            try:
                drawn.append(image(view, functools.partial(plot, view.study), caption, text, text, wide=True))
            except ValueError:  # such as no trial that the model has proposed, or another proposer
                continue
    if not drawn:
        name = "of a class that is not scratchtune's" if searcher is None else type(searcher).__name__
        raise ValueError(f"The searcher, {name}, has no state that is drawn for this study.")
    return joined(drawn)
