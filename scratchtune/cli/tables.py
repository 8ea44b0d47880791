"""The user's own table: the options that say how it is read, and its rows for training and test."""

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from scratchtune import checks
from scratchtune.cli.common import plain_warnings
from scratchtune.data.datasets import load_digits
from scratchtune.tables.model import TASKS
from scratchtune.tables.prepared import Prepared, prepare
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table


def add_columns(add: Callable[..., object]) -> None:
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
    add_notation(add)
    add("--date-order", choices=["dmy", "mdy"], metavar="ORDER",
        help="for dates such as 03/04/2020: dmy if the day comes first, mdy if the month does (default: detected in "
             "each column)")


def add_notation(add: Callable[..., object]) -> None:
    """Add options that say how a file writes missing values and numbers."""
    add("--missing", nargs="+", action="extend", default=[], metavar="TEXT",
        help="further texts that mean a missing value, such as - or -999; these always mean one, in upper or lower "
             "case: empty, NA, N/A, NaN, null, None, ?")
    add("--decimal", choices=[".", ","], metavar="MARK",
        help="the decimal mark of numbers, a point or a comma (default: detected in the file)")
    add("--thousands", choices=[",", ".", " ", "'"], metavar="MARK",
        help="the thousands separator, as in 1,234,567: a comma, a point, a blank or an apostrophe (default: none)")


def strip_columns(given: argparse.Namespace) -> None:
    """Strip the names of columns, as those in a table's header are, and check --group and --time."""
    given.target = given.target and given.target.strip()
    given.drop, given.text, given.numeric, given.keep = (
        [name.strip() for name in names] for names in (given.drop, given.text, given.numeric, given.keep))
    given.group, given.time = (name and name.strip() for name in (given.group, given.time))
    for option, name in (("--group", given.group), ("--time", given.time)):
        if name is not None and name == given.target:
            raise ValueError(f"{option} is {name!r}, the target; it must be another column")


def prepared_table(given: argparse.Namespace) -> Prepared:
    """Read the table, and divide it into its target and features, training and test set."""
    with plain_warnings():
        return prepare(_table_of(given), given.target, given.task, given.positive, given.drop, given.seed,
                       given.test_size, keep=given.keep, group=given.group, time=given.time)


def _table_of(given: argparse.Namespace) -> Table:
    """Read the table to tune on; a built-in data set has a default target."""
    if not given.data:
        table = read_table(
            source(given.file), text=given.text, numeric=given.numeric, missing=given.missing, decimal=given.decimal,
            thousands=given.thousands, date_order=given.date_order,
            skip=[name for name in given.drop if name not in (given.target, given.group, given.time)])
        for option, names in (("--text", given.text), ("--numeric", given.numeric)):
            for name in names:
                checks.choice(option, name, table.names)
        return table
    X, y = load_digits()
    given.target = given.target or "digit"
    return Table.from_columns({**{f"pixel{i}": X[:, i] for i in range(X.shape[1])}, "digit": y})


def source(path: Path) -> Path | BinaryIO:
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
