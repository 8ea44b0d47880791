"""``scratchtune tune``, also named ``auto``: models are searched for the user's own table, combined and saved."""

import argparse
import textwrap
from pathlib import Path
from typing import Any, cast

from scratchtune.cli.common import add_notation, check_outputs, plain_warnings, source
from scratchtune.cli.parsing import Parser
from scratchtune.core.data.digits import load_digits
from scratchtune.core.files import page_path
from scratchtune.core.streams import tell
from scratchtune.tables.families import FAMILIES
from scratchtune.tables.job import NOTATION, Asked, checked, tune_table
from scratchtune.tables.target import TASKS

ABOUT = (
    "tables: FILE is a CSV file in UTF-8 (a byte order mark may be there), which may be compressed by gzip, "
    "or, where pandas is installed, a .parquet or .xlsx file (the first sheet); - is a CSV file on stdin. The first "
    "line of a CSV file holds the column names. The delimiter is detected; it is a comma, a semicolon, a tab or a bar. "
    "The decimal mark is a point, or a comma if the delimiter is not a comma and the first 1,000 rows leave no doubt "
    "that it is one.",
    "columns: A column is numeric if all its cells are numbers or missing. A text column of dates, with or without "
    "times, becomes numbers: year, month, weekday, day of the month, hour, and the days since the first date; --text "
    "makes each date a category instead. In all other text columns each text is a category, rare ones are one category "
    "together, and so are missing ones. If most cells of a column look like numbers, the others are probably mistakes: "
    "tune stops and names them, unless they can only mean a missing value, such as - or unknown.",
    "rows: Rows without a target are left out. Configurations are compared by cross-validation. The models of the "
    "folds are kept and combined; nothing is trained again. The printed scores are those of rows that a model was not "
    "trained on. scratchtune score evaluates the saved model on rows that you have kept aside.")
EXAMPLE = "example: scratchtune tune customers.csv --target churn --drop id --out churn.npz --report"


def add_tune(parser: Parser) -> None:
    """Add the arguments of ``scratchtune tune``."""
    parser.end = lambda: "\n\n".join(textwrap.fill(text, 100) for text in (*ABOUT * parser.shows_rare, EXAMPLE))
    add = parser.add_argument
    add("file", nargs="?", type=Path, metavar="FILE",
        help="the table, a .csv, .csv.gz, .parquet or .xlsx file; - is a CSV file on stdin")
    add("--target", type=str.strip, metavar="COLUMN", help="the column to predict")
    add("--out", type=Path, default=Path("model.npz"), metavar="MODEL.npz",
        help="the file in which the model is saved (default: model.npz)")
    add("--minutes", type=float, metavar="M", help="how long to search (default: 1)")
    add("--trials", type=int, dest="n_trials", metavar="N",
        help="how many configurations to try, instead of --minutes; with the same --seed the result is then the same")
    add("--families", nargs="+", default=list(FAMILIES), metavar="NAME",
        help=f"the families of models to use: some of {', '.join(FAMILIES)} (default: all)")
    add("--scoring", metavar="NAME", help="the score that is maximised: neg_log_loss, accuracy, f1, roc_auc, r2, ... "
                                          "(default: neg_log_loss for classes, neg_mean_squared_error for numbers)")
    add("--drop", type=str.strip, nargs="+", default=[], metavar="COLUMN",
        help="columns to leave out, such as a row number")
    add("--group", type=str.strip, metavar="COLUMN",
        help="a column such as a patient or a shop, whose rows are never divided between training and validation; it "
             "is not used as a feature")
    add("--time", type=str.strip, metavar="COLUMN",
        help="a column of numbers or dates: rows are predicted from earlier rows only")
    add("--task", choices=TASKS, help="whether classes or numbers are predicted (default: detected)")
    add("--positive", metavar="CLASS", help="the positive one of two classes (default: the rarer one)")
    add("--strict", action="store_true", help="stop if the audit of the table finds anything")
    parser.add_shared("--seed")
    parser.add_shared("--jobs", dest="n_jobs")
    parser.add_shared("--db", dest="storage")
    parser.add_shared("--report", more="; give it after FILE (default: report.html beside the model)")
    add("--help-all", action="help", help="show this help with all options, and exit")
    _add_rare(parser)


def _add_rare(parser: Parser) -> None:
    """Add the options that --help-all shows."""
    add = parser.add_rare
    add("--data", choices=["digits"], help="search on a built-in data set instead of a file")
    add("--keep", type=str.strip, nargs="+", action="extend", default=[], metavar="COLUMN",
        help="columns to use although the audit would leave them out")
    add("--text", type=str.strip, nargs="+", action="extend", default=[], metavar="COLUMN",
        help="columns of numbers that are codes: each different number is treated as a category")
    add("--numeric", type=str.strip, nargs="+", action="extend", default=[], metavar="COLUMN",
        help="columns of numbers in which a cell that is not a number is a missing value; they are counted on stderr")
    add_notation(parser, rare=True)
    add("--date-order", choices=["dmy", "mdy"], metavar="ORDER",
        help="for dates such as 03/04/2020: dmy if the day comes first, mdy if the month does (default: detected in "
             "each column)")
    add("--impute", action="store_true",
        help="fill in missing numbers for boosted trees too, which otherwise keep them as missing")
    add("--searcher", default="bayesian", metavar="NAME",
        help="grid, random, bayesian, genetic (default: bayesian)")
    add("--folds", type=int, metavar="K", help="the number of folds of the cross-validation (default: by the rows)")


def run_tune(given: argparse.Namespace) -> None:
    """Run ``scratchtune tune``: search models for the table, save the combined model, print the result."""
    arguments = _job_arguments(given)
    page = page_path(given.report, given.out.parent / "report.html")
    check_outputs({"--out": given.out, "--report": page, "--db": given.storage}, {"the table": given.file})
    with plain_warnings():
        table = source(given.file) if given.data is None else _digits()
        result: Any = tune_table(table, given.target, **arguments)
        result.source = given.data or str(given.file)
        replaced = "replaced; " if given.out.exists() else ""
        result.model.save(given.out)
        tell(f"\n{result.text()}\nmodel: {given.out} ({replaced}scratchtune predict {given.out} FILE)")
        if page is not None:
            result.report(page)
            tell(f"report: {page}")


add_auto, run_auto = add_tune, run_tune  # another name of the command


def _job_arguments(given: argparse.Namespace) -> Asked:
    """Return the arguments of `tune_table` that are given, checked before any work."""
    if (given.file is None) == (given.data is None):
        raise ValueError("a table, FILE, and --data are given; take one of them" if given.data else
                         "FILE, the table, is not given: scratchtune tune FILE --target COLUMN; it comes first, since "
                         "--drop and --families take all that follows them")
    for name in ("text", "numeric", *NOTATION) if given.data else ():
        if getattr(given, name):
            raise ValueError(f"--{name.replace('_', '-')} says how a FILE is read; with --data there is none")
    given.target = given.target or ("digit" if given.data else "")
    if not given.target:
        raise ValueError("--target is missing; it names the column to predict")
    for name in ("group", "time"):
        if getattr(given, name) == given.target:
            raise ValueError(f"--{name} is {given.target!r}, the target; it must be another column")
    named = {name: value for name, value in vars(given).items() if name in Asked.__annotations__}
    return checked(cast(Asked, {**named, "verbose": True}))


def _digits() -> dict[str, Any]:
    """The built-in table of 8x8 images of digits."""
    X, y = load_digits()
    return {**{f"pixel{i}": X[:, i] for i in range(X.shape[1])}, "digit": y}
