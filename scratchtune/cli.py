"""The command line: ``scratchtune compare``, ``tune``, ``predict``, ``translate``, ``transcribe``, ``example``, others.

Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 the job failed, 2 wrong arguments or input,
130 interrupted. A closed pipe on stdout loses no work: files are written before results are printed.
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
import tempfile
import textwrap
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar

from scratchtune import __version__, checks, interruption
from scratchtune.files import replaceable, write_text
from scratchtune.streams import flushed, note, prepare_streams, redirect_to_devnull, shown_params, tell, visible

if TYPE_CHECKING:
    import numpy as np

    from scratchtune.data import Table
    from scratchtune.study.storage import Storage
    from scratchtune.study.stored import StoredStudy
    from scratchtune.tabular import TableModel
    from scratchtune.tabular.held_out import Prepared
    from scratchtune.tabular.model import Target

Model = TypeVar("Model")
TASKS = ("classification", "regression")
DB_HELP = ("store every trial in this file, from which the same command continues after an interruption, and which "
           "scratchtune why, show and export read")
SIDE_BY_SIDE = 64  # sentences that are translated at the same time
PLOTS = ("optimization_history", "slice", "contour", "parallel_coordinate", "intermediate_values", "edf", "timeline",
         "rank", "grid", "param_importances")  # the functions plot_NAME of insight
OF_PARAMETERS = ("slice", "contour", "parallel_coordinate", "rank", "grid")
OF_SEARCHERS = ("posterior", "densities", "family", "brackets")  # those that show the state of one searcher
OF_SEVERAL = ("pareto_front",)  # of a study of several objectives
OF_ONE_TRIAL = ("posterior", "densities")  # they have one parameter, and --trial
PICTURES = (".png", ".svg", ".pdf")
SEARCHER_NAMES = ("grid", "random", "bayesian", "genetic", "hyperband")  # as in search.SEARCHERS, without importing it


class _Parser(argparse.ArgumentParser):
    """argparse without the usage text before an error: one line says what is wrong.

    ``end`` returns the last paragraphs of the help; it is called only when the help is printed.
    """

    end: Callable[[], str] | None = None

    def format_help(self) -> str:
        return super().format_help() + ("" if self.end is None else f"\n{self.end()}\n")

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class _Commands(Protocol):
    """What ``add_subparsers`` returns; argparse's own class for it has no public name."""

    def add_parser(self, name: str, *, help: str, description: str) -> _Parser: ...


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command as Ctrl-C does."""


def _terminate(*_: object) -> None:
    raise _Terminated


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    alone = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _terminate) if alone else None
    nested, interruption.ends_process = interruption.ends_process, True
    try:
        prepare_streams()
        return flushed(_run(arguments))
    except KeyboardInterrupt as signalled:
        terminated = isinstance(signalled, _Terminated)
        note("scratchtune: terminated" if terminated else "scratchtune: interrupted")
        return 143 if terminated else 130
    finally:
        interruption.ends_process = nested
        if alone:
            signal.signal(signal.SIGTERM, before)


def _run(arguments: Sequence[str] | None) -> int:
    parser = _make_parser()
    try:
        given = parser.parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        if sys.stdout is None:
            raise OSError("stdout is closed, and results go there; redirect it to a file, or to /dev/null")
        return int(given.command(given))
    except KeyboardInterrupt as signalled:
        if given.command in (_tune, _auto, _compare, _example) and given.db is not None:
            interruption.say_kept(signalled, given.db)
        raise
    except BrokenPipeError:  # while printing; a command that writes files may not have written them yet
        redirect_to_devnull(sys.stdout)
        return 1 if given.command in (_tune, _auto, _compare) else 0
    except Exception as error:
        note(traceback.format_exc() if given.debug else f"scratchtune: {_said(error)}")
        return 2 if isinstance(error, (ValueError, TypeError, OSError)) else 1


def _said(error: Exception) -> str:
    """Return the text of an error, or its type where it has no text."""
    if isinstance(error, MemoryError) and not str(error):
        return "there is not enough memory for it"
    return str(error) or f"it failed with {type(error).__name__}"


# Commands -------------------------------------------------------------------------------------------------------------


def _make_parser() -> argparse.ArgumentParser:
    about = "Hyper-parameter tuning from scratch, with every formula beside the code that computes it."
    parser = _Parser(prog="scratchtune", description=about)
    parser.add_argument("--version", action="version", version=f"scratchtune {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser)
    for add in (_add_compare, _add_tune, _add_auto, _add_predict, _add_score, _add_translate, _add_transcribe, _add_why,
                _add_studies, _add_plot, _add_report, _add_example, _add_recommend, _add_formulas):
        add(commands)
    return parser


def _command(commands: _Commands, name: str, run: object, text: str) -> _Parser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(command=run)
    return parser


def _add_compare(commands: _Commands) -> None:
    parser = _command(
        commands, "compare", _compare,
        "tune one small network with every searcher, within the same budget of epochs, and compare the results")
    add = parser.add_argument
    add("--data", choices=["digits"], default="digits", help="the data set to tune on (default: digits)")
    add("--searchers", nargs="+", metavar="NAME", default=[],
        help=f"some of {', '.join(SEARCHER_NAMES)} (default: all)")
    add("--trials", type=int, default=27, metavar="N",
        help="the largest number of configurations per searcher; hyperband runs at most one full schedule, within the "
             "epochs that they take (default: 27)")
    add("--jobs", type=int, default=2, metavar="N",
        help="the number of trainings that run at the same time (default: 2)")
    add("--seed", type=int, default=0, metavar="N",
        help="the seed of the splits, the initial weights and the searchers (default: 0)")
    add("--split", choices=["shuffled", "order"], default="shuffled",
        help="which rows are the test set: shuffled takes a random fifth of each class; order takes the last fifth of "
             "the file, which other people have written (default: shuffled)")
    add("--out", type=Path, default=Path("."), metavar="DIR",
        help="the folder in which the picture is saved (default: .)")
    add("--db", type=Path, metavar="FILE", help=DB_HELP)
    add("--report", nargs="?", const="", metavar="FILE.html",
        help="also write a report of all studies as one HTML page (default: comparison.html in --out)")


def _compare(given: argparse.Namespace) -> int:
    from scratchtune.comparison import SPACE, compare
    from scratchtune.data.datasets import load_digits
    from scratchtune.insight.plots import plot_comparison
    from scratchtune.insight.reporting import report, report_path
    from scratchtune.job_options import JobOptions
    from scratchtune.search import SEARCHERS

    _check_integers(given, trials=1, jobs=1)
    for name in given.searchers:
        checks.choice("--searchers", name, SEARCHERS)
    if given.out.exists() and not given.out.is_dir():
        raise ValueError(f"--out is {str(given.out)!r}, a file; it must be a folder")
    given.out.mkdir(parents=True, exist_ok=True)
    _check_folder(given.out, f"--out is {str(given.out)!r}")  # is known before the work, not after
    page = report_path(given.report, given.out / "comparison.html")
    _check_db(given.db, {"the picture": given.out / "comparison.png", "the report": page})
    X, y = load_digits()
    run = JobOptions(given.jobs, given.db, say=note)
    result = compare(X / 16.0, y, given.searchers, given.trials, given.seed, given.split, run)
    studies = {row.searcher: row.study for row in result.rows}
    costs = {row.searcher: row.costs for row in result.rows}
    picture = plot_comparison(studies, costs, next(iter(SPACE)), given.out / "comparison.png")
    if page is not None:
        report(list(studies.values()), page)
    tell(f"{result.text()}\npicture: {picture}" + (f"\nreport: {page}" if page is not None else ""))
    return 0


def _check_integers(given: argparse.Namespace, most_seed: int = 2**32 - 1, **lowest: int) -> None:
    """Check options that are integers, by their lowest values; None is not given. And --seed, where there is one."""
    for name, low in lowest.items():
        if getattr(given, name) is not None:
            checks.integer(f"--{name.replace('_', '-')}", getattr(given, name), low)
    if "seed" in given:
        checks.integer("--seed", given.seed, 0, most_seed)


def _add_tune(commands: _Commands) -> None:
    parser = _command(
        commands, "tune", _tune, "tune a network on your own table, evaluate it on a held-out test set, and save it")
    parser.end = _about_tables
    add = parser.add_argument
    add("file", nargs="?", type=Path, metavar="FILE",
        help="the table, a .csv, .csv.gz, .npz, .parquet or .xlsx file; - is a CSV file on stdin")
    add("--data", choices=["digits"], help="tune on a built-in data set instead of a file")
    _add_columns(add)
    _add_imputing(add)
    _add_search(add)
    add("--jobs", type=int, default=2, metavar="N",
        help="the number of trainings that run at the same time (default: 2)")
    add("--seed", type=int, default=0, metavar="N",
        help="the seed of the splits, the initial weights and the searcher (default: 0)")
    add("--out", type=Path, default=Path("model.npz"), metavar="MODEL.npz", help="the file in which the model is saved "
                                                                                 "(default: model.npz)")
    add("--emit", nargs="+", default=[], choices=["ours", "keras", "torch"], metavar="FRAMEWORK",
        help="also write scripts that train the chosen network, beside the model: ours (scratchtune), keras, torch")
    add("--db", type=Path, metavar="FILE", help=DB_HELP)
    add("--report", nargs="?", const="", metavar="FILE.html",
        help="also write a report of the study as one HTML page, after the model; give it after FILE (default: "
             "report.html beside the model)")


def _add_columns(add: Callable[..., object]) -> None:
    """Add tune's options about the columns of the table."""
    add("--target", metavar="COLUMN", help="the column to predict")
    add("--task", choices=TASKS,
        help="whether classes or numbers are predicted (default: detected from the target's values, and printed with "
             "the reason)")
    add("--positive", metavar="CLASS", help="if there are two classes, the one that precision, recall, F1 and AUC "
                                            "refer to (default: the rarer one)")
    add("--drop", nargs="+", default=[], metavar="COLUMN", help="columns to leave out, such as a row number")
    add("--keep", nargs="+", action="extend", default=[], metavar="COLUMN",
        help="columns to use although they seem to identify the rows; without this option, such columns are left out")
    add("--group", metavar="COLUMN",
        help="a column such as a patient or a shop: rows of one group are never in both the training and the test "
             "part, of the table and of each fold; the column is no feature")
    add("--time", metavar="COLUMN",
        help="a column of numbers or dates: the latest rows are the test set, and each fold trains on earlier rows "
             "than it tests; the column is a feature too, unless --drop names it")
    add("--text", nargs="+", action="extend", default=[], metavar="COLUMN",
        help="columns of numbers that are codes: each different number is treated as a category")
    add("--numeric", nargs="+", action="extend", default=[], metavar="COLUMN",
        help="columns of numbers in which a cell that is not a number is a missing value; they are counted on stderr")
    _add_notation(add)
    add("--date-order", choices=["dmy", "mdy"], metavar="ORDER",
        help="for dates such as 03/04/2020: dmy if the day comes first, mdy if the month does (default: detected in "
             "each column)")


def _add_imputing(add: Callable[..., object]) -> None:
    """Add tune's options about missing values in features."""
    add("--impute", action="store_true",
        help="fill in missing values: the median for numbers, the most frequent text for texts")
    add("--indicator", action="store_true",
        help="with --impute: add a column of 0 and 1 for each column with missing values, which is 1 where they are "
             "missing")


def _add_search(add: Callable[..., object]) -> None:
    """Add tune's options about the search and its evaluation."""
    add("--searcher", default="bayesian", metavar="NAME", help=f"{', '.join(SEARCHER_NAMES)} (default: bayesian)")
    add("--trials", type=int, metavar="N",
        help="the number of configurations to try (default: 50; for grid and hyperband all that they have)")
    add("--scoring", metavar="NAME", help="the score that is maximised: neg_log_loss, accuracy, f1, roc_auc, r2, ... "
                                          "(default: neg_log_loss for classes, neg_mean_squared_error for numbers)")
    add("--space", type=Path, metavar="FILE.json",
        help="a file with the hyper-parameters to search and their ranges, in the form of the default space below")
    add("--target-scale", choices=["auto", "linear", "log"], default="auto", metavar="SCALE",
        help="whether the logarithm of a numeric target is learned: linear, log, or auto, which takes the better one "
             "by cross-validation of the default configuration if the target is skewed and >= 0 (default: auto)")
    add("--show-space", action="store_const", dest="command", const=_show_space,
        help="print the default space, in the form of a --space file, and stop: for the training set of FILE, or "
             "without a FILE for 1,000 rows")
    add("--folds", type=int, default=5, metavar="K", help="the number of folds of the cross-validation (default: 5)")
    add("--test-size", "--sealed", type=float, default=0.2, metavar="SHARE",
        help="the share of the rows that is held out as the test set (default: 0.2)")
    add("--refit", action=argparse.BooleanOptionalAction, default=True,
        help="train the chosen configuration once more, on all rows, and save this model (the default); the printed "
             "scores are those of the model that was trained on the training set alone, which --no-refit saves")


def _add_notation(add: Callable[..., object]) -> None:
    """Add options that say how a file writes missing values and numbers."""
    add("--missing", nargs="+", action="extend", default=[], metavar="TEXT",
        help="further texts that mean a missing value, such as - or -999; these always mean one, in upper or lower "
             "case: empty, NA, N/A, NaN, null, None, ?")
    add("--decimal", choices=[".", ","], metavar="MARK",
        help="the decimal mark of numbers, a point or a comma (default: detected in the file)")
    add("--thousands", choices=[",", ".", " ", "'"], metavar="MARK",
        help="the thousands separator, as in 1,234,567: a comma, a point, a blank or an apostrophe (default: none)")


def _about_tables() -> str:
    """Return the end of tune's help: what a table is, and the default space, generated from the code."""
    from scratchtune.data.notation import FEW, MOSTLY
    from scratchtune.estimators import default_space
    from scratchtune.tabular.space_file import written_space

    paragraphs = (
        "tables: FILE is a CSV file in UTF-8 (a byte order mark may be there), which may be compressed by gzip, or an "
        ".npz file of NumPy, or, where pandas is installed, .parquet or .xlsx (the first sheet); "
        "- is a CSV file on stdin. The first line of a CSV file holds the column names. "
        "The delimiter is detected; it is a comma, a semicolon or a tab. The decimal mark is a point, or a "
        "comma if the delimiter is not a comma and the first 1,000 rows leave no doubt that it is one.",
        "columns: A column is numeric if all its cells are numbers or missing, else it is text. Numeric columns are "
        "scaled. Text columns are one-hot encoded, with at most 1,000 categories each. A text column of dates, with "
        "or without times, becomes numbers: year, month, weekday, day of the month, hour, and the days since the first "
        "date; --text makes each date a category instead. If at "
        f"least {MOSTLY:.0%} of the cells look like numbers, the others are probably mistakes: tune stops and names "
        f"them. It also stops if at most {FEW} distinct texts do not look like numbers and more distinct ones do.",
        "identifiers: A column of distinct integers that are consecutive or named like an ID, or of texts that "
        "differ in nearly every row, seems to identify the rows. It is left out and named; --keep, --text or --numeric "
        "uses it.",
        "rows: Rows without a target are left out. The share --test-size of the rows is held out as the test "
        "set. The others are the training set, on which configurations are compared by cross-validation. The best one "
        "and the default are then trained on the training set and evaluated on the test set, once. Then the chosen "
        "one is trained on all rows, and this model is saved; with --no-refit, the model of the training set is saved.",
        "augment: This hyper-parameter is the standard deviation of the noise that is added to the scaled columns in "
        "training.",
        "example: scratchtune tune customers.csv --target churn --drop id --impute --out churn.npz",
        "default space, for a training set of 1,000 rows (more rows get fewer epochs; --show-space prints that of a "
        "table); --space takes a file like this:")
    return "\n\n".join([*(textwrap.fill(text, 100) for text in paragraphs), written_space(default_space(1000))])


def _tune(given: argparse.Namespace) -> int:
    from scratchtune.insight.reporting import report, report_path
    from scratchtune.job_options import JobOptions
    from scratchtune.tabular.describing import described
    from scratchtune.tabular.emit import check_space_written, script
    from scratchtune.tabular.searching import Search
    from scratchtune.tabular.space_file import read_space
    from scratchtune.tabular.tuning import tune_prepared

    _check_tune(given)
    space = None if given.space is None else read_space(given.space)
    check_space_written(given.emit, space or {})
    scripts = {kind: given.out.with_name(f"{given.out.stem}_{kind}.py") for kind in given.emit}
    page = report_path(given.report, given.out.parent / "report.html")
    pages = {} if page is None else {"--report": page}
    _check_outputs({"--out": given.out, **{f"--emit {kind}": path for kind, path in scripts.items()}, **pages},
                   {"the table": given.file, "the space": given.space})
    _check_db(given.db, {"the table": given.file, "the space": given.space, "the model": given.out, "the report": page,
                         **{f"the script of --emit {kind}": path for kind, path in scripts.items()}})
    prepared, impute = _prepared(given), "median" if given.impute else None
    tell(described(prepared, given.positive))
    with _plain_warnings():
        result = tune_prepared(
            prepared, Search(given.searcher, given.trials, space, given.seed, given.target_scale),
            scoring=given.scoring, folds=given.folds, impute=impute, add_indicator=given.indicator, refit=given.refit,
            run=JobOptions(given.jobs, given.db, say=note))
    there = {path for path in (given.out, *scripts.values()) if path.exists()}
    result.model.save(given.out)
    for kind, path in scripts.items():
        write_text(path, script(kind, result.evaluated.estimator, _rows_of(given, impute), result.evaluated.scale_))
    replaced = "replaced; " if given.out in there else ""
    tell(f"\n{result.text()}\nmodel: {given.out} ({replaced}scratchtune predict {given.out} FILE)")
    for path in scripts.values():
        tell(f"script: {path}" + " (replaced)" * (path in there))
    if page is not None:
        report(result.study, page)
        tell(f"report: {page}")
    return 0


def _show_space(given: argparse.Namespace) -> int:
    """Print the default space for the training set of a table, as a file that --space reads."""
    from scratchtune.estimators import default_space
    from scratchtune.tabular.space_file import written_space

    rows = 1000
    if given.file is not None or given.data is not None:
        _check_tune(given)
        rows = len(_prepared(given).training_rows)
    note(f"the default space for a training set of {checks.counted(rows, 'row')}; --space takes a file like this")
    tell(written_space(default_space(rows)), data=True)
    return 0


def _rows_of(given: argparse.Namespace, impute: str | None) -> dict[str, object]:
    """What a script of --emit needs in order to read and divide the table as tune does."""
    return {"path": str(given.file), "target": given.target, "task": given.task, "positive": given.positive,
            "drop": given.drop, "impute": impute, "seed": given.seed, "test_size": given.test_size, "text": given.text,
            "numeric": given.numeric, "missing": given.missing, "decimal": given.decimal, "thousands": given.thousands,
            "date_order": given.date_order, "add_indicator": given.indicator or None,
            "keep": given.keep, "group": given.group, "time": given.time}


def _strip_columns(given: argparse.Namespace) -> None:
    """Strip the names of columns, as those in a table's header are, and check --group and --time."""
    given.target = given.target and given.target.strip()
    given.drop, given.text, given.numeric, given.keep = (
        [name.strip() for name in names] for names in (given.drop, given.text, given.numeric, given.keep))
    given.group, given.time = (name and name.strip() for name in (given.group, given.time))
    for option, name in (("--group", given.group), ("--time", given.time)):
        if name is not None and name == given.target:
            raise ValueError(f"{option} is {name!r}, the target; it must be another column")


def _check_tune(given: argparse.Namespace) -> None:
    """Check the options before any work."""
    from scratchtune.search import SEARCHERS

    _strip_columns(given)
    if given.file is not None and given.data is not None:
        raise ValueError("a table, FILE, and --data are given; take one of them")
    if given.file is None and given.data is None:
        raise ValueError("FILE, the table, is not given: scratchtune tune FILE --target COLUMN; it comes first, since "
                         "--drop and --emit take all that follows them")
    if given.target is None and given.data is None:
        raise ValueError("--target is missing; it names the column to predict")
    if given.data and given.emit:
        raise ValueError("--emit needs a FILE that the script can read; with --data there is none")
    if given.indicator and not given.impute:
        raise ValueError("--indicator is given and --impute is not; it marks the values that --impute fills")
    if given.file == Path("-") and given.emit:
        raise ValueError("--emit needs a FILE that the script can read; FILE is -, the standard input")
    for name in ("text", "numeric", "missing", "decimal", "thousands", "date_order"):
        if given.data and getattr(given, name):
            raise ValueError(f"--{name.replace('_', '-')} says how a FILE is read; with --data there is none")
    _check_integers(given, trials=1, jobs=1, folds=2)
    checks.real("--test-size", given.test_size, 0.0, 1.0, open_low=True, open_high=True)
    checks.choice("--searcher", given.searcher, SEARCHERS)


def _table_of(given: argparse.Namespace) -> Table:
    """Read the table to tune on; a built-in data set has a default target."""
    from scratchtune.data import Table, read_table
    from scratchtune.data.datasets import load_digits

    if not given.data:
        table = read_table(
            _source(given.file), text=given.text, numeric=given.numeric, missing=given.missing, decimal=given.decimal,
            thousands=given.thousands, date_order=given.date_order,
            skip=[name for name in given.drop if name not in (given.target, given.group, given.time)])
        for option, names in (("--text", given.text), ("--numeric", given.numeric)):
            for name in names:
                checks.choice(option, name, table.names)
        return table
    X, y = load_digits()
    given.target = given.target or "digit"
    return Table.from_columns({**{f"pixel{i}": X[:, i] for i in range(X.shape[1])}, "digit": y})


def _prepared(given: argparse.Namespace) -> Prepared:
    """Read the table, and divide it into its target and features, training and test set."""
    from scratchtune.tabular.held_out import prepare

    with _plain_warnings():
        return prepare(_table_of(given), given.target, given.task, given.positive, given.drop, given.seed,
                       given.test_size, keep=given.keep, group=given.group, time=given.time)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print warnings as plain lines, without a position in the code; the study reports trainings that diverge."""
    from scratchtune.network.training import DivergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("once")
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.showwarning = lambda message, *_, **__: note(f"scratchtune: {message}")
        yield


def _check_outputs(outputs: dict[str, Path], inputs: dict[str, Path | None]) -> None:
    """Check before any work that the output files can be written, and that they overwrite no input."""
    used = {what: path for what, path in inputs.items() if path is not None}
    for option, path in outputs.items():
        written = f"{option} is {str(path)!r}" if option == "--out" else f"{option} would write {str(path)!r}"
        for what, other in used.items():
            if path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other)):
                raise ValueError(f"{written}, which would overwrite {what}; choose another name with --out")
        if path.is_dir():
            raise ValueError(f"{written}, a folder; it must be the name of a file")
        if not path.parent.is_dir():
            raise ValueError(f"{written}; there is no folder {str(path.parent)!r}")
        _check_folder(replaceable(path).parent, written)
        used["the model" if option == "--out" else f"the script of {option}"] = path


def _check_folder(folder: Path, written: str) -> None:
    """Raise an OSError that begins with ``written`` if no file can be created in a folder."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as problem:
        raise OSError(f"{written}; no file can be made in the folder {str(folder)!r}: {problem.strerror}") from None


def _check_db(db: Path | None, others: dict[str, Path | None]) -> None:
    """Check before any work that a file can store studies, and that it is none of the ``others``."""
    from scratchtune.study.storage import Storage

    if db is None:
        return
    for what, path in others.items():
        there = path is not None and path.exists() and db.exists()
        if path is not None and (path.resolve() == db.resolve() or (there and path.samefile(db))):
            raise ValueError(f"--db is {str(db)!r}, which is {what}; it must be a file of its own")
    Storage(db).close()


def _add_auto(commands: _Commands) -> None:
    parser = _command(
        commands, "auto", _auto,
        "search models, preprocessing and hyper-parameters for your own table together, and combine the best")
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="the table, as for scratchtune tune")
    _add_columns(add)
    add("--minutes", type=float, default=1.0, metavar="M", help="how long to search (default: 1)")
    add("--trials", type=int, metavar="N",
        help="how many configurations to try, instead of --minutes; the result is then the same in each run with "
             "the same --seed")
    add("--families", nargs="+", default=[], metavar="NAME",
        help="the families of models to use: some of network, trees, linear (default: all)")
    add("--scoring", metavar="NAME", help="the score that is maximised (default: neg_log_loss for classes, "
                                          "neg_mean_squared_error for numbers)")
    add("--test-size", type=float, default=0.0, metavar="SHARE",
        help="the share of the rows that is held out, to evaluate the result on (default: 0, since the score on new "
             "rows is estimated by cross-validation)")
    add("--jobs", type=int, metavar="N", help="the number of threads (default: one for each processor)")
    add("--seed", type=int, default=0, metavar="N", help="the seed of folds, models and search (default: 0)")
    add("--out", type=Path, default=Path("model.npz"), metavar="MODEL.npz",
        help="the file in which the model is saved (default: model.npz)")
    add("--db", type=Path, metavar="FILE", help=DB_HELP)


def _auto(given: argparse.Namespace) -> int:
    from scratchtune.automl.families import FAMILIES
    from scratchtune.automl.table import auto_table
    from scratchtune.tabular.describing import described

    begun = time.monotonic()
    _check_auto(given)
    _check_outputs({"--out": given.out}, {"the table": given.file})
    _check_db(given.db, {"the table": given.file, "the model": given.out})
    prepared = _prepared(given)
    tell(described(prepared, given.positive))
    with _plain_warnings():
        seconds = 60.0 * given.minutes
        left = max(seconds - (time.monotonic() - begun), seconds / 4)  # reading the table counts too
        result = auto_table(
            prepared, time_budget=left, n_trials=given.trials, random_state=given.seed,
            scoring=given.scoring, families=tuple(given.families or FAMILIES), n_jobs=given.jobs or -1,
            storage=given.db)
    replaced = "replaced; " * given.out.exists()
    result.model.save(given.out)
    tell(f"\n{result.text()}\nmodel: {given.out} ({replaced}scratchtune predict {given.out} FILE)")
    return 0


def _check_auto(given: argparse.Namespace) -> None:
    """Check the options before any work."""
    from scratchtune.automl.families import FAMILIES

    given.data = None
    _strip_columns(given)
    if given.target is None:
        raise ValueError("--target is missing; it names the column to predict")
    checks.real("--minutes", given.minutes, 0.0, open_low=True)
    for name in given.families:
        checks.choice("--families", name, FAMILIES)
    _check_integers(given, 2**31 - 1, trials=1, jobs=1)
    checks.real("--test-size", given.test_size, 0.0, 1.0, open_high=True)


def _add_predict(commands: _Commands) -> None:
    parser = _command(
        commands, "predict", _predict,
        "predict with a model that tune or auto has saved; prints one label or number per row, in the rows' order")
    _add_new_file(parser, "it needs the columns of the training file, in any order, and further ones are ignored")
    add = parser.add_argument
    add("--proba", action="store_true",
        help="print the probability of each class instead, as CSV whose first line holds the class names")
    add("--threshold", metavar="SHARE",
        help="of two classes, predict the positive one from this probability on: a number, or best, which tune has "
             "found to maximise F1 (default: the most probable class, as with 0.5)")
    add("--out", type=Path, metavar="FILE.csv",
        help="write a CSV file instead of printing: the columns of the table, then the predictions, with --proba also "
             "the probability of each class; its first line holds the column names, and a text that a spreadsheet "
             "would run as a formula gets a ' before it")
    add("--id", nargs="+", default=[], metavar="COLUMN",
        help="the columns of the table that are copied to --out (default: all)")


def _add_new_file(parser: _Parser, needs: str) -> None:
    """Add a model, a table that it was not tuned on, and the options that say how this is read."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="the file that scratchtune tune or auto has saved")
    parser.add_argument("file", type=Path, metavar="FILE", help=f"the table; {needs}")
    parser.add_argument("--unknown", choices=["error", "ignore"], default="ignore",
        help="what to do about a category that was not seen in training: ignore encodes it as zeros and prints a "
             "warning; error stops (default: ignore)")
    _add_notation(parser.add_argument)
    parser.epilog = "FILE is read as the training file was, unless --missing, --decimal or --thousands say otherwise."


def _predict(given: argparse.Namespace) -> int:
    from scratchtune.study.export import csv_text
    from scratchtune.tabular import TableModel

    _check_predict(given)
    model = _loaded(given.model, TableModel, "predict takes a model that scratchtune tune or auto has saved")
    if given.proba and not model.target.classes:
        raise ValueError(f"--proba is for classes; {given.model} predicts values of {model.target.name!r}")
    with _plain_warnings():
        table = _new_rows(given, model)
        answers = model.predict_proba(table) if given.proba else model.predict(table, given.threshold)
    if given.out is not None:
        write_text(given.out, csv_text(_with_columns(given, table, model.target, answers), end="\n"))
        note(f"written: {given.out}")
    elif given.proba:
        tell(csv_text([model.target.classes, *answers.tolist()], end="\n"), end="", data=True)
    else:
        tell("\n".join(map(str, answers.tolist())), data=True)
    return 0


def _loaded(path: Path, kind: type[Model], takes: str) -> Model:
    """Load a model; raise a ValueError, which ends with what the command ``takes``, if the file holds another one."""
    from scratchtune.loading import load_model

    model = load_model(path)
    if not isinstance(model, kind):
        raise ValueError(f"{path} holds a {type(model).__name__}; {takes}")
    return model


def _new_rows(given: argparse.Namespace, model: TableModel, with_target: bool = False) -> Table:
    """Read FILE as the training file was read, unless options say otherwise; --unknown is set in the model."""
    given.file = _source(given.file)
    model.fitted.encoder_.handle_unknown = given.unknown
    changed = {name: getattr(given, name) for name in ("decimal", "thousands") if getattr(given, name) is not None}
    table = model.read(given.file, with_target, missing=(*model.reading.missing, *given.missing), **changed)
    if table.skipped:
        note(f"scratchtune: ignored, since the model does not use them: {checks.quoted(table.skipped)}")
    return table


def _add_score(commands: _Commands) -> None:
    parser = _command(
        commands, "score", _score,
        "evaluate a model that tune or auto has saved on a table with known targets; prints all metrics with standard "
        "errors")
    _add_new_file(parser, "it needs the target and the columns of the training file. For an honest score its rows must "
                          "be new: those that tune has held out are, only if it was run with --no-refit")


def _score(given: argparse.Namespace) -> int:
    from scratchtune.tabular import TableModel
    from scratchtune.tabular.evaluating import score

    model = _loaded(given.model, TableModel, "score takes a model that scratchtune tune or auto has saved")
    with _plain_warnings():
        table = _new_rows(given, model, with_target=True)
        scores = score(model, table)
    tell(scores.text())
    return 0


def _check_predict(given: argparse.Namespace) -> None:
    """Check the options before any work."""
    given.id = [name.strip() for name in given.id]
    if given.threshold is not None and given.threshold != "best":
        try:
            given.threshold = checks.real("--threshold", float(given.threshold), 0.0, 1.0)
        except ValueError:
            raise ValueError(f"--threshold is {given.threshold!r}; it must be best or a number from 0 to 1") from None
    if given.threshold is not None and given.proba:
        raise ValueError("--threshold and --proba are given; a threshold chooses labels, and --proba asks for "
                         "probabilities: give one of them")
    if given.id and given.out is None:
        raise ValueError("--id is given and --out is not; --out names the file that gets the columns of --id")
    if given.out is not None:
        _check_outputs({"--out": given.out}, {"the table": given.file, "the model": given.model})


def _with_columns(
    given: argparse.Namespace, table: Table, target: Target, answers: np.ndarray,
) -> list[list[object]]:
    """Return the rows of --out, the names first: columns of FILE, the prediction and, if asked for, probabilities.

    A missing value is an empty text.
    """
    from scratchtune.data import read_table
    from scratchtune.data.columns import Text, text_of_numbers

    if not isinstance(given.file, Path):
        given.file.seek(0)
    known = [*table.names, *table.skipped]
    for name in given.id:
        checks.choice("--id", name, known)
    copied = read_table(given.file, text=given.id or known, only=given.id or None, delimiter=table.reading.delimiter)
    names = given.id or copied.names
    added = [f"predicted {target.name}", *(target.classes if given.proba else [])]
    if len({*names, *added}) < len(names) + len(added):
        raise ValueError(f"--out would have the columns {checks.quoted([*names, *added])}; the names must be "
                         "different: give --id with the columns to copy, each once")
    columns = [column if isinstance(column, Text) else text_of_numbers(column) for column in map(copied.column, names)]
    cells = zip(*(column.values() for column in columns), strict=True)
    predicted = target.labels(answers.argmax(axis=1)) if given.proba else answers
    probabilities = answers.tolist() if given.proba else [[]] * len(answers)
    return [[*names, *added], *(
        [*("" if cell is None else cell for cell in row), label, *shares]
        for row, label, shares in zip(cells, predicted.tolist(), probabilities, strict=True))]


def _source(path: Path) -> Path | BinaryIO:
    """Return a file, or the content of one that can be read only once, such as a pipe; - is stdin."""
    if path == Path("-"):
        if sys.stdin is None:
            raise OSError("stdin is closed, and FILE is -; give a file, or a table on stdin")
        return _Content("stdin", sys.stdin.buffer.read())
    if path.is_fifo():
        return _Content(str(path), path.read_bytes())
    return path


class _Content(io.BytesIO):
    """The content of a file in memory, with the name that messages show."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name


def _add_translate(commands: _Commands) -> None:
    parser = _command(
        commands, "translate", _translate,
        "translate with a model that scratchtune example translation, or save of a Seq2Seq, has saved")
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="the file that holds the translator")
    add("text", metavar="TEXT", help="the sentence to translate, or - for each line of stdin; prints one translation a "
                                     "line")
    add("--beam-width", type=int, default=1, metavar="N",
        help="the number of candidates that beam search keeps at each step; 1 takes the most probable token "
             "(default: 1)")


def _translate(given: argparse.Namespace) -> int:
    from scratchtune.seq2seq import Seq2Seq
    from scratchtune.text import tokenize

    _check_integers(given, beam_width=1)
    model = _loaded(
        given.model, Seq2Seq, "translate takes a translator, such as scratchtune example translation saves")
    sentences = _lines_of_stdin() if given.text == "-" else {"TEXT": given.text}
    if given.text != "-" and not tokenize(given.text):
        raise ValueError(f"TEXT is {given.text!r}; it must hold at least one word")
    texts, model.warns = list(sentences.values()), False  # the remarks are for all lines, and name them
    for line in model.remarks(texts, list(sentences)):
        note(f"scratchtune: {line}")
    for first in range(0, len(texts), SIDE_BY_SIDE):
        tell("\n".join(model.translate(texts[first : first + SIDE_BY_SIDE], given.beam_width)), data=True)
    return 0


def _add_transcribe(commands: _Commands) -> None:
    parser = _command(
        commands, "transcribe", _transcribe,
        "write what is said in WAV files, with a model that scratchtune example speech, or save of a SpeechRecognizer, "
        "has saved")
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="the file that holds the recogniser")
    add("files", type=Path, nargs="+", metavar="FILE.wav", help="the recordings; prints one text a line, in order")
    add("--beam-width", type=int, metavar="N",
        help="the number of candidates that beam search keeps in each frame; 1 without a language model takes the most "
             "probable symbol of each frame (default: the model's)")
    add("--language-weight", type=float, metavar="W",
        help="how much the model's language model counts; 0 for not at all (default: the model's)")
    add("--insertion-bonus", type=float, metavar="B",
        help="what is added to the score of a text for each letter (default: the model's)")


def _transcribe(given: argparse.Namespace) -> int:
    from scratchtune.recognizer import SpeechRecognizer
    from scratchtune.speech import is_clipped, read_wav

    _check_decoding(given)
    model = _loaded(given.model, SpeechRecognizer,
                    "transcribe takes a recogniser of speech, such as scratchtune example speech saves")
    if given.language_weight is not None and model.decoder.language_model is None:
        raise ValueError(f"--language-weight is {given.language_weight}, and {given.model} has no language model; omit "
                         "it")
    failed = resampled = 0
    for path in given.files:
        try:
            clip = read_wav(path)
            if is_clipped(clip):
                note(f"scratchtune: {path} was recorded too loud, with peaks that are cut off; its text may be wrong")
            text = model.transcribe(model.features(clip, str(path)), given.beam_width, None, given.language_weight,
                                    given.insertion_bonus)
        except (OSError, ValueError) as problem:
            if len(given.files) == 1:
                raise
            note(f"scratchtune: {problem}")
            failed, text = failed + 1, ""
        else:
            resampled += clip.rate != model.features.rate
        tell(text, data=True)
    if resampled:
        note(f"scratchtune: {resampled} of {checks.counted(len(given.files), 'file')} resampled to "
             f"{model.features.rate:,} samples a second, which the model takes")
    if failed:
        note(f"scratchtune: {failed} of {len(given.files):,} files could not be transcribed; their lines are empty")
    return 2 if failed else 0


def _check_decoding(given: argparse.Namespace) -> None:
    """Check the options of the decoding before any work."""
    _check_integers(given, beam_width=1)
    if given.language_weight is not None:
        checks.real("--language-weight", given.language_weight, 0.0)
    if given.insertion_bonus is not None:
        checks.real("--insertion-bonus", given.insertion_bonus)


def _lines_of_stdin() -> dict[str, str]:
    """Return the lines of stdin, each with the name that messages give it."""
    if sys.stdin is None:
        raise OSError("stdin is closed, and TEXT is -; give a sentence, or a file on stdin")
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ValueError(f"stdin is not UTF-8: {problem.reason} at byte {problem.start}; save the text as UTF-8"
                         ) from None
    return {f"line {number} of stdin": line for number, line in enumerate(text.splitlines(), start=1)}


def _add_why(commands: _Commands) -> None:
    parser = _command(
        commands, "why", _why,
        "explain in words why the searcher proposed a trial; reads a file of studies")
    _add_db(parser, "needed if the file holds several")
    parser.add_argument("number", type=int, metavar="NUMBER", help="the number of the trial; the first is 0")


def _add_db(parser: _Parser, study: str | None) -> None:
    """Add the arguments that choose a study of a file; ``study`` says which is taken without --study, None: all."""
    parser.add_argument("db", type=Path, metavar="DB",
                        help="the file of studies: the one given to --db, or to storage= in a script")
    if study is not None:
        parser.add_argument("--study", "--name", metavar="NAME", help=f"the name of the study; {study}")


def _chosen(given: argparse.Namespace) -> tuple[Storage, str]:
    """Open a file of studies for reading; return it with the name of the chosen study."""
    from scratchtune.study.storage import Storage

    storage = Storage(given.db, reading=True)
    names = storage.names()
    if not names:
        raise ValueError(f"{given.db} holds no study yet; tune and compare store one with --db")
    if given.study is None and len(names) != 1:
        raise ValueError(f"{given.db} holds {len(names)} studies; --study says which: {', '.join(map(repr, names))}")
    name = names[0] if given.study is None else given.study
    storage.definition(name)
    return storage, name


def _why(given: argparse.Namespace) -> int:
    storage, name = _chosen(given)
    row = storage.row(name, checks.integer("NUMBER", given.number, 0))
    values = ", ".join(map(str, row.values or ()))
    said_value = f"values {values}" if len(row.values or ()) > 1 else f"value {values}"
    outcome = {"complete": said_value, "failed": f"failed: {row.error}"}.get(row.state, row.state)
    said = row.said.removeprefix(f"Trial {row.number}: ")
    tell(f"Trial {row.number} of the study {name!r}: {shown_params(row.shown)}; {visible(outcome)}\n{visible(said)}")
    return 0


def _add_studies(commands: _Commands) -> None:
    """Add the commands that read a file of studies."""
    for name, function, text in (
        ("studies", _studies, "list the studies of a file"),
        ("show", _show, "show a study: its definition, its cost and its best trials"),
        ("export", _export,
         "write a study as CSV or JSON; unless --times is given, two runs of the same study give the same bytes"),
    ):
        parser = _command(commands, name, function, text)
        _add_db(parser, None if name == "studies" else "needed if the file holds several")
    parser.add_argument(
        "--format", choices=["csv", "json"], default="csv",
        help="csv, or json, which has everything that is stored (default: csv)")
    parser.add_argument(
        "--times", action="store_true",
        help="add how often each trial was begun, when it began and ended, and its seconds")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="the file to write (default: stdout)")


def _studies(given: argparse.Namespace) -> int:
    from scratchtune.study.export import listing
    from scratchtune.study.storage import Storage

    tell(listing(Storage(given.db, reading=True)))
    return 0


def _show(given: argparse.Namespace) -> int:
    from scratchtune.insight.gathered_trials import have_fold_scores
    from scratchtune.insight.verdicts import verdict
    from scratchtune.study.errors import StorageError
    from scratchtune.study.export import table
    from scratchtune.study.stored import read_study

    chosen = _chosen(given)
    tell(table(*chosen))
    try:
        study = read_study(*chosen)
    except StorageError as problem:  # the table needs less of the file
        note(f"no verdict: {problem}")
        return 0
    if not study.objectives.several and have_fold_scores(study):
        tell(f"\nverdict: {verdict(study, 'value')}")
    return 0


def _export(given: argparse.Namespace) -> int:
    from scratchtune.study.export import as_csv, as_json

    if given.out is not None:
        _check_beside_db(given.out, given.db)
    text = (as_csv if given.format == "csv" else as_json)(*_chosen(given), given.times)
    if given.out is None:
        tell(text.removesuffix("\n"), data=True)
    else:
        write_text(given.out, text)
        note(f"written: {given.out}")
    return 0


def _check_beside_db(out: Path, db: Path) -> None:
    """Check that --out can be written, and that it is neither the file of studies nor a file that belongs to it."""
    from scratchtune.study.storage import BESIDE

    _check_outputs({"--out": out}, {"the file of studies": db, **{
        f"what belongs to the file of studies ({end})": db.parent / (db.name + end) for end in BESIDE}})


def _check_single(study: StoredStudy, what: str) -> None:
    """Raise a ValueError for a study of several objectives, where ``what`` shows one."""
    if study.objectives.several:
        raise ValueError(f"the study {visible(study.name)!r} has {len(study.objectives.directions)} objectives "
                         f"({study.objectives}), and {what} shows one; use scratchtune show, or scratchtune plot with "
                         f"--kind {' or '.join((*OF_SEVERAL, 'timeline'))}")


def _add_plot(commands: _Commands) -> None:
    parser = _command(commands, "plot", _plot, "draw a study of a file as a picture")
    _add_db(parser, "needed if the file holds several")
    add = parser.add_argument
    add("--kind", required=True, metavar="NAME", help="what to draw: "
        f"{', '.join(PLOTS)}; for BayesianSearch posterior and densities, for GeneticSearch family, for Hyperband "
        f"brackets; for several objectives {', '.join(OF_SEVERAL)}")
    add("--params", nargs="+", metavar="NAME",
        help=f"the parameters to show, in {', '.join(OF_PARAMETERS)} (default: all; grid: the first two); one in "
             f"{' and '.join(OF_ONE_TRIAL)}")
    add("--trial", type=int, metavar="N",
        help=f"{' and '.join(OF_ONE_TRIAL)}: the trial whose proposal is shown (default: the last one proposed so)")
    add("-o", "--out", type=Path, metavar="FILE",
        help="the picture to write, .png, .svg or .pdf (default: NAME.png, with the NAME of --kind)")


def _plot(given: argparse.Namespace) -> int:
    from scratchtune import insight
    from scratchtune.insight.plots import save
    from scratchtune.study.stored import read_study

    kind = checks.choice("--kind", given.kind, (*PLOTS, *OF_SEARCHERS, *OF_SEVERAL))
    if given.params and kind not in (*OF_PARAMETERS, *OF_ONE_TRIAL):
        raise ValueError(f"--params is given, and {kind} shows no parameters; omit it")
    if given.trial is not None and kind not in OF_ONE_TRIAL:
        raise ValueError(f"--trial is given, and {kind} shows more than one trial; omit it")
    if kind in OF_ONE_TRIAL and given.params and len(given.params) > 1:
        raise ValueError(f"--params holds {len(given.params)} names; {kind} shows one parameter")
    out = Path(f"{kind}.png") if given.out is None else given.out
    if out.suffix.lower() not in PICTURES:
        raise ValueError(f"--out is {str(out)!r}; its name must end in {', '.join(PICTURES)}")
    _check_beside_db(out, given.db)
    study = read_study(*_chosen(given))
    if kind not in OF_SEVERAL and kind != "timeline":
        _check_single(study, f"--kind {kind}")
    draw = getattr(insight, f"plot_{kind}")
    if kind in OF_ONE_TRIAL:
        axes = draw(study, given.params[0] if given.params else None, given.trial)
    else:
        axes = draw(study, given.params) if kind in OF_PARAMETERS else draw(study)
    save((axes[0] if isinstance(axes, list) else axes).figure, out)
    tell(f"picture: {out}")
    return 0


def _add_report(commands: _Commands) -> None:
    parser = _command(commands, "report", _report,
        "write a report of a study, or of all studies of a file, as one HTML page, which needs no network: whether the "
        "gain is real, the best configuration, what mattered, what to do next, and all trials with their reasons")
    _add_db(parser, "default: all studies of the file, compared on one page")
    parser.add_argument("-o", "--out", type=Path, default=Path("report.html"), metavar="FILE.html",
                        help="the page to write (default: report.html)")


def _report(given: argparse.Namespace) -> int:
    from scratchtune.insight.reporting import report, report_path
    from scratchtune.study.storage import Storage
    from scratchtune.study.stored import read_study

    report_path(given.out, given.out, "--out")
    _check_beside_db(given.out, given.db)
    storage = Storage(given.db, reading=True)
    names = storage.names()
    if given.study is not None or len(names) < 2:
        names = [_chosen(given)[1]]
    studies = []
    for name in names:
        try:
            study = read_study(storage, name)
            _check_single(study, "a report")
            studies.append(study)
        except ValueError as problem:  # a damaged study, or one of several objectives, must not hide the others
            if len(names) == 1:
                raise
            note(f"the study {visible(name)!r} is left out: {problem}")
    if not studies:
        raise ValueError(f"{given.db} holds no study that can be read")
    report(studies[0] if len(studies) == 1 else studies, given.out)
    tell(f"report: {given.out}")
    return 0 if len(studies) == len(names) else 1


def _add_example(commands: _Commands) -> None:
    from scratchtune.examples import NAMES

    parser = _command(commands, "example", _example, f"run a complete example: {', '.join(NAMES)}")
    add = parser.add_argument
    add("name", choices=list(NAMES), metavar="NAME", help=f"the example: {', '.join(NAMES)}")
    add("--quick", action="store_true", help="run a small version, which takes about a minute")
    add("--data", metavar="DATA",
        help="image: a folder of IDX files, such as MNIST's four, instead of the built-in part of Fashion-MNIST; "
             "translation: verses, numbers, dates, or a TSV file of two columns, a sentence and its translation "
             "(default: verses; with --quick numbers); speech: a folder of WAV files with the table transcripts.tsv, "
             "whose columns are file, text and, if known, voice (default: synthetic digit strings)")
    add("--out", type=Path, metavar="DIR",
        help="image, translation, speech: the folder in which the pictures and the model are saved (default: .)")
    add("--jobs", type=int, metavar="N",
        help="image, translation, speech: the number of trainings that run at the same time (default: 2)")
    add("--seed", type=int, metavar="N",
        help="image, translation, speech: the seed of the splits, the initial weights and the searcher (default: 0)")
    add("--db", type=Path, metavar="FILE",
        help="image, translation, speech: store every trial in this file, from which the same command continues after "
             "an interruption")
    add("--report", nargs="?", const="", metavar="FILE.html",
        help="image, translation, speech: also write a report of the studies as one HTML page (default: report.html in "
             "--out)")
    add("--searcher", metavar="NAME",
        help="translation, speech: hyperband or bayesian; both train for the same number of epochs (default: "
             "hyperband)")


def _example(given: argparse.Namespace) -> int:
    import inspect
    from importlib import import_module

    from scratchtune.examples import NAMES

    run = import_module(f"scratchtune.examples.{NAMES[given.name]}").main
    options = {name: getattr(given, name) for name in ("data", "out", "jobs", "seed", "db", "searcher", "report")
               if getattr(given, name) is not None}
    for name in options.keys() - inspect.signature(run).parameters.keys():
        raise ValueError(f"--{name} is not an option of the example {given.name}; omit it")
    with _plain_warnings():
        run(quick=given.quick, **options)
    return 0


def _add_recommend(commands: _Commands) -> None:
    parser = _command(
        commands, "recommend", _recommend, "recommend a searcher for a space and a budget, with the measurements that "
                                           "it is based on")
    add = parser.add_argument
    add("--space", type=Path, metavar="FILE.json",
        help="the hyper-parameters and their ranges, as for scratchtune tune (default: those that tune searches)")
    add("--rows", type=int, default=1000, metavar="N",
        help="the rows of the table, on which the default space depends (default: 1000)")
    add("--trials", type=int, metavar="N",
        help="the number of trials (default: the whole schedule of Hyperband, all points of a grid, else 50)")
    add("--seconds-per-trial", type=float, metavar="S", help="the duration of a trial, for the expected time")
    add("--jobs", type=int, default=1, metavar="N", help="the number of trials that run at the same time (default: 1)")
    add("--noisy", action="store_true",
        help="a trial that is run again with the same hyper-parameters has a clearly different value")
    add("--epochs", type=int, metavar="N",
        help="trials can be stopped early and continued, and a full one takes N epochs, so that Hyperband can be "
             "recommended")


def _recommend(given: argparse.Namespace) -> int:
    from scratchtune.automl import recommend
    from scratchtune.estimators import default_space
    from scratchtune.tabular.space_file import read_space

    _check_integers(given, trials=1, jobs=1, epochs=1)
    if given.seconds_per_trial is not None:
        checks.real("--seconds-per-trial", given.seconds_per_trial, 0.0)
    space = default_space(checks.integer("--rows", given.rows, 1)) if given.space is None else read_space(given.space)
    if given.epochs is not None:  # Hyperband chooses them itself
        space = {name: parameter for name, parameter in space.items() if name != "epochs"}
    tell(str(recommend(space, given.trials, given.seconds_per_trial, given.jobs, given.noisy, given.epochs)))
    return 0


def _add_formulas(commands: _Commands) -> None:
    parser = _command(
        commands, "formulas", _formulas,
        "list the formulas, show one of them beside its code, or check them all")
    add = parser.add_argument
    add("id", nargs="?", metavar="ID", help="the formula to show, such as l2_penalty")
    add("--check", action="store_true",
        help="compare every formula, or only ID, with its code, and require that each mutant of the code is detected")
    add("--sections", action="store_true", help="print which formulas and files implement each section of the document")


def _formulas(given: argparse.Namespace) -> int:
    from scratchtune import formulas

    if given.check:
        report = formulas.check_one(given.id) if given.id else formulas.check_all(
            processes=formulas.number_of_processes())
        tell(report.text())
        return 0 if report.ok else 1
    if given.sections:
        tell(formulas.sections())
    else:
        tell(formulas.describe(given.id) if given.id else formulas.index())
    return 0


if __name__ == "__main__":
    sys.exit(main())
