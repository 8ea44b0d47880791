"""The importance of hyper-parameters as bars.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import textwrap
from typing import Any

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.comparable import check_study
from scratchtune.insight.importances import METHODS, Importance, importance
from scratchtune.insight.plots import COLOURS, canvas
from scratchtune.study import Study

MOST_MAIN, MOST_PAIRS = 20, 5  # bars
LEAST_PAIR = 0.005  # share; smaller interactions are not shown


def plot_param_importances(study: Study, method: str = "fanova", ax: Any = None) -> Any:
    """Plot the share of each hyper-parameter in the variance of the value, and of the largest interactions.

    The shares are those of `importance` with this ``method``; the note says what they were computed from.
    Where it needs more trials, or other ones, the plot says so. Returns the Axes.

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
        return _without_bars(study, str(reason), ax)
    main, pairs = _main_and_pairs(found)
    bars = main[:MOST_MAIN] + pairs[:MOST_PAIRS]
    (axes,) = drawing.panels(canvas(1, (7.0, 1.6 + 0.32 * len(bars)))[1] if ax is None else ax, 1)
    heights = range(len(bars))
    is_pair = [number >= len(main[:MOST_MAIN]) for number in heights]
    for which, colour, hatch, name in ((False, COLOURS[0], "", "main effect"),
                                       (True, COLOURS[4], "//", "interaction of a pair")):
        chosen = [number for number in heights if is_pair[number] == which]
        if chosen:
            axes.barh(chosen, [bars[number][1] for number in chosen], 0.7, color=colour, hatch=hatch,
                      edgecolor="white", label=name)
    for number, (_, share) in enumerate(bars):
        axes.annotate(f"{share:.2f}" if share >= 0.005 else "< 0.01", (max(share, 0.0), number), (4.0, 0.0),
                      textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(heights, [name for name, _ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.12 * max(share for _, share in bars) or 1.0)
    rest = [f"{len(main) - MOST_MAIN} parameters of smaller shares are not shown"] * (len(main) > MOST_MAIN)
    note = "\n".join(textwrap.wrap(" ".join([found.basis, *rest]), 100))
    drawing.finish(axes, "share of the variance of the value", None, "Importance of hyper-parameters", note)
    axes.set_title("Importance of hyper-parameters", loc="left", fontweight="bold", pad=8 + 14 * (note.count("\n") + 1))
    axes.grid(alpha=0.25, axis="x")
    if len(set(is_pair)) > 1:
        axes.legend(fontsize=8, framealpha=0.8, edgecolor="none", loc="lower right")
    return axes


def _main_and_pairs(found: Importance) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Names as they are drawn, with their shares, the largest first: of parameters, and of pairs."""
    main = [(drawing.plain(name), share) for name, share in found.items() if isinstance(name, str)]
    pairs = [(f"{drawing.plain(name[0], 16)} × {drawing.plain(name[1], 16)}", share)
             for name, share in found.items() if not isinstance(name, str) and share >= LEAST_PAIR]
    return main, pairs


def _without_bars(study: Study, reason: str, ax: Any) -> Any:
    """Write in empty axes why there is no importance."""
    (axes,) = drawing.panels(ax, 1)
    if drawing.complete_trials(study):
        drawing.say_empty(axes, study, "\n".join(textwrap.wrap(drawing.plain(reason, 300), 48)))
    else:
        drawing.say_empty(axes, study)
    axes.set_yticks([])
    drawing.finish(axes, "share of the variance of the value", None, "Importance of hyper-parameters")
    return axes
