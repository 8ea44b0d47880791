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
from scratchtune.insight.plots import canvas
from scratchtune.search.parameters import Categorical, Parameter

if TYPE_CHECKING:
    from scratchtune.study import Trial

MOST_PAIRED = 8  # parameters; they have 28 pairs
MOST_DOTS = 200  # trials that are shown one by one; of more, the values in one of BINS x BINS cells are averaged
BINS = 20
CELLS = 80  # of the grid on which the surface is interpolated, along each axis
Draw = Callable[[Any, str, str, "list[Trial]"], Any]


def plot_contour(
    study: TrialTable, params: Sequence[str] | None = None, ax: Any = None, *, target: Target | None = None,
    target_name: str = "target",
) -> Any:
    """Plot contours of the value over each pair of parameters, with the complete trials as dots; better is darker.

    The surface is interpolated linearly between the trials, in the logarithm where an axis is logarithmic; trials at
    one point are averaged, and of more than 200 trials those within one of 20 x 20 cells. Choices have no order, so
    where an axis has choices there is no surface: the dots have the colour of their values, as where the trials are
    fewer than three or all on one line. Returns the Axes, or a list of them, one for each pair in the order of
    ``params`` (None: all).

    ``target``, a function of a trial, gives another number than its value, such as ``lambda trial: trial.seconds``;
    ``target_name`` is its label.
    """
    study = drawing.targeted(study, target, target_name)
    values = drawing.values_of(drawing.complete_trials(study))
    colours = drawing.value_colours(study, values) if len(values) else {}
    limit = drawing.worst_shown(study, values) if len(values) else 0.0

    def draw(axes: Any, x: str, y: str, trials: list[Trial]) -> Any:
        at, z = (drawing.column(study, x, trials), drawing.column(study, y, trials)), drawing.values_of(trials)
        z = np.where(drawing.is_beyond(study, z, limit), limit, z)  # else one diverged trial sets the whole surface
        surface = _surface(study.space.parameters[x], study.space.parameters[y], *at, z)
        look = drawing.look_of_points(len(trials))
        if surface is None or colours["vmin"] == colours["vmax"]:
            return _scatter(axes, study, _spread(study, x, y, trials), z, colours)
        levels = np.linspace(colours["vmin"], colours["vmax"], 13)
        shown = axes.contourf(*surface, levels=levels, extend="both", **colours)
        axes.contour(*surface, levels=levels, colors="white", linewidths=0.4, alpha=0.6)
        few = len(trials) <= MOST_DOTS
        axes.scatter(*at, color="black", edgecolor="white", **look | {
            "s": look["s"] / 2.0 if few else 1.5, "linewidth": 0.5 if few else 0.0,
            "alpha": look["alpha"] if few else 0.2})
        return shown

    axes, shown = _pairs(study, params, ax, draw, "Contour")
    if shown is not None:
        drawing.value_bar(colours, axes, study, values)
    return drawing.one_or_all(axes)


def plot_rank(
    study: TrialTable, params: Sequence[str] | None = None, ax: Any = None, *, target: Target | None = None,
    target_name: str = "target",
) -> Any:
    """Plot the complete trials over each pair of parameters, coloured by rank: the best is the darkest.

    Equal values have the mean of their ranks. Returns the Axes, or a list of them, one for each pair in the order of
    ``params`` (None: all).

    ``target``, a function of a trial, gives another number than its value, such as ``lambda trial: trial.seconds``;
    ``target_name`` is its label.
    """
    study = drawing.targeted(study, target, target_name)
    ranks = _ranks(study)
    colours = {"cmap": "cividis", "vmin": 0.0, "vmax": 1.0}

    def draw(axes: Any, x: str, y: str, trials: list[Trial]) -> Any:
        at = _spread(study, x, y, trials)
        return _scatter(axes, study, at, np.array([ranks[trial.number] for trial in trials]), colours, smaller=True)

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
    shown = None
    for (x, y), one in zip(pairs, axes, strict=True):
        trials = drawing.complete_trials(study, [x, y])
        drawing.set_axis(one, "x", study, x)
        drawing.set_axis(one, "y", study, y)
        if ax is None:
            one.label_outer()
        if trials:
            shown = draw(one, x, y, trials)
        else:
            drawing.say_empty(one, study)
        note = drawing.panel_note(study, len(trials)) if len(pairs) > 1 else ""
        drawing.finish(one, note=note)
    count = len(drawing.complete_trials(study, names if len(pairs) == 1 else ()))
    drawing.head(axes, title, drawing.left_out(study, count).replace("the parameter", "both parameters"))
    return axes, shown


def _triangle(count: int) -> list[Any]:
    """Return the panels of a figure, one for each pair: a column for the first of the pair, a row for the second."""
    side = count - 1
    size = 2.7 if count <= 4 else 2.0
    grid = canvas((side, side), (size * side + 1.2, size * 0.9 * side + 0.4))[1].reshape(side, side)
    for row, column in np.ndindex(side, side):
        if row < column:
            grid[row, column].remove()
    return [grid[second - 1, first] for first, second in itertools.combinations(range(count), 2)]


def _spread(study: TrialTable, x: str, y: str, trials: list[Trial]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of trials, (n,) each, where many trials of a choice or an integer are not on one point."""
    numbers, parameters = [trial.number for trial in trials], study.space.parameters
    return (drawing.jittered(parameters[x], drawing.column(study, x, trials), numbers),
            drawing.jittered(parameters[y], drawing.column(study, y, trials), numbers, second=True))


def _scatter(
    axes: Any, study: TrialTable, at: tuple[np.ndarray, np.ndarray], z: np.ndarray, colours: dict[str, Any],
    smaller: bool | None = None,
) -> Any:
    """Draw trials as dots of the colour of z; better ones are drawn above the others."""
    smaller = study.direction == "minimize" if smaller is None else smaller
    order = np.argsort(-z if smaller else z, kind="stable")
    return axes.scatter(at[0][order], at[1][order], c=z[order], edgecolor="0.35", **colours,
                        **drawing.look_of_points(len(z)))


def _ranks(study: TrialTable) -> dict[int, float]:
    """Rank of each complete trial by its number, from 0 for the best to 1 for the worst."""
    trials = drawing.complete_trials(study)
    values = drawing.values_of(trials) * (1.0 if study.direction == "minimize" else -1.0)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - (counts + 1) / 2.0
    return {trial.number: float(middles[group]) / max(len(trials) - 1, 1)
            for trial, group in zip(trials, inverse.ravel(), strict=True)}


def _surface(
    x_parameter: Parameter, y_parameter: Parameter, x: np.ndarray, y: np.ndarray, z: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, Any] | None:
    """Interpolate z on a grid: coordinates (CELLS,), (CELLS,) and values (CELLS, CELLS), masked outside of the trials.

    Returns None where there is no surface.
    """
    from matplotlib.tri import LinearTriInterpolator, Triangulation

    if isinstance(x_parameter, Categorical) or isinstance(y_parameter, Categorical):
        return None
    points = np.column_stack([drawing.fractions(x_parameter, x), drawing.fractions(y_parameter, y)])
    cells = np.floor(points * BINS) if len(z) > MOST_DOTS else points
    _, inverse, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    *columns, means = (np.bincount(inverse.ravel(), part) / counts for part in (*points.T, z))
    points = np.column_stack(columns)
    grids = [np.linspace(axis.min(), axis.max(), CELLS) for axis in points.T]
    try:
        heights = LinearTriInterpolator(Triangulation(*points.T), means)(*np.meshgrid(*grids))
    except (ValueError, RuntimeError):  # fewer than three points, or all on one line
        return None
    return _coordinates(x_parameter, grids[0]), _coordinates(y_parameter, grids[1]), heights


def _coordinates(parameter: Parameter, shares: np.ndarray) -> np.ndarray:
    """The inverse of `drawing.fractions`."""
    low, high = drawing.bounds(parameter)
    if drawing.has_log_axis(parameter):
        return np.exp(np.log(low) + shares * (np.log(high) - np.log(low)))
    return low + shares * (high - low)
