"""Identifiers: columns that only name or number the rows, so that a model can learn nothing about new rows from them.

They are found by their names and values. The order of the rows is not used: a feature, such as a population, may
increase from row to row.
"""

from __future__ import annotations

import re

import numpy as np

from scratchtune.data.tables import Column, Dates, Text

FEW_ROWS = 20  # with fewer rows, nearly any column holds distinct values
YEARS = (1500.0, 2200.0)  # consecutive integers within these bounds are probably years
_ID = re.compile(r"(?:^|[^A-Za-z])(?:id|key|index|idx|row|rownames?|nr|no|number|uuid|guid)$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z](?:Id|ID|Key|Index|Number|Nr|No)$")


def identifies(name: str, column: Column) -> str:
    """Say why a column seems to be an identifier of the rows, so that it is left out; an empty text if it does not.

    Distinct integers are identifiers if the column is named like one, or if they are consecutive and not years; texts
    are if there are more distinct ones than nine tenths of the rows, unless they are dates.
    """
    if isinstance(column, Dates):
        return ""
    if isinstance(column, Text):
        return "a different text in nearly every row" if names_the_rows(column) else ""
    numbers = _distinct_integers(column)
    if len(numbers) and _is_named_like_an_id(name):
        return "named like an ID, with a different integer in each row"
    return "consecutive integers, each once" if _consecutive(numbers) and not _are_years(numbers) else ""


def numbers_the_rows(name: str, column: np.ndarray) -> str:
    """Say why a column of distinct integers, years among them, may number the rows; else an empty text."""
    numbers = _distinct_integers(column)
    if len(numbers) and _is_named_like_an_id(name):
        return "is named like an ID and holds a different integer in each row"
    return "holds consecutive integers, each once, as row numbers (and years) do" if _consecutive(numbers) else ""


def names_the_rows(column: Text) -> bool:
    """Whether the text is different in nearly every row."""
    return len(column) > FEW_ROWS and len(column.texts) > 0.9 * len(column)


def _distinct_integers(column: np.ndarray) -> np.ndarray:
    """Return the numbers of a column, sorted, if they are distinct integers and not few; else an empty array."""
    numbers = np.sort(column[~np.isnan(column)])
    if len(numbers) <= FEW_ROWS or (numbers != np.floor(numbers)).any() or (np.diff(numbers) == 0.0).any():
        return np.array([])
    return numbers


def _is_named_like_an_id(name: str) -> bool:
    return bool(_ID.search(name) or _CAMEL_ID.search(name))


def _consecutive(numbers: np.ndarray) -> bool:
    """Whether sorted integers are consecutive, but for a few gaps, as if some rows had been left out."""
    return len(numbers) > 0 and bool(numbers[-1] - numbers[0] < 1.1 * len(numbers))


def _are_years(numbers: np.ndarray) -> bool:
    return bool(YEARS[0] <= numbers[0] and numbers[-1] <= YEARS[1])
