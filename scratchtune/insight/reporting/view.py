"""What a report shows of a study: its best trial, its importances, and the table of trials with their reasons."""

from __future__ import annotations

import functools
from string import ascii_lowercase
from typing import Any

from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.importances import Importance, importance
from scratchtune.insight.reporting.markup import Markup, element, joined, one_line
from scratchtune.search.parameters import Categorical
from scratchtune.study.best import best_first
from scratchtune.study.trial import Trial, configuration

LONGEST = 60  # characters of a cell
MOST_PRINTED = 50  # rows on paper
OTHERS = {"budget": "budget", "parent": "continues", "seconds": "seconds"}  # attributes, and their columns


class View:
    """A study and what the sections of its report share; computed once.

    Attributes: ``study``; ``trials``, all in order of number; ``complete``, the complete ones; ``best``, the best trial
    or None; ``names``, of the parameters; ``states``, how many trials are in each state that occurs; ``key``, a prefix
    for the ids of the page, which may show several studies; ``prefixes``, one for the ids of each picture; ``level``,
    that of its sections' headings.
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
