"""Exports: the studies of a file as text for people, and as CSV or JSON for other programs.

Times and durations differ from run to run, so CSV and JSON contain them only on request.
"""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Iterable, Sequence
from typing import Any

from scratchtune import checks
from scratchtune.streams import aligned, shown_params, visible
from scratchtune.study.best import best_first, said_repeats
from scratchtune.study.errors import StorageError
from scratchtune.study.objectives import Objectives, pareto_optimal, stored_objectives, value_columns
from scratchtune.study.storage import Row, Storage
from scratchtune.study.trial import Trial

TIMES = ("attempts", "started", "finished", "seconds")
FORMULA = re.compile(  # what a spreadsheet takes for a formula: with a sign only what is no number
    r"[=@\t\r]|[+-](?!(?:[\d., \xa0']*(?:e[+-]?\d+)?%?|inf|infinity|nan)\Z)", re.IGNORECASE)
LINES = 40  # the most trials in a table for people, the best ones first


def definition_of(storage: Storage, name: str) -> dict[str, Any]:
    """Read the definition of a stored study; raise a StorageError if a part that is shown here is missing."""
    definition = storage.definition(name)
    for part in ("space", "searcher", "seed", "direction"):
        if part not in definition:
            raise StorageError(
                f"{str(storage.path)!r} is damaged: the definition of the study {name!r} has no {part!r}")
    space = definition["space"]
    if not isinstance(space, list) or not all(isinstance(row, list) and len(row) == 3 for row in space):
        raise StorageError(f"{str(storage.path)!r} is damaged: the space of the study {name!r} is no list of rows")
    return definition


def objectives_of(storage: Storage, name: str) -> Objectives:
    """Read the objectives of a stored study."""
    stored = definition_of(storage, name)["direction"]
    try:
        return stored_objectives(stored)
    except (TypeError, ValueError) as problem:
        raise StorageError(f"{str(storage.path)!r} is damaged: the study {name!r}: {problem}") from problem


def listing(storage: Storage) -> str:
    """List the studies, a line each: its name, the number of trials by state, the best value, the searcher."""
    lines = [["study", "trials", "complete", "failed", "unfinished", "best value", "searcher"]]
    for name in storage.names():
        definition, rows = definition_of(storage, name), storage.rows(name, saved=False)
        counts = [len(rows), *(sum(row.state == state for row in rows) for state in ("complete", "failed", "running"))]
        lines.append([visible(name), *map(str, counts), _best_value(rows, objectives_of(storage, name)),
                      visible(str(definition["searcher"]))])
    note = ["unfinished: running, or interrupted; interrupted trials begin again when the study is continued"]
    return "\n".join([*aligned(lines, left=[0, 6]), *note * any(line[4] != "0" for line in lines[1:])])


def _best_value(rows: Sequence[Row], objectives: Objectives) -> str:
    """The best value of a study; of several objectives how many trials are on the Pareto front."""
    if objectives.several:
        return f"front of {len(pareto_optimal(rows, objectives))}"
    best = best_first(rows, objectives.direction)
    return shown_value(best[0]) if best else ""


def shown_value(trial: Row | Trial) -> str:
    """The value of a trial, or its values, with six digits each."""
    return ", ".join(f"{value:.6g}" for value in trial.values or ())


def table(storage: Storage, name: str) -> str:
    """Describe a study for people: its definition, its cost, its best trials, and errors."""
    definition, rows = definition_of(storage, name), storage.rows(name, saved=False)
    objectives = objectives_of(storage, name)
    best = pareto_optimal(rows, objectives) if objectives.several else best_first(rows, objectives.direction)
    lines = [f"study {name!r}: {objectives}, {definition['searcher']}, seed {definition['seed']}"]
    lines += [f"  {parameter}: {text}" for parameter, text, _ in definition["space"]]
    lines = list(map(visible, lines))
    worked = sum(row.seconds or 0.0 for row in rows)
    visits = [row.visits for row in rows if row.visits is not None]
    seen = f", {sum(visits):,} rows visited (epochs x rows x folds)" if visits else ""
    front = ["the Pareto front, the trials that no other one dominates:"] * objectives.several
    waiting = len(storage.waiting(name))
    queued = f", {checks.counted(waiting, 'enqueued configuration')} waiting" if waiting else ""
    cells = [["trial", "values" if objectives.several else "value", "budget", "seconds", "parameters"]]
    cells += [[str(row.number), shown_value(row), "" if row.budget is None else f"{row.budget:g}",
               f"{row.seconds or 0.0:.2f}", shown_params(row.shown)] for row in best[:LINES]]
    lines += [f"{len(rows)} trials{queued}, {worked:,.1f} s of work{seen}", "", *front, *aligned(cells, left=[4])]
    if not objectives.several and (repeated := said_repeats([row.values[0] for row in best if (
            row.values and row.shown == best[0].shown)])):
        lines.append(f"trial {best[0].number} is the best; {repeated}")
    left = [f"{len(best) - LINES} more"] * (len(best) > LINES)
    smaller = sum(row.state == "complete" for row in rows) - len(best)
    left += [f"{smaller} of smaller budgets"] * (smaller > 0 and not objectives.several)
    lines += [f"... and {' and '.join(left)}; scratchtune export has all of them"] * bool(left)
    failed = [row for row in rows if row.state == "failed"]
    lines += [visible(f"trial {row.number} failed: {row.error}") for row in failed[:5]]
    lines += [f"... and {len(failed) - 5} more have failed"] * (len(failed) > 5)
    return "\n".join(lines)


def as_csv(storage: Storage, name: str, times: bool = False) -> str:
    """Write all trials as CSV, one a line, in order of number; text that looks like a formula as in `csv_text`."""
    definition = definition_of(storage, name)
    rows = storage.rows(name, saved=False)
    asked = dict.fromkeys(parameter for row in rows for parameter in row.shown)  # without a space: those requested
    parameters = [row[0] for row in definition["space"]] or list(asked)
    of_values = value_columns(objectives_of(storage, name))
    columns = ["budget", "parent", "visits", "error", *(TIMES if times else ())]
    named = [f"param_{parameter}" for parameter in parameters]
    lines: list[list[Any]] = [["number", *named, "state", *of_values, *columns, "why"]]
    for row in rows:
        values = [row.shown.get(parameter, "") for parameter in parameters]
        shown = row.values or [None] * len(of_values)
        others = [getattr(row, column) for column in columns]
        lines.append([row.number, *values, row.state, *shown, *others, row.said])
    return csv_text(lines)


def csv_text(rows: Iterable[Iterable[Any]], end: str = "\r\n", delimiter: str = ",", decimal: str = ".") -> str:
    """Rows as CSV; a text that a spreadsheet would run (`FORMULA`) gets a ' before it, as OWASP recommends.

    >>> csv_text([["x", -1.5, "-1,5", "=1+1", "@sum", None]], end="\\n", delimiter=";", decimal=",")
    "x;-1,5;-1,5;'=1+1;'@sum;\\n"
    """
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=end, delimiter=delimiter).writerows(
        [f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else repr(float(cell)).replace(".", decimal)
         if isinstance(cell, float) else cell for cell in row] for row in rows)
    return file.getvalue()


def as_json(storage: Storage, name: str, times: bool = False) -> str:
    """Write the definition and all trials as JSON, with reports, scores of the folds, reasons and tracebacks."""
    rows = []
    for row in storage.rows(name, saved=False):
        entry = row._asdict() | {"params": row.shown}
        for left_out in ("shown", "saved", *(() if times else TIMES)):
            del entry[left_out]
        if not entry["user_attrs"]:
            del entry["user_attrs"]
        if times:
            entry |= {part: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(entry[part]))
                      for part in ("started", "finished") if entry[part] is not None}
        rows.append(entry)
    whole = {"study": name, "definition": storage.definition(name), "trials": rows}
    whole |= {"waiting": [row.shown for row in storage.waiting(name)]}
    return json.dumps(whole, indent=1) + "\n"
