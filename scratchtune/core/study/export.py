"""The studies of a file as text for people, and as CSV or JSON; times, which differ from run to run, on request."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scratchtune.core import checks
from scratchtune.core.streams import aligned, shown_params, visible
from scratchtune.core.study.best import best_first, constraint_columns, none_feasible, said_repeats
from scratchtune.core.study.definition import text_of
from scratchtune.core.study.file import File
from scratchtune.core.study.objectives import Objectives
from scratchtune.core.study.stored import StoredStudy, read_study
from scratchtune.core.study.trial import Trial, configuration, is_lost

TIMES = ("attempts", "started", "finished", "seconds")
FORMULA = re.compile(  # what a spreadsheet takes for a formula, also in full width: with a sign only what is no number
    r"[=@\t\r\n＝＠]|[+\-＋－](?!(?:[\d., \xa0']*(?:e[+-]?\d+)?%?|inf|infinity|nan)\Z)", re.IGNORECASE)
LINES = 40  # the most trials in a table for people, the best ones first


def listing(file: File) -> str:
    """List the studies, a line each: its name, the number of trials by state, the best value, the searcher."""
    lines = [["study", "trials", "complete", "failed", "unfinished", "best value", "searcher"]]
    for name in file.names():
        study = read_study(file, name)
        states = [trial.state for trial in study.trials]
        counts = [len(states), *(states.count(state) for state in ("complete", "failed", "running"))]
        ranked = _ranked(study)
        best = f"front of {len(ranked)}" if study.objectives.several else shown_value(ranked[0]) if ranked else ""
        lines.append([visible(name), *map(str, counts), best, visible(study.text("searcher"))])
    note = ["unfinished: running, or interrupted; interrupted trials begin again when the study is continued"]
    return "\n".join([*aligned(lines, left=[0, 6]), *note * any(line[4] != "0" for line in lines[1:])])


def _ranked(study: StoredStudy) -> list[Trial]:
    """The comparable trials, the best first; of several objectives the Pareto front."""
    return study.best_trials if study.objectives.several else best_first(study.trials, study.direction)


def shown_value(trial: Trial) -> str:
    """The value of a trial, or its values."""
    return ", ".join(f"{value:.6g}" for value in trial.values or ())


def table(file: File, name: str) -> str:
    """Describe a study for people: its definition, its cost, its best trials, and errors."""
    study = read_study(file, name)
    trials, best, several = study.trials, _ranked(study), study.objectives.several
    lines = [f"study {name!r}: {study.objectives}, {study.text('searcher')}, seed {study.seed}"]
    lines += [f"  {parameter}: {text_of(stored)}" for parameter, stored in study.stored["space"]]
    lines = list(map(visible, lines))
    worked = sum(trial.seconds or 0.0 for trial in trials)
    visits = [trial.visits for trial in trials if trial.visits is not None]
    seen = f", {sum(visits):,} rows visited (epochs x rows x folds)" if visits else ""
    queued = f", {checks.counted(len(study.waiting), 'enqueued configuration')} waiting" if study.waiting else ""
    front = ["the Pareto front, the trials that no other one dominates:"] * several
    cells = [["trial", "values" if several else "value", "budget", "seconds", "parameters"]]
    cells += [[str(trial.number), shown_value(trial), "" if trial.budget is None else f"{trial.budget:g}",
               f"{trial.seconds or 0.0:.2f}", shown_params(configuration(trial))] for trial in best[:LINES]]
    front += filter(None, [none_feasible(trials)])
    lines += [f"{len(trials)} trials{queued}, {worked:,.1f} s of work{seen}", "", *front, *aligned(cells, left=[4])]
    if not several and (repeated := said_repeats([trial.values[0] for trial in best if (
            trial.values and configuration(trial) == configuration(best[0]))])):
        lines.append(f"trial {best[0].number} is the best; {repeated}")
    left = [f"{len(best) - LINES} more"] * (len(best) > LINES)
    infeasible = sum(trial.state == "complete" and trial.violation > 0.0 for trial in trials)
    smaller = sum(trial.state == "complete" for trial in trials) - len(best) - infeasible
    left += [f"{infeasible} infeasible"] * (infeasible > 0)
    left += [f"{smaller} of smaller budgets"] * (smaller > 0 and not several)
    lines += [f"... and {' and '.join(left)}; scratchtune export has all of them"] * bool(left)
    lost = [trial.number for trial in trials if is_lost(trial)]
    lines += [f"lost with a part of the file, and run again when it is continued: {checks.ranges(lost)}"] * bool(lost)
    failed = [trial for trial in trials if trial.state == "failed"]
    lines += [visible(f"trial {trial.number} failed: {trial.error}") for trial in failed[:5]]
    lines += [f"... and {len(failed) - 5} more have failed"] * (len(failed) > 5)
    return "\n".join(lines)


def as_csv(file: File, name: str, times: bool = False) -> str:
    """Write all trials as CSV, one a line, in order of number; text that looks like a formula as in `csv_text`."""
    study = read_study(file, name)
    asked = dict.fromkeys(parameter for trial in study.trials for parameter in configuration(trial))
    parameters = [parameter for parameter, _ in study.stored["space"]] or list(asked)  # those requested
    columns = trial_columns(study.trials, parameters, study.objectives, ["visits", *(TIMES if times else ())])
    return table_text(columns | {"why": study.reasons})


def trial_columns(
    trials: Sequence[Trial], parameters: Iterable[str], objectives: Objectives, more: Iterable[str],
) -> dict[str, Sequence[Any]]:
    """The table of trials by column; ``more``: further attributes of a trial. An inactive parameter is empty."""
    columns: dict[str, Sequence[Any]] = {part: [getattr(one, part) for one in trials] for part in ("number", "state")}
    columns |= {name: [one.values and one.values[k] for one in trials] for k, name in enumerate(objectives.columns())}
    columns |= {f"param_{name}": [str(configuration(one)[name]) if name in configuration(one) else "" for one in trials]
                for name in parameters}
    columns |= {part: [getattr(one, part) for one in trials] for part in ("budget", "parent", "error", *more)}
    return columns | constraint_columns(trials)


def table_text(columns: Mapping[str, Sequence[Any]]) -> str:
    """Columns of one length as CSV, with their names in the first line."""
    return csv_text([[*columns], *zip(*columns.values(), strict=True)])


def csv_text(rows: Iterable[Iterable[Any]], end: str = "\r\n", delimiter: str = ",", decimal: str = ".") -> str:
    """Rows as CSV; a text that a spreadsheet would run (`FORMULA`) gets a ' before it, as OWASP recommends.

    Who reads the file back gets the ' too; `as_json` and the trials have the text as it is.

    >>> csv_text([["x", -1.5, "-1,5", "=1+1", "@sum", None]], end="\\n", delimiter=";", decimal=",")
    "x;-1,5;-1,5;'=1+1;'@sum;\\n"
    """
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=end, delimiter=delimiter).writerows(
        [f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else repr(float(cell)).replace(".", decimal)
         if isinstance(cell, float) else cell for cell in row] for row in rows)
    return file.getvalue()


def as_json(file: File, name: str, times: bool = False) -> str:
    """Write the definition and all trials as JSON, with reports, scores of the folds, reasons and tracebacks."""
    study, entries = read_study(file, name), []
    parts = ("number", "state", "why", "budget", "parent", "reports", "scores", "visits", "error",
             "traceback", *(TIMES if times else ()))
    for trial, reason in zip(study.trials, study.reasons, strict=True):
        entry = {part: getattr(trial, part) for part in parts}
        entry |= {"params": configuration(trial), "reason": reason}
        entry |= {"user_attrs": trial.user_attrs} if trial.user_attrs else {}
        entry |= {"constraints": trial.constraints} if trial.constraints else {}
        entry["value"] = trial.values if study.objectives.several else trial.value
        if times:
            entry |= {part: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(entry[part]))
                      for part in ("started", "finished") if entry[part] is not None}
        entries.append(entry)
    whole = {"study": name, "definition": study.stored, "trials": entries, "waiting": study.waiting}
    return json.dumps(whole, indent=1, default=repr) + "\n"
