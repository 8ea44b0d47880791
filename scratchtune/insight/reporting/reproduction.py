"""What a study took, and how to run it again: its definition as a script, versions here, and what is not recorded."""

from __future__ import annotations

import platform
import re
import time
from typing import Any

import numba
import numpy as np
from llvmlite.binding import get_host_cpu_name

from scratchtune.insight.reporting.markup import Markup, element, facts, joined, sentences
from scratchtune.insight.reporting.view import View
from scratchtune.search import SEARCHERS
from scratchtune.study.trial import requests_of
from scratchtune.version import __version__

CLASSES = {"Categorical", "Float", "Int", "MedianStopping", "Study", "SuccessiveHalving",
           *(searcher.__name__ for searcher in SEARCHERS.values())}  # that a script imports from scratchtune
DEFAULTS = r"(, (step|when|prior)=None)+\)$"  # at the end of the repr of a parameter


def cost(view: View) -> Markup:
    """The seconds, rows and budgets that the trials took, and the idle share of the workers."""
    seconds, began, ended, visits, budgets = (
        [value for trial in view.trials if (value := getattr(trial, name)) is not None]
        for name in ("seconds", "started", "finished", "visits", "budget"))
    idle = getattr(view.study, "idle_share", None)
    rows = [("Trials", f"{len(view.trials):,} ({', '.join(f'{n:,} {state}' for state, n in view.states.items())})")]
    if seconds:
        rows += [("Seconds in trials, summed", f"{sum(seconds):,.2f}"), ("Longest trial", f"{max(seconds):,.2f} s")]
    if began and ended:
        day = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(min(began)))
        rows.append(("From the first to the last", f"{max(ended) - min(began):,.2f} s, from {day} on"))
    rows += [("Rows visited (epochs x rows x folds)", f"{sum(visits):,}")] * bool(visits)
    rows += [("Budgets, summed", f"{sum(budgets):,.10g}")] * bool(budgets)
    return facts("Time and cost", [*rows, ("Workers' idle share", "not recorded" if idle is None else f"{idle:.1%}")])


def reproduction(view: View) -> Markup:
    """The section: a script, what is missing, and a table of versions."""
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
