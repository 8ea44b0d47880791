"""The document of one study, or of several: its sections, in order, with head and navigation, written as one file.

The first section is what a reader looks for first: the verdict, the best configuration, how sure it is, and what to do
next. A further section is a further entry of `SECTIONS`.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from scratchtune.core.checks import counted
from scratchtune.core.files import write_text
from scratchtune.core.search import Categorical
from scratchtune.core.study.best import best_first, none_feasible, repeats, said_repeats
from scratchtune.core.study.trial import configuration
from scratchtune.insight import drawing
from scratchtune.insight.drawing import TrialTable, canvas
from scratchtune.insight.history_plots import plot_optimization_history
from scratchtune.insight.reporting import pictures
from scratchtune.insight.reporting.markup import Markup, element, facts, joined, one_line, sentences, table
from scratchtune.insight.reporting.view import View, cost, reasons, reproduction, shown_value, trials_table
from scratchtune.insight.verdicts import optimism, verdict

NEAR = 0.02  # of a parameter's range: a value so near to an end is at the end
MANY_FAILED, LATE = 0.1, 0.8  # shares of trials
MOST_STEPS = 3  # sentences of what to do next


class Section(NamedTuple):
    """A part of the page: its id, its heading, and the functions that draw it, one after the other."""

    name: str
    title: str
    parts: tuple[Callable[[View], Markup], ...]
    complete: bool = True  # whether it needs a complete trial
    charts: bool = True  # whether its parts are pictures, two beside each other where there is room
    trials: bool = True  # whether it needs a trial
    closed: bool = False  # whether the reader opens it


def drawn(section: Section, view: View) -> Markup:
    """Return a section; each of its parts that raises a ValueError is replaced by the sentence of that error."""
    name = f"{view.key}{section.name}"
    if not view.trials and section.trials:
        body = [element("p", "The study has no trial yet.", class_="empty")]
    elif section.complete and view.best is None:
        text = none_feasible(view.trials) or "no trial is complete, so there is nothing to show here"
        body = [element("p", f"{text[0].upper()}{text[1:]}.", class_="empty")]
    else:
        body = [_or_sentence(part, view) for part in section.parts]
    head = element(f"h{view.level}", section.title, id=f"{name}-title")
    whole = element("div", *body, class_="charts" if section.charts else "text")
    if section.closed:
        head, whole = element("details", element("summary", head), whole, class_="closed"), Markup("")
    return element("section", head, whole, id=name, aria_labelledby=f"{name}-title")


def _or_sentence(part: Callable[[View], Markup], view: View) -> Markup:
    try:
        with np.errstate(all="ignore"):  # values near the largest number
            return part(view)
    except ValueError as problem:
        text = str(problem)
    except Exception as problem:  # one part that fails must not cost the reader the others
        text = f"this part could not be drawn: {type(problem).__name__}: {one_line(problem, 200)}"
        at = traceback.extract_tb(problem.__traceback__)[-1]
        warnings.warn(f"report of {one_line(view.study.name, 40)!r}, {getattr(part, '__name__', part)}: {text} "
                      f"({at.filename}, line {at.lineno})", stacklevel=2)
    return element("p", text[:1].upper() + text[1:] + ("" if text.endswith(".") else "."), class_="empty")


# The first screen ----------------------------------------------------------------------------------------------------


def headline(view: View) -> Markup:
    """The verdict, in one sentence."""
    return element("p", verdict(view.study, "value"), class_="verdict")


def best_configuration(view: View) -> Markup:
    """The parameters of the best trial, with a link to the reason for which it was proposed."""
    if (best := view.best) is None:
        return Markup("")
    budget = "" if best.budget is None else f", budget {best.budget:g}"
    why = element("a", "why it was proposed", href=f"#{view.key}trial-{best.number}")
    return facts(joined([f"Best configuration: trial {best.number}, value {best.value:.6g}{budget} (", why, ")"]),
                 [(one_line(name), shown_value(value)) for name, value in configuration(best).items()])


def certainty(view: View) -> Markup:
    """How sure the best value is, in one sentence: by its folds, its repetitions, or the next configuration."""
    if view.best is None or view.best.value is None:
        return Markup("")
    values = [trial.value or 0.0 for trial in best_first(view.trials, view.study.direction)]
    text = said = said_repeats(repeats(view.trials, view.best, view.study.space))
    if any(trial.scores for trial in view.complete):
        text = f"{optimism(view.study)}{f'; {said}' if said else ''}"
    elif not said and len(values) > 1:
        text = (f"the next best of {len(values):,} comparable values differs by {abs(values[1] - values[0]):.2g}: "
                "where repeated evaluations differ by as much, either configuration may be the better one")
    return element("p", f"{text[:1].upper()}{text[1:]}.") if text else Markup("")


def next_steps(view: View) -> Markup:
    """What to do next, as a list."""
    return joined([element("p", element("b", "What to do next")), sentences(advice(view))])


def advice(view: View) -> list[str]:
    """What to do next, at most `MOST_STEPS` sentences, the most urgent one first."""
    if not view.trials:
        return ["Run the study; the script below shows how."]
    rest = [_ends(view), _progress(view), _unimportant(view)] if view.best else [
        f"Run more trials: {none_feasible(view.trials) or 'none is complete'}."]
    return [text for text in (_failures(view), *rest) if text][:MOST_STEPS]


def _failures(view: View) -> str:
    errors = Counter(one_line(trial.error, 160) for trial in view.trials if trial.state == "failed")
    if not errors or errors.total() < MANY_FAILED * len(view.trials):
        return ""
    (error, times), = errors.most_common(1)
    return (f"Look at the failures: {errors.total():,} of {counted(len(view.trials), 'trial')} failed, "
            f"{times:,} of them with: {error}")


def _ends(view: View) -> str:
    """Say which numeric parameters have their best value at an end of their range; an empty text if none has."""
    assert view.best is not None
    found = []
    for name, value in configuration(view.best).items():
        parameter = view.study.space.parameters[name]
        if isinstance(parameter, Categorical) or parameter.low == parameter.high:
            continue
        at = float(drawing.fractions(parameter, np.array([float(value)]))[0])
        few = isinstance(parameter.low, int) and parameter.high - parameter.low < 4
        if not few and not NEAR < at < 1.0 - NEAR:
            found.append(f"{one_line(name, 60)} ({one_line(value)}, {'lower' if at < 0.5 else 'upper'} end)")
    return (f"Extend the range{'s' * (len(found) > 1)} where that makes sense, since the best value is "
            f"at an end: {', '.join(found)}.") if found else ""


def _progress(view: View) -> str:
    assert view.best is not None
    budget, alike = view.best.budget, [one.number for one in view.trials if one.budget == view.best.budget]
    rank = alike.index(view.best.number)
    if len(alike) < 10 or rank >= LATE * len(alike):
        return (f"Run more trials: the best of {len(alike):,}{'' if budget is None else f' with budget {budget:g}'} is "
                f"trial {view.best.number}, so the study may not have converged.")
    return f"The last {counted(len(alike) - 1 - rank, 'trial')} gave no better value; more of the same may add little."


def _unimportant(view: View) -> str:
    if isinstance(view.shares, str):
        return ""
    names = [one_line(name, 40) for name in view.shares.without_visible_effect()]
    return ("These had no visible effect over the whole range, bad trials included; look at the slices before fixing "
            f"them: {', '.join(names)}.") if names else ""


SECTIONS = (
    Section("result", "Result", (headline, best_configuration, certainty, next_steps), False, False, False),
    Section("importance", "What mattered", (pictures.importance, pictures.slices, pictures.dependence)),
    Section("history", "History", (pictures.history, pictures.distribution, pictures.reports)),
    Section("parameters", "Parameters", (pictures.parallel, pictures.contour)),
    Section("trials", "Trials", (trials_table,), False, False),
    Section("reasons", "Reasons", (reasons,), False, False, closed=True),
    Section("searcher", "What the searcher saw", (pictures.searcher_pictures,), closed=True),
    Section("cost", "Time and cost", (cost, pictures.timeline), False, closed=True),
    Section("reproduction", "How to reproduce it", (reproduction,), False, False, False, closed=True),
)


# The document --------------------------------------------------------------------------------------------------------


def report(study: TrialTable | Sequence[TrialTable], path: str | os.PathLike[str]) -> None:
    """Write a report of a study as one HTML file, which needs no network and works without scripts.

    ``study`` is a `Study`, one that was read from a file, or a list of them, which are compared at the top of the page.
    The file is replaced in one step. A TypeError if ``study`` is no study; a FileNotFoundError if the folder of
    ``path`` does not exist; a ValueError if ``path`` is a folder.
    """
    write_text(path, html_of(study))


def html_of(study: TrialTable | Sequence[TrialTable]) -> str:
    """Return the page of `report` as text."""
    several = len(studies := drawing.as_studies(study)) > 1
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


def _head(title: str) -> Markup:
    folder = files("scratchtune.insight.reporting")
    style, script = (re.sub(r"(?m)^\s+|^//.*\n", "", folder.joinpath(name).read_text(encoding="utf-8"))  # unindented
                     for name in ("report.css", "report.js"))
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    policy = ("default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; "
              "form-action 'none'").format(*hashes)
    return element(
        "head", element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} - scratchtune report"), element("style", Markup(style)),
        element("script", Markup(script), type="module"))


def _about(views: list[View]) -> tuple[str, list[tuple[str, str]]]:
    """Return the subtitle of a page, and the links to its parts, (text, id)."""
    if len(views) > 1:
        links = [("Comparison", "comparison"), *((one_line(view.study.name, 40), f"{view.key}study") for view in views)]
        return f"{sum(len(view.trials) for view in views):,} trials in all", links
    counts = ", ".join(f"{count:,} {state}" for state, count in views[0].states.items())
    return (f"{counted(len(views[0].trials), 'trial')}{f' ({counts})' if counts else ''}; values are "
            f"{views[0].study.direction}d", [(section.title, section.name) for section in SECTIONS])


def _comparison(views: Sequence[View]) -> Markup:
    """The section at the top of a page of several studies: their results, and the best value so far of each."""
    rows = [(element("a", one_line(view.study.name), href=f"#{view.key}study"), f"{len(view.trials):,}",
             f"{len(view.complete):,}", *((f"{view.best.value:.6g}", view.best.number) if view.best else ("", "")),
             f"{sum(trial.seconds or 0.0 for trial in view.trials):,.2f}") for view in views]
    parts = [table("Results of the studies", ("study", "trials", "complete", "best value", "of trial",
                                              "seconds in trials"), rows)]
    if len({view.study.direction for view in views}) > 1:
        parts.append(element("p", "Some of the studies minimize and others maximize, so their values are not drawn in "
                                  "one picture.", class_="empty"))
    elif any(view.complete for view in views):
        ends = ", ".join(f"{one_line(view.study.name)} {view.best.value:.6g}" for view in views if view.best)
        axes = plot_optimization_history([view.study for view in views], canvas(1, pictures.WIDE)[1])
        parts.append(pictures.picture(View(views[0].study, "all-"), axes, "Best value so far", f"At the end: {ends}."))
    return element("section", element("h2", "Comparison", id="comparison-title"),
                   element("div", *parts, class_="charts"), id="comparison", aria_labelledby="comparison-title")


def _study(view: View, several: bool) -> Markup:
    head = element("h2", one_line(view.study.name), id=f"{view.key}study") if several else ""
    return element("div", head, joined(drawn(section, view) for section in SECTIONS), class_="study", data_key=view.key)
