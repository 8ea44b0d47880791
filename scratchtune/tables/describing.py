"""Describing a prepared table before the work: what was read, the audit, the split, the target and its kind."""

from __future__ import annotations

import numpy as np

from scratchtune import checks
from scratchtune.tables.prepared import Prepared
from scratchtune.tables.reading.columns import Dates
from scratchtune.tables.reading.date_columns import written_day
from scratchtune.tables.row_order import RowOrder
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
    lines += [*prepared.audit.lines(), *_split(prepared.rows, prepared.training_rows, prepared.test_rows)]
    why = "as asked" if target.reason == "as asked" else f"since {target.reason}"
    lines.append(f"target {target.name!r}: {target.task}, {why}")
    if target.classes:
        counts = np.bincount(prepared.y)
        shares = [f"{label} {count / len(table):.1%}" for label, count in zip(target.classes, counts, strict=True)]
        lines.append("classes: " + ", ".join(shares[:12]) + (", ..." if len(shares) > 12 else ""))
        if len(target.classes) == 2:
            lines.append(_positive(target.classes, counts, positive))
    return "\n".join(lines)


def _positive(classes: tuple[str, ...], counts: np.ndarray, asked: str | None) -> str:
    """Say which of two classes is the positive one, and why."""
    if asked is not None:
        return f"positive class: {classes[1]!r}, as asked"
    why = "the rarer one" if counts[1] < counts[0] else "the second in order, since both are equally frequent"
    return f"positive class: {classes[1]!r}, {why} ({option('positive', classes[0])} chooses the other)"


def _split(rows: RowOrder, training: np.ndarray, test: np.ndarray) -> list[str]:
    """Say in one line, if rows have groups or times, how they are divided; there may be no test set."""
    if rows.kind == "none":
        return []
    if not len(test):
        folds = "has whole groups" if rows.kind == "group" else "trains on earlier rows than it tests"
        return [f"{rows.kind} by {rows.name!r}: each fold {folds}"]
    if rows.kind == "group":
        sizes = [len(np.unique(rows.values[part])) for part in (training, test)]
        return [f"groups by {rows.name!r}: {sizes[0]:,} in the training set, {sizes[1]:,} others in the test set; "
                "folds have whole groups too"]
    first = rows.values[test].min()
    since = written_day(first) if rows.dates else f"{first:g}"
    return [f"time by {rows.name!r}: the test set is the latest {checks.counted(len(test), 'row')}, from {since}; "
            "each fold trains on earlier rows than it tests"]
