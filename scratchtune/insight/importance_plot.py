"""The importance of hyper-parameters as bars.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import textwrap
from typing import Any

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.comparable import check_study
from scratchtune.insight.importances import METHODS, importance
from scratchtune.study import Study

MOST_MAIN, MOST_PAIRS = 20, 5  # bars
LEAST_PAIR = 0.005  # share; smaller interactions are not shown


def plot_param_importances(study: Study, method: str = "fanova", ax: Any = None) -> Any:
    """Plot the share of each hyper-parameter in the variance of the value, and of the largest interactions.

    The shares are those of `importance` with this ``method``; the note says what they were computed from, and
    ``importance(study).basis`` says more. Where it needs more trials, or other ones, the plot says so. Returns the
    Axes.

    Raises
        ValueError for a study of several objectives.
    """
    checks.choice("method", method, METHODS)
    check_study(study)
    if study.objectives.several:
        raise study.objectives.no_single("value whose variance could be attributed", "use plot_pareto_front")
    try:
        found = importance(study, method=method)
    except ValueError as reason:  # too few trials, equal values, a single parameter
        (axes,) = drawing.panels(ax, 1)
        said = "\n".join(textwrap.wrap(drawing.plain(reason, 300), 48))
        drawing.say_empty(axes, study, *([said] if drawing.complete_trials(study) else []))
        drawing.finish(axes, "share of the variance of the value", None, "Importance of hyper-parameters")
        return axes
    main = [(drawing.plain(name), share) for name, share in found.items() if isinstance(name, str)]
    pairs = [(f"{drawing.plain(name[0], 16)} × {drawing.plain(name[1], 16)}", share)
             for name, share in found.items() if not isinstance(name, str) and share >= LEAST_PAIR]
    bars = main[:MOST_MAIN] + pairs[:MOST_PAIRS]
    (axes,) = drawing.panels(drawing.canvas(1, (7.0, 1.6 + 0.32 * len(bars)))[1] if ax is None else ax, 1)
    _draw_bars(axes, bars, min(len(main), MOST_MAIN))
    rest = f"; {len(main) - MOST_MAIN} parameters of smaller shares are not shown" * (len(main) > MOST_MAIN)
    drawing.finish(axes, "share of the variance of the value", None, "Importance of hyper-parameters",
                   drawing.in_short(found.basis) + rest)
    return axes


def _draw_bars(axes: Any, bars: list[tuple[str, float]], main: int) -> None:
    """Draw the shares of so many parameters, and then of pairs, with their numbers."""
    for start, end, colour, hatch, name in ((0, main, drawing.COLOURS[0], "", "main effect"),
                                            (main, len(bars), drawing.COLOURS[4], "//", "interaction of a pair")):
        if start < end:
            axes.barh(range(start, end), [share for _, share in bars[start:end]], 0.7, color=colour, hatch=hatch,
                      edgecolor="white", label=name)
    for number, (_, share) in enumerate(bars):
        axes.annotate(f"{share:.2f}" if share >= 0.005 else "< 0.01", (max(share, 0.0), number), (4.0, 0.0),
                      textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(bars)), [name for name, _ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.12 * max(share for _, share in bars) or 1.0)
    axes.grid(alpha=0.25, axis="x")
    if main < len(bars):
        axes.legend(fontsize=8, framealpha=0.8, edgecolor="none", loc="lower right")
