"""The job on a table: `tune_table` reads it, audits it, searches models, and returns the best with its expected score.

``scratchtune tune`` calls the same functions, and with the same arguments it gives the same numbers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack, cast

import numpy as np

from scratchtune import checks
from scratchtune.search import SEARCHERS, Searcher
from scratchtune.streams import tell
from scratchtune.tables import new_rows
from scratchtune.tables.auto import AutoClassifier, AutoRegressor
from scratchtune.tables.describing import described
from scratchtune.tables.evaluating import Scores, scores_of
from scratchtune.tables.families import FAMILIES, checked_families
from scratchtune.tables.goal import goal_for
from scratchtune.tables.prepared import Prepared, PrepareOptions, prepare
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table
from scratchtune.tables.result import TableTuning
from scratchtune.tables.row_order import RowOrder
from scratchtune.tables.space_file import read_space
from scratchtune.tables.target import known_target, rows_with_target
from scratchtune.tables.target_scale import ASKED
from scratchtune.tables.units import units_of
from scratchtune.tables.wording import argument

MINUTES = 1.0  # the default budget
NOTATION = ("missing", "decimal", "thousands", "date_order")  # options that say how a file is written


class TuneOptions(PrepareOptions, total=False):
    """The arguments of `tune_table` beside the main ones."""

    text: Collection[str]
    numeric: Collection[str]
    missing: Collection[str]
    decimal: str | None
    thousands: str | None
    date_order: str | None
    space: Any
    scoring: str | None
    folds: int | None
    target_scale: str
    impute: bool
    storage: str | Path | None
    progress: bool
    verbose: bool


class Asked(TuneOptions, total=False):
    """All arguments of `tune_table` beside the table and the target."""

    n_trials: int | None
    minutes: float | None
    families: Sequence[str] | str
    searcher: str | Searcher
    seed: int
    n_jobs: int


DEFAULTS: Asked = {
    "task": None, "positive": None, "drop": (), "keep": (), "group": None, "time": None, "test_size": 0.0,
    "strict": False, "text": (), "numeric": (), "missing": (), "decimal": None, "thousands": None, "date_order": None,
    "space": None, "scoring": None, "folds": None, "target_scale": "auto", "impute": False, "storage": None,
    "progress": True, "verbose": False, "n_trials": None, "minutes": None, "families": tuple(FAMILIES),
    "searcher": "bayesian", "seed": 0, "n_jobs": 2}
OF_THE_MODEL = ("n_trials", "scoring", "families", "n_jobs", "storage", "searcher", "space", "target_scale", "impute",
                "strict")  # arguments that `AutoClassifier` has too


def tune_table(
    table: Any, target: str, *, n_trials: int | None = None, minutes: float | None = None,
    families: Sequence[str] | str = tuple(FAMILIES), searcher: str | Searcher = "bayesian", seed: int = 0,
    n_jobs: int = 2, **options: Unpack[TuneOptions],
) -> TableTuning:
    """Search models for your own table, and return the best, with the score to expect on new rows.

    ``table`` is the path of a file, a data frame, a dict of columns, a list of dicts (one for each row) or a `Table`;
    ``target`` is the name of the column to predict. Configurations of the ``families`` ("network", "trees", "linear")
    are compared by cross-validation until ``n_trials`` of them were tried, or else ``minutes`` (None: 1) are over; with
    ``n_trials`` the same ``seed`` gives the same model, whatever ``n_jobs``. `AutoClassifier` describes how.

    Further options, as in ``scratchtune tune``:

    - ``drop`` (columns to leave out), ``keep`` (columns to use though the audit would drop them), ``group`` (a column
      whose groups are never divided), ``time`` (a column of times: later rows are predicted from earlier ones),
      ``test_size`` (the share of the rows that is held out, 0 by default), ``task`` ("classification" or "regression"),
      ``positive`` (of two classes), ``strict`` (True: a finding of the audit is an error);
    - ``text``, ``numeric``: columns read as texts or as numbers; ``missing``, ``decimal``, ``thousands``,
      ``date_order``: how a file is read (`read_table`);
    - ``scoring`` (the score that is maximised), ``folds``, ``searcher`` (a name or a `Searcher`), ``space`` (a dict of
      parameters or the path of a space file), ``target_scale`` ("auto", "linear" or "log"), ``impute`` (True: missing
      numbers are filled in for trees too);
    - ``storage`` (a file that stores every trial, from which the same call continues), ``progress`` (True: a bar),
      ``verbose`` (False; True prints the description of the table before the search).

    Returns
        `TableTuning`: ``model`` with ``predict`` and ``save(path)``, ``scores``, ``study``, ``text()``.

    Raises
        TypeError for an unknown argument or something that is no table, ValueError for a value that is not accepted,
        OSError for a file that cannot be read, RuntimeError if every training fails.
    """
    begun = time.monotonic()
    for name in options:
        if name not in TuneOptions.__annotations__:
            known = ("table", "target", *Asked.__annotations__)
            raise TypeError(f"tune_table has no argument {name!r}{checks.nearest(name, known)}; it has "
                            f"{', '.join(known)}")
    asked = checked(cast(Asked, {**options, "n_trials": n_trials, "minutes": minutes, "families": families,
                                 "searcher": searcher, "seed": seed, "n_jobs": n_jobs}))
    prepared = prepared_for(table, target, asked)
    description = described(prepared, asked["positive"])
    if asked["verbose"]:
        tell(description)
    return tuned(prepared, asked, begun, description, str(table) if isinstance(table, (str, os.PathLike)) else "")


def checked(given: Asked) -> Asked:
    """Return all arguments, checked before any work, with their defaults; a space file is read."""
    asked = cast(Asked, {**DEFAULTS, **given})
    for name, low in (("n_trials", 1), ("folds", 2), ("seed", 0)):
        value = cast(Any, asked)[name]
        if value is not None:
            checks.integer(argument(name), value, low, 2**31 - 1)
    if asked["minutes"] is not None:
        checks.real(argument("minutes"), asked["minutes"], 0.0, open_low=True)
        if asked["n_trials"] is not None:
            raise ValueError(f"{argument('n_trials')} and {argument('minutes')} are given; give one of them")
    checks.real(argument("test_size"), asked["test_size"], 0.0, 1.0, open_high=True)
    if asked["n_jobs"] != -1:
        checks.integer(argument("n_jobs"), asked["n_jobs"], 1)
    for name in ("strict", "impute", "progress", "verbose"):
        checks.boolean(argument(name), cast(Any, asked)[name])
    if isinstance(asked["searcher"], str):
        checks.choice(argument("searcher"), asked["searcher"], SEARCHERS)
    checks.choice(argument("target_scale"), asked["target_scale"], ASKED)
    asked["families"] = checked_families(asked["families"])
    if isinstance(asked["space"], (str, os.PathLike)):
        asked["space"] = read_space(Path(asked["space"]))
    return asked


def prepared_for(table: Any, target: str, asked: Asked) -> Prepared:
    """Read the table, and prepare it (`prepare`), with arguments that `checked` has returned."""
    options = {name: cast(Any, asked)[name] for name in PrepareOptions.__annotations__}
    skip = [name for name in asked["drop"] if name not in (target, asked["group"], asked["time"])]
    given = {name: cast(Any, asked)[name] for name in ("text", "numeric", *NOTATION)}
    return prepare(_table(table, skip, {name: value for name, value in given.items() if value}), target,
                   seed=asked["seed"], **cast(PrepareOptions, options))


def tuned(prepared: Prepared, asked: Asked, begun: float, description: str = "", source: str = "") -> TableTuning:
    """Search models for a prepared table, and evaluate the result on its test set, if there is one.

    ``begun`` (of `time.monotonic`) is when the job has begun: the time since then counts. ``source`` names the file.
    """
    prepared.source = source
    seconds = 60.0 * (asked["minutes"] or MINUTES)
    kind: Any = AutoClassifier if prepared.target.classes else AutoRegressor
    model = kind(
        time_budget=max(seconds - (time.monotonic() - begun), seconds / 4.0), random_state=asked["seed"],
        cv=asked["folds"], verbose=int(asked["progress"]), **{name: cast(Any, asked)[name] for name in OF_THE_MODEL})
    model.fit_prepared(prepared)
    return TableTuning(prepared, model, _test_scores(prepared, model), description, source)


def scored(model: Any, X: Any) -> Scores:
    """Return the scores of a fitted model on labelled rows; X is as for its ``predict``, with the target.

    The baseline is the most frequent class, or the mean, of these rows. Rows without a target are left out.

    Raises
        ValueError if the target is absent, missing in all rows, or holds a class that the model does not know.
    """
    target, classes = model.target_, len(model.target_.classes)
    table = rows_with_target(new_rows.table_of(model, X, with_target=True), target.name)
    y = known_target(table, target)
    predictions = model.predict_proba(table) if classes else model.predict(table)
    return scores_of(target, y, predictions, units_of(RowOrder(), None, len(y)), _baseline(classes, y, len(y)))


def _baseline(classes: int, y: np.ndarray, rows: int) -> dict[str, np.ndarray]:
    """The predictions of a model without features, (rows, classes) or (rows,), by its name."""
    return {"most frequent" if classes else "mean": goal_for(classes, None).mean(y, rows)}


def _test_scores(prepared: Prepared, model: Any) -> Scores | None:
    """Return the scores of the model on the held-out test set, beside the baseline; None without one."""
    rows, classes = prepared.test_rows, len(prepared.target.classes)
    if not len(rows):
        return None
    table, y = prepared.test_set()
    duplicates = prepared.audit.duplicates
    units = units_of(prepared.rows[rows], None if duplicates is None else duplicates[rows], len(rows))
    baseline = _baseline(classes, prepared.y[prepared.training_rows], len(rows))
    return scores_of(prepared.target, y, model.predict_proba(table) if classes else model.predict(table), units,
                     baseline, model.seed_)


def _table(given: Any, drop: Sequence[str], reading: dict[str, Any]) -> Table:
    """Convert what `tune_table` accepts to a table; columns to drop are not read."""
    if isinstance(given, Table):
        return given
    if isinstance(given, (str, os.PathLike)) or hasattr(given, "read"):
        table = read_table(given, skip=drop, **reading)
    else:
        for name in NOTATION:
            if name in reading:
                raise ValueError(f"{name} is {reading[name]!r} and table is a {type(given).__name__}; {name} says how "
                                 "a file is written: give the file's path, or change the values themselves")
        table = _of_values(given, drop, **{name: tuple(reading.get(name, ())) for name in ("text", "numeric")})
    for name in ("text", "numeric"):
        for column in reading.get(name, ()):
            checks.choice(argument(name), column, table.names)
    return table


def _of_values(given: Any, drop: Sequence[str], text: tuple[str, ...], numeric: tuple[str, ...]) -> Table:
    """Make a table of a data frame, a dict of columns or a list of dicts, without the columns to drop."""
    if isinstance(given, Sequence) and given and all(isinstance(row, Mapping) for row in given):
        names = list(dict.fromkeys(name for row in given for name in row))
        given = {name: [row.get(name) for row in given] for name in names}
    is_frame = hasattr(given, "columns") and hasattr(given, "dtypes")
    if not (is_frame or isinstance(given, Mapping)):
        raise TypeError(f"table is a {type(given).__name__}; it must be the path of a file, a data frame, a dict of "
                        "columns, a list of dicts or a Table")
    names = list(given.columns if is_frame else given)
    kept = [name for name in names if name not in drop]
    table = Table.from_columns(given[kept] if is_frame else {name: given[name] for name in kept}, text=text,
                               numeric=numeric)
    table.skipped = tuple(name for name in names if name in drop)
    table.reading = table.reading._replace(text=text, numeric=numeric)
    return table
