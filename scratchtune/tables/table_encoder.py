"""A table encoder turns a table into a matrix of numbers; it is fitted on the training rows alone.

Numeric columns are unchanged, columns of texts become one-hot columns or codes, and missing values are filled. The
fitted state can be written as JSON without loss (`state`), so that a saved model can contain it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.data.encoding import leaves_out_first, one_hot, unseen
from scratchtune.data.imputing import STRATEGIES, fill_value_of
from scratchtune.data.transformer import (
    Transformer,
    begin_fit,
    check_is_fitted,
)
from scratchtune.tables.reading.columns import Dates, Text, is_category
from scratchtune.tables.reading.date_columns import CYCLIC, PARTS, date_part, parts_of, written_day
from scratchtune.tables.reading.kinds import CATEGORY, DATE, EMPTY, NUMBER, Kind, checked_kind
from scratchtune.tables.reading.table import Table

DROP = "if_binary"  # a column with two texts becomes a single column of 0 and 1
ENCODINGS = ("one-hot", "ordinal")
KEEP = "keep"  # the value of ``impute`` with which missing values stay missing

ROWS_A_VALUE = 20  # with fewer rows for each, the values of a part of dates are one number
INDICATOR = " is missing"  # the end of the name of a column that is 1 where a value is missing, else 0


class Numbers(NamedTuple):
    """The fitted state of a numeric column: the fill value of missing ones, if any, and whether they are indicated."""

    fill: float | None
    indicator: bool = False

    @property
    def suffixes(self) -> list[str]:
        """The ends of the names of its columns: the name is unchanged; the indicator's comes last."""
        return ["", *[INDICATOR] * self.indicator]


class Texts(NamedTuple):
    """The fitted state of a column of texts: the distinct texts, sorted, and as for `Numbers`."""

    texts: list[str]
    fill: str | None
    indicator: bool = False

    @property
    def suffixes(self) -> list[str]:
        """The ends of the names of its columns: ``=TEXT`` for each text; the indicator's comes last."""
        texts = self.texts[leaves_out_first(len(self.texts), DROP) :]
        return [*(f"={text}" for text in texts), *[INDICATOR] * self.indicator]


class Codes(NamedTuple):
    """The fitted state of a column of texts that is encoded as one column of codes: the distinct texts, sorted."""

    texts: list[str]

    @property
    def suffixes(self) -> list[str]:
        """One column, whose name is unchanged; its largest code says that a text is missing, so it needs no indicator.
        """
        return [""]


class DateParts(NamedTuple):
    """The fitted state of a column of dates: its features, the order of day and month, and the first training date.

    ``parts`` maps each part in use to the values that it had in `fit`: all of them if it is one-hot, else the smallest
    and the largest. ``first`` and ``fill`` are days since 1970-01-01; fill and indicator are as for `Numbers`.
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

    def write(self, days: np.ndarray, out: np.ndarray) -> None:
        """Write the features of dates, days since 1970-01-01 with NaN where one is missing, into ``out``.

        A number outside its range in `fit` becomes the nearest one in it, so that a later year extrapolates nothing.
        The one-hot columns of a missing date are zeros.
        """
        filled = days if self.fill is None else np.where(np.isnan(days), self.fill, days)
        start = 0
        for part, values in self.parts.items():
            if part in self.one_hot:
                stop = start + len(values)
                out[:, start:stop] = date_part(days, part)[:, None] == np.array(values)
            else:
                stop = start + 1
                out[:, start] = np.clip(date_part(filled, part, self.first), values[0], values[-1])
            start = stop


class Nothing(NamedTuple):
    """A column without any value in `fit`: it is dropped."""

    @property
    def suffixes(self) -> list[str]:
        """None, since it has no column."""
        return []


Column = Numbers | Texts | Codes | DateParts | Nothing

class TableEncoder(Transformer):
    """Numbers unchanged, texts one-hot (two texts are one column), missing values filled according to ``impute``.

    A date becomes its year, month, weekday (0 is Monday), day of the month, hour, and the days since the first date of
    `fit`; the parts that are constant in `fit` are left out, except the last one. Month, weekday, day and hour are
    one-hot if there are 20 rows for each of their values, else, or with ``impute="keep"`` (for trees), numbers. A
    number beyond its range in `fit`, such as a later year, becomes the nearest one in the range, so that later dates
    are encoded by features that the model has seen.

    ``impute`` is None (a missing value is an error), "mean", "median" or "most_frequent" for numeric columns; with
    these a missing text becomes the most frequent one. A text that was not seen in `fit` is an error, or zeros with
    ``handle_unknown="ignore"``. More than ``max_categories`` distinct texts in a column are an error. With
    ``add_indicator`` a column in which values are missing in `fit` is followed by one that is 1 where they are missing,
    else 0, since that a value is missing may predict the target; it needs ``impute``.

    For trees and for embeddings: with ``encoding="ordinal"`` a column of texts becomes one column of codes, 0 to k - 1
    for its k texts in sorted order, and k where the text is missing or (with ``handle_unknown="ignore"``) unknown;
    `categorical_features` are the indices of these columns. With ``impute="keep"`` missing numbers are NaN in the
    matrix, and so are the one-hot columns of a missing text.

    >>> table = Table.from_columns({"age": [31, None, 7], "city": ["Rome", "Oslo", "Nice"]})
    >>> encoder = TableEncoder(impute="mean")
    >>> encoder.fit_transform(table).tolist()
    [[31.0, 0.0, 0.0, 1.0], [19.0, 0.0, 1.0, 0.0], [7.0, 1.0, 0.0, 0.0]]
    >>> encoder.get_feature_names_out().tolist()
    ['age', 'city=Nice', 'city=Oslo', 'city=Rome']
    """

    def __init__(
        self, *, impute: str | None = None, handle_unknown: str = "error", max_categories: int = 1000,
        dtype: Any = "float64", add_indicator: bool = False, encoding: str = "one-hot",
    ) -> None:
        self.impute = impute
        self.handle_unknown = handle_unknown
        self.max_categories = max_categories
        self.dtype = dtype
        self.add_indicator = add_indicator
        self.encoding = encoding

    # Fitting

    def fit(self, X: Any, y: Any = None) -> TableEncoder:
        """Fit to the rows of a table: the texts of each column, and the fill values."""
        self._check_parameters()
        table = _table(X)
        if 0 in table.shape:
            raise ValueError(
                f"the table has {table.shape[0]} rows and {table.shape[1]} columns; it must have at least one of each")
        begin_fit(self, None)
        self._check_gaps(table, [name for name in table.names if not (
            table.missing(name).all() or self._is_ordinal(table.column(name)))])
        self.columns_ = {name: self._fitted_column(name, table) for name in table.names}
        self.feature_names_in_ = np.array(table.names, dtype=object)
        self.n_features_in_ = len(table.names)
        empty = [name for name, fitted in self.columns_.items() if isinstance(fitted, Nothing)]
        if empty:
            checks.warn(f"without any value, and left out: {checks.quoted(empty)}")
        return self

    def _check_parameters(self) -> None:
        checks.choice("impute", self.impute, (None, *STRATEGIES, KEEP))
        checks.choice("encoding", self.encoding, ENCODINGS)
        checks.choice("handle_unknown", self.handle_unknown, ("error", "ignore"))
        checks.integer("max_categories", self.max_categories, low=1)
        checks.choice("dtype", np.dtype(self.dtype).name, ("float32", "float64"))
        checks.boolean("add_indicator", self.add_indicator)
        if self.add_indicator and self.impute is None:
            raise ValueError("add_indicator is True and impute is None; it needs impute, which fills missing values")

    def _is_ordinal(self, column: np.ndarray | Text) -> bool:
        return self.encoding == "ordinal" and is_category(column)

    def _fitted_column(self, name: str, table: Table) -> Column:
        column, missing = table.column(name), table.missing(name)
        if missing.all():
            return Nothing()
        indicator = self.add_indicator and bool(missing.any())
        fills = self.impute not in (None, KEEP)
        if not isinstance(column, Text):
            fill = float(fill_value_of(column[~missing], str(self.impute))) if fills else None
            return Numbers(fill, indicator)
        if isinstance(column, Dates):
            days = column[~missing].values_in_days()
            fill = float(fill_value_of(days, str(self.impute))) if fills else None
            first = float(np.floor(days.min()))
            parts = parts_of(days, first)
            one_hot = [part for part, values in parts.items() if part in CYCLIC and self.impute != KEEP
                       and len(values) * ROWS_A_VALUE <= len(days)]
            parts = {part: values if part in one_hot else [values[0], values[-1]] for part, values in parts.items()}
            return DateParts(parts, column.order, first, fill, indicator, one_hot)
        counts = column.counts()
        if len(counts) > self.max_categories:
            raise ValueError(
                f"column {name!r} holds {len(counts)} different texts, and max_categories is "
                f"{self.max_categories}; leave the column out (--drop), or put its texts into fewer groups")
        if self._is_ordinal(column):
            return Codes(list(counts))
        most = max(counts, key=lambda text: counts[text])  # in case of ties the first in alphabetical order
        return Texts(list(counts), most if fills else None, indicator)

    # Encoding

    def transform(self, X: Any) -> np.ndarray:
        """Return the matrix, (n, features)."""
        check_is_fitted(self)
        table = self.checked_columns(_table(X, self.text_names))
        self._check_gaps(table, [name for name, fitted in self.columns_.items() if _fill(fitted) is None])
        out = np.empty((len(table), len(self.get_feature_names_out())), dtype=self.dtype)
        start = 0
        for name, fitted in self.columns_.items():
            width = len(fitted.suffixes)
            self._write(name, table, fitted, out[:, start : start + width])
            start += width
        return out

    def checked_columns(self, table: Table) -> Table:
        """Return the columns, each of its kind in `fit`; a ValueError if there are others, or a cell is not of it."""
        check_is_fitted(self)
        absent = [name for name in self.columns_ if name not in table.names]
        unknown = [name for name in table.names if name not in self.columns_]
        if absent or unknown:
            raise other_columns(absent, unknown)
        return table.as_kinds(self._kinds())

    def _kinds(self) -> dict[str, Kind]:
        return {name: _kind(fitted) for name, fitted in self.columns_.items()}

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the name of each column of numbers or codes, and ``NAME=TEXT`` for those of texts."""
        check_is_fitted(self)
        names = [name + suffix for name, fitted in self.columns_.items() for suffix in fitted.suffixes]
        return np.array(names, dtype=object)

    @property
    def text_names(self) -> list[str]:
        """The columns that held texts or dates in `fit`: the argument ``text`` of `read_table` for the next file."""
        return [name for name, fitted in self.columns_.items() if isinstance(fitted, (Texts, Codes, DateParts))]

    @property
    def categorical_features(self) -> list[int]:
        """The indices of the matrix's columns that hold codes of texts: the estimators' argument of this name."""
        check_is_fitted(self)
        kinds = [fitted for fitted in self.columns_.values() for _ in fitted.suffixes]
        return [index for index, fitted in enumerate(kinds) if isinstance(fitted, Codes)]

    def unknown(self, table: Table) -> dict[str, dict[str, int]]:
        """Return for each column with texts that were not seen in `fit` those texts, and how many rows hold each."""
        check_is_fitted(self)
        return table.as_kinds(self._kinds()).unseen(self._kinds())

    def same_as_unknown(self, name: str) -> str | None:
        """Return the known text of column ``name`` that is encoded as zeros, just as an unknown text is.

        Only a column of two texts has one, its first text. For any other column return None.
        """
        fitted = self.columns_[name]
        if isinstance(fitted, Texts) and leaves_out_first(len(fitted.texts), DROP):
            return fitted.texts[0]
        return None

    def _check_gaps(self, table: Table, names: list[str]) -> None:
        """Raise if there are missing values in one of these columns and ``impute`` is None."""
        if self.impute == KEEP or self.impute is not None and not hasattr(self, "columns_"):
            return
        gaps = {name: int(table.missing(name).sum()) for name in names if table.missing(name).any()}
        gaps = {name: n for name, n in gaps.items() if not isinstance(getattr(self, "columns_", {}).get(name), Nothing)}
        if gaps:
            shown = ", ".join(f"{name!r} ({n} cell{'s' * (n > 1)})" for name, n in list(gaps.items())[:10])
            more = f" and {len(gaps) - 10} more columns" if len(gaps) > 10 else ""
            raise ValueError(
                f"values are missing in {shown}{more}; --impute (in Python: impute='median') fills them")

    def _write(self, name: str, table: Table, fitted: Column, out: np.ndarray) -> None:
        """Write one column of the table into its columns of the matrix."""
        column, missing = table.column(name), table.missing(name)
        if isinstance(fitted, (Numbers, Texts, DateParts)) and fitted.indicator:
            out[:, -1] = missing
            out = out[:, :-1]
        if isinstance(fitted, Texts) and isinstance(column, Text):
            codes = self._codes(name, column, fitted)
            one_hot(codes - leaves_out_first(len(fitted.texts), DROP), out)
            if self.impute == KEEP:
                out[missing] = np.nan
        elif isinstance(fitted, Codes) and isinstance(column, Text):
            codes = self._codes(name, column, fitted)
            out[:, 0] = np.where(codes < 0, len(fitted.texts), codes)
        elif isinstance(fitted, DateParts) and isinstance(column, Dates):
            fitted.write(column.values_in_days(), out)
        elif isinstance(fitted, Numbers) and isinstance(column, np.ndarray):
            gap = np.nan if self.impute == KEEP else fitted.fill or 0.0
            filled = np.where(missing, gap, column)
            check_range(name, filled, out.dtype)
            out[:, 0] = filled

    def _codes(self, name: str, column: Text, fitted: Texts | Codes) -> np.ndarray:
        """Return for each row the index in the texts of `fit`; below 0 for an unknown text, or one that stays missing.
        """
        position = {text: i for i, text in enumerate(fitted.texts)}
        stays_missing = isinstance(fitted, Codes) or self.impute == KEEP
        gap = position[fitted.fill] if isinstance(fitted, Texts) and fitted.fill is not None else -2
        codes = np.array([*(position.get(text, -2) for text in column.texts), gap], dtype=np.int64)[column.codes]
        wrong = (codes < 0) & ~(column.missing() & stays_missing)
        if self.handle_unknown == "error" and wrong.any():
            row = int(wrong.argmax())
            raise unseen(name, column[row : row + 1].values()[0], row + 1, fitted.texts)
        return codes

    # Saving

    def state(self) -> dict[str, Any]:
        """Return the fitted state as plain data that JSON can represent without loss."""
        check_is_fitted(self)
        columns = [{"name": name, "kind": type(fitted).__name__.lower(), **fitted._asdict()}
                   for name, fitted in self.columns_.items()]
        return {**self.get_params(), "dtype": np.dtype(self.dtype).name, "columns": columns}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TableEncoder:
        """Make the encoder that has a given `state`."""
        kinds: dict[str, Any] = {kind.__name__.lower(): kind for kind in (Numbers, Texts, Codes, DateParts, Nothing)}
        try:
            params = {name: value for name, value in state.items() if name != "columns"}
            encoder = cls(**params)
            encoder._check_parameters()
            encoder.columns_ = {
                column["name"]: kinds[column["kind"]](
                    **{key: value for key, value in column.items() if key not in ("name", "kind")})
                for column in state["columns"]}
            if len(encoder.columns_) < len(state["columns"]):
                raise ValueError("it has two columns of the same name")
            for name, fitted in encoder.columns_.items():
                _check_column_state(name, fitted)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise ValueError(f"this is not the state of a TableEncoder: {problem}") from None
        encoder.feature_names_in_ = np.array(list(encoder.columns_), dtype=object)
        encoder.n_features_in_ = len(encoder.columns_)
        return encoder


def _check_column_state(name: Any, fitted: Column) -> None:
    """Raise unless the stored state of a column has valid types and values."""
    if not isinstance(name, str):
        raise ValueError(f"a column is named {name!r}; a name must be a text")
    if isinstance(fitted, (Numbers, Texts, DateParts)):
        checks.boolean(f"the indicator of column {name!r}", fitted.indicator)
    if isinstance(fitted, Numbers) and fitted.fill is not None:
        checks.real(f"the fill of column {name!r}", fitted.fill)
    if isinstance(fitted, DateParts):
        _check_date_parts(name, fitted)
    if isinstance(fitted, (Texts, Codes)):
        texts = fitted.texts
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"column {name!r} has the texts {texts!r}; they must be a list of texts")
        fill = fitted.fill if isinstance(fitted, Texts) else None
        if len(set(texts)) < len(texts) or fill not in (None, *texts):
            raise ValueError(f"column {name!r} has the texts {texts} and the fill {fill!r}; they must be "
                             "different ones, and the fill one of them or None")


def _check_date_parts(name: str, fitted: DateParts) -> None:
    """Raise unless the stored state of a column of dates has valid types and values."""
    parts = fitted.parts
    if not isinstance(parts, dict) or not parts or [part for part in PARTS if part in parts] != list(parts):
        raise ValueError(f"column {name!r} has the parts {parts!r}; they must be some of {', '.join(PARTS)}")
    for part, values in parts.items():
        if not isinstance(values, list) or not values or sorted(values) != values:
            raise ValueError(f"the {part} of column {name!r} is {values!r}; it must be a list of sorted numbers")
        for value in values:
            checks.real(f"the {part} of column {name!r}", value)
    if not isinstance(fitted.one_hot, (list, tuple)) or not set(fitted.one_hot) <= {*parts} & {*CYCLIC}:
        raise ValueError(f"the one-hot parts of column {name!r} are {fitted.one_hot!r}; they must be some of its parts")
    checked_kind(name, _kind(fitted))
    for what, days in (("first", fitted.first), ("fill", fitted.fill)):
        if days is not None or what == "first":
            checks.real(f"{what} of column {name!r}", days, -719_162.0, 2_932_897.0)  # the years 1 to 9999


# What it needs --------------------------------------------------------------------------------------------------------


def _table(X: Any, text: Collection[str] = ()) -> Table:
    return X if isinstance(X, Table) else Table.from_columns(X, text=text)


def check_range(name: str, column: np.ndarray, dtype: np.dtype) -> None:
    """Raise a ValueError if a number is too large for ``dtype``."""
    beyond = np.abs(column) > np.finfo(dtype).max
    if beyond.any():
        row = int(beyond.argmax())
        raise ValueError(f"column {name!r} holds {column[row]:g} in row {row + 1}, too large for {dtype}; scale the "
                         "column down, or leave the cell empty")


def _fill(fitted: Column) -> Any:
    """The fill value of missing values; None if they are an error, and "" where none is needed."""
    return fitted.fill if isinstance(fitted, (Numbers, Texts, DateParts)) else ""


def other_columns(absent: list[str], unknown: list[str]) -> ValueError:
    """Return the error for a table that lacks columns of the training table, or has others."""
    return ValueError("the columns differ from those in training: " + ", and ".join(
        [f"{checks.quoted(absent)} {_are(absent)} missing"] * bool(absent)
        + [f"{checks.quoted(unknown)} {_are(unknown)} unknown"] * bool(unknown)))


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _kind(fitted: Column) -> Kind:
    """The kind of a fitted column."""
    if isinstance(fitted, DateParts):
        return Kind(DATE, fitted.order)
    if isinstance(fitted, (Texts, Codes)):
        return Kind(CATEGORY, texts=fitted.texts)
    return Kind(NUMBER if isinstance(fitted, Numbers) else EMPTY)
