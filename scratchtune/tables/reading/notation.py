"""Notation: how a table writes numbers and missing values, and whether a column of texts is meant to be numeric.

A text is a number if the file's notation reads it; it is a number *written otherwise* if another notation does, perhaps
without a unit or a currency.

A stray text must not silently turn a numeric column into categories. A column of texts is meant to be numeric if at
least nine of ten of its cells look like numbers, or if at most three distinct texts do not and more distinct ones do.
But a column of which most cells are not numbers, and the others hold few distinct ones, such as *yes*, 1, 2, 3, 4, is
one of categories: each value is then a category of its own, so no information is lost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from scratchtune import checks
from scratchtune.tables.reading.date_columns import ORDERS
from scratchtune.tables.wording import argument, option

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))  # in any case, with or without blanks around
DELIMITERS = (",", ";", "\t", "|")
DECIMALS = (".", ",")
THOUSANDS = (",", ".", " ", "'")
NOTATIONS = tuple((decimal, thousands) for thousands in (None, *THOUSANDS) for decimal in DECIMALS
                  if decimal != thousands)
MOSTLY = 0.9  # a column is meant to be numeric if at least this share of its cells look like numbers
FEW = 3  # or if at most so many distinct texts do not, whatever their share,
CODES = 20  # unless most cells are not numbers, and those that are have at most so many distinct values
LARGEST_EXACT = 2.0**53  # up to here every integer is exact in float64
NUMBER, OTHERWISE, TEXT = "a number", "a number written otherwise", "no number"

_WORDS_FOR_MISSING = frozenset((
    "unknown", "unk", "missing", "undefined", "not available", "not applicable", "n.a.", "n.d.", "nd", "nil", "<na>",
    "#n/a", "#div/0!"))
_CODE = re.compile(r"0\d+")  # 007 is a code, not a quantity
_SIGNS = "%$€£¥₹\u00a0\u202f "
_PLAUSIBLE = re.compile(rf"[{_SIGNS}]*[-+(]?[\d.,'\u2019{_SIGNS}]*\d[\d.,'\u2019{_SIGNS}]*([eE][-+]?\d+)?[){_SIGNS}]*")
_INFINITE = re.compile(r"[-+]?inf(?:inity)?", re.IGNORECASE)
_SEPARATORS = {",": ",", ".": r"\.", " ": "[ \u00a0\u202f]", "'": "['\u2019]"}
_GROUPED = {
    (decimal, thousands): re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{sign}\d{{3}})+(?:{_SEPARATORS[decimal]}\d*)?")
    for decimal in DECIMALS for thousands, sign in _SEPARATORS.items() if decimal != thousands}


class Reading(NamedTuple):
    """How a file was read, so that another one can be read likewise; ``decimal`` None: detected in each file."""

    decimal: str | None = None
    thousands: str | None = None
    missing: tuple[str, ...] = ()
    delimiter: str | None = None
    text: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    date_order: str | None = None

    @property
    def notation(self) -> tuple[str, str | None]:
        """The decimal mark and the thousands separator."""
        return self.decimal or ".", self.thousands

    @property
    def markers(self) -> frozenset[str]:
        """The texts that mark a missing value, in lower case."""
        return MISSING | {marker.lower() for marker in self.missing}

    @property
    def missing_numbers(self) -> list[float]:
        """The markers that are numbers, such as -999: they are compared by value, not as texts."""
        return [number for marker in self.missing if (number := number_of(marker, *self.notation)) is not None]


def check_names(argument: str, given: Any) -> None:
    """Raise a TypeError if an argument is not a list of texts, such as a single text."""
    if isinstance(given, str) or given is not None and not all(isinstance(text, str) for text in given):
        raise TypeError(f"{argument} is {given!r}; it must be a list of texts")


def checked_reading(**given: Any) -> Reading:
    """Return how a file is to be read; the thousands separator may decide the decimal mark.

    Raises
        ValueError or TypeError that names the argument.
    """
    for name in ("text", "numeric", "missing"):
        check_names(name, given.get(name, ()))
        given[name] = tuple(text.strip() if name == "missing" else text for text in given.get(name, ()))
    reading = Reading(**given)
    for name, choices in (("delimiter", DELIMITERS), ("date_order", ORDERS), ("decimal", DECIMALS),
                          ("thousands", THOUSANDS)):
        checks.choice(name, getattr(reading, name), (None, *choices))
    if both := set(reading.text) & set(reading.numeric):
        raise ValueError(f"text and numeric both name {min(both)!r}; a column is one or the other")
    if reading.thousands is not None and reading.thousands == reading.decimal:
        raise ValueError(f"thousands is {reading.thousands!r}, and so is decimal; they must be different")
    if reading.decimal is None and reading.thousands in DECIMALS:
        return reading._replace(decimal=next(mark for mark in DECIMALS if mark != reading.thousands))
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


def to_number(cell: str, decimal: str = ".", thousands: str | None = None) -> float:
    """Convert a cell to a number; raise a ValueError if it is not a number in this notation.

    >>> to_number("1.234,5", decimal=",", thousands="."), to_number("1e3")
    (1234.5, 1000.0)
    """
    return float(_plain(cell, decimal, thousands))


def is_rounded(cell: str, decimal: str = ".", thousands: str | None = None) -> bool:
    """Whether a cell is an integer that float64 would round."""
    try:
        number = int(_plain(cell, decimal, thousands))
        return int(float(number)) != number
    except (ValueError, OverflowError):  # 1e300 or 2.5
        return False


def _plain(cell: str, decimal: str, thousands: str | None) -> str:
    """Return a number as Python writes it; a ValueError if it has the other decimal mark."""
    text = cell.strip()
    if thousands is not None and _GROUPED[decimal, thousands].fullmatch(text):
        text = re.sub(_SEPARATORS[thousands], "", text)
    if "_" in text or decimal == "," and "." in text:  # Python reads 1_000 as a number
        raise ValueError(f"{text!r} is not a number")
    return text.replace(",", ".") if decimal == "," else text


def number_of(text: str, decimal: str = ".", thousands: str | None = None) -> float | None:
    """Return the number that a notation reads, None if it reads none."""
    try:
        return to_number(text, decimal, thousands)
    except ValueError:
        return None


def kind_of(text: str, decimal: str = ".", thousands: str | None = None) -> str:
    """Return which of the three kinds above a text is in this notation; infinity is no number.

    >>> [kind_of(text) for text in ("3", "1,5", "5 %", "007", "12.05.2024")]
    ['a number', 'a number written otherwise', 'a number written otherwise', 'no number', 'no number']
    """
    if not _PLAUSIBLE.fullmatch(text) or _CODE.fullmatch(text):
        return OTHERWISE if _INFINITE.fullmatch(text) else TEXT
    number = number_of(text, decimal, thousands)
    if number is not None:
        return NUMBER if math.isfinite(number) else OTHERWISE
    bare = text.strip(_SIGNS).removeprefix("(").removesuffix(")").strip(_SIGNS)  # (3.50 €) of accountants is -3.5
    return OTHERWISE if any(number_of(bare, *notation) is not None for notation in NOTATIONS) else TEXT


def strays_of(counts: Mapping[str, int], decimal: str = ".", thousands: str | None = None) -> dict[str, str]:
    """The texts that are not numbers in a column that is meant to be numeric, each with its kind.

    ``counts`` is how often each text occurs, without missing values. The result is empty for any other column.
    """
    kinds = {text: kind_of(text, decimal, thousands) for text in counts}
    others = [text for text, kind in kinds.items() if kind == TEXT]
    distinct, share = len(kinds) - len(others), sum(counts[text] for text in others) / max(1, sum(counts.values()))
    are_codes = share > 0.5 and distinct <= CODES
    few = len(others) <= FEW and distinct > len(others) and not are_codes
    is_meant = distinct and (few or 1.0 - share >= MOSTLY)
    return {text: kind for text, kind in kinds.items() if kind != NUMBER} if is_meant else {}


def share_of_numbers(counts: Mapping[str, int]) -> float:
    """The share of the cells of a column of texts that hold numbers."""
    return sum(n for text, n in counts.items() if kind_of(text) == NUMBER) / max(1, sum(counts.values()))


def decimal_of(columns: Mapping[str, Mapping[str, int]], thousands: str | None = None) -> str:
    """Return the decimal mark of a file, given by column how often each text occurs.

    It is a comma if a numeric column has a number that only notations with a decimal comma read, and none has one that
    only notations with a decimal point read; else a point.

    Raises
        ValueError if no number decides it, nor ``thousands``, the separator that the user has given, and a column has
        integers beside numbers such as 2.531, which may mean 2531.
    """
    of_numbers = {name: counts for name, counts in columns.items()
                  if all(kind_of(text) == NUMBER for text in counts) or strays_of(counts)}
    found = {frozenset(mark for mark, separator in NOTATIONS if number_of(text, mark, separator) is not None)
             for counts in of_numbers.values() for text in counts if kind_of(text) != TEXT}
    for mark in DECIMALS:
        if frozenset(mark) in found:
            return mark
    for name, counts in of_numbers.items() if thousands is None else ():
        pointed = [text for text in counts if "." in text]
        if len(pointed) > 1 and any(text.lstrip("+-").isdecimal() for text in counts) and not strays_of(counts):
            small, large = pointed[0], pointed[0].replace(".", "")
            raise ValueError(
                f"{small!r} in {name!r} may be {small} with a decimal point ({option('decimal', '.')}), or {large} "
                f"with a thousands separator ({option('thousands', '.')}); say which")
    return "."


def ways_out(
    name: str, counts: Mapping[str, int], strays: Mapping[str, str], given: tuple[str, str | None] | None,
) -> str:
    """Say what can be done about texts of these kinds among numbers in a ``given`` notation, or (None) among dates."""
    written = [text for text, kind in strays.items() if kind == OTHERWISE]
    texts = [text for text, kind in strays.items() if kind == TEXT]
    ways = _other_notations(counts, written, given) if written and given else []
    if texts:
        markers = option("missing", *texts) if len(texts) <= FEW and max(map(len, texts)) <= 40 else argument("missing")
        ways.append(f"give {markers} if that marks a missing value")
    if given is not None:
        ways.append(f"{option('numeric', name)} to make every cell missing that is not a number")
    return ", or ".join([*ways, f"{option('text', name)} to take the column as text", "correct the file"])


def _other_notations(counts: Mapping[str, int], written: list[str], given: tuple[str, str | None]) -> list[str]:
    """Say which notations read all numbers of a column, and what they read its first text in another notation as."""
    ways: dict[float, str] = {}
    texts = [*written, *(text for text in counts if kind_of(text, *given) == NUMBER)]
    for decimal, thousands in NOTATIONS:
        number = number_of(written[0], decimal, thousands)
        if number is not None and math.isfinite(number) and all(
                number_of(text, decimal, thousands) is not None for text in texts):
            marks = [option("decimal", decimal)] * (decimal != given[0]) + [option("thousands", thousands)] * (
                thousands is not None)
            ways.setdefault(number, f"give {' '.join(marks)} to read {short(written[0])} as {number:.15g}")
    return list(ways.values()) or [f"write {short(written[0])} as a plain, finite number"]


def short(text: str) -> str:
    """A text in quotes, cut after 37 characters if it is long."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
