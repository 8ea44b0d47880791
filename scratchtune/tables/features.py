"""Preprocessing: a table of numbers, categories and dates becomes the matrix that a family of models needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks, protocol
from scratchtune.data.transformer import as_matrix
from scratchtune.tables.encoded_columns import (
    CLASSES,
    KEEP,
    Categories,
    EncodedColumn,
    check_state,
    fitted_column,
    kind_of,
)
from scratchtune.tables.reading import notation
from scratchtune.tables.reading.columns import Column, Text
from scratchtune.tables.reading.kinds import NUMBER, Kind
from scratchtune.tables.reading.table import Table

CELLS = str, float, int, np.generic, type(None), date, timedelta, Decimal  # the types of the cells of a table


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

    Numbers are unchanged, texts are one-hot columns or codes, dates are their year, month, weekday (0 is Monday), day,
    hour and the days since the first one; see `encoded_columns`. Columns without information in the training rows are
    left out.

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
        """Fit to the rows of a table.

        Raises
            ValueError if no column is left.
        """
        impute, encoding, add_indicator, most = self.encoding
        fitted = {name: fitted_column(table.column(name), impute, add_indicator, encoding == "one-hot", most)
                  for name in table.names if not useless(table.column(name))}
        self.columns = {name: one for name, one in fitted.items()
                        if not isinstance(one, Categories) or len(one.texts) > 1}
        if not self.columns:
            raise nothing_left()
        return self

    def transform(self, table: Table) -> np.ndarray:
        """Return the matrix, (n, features) float64, so that a column such as a time in seconds keeps its digits.

        Raises
            ValueError if a column of the training rows is absent, or holds a cell that is no number or date as there.
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
            made = cls(Encoding(**state["encoding"]))
            for column in state["columns"]:
                fields = {key: value for key, value in column.items() if key not in ("name", "class")}
                if not isinstance(column["name"], str) or column["name"] in made.columns:
                    raise ValueError(f"a column is named {column['name']!r}; the names must be different texts")
                made.columns[column["name"]] = CLASSES[column["class"]](**fields)
                check_state(column["name"], made.columns[column["name"]])
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise ValueError(f"this is not the state of the features of a table: {problem}") from None
        return made


def useless(column: Column) -> bool:
    """Whether a column holds no value, or one value in all rows."""
    cells = column.codes if isinstance(column, Text) else column
    present = cells[cells >= 0] if isinstance(column, Text) else cells[~np.isnan(cells)]
    return not len(present) or (len(present) == len(cells) and bool((present == present[0]).all()))


def nothing_left(why: str = "each is empty, constant, or names the rows") -> ValueError:
    """Return the error of a table in which no column can help."""
    return ValueError(f"no column is left to learn from: {why}")


def check_range(name: str, column: np.ndarray, dtype: np.dtype) -> None:
    """Raise a ValueError if a number is too large for ``dtype``."""
    beyond = np.abs(column) > np.finfo(dtype).max
    if beyond.any():
        row = int(beyond.argmax())
        raise ValueError(f"column {name!r} holds {column[row]:g} in row {row + 1}, too large for {dtype}; scale the "
                         "column down, or leave the cell empty")


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
    """X as a matrix of numbers (NaN for missing ones), or of objects where some columns hold texts."""
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
    """Return texts as numbers, NaN for a missing value, if all of them are numbers; else unchanged."""
    texts = texts.astype(str)
    if not all(notation.is_missing(text) or notation.kind_of(text) == notation.NUMBER for text in texts.tolist()):
        return texts
    return np.array([np.nan if notation.is_missing(text) else float(text) for text in texts.tolist()])
