"""Preprocessing: a table of numbers, categories and dates becomes the matrix that a family of models needs.

A column of numbers is one column, a category one column of codes or one-hot columns, a date its parts. A missing text
is a category of its own, and so are all rare texts together; a text that training has not seen is a rare one, or, if
there were none, missing. Columns are fitted on training rows, and stored as plain data.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.data.encoding import leaves_out_first, one_hot
from scratchtune.core.data.imputing import fill_value_of
from scratchtune.core.data.transformer import as_matrix
from scratchtune.core.declared import made
from scratchtune.core.network.saving import text_list
from scratchtune.tables.reading import notation
from scratchtune.tables.reading.columns import Column, Dates, Text
from scratchtune.tables.reading.date_columns import CYCLIC, date_part, parts_of, written_day
from scratchtune.tables.reading.kinds import CATEGORY, DATE, NUMBER, Kind
from scratchtune.tables.reading.table import Table

MISSING, OTHER = "(missing)", "(other)"  # the categories of missing texts, and of all rare ones
KEEP = "keep"  # missing numbers stay missing
ROWS_A_VALUE = 20  # with fewer rows for each, the values of a part of dates are one number
INDICATOR = " is missing"  # the end of the name of a column that is 1 where a value is missing, else 0
CELLS = str, float, int, np.generic, type(None), date, timedelta, Decimal  # the types of the cells of a table


class Numbers(NamedTuple):
    """A column of numbers: the fill value of missing ones (None: they stay NaN), and whether they are indicated."""

    fill: float | None
    indicator: bool = False

    @property
    def suffixes(self) -> list[str]:
        """The ends of the names of its columns: the name is unchanged; the indicator's comes last."""
        return ["", *[INDICATOR] * self.indicator]

    def write(self, column: Column, out: np.ndarray) -> None:
        """Write the numbers (n,) into ``out`` (n, columns)."""
        numbers = np.asarray(column)
        missing = np.isnan(numbers)
        out[:, 0] = numbers if self.fill is None else np.where(missing, self.fill, numbers)
        if self.indicator:
            out[:, -1] = missing


class Categories(NamedTuple):
    """A column of categories: the texts in alphabetical order, then `OTHER` and `MISSING` if training rows had such.

    Its codes are positions among them. Two categories are one column of 0 and 1, or 0.5 for a text that is neither;
    with more, such a text is zeros in the one-hot columns. As a code it is the number of the categories.
    """

    texts: list[str]
    one_hot: bool

    @property
    def suffixes(self) -> list[str]:
        """The ends of the names of its columns: ``=TEXT`` for each category; the name of codes is unchanged."""
        first = int(leaves_out_first(len(self.texts), "if_binary"))
        return [f"={text}" for text in self.texts[first:]] if self.one_hot else [""]

    def write(self, column: Column, out: np.ndarray) -> None:
        """Write the codes, or the one-hot columns, into ``out`` (n, columns)."""
        assert isinstance(column, Text)
        position = {text: code for code, text in enumerate(self.texts)}
        missing = position.get(MISSING, len(position))
        unseen = position.get(OTHER, missing)
        codes = np.array([*(position.get(text, unseen) for text in column.texts), missing])[column.codes]
        if not self.one_hot:
            out[:, 0] = codes
        elif len(position) == 2:
            out[:, 0] = np.array([0.0, 1.0, 0.5])[codes]
        else:
            one_hot(codes, out)


class DateParts(NamedTuple):
    """A column of dates: its features, the order of day and month, and the first training date.

    ``parts`` maps each part in use to its values in training: all if it is one-hot, else the smallest and the largest.
    ``first`` and ``fill`` are days since 1970-01-01; fill and indicator are as for `Numbers`.
    """

    parts: dict[str, list[float]]
    order: str | None
    first: float
    fill: float | None
    indicator: bool = False
    one_hot: Collection[str] = ()

    @property
    def suffixes(self) -> list[str]:
        """The ends of the names of its columns, such as " year" or " month=3"; the indicator's comes last."""
        since = f"days since {written_day(self.first)}"
        names = []
        for part, values in self.parts.items():
            names += [f" {part}={value:g}" for value in values] if part in self.one_hot else [
                f" {since if part == 'days since' else part}"]
        return [*names, *[INDICATOR] * self.indicator]

    def write(self, column: Column, out: np.ndarray) -> None:
        """Write the features of dates into ``out`` (n, columns).

        A number outside its range in training becomes the nearest one in it, so that a later year extrapolates
        nothing. The one-hot columns of a missing date are zeros.
        """
        assert isinstance(column, Dates)
        days = column.values_in_days()
        filled = days if self.fill is None else np.where(np.isnan(days), self.fill, days)
        if self.indicator:
            out[:, -1] = np.isnan(days)
        start = 0
        for part, values in self.parts.items():
            stop = start + (len(values) if part in self.one_hot else 1)
            if part in self.one_hot:
                out[:, start:stop] = date_part(days, part)[:, None] == np.array(values)
            else:
                out[:, start] = np.clip(date_part(filled, part, self.first), values[0], values[-1])
            start = stop


EncodedColumn = Numbers | Categories | DateParts
CLASSES: Mapping[str, Any] = {one.__name__.lower(): one for one in (Numbers, Categories, DateParts)}


def kind_of(one: EncodedColumn) -> Kind:
    """The `Kind` of an encoded column; that of categories holds the texts that were not rare in training."""
    if isinstance(one, Categories):
        return Kind(CATEGORY, texts=[text for text in one.texts if text not in (OTHER, MISSING)])
    return Kind(DATE, one.order) if isinstance(one, DateParts) else Kind(NUMBER)


def check_state(name: str, one: EncodedColumn) -> None:
    """Raise unless a column from a model's file gives a number for a value, and for a missing one if it is filled."""
    if isinstance(one, Categories) and len(text_list(f"the categories of {name!r}", one.texts)) == 0:
        raise ValueError(f"column {name!r} has no categories")
    samples: dict[Any, Column] = {
        Numbers: np.array([0.0, np.nan]), Categories: Text(np.array([0, -1]), ["?"]),
        DateParts: Dates(np.array([0, -1]), ["?"], np.zeros(1))}
    out = np.full((2, len(one.suffixes)), np.nan)
    one.write(samples[type(one)], out)
    if not out.size or not np.isfinite(out[:1] if getattr(one, "fill", 0.0) is None else out).all():
        raise ValueError(f"column {name!r} becomes {out.tolist()}; it must become numbers")


def fitted_column(column: Column, encoding: Encoding) -> EncodedColumn:
    """Return the encoding of a column, which has a value, with the categories or fill values of its rows."""
    impute = encoding.impute
    if isinstance(column, Text) and not isinstance(column, Dates):
        return Categories(kept_categories(column, encoding.most), encoding.encoding == "one-hot")
    days = column.values_in_days() if isinstance(column, Dates) else column
    known = days[~np.isnan(days)]
    fill = None if impute == KEEP else float(fill_value_of(known, impute))
    indicator = encoding.add_indicator and len(known) < len(days)
    if not isinstance(column, Dates):
        return Numbers(fill, indicator)
    first = float(np.floor(known.min()))
    parts = parts_of(days, first)
    hot = [part for part, values in parts.items() if part in CYCLIC and impute != KEEP
           and len(values) * ROWS_A_VALUE <= len(known)]
    parts = {part: values if part in hot else [values[0], values[-1]] for part, values in parts.items()}
    return DateParts(parts, column.order, first, fill, indicator, hot)


def kept_categories(column: Text, most: int) -> list[str]:
    """Return the categories of a column of texts: the ``most`` most frequent texts, then `OTHER` and `MISSING`.

    A text that occurs once says nothing about new rows, but all of these together do about texts that are new.

    >>> kept_categories(Text(np.array([0, 0, 1, 1, 2, -1]), ["Rome", "Oslo", "Nice"]), 40)
    ['Oslo', 'Rome', '(other)', '(missing)']
    """
    counts = column.counts()
    often = sorted((text for text in counts if counts[text] > 1 and text not in (OTHER, MISSING)),
                   key=lambda text: (-counts[text], text))[:most]
    has_missing = bool((column.codes < 0).any()) or MISSING in counts
    has_other = len(often) + (MISSING in counts) < len(counts)
    return [*sorted(often), *[OTHER] * has_other, *[MISSING] * has_missing]


class Encoding(NamedTuple):
    """The encoding of a family's features: ``encoding`` "one-hot" or "ordinal", ``impute`` "median", "mean" or "keep".

    With ``add_indicator`` a column that is 1 where a number is missing is added where training rows have such.
    ``most`` is the largest number of categories of a column beside those of rare and of missing texts.
    """

    impute: str
    encoding: str
    add_indicator: bool
    most: int


ONE_HOT = Encoding("median", "one-hot", True, 40)
CODES = Encoding(KEEP, "ordinal", False, 200)
EMBEDDED = Encoding("median", "ordinal", True, 200)


class Features:
    """The matrix of a table's columns; fitted on training rows, applied to any.

    Columns without information in the training rows are left out.

    >>> table = Table.from_columns({"age": [31, None, 7, 4], "city": ["Rome", "Oslo", "Rome", None]})
    >>> features = Features(ONE_HOT).fit(table)
    >>> features.names
    ['age', 'age is missing', 'city=Rome', 'city=(other)', 'city=(missing)']
    >>> features.transform(table).tolist()[1]
    [7.0, 1.0, 0.0, 1.0, 0.0]
    """

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.columns: dict[str, EncodedColumn] = {}

    def fit(self, table: Table) -> Features:
        """Fit to the rows of a table; a ValueError if no column is left."""
        fitted = {name: fitted_column(table.column(name), self.encoding) for name in table.names
                  if not useless(table.column(name))}
        self.columns = {name: one for name, one in fitted.items()
                        if not isinstance(one, Categories) or len(one.texts) > 1}
        if not self.columns:
            raise nothing_left()
        return self

    def transform(self, table: Table) -> np.ndarray:
        """Return the matrix, (n, features) float64, so that a column such as a time in seconds keeps its digits.

        Raises ValueError if a column of the training rows is absent, or holds a cell that is no number or date.
        """
        table = table.as_kinds({name: kind_of(one) for name, one in self.columns.items()})
        out = np.empty((len(table), len(self.names)))
        start = 0
        for name, one in self.columns.items():
            stop = start + len(one.suffixes)
            one.write(table.column(name), out[:, start:stop])
            start = stop
        return out

    @property
    def names(self) -> list[str]:
        """The names of the features."""
        return [name + suffix for name, one in self.columns.items() for suffix in one.suffixes]

    @property
    def categorical(self) -> list[int]:
        """The indices of the features that hold codes of categories."""
        owners = [one for one in self.columns.values() for _ in one.suffixes]
        return [j for j, one in enumerate(owners) if isinstance(one, Categories) and not one.one_hot]

    def state(self) -> dict[str, Any]:
        """Return the fitted state as plain data for JSON."""
        return {"encoding": self.encoding._asdict(), "columns": [
            {"name": name, "class": type(one).__name__.lower(), **one._asdict()} for name, one in self.columns.items()]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Features:
        """Make the features that have a given `state`; a ValueError if it is not one."""
        try:
            fitted = cls(made(Encoding, state["encoding"]))
            for column in state["columns"]:
                fields = {key: value for key, value in column.items() if key not in ("name", "class")}
                if not isinstance(column["name"], str) or column["name"] in fitted.columns:
                    raise ValueError(f"a column is named {column['name']!r}; the names must be different texts")
                fitted.columns[column["name"]] = made(CLASSES[column["class"]], fields)
                check_state(column["name"], fitted.columns[column["name"]])
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as problem:
            raise ValueError(f"this is not the state of the features of a table: {problem}") from None
        return fitted


def useless(column: Column) -> bool:
    """Whether a column holds no value, or one value in all rows."""
    cells = column.codes if isinstance(column, Text) else column
    present = cells[cells >= 0] if isinstance(column, Text) else cells[~np.isnan(cells)]
    return not len(present) or (len(present) == len(cells) and bool((present == present[0]).all()))


def nothing_left(why: str = "each is empty, constant, or names the rows") -> ValueError:
    """Return the error of a table in which no column can help."""
    return ValueError(f"no column is left to learn from: {why}")


def check_range(table: Table) -> None:
    """Raise a ValueError if a number of a table is too large for float32."""
    for name in (name for name in table.names if not table.is_text(name)):
        column = np.asarray(table.column(name))
        beyond = np.abs(column) > np.finfo(np.float32).max
        if beyond.any():
            row = int(beyond.argmax())
            raise ValueError(f"column {name!r} holds {column[row]:g} in row {row + 1}, too large for float32; scale "
                             "the column down, or leave the cell empty")


def table_of(X: Any, kinds: Mapping[str, Kind] | None = None) -> Table:
    """Return X as a table: a `Table`, a data frame, a dict of columns, or a matrix, whose columns are x0, x1, ...

    ``kinds``: of the training columns, for a prediction; a matrix then has their names. Numbers may be missing (NaN).
    In a matrix no column of numbers is an identifier, and texts that NumPy has made of numbers are numbers again.
    """
    if isinstance(X, Table):
        return X
    texts = [name for name, kind in (kinds or {}).items() if kind.kind != NUMBER]
    if isinstance(X, Mapping) or protocol.column_names(X) is not None:
        return Table.from_columns(X, text=texts)
    array = _matrix(X)
    names = kinds if kinds and len(kinds) == array.shape[1] else [f"x{j}" for j in range(array.shape[1])]
    found = map(_numbers_again, array.T) if array.dtype.kind in "US" else array.T
    columns = dict(zip(names, found, strict=True))
    table = Table.from_columns(columns, text=texts) if array.dtype.kind in "OUSM" else Table(
        {name: column.astype(np.float64) for name, column in columns.items()})
    table.asked = tuple(name for name in columns if not table.is_text(name))
    return table


def _matrix(X: Any) -> np.ndarray:
    """X as a matrix of numbers (NaN for missing ones), or as it is where it holds texts, objects or dates."""
    protocol.refuse_sparse(X)
    checks.refuse_masked("X", X)
    array = np.asarray(X)
    if array.dtype.kind not in "OUSM":
        return as_matrix(X)
    protocol.check_two_dimensions(array)
    for value in array.flat if array.dtype.kind == "O" else ():
        if not isinstance(value, CELLS) and not protocol.is_missing(value):
            raise TypeError(f"X holds {value!r}; every argument must be a string or a number")
    return array


def _numbers_again(texts: np.ndarray) -> np.ndarray:
    """Return texts that NumPy has made of numbers as numbers again, NaN for a missing value; other texts unchanged."""
    texts = texts.astype(str)
    if not all(notation.is_missing(text) or notation.kind_of(text) == notation.NUMBER for text in texts.tolist()):
        return texts
    return np.array([np.nan if notation.is_missing(text) else float(text) for text in texts.tolist()])
