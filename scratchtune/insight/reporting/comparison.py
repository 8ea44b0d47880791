"""Several studies compared: a table of their results, and the best value so far of each in one picture.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.insight.drawing import value_label
from scratchtune.insight.reporting.charts import WIDE
from scratchtune.insight.reporting.markup import Markup, element, one_line
from scratchtune.insight.reporting.scales import linear_scale
from scratchtune.insight.reporting.svg import axes, figure, fitted, picture, polyline, scroller, steps
from scratchtune.insight.reporting.view import View

LOOKS = 6  # of lines; a seventh study has the look of the first


def comparison(views: Sequence[View]) -> Markup:
    """The section at the top of a page of several studies."""
    parts = [_table(views)]
    if len({view.study.direction for view in views}) > 1:
        parts.append(element("p", "Some of the studies minimize and others maximize, so their values are not drawn in "
                                  "one picture.", class_="empty"))
    elif any(view.complete for view in views):
        parts += [_legend(views), _curves([view for view in views if view.complete])]
    return element("section", element("h2", "Comparison", id="comparison-title"),
                   element("div", *parts, class_="charts"), id="comparison", aria_labelledby="comparison-title")


def _table(views: Sequence[View]) -> Markup:
    names = ("study", "trials", "complete", "best value", "of trial", "seconds in trials")
    head = [element("th", name, scope="col", class_="n" if at else None) for at, name in enumerate(names)]
    rows = []
    for view in views:
        best = view.best
        seconds = sum(trial.seconds or 0.0 for trial in view.trials)
        texts = (f"{len(view.trials):,}", f"{len(view.complete):,}", "" if best is None else f"{best.value:.6g}",
                 "" if best is None else str(best.number), f"{seconds:,.2f}")
        link = element("a", one_line(view.study.name), href=f"#{view.key}study")
        cells = (element("td", text, class_="n") for text in texts)
        rows.append(element("tr", element("th", link, scope="row"), *cells))
    whole = element("table", element("caption", "Results of the studies"), element("thead", element("tr", *head)),
                    element("tbody", *rows), class_="facts")
    return scroller("Results of the studies", whole)


def _curves(views: Sequence[View]) -> Markup:
    """The best value so far by the number of the trial, a line for each study that has a complete trial."""
    box, lines = WIDE, []
    extreme = np.minimum if views[0].study.direction == "minimize" else np.maximum
    best = [extreme.accumulate(view.values) for view in views]
    longest = max(len(view.trials) for view in views)
    y = linear_scale(np.concatenate([values[len(values) // 20:] for values in best]), *box.inner_y)
    box = fitted(box, y)
    x = linear_scale([0.0, float(max(longest - 1, 1))], *box.inner_x, integer=True, most=8)
    for at, (view, values) in enumerate(zip(views, best, strict=True)):
        points = [(x.at(trial.number), y.at(value)) for trial, value in zip(view.complete, values, strict=True)]
        points.append((x.at(len(view.trials) - 1), y.at(values[-1])))
        lines.append(polyline(steps(points), f"curve c{at % LOOKS}"))
    ends = ", ".join(f"{one_line(view.study.name)} {values[-1]:.6g}" for view, values in zip(views, best, strict=True))
    drawn = picture(
        box, f"Best value so far of {len(views):,} studies; at the end: {ends}.",
        axes(box, x, y, "trial", value_label(views[0].study)), *lines)
    return figure("Best value so far", scroller("Best value so far", drawn), wide=True)


def _legend(views: Sequence[View]) -> Markup:
    shown = [view for view in views if view.complete]
    keys = [element("span", element("span", class_=f"dash c{at % LOOKS}"), f" {one_line(view.study.name)}",
                    class_="pair") for at, view in enumerate(shown)]
    return element("p", *keys, class_="legend")
