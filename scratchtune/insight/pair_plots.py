"""Values by pairs of parameters: contours of the interpolated value, and the rank of each trial.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import Target, TrialTable
from scratchtune.search.parameters import Categorical, Parameter

if TYPE_CHECKING:
    from scratchtune.study import Trial

MOST_PAIRED = 8  # parameters; they have 28 pairs
MOST_DOTS = 200  # trials that are shown one by one; of more, the values in one of BINS x BINS cells are averaged
BINS = 20
CELLS = 80  # of the grid on which the surface is interpolated, along each axis
Points = tuple[np.ndarray, np.ndarray]
Draw = Callable[[Any, str, str, "list[Trial]", Points], Any]


def plot_contour(
    study: TrialTable, params: Sequence[str] | None = None, ax: Any = None, *, target: Target | None = None,
    target_name: str = "target",
) -> Any:
    """Plot contours of the value over each pair of parameters, with the complete trials as dots; better is darker.

    The surface is interpolated linearly between the trials, in the logarithm where an axis is logarithmic; trials at
    one point are averaged, and of more than 200 trials those within one of 20 x 20 cells. Choices have no order, so
    where an axis has choices there is no surface: the dots have the colour of their values, as where the trials are
    fewer than three or all on one line. The best trial is a star, and trials of smaller budgets are grey and do not
    count. Returns the Axes, or a list of them, one for each pair in the order of ``params`` (None: all).

    ``target`` and ``target_name`` are those of `plot_optimization_history`.
    """
    study = drawing.targeted(study, target, target_name)
    values = drawing.values_of(drawing.by_budget(study)[0])
    colours, limit = drawing.value_colours(study, values), drawing.ends(study, values)[1]

    def draw(axes: Any, x: str, y: str, trials: list[Trial], at: Points) -> Any:
        z = drawing.values_of(trials)
        z = np.where(drawing.is_beyond(study, z, limit), limit, z)  # else one diverged trial sets the whole surface
        places = drawing.column(study, x, trials), drawing.column(study, y, trials)
        surface = _surface([study.space.parameters[name] for name in (x, y)], *places, z)
        if surface is None or colours["vmin"] == colours["vmax"]:
            return _scatter(axes, trials, at, z, colours, study.direction == "minimize")
        shown = filled_contours(axes, *surface, colours)
        white_dots(axes, trials, *at)
        return shown

    axes, shown = _pairs(study, params, ax, draw, "Contour")
    if shown is not None:
        drawing.value_bar(colours, axes, study, values)
    return drawing.one_or_all(axes)


def filled_contours(axes: Any, x: np.ndarray, y: np.ndarray, z: np.ndarray, colours: dict[str, Any]) -> Any:
    """Draw twelve bands of values, with fine white lines between them."""
    z = (z - colours["vmin"]) / (colours["vmax"] - colours["vmin"])  # levels differ, also where values nearly don't
    levels = np.linspace(0.0, 1.0, 13)
    shown = axes.contourf(x, y, z, levels=levels, extend="both", cmap=colours["cmap"], vmin=0.0, vmax=1.0)
    axes.contour(x, y, z, levels=levels, colors="white", linewidths=0.4, alpha=0.6)
    return shown


def white_dots(axes: Any, trials: Sequence[Trial], x: np.ndarray, y: np.ndarray) -> None:
    """Draw trials above a surface: white with a black edge, for it is dark at good trials and light at bad ones."""
    few = {"s": 14, "linewidth": 0.7, "alpha": 1.0} if len(trials) <= MOST_DOTS else {"s": 2, "linewidth": 0}
    drawing.dots(axes, trials, x, y, color="white", edgecolor="black", **few)


def plot_rank(
    study: TrialTable, params: Sequence[str] | None = None, ax: Any = None, *, target: Target | None = None,
    target_name: str = "target",
) -> Any:
    """Plot the complete trials over each pair of parameters, coloured by rank: the best is the darkest, and a star.

    Equal values have the mean of their ranks; trials of smaller budgets are grey and have none. Returns the Axes, or a
    list of them, one for each pair in the order of ``params`` (None: all).

    ``target`` and ``target_name`` are those of `plot_optimization_history`.
    """
    study = drawing.targeted(study, target, target_name)
    ranks = _ranks(study)
    colours = {"cmap": "cividis", "vmin": 0.0, "vmax": 1.0}

    def draw(axes: Any, x: str, y: str, trials: list[Trial], at: Points) -> Any:
        return _scatter(axes, trials, at, np.array([ranks[trial.number] for trial in trials]), colours, True)

    axes, shown = _pairs(study, params, ax, draw, "Rank")
    if shown is not None:
        bar = drawing.colour_bar(colours, axes, "rank of the value")
        bar.set_ticks([0.0, 0.25, 0.5, 0.75, 1.0], labels=["best", "25 %", "50 %", "75 %", "worst"])
    return drawing.one_or_all(axes)


def _pairs(
    study: TrialTable, params: Sequence[str] | None, ax: Any, draw: Draw, title: str,
) -> tuple[list[Any], Any]:
    """Draw each pair in a panel of its own; return the panels, and what the last one with trials shows."""
    names = drawing.chosen_names(study, params, MOST_PAIRED)
    if len(names) < 2:
        has = f"the space has {len(names)}" if params is None else f"params holds {len(names)}"
        raise ValueError(f"{has} parameter{'s' * (len(names) != 1)}; this plot needs at least two")
    pairs = list(itertools.combinations(names, 2))
    axes = _triangle(len(names)) if ax is None and len(pairs) > 1 else drawing.panels(ax, len(pairs))
    best, shown = drawing.best_trial(study), None
    for (x, y), one in zip(pairs, axes, strict=True):
        full, small = drawing.by_budget(study, [x, y])
        drawing.set_axis(one, "x", study, x)
        drawing.set_axis(one, "y", study, y)
        if ax is None:
            one.label_outer()
        if full:
            at = _spread(study, x, y, full)
            shown = draw(one, x, y, full, at)
            for trial, across, up in zip(full, *at, strict=True):
                if best is not None and trial.number == best.number:
                    drawing.mark_best(one, trial, across, up, edge="white")
        elif not small:
            drawing.say_empty(one, study)
        drawing.small_dots(one, small, *_spread(study, x, y, small))
        drawing.finish(one, note=drawing.panel_note(study, len(full) + len(small)) if len(pairs) > 1 else "")
    note = drawing.left_out(study, len(drawing.complete_trials(study, names if len(pairs) == 1 else ())))
    drawing.head(axes, title, note.replace("the parameter", "both parameters") + drawing.budget_note(study))
    return axes, shown


def _triangle(count: int) -> list[Any]:
    """Return the panels of a figure, one for each pair: a column for the first of the pair, a row for the second."""
    side = count - 1
    size = 2.7 if count <= 4 else 2.0
    grid = drawing.canvas((side, side), (size * side + 1.2, size * 0.9 * side + 0.4))[1].reshape(side, side)
    for row, column in np.ndindex(side, side):
        if row < column:
            grid[row, column].remove()
    return [grid[second - 1, first] for first, second in itertools.combinations(range(count), 2)]


def _spread(study: TrialTable, x: str, y: str, trials: list[Trial]) -> Points:
    """Coordinates of trials, (n,) each, where many trials of a choice or an integer are not on one point."""
    numbers, parameters = [trial.number for trial in trials], study.space.parameters
    return (drawing.jittered(parameters[x], drawing.column(study, x, trials), numbers),
            drawing.jittered(parameters[y], drawing.column(study, y, trials), numbers, second=True))


def _scatter(
    axes: Any, trials: list[Trial], at: Points, z: np.ndarray, colours: dict[str, Any], smaller_is_better: bool,
) -> Any:
    """Draw trials as dots of the colour of z; better ones are drawn above the others."""
    order = np.argsort(-z if smaller_is_better else z, kind="stable")
    return drawing.dots(axes, [trials[k] for k in order], at[0][order], at[1][order], c=z[order], **colours)


def _ranks(study: TrialTable) -> dict[int, float]:
    """Rank of each trial of the largest budget by its number, from 0 for the best to 1 for the worst."""
    trials = drawing.by_budget(study)[0]
    values = drawing.values_of(trials) * (1.0 if study.direction == "minimize" else -1.0)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - (counts + 1) / 2.0
    return {trial.number: float(middles[group]) / max(len(trials) - 1, 1)
            for trial, group in zip(trials, inverse.ravel(), strict=True)}


def _surface(
    parameters: Sequence[Parameter], x: np.ndarray, y: np.ndarray, z: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, Any] | None:
    """Interpolate z on a grid: coordinates (CELLS,), (CELLS,) and values (CELLS, CELLS), masked outside of the trials.

    Returns None where there is no surface.
    """
    from matplotlib.tri import LinearTriInterpolator, Triangulation

    if any(isinstance(parameter, Categorical) for parameter in parameters):
        return None
    points = np.column_stack([drawing.fractions(*pair) for pair in zip(parameters, (x, y), strict=True)])
    cells = np.floor(points * BINS) if len(z) > MOST_DOTS else points
    _, inverse, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    *columns, means = (np.bincount(inverse.ravel(), part) / counts for part in (*points.T, z))
    grids = [(np.geomspace if drawing.has_log_axis(parameter) else np.linspace)(at.min(), at.max(), CELLS)
             for parameter, at in zip(parameters, (x, y), strict=True)]
    shares = [drawing.fractions(*pair) for pair in zip(parameters, grids, strict=True)]
    try:
        heights = LinearTriInterpolator(Triangulation(*columns), means)(*np.meshgrid(*shares))
    except (ValueError, RuntimeError):  # fewer than three points, or all on one line
        return None
    return grids[0], grids[1], heights
