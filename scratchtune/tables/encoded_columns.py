"""How one column of a table becomes columns of a matrix: fitted on training rows, stored as plain data.

A column of numbers is one column, a category one column of codes or one-hot columns, a date its parts. A missing text
is a category of its own, and so are all rare texts together; a text that training has not seen is a rare one, or, if
there were none, missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.data.encoding import leaves_out_first, one_hot
from scratchtune.data.imputing import fill_value_of
from scratchtune.tables.reading.columns import Column, Dates, Text
from scratchtune.tables.reading.date_columns import CYCLIC, PARTS, date_part, parts_of, written_day
from scratchtune.tables.reading.kinds import CATEGORY, DATE, NUMBER, Kind, checked_kind

MISSING, OTHER = "(missing)", "(other)"  # the categories of missing texts, and of all rare ones
KEEP = "keep"  # missing numbers stay missing
ROWS_A_VALUE = 20  # with fewer rows for each, the values of a part of dates are one number
INDICATOR = " is missing"  # the end of the name of a column that is 1 where a value is missing, else 0
DAYS = -719_162.0, 2_932_897.0  # the years 1 to 9999


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

    ``parts`` maps each part in use to the values that it had in training: all of them if it is one-hot, else the
    smallest and the largest. ``first`` and ``fill`` are days since 1970-01-01; fill and indicator are as for `Numbers`.
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
    """The kind of a column in training; of categories with the texts that are not rare."""
    if isinstance(one, Categories):
        return Kind(CATEGORY, texts=[text for text in one.texts if text not in (OTHER, MISSING)])
    return Kind(DATE, one.order) if isinstance(one, DateParts) else Kind(NUMBER)


def check_state(name: str, one: EncodedColumn) -> None:
    """Raise unless a column of a file has valid types and values."""
    if isinstance(one, Categories):
        checks.boolean(f"one_hot of column {name!r}", one.one_hot)
        texts = one.texts if isinstance(one.texts, list) else []
        if not texts or len({*texts}) < len(texts) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"column {name!r} has the categories {one.texts!r}; they must be different texts")
        return
    checks.boolean(f"the indicator of column {name!r}", one.indicator)
    days = DAYS if isinstance(one, DateParts) else (None, None)
    if one.fill is not None:
        checks.real(f"the fill of column {name!r}", one.fill, *days)
    if isinstance(one, DateParts):
        checked_kind(name, kind_of(one))
        checks.real(f"the first day of column {name!r}", one.first, *days)
        in_order = [part for part in PARTS if part in one.parts] == [*one.parts]
        if not one.parts or not in_order or not {*one.one_hot} <= {*one.parts} & {*CYCLIC}:
            raise ValueError(f"column {name!r} has the parts {one.parts!r}, one-hot {one.one_hot!r}; they must be some "
                             f"of {', '.join(PARTS)}")
        for part, values in one.parts.items():
            numbers = [checks.real(f"the {part} of column {name!r}", value) for value in values]
            if not numbers or sorted(numbers) != numbers:
                raise ValueError(f"the {part} of column {name!r} is {values!r}; it must be a list of sorted numbers")


def fitted_column(column: Column, impute: str, indicates: bool, one_hot: bool, most: int) -> EncodedColumn:
    """Fit one column that has a value; ``impute`` missing numbers ("keep": they stay NaN), and say where they were.

    Of a category at most ``most`` texts are kept.
    """
    if isinstance(column, Text) and not isinstance(column, Dates):
        return Categories(kept_categories(column, most), one_hot)
    days = column.values_in_days() if isinstance(column, Dates) else column
    known = days[~np.isnan(days)]
    fill = None if impute == KEEP else float(fill_value_of(known, impute))
    indicator = indicates and len(known) < len(days)
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
