"""The kind of each column of a table: number, category, date, identifier or empty.

It is decided here, once, before a model is fitted (`kinds_of`). It is stored with the model, and any later table is
converted to it (`as_kind`), whatever its own cells look like.

Identifiers only name or number the rows, so that a model can learn nothing about new rows from them. They are found by
their names and values. The order of the rows is not used: a feature, such as a population, may increase from row to
row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.tables.reading.columns import Column, Dates, Text, text_of_numbers
from scratchtune.tables.reading.date_columns import ORDERS, to_days
from scratchtune.tables.reading.notation import may_mark_missing, to_number
from scratchtune.tables.reading.values import in_row, warn_of_gaps

NUMBER, CATEGORY, DATE, IDENTIFIER, EMPTY = KINDS = "number", "category", "date", "identifier", "empty"
BOOLEANS = "False", "True"
FEW_ROWS = 20  # with fewer rows, nearly any column holds distinct values
YEARS = (1500.0, 2200.0)  # consecutive integers within these bounds are probably years
_ID = re.compile(r"(?:^|[^A-Za-z])(?:id|key|index|idx|row|rownames?|nr|no|number|uuid|guid)$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z](?:Id|ID|Key|Index|Number|Nr|No)$")


class Kind(NamedTuple):
    """The kind of a column, one of `KINDS`; the order of day and month of dates; why it is an identifier.

    ``texts`` are the categories that training has seen.
    """

    kind: str
    order: str | None = None
    why: str = ""
    texts: Sequence[str] = ()


def kinds_of(columns: Mapping[str, Column], asked: Collection[str] = ()) -> dict[str, Kind]:
    """Return the kind of each training column; one that is ``asked`` for is no identifier."""
    return {name: _kind_of(name, column, name in asked) for name, column in columns.items()}


def _kind_of(name: str, column: Column, is_asked: bool) -> Kind:
    if (column.missing() if isinstance(column, Text) else np.isnan(column)).all():
        return Kind(EMPTY)
    if isinstance(column, Dates):
        return Kind(DATE, column.order)
    why = "" if is_asked else identifies(name, column)
    if why:
        return Kind(IDENTIFIER, None, why)
    return Kind(CATEGORY, texts=list(column.counts())) if isinstance(column, Text) else Kind(NUMBER)


def checked_kind(name: str, stored: Any) -> Kind:
    """Return the kind of column ``name`` that a model's file holds; a ValueError or TypeError if it is none."""
    kind = Kind(*stored)
    checks.choice(f"the kind of column {name!r}", kind.kind, KINDS)
    checks.choice(f"the order of column {name!r}", kind.order, (None, *ORDERS))
    if not isinstance(kind.texts, (list, tuple)) or not all(isinstance(text, str) for text in (kind.why, *kind.texts)):
        raise ValueError(f"column {name!r} has the texts {kind.texts!r}; they must be a list of texts")
    return kind


# Columns of a later table ---------------------------------------------------------------------------------------------


def as_kind(name: str, column: Column, kind: Kind) -> Column:
    """Return a column of a later table as its kind in training.

    A text that can only mark a missing value is one, with a warning, where a number or a date must be.

    Raises
        ValueError if a cell is no date or number.
    """
    if kind.kind == NUMBER:
        return _values_of(name, column, _number_of, "numbers")[column.codes] if isinstance(column, Text) else column
    text = column if isinstance(column, Text) else text_of_numbers(column)
    if kind.kind == DATE and not isinstance(column, Dates):
        days = _values_of(name, text, lambda cell: to_days(cell, kind.order), "dates")
        return Dates(text.codes, text.texts, days[:-1], kind.order)
    if set(kind.texts) <= set(BOOLEANS) and set(text.texts) <= {"0", "1"}:
        return Text(text.codes, [BOOLEANS[int(cell)] for cell in text.texts])
    return text


def _number_of(cell: str) -> float:
    """Return a cell as a number, if it is one or a truth value, else NaN."""
    try:
        number = float(BOOLEANS.index(cell)) if cell in BOOLEANS else to_number(cell)
        return number if np.isfinite(number) else np.nan
    except ValueError:
        return np.nan


def _values_of(name: str, column: Text, value_of: Callable[[str], float], what: str) -> np.ndarray:
    """Return the value of each distinct text, and NaN, which is that of the code -1 (missing)."""
    values = np.array([*map(value_of, column.texts), np.nan])
    counts = column.counts()
    others = [text for text, value in zip(column.texts, values, strict=False) if np.isnan(value) and text in counts]
    wrong = next((text for text in others if not may_mark_missing(text)), None)
    if wrong is not None:
        raise ValueError(f"column {name!r} holds {wrong!r} in row {column.first(wrong) + 1}; it must hold {what}, as "
                         "in training")
    warn_of_gaps(name, column, others, what, in_row)
    return values


def unseen_texts(columns: Mapping[str, Column], kinds: Mapping[str, Kind]) -> dict[str, dict[str, int]]:
    """Return for each column with categories that training has not seen those texts, and how many rows hold each."""
    unseen = {}
    for name, kind in kinds.items():
        column = columns[name] if kind.kind == CATEGORY else None
        if isinstance(column, Text):
            known = set(kind.texts)
            unseen[name] = {text: count for text, count in column.counts().items() if text not in known}
    return {name: texts for name, texts in unseen.items() if texts}


def described_unseen(name: str, texts: Mapping[str, int]) -> str:
    """Say which categories of a column training has not seen, the most frequent first."""
    often = sorted(texts, key=lambda text: -texts[text])
    shown = ", ".join(f"{text!r} ({checks.counted(texts[text], 'row')})" for text in often[:5])
    more = f" and {len(often) - 5:,} more" * (len(often) > 5)
    return f"column {name!r} holds categories that were not seen in training: {shown}{more}"


# Identifiers ----------------------------------------------------------------------------------------------------------


def identifies(name: str, column: Column) -> str:
    """Say why a column seems to be an identifier of the rows, so that it is left out; an empty text if it does not.

    Distinct integers are identifiers if the column is named like one, or if they are consecutive and not years; texts
    are if the distinct ones are more than nine tenths of the rows, unless they are dates.
    """
    if isinstance(column, Dates) or len(column) <= FEW_ROWS:
        return ""
    if isinstance(column, Text):
        return "a different text in nearly every row" * (len(column.counts()) > 0.9 * len(column))
    numbers = np.sort(column[~np.isnan(column)])
    if len(numbers) <= FEW_ROWS or (numbers != np.floor(numbers)).any() or (np.diff(numbers) == 0.0).any():
        return ""
    if _ID.search(name) or _CAMEL_ID.search(name):
        return "named like an ID, with a different integer in each row"
    are_consecutive = numbers[-1] - numbers[0] < 1.1 * len(numbers)  # but for a few gaps, as if rows had been left out
    are_years = YEARS[0] <= numbers[0] and numbers[-1] <= YEARS[1]
    return "consecutive integers, each once" if are_consecutive and not are_years else ""


def mostly_single(classes: np.ndarray) -> str:
    """Say that most classes of a target, given by the number of their rows, have a single row; else an empty text."""
    single = int((classes == 1).sum())
    if 2 * single <= len(classes):
        return ""
    return (f"{len(classes):,} classes in {int(classes.sum()):,} rows, {single:,} of them in a single row, about which "
            "nothing can be learned; is it a name of the rows, or a quantity?")
