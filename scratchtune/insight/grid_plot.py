"""Two parameters of a grid as a heat map, with the marginal of each on top and at the right.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, MOST_TICKS, TrialTable, canvas
from scratchtune.search import Categorical, GridSearch
from scratchtune.study.best import best_first
from scratchtune.study.trial import Trial, configuration

MOST_LEVELS = 60  # of a parameter
FEW = 12  # a continuous parameter with more values than that must repeat them
MOST_TEXTS = 10, 15  # columns and rows, up to which each cell has its value as text


class Cells(NamedTuple):
    """The levels of both parameters; the values of the trials in each cell, by the numbers of its levels."""

    levels: tuple[list[Any], list[Any]]
    values: dict[tuple[int, int], list[float]]
    best: Trial
    framed: tuple[int, int] | None  # the cell of the best trial, which may lack one of the parameters


def plot_grid(study: TrialTable, params: Sequence[str] | None = None, ax: Any = None) -> Any:
    """Plot the value over two parameters as a heat map, better is darker, with marginals; returns three Axes.

    ``params`` are the parameters along x and y (None: the first two). A cell has two values, one of each parameter; it
    shows the mean value of all complete trials with these two, whatever their other parameters are; where budgets
    differ, of those with the largest. The cell of the best trial has a frame. One whose trials have all failed has a
    cross; one without a trial is empty. The Axes are the heat map, the marginal of the first parameter above it, and
    that of the second at its right: mean and best value of each column or row. A ValueError where a parameter is
    continuous and hardly any value occurs twice, or where one has more than 60 values.
    """
    names = drawing.chosen_names(study, params or study.space.names[:2], len(study.space.names))
    if len(names) != 2:
        raise ValueError(f"{'params holds' if params else 'the space has'} {checks.counted(len(names), 'parameter')}; "
                         "this plot needs two")
    if ax is None:
        top, corner, heat, right = canvas((2, 2), (7.6, 6.0))[1]
        corner.remove()
        heat.get_gridspec().set_width_ratios([3.2, 1.0])
        heat.get_gridspec().set_height_ratios([1.0, 3.2])
        ax = [heat, top, right]
    axes = drawing.panels(ax, 3)
    note = drawing.left_out(study, len(drawing.complete_trials(study, names))).replace(
        "the parameter", "both parameters")
    cells = _cells(study, names)
    if cells is None:
        for one in axes[1:]:
            one.set_axis_off()
        drawing.say_empty(axes[0], study)
    else:
        _draw_heat(axes, study, cells)
        _draw_marginal(axes[1], study, cells, 0)
        _draw_marginal(axes[2], study, cells, 1)
        note += f"; frame: the cell of the best trial, {cells.best.number}" * (cells.framed is not None)
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
            red, green, blue, _ = image.cmap(image.norm(table[j, i]))
            light = 0.3 * red + 0.59 * green + 0.11 * blue > 0.5
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
    """Draw mean and best value of each level of one parameter, beside the heat map."""
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
    axes.grid(alpha=0.25)
    drawing.finish(axes)
    if which == 0:
        drawing.legend(axes, loc="upper left", bbox_to_anchor=(1.0, 1.0))
