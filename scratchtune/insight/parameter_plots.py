"""Values by parameters: slices, parallel coordinates, contours and ranks over pairs, and the heat map of a grid.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search import GridSearch
from scratchtune.core.search.parameters import Categorical, Float, Parameter
from scratchtune.core.study.best import best_first
from scratchtune.core.study.trial import Trial, configuration
from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, MOST_TICKS, Names, Target, TrialTable, canvas

MOST_SLICES = 64
MOST_COORDINATES = 100
ABSENT = -0.12  # the height at which a trial without the parameter crosses its axis
MOST_PAIRED = 8  # parameters; they have 28 pairs
MOST_DOTS = 200  # trials that are shown one by one; of more, the values in one of BINS x BINS cells are averaged
BINS = 20
CELLS = 80  # of the grid on which the surface is interpolated, along each axis
MOST_LEVELS = 60  # of a parameter
FEW = 12  # a continuous parameter with more values than that must repeat them
MOST_TEXTS = 10, 15  # columns and rows, up to which each cell has its value as text
Points = tuple[np.ndarray, np.ndarray]
Draw = Callable[[Any, str, str, list[Trial], Points], Points]  # returns where the trials are drawn


def plot_slice(
    study: TrialTable, params: Names = None, ax: Any = None, *, target: Target = None, target_name: str = "target",
) -> Any:
    """Plot the value of each complete trial by each parameter, from early (blue) to late ones (orange).

    Points of a choice or an integer with many trials are spread to both sides of it; values far worse than the others
    are triangles at the edge. The best trial is a star, and trials of smaller budgets are grey.

    Returns the Axes, or a list of them, one for each of ``params`` (None: all). Trials without a conditional
    parameter are not in its panel; the note above it counts them. ``target`` is that of `plot_optimization_history`.
    """
    from matplotlib.colors import LinearSegmentedColormap

    study = drawing.targeted(study, target, target_name)
    names = drawing.chosen_names(study, params, MOST_SLICES)
    axes = drawing.panels(ax, len(names))
    order = LinearSegmentedColormap.from_list("order", [COLOURS[5], COLOURS[4]])  # of one lightness: dark means better
    colours = {"cmap": order, "vmin": 0, "vmax": max(len(study.trials) - 1, 1)}
    values = drawing.values_of(drawing.complete_trials(study))
    for name, one in zip(names, axes, strict=True):
        drawing.set_axis(one, "x", study, name)
        limit = drawing.limit_values(one, study, values)  # all panels have the same axis of values
        count = _draw_slice(one, study, name, colours, limit)
        is_first = ax is not None or one.get_subplotspec().is_first_col()
        drawing.finish(one, None, drawing.value_label(study) if is_first else None, None,
                       drawing.panel_note(study, count) if len(names) > 1 else "", "both")
        one.tick_params(labelleft=is_first)
    shown = len(drawing.complete_trials(study, names if len(names) == 1 else ()))
    drawing.head(axes, "Slice", drawing.left_out(study, shown) + drawing.budget_note(study)
                 + drawing.beyond_note(study, values, limit))
    if shown:
        drawing.integer_ticks(drawing.colour_bar(colours, axes, "trial").ax.yaxis)
    return drawing.one_or_all(axes)


def _draw_slice(axes: Any, study: TrialTable, name: str, colours: dict[str, Any], limit: float) -> int:
    """Draw the trials that have a parameter, coloured by number, and the best one; return their count for the note."""
    full, small = drawing.by_budget(study, [name])
    trials, best = [*full, *small], drawing.best_trial(study)
    x, values, numbers = drawing.spread(study, name, trials), drawing.values_of(trials), [one.number for one in full]
    drawing.dots(axes, full, x[:len(full)], values[:len(full)], c=numbers, **colours)
    drawing.small_dots(axes, small, x[len(full):], values[len(full):])
    drawing.mark_beyond(axes, study, trials, x, limit)
    if best in full:
        drawing.mark_best(axes, best, x[full.index(best)])
    if not trials:
        drawing.say_empty(axes, study)
    return len(trials)


def plot_parallel_coordinate(study: TrialTable, params: Names = None, ax: Any = None) -> Any:
    """Plot each complete trial as a line through its value and its parameters; better trials are darker.

    A trial without a conditional parameter crosses that axis at "absent", below its range. One whose value is far worse
    than the others begins beyond the end of the axis of values. Trials of smaller budgets and infeasible ones are
    grey, since they can't be the best. Returns the Axes.
    """
    names = drawing.chosen_names(study, params, MOST_COORDINATES)
    (axes,) = drawing.panels(ax, 1, size=(float(np.clip(2.2 + 1.1 * len(names), 6.0, 36.0)), 4.6))
    trials = drawing.complete_trials(study)
    values = drawing.values_of(trials)
    best, limit = drawing.ends(study, values)  # of the grey ones too, so that they are on the axis
    of_values = Float(min(best, limit), max(best, limit))
    first = np.clip(drawing.fractions(of_values, values), -0.04, 1.04)  # those beyond the axis are off its end
    heights = np.array([first, *(_heights(study, name, trials) for name in names)])
    if trials:
        _draw_lines(axes, study, trials, heights)
    else:
        drawing.say_empty(axes, study)
    has_absent = bool((heights[1:] == ABSENT).any())
    _draw_scales(axes, [of_values, *(study.space.parameters[name] for name in names)], has_absent)
    drawing.finish(axes, None, None, "Parallel coordinates", drawing.left_out(study, len(trials))
                   + drawing.budget_note(study) + drawing.beyond_note(study, values, limit))
    axes.set_xticks(range(len(heights)), ["value", *(drawing.plain(name) for name in names)],
                    rotation=0 if len(names) <= 3 else 30, ha="center" if len(names) <= 3 else "right")
    return axes


def _draw_lines(axes: Any, study: TrialTable, trials: list[Trial], heights: np.ndarray) -> None:
    """Draw a line for each trial, the best one on top, and those that can't be the best grey below."""
    full, small = drawing.by_budget(study)
    worst_first = drawing.worst_first(study, full)
    points = {trial.number: np.column_stack([np.arange(len(heights)), column])
              for trial, column in zip(trials, heights.T, strict=True)}
    values = drawing.values_of(worst_first)
    colours = drawing.value_colours(study, values)
    look = {"linewidths": 1.4 if len(trials) <= drawing.SEVERAL else 0.8, "alpha": drawing.faint(len(trials), 0.12)}
    shown = drawing.lines(axes, worst_first, [points[trial.number] for trial in worst_first], array=values,
                          cmap=colours["cmap"], **look)
    shown.set_clim(colours["vmin"], colours["vmax"])
    if small:
        drawing.lines(axes, small, [points[trial.number] for trial in small], colors="0.6", zorder=1,
                      **look | {"alpha": 0.5 * look["alpha"]})
    if full:
        drawing.value_bar(colours, [axes], study, values)


def _heights(study: TrialTable, name: str, trials: Sequence[Trial]) -> np.ndarray:
    """Heights of trials on an axis from 0 to 1; those without the parameter are at `ABSENT`."""
    has = np.array([name in configuration(trial) for trial in trials], dtype=bool)
    heights = np.full(len(trials), ABSENT)
    found = drawing.column(study, name, [trial for trial in trials if name in configuration(trial)])
    heights[has] = drawing.fractions(study.space.parameters[name], found)
    return heights


def _draw_scales(axes: Any, parameters: list[Parameter], has_absent: bool) -> None:
    """Draw a vertical scale for each parameter, with the numbers or choices beside it."""
    for place, parameter in enumerate(parameters):
        at, texts = drawing.ticks(parameter, 5)
        heights = drawing.fractions(parameter, at)
        axes.plot([place, place], [0.0, 1.0], color="black", linewidth=1.2, marker="", zorder=3)
        axes.plot(np.full(len(heights), place), heights, "_", color="black", markersize=7, zorder=3)
        step = 1 if len(parameters) <= 20 else max(len(texts) - 1, 1)  # of many scales the ends alone have numbers
        for height, text in list(zip(heights, texts, strict=True))[::step]:
            axes.annotate(text, (place, height), (5.0, 0.0), textcoords="offset points", fontsize=8.5, va="center",
                          bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.8}, zorder=4)
    axes.set_yticks([ABSENT] if has_absent else [], ["absent"] if has_absent else [])
    axes.set_xlim(-0.15, len(parameters) - 0.45)
    axes.set_ylim(ABSENT - 0.04 if has_absent else -0.05, 1.05)
    axes.spines[["left", "bottom"]].set_visible(False)


def plot_contour(study: TrialTable, params: Names = None, ax: Any = None) -> Any:
    """Plot contours of the value over each pair of parameters, with the complete trials as dots; better is darker.

    The surface is interpolated linearly between the trials, in the logarithm where an axis is logarithmic; trials at
    one point are averaged, and of more than 200 trials those within one of 20 x 20 cells. Where an axis has choices,
    which have no order, or all trials are on one line, the dots have the colour of their values instead. The best trial
    is a star, and trials of smaller budgets are grey and do not count. Returns the Axes, or a list of them, one for
    each pair in the order of ``params`` (None: all).
    """
    values = drawing.values_of(drawing.by_budget(study)[0])
    colours, limit = drawing.value_colours(study, values), drawing.ends(study, values)[1]

    def draw(axes: Any, x: str, y: str, trials: list[Trial], at: Points) -> Points:
        z = drawing.values_of(trials)
        z = np.where(drawing.is_beyond(study, z, limit), limit, z)  # else one diverged trial sets the whole surface
        places = drawing.column(study, x, trials), drawing.column(study, y, trials)
        surface = _surface([study.space.parameters[name] for name in (x, y)], *places, z)
        if surface is None or colours["vmin"] == colours["vmax"]:
            drawing.dots(axes, trials, *at, c=z, **colours)
            return at
        filled_contours(axes, *surface, colours)
        white_dots(axes, trials, *places)
        return places

    axes = _pairs(study, params, ax, draw, "Contour")
    if len(values):
        drawing.value_bar(colours, axes, study, values)
    return drawing.one_or_all(axes)


def filled_contours(axes: Any, x: np.ndarray, y: np.ndarray, z: np.ndarray, colours: dict[str, Any]) -> None:
    """Draw twelve bands of values, with fine white lines between them."""
    z = (z - colours["vmin"]) / (colours["vmax"] - colours["vmin"])  # levels differ, also where values nearly don't
    levels = np.linspace(0.0, 1.0, 13)
    axes.contourf(x, y, z, levels=levels, extend="both", cmap=colours["cmap"], vmin=0.0, vmax=1.0)
    axes.contour(x, y, z, levels=levels, colors="white", linewidths=0.4, alpha=0.6)


def white_dots(axes: Any, trials: Sequence[Trial], x: np.ndarray, y: np.ndarray) -> None:
    """Draw trials above a surface: white with a black edge, for it is dark at good trials and light at bad ones."""
    few = {"s": 14, "linewidth": 0.7, "alpha": 1.0} if len(trials) <= MOST_DOTS else {"s": 2, "linewidth": 0}
    drawing.dots(axes, trials, x, y, color="white", edgecolor="black", **few)


def plot_rank(study: TrialTable, params: Names = None, ax: Any = None) -> Any:
    """Plot the complete trials over each pair of parameters, coloured by rank: the best is the darkest, and a star.

    Equal values have the mean of their ranks; trials of smaller budgets are grey and have none. Arguments and what is
    returned are those of `plot_contour`.
    """
    colours = {"cmap": "cividis", "vmin": 0.0, "vmax": 1.0}
    everyone = drawing.by_budget(study)[0]
    values = drawing.values_of(everyone) * (1.0 if study.direction == "minimize" else -1.0)
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    means = np.cumsum(counts) - (counts + 1) / 2.0  # ranks from 0 for the best, of each group of equal values
    ranks = {trial.number: means[k] / max(len(everyone) - 1, 1) for trial, k in zip(everyone, group, strict=True)}

    def draw(axes: Any, x: str, y: str, trials: list[Trial], at: Points) -> Points:
        drawing.dots(axes, trials, *at, c=[ranks[trial.number] for trial in trials], **colours)
        return at

    axes = _pairs(study, params, ax, draw, "Rank")
    if ranks:
        bar = drawing.colour_bar(colours, axes, "rank of the value")
        bar.set_ticks([0.0, 0.25, 0.5, 0.75, 1.0], labels=["best", "25 %", "50 %", "75 %", "worst"])
    return drawing.one_or_all(axes)


def _pairs(study: TrialTable, params: Names, ax: Any, draw: Draw, title: str) -> list[Any]:
    """Draw each pair in a panel of its own: ``draw`` draws the trials of the largest budget; return the panels."""
    names = drawing.chosen_names(study, params, MOST_PAIRED)
    if len(names) < 2:
        has = f"the space has {len(names)}" if params is None else f"params holds {len(names)}"
        raise ValueError(f"{has} parameter{'s' * (len(names) != 1)}; this plot needs at least two")
    pairs = list(itertools.combinations(names, 2))
    axes = _triangle(len(names)) if ax is None and len(pairs) > 1 else drawing.panels(ax, len(pairs))
    best = drawing.best_trial(study)
    for (x, y), one in zip(pairs, axes, strict=True):
        full, small = drawing.by_budget(study, [x, y])
        drawing.set_axis(one, "x", study, x)
        drawing.set_axis(one, "y", study, y)
        if ax is None:
            one.label_outer()
        if full:
            full = drawing.worst_first(study, full)
            at = draw(one, x, y, full, _spread(study, x, y, full))
            if best in full:
                drawing.mark_best(one, best, at[0][full.index(best)], at[1][full.index(best)], edge="white")
        elif not small:
            drawing.say_empty(one, study)
        drawing.small_dots(one, small, *_spread(study, x, y, small))
        drawing.finish(one, note=drawing.panel_note(study, len(full) + len(small)) if len(pairs) > 1 else "")
    note = drawing.left_out(study, len(drawing.complete_trials(study, names if len(pairs) == 1 else ())))
    drawing.head(axes, title, note.replace("the parameter", "both parameters") + drawing.budget_note(study))
    return axes


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
    return drawing.spread(study, x, trials), drawing.spread(study, y, trials, second=True)


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


class Cells(NamedTuple):
    """The levels of both parameters; the values of the trials in each cell, by the numbers of its levels."""

    levels: tuple[list[Any], list[Any]]
    values: dict[tuple[int, int], list[float]]
    best: Trial
    framed: tuple[int, int] | None  # the cell of the best trial, which may lack one of the parameters


def plot_grid(study: TrialTable, params: Sequence[str] | None = None, ax: Any = None) -> Any:
    """Plot the value over two parameters as a heat map, better is darker, with marginals; returns three Axes.

    ``params`` are the parameters along x and y (None: the first two). A cell shows the mean value of all complete
    trials of the largest budget with its two values, whatever their other parameters are. The cell of the best trial
    has a frame, and one whose trials have all failed a cross. The Axes are the heat map, the marginal of the first
    parameter above it, and that of the second at its right: mean and best value of each column or row. A ValueError
    where a parameter is continuous and hardly any value occurs twice, or where one has more than 60 values.
    """
    names = drawing.chosen_names(study, params or study.space.names[:2], len(study.space.names))
    if len(names) != 2:
        raise ValueError(f"{'params holds' if params else 'the space has'} {checks.counted(len(names), 'parameter')}; "
                         "this plot needs two")
    if ax is None:
        cells = canvas((2, 2), (7.6, 6.0))[1]  # row by row; the one at the top right stays empty
        cells[1].remove()
        cells[0].get_gridspec().set_width_ratios([3.2, 1.0])
        cells[0].get_gridspec().set_height_ratios([1.0, 3.2])
        ax = cells[[2, 0, 3]]
    axes = drawing.panels(ax, 3)
    note = drawing.left_out(study, len(drawing.complete_trials(study, names))).replace(
        "the parameter", "both parameters")
    grid = _cells(study, names)
    if grid is None:
        for one in axes[1:]:
            one.set_axis_off()
        drawing.say_empty(axes[0], study)
    else:
        _draw_heat(axes, study, grid)
        _draw_marginal(axes[1], study, grid, 0)
        _draw_marginal(axes[2], study, grid, 1)
        note += f"; frame: the cell of the best trial, {grid.best.number}" * (grid.framed is not None)
    drawing.finish(axes[0], drawing.plain(names[0], 40), drawing.plain(names[1], 40))
    drawing.head(axes, "Grid, mean of each cell", note)
    return axes


def _cells(study: TrialTable, names: Sequence[str]) -> Cells | None:
    """Group the finished trials; None where no value can be shown. A ValueError where they form no grid."""
    ranked = best_first(study.trials, study.direction)
    counted = {trial.number for trial in ranked}
    finished = [trial for trial in study.trials if all(name in configuration(trial) for name in names)
                and (trial.number in counted or trial.state in ("stopped", "failed"))]
    levels, indices = [], []
    for name in names:
        parameter = study.space.parameters[name]
        found, inverse = np.unique(drawing.column(study, name, finished), return_inverse=True)
        continuous = parameter.count is None and not isinstance(getattr(study, "searcher", None), GridSearch)
        if len(found) > MOST_LEVELS or (continuous and len(found) > max(FEW, len(finished) // 2)):
            raise ValueError(
                f"{name} has {len(found):,} different values in {checks.counted(len(finished), 'trial')}; plot_grid "
                f"needs parameters of a grid, or discrete ones, of at most {MOST_LEVELS} values; plot_contour shows "
                "others")
        levels.append([parameter.choices[int(k)] for k in found] if isinstance(parameter, Categorical)
                      else [parameter.value(parameter.index(v)) if parameter.count else v for v in found.tolist()])
        indices.append(inverse.ravel().tolist())
    at = {trial.number: (i, j) for trial, i, j in zip(finished, *indices, strict=True)}
    values: dict[tuple[int, int], list[float]] = {place: [] for place in at.values()}
    for trial in ranked:
        if trial.number in at:
            values[at[trial.number]].append(float(trial.value or 0.0))
    if not any(values.values()):
        return None
    return Cells((levels[0], levels[1]), values, ranked[0], at.get(ranked[0].number))


def _draw_heat(every: list[Any], study: TrialTable, cells: Cells) -> None:
    """Draw the heat map, with a text in each cell where they are few, and the colour bar beside all Axes."""
    from matplotlib.patches import Rectangle

    axes = every[0]
    columns, rows = (len(levels) for levels in cells.levels)
    table = np.full((rows, columns), np.nan)
    for (i, j), values in cells.values.items():
        table[j, i] = np.mean(values) if values else np.nan
    known = table[~np.isnan(table)]
    colours = drawing.value_colours(study, known)
    image = axes.imshow(table, origin="lower", aspect="auto", interpolation="nearest", **colours)
    axes.set_facecolor("0.95")
    for (i, j), values in cells.values.items():
        if not values:
            axes.plot(i, j, "x", color="0.3", markersize=7)
        elif columns <= MOST_TEXTS[0] and rows <= MOST_TEXTS[1]:
            light = np.dot((0.3, 0.59, 0.11), image.cmap(image.norm(table[j, i]))[:3]) > 0.5  # of red, green, blue
            axes.text(i, j, f"{table[j, i]:.3g}", ha="center", va="center", fontsize=8,
                      color="black" if light else "white")
    if cells.framed is not None:
        corner = cells.framed[0] - 0.5, cells.framed[1] - 0.5
        axes.add_patch(Rectangle(corner, 1.0, 1.0, fill=False, edgecolor=COLOURS[1], linewidth=2.5, clip_on=False,
                                 zorder=4))
    for axis, levels in zip((axes.xaxis, axes.yaxis), cells.levels, strict=True):
        step = -(-len(levels) // MOST_TICKS)
        texts = [f"{level:.3g}" if isinstance(level, float) else drawing.plain(level, 12) for level in levels[::step]]
        slanted = axis is axes.xaxis and sum(map(len, texts)) > 36
        axis.set_ticks(range(0, len(levels), step), texts,
                       **({"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if slanted else {}))
    drawing.value_bar(colours, every, study, known)


def _draw_marginal(axes: Any, study: TrialTable, cells: Cells, which: int) -> None:
    """Draw mean and best value of each level of parameter ``which``: 0 above the heat map, 1 at its right."""
    side, other = ("x", "y") if which == 0 else ("y", "x")
    groups: dict[int, list[float]] = {}
    for key, values in sorted(cells.values.items()):
        groups.setdefault(key[which], []).extend(values)
    known, every = [k for k in sorted(groups) if groups[k]], []
    best: Any = min if study.direction == "minimize" else max
    for name, of, colour, style in (("mean", np.mean, COLOURS[0], "o-"), ("best", best, COLOURS[2], "s--")):
        values = [float(of(groups[k])) for k in known]
        axes.plot(*((known, values) if which == 0 else (values, known)), style, color=colour, markersize=4, label=name)
        every += values
    drawing.limit_values(axes, study, np.array(every), other)
    getattr(axes, f"set_{side}lim")(-0.5, len(cells.levels[which]) - 0.5)
    getattr(axes, f"set_{side}ticks")([])
    getattr(axes, f"set_{other}label")("value")
    drawing.finish(axes, grid="both")
    if which == 0:
        drawing.legend(axes, loc="upper left", bbox_to_anchor=(1.0, 1.0))
