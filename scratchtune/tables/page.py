"""The page of a model: what it predicts, how well, what to expect, which columns matter; the search comes below.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from scratchtune.core.checks import counted
from scratchtune.core.files import write_text
from scratchtune.insight.drawing import COLOURS, canvas, finish, plain
from scratchtune.insight.reporting.markup import Markup, element, figure, joined, one_line, sentences, table
from scratchtune.insight.reporting.page import SECTIONS, document, drawn
from scratchtune.insight.reporting.svg import drawing
from scratchtune.insight.reporting.view import View
from scratchtune.tables.evaluating import Scores, expected_in_words, in_words, shown, shown_score
from scratchtune.tables.explaining import Explanation

OF_STUDY = ("history", "trials", "reasons", "cost", "reproduction")  # the sections of the search's report
WITH_MANY = ("importance", "parameters")  # and those that need `MANY` complete trials
MANY = 15
MOST_BARS = 15


def page(model: Any, path: str | os.PathLike[str], source: str = "") -> None:
    """Write the report of a fitted `AutoML`, whose table is named ``source``, as one HTML file, by `write_text`."""
    write_text(path, html_of(model, source))


def html_of(model: Any, source: str = "") -> str:
    """Return the page as text: it needs no network and no scripts. A model from a file has no search to show."""
    parts = {"Result": _result(model), "Scores": _scores(model.scores_), "Audit": _audit(model),
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


def _result(model: Any) -> list[Markup]:
    """The verdict, the score to expect on as many new rows as were trained on, and a summary in a few words."""
    expected = model.expected_score(model.rows_)
    target = model.target_
    task = f"{len(target.classes)} classes" if target.classes else "values"
    facts = [("Target", f"{one_line(target.name, 40)}: {task}"), ("Metric", in_words(expected.scoring)),
             ("Expected", shown_score(expected.scoring, expected.score)),
             ("Rows", f"{model.rows_:,}"), ("Configurations tried", f"{len(model.leaderboard_):,}")]
    summary = element("dl", *(element("div", element("dt", term), element("dd", text)) for term, text in facts),
                      class_="summary")
    return [element("p", _sentence(model.verdict_.text), class_="verdict"),
            element("p", f"To expect {expected_in_words(expected)}."), summary]


def _scores(scores: Scores) -> list[Markup]:
    """The scores by cross-validation, beside those of simple models."""
    header, *rows = scores.cells()
    return [table(f"Cross-validation: {counted(scores.rows, 'row')}", header, rows), sentences(scores.notes())]


def _audit(model: Any) -> list[Markup]:
    return [sentences(model.audit_.lines() or ["Nothing was found: no column that predicts the target by itself, no "
                                                "constant, no identifier, no equal rows"])]


def _model(found: Explanation) -> list[Markup]:
    first, *rest = found.about_members()
    return [element("p", _sentence(first)), *[sentences(rest)] * bool(rest), element("p", _sentence(found.simple))]


def _columns(found: Explanation) -> list[Markup]:
    ones = (found.visible or found.importances)[:MOST_BARS]
    about, *others = found.about_columns()
    best, ends = ones[0], np.array([one.ends for one in ones])
    axes = canvas(1, (7.0, 0.8 + 0.3 * len(ones)))[1]
    rises = np.array([one.rise for one in ones])
    axes.barh(range(len(ones)), rises, 0.7, xerr=np.abs(ends.T - rises), color=COLOURS[5], ecolor="0.3")
    axes.set_yticks(range(len(ones)), [plain(one.column, 22) for one in ones])
    axes.set_ylim(len(ones) - 0.4, -0.6)
    finish(axes, "rise of the loss")
    said = (f"Importance of {counted(len(ones), 'column')}: {one_line(best.column, 40)} matters the most, "
            f"{shown(best.rise)} ({' to '.join(map(shown, best.ends))}).")
    return [figure("Which columns matter", drawing(axes.figure, said, "columns"),
                   note=" ".join(map(_sentence, (about, *others))), wide=True)]
