"""The sections of a report, in order: each draws a part of the page, or says in a sentence why it can't.

A further section is a further entry of `SECTIONS`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from scratchtune.checks import counted
from scratchtune.insight.reporting import charts, images, parameter_charts
from scratchtune.insight.reporting.markup import Markup, element, joined, one_line
from scratchtune.insight.reporting.next_steps import next_steps
from scratchtune.insight.reporting.reproduction import reproduction
from scratchtune.insight.reporting.trials_table import data, reasons, shown_value, table
from scratchtune.insight.reporting.view import View
from scratchtune.insight.verdicts import verdict
from scratchtune.insight.winners_curse import optimism
from scratchtune.study.best import best_first


class Section(NamedTuple):
    """A part of the page: its id, its heading, and the functions that draw it, one after the other."""

    name: str
    title: str
    parts: tuple[Callable[[View], Markup], ...]
    complete: bool = True  # whether it needs a complete trial
    charts: bool = True  # whether its parts are pictures, two beside each other where there is room
    trials: bool = True  # whether it needs a trial


def drawn(section: Section, view: View) -> Markup:
    """Return a section; each of its parts that raises a ValueError is replaced by the sentence of that error."""
    name = f"{view.key}{section.name}"
    if not view.trials and section.trials:
        body = [element("p", "The study has no trial yet.", class_="empty")]
    elif section.complete and view.best is None:
        body = [element("p", "No trial is complete, so there is nothing to show here.", class_="empty")]
    else:
        body = [_or_sentence(part, view) for part in section.parts]
    return element("section", element(f"h{view.level}", section.title, id=f"{name}-title"),
                   element("div", *body, class_="charts" if section.charts else "text"), id=name,
                   aria_labelledby=f"{name}-title")


def _or_sentence(part: Callable[[View], Markup], view: View) -> Markup:
    try:
        with np.errstate(all="ignore"):  # values near the largest number
            return part(view)
    except ValueError as problem:
        text = str(problem)
    except Exception as problem:  # one part that fails must not cost the reader the others
        text = f"this part could not be drawn: {type(problem).__name__}: {one_line(problem, 200)}"
        warnings.warn(f"report of {one_line(view.study.name, 40)!r}: {text}", stacklevel=2)
    return element("p", text[:1].upper() + text[1:] + ("" if text.endswith(".") else "."), class_="empty")


def verdict_sentence(view: View) -> Markup:
    """Whether the gain is real, in one sentence."""
    return element("p", verdict(view.study, "value"), class_="verdict")


def optimism_sentence(view: View) -> Markup:
    """By how much the best value is too good, as the best of many."""
    if not any(trial.scores for trial in view.complete):
        raise ValueError("This needs the scores of folds, as from cross-validation, and the trials have none. With the "
                         "standard deviation of a value over repeated evaluations of one configuration, "
                         "st.insight.optimism(study, noise=...) estimates it.")
    text = str(optimism(view.study))
    return element("p", f"{text[:1].upper()}{text[1:]}.")


def best_configuration(view: View) -> Markup:
    """The parameters of the best trial."""
    assert view.best is not None
    rows = [element("tr", element("th", one_line(name), scope="row"), element("td", shown_value(value)))
            for name, value in view.best.shared_params.items()]
    link = element("a", "Why it was proposed", href=f"#{view.key}trial-{view.best.number}")
    budget = "" if view.best.budget is None else f", budget {view.best.budget:g}"
    caption = element("caption", f"Trial {view.best.number}, value {view.best.value:.6g}{budget}")
    return joined([element("table", caption, element("tbody", *rows), class_="facts"), _of_budgets(view),
                   element("p", link)])


def _of_budgets(view: View) -> Markup:
    """Of which budgets the best trial is the best, where trials have several."""
    budgets = {trial.budget for trial in view.complete if trial.budget is not None}
    if len(budgets) < 2:
        return Markup("")
    largest = max(budgets)
    full = [trial for trial in view.complete if trial.budget == largest]
    first = best_first(full, view.study.direction)[0]
    text = f"It has the best value over all budgets, which are {min(budgets):g} to {largest:g}. "
    if first is view.best:
        return element("p", text + "Its budget is the largest.")
    return element("p", f"{text}Of the {counted(len(full), 'trial')} with the largest budget, trial {first.number} has "
                        f"the best value, {first.value:.6g}; values of different budgets are not comparable.")


def summary(view: View) -> Markup:
    """The figures that a reader looks for first."""
    best, seconds = view.best, sum(trial.seconds or 0.0 for trial in view.trials)
    facts = [("Best value", "none" if best is None else f"{best.value:.6g}"),
             ("Of trial", "none" if best is None else str(best.number)),
             ("Trials", f"{len(view.trials):,}"), ("Time in trials", _duration(seconds))]
    if not isinstance(view.shares, str):
        name, share = max(((name, share) for name, share in view.shares.items() if isinstance(name, str)),
                          key=lambda pair: pair[1], default=("", 0.0))
        facts += [("Most important parameter", f"{one_line(name, 40)} ({share:.0%})")] * bool(name)
    return element("dl", *(element("div", element("dt", term), element("dd", text)) for term, text in facts),
                   class_="summary")


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.3g} s"


def cost(view: View) -> Markup:
    """The seconds, rows and budgets that the trials took, and the idle share of the workers."""
    trials = view.trials
    seconds = [trial.seconds for trial in trials if trial.seconds is not None]
    rows = [("Trials", f"{len(trials):,} ({', '.join(f'{n:,} {state}' for state, n in view.states.items())})")]
    if seconds:
        rows += [("Seconds in trials, summed", f"{sum(seconds):,.2f}"),
                 ("Longest trial", f"{max(seconds):,.2f} s")]
    begun = [trial.started for trial in trials if trial.started]
    ended = [trial.finished for trial in trials if trial.finished]
    if begun and ended:
        rows += [("First trial began", _date(min(begun))), ("Last trial ended", _date(max(ended))),
                 ("From the first to the last", f"{max(ended) - min(begun):,.2f} s")]
    visits = [trial.visits for trial in trials if trial.visits is not None]
    if visits:
        rows.append(("Rows visited (epochs x rows x folds)", f"{sum(visits):,}"))
    budgets = [trial.budget for trial in trials if trial.budget is not None]
    if budgets:
        rows.append(("Budgets, summed", f"{sum(budgets):,.10g}"))
    idle = getattr(view.study, "idle_share", None)
    rows.append(("Workers' idle share", "not recorded" if idle is None else f"{idle:.1%}"))
    body = [element("tr", element("th", name, scope="row"), element("td", text)) for name, text in rows]
    return element("table", element("caption", "Time and cost"), element("tbody", *body), class_="facts")


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


SECTIONS = (
    Section("verdict", "Verdict", (verdict_sentence, summary), False, False, False),
    Section("best", "Best configuration", (best_configuration,), charts=False),
    Section("optimism", "How sure it is", (optimism_sentence,), charts=False),
    Section("importance", "What mattered", (
        charts.legend, charts.importance_bars, parameter_charts.rank, images.contour, images.dependence)),
    Section("next", "What to do next", (next_steps,), False, False, False),
    Section("history", "History", (charts.legend, charts.history)),
    Section("parameters", "Parameters", (parameter_charts.parallel, parameter_charts.slices)),
    Section("searcher", "What the searcher saw", (images.searcher_pictures,)),
    Section("values", "Values", (charts.distribution, charts.reports)),
    Section("trials", "Trials", (table, data), False, False),
    Section("reasons", "Reasons", (reasons,), False, False),
    Section("cost", "Time and cost", (cost, charts.timeline), False),
    Section("reproduction", "How to reproduce it", (reproduction,), False, False, False),
)
