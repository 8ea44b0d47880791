"""Notation: how a table writes numbers and missing values, and whether a column of texts is meant to be numeric.

A stray text must not silently turn a numeric column into categories. A column of texts is meant to be numeric if at
least nine of ten of its cells look like numbers, or if at most three distinct texts do not and more distinct ones do:
`strays_of` returns the cells that do not, `found` and `advice` the two halves of the error message. But a column of
which most cells are not numbers, and the others hold few distinct ones, such as *yes*, 1, 2, 3, 4, is one of
categories: each value is then a category of its own, so no information is lost.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from scratchtune import checks

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))  # in any case, with or without blanks around
DECIMALS = (".", ",")
THOUSANDS = (",", ".", " ", "'")
MOSTLY = 0.9  # a column is meant to be numeric if at least this share of its cells look like numbers
FEW = 3  # or if at most so many distinct texts do not, whatever their share,
CODES = 20  # unless most cells are not numbers, and those that are have at most so many distinct values


class Reading(NamedTuple):
    """How a file was read, so that another one can be read likewise; ``decimal`` None: detected in each file."""

    decimal: str | None = None
    thousands: str | None = None
    missing: tuple[str, ...] = ()
    delimiter: str | None = None
    text: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    date_order: str | None = None


def is_missing(text: str, markers: Collection[str] = MISSING) -> bool:
    """Whether a cell denotes a missing value."""
    return text.strip().lower() in markers


def to_number(cell: str, decimal: str = ".", thousands: str | None = None) -> float:
    """Convert a cell to a number; raise a ValueError if it is not a number in this notation.

    >>> to_number("1.234,5", decimal=",", thousands="."), to_number("1e3")
    (1234.5, 1000.0)
    """
    text = cell.strip()
    if "_" in text:  # Python reads 1_000 as a number
        raise ValueError(f"{text!r} is not a number")
    if thousands is not None:
        text = _without_groups(text, decimal, thousands)
    if decimal == ",":
        if "." in text:
            raise ValueError(f"{text!r} has a decimal point")
        text = text.replace(",", ".")
    return float(text)


_SEPARATORS = {",": ",", ".": r"\.", " ": "[ \u00a0\u202f]", "'": "['\u2019]"}
_GROUPED = {
    (decimal, thousands): re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{sign}\d{{3}})+(?:{_SEPARATORS[decimal]}\d*)?")
    for decimal in DECIMALS for thousands, sign in _SEPARATORS.items() if decimal != thousands}


def _without_groups(text: str, decimal: str, thousands: str) -> str:
    """The text of a number without its thousands separators if these are correctly placed; else unchanged."""
    grouped = _GROUPED[decimal, thousands].fullmatch(text)
    return re.sub(_SEPARATORS[thousands], "", text) if grouped else text


# What a text looks like -----------------------------------------------------------------------------------------------

NUMBER, COMMA, POINT, EITHER, GROUPED, SIGN, TEXT = (
    "a number", "a decimal comma", "a decimal point", "a decimal mark or a thousands separator",
    "a thousands separator", "a sign", "no number")
_DIGIT = re.compile(r"\d")
_CODE = re.compile(r"0\d+")  # 007 is a code, not a quantity
_SIGNS = "%$€£¥₹\u00a0 "
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?")
_ONE_GROUP = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")


def kind_of(text: str, decimal: str = ".", thousands: str | None = None) -> str:
    """Return which of the kinds above a text is in this notation."""
    if not _DIGIT.search(text) or _CODE.fullmatch(text):
        return TEXT
    try:
        to_number(text, decimal, thousands)
        return NUMBER
    except ValueError:
        pass
    bare = _without_sign(text)
    if bare != text:
        return TEXT if kind_of(bare, decimal, thousands) == TEXT else SIGN
    if _ONE_GROUP.fullmatch(text):
        return EITHER
    if any(pattern.fullmatch(text) for pattern in _GROUPED.values()):
        return GROUPED
    if _COMMA.fullmatch(text):
        return COMMA
    return POINT if _POINT.fullmatch(text) else TEXT


def _without_sign(text: str) -> str:
    """A number without a unit or a currency; an amount in parentheses, as accountants write it, is negative.

    >>> _without_sign("12 %"), _without_sign("(296)")
    ('12', '-296')
    """
    bare = text.strip(_SIGNS)
    return f"-{bare[1:-1].strip(_SIGNS)}" if bare.startswith("(") and bare.endswith(")") else bare


def is_decimal_point(cell: str) -> bool:
    """Whether a cell is a number whose point must be a decimal point, since it cannot be a thousands separator."""
    text = cell.strip()
    return bool(_POINT.fullmatch(text)) and not _ONE_GROUP.fullmatch(text)


def decimal_of(columns: Iterable[Mapping[str, int]]) -> str:
    """Return the decimal mark on which all columns of texts agree; a point if they do not.

    Each column is given by the counts of its texts.

    It is a comma if a numeric column has one that cannot be a thousands separator, and no column has a number with a
    decimal point, or with a comma that can only be a thousands separator.
    """
    comma = False
    for counts in columns:
        kinds = {text: kind_of(text) for text in counts}
        if not _is_of_numbers(counts, kinds):
            continue
        if any(is_decimal_point(text) or _GROUPED[".", ","].fullmatch(text) and not _ONE_GROUP.fullmatch(text)
               for text in counts):
            return "."
        comma = comma or COMMA in kinds.values()
    return "," if comma else "."


def unclear_points(columns: Mapping[str, Mapping[str, int]]) -> tuple[str, str] | None:
    """Return the name of a column and a cell of it, such as 2.531, that may mean 2531; None if there is none.

    The cell has a point before exactly three digits, as all such cells of the file have, and its column holds integers
    too. Any cell whose point must be a decimal point decides the matter for the whole file.
    """
    unclear = None
    for name, counts in columns.items():
        pointed = [text for text in counts if _POINT.fullmatch(text)]
        if any(is_decimal_point(text) for text in pointed):
            return None
        integers = any(text.lstrip("+-").isdecimal() and not _CODE.fullmatch(text) for text in counts)
        if unclear is None and len(pointed) > 1 and integers and all(kind_of(text) == NUMBER for text in counts):
            unclear = name, pointed[0]
    return unclear


# Cells that prevent a column from being numeric -----------------------------------------------------------------------


def _is_of_numbers(counts: Mapping[str, int], kinds: Mapping[str, str]) -> bool:
    """Whether a column of texts is meant to be numeric, by the rule at the top of this file."""
    others = [text for text, kind in kinds.items() if kind == TEXT]
    if len(others) == len(kinds):
        return False
    cells, other_cells = sum(counts.values()), sum(counts[text] for text in others)
    distinct = len(kinds) - len(others)
    are_codes = 2 * other_cells > cells and distinct <= CODES
    few = len(others) <= FEW and distinct > len(others) and not are_codes
    return few or cells - other_cells >= MOSTLY * cells


def strays_of(counts: Mapping[str, int], decimal: str = ".", thousands: str | None = None) -> dict[str, str]:
    """The texts that are not numbers in a column that is meant to be numeric, each with its kind.

    ``counts`` is how often each text occurs, without missing values. The result is empty for any other column.
    """
    kinds = {text: kind_of(text, decimal, thousands) for text in counts}
    return {text: kind for text, kind in kinds.items() if kind != NUMBER} if _is_of_numbers(counts, kinds) else {}


def share_of_numbers(counts: Mapping[str, int]) -> float:
    """The share of the cells of a column of texts that hold numbers."""
    return sum(n for text, n in counts.items() if kind_of(text) == NUMBER) / max(1, sum(counts.values()))


def found(name: str, counts: Mapping[str, int], strays: Mapping[str, str], where: Callable[[str], str]) -> str:
    """Return the first half of the error message; ``where`` returns the line or row where a text first occurs."""
    cells, numbers = sum(counts.values()), sum(n for text, n in counts.items() if text not in strays)
    shown = most_frequent(counts, strays, where)
    if numbers >= cells / 2 or set(strays.values()) == {TEXT}:
        return f"{numbers:,} of {cells:,} cells of {name!r} are numbers; not: {shown}"
    return f"{name!r} holds numbers that are not written as such: {shown}"


def coerced(name: str, rows: int, others: Mapping[str, int], where: Callable[[str], str]) -> str:
    """Return the message that cells of a column which is read as numeric are missing; ``where`` as for `found`."""
    shown, cells = most_frequent(others, others, where), sum(others.values())
    what = "is not a number and is" if cells == 1 else "are not numbers and are"
    return f"{cells:,} of {rows:,} cells of {name!r} {what} read as missing: {shown}"


def most_frequent(counts: Mapping[str, int], texts: Iterable[str], where: Callable[[str], str]) -> str:
    """Return the three most frequent of some texts, with the places where they first occur."""
    often = sorted(texts, key=lambda text: -counts[text])
    shown = [f"{_short(text)} {where(text)}" + f" ({counts[text]:,} cells)" * (counts[text] > 1) for text in often[:3]]
    return ", ".join(shown) + (f" and {checks.counted(len(often) - 3, 'other text')}" if len(often) > 3 else "")


def advice(
    name: str, counts: Mapping[str, int], strays: Mapping[str, str], decimal: str = ".", point: str = "",
) -> str:
    """Return the second half: what to do, on the command line; ``point``: a cell that has a decimal point."""
    ways = []
    for kind, way_of in _WAYS.items():
        texts = sorted((text for text, given in strays.items() if given == kind), key=lambda text: -counts[text])
        if texts:
            ways.append(way_of(texts, decimal, point, set(strays.values())))
    if TEXT in strays.values():
        ways.append(f"give --numeric {shlex.quote(name)} to make every cell missing that is not a number")
    ways.append(f"give --text {shlex.quote(name)} to take the column as text (in Python: arguments of read_table)")
    return ", or ".join([way for way in ways if way] + ["correct the file"] * (TEXT in strays.values()))


def _stray_way(texts: list[str], decimal: str, point: str, kinds: set[str]) -> str:
    short = [shlex.quote(text) for text in texts if len(text) <= 40 and text.isprintable()][:3]
    markers = " ".join(short or ["TEXT"]) + " .." * (len(texts) > max(1, len(short)))
    why = "it marks a missing value" if len(texts) == 1 else "they mark missing values"
    return f"give --missing {markers} if {why}"


def _comma_way(texts: list[str], decimal: str, point: str, kinds: set[str]) -> str:
    if point:
        plain = texts[0].replace(",", ".")
        return f"write {plain} for {_short(texts[0])}, since other numbers have a decimal point ({_short(point)})"
    return "give --decimal , if all numbers of the file have a decimal comma"


def _point_way(texts: list[str], decimal: str, point: str, kinds: set[str]) -> str:
    comma = texts[0].replace(".", ",")
    return f"write {comma} for {_short(texts[0])}, or give --decimal . if all numbers of the file have a decimal point"


def _either_way(texts: list[str], decimal: str, point: str, kinds: set[str]) -> str:
    """Advise on a mark followed by three digits, such as 1,234: only other cells can decide what it is."""
    text = texts[0]
    mark = "," if "," in text else "."
    if {GROUPED, COMMA if mark == "," else POINT} & kinds:
        return ""  # other cells decide it
    small, large = text.replace(",", "."), text.replace(mark, "")
    if mark == "," and point:
        return f"give --thousands , to read {_short(text)} as {large}"
    name = "comma" if mark == "," else "point"
    return (f"say what {_short(text)} is: {small} with a decimal {name} (--decimal {mark}), or {large} with a "
            f"thousands separator (--thousands {mark})")


def _grouped_way(texts: list[str], decimal: str, point: str, kinds: set[str]) -> str:
    text = texts[0]
    mark, thousands = next(marks for marks, pattern in _GROUPED.items() if pattern.fullmatch(text))
    needed = f"--decimal {mark} " if mark != decimal and mark in text else ""
    number = to_number(text, mark, thousands)
    return f"give {needed}--thousands {shlex.quote(thousands)} to read {_short(text)} as {number:.15g}"


def _sign_way(texts: list[str], decimal: str, point: str, kinds: set[str]) -> str:
    return f"write {_without_sign(texts[0])} for {_short(texts[0])}" + " and so on" * (len(texts) > 1)


_WAYS = {TEXT: _stray_way, COMMA: _comma_way, POINT: _point_way, EITHER: _either_way, GROUPED: _grouped_way,
         SIGN: _sign_way}


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
