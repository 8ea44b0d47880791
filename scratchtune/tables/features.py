"""Preprocessing for AutoML: a table of numbers, categories and dates becomes the matrix that a family of models needs.

Columns without information in the training rows are left out: those without a value, or with one value in all rows.
Rare categories of a column become one category.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks, protocol
from scratchtune.data.transformer import as_matrix
from scratchtune.tables.reading import notation
from scratchtune.tables.reading.columns import Column, Text, is_category
from scratchtune.tables.reading.kinds import NUMBER, Kind
from scratchtune.tables.reading.table import Table
from scratchtune.tables.table_encoder import TableEncoder

CELLS = str, float, int, np.generic, type(None), date, timedelta, Decimal  # the types of the cells of a table
OTHER = "(other)"  # the category of all rare texts


class Encoding(NamedTuple):
    """The encoding of a family's features: missing numbers imputed or kept, categories one-hot or as codes.

    ``most`` is the largest number of categories of a column; the most frequent ones are kept.
    """

    impute: str
    encoding: str
    add_indicator: bool
    most: int


ONE_HOT = Encoding("median", "one-hot", True, 40)
CODES = Encoding("keep", "ordinal", False, 200)
EMBEDDED = Encoding("median", "ordinal", True, 200)


class Features:
    """A `TableEncoder` after the grouping of rare categories; fitted on training rows, applied to any."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding

    def fit(self, table: Table) -> Features:
        """Fit to the rows of a table.

        Raises ValueError if no column is left.
        """
        self.dropped = [name for name in table.names if useless(table.column(name))]
        check_useful(table)
        columns = {name: table.column(name) for name in table.names if name not in self.dropped}
        self.kept = {name: kept_categories(column, self.encoding.most) for name, column in columns.items()
                     if isinstance(column, Text) and is_category(column)}
        self.encoder = TableEncoder(
            impute=self.encoding.impute, encoding=self.encoding.encoding, handle_unknown="ignore",
            add_indicator=self.encoding.add_indicator, max_categories=self.encoding.most + 1)
        self.encoder.fit(self._grouped(table))
        return self

    def transform(self, table: Table) -> np.ndarray:
        """Return the matrix, (n, features) float64, so that a column such as a time in seconds keeps its digits."""
        return self.encoder.transform(self._grouped(table))

    @property
    def categorical(self) -> list[int]:
        """The indices of the features that hold codes of categories."""
        return list(self.encoder.categorical_features)

    def _grouped(self, table: Table) -> Table:
        """Return the columns in use, with rare and unknown texts replaced by `OTHER`."""
        columns = {name: table.column(name) for name in table.names if name not in self.dropped}
        return Table({name: grouped(column, self.kept[name]) if name in self.kept and isinstance(column, Text)
                      else column for name, column in columns.items()})

    def state(self) -> dict[str, Any]:
        """Return the fitted state as plain data for JSON."""
        return {"encoding": self.encoding._asdict(), "dropped": self.dropped, "kept": self.kept,
                "encoder": self.encoder.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Features:
        """Make the features that have a given `state`; a ValueError if it is not one."""
        made = cls(Encoding(**state["encoding"]))
        made.dropped, made.kept = list(state["dropped"]), {name: list(texts) for name, texts in state["kept"].items()}
        made.encoder = TableEncoder.from_state(state["encoder"])
        return made


def useless(column: Column) -> bool:
    """Whether a column holds no value, or one value in all rows."""
    cells = column.codes if isinstance(column, Text) else column
    present = cells[cells >= 0] if isinstance(column, Text) else cells[~np.isnan(cells)]
    return not len(present) or (len(present) == len(cells) and bool((present == present[0]).all()))


def check_useful(table: Table) -> None:
    """Raise a ValueError if no column can help."""
    if all(useless(table.column(name)) for name in table.names):
        raise ValueError("no column is left to learn from: each is empty, constant, or names the rows")


def kept_categories(column: Text, most: int) -> list[str]:
    """Return the most frequent texts of a column, at most ``most``, in alphabetical order; all of them if few.

    A text that occurs once is not kept where a column has more than ``most``.
    """
    counts = column.counts()
    if len(counts) <= most:
        return list(counts)
    often = sorted(counts, key=lambda text: (-counts[text], text))[:most]
    return sorted(text for text in often if counts[text] > 1)


def grouped(column: Text, kept: list[str]) -> Text:
    """Return the column with every text that is not kept replaced by `OTHER`; missing values stay missing."""
    if set(column.texts) <= set(kept):
        return column
    texts = [*kept, OTHER]
    position = {text: i for i, text in enumerate(kept)}
    codes = np.array([*(position.get(text, len(kept)) for text in column.texts), -1], np.int32)
    return Text(codes[column.codes], texts)


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
