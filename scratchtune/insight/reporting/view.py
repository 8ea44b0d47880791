"""What a report says of a study: the table of trials with their reasons, what it took, and how to run it again."""

from __future__ import annotations

import functools
import platform
import re
import time
from string import ascii_lowercase
from typing import Any

import numba
import numpy as np
from llvmlite.binding import get_host_cpu_name

from scratchtune.core.search import SEARCHERS
from scratchtune.core.search.parameters import Categorical
from scratchtune.core.study.best import best_first
from scratchtune.core.study.trial import Trial, configuration, requests_of
from scratchtune.core.version import __version__
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.importances import Importance, importance
from scratchtune.insight.reporting.markup import Markup, element, facts, joined, one_line, sentences

LONGEST = 60  # characters of a cell
MOST_PRINTED = 50  # rows on paper
OTHERS = {"budget": "budget", "parent": "continues", "seconds": "seconds"}  # attributes, and their columns
CLASSES = {"AsyncHalving", "Categorical", "Float", "Int", "MedianStopping", "Study", "SuccessiveHalving",
           *(searcher.__name__ for searcher in SEARCHERS.values())}  # that a script imports from scratchtune
DEFAULTS = r"(, (step|when|prior)=None)+\)$"  # at the end of the repr of a parameter


class View:
    """A study and what the sections of its report share; computed once.

    ``complete`` are the complete trials, ``states`` how many trials are in each state that occurs; ``key`` is a prefix
    for the ids of the page, which may show several studies, ``prefixes`` has one for the ids of each picture; ``level``
    is that of its sections' headings.
    """

    def __init__(self, study: TrialTable, key: str = "", level: int = 2) -> None:
        self.study: Any = study
        self.key, self.level = key, level
        self.prefixes = (f"{key}{letter}" for letter in ascii_lowercase)
        self.trials = study.trials
        self.complete = [trial for trial in self.trials if trial.state == "complete"]
        self.best: Trial | None = next(iter(best_first(self.trials, study.direction)), None)
        self.names = list(study.space.names)
        found = [trial.state for trial in self.trials]
        self.states = {state: found.count(state) for state in ("complete", "stopped", "failed", "running")
                       if state in found}

    @functools.cached_property
    def shares(self) -> Importance | str:
        """The importance of the parameters, or the sentence that says why there is none."""
        try:
            return importance(self.study)
        except ValueError as problem:
            return str(problem)

    def ordered_names(self, most: int | None = None) -> list[str]:
        """The parameters, at most so many, the most important ones first where importances are known."""
        shares: dict[Any, float] = {} if isinstance(self.shares, str) else dict(self.shares)
        return sorted(self.names, key=lambda name: -shares.get(name, 0.0))[:most]


def trials_table(view: View) -> Markup:
    """The table of all trials, in a region of its own that scrolls."""
    numeric = {name: not isinstance(one, Categorical) for name, one in view.study.space.parameters.items()}
    others = [name for name in OTHERS if any(getattr(trial, name) is not None for trial in view.trials)]
    columns = [("trial", True), ("state", False), ("value", True), *numeric.items(),
               *((OTHERS[name], True) for name in others)]
    head = [element("th", one_line(name, LONGEST), scope="col", class_="n" if number else None)
            for name, number in columns]
    ranked = [trial.number for trial in best_first(view.trials, view.study.direction)]
    printed = set([*ranked, *(trial.number for trial in view.trials if trial.number not in {*ranked})][:MOST_PRINTED])
    rows = [_row(view, trial, [_cell(configuration(trial).get(name), number) for name, number in numeric.items()]
                 + [_cell(getattr(trial, name), True, name) for name in others], trial.number in printed)
            for trial in view.trials]
    caption = element("caption", f"All {len(rows):,} trials, in order of number. The number leads to the reason.")
    whole = element("table", caption, element("thead", element("tr", *head)), element("tbody", *rows), class_="trials")
    region = element("div", whole, class_="scroll tall", tabindex=0, role="region", aria_label="Table of trials")
    note = f"Printed are the best {len(printed):,} of {len(rows):,} trials; the page on a screen shows all."
    return joined([region, *[element("p", note, class_="printed")] * (len(printed) < len(rows))])


def _row(view: View, trial: Trial, cells: list[Markup], printed: bool) -> Markup:
    best = trial is view.best
    number = element("th", element("a", str(trial.number), href=f"#{view.key}trial-{trial.number}"),
                     element("b", " best") if best else "", scope="row", class_="n")
    state = "infeasible" if trial.violation else trial.state
    return element("tr", number, _cell(state, False), _cell(trial.value, True), *cells,
                   class_="is-best" if best else None if printed else "more")


def _cell(value: Any, number: bool, name: str = "") -> Markup:
    text = "" if value is None else shown_value(value, name)
    return element("td", text, class_="n") if number else element("td", text)


def shown_value(value: Any, name: str = "") -> str:
    """A value as it is in a cell: a number with up to six significant digits, else a text on one line."""
    if isinstance(value, float):
        return f"{value:.2f}" if name == "seconds" else f"{value:.6g}"
    return one_line(value, LONGEST)


def reasons(view: View) -> Markup:
    """Why each trial was proposed, with its error and its scores; its parameters are in the table."""
    return element("div", *(_reason(view, trial) for trial in view.trials), class_="reasons")


def _reason(view: View, trial: Trial) -> Markup:
    value = "" if trial.value is None else f", value {trial.value:.6g}"
    parts = [element("p", str(view.study.why(trial.number)).removeprefix(f"Trial {trial.number}: "))]
    if trial.error is not None:
        parts.insert(0, element("p", f"Failed: {trial.error}", class_="error"))
    if trial.scores:
        parts.append(element("p", "Scores of the folds: " + ", ".join(
            "failed" if score is None else f"{score:.6g}" for score in trial.scores)))
    if trial.traceback is not None:
        parts.append(element("pre", trial.traceback, tabindex=0))
    return element("details", element("summary", f"Trial {trial.number}: {trial.state}{value}"), *parts,
                   id=f"{view.key}trial-{trial.number}")


def cost(view: View) -> Markup:
    """The seconds, rows and budgets that the trials took, and the idle share of the workers."""
    known = {name: [value for trial in view.trials if (value := getattr(trial, name)) is not None]
             for name in ("seconds", "started", "finished", "visits", "budget")}
    idle = getattr(view.study, "idle_share", None)
    rows = [("Trials", f"{len(view.trials):,} ({', '.join(f'{n:,} {state}' for state, n in view.states.items())})")]
    if known["seconds"]:
        rows += [("Seconds in trials, summed", f"{sum(known['seconds']):,.2f}"),
                 ("Longest trial", f"{max(known['seconds']):,.2f} s")]
    if known["started"] and known["finished"]:
        begin = min(known["started"])
        day = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(begin))
        rows.append(("From the first to the last", f"{max(known['finished']) - begin:,.2f} s, from {day} on"))
    rows += [("Rows visited (epochs x rows x folds)", f"{sum(known['visits']):,}")] * bool(known["visits"])
    rows += [("Budgets, summed", f"{sum(known['budget']):,.10g}")] * bool(known["budget"])
    return facts("Time and cost", [*rows, ("Workers' idle share", "not recorded" if idle is None else f"{idle:.1%}")])


def reproduction(view: View) -> Markup:
    """How to run the study again: a script, what it lacks, and a table of versions."""
    versions = [("scratchtune", __version__), ("NumPy", np.__version__), ("Numba", numba.__version__),
                ("Python", platform.python_version()), ("System", f"{platform.system()} {platform.machine()}"),
                ("Processor", get_host_cpu_name())]
    return joined([
        element("pre", script(view), tabindex=0, aria_label="Python script"),
        element("p", "Not recorded in the study, and needed to run it again:"), sentences(_missing(view.study)),
        element("p", "Software and processor that wrote this report. The study does not record those that it ran with; "
                     "with another instruction set a Gaussian process or a network may differ in the last digits."),
        facts("Versions", versions)])


def script(view: View) -> str:
    """A Python script that makes the study again, as far as it is recorded; ``...`` is what is not."""
    study = view.study
    seed, stopping = getattr(study, "seed", None), _text_of(study, "stopping")
    space = [f"    {name!r}: {re.sub(DEFAULTS, ')', repr(one))}," for name, one in study.space.parameters.items()]
    arguments = {
        "searcher": _text_of(study, "searcher"), "direction": repr(study.direction), "name": repr(study.name),
        "seed": "..." if seed is None else repr(seed)}
    arguments |= {"stopping": stopping} if stopping != "None" else {}
    arguments |= {"constraint": "..."} if _has_constraint(study) else {}
    lines = [f"    {name}={text}," for name, text in arguments.items()]
    declared = ["space = {", *space, "}", "study = Study(", "    space,"]
    if any(requests_of(trial) is not None for trial in study.trials):  # the objective asks for its parameters
        declared = ["study = Study("]
    body = [*declared, *lines, ")", f"study.run(objective, n_trials={len(study.trials)})"]
    names = sorted({name for line in body for name in re.findall(r"\b([A-Z]\w*)\(", line)} & CLASSES)
    return "\n".join([f"from scratchtune import {', '.join(names)}", "", *body])


def _missing(study: Any) -> list[str]:
    """What a reader needs besides the script, an item each."""
    data = getattr(study, "data", None)
    lacks = {"the objective (above: objective), and the data that it reads": True,
             "the class of the searcher, which is not one of scratchtune": getattr(study, "searcher", None) is None,
             "the seed": getattr(study, "seed", None) is None,
             "the constraint, which is a function": _has_constraint(study),
             f"the data themselves; their identification is {data}": bool(data)}
    return [text for text, is_missing in lacks.items() if is_missing]


def _text_of(study: Any, part: str) -> str:
    """The repr of a study's searcher or stopping rule, also of a stored one that isn't of this package."""
    text = getattr(study, f"{part}_text", None)
    return repr(getattr(study, part, None)) if text is None else str(text)


def _has_constraint(study: Any) -> bool:
    return study.space.constraint is not None or bool(getattr(study, "has_constraint", False))
