"""``scratchtune tune``: a network is tuned on the user's own table, evaluated on a held-out test set and saved."""

import argparse
import textwrap
from collections.abc import Callable
from pathlib import Path

from scratchtune import checks
from scratchtune.cli.common import check_integers, check_outputs, plain_warnings
from scratchtune.cli.parsing import Parser
from scratchtune.cli.stored import DB_HELP, check_db
from scratchtune.cli.tables import add_columns, prepared_table, strip_columns
from scratchtune.estimators import default_space
from scratchtune.files import write_text
from scratchtune.insight.reporting import report, report_path
from scratchtune.job_options import JobOptions
from scratchtune.search import SEARCHERS
from scratchtune.streams import note, tell
from scratchtune.tables.describing import described
from scratchtune.tables.emit import check_space_written, script
from scratchtune.tables.reading.notation import FEW, MOSTLY
from scratchtune.tables.search_options import Search
from scratchtune.tables.space_file import read_space, written_space
from scratchtune.tables.tuning import tune_prepared


def add_tune(parser: Parser) -> None:
    """Add the arguments of ``scratchtune tune``."""
    parser.end = _about_tables
    add = parser.add_argument
    add("file", nargs="?", type=Path, metavar="FILE",
        help="the table, a .csv, .csv.gz, .npz, .parquet or .xlsx file; - is a CSV file on stdin")
    add("--data", choices=["digits"], help="tune on a built-in data set instead of a file")
    add_columns(add)
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


def _add_imputing(add: Callable[..., object]) -> None:
    """Add tune's options about missing values in features."""
    add("--impute", action="store_true",
        help="fill in missing values: the median for numbers, the most frequent text for texts")
    add("--indicator", action="store_true",
        help="with --impute: add a column of 0 and 1 for each column with missing values, which is 1 where they are "
             "missing")


def _add_search(add: Callable[..., object]) -> None:
    """Add tune's options about the search and its evaluation."""
    add("--searcher", default="bayesian", metavar="NAME", help=f"{', '.join(SEARCHERS)} (default: bayesian)")
    add("--trials", type=int, metavar="N",
        help="the number of configurations to try (default: 50; for grid and hyperband all that they have)")
    add("--scoring", metavar="NAME", help="the score that is maximised: neg_log_loss, accuracy, f1, roc_auc, r2, ... "
                                          "(default: neg_log_loss for classes, neg_mean_squared_error for numbers)")
    add("--space", type=Path, metavar="FILE.json",
        help="a file with the hyper-parameters to search and their ranges, in the form of the default space below")
    add("--target-scale", choices=["auto", "linear", "log"], default="auto", metavar="SCALE",
        help="whether the logarithm of a numeric target is learned: linear, log, or auto, which takes the better one "
             "by cross-validation of the default configuration if the target is skewed and >= 0 (default: auto)")
    add("--show-space", action="store_const", dest="run", const=_show_space,
        help="print the default space, in the form of a --space file, and stop: for the training set of FILE, or "
             "without a FILE for 1,000 rows")
    add("--folds", type=int, default=5, metavar="K", help="the number of folds of the cross-validation (default: 5)")
    add("--test-size", type=float, default=0.2, metavar="SHARE",
        help="the share of the rows that is held out as the test set (default: 0.2)")
    add("--refit", action=argparse.BooleanOptionalAction, default=True,
        help="train the chosen configuration once more, on all rows, and save this model (the default); the printed "
             "scores are those of the model that was trained on the training set alone, which --no-refit saves")


def _about_tables() -> str:
    """Return the end of tune's help: what a table is, and the default space, generated from the code."""
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


def run_tune(given: argparse.Namespace) -> int:
    """Run ``scratchtune tune``; return the exit code."""
    _check_tune(given)
    space = None if given.space is None else read_space(given.space)
    check_space_written(given.emit, space or {})
    scripts = {kind: given.out.with_name(f"{given.out.stem}_{kind}.py") for kind in given.emit}
    page = report_path(given.report, given.out.parent / "report.html")
    pages = {} if page is None else {"--report": page}
    check_outputs({"--out": given.out, **{f"--emit {kind}": path for kind, path in scripts.items()}, **pages},
                  {"the table": given.file, "the space": given.space})
    check_db(given.db, {"the table": given.file, "the space": given.space, "the model": given.out, "the report": page,
                        **{f"the script of --emit {kind}": path for kind, path in scripts.items()}})
    prepared, impute = prepared_table(given), "median" if given.impute else None
    tell(described(prepared, given.positive))
    with plain_warnings():
        result = tune_prepared(
            prepared, Search(given.searcher, given.trials, space, given.seed, given.target_scale),
            scoring=given.scoring, folds=given.folds, impute=impute, add_indicator=given.indicator, refit=given.refit,
            run=JobOptions(given.jobs, given.db, say=note))
    there = {path for path in (given.out, *scripts.values()) if path.exists()}
    result.model.save(given.out)
    for kind, path in scripts.items():
        write_text(path, script(kind, result.evaluated.estimator, _rows_of(given, impute), result.evaluated.scale_))
    if page is not None:
        report(result.study, page)
    replaced = "replaced; " if given.out in there else ""
    tell(f"\n{result.text()}\nmodel: {given.out} ({replaced}scratchtune predict {given.out} FILE)")
    for path in scripts.values():
        tell(f"script: {path}" + " (replaced)" * (path in there))
    if page is not None:
        tell(f"report: {page}")
    return 0


def _show_space(given: argparse.Namespace) -> int:
    """Print the default space for the training set of a table, as a file that --space reads."""
    rows = 1000
    if given.file is not None or given.data is not None:
        _check_tune(given)
        rows = len(prepared_table(given).training_rows)
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


def _check_tune(given: argparse.Namespace) -> None:
    """Check the options before any work."""
    strip_columns(given)
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
    check_integers(given, trials=1, jobs=1, folds=2)
    checks.real("--test-size", given.test_size, 0.0, 1.0, open_low=True, open_high=True)
    checks.choice("--searcher", given.searcher, SEARCHERS)
