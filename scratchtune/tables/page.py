"""The page of a model: what it predicts, how well, what to expect, which columns matter; the search comes below.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from scratchtune.checks import counted
from scratchtune.files import write_text
from scratchtune.insight.reporting.markup import Markup, element, joined, one_line
from scratchtune.insight.reporting.page import document
from scratchtune.insight.reporting.scales import Scale, linear_scale
from scratchtune.insight.reporting.sections import SECTIONS, drawn
from scratchtune.insight.reporting.svg import Box, axes, figure, fitted, picture, polyline, scroller
from scratchtune.insight.reporting.view import View
from scratchtune.tables.evaluating import Scores, expected_in_words, in_words, shown, shown_score
from scratchtune.tables.explaining import Curve, Explanation
from scratchtune.tables.reading.date_columns import written_day

OF_STUDY = ("history", "trials", "reasons", "cost", "reproduction")  # the sections of the search's report
WITH_MANY = ("importance", "parameters")  # and those that need `MANY` complete trials
MANY = 15
MOST_BARS = 15


def page(model: Any, path: str | os.PathLike[str], test_scores: Scores | None = None, source: str = "") -> None:
    """Write the report of a fitted `AutoML` as one HTML file, which needs no network and works without scripts.

    ``test_scores`` are those of a held-out test set, ``source`` is the name of the table. Of a model that was read from
    a file the search is not shown.

    Raises
        FileNotFoundError if the folder of ``path`` does not exist; ValueError if ``path`` is a folder.
    """
    write_text(path, html_of(model, test_scores, source))


def html_of(model: Any, test_scores: Scores | None = None, source: str = "") -> str:
    """Return the page as text."""
    parts = {"Result": _result(model, test_scores), "Scores": _scores(model, test_scores), "Audit": _audit(model),
             "Columns": _columns(model.explanation_), "Model": _model(model.explanation_)}
    content = [_section(title, body, "charts" if title == "Columns" else "text") for title, body in parts.items()]
    links = [(title, title.lower()) for title in parts]
    if getattr(model, "study_", None) is not None:
        view = View(model.study_, "search-", 3)
        names = (*OF_STUDY[:1], *WITH_MANY * (len(view.complete) >= MANY), *OF_STUDY[1:])
        content.append(element("div", element("h2", "The search", id="search"), element(
            "p", "Each configuration was trained on every fold of a cross-validation; its value is the loss of the "
            f"out-of-fold predictions: {model.explanation_.loss}, lower is better."),
            joined(drawn(section, view) for section in SECTIONS if section.name in names), class_="study"))
        links.append(("The search", "search"))
    file = one_line(os.path.basename(source), 60)
    title = f"Target {one_line(model.target_.name, 60)!r}" + f" of {file}" * bool(file)
    return document(title, f"{in_words(model.explanation_.scoring)}; {counted(model.rows_, 'row')}", links, content)


def _section(title: str, body: Iterable[Markup], class_: str) -> Markup:
    name = title.lower()
    return element("section", element("h2", title, id=f"{name}-title"), element("div", *body, class_=class_), id=name,
                   aria_labelledby=f"{name}-title")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _sentences(lines: Iterable[str]) -> Markup:
    return element("ul", *(element("li", line) for line in lines), class_="next")


def _table(name: str, cells: Sequence[Sequence[str]]) -> Markup:
    header, *rows = cells
    head = element("tr", element("th", header[0], scope="col"), *(
        element("th", cell, scope="col", class_="n") for cell in header[1:]))
    body = [element("tr", element("th", row[0], scope="row"), *(element("td", cell, class_="n") for cell in row[1:]))
            for row in rows]
    whole = element("table", element("caption", name), element("thead", head), element("tbody", *body), class_="facts")
    return scroller(name, whole)


def _result(model: Any, test_scores: Scores | None) -> list[Markup]:
    """The verdict, and what to expect on as many new rows as there are at hand."""
    rows = test_scores.rows if test_scores is not None else model.rows_
    expected = model.expected_score(rows)
    target = model.target_
    task = f"{len(target.classes)} classes" if target.classes else "values"
    facts = [("Target", f"{one_line(target.name, 40)}: {task}"), ("Metric", in_words(expected.scoring)),
             ("Expected", shown_score(expected.scoring, expected.score)),
             ("Rows", f"{model.rows_:,}"), ("Configurations tried", f"{len(model.leaderboard_):,}")]
    summary = element("dl", *(element("div", element("dt", term), element("dd", text)) for term, text in facts),
                      class_="summary")
    return [element("p", _sentence(model.verdict_.text), class_="verdict"),
            element("p", f"To expect {expected_in_words(expected)}."), summary]


def _scores(model: Any, test_scores: Scores | None) -> list[Markup]:
    """The scores beside those of simple models: of a test set, if there is one, and of cross-validation."""
    tables = {"Held-out test set, evaluated once": test_scores, "Cross-validation": model.scores_}
    return [part for name, scores in tables.items() if scores is not None for part in (
        _table(f"{name}: {counted(scores.rows, 'row')}", scores.cells()), _sentences(scores.notes()))]


def _audit(model: Any) -> list[Markup]:
    return [_sentences(model.audit_.lines() or ["Nothing was found: no column that predicts the target by itself, no "
                                                "constant, no identifier, no equal rows"])]


def _model(found: Explanation) -> list[Markup]:
    first, *rest = found.about_members()
    rows = [[one.name + (f" on {', '.join(one.columns)}" if one.columns else ""),
             *map(shown, (one.loss, one.rise, one.error))] for one in found.simple]
    table = _table("Simple models on the same rows, the simplest first",
                   [["simple model", found.loss, "higher than the model's by", "standard error"], *rows])
    return [element("p", _sentence(first)), *[_sentences(rest)] * bool(rest),
            element("p", _sentence(found.about_simple())), *[table] * bool(rows)]


def _columns(found: Explanation) -> list[Markup]:
    shown_ones = (found.visible or found.importances)[:MOST_BARS]
    about, *others = found.about_columns()
    best = shown_ones[0]
    bars = _bars([(one.column, [one.rise], one.ends) for one in shown_ones], "rise of the loss",
                 f"Importance of {counted(len(shown_ones), 'column')}: {one_line(best.column, 40)} matters the most, "
                 f"{shown(best.rise)} ({' to '.join(map(shown, best.ends))}).")
    note = " ".join(map(_sentence, (about, *others)))
    return [figure("Which columns matter", bars, note=note, wide=True), *map(_curve, found.curves)]


def _curve(curve: Curve) -> Markup:
    means, name = np.concatenate(list(curve.lines.values())), one_line(curve.column, 40)
    said = f"{one_line(curve.what, 60)} by {name}, from {shown(means.min())} to {shown(means.max())}."
    if curve.kind == "category":
        rows = [(label, [line[i] for line in curve.lines.values()], None) for i, label in enumerate(curve.labels())]
        drawing = _bars(rows, one_line(curve.what, 40), said)
    else:
        drawing = _lines(curve, said)
    keys = [element("span", element("span", class_=f"dash c{k}"), f" {one_line(label, 30)}", class_="pair")
            for k, label in enumerate(curve.lines)]
    legend = [element("p", *keys, class_="legend")] if len(keys) > 1 else []
    return figure(f"How the prediction changes with {name}", drawing, *legend,
                  note=f"The {curve.what} where the column has one value in all rows.")


def _lines(curve: Curve, description: str) -> Markup:
    box = Box()
    y = linear_scale(np.concatenate(list(curve.lines.values())), *box.inner_y)
    box = fitted(box, y)
    x = linear_scale(curve.values, *box.inner_x, most=4)
    if curve.kind == "date":
        x = x._replace(ticks=[(day, written_day(day)[:10]) for day in np.linspace(x.low, x.high, 4)[:-1].tolist()])
    lines = [polyline([(x.at(value), y.at(mean)) for value, mean in zip(curve.values, line, strict=True)],
                      f"curve c{k}") for k, line in enumerate(curve.lines.values())]
    return picture(box, description, axes(box, x, y, one_line(curve.column, 40), one_line(curve.what, 40)),
                   *lines)


Row = tuple[str, Sequence[float], tuple[float, float] | None]  # a label, values, and the interval of a single one


def _bars(rows: Sequence[Row], what: str, description: str) -> Markup:
    """One row for each label: a bar with its interval, or a dot for each value."""
    numbers = [number for _, values, ends in rows for number in (*values, *(ends or ()), *([0.0] if ends else ()))]
    box = Box(480.0, 46.0 + 22.0 * len(rows), 150.0, 20.0, 4.0, 42.0)
    x = linear_scale(numbers, *box.inner_x, most=4)
    marks: list[Markup] = []
    for row, (label, values, ends) in enumerate(rows):
        at = box.top + 22.0 * row + 11.0
        marks.append(element("text", one_line(label, 22), class_="tick end", x=box.left - 6, y=at + 4))
        if ends is None:
            marks += [element("circle", class_=f"fill-m{k}", cx=x.at(value), cy=at, r=4.5)
                      for k, value in enumerate(values)]
            continue
        zero, end = sorted((x.at(0.0), x.at(values[0])))
        marks += [element("rect", class_="bar", x=zero, y=at - 7, height=14.0, width=max(end - zero, 0.5)),
                  element("line", class_="axis", x1=x.at(ends[0]), x2=x.at(ends[1]), y1=at, y2=at)]
    return picture(box, description, axes(box, x, Scale(0.0, 1.0, *box.y, False, []), what, ""), *marks,
                   class_="chart bars")
