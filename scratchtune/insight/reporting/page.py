"""The document: head, navigation and sections of one study, or of several, written as one file.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from scratchtune.checks import counted
from scratchtune.files import write_text
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.reporting.comparison import comparison
from scratchtune.insight.reporting.markup import Markup, element, joined, one_line
from scratchtune.insight.reporting.sections import SECTIONS, drawn
from scratchtune.insight.reporting.view import View


def report(study: TrialTable | Sequence[TrialTable], path: str | os.PathLike[str]) -> None:
    """Write a report of a study as one HTML file, which needs no network and works without scripts.

    It shows the best configuration, all trials with the reasons why they were proposed, pictures, the importance of the
    parameters, time and cost, and how to run the study again. ``study`` is a `Study`, one that was read from a file,
    or a list of them, which are compared at the top of the page. The file is replaced in one step.

    Raises
        TypeError if ``study`` is no study; FileNotFoundError if the folder of ``path`` does not exist; ValueError if
        ``path`` is a folder.
    """
    write_text(path, html_of(study))


def html_of(study: TrialTable | Sequence[TrialTable]) -> str:
    """Return the page of `report` as text."""
    several = len(studies := _as_list(study)) > 1
    views = [View(one, f"s{number}-" if several else "", 3 if several else 2) for number, one in enumerate(studies)]
    title = f"{len(studies):,} studies" if several else one_line(studies[0].name, 80)
    body = [*([comparison(views)] if several else []), *(_study(view, several) for view in views)]
    return document(title, *_about(views), body)


def document(title: str, subtitle: str, links: Sequence[tuple[str, str]], content: Sequence[Markup]) -> str:
    """Return a whole page as text; ``links``, (text, id), lead to its parts."""
    contents = [element("li", element("a", text, href=f"#{name}")) for text, name in links]
    body = element(
        "body", element("a", "Skip to the content", href="#main", class_="skip"), element(
            "header", element("p", "scratchtune report", class_="kicker"), element("h1", title),
            element("p", subtitle, class_="subtitle")),
        element("nav", element("ul", *contents), aria_label="Sections"), element("main", *content, id="main"))
    return f"<!DOCTYPE html>\n{element('html', _head(title), body, lang='en')}\n"


def _as_list(study: Any) -> list[TrialTable]:
    several = isinstance(study, (list, tuple)) and not hasattr(study, "trials")  # a StoredStudy is a tuple too
    studies = list(study) if several else [study]
    if not studies or not all(hasattr(one, "trials") and hasattr(one, "space") for one in studies):
        raise TypeError(f"study is {study!r}; it must be a Study, or a list of at least one Study")
    return studies


def _head(title: str) -> Markup:
    style, script = (files("scratchtune.insight.reporting").joinpath(name).read_text(encoding="utf-8")
                     for name in ("report.css", "report.js"))
    policy = (f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:; "
              "base-uri 'none'; form-action 'none'")
    return element(
        "head", element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} - scratchtune report"), element("style", Markup(style)),
        element("script", Markup(script), type="module"))


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _about(views: list[View]) -> tuple[str, list[tuple[str, str]]]:
    """Return what stands below the title, and the links to the parts of the page."""
    if len(views) > 1:
        links = [("Comparison", "comparison"), *((one_line(view.study.name, 40), f"{view.key}study") for view in views)]
        return f"{sum(len(view.trials) for view in views):,} trials in all", links
    counts = ", ".join(f"{count:,} {state}" for state, count in views[0].states.items())
    return (f"{counted(len(views[0].trials), 'trial')}{f' ({counts})' if counts else ''}; values are "
            f"{views[0].study.direction}d", [(section.title, section.name) for section in SECTIONS])


def _study(view: View, several: bool) -> Markup:
    head = element("h2", one_line(view.study.name), id=f"{view.key}study") if several else ""
    return element("div", head, joined(drawn(section, view) for section in SECTIONS), class_="study")
