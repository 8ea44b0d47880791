"""What the plots of a study share: panels, axes of values and of parameters, colours, trials as dots and as lines.

One rule says where an axis of values ends (`ends`), whether it is an x axis, a y axis or a range of colours.
In the light theme darker is better, the best trial is a black star, and trials that can't be the best are grey.
"""

from __future__ import annotations

import copy
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search import Space
from scratchtune.core.search.parameters import Categorical, Parameter, is_logarithmic
from scratchtune.core.streams import visible
from scratchtune.core.study.best import best_first, feasible, none_feasible
from scratchtune.core.study.trial import Trial, configuration, record

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito: safe for the colour-blind
MARKERS = ("s", "o", "^", "D", "v", "P")
MOST_TICKS = 12  # of an axis of choices; of more choices only every second, third, ... is labelled
LETTERS = 11  # of the title of a figure, for each inch of its width
MANY, SEVERAL = 1000, 200  # more points, or more lines, are drawn as pixels, also in a PDF or SVG file
Target = Callable[[Trial], float | None] | None  # another number of a trial than its value
Names = str | Sequence[str] | None  # of parameters; None for all


# Studies and trials --------------------------------------------------------------------------------------------------


class TrialTable(Protocol):
    """What insight reads of a study, whether it is in memory, was read from a file, or was gathered from several."""

    @property
    def name(self) -> str:
        """The name of the study."""

    @property
    def space(self) -> Space:
        """The hyper-parameters."""

    @property
    def direction(self) -> str:
        """Whether values are minimized ("minimize") or maximized ("maximize")."""

    @property
    def trials(self) -> list[Trial]:
        """All trials, in order of number."""


def check_study(study: Any) -> None:
    """Raise a TypeError for anything but a study, or several gathered in one."""
    if not (hasattr(study, "space") and hasattr(study, "trials")):
        raise TypeError(f"study is {study!r}; it must be a Study, or one read from a file")


def as_studies(study: Any) -> list[Any]:
    """The studies of a list, or the one that is given; raise a TypeError for anything else."""
    several = isinstance(study, (list, tuple)) and not hasattr(study, "trials")  # a StoredStudy is a tuple too
    studies = list(study) if several else [study]
    if not studies or not all(hasattr(one, "space") and hasattr(one, "trials") for one in studies):
        raise TypeError(f"study is {study!r}; it must be a Study, or a list of at least one Study")
    return studies


def targeted(study: TrialTable, target: Target, target_name: str) -> Any:
    """The study, or a copy whose complete trials have the value ``target(trial)``; for None they are not complete.

    A TypeError if the target is no function, or gives no number.
    """
    if target is None:
        return study
    if not callable(target):
        raise TypeError(f"target is {target!r}; it must be a function of a trial, such as lambda trial: trial.seconds")
    trials = [copy.copy(trial) for trial in study.trials]
    for one in trials:
        if one.state == "complete":
            value = target(one)
            record(one, values=None if value is None else (checks.real(f"the target of trial {one.number}", value),),
                   state="without this value" if value is None else "complete")
    return SimpleNamespace(name=study.name, space=study.space, direction="minimize", trials=trials,
                           target_name=target_name)


def complete_trials(study: TrialTable, names: Sequence[str] = ()) -> list[Trial]:
    """The complete trials that have all parameters in ``names``, in order of number."""
    return [trial for trial in study.trials
            if trial.state == "complete" and all(name in configuration(trial) for name in names)]


def budget_note(study: TrialTable) -> str:
    """Say which trials are grey; an empty text where there are none."""
    grey = uncounted(by_budget(study)[1])
    return f"; grey: {grey}" if grey else ""


def uncounted(trials: Sequence[Trial]) -> str:
    """What complete trials are that can't be the best: "smaller budgets", "infeasible" or both."""
    kinds = {"infeasible" if trial.violation else "smaller budgets" for trial in trials}
    return ", ".join(sorted(kinds, reverse=True))


def by_budget(study: TrialTable, names: Sequence[str] = ()) -> tuple[list[Trial], list[Trial]]:
    """The complete trials that have the parameters: those that may be the best, and the others (`uncounted`)."""
    full = {trial.number for trial in feasible(study.trials)}
    trials = complete_trials(study, names)
    return [one for one in trials if one.number in full], [one for one in trials if one.number not in full]


def best_trial(study: TrialTable) -> Trial | None:
    """The study's best trial; None without one, and for a `targeted` study, of whose numbers no end is the good one."""
    return None if hasattr(study, "target_name") else next(iter(best_first(study.trials, study.direction)), None)


def worst_first(study: TrialTable, trials: Sequence[Trial]) -> list[Trial]:
    """Complete trials, the best one last: in this order they are drawn, so that it is above the others."""
    return sorted(trials, key=lambda trial: trial.value or 0.0, reverse=study.direction == "minimize")


def values_of(trials: Sequence[Trial]) -> np.ndarray:
    """The values of complete trials, (n,)."""
    return np.array([trial.value for trial in trials], dtype=float)


# Parameters ----------------------------------------------------------------------------------------------------------


def chosen_names(study: TrialTable, params: Names, most: int) -> list[str]:
    """Return the names of parameters, None for all; a ValueError for an unknown or repeated one, or for too many."""
    names = list(study.space.names) if params is None else [params] if isinstance(params, str) else list(params)
    for number, name in enumerate(names):
        checks.choice("params", name, study.space.names)
        if name in names[:number]:
            raise ValueError(f"params holds {name!r} twice; every parameter must be given once")
    if len(names) > most:
        raise ValueError(f"params {'is None, and the space has' if params is None else 'holds'} {len(names)} "
                         f"parameters; this plot shows at most {most}, name them in params")
    return names


def positions(parameter: Parameter, values: Sequence[Any]) -> np.ndarray:
    """Coordinates of values on the axis of a parameter, (n,): numbers themselves, or the indices of choices."""
    is_choice = isinstance(parameter, Categorical)
    return np.array([parameter.index(value) for value in values] if is_choice else values, dtype=float)


def column(study: TrialTable, name: str, trials: Sequence[Trial]) -> np.ndarray:
    """The coordinates of trials on the axis of a parameter that all of them have, (n,)."""
    return positions(study.space.parameters[name], [configuration(trial)[name] for trial in trials])


def bounds(parameter: Parameter) -> tuple[float, float]:
    """Return the ends of a parameter's axis; they differ also where there is only one value."""
    if isinstance(parameter, Categorical):
        return -0.5, parameter.count - 0.5
    low, high = float(parameter.low), float(parameter.high)
    if low < high:
        return low, high
    return (low / 2.0, low * 2.0) if parameter.log else (low - 0.5, high + 0.5)


def has_log_axis(parameter: Parameter) -> bool:
    """Whether the axis of a parameter is logarithmic."""
    return not isinstance(parameter, Categorical) and is_logarithmic(parameter)


def fractions(parameter: Parameter, at: np.ndarray) -> np.ndarray:
    """Coordinates on a parameter's axis as shares of its length, from 0 to 1."""
    ends = np.array(bounds(parameter))
    low, high = np.log(ends) if has_log_axis(parameter) else ends
    return ((np.log(at) if has_log_axis(parameter) else at) - low) / (high - low)


def ticks(parameter: Parameter, most: int) -> tuple[np.ndarray, list[str]]:
    """Coordinates of the ticks of a parameter's axis, and their texts: choices, powers of ten, or round numbers."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    if isinstance(parameter, Categorical):
        shown = range(0, parameter.count, -(-parameter.count // MOST_TICKS))
        return np.array(shown, dtype=float), [plain(parameter.choices[k], 14) for k in shown]
    low, high = float(parameter.low), float(parameter.high)
    if has_log_axis(parameter):
        locator: Any = LogLocator(subs=(1.0,) if high >= 100.0 * low else (1.0, 2.0, 5.0), numticks=most)
    else:
        locator = MaxNLocator(most, integer=isinstance(parameter.low, int), min_n_ticks=1, steps=[1, 2, 2.5, 5, 10])
    at = locator.tick_values(low, high)
    room = (1e-9 * low, 1e-9 * high) if has_log_axis(parameter) else (1e-9 * (high - low),) * 2
    at = at[(at >= low - room[0]) & (at <= high + room[1])] if low < high else np.array([low])
    texts = [f"{x:.5g}" for x in at]
    if any("e" in text for text in texts):  # then all numbers of this axis are written in one way
        parts = [f"{x:.4e}".split("e") for x in at]
        texts = [f"{float(mantissa):g}e{int(power)}" if float(mantissa) else "0" for mantissa, power in parts]
    return at, texts


def set_axis(axes: Any, which: str, study: TrialTable, name: str) -> None:
    """Make the axis "x" or "y" that of a parameter: its scale, its range, its ticks and its label."""
    from matplotlib.ticker import NullFormatter

    parameter, axis, alone = study.space.parameters[name], getattr(axes, f"{which}axis"), len(axes.figure.axes) == 1
    getattr(axes, f"set_{which}label")(plain(name, 40 if alone else 24))
    low, high = bounds(parameter)
    at, texts = ticks(parameter, 6 if alone else 4)
    if has_log_axis(parameter):
        getattr(axes, f"set_{which}scale")("log")
        axis.set_minor_formatter(NullFormatter())
        room = 0.04 * (np.log10(high) - np.log10(low))
        low, high = 10.0 ** np.clip([np.log10(low) - room, np.log10(high) + room], -307.6, 308.2)
    elif not isinstance(parameter, Categorical):
        few = isinstance(parameter.low, int) and high - low < 20  # room for points that are spread around an integer
        room = max(0.04 * (high - low), 0.4 if few else 0.0)
        low, high = low - room, high + room
    turned = which == "x" and isinstance(parameter, Categorical) and sum(map(len, texts)) > (30 if alone else 10)
    axis.set_ticks(at, texts, **({"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if turned else {}))
    getattr(axes, f"set_{which}lim")(low, high)


def jittered(parameter: Parameter, at: np.ndarray, numbers: Sequence[int], second: bool = False) -> np.ndarray:
    """Coordinates on the axis of a parameter, spread around a choice, or an integer, that has many trials.

    The offset, at most 0.3, is a multiple of an irrational number modulo 1 (Roberts's R2 sequence has two, ``second``
    is for a y axis), so it is the same in every plot, and neighbours are well apart.
    """
    is_unit = not isinstance(parameter, Categorical) and isinstance(parameter.low, int) and (
        not parameter.log and (parameter.step or 1) == 1)
    low, high = bounds(parameter)
    if not (isinstance(parameter, Categorical) or is_unit) or len(at) <= 20 * (high - low + is_unit):
        return at
    multiples = np.asarray(numbers, dtype=float) * (0.5698402909980532 if second else 0.7548776662466927)
    return at + 0.6 * (multiples % 1.0 - 0.5)


def spread(study: TrialTable, name: str, trials: Sequence[Trial], second: bool = False) -> np.ndarray:
    """The coordinates of trials on the axis of a parameter that all of them have, `jittered`, (n,)."""
    numbers = [trial.number for trial in trials]
    return jittered(study.space.parameters[name], column(study, name, trials), numbers, second)


# Axes of values: one rule for where they end -------------------------------------------------------------------------


def ends(study: TrialTable, values: np.ndarray) -> tuple[float, float]:
    """Return the best value and the last one that is shown: the ends of an axis of values, and of a range of colours.

    The last one is the worst value that is at most 3 times (of up to three trials 20 times) as far from the best as the
    best 80 % of the values are, so that a trial whose training has diverged does not set the scale. Worse values are
    drawn at the edge, and a note counts them.
    """
    if not len(values):
        return 0.0, 0.0
    sign = 1.0 if study.direction == "minimize" else -1.0
    losses = np.sort(sign * values)
    with np.errstate(over="ignore"):
        far = losses - losses[0]
        most = (3.0 if len(values) > 3 else 20.0) * far[int(0.8 * (len(losses) - 1))]
        last = np.flatnonzero(far <= most)[-1] if most > 0.0 else -1
        if not np.isfinite(1.2 * far[last]):
            raise ValueError(f"values from {values.min():.4g} to {values.max():.4g} are too far apart for an axis")
    return float(sign * losses[0]), float(sign * losses[last])


def is_beyond(study: TrialTable, values: np.ndarray, limit: float) -> np.ndarray:
    """Which values are worse than the limit, (n,) of bool."""
    return values > limit if study.direction == "minimize" else values < limit


def limit_values(axes: Any, study: TrialTable, values: np.ndarray, which: str = "y") -> float:
    """Let the axis ``which``, of values, reach just beyond its `ends`; return the worst value that is shown."""
    best, limit = ends(study, values)
    if best != limit:
        room = 0.06 * (limit - best)
        getattr(axes, f"set_{which}lim")(*sorted((best - room, limit + room)))
    return limit


def mark_beyond(axes: Any, study: TrialTable, trials: Sequence[Trial], x: Any, limit: float) -> None:
    """Draw a triangle at the edge of the axis of values, at x, for each trial whose value is beyond the limit."""
    beyond = is_beyond(study, values_of(trials), limit)
    upwards, many = study.direction == "minimize", len(trials) > MANY
    if beyond.any():
        edge = axes.scatter(
            np.asarray(x)[beyond], np.full(beyond.sum(), 0.975 if upwards else 0.025), s=10 if many else 26,
            marker="^" if upwards else "v", transform=axes.get_xaxis_transform(), facecolor="white", edgecolor="black",
            linewidth=0.4 if many else 1.0, rasterized=many, zorder=3)
        of_trials(edge, [trial.number for trial, is_worse in zip(trials, beyond, strict=True) if is_worse])


def beyond_note(study: TrialTable, values: np.ndarray, limit: float) -> str:
    """Say how many values are beyond the end of the axis, and how bad the worst of them is; empty if none is."""
    beyond = values[is_beyond(study, values, limit)]
    if not len(beyond):
        return ""
    return f"; {len(beyond):,} beyond the axis (worst {beyond[np.argmax(np.abs(beyond - limit))]:.4g})"


def value_label(study: TrialTable, noun: str = "value") -> str:
    """The label of an axis of values; it says which end is the good one, unless they are those of a target."""
    if hasattr(study, "target_name"):
        return plain(study.target_name, 40)
    return f"{noun} ({'lower' if study.direction == 'minimize' else 'higher'} is better)"


def value_colours(study: TrialTable, values: np.ndarray) -> dict[str, Any]:
    """Colour map and range of colours for values: the best one is the darkest, and the range ends as an axis does."""
    low, high = sorted(ends(study, values))
    return {"cmap": "cividis" if study.direction == "minimize" else "cividis_r", "vmin": low, "vmax": high}


def colour_bar(colours: dict[str, Any], axes: list[Any], text: str, extend: str = "neither") -> Any:
    """Add one colour bar beside all the axes, for the colour map and the range in ``colours``."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    shown = ScalarMappable(Normalize(colours["vmin"], colours["vmax"]), colours["cmap"])
    width = 0.05 if len(axes) == 1 else 0.03
    bar = axes[0].figure.colorbar(shown, ax=axes, label=text, extend=extend, fraction=width, aspect=25, shrink=0.9)
    bar.outline.set_visible(False)
    return bar


def value_bar(colours: dict[str, Any], axes: list[Any], study: TrialTable, values: np.ndarray) -> None:
    """Add the colour bar of values; its pointed end is that of the worst ones, if some are beyond its range."""
    beyond = "max" if values.max() > colours["vmax"] else "min" if values.min() < colours["vmin"] else "neither"
    colour_bar(colours, axes, value_label(study), beyond)


# Trials as dots and lines --------------------------------------------------------------------------------------------


def of_trials(artist: Any, numbers: Iterable[int]) -> Any:
    """Note on an artist of which trials its points, bars or lines are, in their order; return it.

    The report makes them elements of the page that say which trial they are.
    """
    artist.trial_numbers = [int(number) for number in numbers]
    return artist


def look_of_points(count: int) -> dict[str, Any]:
    """Size and opacity of points such that thousands of them do not form one blot."""
    step = 0 if count <= 100 else 1 if count <= MANY else 2
    return {"s": (32, 16, 7)[step], "alpha": (0.9, 0.7, 0.4)[step], "linewidth": 0.0 if step == 2 else 0.3,
            "rasterized": count > MANY}


def dots(axes: Any, trials: Sequence[Trial], x: Any, y: Any, **look: Any) -> Any:
    """Draw a dot for each trial, with an edge unless there are thousands."""
    drawn = axes.scatter(x, y, **({"edgecolor": "0.35"} | look_of_points(len(trials)) | look))
    return of_trials(drawn, [trial.number for trial in trials])


def small_dots(axes: Any, trials: Sequence[Trial], x: Any, y: Any, label: str | None = None) -> None:
    """Draw trials that can't be the best: small, grey, and below the others."""
    if trials:
        look = look_of_points(len(trials))
        dots(axes, trials, x, y, color="0.6", label=label, zorder=1, edgecolor="none", s=look["s"] / 2.0)


def mark_best(
    axes: Any, trial: Trial, x: float, y: float | None = None, label: str | None = None, edge: str = "none",
) -> None:
    """Draw the best trial as a black star, above all others, at y (None: its value); on dark areas it needs an edge."""
    star = axes.scatter(x, trial.value if y is None else y, s=150 if edge == "none" else 260, marker="*",
                        facecolor="black", edgecolor=edge, zorder=5, label=label)
    of_trials(star, [trial.number])


def lines(axes: Any, trials: Sequence[Trial], points: Sequence[np.ndarray], **look: Any) -> Any:
    """Draw a line for each trial through its points, (steps, 2) each; return the collection."""
    from matplotlib.collections import LineCollection

    drawn = LineCollection(list(points), rasterized=len(trials) > SEVERAL, **look)
    axes.add_collection(drawn)
    return of_trials(drawn, [trial.number for trial in trials])


def faint(count: int, least: float = 0.015) -> float:
    """The opacity of so many lines, lower for more of them, so that they do not form one blot."""
    return float(np.clip(40.0 / max(count, 1), least, 0.8))


# Panels, titles, notes, legends --------------------------------------------------------------------------------------


def canvas(grid: int | tuple[int, int], size: tuple[float, float] | None = None) -> tuple[Any, Any]:
    """Return a figure of ``size`` (width, height) in inches, and its axes.

    ``grid`` is the number of axes side by side, or (rows, columns); for 1 the axes are one object, else a sequence.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows, columns = grid if isinstance(grid, tuple) else (1, grid)
    figure = Figure(figsize=size or (5.4 * columns, 4.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    return figure, axes[0] if grid == 1 else axes


def save(figure: Any, path: str | Path) -> Path:
    """Write a figure to a file; create the folder if it does not exist."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def panels(ax: Any, count: int, columns: int | None = None, size: tuple[float, float] | None = None) -> list[Any]:
    """Return ``count`` axes: those given, or new ones in a figure whose panels have ``size`` (width, height).

    Without ``columns`` there are 3 to 8, such that the fewest cells are empty.
    """
    if ax is None and count == 1:
        return [canvas(1, size)[1]]
    if ax is None:
        size = size or (3.0, 2.7)
        columns = columns or min((4, 3, 5) if count <= 16 else (8, 7, 6), key=lambda several: -count % several)
        columns = min(columns, count)
        rows = -(-count // columns)
        axes = canvas((rows, columns), (size[0] * columns + 1.0, size[1] * rows + 0.4))[1]
        for empty in axes[count:]:
            empty.remove()
        return list(axes[:count])
    given = list(np.ravel(np.array(ax, dtype=object)))
    if not all(hasattr(one, "set_xlabel") for one in given):
        raise TypeError(f"ax is {ax!r}; it must be matplotlib Axes, a list of them, or None")
    if len(given) != count:
        raise ValueError(f"ax holds {len(given)} axes; it must hold {count}, one for each panel")
    return given


def one_or_all(axes: list[Any]) -> Any:
    """Return the only element of a list, or the list: plots of one panel return its Axes."""
    return axes[0] if len(axes) == 1 else axes


def plain(text: Any, most: int = 24) -> str:
    """A text as it is drawn: on one line, shortened, and never read as mathematics.

    >>> plain("two" + chr(10) + "lines of $x$")
    'two\\\\nlines of \\\\$x\\\\$'
    """
    shown = visible(f"{text:.4g}" if isinstance(text, float) else str(text))
    return (shown if len(shown) <= most else f"{shown[:most - 3]}...").replace("$", r"\$")


def integer_ticks(axis: Any) -> None:
    """Put ticks at integers only; an axis of a single one is made wide enough for that."""
    from matplotlib.ticker import MaxNLocator

    low, high = axis.get_view_interval()
    if high - low < 1.0:
        middle = round((low + high) / 2.0)
        axis.set_view_interval(middle - 0.5, middle + 0.5, ignore=True)
    axis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def finish(
    axes: Any, x: str | None = None, y: str | None = None, title: str | None = None, note: str = "",
    grid: str | None = None,
) -> None:
    """Set labels and a title, with a note below the title; what is None remains as it is.

    ``grid`` "both", "x" or "y": faint lines behind the plot at the ticks of these axes.
    """
    if x is not None:
        axes.set_xlabel(x)
    if y is not None:
        axes.set_ylabel(y)
    note = "\n".join(textwrap.wrap(note, 76))
    if title is not None:
        axes.set_title(title, loc="left", fontweight="bold", pad=6 + (14 + 10 * note.count("\n")) * bool(note))
    if note:
        axes.annotate(note, (0.0, 1.0), (0.0, 5.0), "axes fraction", textcoords="offset points", fontsize=8,
                      color="0.3")
    axes.spines[["top", "right"]].set_visible(False)
    if grid is not None:
        axes.grid(alpha=0.25, axis=grid)


def head(axes: list[Any], title: str, note: str) -> None:
    """Set a title, with a note below it: that of the only axes, or that of the figure of several, in its width."""
    if len(axes) == 1:
        finish(axes[0], title=title, note=note)
        return
    figure = axes[0].figure
    most = max(int(figure.get_figwidth() * LETTERS), 20)
    wrapped = [line for part in f"{title}: {note}".split("\n") for line in textwrap.wrap(part, most)]
    figure.suptitle("\n".join(wrapped), x=0.01, ha="left", fontsize=11)


def in_short(basis: str) -> str:
    """The first sentence of the ``basis`` of an importance or a partial dependence, without what is in brackets."""
    return re.sub(r" \([^)]*\)", "", basis).split(". ")[0].removesuffix(".")


def legend(axes: Any, **where: Any) -> None:
    """Add a legend where something has a label; its dots and lines are opaque, and dots large enough to be seen."""
    if not axes.get_legend_handles_labels()[0]:
        return
    where = where or {"loc": "best" if len(axes.lines) < 50 else "upper right"}
    for handle in axes.legend(fontsize=8, framealpha=0.8, edgecolor="none", **where).legend_handles:
        if hasattr(handle, "get_marker") or hasattr(handle, "set_sizes"):  # not areas, whose colour would be another
            handle.set_alpha(1.0)
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([float(np.clip(handle.get_sizes()[0], 24.0, 60.0))])


def legend_below(axes: Any) -> None:
    """Add a legend below the axes, where it covers nothing."""
    is_wide = max(map(len, axes.get_legend_handles_labels()[1]), default=0) > 45
    legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=1 if is_wide else 2)


def say_empty(axes: Any, study: TrialTable, missing: str = "") -> None:
    """Write in the middle of empty axes why nothing is drawn; an axis whose ends were not set has no ticks then.

    By default that is the lack of complete trials, or of the parameter in all of them.
    """
    missing = missing or ("no trial is feasible" if none_feasible(study.trials) else
                          f"no complete trial{' has this parameter' * bool(complete_trials(study))}")
    for which in "xy":
        if getattr(axes, f"get_autoscale{which}_on")():
            getattr(axes, f"set_{which}ticks")([])
    states = Counter(trial.state for trial in study.trials)
    counts = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    axes.text(0.5, 0.5, f"{missing}\n({counts or 'no trial at all'})", ha="center", va="center", color="0.3",
              transform=axes.transAxes, zorder=5, bbox={"facecolor": "white", "edgecolor": "none"})


def all_empty(axes: list[Any], study: TrialTable, title: str, missing: str) -> Any:
    """Write in all axes why nothing is drawn, and a title above them; return the axes."""
    for one in axes:
        say_empty(one, study, missing)
        finish(one)
    head(axes, title, "nothing to show yet")
    return one_or_all(axes)


def panel_note(study: TrialTable, shown: int) -> str:
    """Say how many of the complete trials have the parameters of a panel; an empty text if all have them."""
    count = len(complete_trials(study))
    return f"{shown:,} of {count:,} trials" if shown < count else ""


def left_out(study: TrialTable, shown: int, states: Sequence[str] = ("complete",)) -> str:
    """Say how many trials are drawn, and how many are not: by state, or for lack of the parameter."""
    others = Counter(trial.state for trial in study.trials if trial.state not in states)
    reasons = [f"{count:,} {state}" for state, count in sorted(others.items())]
    absent = len(study.trials) - sum(others.values()) - shown
    reasons += [f"{absent:,} without the parameter"] * bool(absent)
    return checks.counted(shown, "trial") + f"; not shown: {', '.join(reasons)}" * bool(reasons)
