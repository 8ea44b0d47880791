"""What the plots of a study share: panels, the axis of a parameter, colours of values, notes on what is left out."""

from __future__ import annotations

import copy
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from scratchtune import checks
from scratchtune.insight.plots import canvas
from scratchtune.insight.study_like import StudyLike
from scratchtune.search.parameters import Categorical, Parameter, is_logarithmic
from scratchtune.streams import visible

if TYPE_CHECKING:
    from scratchtune.study import Trial

MOST_TICKS = 12  # of an axis of choices; of more choices only every second, third, ... is labelled
Target = Callable[["Trial"], "float | None"]  # another number of a trial than its value
LETTERS = 11  # of the title of a figure, for each inch of its width
MANY = 1000  # with more points they are drawn as pixels, also in a PDF or SVG file


class TrialTable(StudyLike, Protocol):
    """What the plots need of a study: its name too."""

    @property
    def name(self) -> str:
        """The name of the study."""


class Targeted:
    """A study whose values are another number of each complete trial, such as its seconds: smaller is drawn as better.

    Trials of which the number is None are left out.
    """

    def __init__(self, study: TrialTable, target: Target, target_name: str) -> None:
        self.name, self.space, self.direction, self.value_name = study.name, study.space, "minimize", target_name
        self.trials = []
        for trial in study.trials:
            one = copy.copy(trial)
            one.value = target(trial) if trial.state == "complete" else None
            if trial.state == "complete" and one.value is None:
                one.state = "without this value"
            elif one.value is not None:
                one.value = checks.real(f"the target of trial {trial.number}", one.value)
            self.trials.append(one)


def targeted(study: Any, target: Target | None, target_name: str) -> Any:
    """Return the study itself, or one of another value; raise a TypeError if the target is no function."""
    if target is None:
        return study
    if not callable(target):
        raise TypeError(f"target is {target!r}; it must be a function of a trial, such as lambda trial: trial.seconds")
    return Targeted(study, target, target_name)


# Trials and parameters -----------------------------------------------------------------------------------------------


def complete_trials(study: TrialTable, names: Sequence[str] = ()) -> list[Trial]:
    """The complete trials that have all parameters in ``names``, in order of number."""
    return [trial for trial in study.trials
            if trial.state == "complete" and all(name in trial.shared_params for name in names)]


def values_of(trials: Sequence[Trial]) -> np.ndarray:
    """The values of complete trials, (n,)."""
    return np.array([trial.value for trial in trials], dtype=float)


def best_of(study: TrialTable, values: np.ndarray) -> int:
    """Return the index of the best value, the first of several."""
    return int(np.argmin(values) if study.direction == "minimize" else np.argmax(values))


def chosen_names(study: TrialTable, params: str | Sequence[str] | None, most: int) -> list[str]:
    """Check the names of parameters, None for all; raise a ValueError for an unknown one, or for too many."""
    names = list(study.space.names) if params is None else [params] if isinstance(params, str) else list(params)
    for name in names:
        checks.choice("params", name, study.space.names)
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ValueError(f"params holds {name!r} twice; every parameter must be given once")
    if len(names) > most:
        given = f"params is None, and the space has {len(names)} parameters" if params is None else (
            f"params holds {len(names)} parameters")
        raise ValueError(f"{given}; this plot shows at most {most}, name them in params")
    return names


def positions(parameter: Parameter, values: Sequence[Any]) -> np.ndarray:
    """Coordinates of values on the axis of a parameter, (n,): numbers themselves, or the indices of choices."""
    if isinstance(parameter, Categorical):
        return np.array([parameter.index(value) for value in values], dtype=float)
    return np.array(values, dtype=float)


def column(study: TrialTable, name: str, trials: Sequence[Trial]) -> np.ndarray:
    """The coordinates of trials on the axis of a parameter that all of them have, (n,)."""
    return positions(study.space.parameters[name], [trial.shared_params[name] for trial in trials])


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


# Axes ----------------------------------------------------------------------------------------------------------------


def panels(ax: Any, count: int, columns: int = 4, size: tuple[float, float] = (3.0, 2.7)) -> list[Any]:
    """Return ``count`` axes: those given, or new ones in a figure whose panels have ``size`` (width, height)."""
    if ax is None and count == 1:
        return [canvas(1)[1]]
    if ax is None:
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
    """Return the only element of a list, or the list."""
    return axes[0] if len(axes) == 1 else axes


def plain(text: Any, most: int = 24) -> str:
    """A text as it is drawn: on one line, shortened, and never read as mathematics.

    >>> plain("two" + chr(10) + "lines of $x$")
    'two\\\\nlines of \\\\$x\\\\$'
    """
    shown = visible(f"{text:.4g}" if isinstance(text, float) else str(text))
    return (shown if len(shown) <= most else f"{shown[:most - 3]}...").replace("$", r"\$")


def ordinal(number: int) -> str:
    """A number as an ordinal.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 22)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd']
    """
    return f"{number}{'th' if number % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def set_axis(axes: Any, which: str, study: TrialTable, name: str) -> None:
    """Make the axis "x" or "y" that of a parameter: its scale, its range, its ticks and its label."""
    from matplotlib.ticker import MaxNLocator

    parameter, axis, alone = study.space.parameters[name], getattr(axes, f"{which}axis"), len(axes.figure.axes) == 1
    _label_axis(axes, which, name)
    low, high = bounds(parameter)
    if has_log_axis(parameter):
        getattr(axes, f"set_{which}scale")("log")
        room = (high / low) ** 0.04
        low, high = low / room, high * room
    elif isinstance(parameter, Categorical):
        step = -(-parameter.count // MOST_TICKS)
        texts = [plain(choice, 14) for choice in parameter.choices[::step]]
        axis.set_ticks(range(0, parameter.count, step), texts)
        if which == "x" and sum(map(len, texts)) > (30 if alone else 10):
            axis.set_ticks(range(0, parameter.count, step), texts, rotation=30, ha="right", rotation_mode="anchor")
    else:
        axis.set_major_locator(MaxNLocator(6 if alone else 4, integer=not isinstance(parameter.low, float)))
        few = isinstance(parameter.low, int) and high - low < 20  # room for points that are spread around an integer
        room = max(0.04 * (high - low), 0.4 if few else 0.0)
        low, high = low - room, high + room
    getattr(axes, f"set_{which}lim")(low, high)


def _label_axis(axes: Any, which: str, name: str) -> None:
    """Label an axis with a name, which is shortened, and its letters smaller, where it is longer than the axis."""
    part, inches = axes.get_position(), axes.figure.get_size_inches()
    length = part.width * inches[0] if which == "x" else part.height * inches[1]
    small = len(name) > length * LETTERS
    most = int(np.clip(length * LETTERS * (1.3 if small else 1.0), 12, 40))
    getattr(axes, f"set_{which}label")(plain(name, most), fontsize=8 if small else None)


def integer_ticks(axis: Any) -> None:
    """Put ticks at integers only; an axis of a single one is made wide enough for that."""
    from matplotlib.ticker import MaxNLocator

    low, high = axis.get_view_interval()
    if high - low < 1.0:
        middle = round((low + high) / 2.0)
        axis.set_view_interval(middle - 0.5, middle + 0.5, ignore=True)
    axis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def value_label(study: TrialTable) -> str:
    """The label of an axis of values; it says which end is the good one, unless they are those of a target."""
    if isinstance(study, Targeted):
        return plain(study.value_name, 40)
    return f"value ({'lower' if study.direction == 'minimize' else 'higher'} is better)"


def finish(axes: Any, x: str | None = None, y: str | None = None, title: str | None = None, note: str = "") -> None:
    """Set labels and a title, with a note below the title; what is None remains as it is."""
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


def head(axes: list[Any], title: str, note: str) -> None:
    """Set a title, with a note below it: that of the only axes, or that of the figure of several, in its width."""
    if len(axes) == 1:
        finish(axes[0], title=title, note=note)
        return
    figure = axes[0].figure
    most = max(int(figure.get_figwidth() * LETTERS), 20)
    lines = [line for part in f"{title}: {note}".split("\n") for line in textwrap.wrap(part, most)]
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=11)


def legend_below(axes: Any) -> None:
    """Add a legend below the axes, where it covers no points."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        columns = 1 if max(map(len, labels)) > 45 else 2 if max(map(len, labels)) > 28 else 3
        emphasise(axes.legend(fontsize=8, edgecolor="none", loc="upper center", bbox_to_anchor=(0.5, -0.16),
                              borderaxespad=0.0, ncols=min(columns, len(handles))))


def legend(axes: Any) -> None:
    """Add a legend where something has a label; it is opaque enough to be read above points."""
    if axes.get_legend_handles_labels()[0]:
        emphasise(axes.legend(fontsize=8, framealpha=0.8, edgecolor="none",
                              loc="best" if len(axes.lines) < 50 else "upper right"))


def emphasise(shown: Any) -> None:
    """Make lines and dots in a legend opaque, and dots large enough to be seen, whatever they are in the axes."""
    for handle in shown.legend_handles:
        if hasattr(handle, "get_marker") or hasattr(handle, "set_sizes"):  # not areas, whose colour would be another
            handle.set_alpha(1.0)
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([24])


def say_empty(axes: Any, study: TrialTable, missing: str = "no complete trial") -> None:
    """Write in the middle of empty axes why nothing is drawn; an axis whose ends were not set has no ticks then."""
    for which in "xy":
        if getattr(axes, f"get_autoscale{which}_on")():
            getattr(axes, f"set_{which}ticks")([])
    states = Counter(trial.state for trial in study.trials)
    counts = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    axes.text(0.5, 0.5, f"{missing}\n({counts or 'no trial at all'})", ha="center", va="center", color="0.3",
              transform=axes.transAxes)


def all_empty(axes: list[Any], study: TrialTable, title: str, missing: str) -> list[Any]:
    """Write in all axes why nothing is drawn, and a title above them; return the axes."""
    for one in axes:
        say_empty(one, study, missing)
        finish(one)
    head(axes, title, "nothing to show yet")
    return axes


def panel_note(study: TrialTable, shown: int) -> str:
    """Say how many of the complete trials have the parameters of a panel; an empty text if all have them."""
    count = len(complete_trials(study))
    return f"{shown:,} of {count:,} trials" if shown < count else ""


def left_out(study: TrialTable, shown: int, states: Sequence[str] = ("complete",)) -> str:
    """Say how many trials are drawn, and how many are not, by the reason."""
    others = Counter(trial.state for trial in study.trials if trial.state not in states)
    reasons = [f"{count:,} {state}" for state, count in sorted(others.items())]
    absent = len(study.trials) - sum(others.values()) - shown
    reasons += [f"{absent:,} without the parameter"] * bool(absent)
    text = checks.counted(shown, "trial")
    return f"{text}; not shown: {', '.join(reasons)}" if reasons else text


# What would make a plot illegible: values far off, and points on one line -------------------------------------------


def worst_shown(study: TrialTable, values: np.ndarray) -> float:
    """Return the value at which an axis of values ends, on the side of the worse ones.

    It is the worst value that is at most 5 times as far from the best as the best 80 % of the values are. So those
    always fill a fifth of the axis, and a trial whose training has diverged does not set the scale. Of three trials
    one is a third, so there it is 20 times.
    """
    sign = 1.0 if study.direction == "minimize" else -1.0
    losses = np.sort(sign * values)
    times = 5.0 if len(values) > 3 else 20.0
    most = times * (losses[int(0.8 * (len(losses) - 1))] - losses[0])
    return float(sign * (losses[losses - losses[0] <= most][-1] if most > 0.0 else losses[-1]))


def is_beyond(study: TrialTable, values: np.ndarray, limit: float) -> np.ndarray:
    """Which values are worse than the limit, (n,)."""
    return values > limit if study.direction == "minimize" else values < limit


def limit_values(axes: Any, study: TrialTable, values: np.ndarray, which: str = "y") -> float:
    """End the axis "x" or "y" of values at `worst_shown`, where that leaves some out; return this limit."""
    limit = worst_shown(study, values)
    if is_beyond(study, values, limit).any():
        best = values[best_of(study, values)]
        room = 0.06 * (limit - best)
        getattr(axes, f"set_{which}lim")(*sorted((best - room, limit + room)))
    return limit


def mark_beyond(axes: Any, study: TrialTable, x: np.ndarray, values: np.ndarray, limit: float) -> None:
    """Draw a triangle at the edge of the axis of values, at x, for each trial beyond the limit."""
    beyond = is_beyond(study, values, limit)
    if beyond.any():
        upwards = study.direction == "minimize"
        axes.plot(x[beyond], np.full(beyond.sum(), 0.975 if upwards else 0.025), "^" if upwards else "v",
                  transform=axes.get_xaxis_transform(), color="black", markersize=5 if len(x) <= MANY else 3,
                  markerfacecolor="white", markeredgewidth=1.0 if len(x) <= MANY else 0.4,
                  linestyle="none", rasterized=len(x) > MANY)


def beyond_note(study: TrialTable, values: np.ndarray, limit: float) -> str:
    """Say how many trials are beyond the end of the axis, and how bad the worst of them is; empty if none is."""
    count = int(is_beyond(study, values, limit).sum()) if len(values) else 0
    worst = 0.0 if not count else values.max() if study.direction == "minimize" else values.min()
    return f"; {count:,} beyond the axis (worst {worst:.4g})" if count else ""


def jittered(parameter: Parameter, at: np.ndarray, numbers: Sequence[int], second: bool = False) -> np.ndarray:
    """Coordinates on the axis of a parameter, spread around a choice, or an integer, that has many trials.

    The offset is a multiple of the trial's number modulo 1, of an irrational number (Roberts's R2 sequence has two of
    them), so it is the same in every plot, and neighbours are well apart. It is at most 0.3 to either side.
    """
    if isinstance(parameter, Categorical):
        count = parameter.count
    elif isinstance(parameter.low, int) and not parameter.log and (parameter.step or 1) == 1:
        count = int(parameter.high - parameter.low) + 1
    else:
        return at
    if len(at) <= 20 * count:
        return at
    multiples = np.asarray(numbers, dtype=float) * (0.5698402909980532 if second else 0.7548776662466927)
    return at + 0.6 * (multiples % 1.0 - 0.5)


def of_trials(artist: Any, numbers: Iterable[int]) -> Any:
    """Note on an artist of which trials its points, bars or lines are, in their order; return it.

    The report makes them elements of the page that say which trial they are.
    """
    artist.trial_numbers = [int(number) for number in numbers]
    return artist


# Colours -------------------------------------------------------------------------------------------------------------


def look_of_points(count: int) -> dict[str, Any]:
    """Size and opacity of points such that thousands of them do not form one blot."""
    step = 0 if count <= 100 else 1 if count <= MANY else 2
    return {"s": (32, 16, 7)[step], "alpha": (0.9, 0.7, 0.4)[step], "linewidth": 0.0 if step == 2 else 0.3,
            "rasterized": count > MANY}


def value_colours(study: TrialTable, values: np.ndarray) -> dict[str, Any]:
    """Colour map and range of colours for values: the best one is the darkest.

    Of at least 20 values the worst tenth has one colour, so that a few bad trials do not make all others look alike.
    """
    smaller = study.direction == "minimize"
    low, high = np.quantile(values, (0.0, 0.9) if smaller else (0.1, 1.0))
    if low == high or len(values) < 20:
        low, high = sorted((values[best_of(study, values)], worst_shown(study, values)))
    return {"cmap": "cividis" if smaller else "cividis_r", "vmin": float(low), "vmax": float(high)}


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
