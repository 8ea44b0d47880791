"""The main job as one function: `tune_table` reads a table, tunes a network on it, evaluates and refits it.

It does what ``scratchtune tune`` does, for a script or a notebook, and with the same seed it gives the same numbers.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack, cast

from scratchtune import checks
from scratchtune.evaluation.parallel import number_of_workers
from scratchtune.job_options import JobOptions, silent
from scratchtune.network.training import DivergenceWarning
from scratchtune.search import SEARCHERS, Searcher
from scratchtune.streams import note, tell
from scratchtune.tables.describing import described
from scratchtune.tables.option_names import in_python, python_names
from scratchtune.tables.prepared import TEST_SHARE, Prepared, ReadOptions, RowOptions, prepare
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table
from scratchtune.tables.result import TableTuning
from scratchtune.tables.search_options import Search
from scratchtune.tables.space_file import read_space
from scratchtune.tables.tuning import tune_prepared

OF_A_FILE = ("missing", "decimal", "thousands", "date_order")  # options that say how a file is read


class TargetOptions(ReadOptions, total=False):
    """What is predicted, and which rows are held out."""

    task: str | None
    positive: str | None
    drop: Sequence[str]
    keep: Collection[str]
    group: str | None
    time: str | None
    test_size: float


class TuneOptions(TargetOptions, total=False):
    """Those, and how the configurations are compared and the job is run."""

    add_indicator: bool
    target_scale: str
    scoring: str | None
    folds: int
    refit: bool
    storage: str | Path | None
    progress: bool
    verbose: bool


ARGUMENTS = ("table", "target", "impute", "n_trials", "searcher", "space", "seed", "n_jobs",
             *TuneOptions.__annotations__)


def tune_table(
    table: Any, target: str, *, impute: bool | str | None = None, n_trials: int | None = None,
    searcher: str | Searcher = "bayesian", space: Any = None, seed: int = 0, n_jobs: int = 2,
    **options: Unpack[TuneOptions],
) -> TableTuning:
    """Tune a network on your own table, evaluate it once on held-out rows, and return it trained on all rows.

    ``table`` is the path of a file, a data frame, a dict of columns, a list of dicts (one for each row) or a `Table`;
    ``target`` is the name of the column to predict. The default configuration and up to ``n_trials`` others (None: 50;
    for a grid and Hyperband all that they have) are compared by cross-validation on the training set; the best one and
    the default are evaluated on the test set. ``print`` shows the report.

    ``impute``: "median" or True fills missing values with the median, or the most frequent text, "mean" with the mean;
    with ``add_indicator=True`` columns are added that say where values were missing. ``searcher`` is a name or a
    `Searcher`, ``space`` a dict of parameters or the path of a space file (None: `default_space`), ``n_jobs`` the
    number of trainings at the same time (-1: one on each processor), which changes no result.

    Further options, as in ``scratchtune tune``:

    - ``task`` ("classification" or "regression"; detected by default), ``positive`` (the positive one of two classes),
      ``drop`` (columns to leave out), ``keep`` (columns to use though they seem to identify the rows), ``test_size``
      (the share of the rows held out, 0.2), ``group`` (a column whose groups are never divided between training and
      test), ``time`` (a column of times: the latest rows are the test set);
    - ``text``, ``numeric``: columns read as texts or as numbers; ``missing``, ``decimal``, ``thousands``,
      ``date_order``: how a file is read (see `read_table`);
    - ``target_scale``: "linear", "log", or "auto", which takes the better one for a skewed numeric target;
    - ``scoring`` (the score that is maximised), ``folds`` (5), ``refit`` (True: the model is trained on all rows, the
      test set included; False: on the training set alone; the metrics are those of the latter in any case);
    - ``storage`` (a file that stores every trial, from which the same call continues), ``progress`` (True: a bar),
      ``verbose`` (False; True prints what the command line prints).

    Returns
        `TableTuning`: ``model`` with ``predict(df)`` and ``save(path)``, ``params`` (empty if no configuration was
        better than the default), ``metrics``, ``study``, ``text()``.

    Raises
        TypeError for an unknown argument or something that is no table, ValueError for a value that is not accepted,
        OSError for a file that cannot be read, RuntimeError if every training fails.
    """
    for name in options:
        if name not in TuneOptions.__annotations__:
            raise TypeError(f"tune_table has no argument {name!r}{checks.nearest(name, ARGUMENTS)}; it has "
                            f"{', '.join(ARGUMENTS)}")
    with python_names(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)  # the study records these trainings
        verbose = checks.boolean("verbose", options.get("verbose", False))
        run = JobOptions(number_of_workers(n_jobs), options.get("storage"),
                         checks.boolean("progress", options.get("progress", True)), note if verbose else silent)
        is_file = isinstance(space, (str, os.PathLike))
        search = Search(searcher, n_trials, read_space(Path(space)) if is_file else space, seed,
                        options.get("target_scale", "auto"))
        chosen = _checked_choice(options, impute, search)
        prepared = _prepared(table, target, seed, options)
        description = described(prepared, options.get("positive"))
        if verbose:
            tell(in_python(description))
        result = tune_prepared(prepared, search, run=run, **chosen)
        result.description = description
        return result


def _checked_choice(options: TuneOptions, impute: bool | str | None, search: Search) -> dict[str, Any]:
    """Return the arguments of `tune_prepared` that the options give, checked before the table is read."""
    if search.trials is not None:
        checks.integer("n_trials", search.trials, 1)
    checks.integer("seed", search.seed, 0, 2**32 - 1)
    if isinstance(search.searcher, str):
        checks.choice("searcher", search.searcher, SEARCHERS)
    strategy = {True: "median", False: None}.get(impute, impute) if isinstance(impute, bool) else impute
    add_indicator = checks.boolean("add_indicator", options.get("add_indicator", False))
    if add_indicator and strategy is None:
        raise ValueError("add_indicator is True and impute is not given; it marks the values that impute fills")
    return {"scoring": options.get("scoring"), "folds": checks.integer("folds", options.get("folds", 5), 2),
            "refit": checks.boolean("refit", options.get("refit", True)), "impute": strategy,
            "add_indicator": add_indicator}


def _prepared(table: Any, target: str, seed: int, options: TuneOptions) -> Prepared:
    """Read the table, and hold out a test set."""
    order = cast(RowOptions, {name: value for name, value in options.items() if name in RowOptions.__annotations__})
    drop = [name for name in options.get("drop", ()) if name not in (target, order.get("group"), order.get("time"))]
    given: dict[str, Any] = {name: value for name, value in options.items() if name in ("text", "numeric", *OF_A_FILE)}
    test_size = checks.real("test_size", options.get("test_size", TEST_SHARE), 0.0, 1.0, open_low=True, open_high=True)
    return prepare(_table(table, drop, given), target, options.get("task"), options.get("positive"),
                   options.get("drop", ()), seed, test_size, **order)


def _table(given: Any, drop: Sequence[str], reading: dict[str, Any]) -> Table:
    """Convert what `tune_table` accepts to a table; columns to drop are not read."""
    if isinstance(given, (str, os.PathLike)):
        table = read_table(given, skip=drop, **cast(ReadOptions, reading))
        _check_named(table, reading)
        return table
    for name in OF_A_FILE:
        if reading.get(name):
            raise ValueError(f"{name} is {reading[name]!r} and table is a {type(given).__name__}; {name} says how a "
                             "file is written: give the file's path, or change the values themselves")
    kinds = {name: tuple(reading.get(name, ())) for name in ("text", "numeric")}
    if isinstance(given, Table):
        for name in kinds:
            if kinds[name]:
                raise ValueError(f"{name} is {list(kinds[name])!r} and table is a Table, whose columns are texts or "
                                 f"numbers already; give {name} to the function that made it")
        return given
    table = _from_values(given, drop, kinds)
    table.reading = table.reading._replace(text=kinds["text"], numeric=kinds["numeric"])
    _check_named(table, reading)
    return table


def _from_values(given: Any, drop: Sequence[str], kinds: Mapping[str, Any]) -> Table:
    """Make a table of a data frame, a dict of columns or a list of dicts, without the columns to drop."""
    if hasattr(given, "columns") and hasattr(given, "dtypes"):
        names = list(given.columns)
        skipped = [name for name in drop if name in names]
        table = Table.from_columns(given[[name for name in names if name not in drop]] if skipped else given, **kinds)
    elif isinstance(given, Mapping):
        skipped = [name for name in drop if name in given]
        table = Table.from_columns({name: given[name] for name in given if name not in drop}, **kinds)
    elif isinstance(given, Sequence) and given and all(isinstance(row, Mapping) for row in given):
        skipped = list(dict.fromkeys(name for row in given for name in row if name in drop))
        table = Table.from_rows([{name: row[name] for name in row if name not in drop} for row in given], **kinds)
    else:
        raise TypeError(f"table is a {type(given).__name__}; it must be the path of a file, a data frame, a dict of "
                        "columns, a list of dicts or a Table")
    table.skipped = tuple(skipped)
    return table


def _check_named(table: Table, reading: Mapping[str, Any]) -> None:
    """Raise a ValueError if ``text`` or ``numeric`` names a column that is not in the table."""
    for option in ("text", "numeric"):
        for name in reading.get(option, ()):
            checks.choice(option, name, table.names)
