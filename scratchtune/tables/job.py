"""The job on a table: `tune_table` reads it, audits it, searches models, and returns the best with its expected score.

``scratchtune tune`` calls the same functions, and with the same arguments it gives the same numbers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack, cast

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search import Searcher
from scratchtune.core.streams import tell
from scratchtune.core.study import Study
from scratchtune.insight.reporting.markup import Markup, element
from scratchtune.tables.auto import AutoClassifier, AutoRegressor
from scratchtune.tables.ensemble_selection import IN_WORDS
from scratchtune.tables.evaluating import Scores, in_words, scores_of, shown_score
from scratchtune.tables.families import FAMILIES, checked_families
from scratchtune.tables.goal import goal_for
from scratchtune.tables.page import page
from scratchtune.tables.prepared import Prepared, PrepareOptions, described, new_rows, prepare
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table
from scratchtune.tables.splitting import Units
from scratchtune.tables.target import known_target, rows_with_target
from scratchtune.tables.wording import argument

MINUTES = 1.0  # the default budget
NOTATION = ("missing", "decimal", "date_order")  # options that say how a file is written


@dataclass(repr=False)
class TableTuning:
    """The result: the prepared table, the model, and the description of the table.

    In a notebook, or with ``print``, the description and the text are shown.
    """

    prepared: Prepared
    model: Any
    description: str = ""
    source: str = ""  # the name of the file

    def __repr__(self) -> str:
        return f"{self.description}\n\n{self.text()}".lstrip()

    def _repr_html_(self) -> Markup:
        return element("pre", repr(self))

    @property
    def study(self) -> Study:
        """The search, with all its trials."""
        return self.model.study_

    @property
    def params(self) -> dict[str, Any]:
        """The hyper-parameters of the best configuration, by cross-validation."""
        return dict(self.model.leaderboard_[0]["params"])

    @property
    def scores(self) -> Scores:
        """The scores on rows that the models were not trained on, by cross-validation."""
        return self.model.scores_

    def text(self) -> str:
        """Return the result in a few lines: the explanation, and what was tried, with the best of each family."""
        scoring, rows = self.model.explanation_.scoring, self.model.leaderboard_
        each = []
        for family in dict.fromkeys(row["family"] for row in rows):
            own = [row["score"] for row in rows if row["family"] == family]
            each.append(f"{IN_WORDS[family]} {len(own)} (best {shown_score(scoring, max(own))})")
        failed = sum(trial.state != "complete" for trial in self.study.trials)
        return (f"{self.model.explain()}\ntried: {checks.counted(len(rows), 'configuration')} in "
                f"{self.model.seconds_:.0f} s, {in_words(scoring)}: {', '.join(each)}"
                + f"; {failed} failed or did not finish" * bool(failed))

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the page of the result, one HTML file."""
        page(self.model, path, self.source)


class Asked(PrepareOptions, total=False):
    """The arguments of `tune_table` beside the table and the target."""

    n_trials: int | None
    minutes: float | None
    families: Sequence[str] | str
    searcher: str | Searcher
    seed: int
    n_jobs: int
    text: Collection[str]
    numeric: Collection[str]
    missing: Collection[str]
    decimal: str | None
    date_order: str | None
    scoring: str | None
    folds: int | None
    impute: bool
    storage: str | Path | None
    strict: bool
    progress: bool
    verbose: bool


DEFAULTS: Asked = {  # all others are None
    "drop": (), "keep": (), "text": (), "numeric": (), "missing": (), "families": tuple(FAMILIES), "impute": False,
    "searcher": "bayesian", "seed": 0, "n_jobs": 2, "strict": False, "progress": True, "verbose": False}
OF_THE_MODEL = "n_trials", "scoring", "families", "n_jobs", "storage", "searcher", "impute"  # as `AutoClassifier` has


def tune_table(table: Any, target: str, **options: Unpack[Asked]) -> TableTuning:
    """Search models for your own table, and return the best, with the score to expect on new rows.

    ``table`` is the path of a file, a data frame, a dict of columns, a list of dicts (one for each row) or a `Table`;
    ``target`` is the name of the column to predict. Configurations of the ``families`` (by default all) are compared
    until ``n_trials`` of them were tried, or else ``minutes`` (1) are over; with ``n_trials`` the same ``seed`` (0)
    gives the same model, whatever ``n_jobs`` (2). `AutoClassifier` describes how. The other options:

    - ``drop`` (columns to leave out), ``keep`` (columns to use though the audit would drop them), ``group`` (a column
      whose groups are never divided), ``time`` (a column of times: later rows are predicted from earlier ones),
      ``task`` ("classification" or "regression"), ``positive`` (of two classes), ``strict`` (True: a finding of the
      audit is an error);
    - ``text``, ``numeric``: columns read as texts or as numbers; ``missing``, ``decimal``, ``date_order``:
      how a file is read (`read_table`);
    - ``scoring`` (the score that is maximised), ``folds``, ``searcher`` ("bayesian", another name or a `Searcher`),
      ``impute`` (True: missing numbers are filled in for trees too);
    - ``storage`` (a file that stores every trial, from which the same call continues), ``progress`` (True: a bar),
      ``verbose`` (False; True prints the description of the table before the search).

    Raises TypeError for an unknown argument or something that is no table, ValueError for a value that is not accepted,
    OSError for a file that cannot be read, RuntimeError if every training fails.
    """
    begun = time.monotonic()
    for name in options:
        if name not in Asked.__annotations__:
            known = ("table", "target", *Asked.__annotations__)
            raise TypeError(f"tune_table has no argument {name!r}{checks.nearest(name, known)}; it has "
                            f"{', '.join(known)}")
    asked: Any = checked(options)
    skip = [name for name in asked["drop"] if name not in (target, asked["group"], asked["time"])]
    to_prepare: Any = {name: asked[name] for name in PrepareOptions.__annotations__}
    prepared = prepare(_table(table, skip, asked), target, seed=asked["seed"], **to_prepare)
    if asked["strict"] and (found := prepared.audit.suspicions()):
        raise ValueError(f"{argument('strict')} stops here, since the audit found: {'; '.join(found)}")
    description = described(prepared, asked["positive"])
    if asked["verbose"]:
        tell(description)
    seconds = 60.0 * (asked["minutes"] or MINUTES)
    kind: Any = AutoClassifier if prepared.target.classes else AutoRegressor
    model = kind(
        time_budget=max(seconds - (time.monotonic() - begun), seconds / 4.0), random_state=asked["seed"],
        cv=asked["folds"], verbose=int(asked["progress"]), **{name: asked[name] for name in OF_THE_MODEL})
    model.fit_prepared(prepared)
    return TableTuning(prepared, model, description, str(table) if isinstance(table, (str, os.PathLike)) else "")


def checked(given: Asked) -> Asked:
    """Return all arguments, checked before any work, those that are not given with their defaults."""
    asked: Any = {**dict.fromkeys(Asked.__annotations__), **DEFAULTS, **given}
    AutoClassifier(**{name: asked[name] for name in OF_THE_MODEL}).check_arguments()
    for name, low in (("folds", 2), ("seed", 0)):
        if asked[name] is not None:
            checks.integer(argument(name), asked[name], low, 2**31 - 1)
    if asked["minutes"] is not None:
        checks.real(argument("minutes"), asked["minutes"], 0.0, open_low=True)
        if asked["n_trials"] is not None:
            raise ValueError(f"{argument('n_trials')} and {argument('minutes')} are given; give one of them")
    for name in ("strict", "progress", "verbose"):
        checks.boolean(argument(name), asked[name])
    asked["families"] = checked_families(asked["families"])
    return cast(Asked, asked)


def scored(model: Any, X: Any) -> Scores:
    """Return the scores of a fitted model on labelled rows; X is as for its ``predict``, with the target.

    The baseline is the most frequent class, or the mean, of these rows. Rows without a target are left out.

    Raises ValueError if the target is absent, missing in all rows, or holds a class that the model does not know.
    """
    table = rows_with_target(new_rows(model, X, with_target=True), model.target_.name)
    y, classes = known_target(table, model.target_), len(model.target_.classes)
    baseline = {"most frequent" if classes else "mean": goal_for(classes, None).mean(y, len(y))}
    predictions = model.predict_proba(table) if classes else model.predict(table)
    return scores_of(model.target_, y, predictions, Units(np.arange(len(y))), baseline)


def _table(given: Any, skip: Sequence[str], asked: Any) -> Table:
    """Convert what `tune_table` accepts to a table; columns of ``skip`` are not read."""
    if isinstance(given, Table):
        return given
    options = {name: asked[name] for name in ("text", "numeric", *NOTATION) if asked[name]}
    first = given[0] if isinstance(given, (list, tuple)) and given else given
    if isinstance(given, (str, os.PathLike)) or hasattr(given, "read"):
        table = read_table(given, skip=skip, **options)
    elif isinstance(first, Mapping) or hasattr(given, "dtypes"):
        for name in NOTATION:
            if name in options:
                raise ValueError(f"{name} is {options[name]!r} and table is a {type(given).__name__}; {name} says how "
                                 "a file is written: give the file's path, or change the values themselves")
        table = Table.from_columns(given, skip=skip, **options)
    else:
        raise TypeError(f"table is a {type(given).__name__}; it must be the path of a file, a data frame, a dict of "
                        "columns, a list of dicts or a Table")
    for name in ("text", "numeric"):
        for column in asked[name]:
            checks.choice(argument(name), column, table.names)
    return table
