"""Two parameters of a grid as a heat map, with the marginal of each on top and at the right.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.drawing import COLOURS, canvas
from scratchtune.search import Categorical, GridSearch

STATISTICS = ("mean", "best")
MOST_LEVELS = 60  # of a parameter
FEW = 12  # a continuous parameter with more values than that must repeat them
MOST_TEXTS = 100  # cells, up to which each has its value as text
MOST_TICKS = 12


class Cells(NamedTuple):
    """The levels of two parameters, and the values of the trials in each cell, by the numbers of its levels."""

    names: tuple[str, str]
    levels: tuple[list[Any], list[Any]]
    values: dict[tuple[int, int], list[float]]


def plot_grid(
    study: TrialTable, params: Sequence[str] | None = None, statistic: str = "mean", ax: Any = None,
) -> Any:
    """Plot the value over two parameters as a heat map, better is darker, with marginals; returns three Axes.

    ``params`` are the parameters along x and y (None: the first two). A cell has two values, one of each parameter; it
    shows the "mean" or the "best" value (``statistic``) of all complete trials with these two, whatever their other
    parameters are. The Axes are the heat map, the marginal of the first parameter above it, and that of the second at
    its right. A marginal is the mean value of each column or row, with the best value beside it. A cell whose trials
    have all failed has a cross; one without a trial is empty.

    Raises
        ValueError where a parameter is continuous and hardly any value occurs twice, or where one has more than 60
        values.
    """
    checks.choice("statistic", statistic, STATISTICS)
    names = _two_names(study, params)
    axes = _new_axes() if ax is None else drawing.panels(ax, 3)
    heat, top, right = axes
    trials = drawing.complete_trials(study, names)
    if not trials:
        for one in axes[1:]:
            one.set_axis_off()
        drawing.say_empty(heat, study)
        drawing.finish(heat, drawing.plain(names[0], 40), drawing.plain(names[1], 40))
    else:
        cells = _cells(study, names)
        values = _draw_heat(heat, study, cells, statistic)
        for which, one in ((0, top), (1, right)):
            _draw_marginal(one, study, cells, which)
        colours = drawing.value_colours(study, values)
        drawing.value_bar(colours, [heat, top, right], study, values)
    note = drawing.left_out(study, len(trials)).replace("the parameter", "both parameters")
    drawing.head(axes, f"Grid, {statistic} of each cell", note)
    return axes


def _two_names(study: TrialTable, params: Sequence[str] | None) -> tuple[str, str]:
    """Return two names, checked."""
    if params is None:
        params = study.space.names[:2]
        has = f"the space has {len(params)}"
    else:
        params = drawing.chosen_names(study, params, len(study.space.names))
        has = f"params holds {len(params)}"
    if len(params) != 2:
        raise ValueError(f"{has} parameter{'s' * (len(params) != 1)}; this plot needs two")
    return params[0], params[1]


def _new_axes() -> list[Any]:
    """Return heat map, top and right panel of a new figure."""
    axes = canvas((2, 2), (7.6, 6.0))[1]
    grid = axes[0].get_gridspec()
    grid.set_width_ratios([3.2, 1.0])
    grid.set_height_ratios([1.0, 3.2])
    axes[1].remove()
    return [axes[2], axes[0], axes[3]]


# The cells -----------------------------------------------------------------------------------------------------------


def _cells(study: TrialTable, names: tuple[str, str]) -> Cells:
    """Group the trials that have both parameters; a ValueError where they form no grid."""
    trials = [trial for trial in study.trials if trial.state != "running"
              and all(name in trial.shared_params for name in names)]
    levels, indices = [], []
    for name in names:
        parameter = study.space.parameters[name]
        found, inverse = np.unique(drawing.column(study, name, trials), return_inverse=True)
        continuous = parameter.count is None and not isinstance(getattr(study, "searcher", None), GridSearch)
        if len(found) > MOST_LEVELS or (continuous and len(found) > max(FEW, len(trials) // 2)):
            raise ValueError(
                f"{name} has {len(found):,} different values in {checks.counted(len(trials), 'trial')}; plot_grid "
                f"needs parameters of a grid, or discrete ones, of at most {MOST_LEVELS} values; plot_contour shows "
                "others")
        levels.append([parameter.choices[int(k)] for k in found] if isinstance(parameter, Categorical)
                      else [parameter.value(parameter.index(v)) if parameter.count else v
                            for v in found.tolist()])
        indices.append(inverse.ravel().tolist())
    values: dict[tuple[int, int], list[float]] = {}
    for i, j, trial in zip(*indices, trials, strict=True):
        values.setdefault((i, j), []).extend([float(trial.value)] if trial.state == "complete" else [])
    return Cells(names, (levels[0], levels[1]), values)


def _summary(study: TrialTable, values: Sequence[float], statistic: str) -> float:
    """The mean or the best of values, NaN of none."""
    if not values:
        return float("nan")
    if statistic == "mean":
        return float(np.mean(values))
    return float(min(values) if study.direction == "minimize" else max(values))


# Drawing -------------------------------------------------------------------------------------------------------------


def _draw_heat(axes: Any, study: TrialTable, cells: Cells, statistic: str) -> np.ndarray:
    """Draw the heat map with a text in each cell, where they are few; returns the values shown."""
    columns, rows = (len(levels) for levels in cells.levels)
    table = np.full((rows, columns), np.nan)
    for (i, j), values in cells.values.items():
        table[j, i] = _summary(study, values, statistic)
    known = table[~np.isnan(table)]
    colours = drawing.value_colours(study, known)
    image = axes.imshow(table, origin="lower", aspect="auto", interpolation="nearest", **colours)
    axes.set_facecolor("0.95")
    for (i, j), values in cells.values.items():
        if not values:
            axes.plot(i, j, "x", color="0.3", markersize=7)
        elif rows * columns <= MOST_TEXTS:
            red, green, blue, _ = image.cmap(image.norm(table[j, i]))
            light = 0.3 * red + 0.59 * green + 0.11 * blue > 0.5
            axes.text(i, j, f"{table[j, i]:.3g}", ha="center", va="center", fontsize=8,
                      color="black" if light else "white")
    best = np.nanargmin(table) if study.direction == "minimize" else np.nanargmax(table)
    row, column = np.unravel_index(int(best), table.shape)
    axes.add_patch(_frame(int(column), int(row)))
    for which, name in enumerate(cells.names):
        _set_levels(axes, "xy"[which], cells.levels[which])
        getattr(axes, f"set_{'xy'[which]}label")(drawing.plain(name, 40))
    return known


def _frame(i: int, j: int) -> Any:
    """A frame around a cell."""
    from matplotlib.patches import Rectangle

    return Rectangle((i - 0.5, j - 0.5), 1.0, 1.0, fill=False, edgecolor=COLOURS[1], linewidth=2.5)


def _set_levels(axes: Any, which: str, levels: Sequence[Any]) -> None:
    """Put a tick with its text at each level, or at every second, third, ..."""
    step = -(-len(levels) // MOST_TICKS)
    texts = [f"{level:.3g}" if isinstance(level, float) else drawing.plain(level, 12) for level in levels[::step]]
    slanted = which == "x" and sum(map(len, texts)) > 36
    getattr(axes, f"set_{which}ticks")(
        range(0, len(levels), step), texts,
        **({"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if slanted else {}))


def _draw_marginal(axes: Any, study: TrialTable, cells: Cells, which: int) -> None:
    """Draw mean and best value of each level of one parameter, beside the heat map."""
    levels = range(len(cells.levels[which]))
    for statistic, look in (("mean", {"color": COLOURS[0], "marker": "o"}),
                            ("best", {"color": COLOURS[1], "marker": "s", "linestyle": "--"})):
        values = [_summary(study, [value for key, here in cells.values.items() if key[which] == k for value in here],
                           statistic) for k in levels]
        ends = (levels, values) if which == 0 else (values, levels)
        axes.plot(*ends, markersize=4, linewidth=1.5, label=statistic, **look)
    side, other = ("x", "y") if which == 0 else ("y", "x")
    getattr(axes, f"set_{side}lim")(-0.5, len(levels) - 0.5)
    getattr(axes, f"set_{side}ticks")([])
    getattr(axes, f"set_{other}label")("value")
    axes.grid(alpha=0.25)
    drawing.finish(axes)
    if which == 0:
        axes.legend(fontsize=8, framealpha=0.8, edgecolor="none", loc="upper left", bbox_to_anchor=(1.0, 1.0))
