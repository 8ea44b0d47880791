"""``scratchtune predict`` and ``score``: a saved model predicts the rows of a table, or is evaluated on them."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune.cli.common import add_notation, check_outputs, load, plain_warnings, source
from scratchtune.cli.parsing import Parser
from scratchtune.core import checks
from scratchtune.core.files import write_text
from scratchtune.core.streams import note, tell
from scratchtune.core.study.export import csv_text
from scratchtune.tables.auto import AutoML
from scratchtune.tables.job import scored
from scratchtune.tables.prepared import read_new_rows
from scratchtune.tables.reading.columns import Text, text_of_numbers
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table
from scratchtune.tables.target import Target


def add_predict(parser: Parser) -> None:
    """Add the arguments of ``scratchtune predict``."""
    _add_new_file(parser, "it needs the columns of the training file, in any order, and further ones are ignored")
    add = parser.add_argument
    add("--proba", action="store_true",
        help="print the probability of each class instead, as CSV whose first line holds the class names")
    add("--out", type=Path, metavar="FILE.csv",
        help="write a CSV file instead of printing: the columns of the table, then the predictions, with --proba also "
             "the probability of each class; its first line holds the column names, and a text that a spreadsheet "
             "would run as a formula gets a ' before it")


def run_predict(given: argparse.Namespace) -> None:
    """Run ``scratchtune predict``: print the predictions for the rows of a table, or write them to a file."""
    if given.out is not None:
        check_outputs({"--out": given.out}, {"the table": given.file, "the model": given.model})
    model: Any = load(given.model, AutoML, "predict takes a model that scratchtune tune has saved")
    target = model.target_
    if given.proba and not target.classes:
        raise ValueError(f"--proba is for classes; {given.model} predicts values of {target.name!r}")
    with plain_warnings():
        table = _new_rows(given, model)
        answers = model.predict_proba(table) if given.proba else model.predict(table)
    if given.out is not None:
        reading = table.reading  # with the separators of FILE
        write_text(given.out, csv_text(_output_rows(given, table, target, answers), "\n", reading.delimiter or ",",
                                       reading.decimal or "."))
        note(f"written: {given.out}")
    elif given.proba:
        tell(csv_text([target.classes, *answers.tolist()], end="\n"), end="", data=True)
    else:
        tell("\n".join(map(str, answers.tolist())), data=True)


def add_score(parser: Parser) -> None:
    """Add the arguments of ``scratchtune score``."""
    _add_new_file(parser, "it needs the target and the columns of the training file; its rows must be others than "
                           "those of training")


def run_score(given: argparse.Namespace) -> None:
    """Run ``scratchtune score``: print the scores of a model on a table with targets."""
    model: Any = load(given.model, AutoML, "score takes a model that scratchtune tune has saved")
    with plain_warnings():
        tell(scored(model, _new_rows(given, model, with_target=True)).text())


def _add_new_file(parser: Parser, needs: str) -> None:
    """Add a model, a table that it was not tuned on, and the options that say how this is read."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="the file that scratchtune tune has saved")
    parser.add_argument("file", type=Path, metavar="FILE", help=f"the table; {needs}")
    add_notation(parser, rare=False)
    parser.epilog = "FILE is read as the training file was, unless --missing or --decimal say otherwise."


def _new_rows(given: argparse.Namespace, model: Any, with_target: bool = False) -> Table:
    """Read FILE as the training file was read, unless options say otherwise."""
    given.file = source(given.file)
    changed = {} if given.decimal is None else {"decimal": given.decimal}
    missing = (*model.reading_.missing, *given.missing)
    table = read_new_rows(model, given.file, with_target, missing=missing, **changed)
    if table.skipped:
        note(f"scratchtune: ignored, since the model does not use them: {checks.quoted(table.skipped)}")
    return table


def _output_rows(
    given: argparse.Namespace, table: Table, target: Target, answers: np.ndarray,
) -> list[list[object]]:
    """Return the rows of --out, the names first: columns of FILE, the prediction and, if asked for, probabilities.

    A missing value is an empty text.
    """
    if not isinstance(given.file, Path):
        given.file.seek(0)
    copied = read_table(given.file, text=[*table.names, *table.skipped], delimiter=table.reading.delimiter)
    names, added = copied.names, [f"predicted {target.name}", *(target.classes if given.proba else [])]
    if len({*names, *added}) < len(names) + len(added):
        raise ValueError(f"--out would have the columns {checks.quoted([*names, *added])}; the names must be "
                         "different: rename those of the table")
    columns = [column if isinstance(column, Text) else text_of_numbers(column) for column in map(copied.column, names)]
    cells = zip(*(column.values() for column in columns), strict=True)
    predicted = target.labels(answers.argmax(axis=1)) if given.proba else answers
    probabilities = answers.tolist() if given.proba else [[]] * len(answers)
    return [[*names, *added], *(
        [*("" if cell is None else cell for cell in row), label, *shares]
        for row, label, shares in zip(cells, predicted.tolist(), probabilities, strict=True))]
