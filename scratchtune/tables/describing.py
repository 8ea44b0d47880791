"""Describing a prepared table before the work: what was read, the audit, the split, the target and its kind."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scratchtune import checks
from scratchtune.tables.prepared import Prepared
from scratchtune.tables.reading.columns import Dates, Text
from scratchtune.tables.reading.date_columns import parts_of, written_day
from scratchtune.tables.reading.notation import share_of_numbers
from scratchtune.tables.row_order import described_split
from scratchtune.tables.wording import option


def described(prepared: Prepared, positive: str | None = None) -> str:
    """Summarise in a few lines: the table, what the audit has found, the split, the target, its kind, and why.

    ``positive`` is the positive class that the user has named, if any.
    """
    table, target = prepared.table, prepared.target
    dates = sum(isinstance(table.column(name), Dates) for name in table.names)
    texts = sum(table.is_text(name) for name in table.names) - dates
    gaps = sum(int(table.missing(name).sum()) for name in table.names)
    columns = len(table.names)
    kinds = f"{columns - texts - dates} of numbers, {texts} of texts" + f", {dates} of dates" * (dates > 0)
    lines = [f"{len(table):,} rows, {checks.counted(columns, 'column')} ({kinds}, {checks.counted(gaps, 'cell')} "
             "missing)"]
    if prepared.reading.decimal == ",":
        lines.append(f"numbers are read with a decimal comma ({option('decimal', '.')} reads them with a point)")
    lines += prepared.audit.lines()
    for name in table.names:
        lines += _about(name, table.column(name), name in prepared.reading.text)
    lines += described_split(prepared.rows, prepared.training_rows, prepared.test_rows)
    why = "as asked" if target.reason == "as asked" else f"since {target.reason}"
    lines.append(f"target {target.name!r}: {target.task}, {why}")
    if target.classes:
        counts = np.bincount(prepared.y)
        shares = [f"{label} {count / len(table):.1%}" for label, count in zip(target.classes, counts, strict=True)]
        lines.append("classes: " + ", ".join(shares[:12]) + (", ..." if len(shares) > 12 else ""))
        lines += _alike(target.name, target.classes)
        if len(target.classes) == 2:
            lines.append(_positive(target.classes, counts, positive))
    return "\n".join(lines)


def _positive(classes: tuple[str, ...], counts: np.ndarray, asked: str | None) -> str:
    """Say which of two classes is the positive one, and why."""
    if asked is not None:
        return f"positive class: {classes[1]!r}, as asked"
    why = "the rarer one" if counts[1] < counts[0] else "the second in order, since both are equally frequent"
    return f"positive class: {classes[1]!r}, {why} ({option('positive', classes[0])} chooses the other)"


def _about(name: str, column: np.ndarray | Text, as_asked: bool) -> list[str]:
    """Say what dates become; warn of texts that are nearly all numbers, or that differ in case alone."""
    if not isinstance(column, Text):
        return []
    if isinstance(column, Dates):
        return [_dates(name, column)] * bool(len(column.days))
    counts = column.counts()
    share = 0.0 if as_asked else share_of_numbers(counts)
    mixed = f"{name!r} is taken as text, though {share:.0%} of its cells are numbers"
    return [mixed] * (0.0 < share < 1.0) + _alike(name, counts)


def _dates(name: str, column: Dates) -> str:
    """Say which features a column of dates becomes, and which dates it spans."""
    days = column.values_in_days()
    first, last, parts = np.nanmin(days), np.nanmax(days), parts_of(days)
    order = {"dmy": ", read with the day first", "mdy": ", read with the month first", None: ""}[column.order]
    listed = ", ".join(f"{part} the first one" if part == "days since" else part for part in parts)
    return (f"{name!r} holds dates, {written_day(first)} to {written_day(last)}{order}: "
            f"{checks.counted(len(parts), 'part')} ({listed}); {option('text', name)} makes each a category")


def _alike(name: str, texts: Iterable[str]) -> list[str]:
    """Return a warning, a list of one line, if texts differ only in the case of their letters; else none."""
    first: dict[str, str] = {}
    for text in texts:
        other = first.setdefault(text.casefold(), text)
        if other != text:
            return [f"{other!r} and {text!r} of {name!r} are two categories, since case matters"]
    return []
