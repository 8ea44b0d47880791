"""Columns of a table: a float64 array of numbers with NaN for missing values, a `Text`, or a `Dates`.

A `Text` holds each distinct text once, so that a million rows need little memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from scratchtune.tables.reading.notation import MISSING


class Text:
    """A column of texts: ``codes`` (n,) int32 are indices into the list ``texts``, -1 for a missing value."""

    def __init__(self, codes: np.ndarray, texts: list[str]) -> None:
        self.codes = codes
        self.texts = texts

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Text:
        """Some rows, by a slice or an array of indices; the list of texts is shared."""
        return Text(self.codes[rows], self.texts)

    def values(self) -> np.ndarray:
        """The texts of all rows, (n,) of Python strings, None for a missing value."""
        return np.array([*self.texts, None], dtype=object)[self.codes]

    def counts(self) -> dict[str, int]:
        """How often each text occurs in these rows, in alphabetical order; texts that do not occur are left out."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))
        return {text: int(count) for text, count in sorted(zip(self.texts, counts, strict=True)) if count}

    def first(self, text: str) -> int:
        """The index of the first row that holds ``text``, which must occur."""
        return int((self.codes == self.texts.index(text)).argmax())


class Dates(Text):
    """A column of texts that are dates: ``days`` (len(texts),) float64 are their days since 1970-01-01, NaN if missing.

    ``order`` is "dmy" or "mdy" if dates such as 03/04/2020 are among them, else None.
    """

    def __init__(self, codes: np.ndarray, texts: list[str], days: np.ndarray, order: str | None = None) -> None:
        super().__init__(np.where(np.isnan(np.append(days, np.nan))[codes], np.int32(-1), codes), texts)
        self.days, self.order = days, order

    def __getitem__(self, rows: Any) -> Dates:
        """Some rows, by a slice or an array of indices; the lists of texts and days are shared."""
        return Dates(self.codes[rows], self.texts, self.days, self.order)

    def values_in_days(self) -> np.ndarray:
        """The days since 1970-01-01 of all rows, (n,) float64, NaN for a missing value; the time is a fraction."""
        return np.append(self.days, np.nan)[self.codes]


Column = np.ndarray | Text


def missing_in(column: Column) -> np.ndarray:
    """Where a column has no value, (n,) of bool."""
    return column.codes < 0 if isinstance(column, Text) else np.isnan(column)


def is_category(column: Column) -> bool:
    """Whether a column holds categories: texts that are not dates."""
    return isinstance(column, Text) and not isinstance(column, Dates)


def text_of(values: Iterable[Any], markers: Collection[str] = MISSING) -> Text:
    """Return a column of texts; None and the markers are missing values."""
    known = Codes(markers)
    return Text(known.of(["" if value is None else str(value) for value in values]), known.texts)


class Codes(dict[str, int]):
    """Maps each text to an integer, in order of first occurrence, and markers of missing values to -1."""

    def __init__(self, markers: Collection[str] = MISSING) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._markers = markers

    def of(self, cells: Sequence[str]) -> np.ndarray:
        """The codes of some cells, (n,) of int32."""
        return np.fromiter(map(self.__getitem__, cells), np.int32, len(cells))

    def __missing__(self, cell: str) -> int:  # called by dict for a cell that occurs for the first time
        text = cell.strip()
        code = -1 if text.lower() in self._markers else self._numbers.setdefault(text, len(self.texts))
        if code == len(self.texts):
            self.texts.append(text)
        self[cell] = code
        return code


def text_of_numbers(numbers: np.ndarray, markers: Collection[str] = MISSING) -> Text:
    """Return a column of numbers as texts."""
    return text_of((None if np.isnan(number) else number_text(number) for number in numbers.tolist()), markers)


def number_text(number: float) -> str:
    """A number as the text that a file most likely has for it: "3" for 3.0."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e21 else repr(number)


def checked_names(names: Sequence[Any], owner: str) -> list[str]:
    """Return the names of a table's columns, which must be distinct texts; ``owner`` begins the message if not."""
    for i, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(f"{owner} has a column named {name!r}; a name must be a text")
        if not name.strip():
            raise ValueError(f"{owner}: column {i + 1} has no name; name it, or leave it out if it only numbers the "
                             "rows (pandas: to_csv(.., index=False))")
    often, number = Counter(names).most_common(1)[0] if names else ("", 0)
    if number > 1:
        raise ValueError(f"{owner} has {number} columns named {often!r}; names must be different")
    return list(names)
