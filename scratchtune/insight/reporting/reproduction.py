"""How to run a study again: its definition as a script, the versions here, and what is not recorded."""

from __future__ import annotations

import platform
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numba
import numpy as np

from scratchtune.insight.reporting.markup import Markup, element, joined
from scratchtune.insight.reporting.view import View
from scratchtune.search import SEARCHERS
from scratchtune.search.parameters import Parameter
from scratchtune.version import __version__

CLASSES = {"Categorical", "Float", "Int", "MedianStopping", "Study", "SuccessiveHalving",
           *(searcher.__name__ for searcher in SEARCHERS.values())}  # that a script imports from scratchtune


def reproduction(view: View) -> Markup:
    """The section: a script, a table of versions, and a list of what is missing."""
    lacks = missing(view)
    parts = [element("pre", script(view), tabindex=0, aria_label="Python script")]
    if lacks:
        parts += [element("p", "Not recorded in the study, and needed to run it again:"),
                  element("ul", *(element("li", text) for text in lacks))]
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
            ("Processor", processor())]
    body = [element("tr", element("th", name, scope="row"), element("td", text)) for name, text in rows]
    return element("table", element("caption", "Versions"), element("tbody", *body), class_="facts")


def processor() -> str:
    """The name of the processor, or what Python knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
