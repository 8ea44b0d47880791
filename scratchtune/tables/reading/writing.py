"""Writing rows in the notation of the file that was read, so that what opens the one opens the other."""

from __future__ import annotations

from collections.abc import Iterable

from scratchtune.study.export import csv_text
from scratchtune.tables.reading.notation import Reading


def csv_like(reading: Reading, rows: Iterable[Iterable[object]]) -> str:
    """Return rows as CSV with the delimiter and the decimal mark of a file that was read.

    Texts are written unchanged, but for formulas of a spreadsheet, as in `csv_text`; None is an empty cell. A float has
    all its digits and no thousands separators.

    >>> csv_like(Reading(decimal=",", delimiter=";"), [["a", "b"], [0.5, "x;y"]])
    'a;b\\n0,5;"x;y"\\n'
    """
    mark = reading.decimal or "."
    written = ([repr(float(cell)).replace(".", mark) if isinstance(cell, float) else cell for cell in row]
               for row in rows)
    return csv_text(written, end="\n", delimiter=reading.delimiter or ",")
