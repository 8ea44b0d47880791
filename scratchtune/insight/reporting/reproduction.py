"""How to run a study again: its definition as a script, the versions here, and what is not recorded."""

from __future__ import annotations

import platform
from pathlib import Path

import numba
import numpy as np

import scratchtune
from scratchtune.insight.reporting.markup import Markup, element, joined
from scratchtune.insight.reporting.view import View


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
    """A Python script that defines the study as far as it is recorded."""
    study = view.study
    lines = ["import scratchtune as st", "", "space = {"]
    lines += [f"    {name!r}: st.{parameter!r}," for name, parameter in study.space.parameters.items()]
    lines.append("}")
    searcher, seed = getattr(study, "searcher", None), getattr(study, "seed", None)
    arguments = [f"searcher=st.{searcher!r}" if searcher is not None else "searcher=...",
                 f"direction={study.direction!r}", f"seed={'...' if seed is None else seed}", f"name={study.name!r}"]
    if getattr(study, "stopping", None) is not None:
        arguments.append(f"stopping=st.{study.stopping!r}")  # type: ignore[attr-defined]
    lines.append(f"study = st.Study(space, {', '.join(arguments)})")
    lines.append(f"study.run(objective, n_trials={len(study.trials)})")
    return "\n".join(lines)


def missing(view: View) -> list[str]:
    """What a reader needs besides the script, a sentence each."""
    study = view.study
    found = ["the objective, and the data that it reads"]
    if getattr(study, "searcher", None) is None:
        found.append("the searcher as an object; scratchtune show prints its definition")
    if getattr(study, "seed", None) is None:
        found.append("the seed; scratchtune show prints it")
    if study.space.constraint is not None:
        found.append("the constraint, a function")
    data = getattr(study, "data", None)
    if data:
        found.append(f"the data themselves; their identification is {data}")
    return found


def _versions() -> Markup:
    rows = [("scratchtune", scratchtune.__version__), ("NumPy", np.__version__), ("Numba", numba.__version__),
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
