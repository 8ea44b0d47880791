"""The document: head, navigation and sections of one study, or of several, written as one file.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from scratchtune.checks import counted
from scratchtune.files import replaceable, write_text
from scratchtune.insight.drawing import TrialTable, canvas
from scratchtune.insight.history_plots import plot_optimization_history
from scratchtune.insight.reporting.markup import Markup, element, joined, one_line, table
from scratchtune.insight.reporting.pictures import WIDE, picture
from scratchtune.insight.reporting.sections import SECTIONS, drawn
from scratchtune.insight.reporting.view import View

ENDINGS = (".html", ".htm")


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
    body = [*([_comparison(views)] if several else []), *(_study(view, several) for view in views)]
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


def _comparison(views: Sequence[View]) -> Markup:
    """The section at the top of a page of several studies: their results, and the best value so far of each."""
    parts = [table("Results of the studies", ("study", "trials", "complete", "best value", "of trial",
                                              "seconds in trials"), map(_result, views))]
    if len({view.study.direction for view in views}) > 1:
        parts.append(element("p", "Some of the studies minimize and others maximize, so their values are not drawn in "
                                  "one picture.", class_="empty"))
    elif any(view.complete for view in views):
        ends = ", ".join(f"{one_line(view.study.name)} {view.best.value:.6g}" for view in views if view.best)
        axes = plot_optimization_history([view.study for view in views], canvas(1, WIDE)[1])
        parts.append(picture(View(views[0].study, "all-"), axes, "Best value so far",
                             f"Best value so far of {len(views):,} studies; at the end: {ends}."))
    return element("section", element("h2", "Comparison", id="comparison-title"),
                   element("div", *parts, class_="charts"), id="comparison", aria_labelledby="comparison-title")


def _result(view: View) -> list[Any]:
    """The cells of a study in the table of several."""
    best = ("", "") if view.best is None else (f"{view.best.value:.6g}", str(view.best.number))
    return [element("a", one_line(view.study.name), href=f"#{view.key}study"), f"{len(view.trials):,}",
            f"{len(view.complete):,}", *best, f"{sum(trial.seconds or 0.0 for trial in view.trials):,.2f}"]


def _study(view: View, several: bool) -> Markup:
    head = element("h2", one_line(view.study.name), id=f"{view.key}study") if several else ""
    return element("div", head, joined(drawn(section, view) for section in SECTIONS), class_="study", data_key=view.key)


def report_path(given: str | os.PathLike[str] | None, default: Path, option: str = "--report") -> Path | None:
    """Return the path of the report: None where none is wanted, ``default`` where the option has no FILE.

    Raises
        ValueError, OSError where no page can be written there.
    """
    if given is None:
        return None
    path = Path(given) if str(given) else default
    written = f"{option} is {str(path)!r}"
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{written}; its name must end in {' or '.join(ENDINGS)}")
    if path.is_dir():
        raise ValueError(f"{written}, a folder; it must be the name of a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{written}; there is no folder {str(path.parent)!r}")
    try:
        tempfile.TemporaryFile(dir=replaceable(path).parent).close()
    except OSError as problem:
        raise OSError(f"{written}; no file can be made there: {problem.strerror or problem}") from None
    return path
