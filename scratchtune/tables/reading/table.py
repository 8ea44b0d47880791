"""A table is a set of named columns of equal length, in which values may be missing; `columns` describes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.tables.reading.columns import Column, Text, checked_names, missing_in
from scratchtune.tables.reading.kinds import CATEGORY, IDENTIFIER, Kind, as_kind, column_of, kind_in_training
from scratchtune.tables.reading.notation import Reading, checked_reading


class Table:
    """Columns of equal length by name; `read_table` makes one of a file, `from_columns` of arrays or a data frame.

    >>> table = Table.from_columns({"age": [31, None, 7], "city": ["Rome", "Oslo", "Rome"]})
    >>> table
    Table(3 rows, 2 columns: 1 of numbers, 1 of texts)
    >>> table.column("age").tolist(), table.column("city").values().tolist()
    ([31.0, nan, 7.0], ['Rome', 'Oslo', 'Rome'])
    """

    def __init__(
        self, columns: Mapping[str, Column], skipped: Iterable[str] = (), reading: Reading | None = None,
        asked: Collection[str] = (),
    ) -> None:
        self._columns = dict(columns)
        self.asked = tuple(asked)  # columns that are features even if they seem to identify the rows
        self.skipped = tuple(skipped)  # columns of a file that were not read
        self.reading = Reading() if reading is None else reading  # how the file was read
        lengths = {name: len(column) for name, column in self._columns.items()}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name!r} has {length}" for name, length in list(lengths.items())[:10])
            raise ValueError(f"the columns have different numbers of rows: {shown}; all must have the same number")
        self._rows = next(iter(lengths.values()), 0)

    @classmethod
    def from_columns(
        cls, columns: Any, *, text: Collection[str] = (), numeric: Collection[str] = (), date_order: str | None = None,
        skip: Collection[str] = (),
    ) -> Table:
        """Make a table of a dict of arrays or lists, a data frame, or a list of dicts, one for each row.

        Numbers are numbers and strings are texts, even strings of digits. The arguments, strays among numbers and texts
        that are dates are as in `read_table`; datetime64 and Python's dates are dates too. A value that the dict of a
        row lacks is missing.

        >>> Table.from_columns([{"age": 31, "city": "Rome"}, {"age": 7}]).column("city").values().tolist()
        ['Rome', None]
        """
        return made_of(columns, checked_reading(text=text, numeric=numeric, date_order=date_order), skip)

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._columns)

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns."""
        return self._rows, len(self._columns)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, rows: Any) -> Table:
        """Some rows, by a slice, an array of indices or an array of bool."""
        if isinstance(rows, (str, int, np.integer, tuple)):
            raise TypeError(f"a table is indexed by rows (a slice or an array), not by {rows!r}; see column(name)")
        return Table({name: column[rows] for name, column in self._columns.items()}, asked=self.asked)

    def column(self, name: str) -> Column:
        """One column: a float64 array, or a `Text`."""
        if name not in self._columns:
            shown = ", ".join(map(repr, self.names[:20])) + ", .." * (len(self.names) > 20)
            raise ValueError(f"there is no column {name!r}{checks.nearest(name, self.names)}; the table has {shown}")
        return self._columns[name]

    def without(self, *names: str) -> Table:
        """The table without some of its columns."""
        for name in names:
            self.column(name)  # a ValueError if it is absent
        return Table({name: column for name, column in self._columns.items() if name not in names}, asked=self.asked)

    def kinds(self, asked: Collection[str] = ()) -> dict[str, Kind]:
        """Return the kind of each column (`kinds`), to be stored with a model that is fitted on this table.

        A column that is ``asked`` for is no identifier.
        """
        features = {*self.asked, *asked}
        return {name: kind_in_training(name, column, name in features) for name, column in self._columns.items()}

    def as_kinds(self, kinds: Mapping[str, Kind]) -> Table:
        """Return the columns that ``kinds`` names, each of its kind in training, without identifiers.

        Raises ValueError if a column is absent, or a cell is no number or no date where it must be one.
        """
        return Table({name: as_kind(name, self.column(name), kind) for name, kind in kinds.items()
                      if kind.kind != IDENTIFIER}, self.skipped, self.reading, self.asked)

    def unseen(self, kinds: Mapping[str, Kind]) -> list[str]:
        """Say of each column which categories training has not seen, the most frequent first."""
        found = []
        for name, kind in kinds.items():
            column, known = self.column(name), set(kind.texts)
            counts = column.counts() if kind.kind == CATEGORY and isinstance(column, Text) else {}
            new = sorted((text for text in counts if text not in known), key=lambda text: -counts[text])
            shown = ", ".join(f"{text!r} ({checks.counted(counts[text], 'row')})" for text in new[:5])
            more = f" and {len(new) - 5:,} more" * (len(new) > 5)
            found += [f"column {name!r} holds categories that were not seen in training: {shown}{more}"] * bool(new)
        return found

    def is_text(self, name: str) -> bool:
        """Whether a column holds texts."""
        return isinstance(self.column(name), Text)

    def missing(self, name: str) -> np.ndarray:
        """Where a column has no value, (n,) of bool."""
        return missing_in(self.column(name))

    def __repr__(self) -> str:
        texts = sum(isinstance(column, Text) for column in self._columns.values())
        rows, columns = self.shape
        return f"Table({rows} rows, {columns} columns: {columns - texts} of numbers, {texts} of texts)"


def made_of(columns: Any, given: Reading, skip: Collection[str]) -> Table:
    """Make a table of what `Table.from_columns` takes, read as ``given`` says."""
    columns, is_frame = _by_name(columns), hasattr(columns, "dtypes")
    if not (is_frame or isinstance(columns, Mapping)):
        raise TypeError(f"columns is a {type(columns).__name__}; it must be a dict of arrays, a data frame or a "
                        "list of dicts")
    names, reading = list(columns.columns if is_frame else columns), given
    kept = checked_names([name for name in names if name not in skip], "the data frame" if is_frame else "columns")
    if is_frame:
        texts = [name for name in kept if str(columns[name].dtype) == "category" and name not in given.numeric]
        reading = given._replace(text=(*given.text, *texts))
        columns = {name: columns[name].to_numpy() for name in kept}
    made = {name: column_of(name, columns[name], reading) for name in kept}
    return Table(made, [name for name in names if name in skip], given, (*reading.text, *reading.numeric))


def _by_name(rows: Any) -> Any:
    """Return a list of dicts, one for each row, as a dict of columns; anything else unchanged."""
    if not (isinstance(rows, Sequence) and rows and all(isinstance(row, Mapping) for row in rows)):
        return rows
    columns = {name: np.empty(len(rows), object) for name in dict.fromkeys(name for row in rows for name in row)}
    for name, values in columns.items():  # of objects, so that NumPy makes no texts of numbers
        values[:] = [row.get(name) for row in rows]
    return columns
