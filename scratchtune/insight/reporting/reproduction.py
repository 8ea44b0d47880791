"""What a study took, and how to run it again: its definition as a script, versions here, and what is not recorded."""

from __future__ import annotations

import platform
import re
import time
from dataclasses import MISSING, fields
from typing import Any

import numba
import numpy as np
from llvmlite.binding import get_host_cpu_name

from scratchtune.insight.reporting.markup import Markup, element, facts, joined, sentences
from scratchtune.insight.reporting.view import View
from scratchtune.search import SEARCHERS
from scratchtune.search.parameters import Parameter
from scratchtune.version import __version__

CLASSES = {"Categorical", "Float", "Int", "MedianStopping", "Study", "SuccessiveHalving",
           *(searcher.__name__ for searcher in SEARCHERS.values())}  # that a script imports from scratchtune


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
    return facts("Time and cost", [*rows, ("Workers' idle share", "not recorded" if idle is None else f"{idle:.1%}")])


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def reproduction(view: View) -> Markup:
    """The section: a script, a table of versions, and a list of what is missing."""
    lacks = missing(view)
    parts = [element("pre", script(view), tabindex=0, aria_label="Python script")]
    if lacks:
        parts += [element("p", "Not recorded in the study, and needed to run it again:"),
                  sentences(lacks)]
    parts += [element("p", "Software and processor that wrote this report. The study does not record those that it ran "
                           "with; with another instruction set a Gaussian process or a network may differ in the last "
                           "digits."), _versions()]
    return joined(parts)


def script(view: View) -> str:
    """A Python script that makes the study again, as far as it is recorded; ``...`` is what is not."""
    study = view.study
    seed = getattr(study, "seed", None)
    space = [f"    {name!r}: {call_text(parameter)}," for name, parameter in study.space.parameters.items()]
    arguments = {
        "searcher": _text_of(study, "searcher"), "direction": repr(study.direction), "name": repr(study.name),
        "seed": "..." if seed is None else repr(seed)}
    if _text_of(study, "stopping") != "None":
        arguments["stopping"] = _text_of(study, "stopping")
    if _has_constraint(study):
        arguments["constraint"] = "..."
    lines = [f"    {name}={text}," for name, text in arguments.items()]
    declared = ["space = {", *space, "}", "study = Study(", "    space,"]
    if any(trial.asked is not None for trial in study.trials):  # the objective asks for its parameters
        declared = ["study = Study("]
    body = [*declared, *lines, ")", f"study.run(objective, n_trials={len(study.trials)})"]
    names = sorted({name for line in body for name in re.findall(r"\b([A-Z]\w*)\(", line)} & CLASSES)
    return "\n".join([f"from scratchtune import {', '.join(names)}", "", *body])


def call_text(parameter: Parameter) -> str:
    """The call that makes a parameter, without arguments that have their default.

    >>> from scratchtune.search import Float
    >>> call_text(Float(0.0001, 0.1, log=True))
    'Float(low=0.0001, high=0.1, log=True)'
    """
    given = [(part.name, getattr(parameter, part.name)) for part in fields(parameter)
             if part.default is MISSING or getattr(parameter, part.name) != part.default]
    return f"{type(parameter).__name__}({', '.join(f'{name}={value!r}' for name, value in given)})"


def missing(view: View) -> list[str]:
    """What a reader needs besides the script, an item each."""
    study = view.study
    found = ["the objective (above: objective), and the data that it reads"]
    if getattr(study, "searcher", None) is None:
        found.append("the class of the searcher, which is not one of scratchtune")
    if getattr(study, "seed", None) is None:
        found.append("the seed")
    if _has_constraint(study):
        found.append("the constraint, which is a function")
    data = getattr(study, "data", None)
    if data:
        found.append(f"the data themselves; their identification is {data}")
    return found


def _text_of(study: Any, part: str) -> str:
    """The repr of a study's searcher or stopping rule, also of a stored one that isn't of this package."""
    text = getattr(study, f"{part}_text", None)
    return repr(getattr(study, part, None)) if text is None else str(text)


def _has_constraint(study: Any) -> bool:
    return study.space.constraint is not None or bool(getattr(study, "has_constraint", False))


def _versions() -> Markup:
    rows = [("scratchtune", __version__), ("NumPy", np.__version__), ("Numba", numba.__version__),
            ("Python", platform.python_version()), ("System", f"{platform.system()} {platform.machine()}"),
            ("Processor", get_host_cpu_name())]
    return facts("Versions", rows)
