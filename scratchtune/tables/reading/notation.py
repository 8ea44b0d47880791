"""Notation: how a table writes numbers and missing values, and whether a column of texts is meant to be numeric.

A text is a number if the file's decimal mark reads it; it is a number *written otherwise* if it looks like one with
another decimal mark, a thousands separator, a unit or a currency.

A stray text must not silently turn a numeric column into categories. A column of texts is meant to be numeric if at
least nine of ten of its cells look like numbers, or if at most three distinct texts do not and more distinct ones do;
but not if most cells are no numbers, and the others hold few distinct ones, such as *yes*, 1, 2, 3, 4.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from scratchtune.core import checks
from scratchtune.tables.reading.date_columns import ORDERS
from scratchtune.tables.wording import argument, option

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))  # in any case, with or without blanks around
DELIMITERS = (",", ";", "\t", "|")
DECIMALS = (".", ",")
MOSTLY = 0.9  # a column is meant to be numeric if at least this share of its cells look like numbers
FEW = 3  # or if at most so many distinct texts do not, whatever their share,
CODES = 20  # unless most cells are not numbers, and those that are have at most so many distinct values
LARGEST_EXACT = 2.0**53  # up to here every integer is exact in float64
NUMBER, OTHERWISE, TEXT = "a number", "a number written otherwise", "no number"

_WORDS_FOR_MISSING = frozenset((
    "unknown", "unk", "missing", "undefined", "not available", "not applicable", "n.a.", "n.d.", "nd", "nil", "<na>",
    "#n/a", "#div/0!"))
_CODE = re.compile(r"0\d+")  # 007 is a code, not a quantity
_SIGNS = r"[%$€£¥₹\u00a0\u202f ()]*"  # (3.50 €) of accountants is -3.5
_UNCLEAR = re.compile(r"[-+]?[1-9]\d{0,2}(?:[.,]\d{3})+")  # of 1.234 the point may separate thousands
_OTHERWISE = re.compile(rf"{_SIGNS}[-+]?{_SIGNS}(?:\d{{1,3}}(?:[., \u00a0\u202f'\u2019]\d{{3}})+(?:[.,]\d*)?"
                        rf"|\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?{_SIGNS}|[-+]?inf(?:inity)?", re.IGNORECASE)


class Reading(NamedTuple):
    """How a file was read, so that another one can be read likewise; ``decimal`` None: detected in each file."""

    decimal: str | None = None
    missing: tuple[str, ...] = ()
    delimiter: str | None = None
    text: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    date_order: str | None = None

    @property
    def mark(self) -> str:
        """The decimal mark, a point if none is given."""
        return self.decimal or "."

    @property
    def markers(self) -> frozenset[str]:
        """The texts that mark a missing value, in lower case."""
        return MISSING | {marker.lower() for marker in self.missing}

    @property
    def missing_numbers(self) -> list[float]:
        """The markers that are numbers, such as -999: they are compared by value, not as texts."""
        return [number for marker in self.missing if (number := number_of(marker, self.mark)) is not None]


def check_names(argument: str, given: Any) -> None:
    """Raise a TypeError if an argument is not a list of texts, such as a single text."""
    if isinstance(given, str) or given is not None and not all(isinstance(text, str) for text in given):
        raise TypeError(f"{argument} is {given!r}; it must be a list of texts")


def checked_reading(**given: Any) -> Reading:
    """Return how a file is to be read; a ValueError or TypeError that names the argument if one is not accepted."""
    for name in ("text", "numeric", "missing"):
        check_names(name, given.get(name, ()))
        given[name] = tuple(text.strip() if name == "missing" else text for text in given.get(name, ()))
    reading = Reading(**given)
    for name, choices in (("delimiter", DELIMITERS), ("date_order", ORDERS), ("decimal", DECIMALS)):
        checks.choice(name, getattr(reading, name), (None, *choices))
    if both := set(reading.text) & set(reading.numeric):
        raise ValueError(f"text and numeric both name {min(both)!r}; a column is one or the other")
    return reading


def is_missing(text: str, markers: Collection[str] = MISSING) -> bool:
    """Whether a cell denotes a missing value."""
    return text.strip().lower() in markers


def may_mark_missing(text: str) -> bool:
    """Whether a text, where a number or a date must be, can only mean that the value is missing.

    >>> [may_mark_missing(text) for text in (".", "--", "unknown", "twelve", "1,5")]
    [True, True, True, False, False]
    """
    return text.lower() in _WORDS_FOR_MISSING or not re.search(r"\w", text)


def to_number(cell: str, decimal: str = ".") -> float:
    """Convert a cell to a number; raise a ValueError if it is not a number with this decimal mark.

    >>> to_number("1,5", decimal=","), to_number("1e3")
    (1.5, 1000.0)
    """
    return float(_plain(cell, decimal))


def is_rounded(cell: str, decimal: str = ".") -> bool:
    """Whether a cell is an integer that float64 would round."""
    try:
        number = int(_plain(cell, decimal))
        return int(float(number)) != number
    except (ValueError, OverflowError):  # 1e300 or 2.5
        return False


def _plain(cell: str, decimal: str) -> str:
    """Return a number as Python writes it; a ValueError if it has the other decimal mark."""
    if "_" in cell or decimal == "," and "." in cell:  # Python reads 1_000 as a number
        raise ValueError(f"{cell!r} is not a number")
    return cell.replace(",", ".") if decimal == "," else cell


def number_of(text: str, decimal: str = ".") -> float | None:
    """Return the number that a text is with this decimal mark, None if it is none."""
    try:
        return to_number(text, decimal)
    except ValueError:
        return None


def kind_of(text: str, decimal: str = ".") -> str:
    """Return `NUMBER`, `OTHERWISE` or `TEXT`, as a text is with this decimal mark; infinity is no number.

    >>> [kind_of(text) for text in ("3", "1,5", "5 %", "007", "12.05.2024")]
    ['a number', 'a number written otherwise', 'a number written otherwise', 'no number', 'no number']
    """
    if _CODE.fullmatch(text) or not _OTHERWISE.fullmatch(text):
        return TEXT
    number = number_of(text, decimal)
    return NUMBER if number is not None and math.isfinite(number) else OTHERWISE


def strays_of(counts: Mapping[str, int], decimal: str = ".") -> dict[str, str]:
    """The texts that are not numbers in a column that is meant to be numeric, each with its kind.

    ``counts`` is how often each text occurs, without missing values. The result is empty for any other column.
    """
    kinds = {text: kind_of(text, decimal) for text in counts}
    others = [text for text, kind in kinds.items() if kind == TEXT]
    distinct, share = len(kinds) - len(others), sum(counts[text] for text in others) / max(1, sum(counts.values()))
    are_codes = share > 0.5 and distinct <= CODES
    few = len(others) <= FEW and distinct > len(others) and not are_codes
    is_meant = distinct and (few or 1.0 - share >= MOSTLY)
    return {text: kind for text, kind in kinds.items() if kind != NUMBER} if is_meant else {}


def decimal_of(columns: Mapping[str, Mapping[str, int]]) -> str:
    """Return the decimal mark of a file, given by column how often each text occurs.

    It is a comma if a numeric column has a number with a decimal comma, and none has one with a decimal point.
    Numbers such as 1,234, in which it may separate thousands, do not count; if no number decides it, and a column has
    integers beside numbers such as 2.531, which may mean 2531, a ValueError says so.
    """
    texts = [text for counts in columns.values() if strays_of(counts) or all(kind_of(text) == NUMBER for text in counts)
             for text in counts if not _UNCLEAR.fullmatch(text)]
    found = {mark for text in texts for mark in DECIMALS if mark in text and number_of(text, mark) is not None}
    for name, counts in columns.items() if not found else ():
        pointed = [text for text in counts if "." in text and _UNCLEAR.fullmatch(text)]
        if len(pointed) > 1 and any(map(str.isdecimal, counts)) and all(kind_of(text) == NUMBER for text in counts):
            raise ValueError(f"{pointed[0]!r} in {name!r} may have a decimal point ({option('decimal', '.')} says so), "
                             "or a separator of thousands: then write its numbers without")
    return "," if found == {","} else "."


def ways_out(name: str, counts: Mapping[str, int], strays: Mapping[str, str], decimal: str | None) -> str:
    """Say what can be done about texts of these kinds among numbers with a decimal mark, or (None) among dates."""
    written = [text for text, kind in strays.items() if kind == OTHERWISE]
    texts = [text for text, kind in strays.items() if kind == TEXT]
    ways = []
    if written and decimal:
        other = DECIMALS[decimal == "."]
        numbers = [number_of(text, other) for text in (*written, *counts) if text not in texts]
        is_read = None not in numbers and math.isfinite(numbers[0] or 0.0)
        ways.append(f"give {option('decimal', other)} to read {short(written[0])} as {numbers[0]:.15g}" if is_read else
                    f"write {short(written[0])} as a plain, finite number")
    if texts:
        markers = option("missing", *texts) if len(texts) <= FEW and max(map(len, texts)) <= 40 else argument("missing")
        ways.append(f"give {markers} if that marks a missing value")
    if decimal is not None:
        ways.append(f"{option('numeric', name)} to make every cell missing that is not a number")
    return ", or ".join([*ways, f"{option('text', name)} to take the column as text", "correct the file"])


def short(text: str) -> str:
    """A text in quotes, cut after 37 characters if it is long."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
