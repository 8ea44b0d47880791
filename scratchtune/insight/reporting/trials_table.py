"""The table of trials, in order of number, and the reason of each; the script makes it sort and filter."""

from __future__ import annotations

from typing import Any

from scratchtune.insight.reporting.markup import Markup, element, joined, one_line
from scratchtune.insight.reporting.view import View
from scratchtune.search.parameters import Categorical
from scratchtune.study.best import best_first
from scratchtune.study.trial import Trial

LONGEST = 60  # characters of a cell
MOST_PRINTED = 50  # rows on paper
OTHERS = {"budget": "budget", "parent": "continues", "seconds": "seconds"}  # attributes, and their columns


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
    rows = [_row(view, trial, [_cell(trial.shared_params.get(name), number) for name, number in numeric.items()]
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
    return element("tr", number, _cell(trial.state, False), _cell(trial.value, True), *cells,
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
