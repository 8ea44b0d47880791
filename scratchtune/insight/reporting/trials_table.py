"""The table of trials, in order of number, and the reasons of each; the script makes it sort and filter."""

from __future__ import annotations

from typing import Any

from scratchtune.insight.reporting.markup import Markup, element, embedded_json, joined, one_line
from scratchtune.insight.reporting.scales import value_at
from scratchtune.insight.reporting.view import View
from scratchtune.search.parameters import Categorical
from scratchtune.study.trial import Trial

VALUE, FIRST_PARAMETER = 2, 3  # indices in `columns`
LONGEST = 60  # characters of a cell


class Column:
    """A column: its name, whether it holds numbers, and what it shows of a trial (None for nothing)."""

    def __init__(self, name: str, number: bool, of: Any, key: Any = None) -> None:
        self.name, self.number, self.of = name, number, of
        self.key = key or of


def columns(view: View) -> list[Column]:
    """The columns of a study: those without any entry are left out."""
    found = [Column("trial", True, lambda trial: trial.number), Column("state", False, lambda trial: trial.state),
             Column("value", True, lambda trial: trial.value)]
    for name, parameter in view.study.space.parameters.items():
        found.append(Column(name, not isinstance(parameter, Categorical), _parameter(name), _sort_key(name, parameter)))
    for name, text in (("budget", "budget"), ("parent", "continues"), ("seconds", "seconds")):
        if any(getattr(trial, name) is not None for trial in view.trials):
            found.append(Column(text, True, _attribute(name)))
    return found


def _parameter(name: str) -> Any:
    return lambda trial: trial.shared_params.get(name)


def _sort_key(name: str, parameter: Any) -> Any:
    return lambda trial: value_at(parameter, trial.shared_params[name]) if name in trial.shared_params else None


def _attribute(name: str) -> Any:
    return lambda trial: getattr(trial, name)


def table(view: View) -> Markup:
    """The table of all trials, in a region of its own that scrolls."""
    shown = columns(view)
    head = [element("th", one_line(column.name, LONGEST), scope="col", class_="n" if column.number else None)
            for column in shown]
    rows = [_row(view, trial, shown) for trial in view.trials]
    caption = element("caption", f"All {len(rows):,} trials, in order of number. The number leads to the reason.")
    whole = element("table", caption, element("thead", element("tr", *head)), element("tbody", *rows), class_="trials")
    region = element("div", whole, class_="scroll tall", tabindex=0, role="region", aria_label="Table of trials")
    left = len(view.trials) - len(view.printed)
    note = f"Printed are the best {len(view.printed):,} of {len(view.trials):,} trials; the page on a screen shows all."
    return joined([region, element("p", note, class_="printed")]) if left else region


def _row(view: View, trial: Trial, shown: list[Column]) -> Markup:
    number = element("th", element("a", str(trial.number), href=f"#{view.key}trial-{trial.number}"), scope="row",
                     class_="n")
    best = trial is view.best
    state = element("td", element("span", trial.state, class_=f"state {trial.state}"),
                    element("span", " best", class_="tag") if best else "")
    cells = [_cell(column, trial) for column in shown[2:]]
    look = "is-best" if best else None if trial.number in view.printed else "more"
    return element("tr", number, state, *cells, data_n=trial.number, class_=look)


def _cell(column: Column, trial: Trial) -> Markup:
    value = column.of(trial)
    text = "" if value is None and column.key(trial) is None else shown_value(value, column.name)
    return Markup(f'<td class="n">{text}</td>') if column.number else element("td", text)


def shown_value(value: Any, name: str = "") -> str:
    """A value as it is in a cell: a number with up to six significant digits, else a text on one line."""
    if isinstance(value, float):
        return f"{value:.2f}" if name == "seconds" else f"{value:.6g}"
    return one_line(value, LONGEST)


def reasons(view: View) -> Markup:
    """Why each trial was proposed, with all that is known of it; closed until it is opened."""
    items = [_reason(view, trial) for trial in view.trials]
    return element("div", *items, class_="reasons scroll tall", tabindex=0, role="region",
                   aria_label="Reasons of all trials")


def _reason(view: View, trial: Trial) -> Markup:
    value = "" if trial.value is None else f", value {trial.value:.6g}"
    params = [element("div", element("dt", one_line(name)), element("dd", one_line(value)))
              for name, value in trial.shared_params.items()]
    parts = [element("p", view.reason(trial)), element("dl", *params, class_="params")]
    if trial.error is not None:
        parts.insert(0, element("p", f"Failed: {trial.error}", class_="error"))
    if trial.scores:
        parts.append(element("p", "Scores of the folds: " + ", ".join(
            "failed" if score is None else f"{score:.6g}" for score in trial.scores)))
    if trial.traceback is not None:
        parts.append(element("pre", trial.traceback, tabindex=0))
    return element("details", element("summary", f"Trial {trial.number}: {trial.state}{value}"), *parts,
                   id=f"{view.key}trial-{trial.number}", data_n=trial.number)


def data(view: View) -> Markup:
    """What the script sorts and filters by: the columns, and the values of each trial, in order of number."""
    shown = columns(view)
    rows = [[_plain(column.key(trial)) for column in shown] for trial in view.trials]
    whole = {"columns": [[column.name, column.number] for column in shown], "rows": rows,
             "choices": {FIRST_PARAMETER + index: [one_line(choice, LONGEST) for choice in parameter.choices]
                         for index, parameter in enumerate(view.study.space.parameters.values())
                         if isinstance(parameter, Categorical)}}
    return element("script", embedded_json(whole), type="application/json", class_="data")


def _plain(value: Any) -> Any:
    return float(f"{value:.10g}") if isinstance(value, float) else value
