"""A table is prepared before any training: its target, its audited features, its groups or times.

New rows for a fitted model are prepared too: whatever is given becomes a table with the columns and kinds of training.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypedDict, Unpack

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.estimators.labels import class_labels_of
from scratchtune.tables.audit import Audit, audited
from scratchtune.tables.features import check_range, table_of
from scratchtune.tables.reading.columns import Dates
from scratchtune.tables.reading.kinds import IDENTIFIER, NUMBER, Kind
from scratchtune.tables.reading.notation import Reading, check_names
from scratchtune.tables.reading.reading import first_line, read_table
from scratchtune.tables.reading.table import Table
from scratchtune.tables.splitting import INDEPENDENT, RowOrder, order_of_arrays, row_order
from scratchtune.tables.target import Target, checked_values, read_target, rows_with_target
from scratchtune.tables.wording import argument, option


@dataclass
class Prepared:
    """A table of features with its target.

    ``y`` are class numbers, or values; ``labels`` are the classes as predictions give them, none for values.
    """

    table: Table
    target: Target
    y: np.ndarray
    dropped: tuple[str, ...] = ()  # columns that are no features: by request, of groups, and those of the audit
    rows: RowOrder = INDEPENDENT  # groups or times of the rows
    audit: Audit = field(default_factory=Audit)
    reading: Reading = Reading()  # how the table's file was read
    labels: np.ndarray = field(default_factory=lambda: np.array([]))


class PrepareOptions(TypedDict, total=False):
    """The arguments of `prepare` beside the table and the target."""

    task: str | None
    positive: str | None
    drop: Sequence[str]
    keep: Collection[str]
    group: str | None
    time: str | None


def prepare(table: Table, target: str, *, seed: int = 0, **options: Unpack[PrepareOptions]) -> Prepared:
    """Take the target out of a table, and audit the features.

    ``task`` is "classification" or "regression" (by default decided by the target's values), ``positive`` the positive
    one of two classes (by default the rarer one). Rows without a target are left out. Columns of ``drop`` are no
    features; those that the audit drops are none either, unless ``keep``, or the ``text`` or ``numeric`` of the file's
    reading, names them. ``group`` and ``time`` are names of columns, of which the first is no feature.

    Raises ValueError if the target or a named column is absent, no feature is left, or an option does not fit.
    """
    drop, keep = options.get("drop", ()), options.get("keep", ())
    _check_columns(table, target, drop, keep)
    reading, rows = table.reading, len(table)
    table = rows_with_target(table, target)
    found, y = read_target(table, target, options.get("task"), options.get("positive"))
    order = row_order(table, options.get("group"), options.get("time"))
    left_out = dict.fromkeys([*drop, *[order.name] * (order.kind == "group")])
    columns = table.without(target, *(name for name in left_out if name in table.names))
    asked = (*keep, *reading.text, *reading.numeric, *[order.name] * (order.kind == "time"))
    audit = audited(columns, y, found.classes, order, asked=asked, without_target=rows - len(table), seed=seed)
    columns = _features(columns, audit)
    return Prepared(columns, found, y, (*left_out, *audit.dropped), order, audit, reading,
                    np.array(found.classes, object))


def prepared_of_arrays(
    X: Any, y: Any, kind: str, groups: Any = None, times: Any = None, seed: int = 0,
) -> Prepared:
    """Prepare arrays, a data frame, a dict of columns or a `Table`; ``kind`` is "classifier" or "regressor".

    Raises ValueError if y has one class or value, a value of ``groups`` or ``times`` is missing, or no feature is left.
    """
    table = table_of(X)
    if kind == "classifier":
        labels, targets = np.unique(class_labels_of(y, len(table)), return_inverse=True)
        if len(labels) < 2:
            raise ValueError(f"y holds one class, {labels.tolist()}; it must hold at least two")
    else:
        labels = np.array([])
        targets = protocol.column_as_vector(checks.targets("y", y, len(table)).astype(np.float64))
        if targets.ndim != 1:
            raise ValueError(f"y has shape {targets.shape}; it must be (n,)")
        checked_values("y", targets)
    order = order_of_arrays(groups, times, len(table))
    classes = tuple(map(str, labels.tolist()))
    audit = audited(table, targets, classes, order, asked=table.asked, seed=seed)
    return Prepared(_features(table, audit), Target("y", classes, ""), targets, tuple(audit.dropped), order, audit,
                    table.reading, labels)


def _check_columns(table: Table, target: str, drop: Sequence[str], keep: Collection[str]) -> None:
    """Raise unless there are rows, and ``drop`` and ``keep`` are lists of columns other than the target."""
    if not len(table):
        raise ValueError("the table has a header and no rows; it must have at least one row")
    for name, given, known in (("drop", drop, (*table.names, *table.skipped)), ("keep", keep, table.names)):
        check_names(argument(name), given)
        for column in given:
            checks.choice(argument(name), column, [other for other in known if other != target])


def _features(columns: Table, audit: Audit) -> Table:
    """Return the columns that the audit keeps, marked as asked for, so that none is taken for an identifier later."""
    kept = columns.without(*audit.dropped)
    kept.asked = tuple(kept.names)
    return kept


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
    if prepared.rows.kind != "none":
        folds = "has whole groups" if prepared.rows.kind == "group" else "trains on earlier rows than it tests"
        lines.append(f"{prepared.rows.kind} by {prepared.rows.name!r}: each fold {folds}")
    why = "as asked" if target.reason == "as asked" else f"since {target.reason}"
    lines.append(f"target {target.name!r}: {target.task}, {why}")
    if target.classes:
        counts = np.bincount(prepared.y)
        shares = [f"{label} {count / len(table):.1%}" for label, count in zip(target.classes, counts, strict=True)]
        lines.append("classes: " + ", ".join(shares[:12]) + (", ..." if len(shares) > 12 else ""))
    if len(target.classes) == 2:
        why = "the rarer one" if counts[1] < counts[0] else "the second in order, since both are equally frequent"
        why = "as asked" if positive else f"{why} ({option('positive', target.classes[0])} chooses the other)"
        lines.append(f"positive class: {target.classes[1]!r}, {why}")
    return "\n".join(lines)


# New rows -------------------------------------------------------------------------------------------------------------


def new_rows(model: Any, X: Any, with_target: bool = False) -> Table:
    """Return the columns of a model as in training, in their order; ``with_target`` adds the target.

    A model has ``kinds_`` (the kind of each of its columns), ``target_``, ``dropped_`` and ``reading_``.
    X is a `Table`, a data frame, a dict of columns, a list of dicts (one for each row), a matrix, or the path of a
    file, which is read as the training file was. Columns that the model does not use are ignored; texts that were not
    seen in training count as rare ones. Both cause a warning.

    Raises ValueError if a column is absent, or holds what is no number or date though it did in training.
    """
    given = _as_table(model, X, with_target)
    target = model.target_.name
    known = {*model.kinds_, target, *model.dropped_}
    absent = [name for name in (*model.kinds_, *[target] * with_target) if name not in given.names]
    unknown = [name for name in given.names if name not in known]
    if absent:
        others = unknown + [name for name in given.skipped if name not in known]
        raise ValueError(f"the columns differ from those in training: {_are(absent)} missing"
                         + f", and {_are(others)} unknown" * bool(others))
    if unknown:
        checks.warn(f"ignored, since the model does not use them: {checks.quoted(unknown)}")
    table = given.as_kinds(model.kinds_)
    check_range(table)
    for sentence in table.unseen(model.kinds_):
        checks.warn(f"{sentence}; each counts as rare, or as missing if no text was rare")
    if not with_target:
        return table
    return Table({**{name: table.column(name) for name in table.names}, target: given.column(target)})


def _are(names: list[str]) -> str:
    return f"{checks.quoted(names)} {'is' if len(names) == 1 else 'are'}"


def _as_table(model: Any, X: Any, with_target: bool) -> Table:
    """X as a table, its kinds as found; those of the model only say which columns are texts."""
    if isinstance(X, Table):
        return X
    if isinstance(X, (str, os.PathLike)):
        return read_new_rows(model, X, with_target)
    names, known = protocol.column_names(X), list(getattr(model, "feature_names_in_", ()))
    if isinstance(X, Mapping) or names is not None and not known or (
            isinstance(X, Sequence) and X and all(isinstance(row, Mapping) for row in X)):
        return Table.from_columns(X, text=_texts_of(model, with_target))
    width = getattr(model, "n_features_in_", len(model.kinds_))
    if not known:  # a matrix has the columns of the model, or if some of its training were dropped x0, x1, ...
        known = list(model.kinds_) if width == len(model.kinds_) else [f"x{j}" for j in range(width)]
    table = table_of(X, {name: model.kinds_.get(name, Kind(IDENTIFIER)) for name in known})
    if hasattr(model, "n_features_in_"):
        protocol.compare_columns(model, len(table.names), names)
    return table


def _texts_of(model: Any, with_target: bool) -> list[str]:
    """The columns that are read as texts, even if a table holds only numbers there."""
    names = [name for name, kind in model.kinds_.items() if kind.kind != NUMBER]
    return names + [model.target_.name] * (with_target and model.target_.name in model.reading_.text)


def read_new_rows(
    model: Any, path: str | os.PathLike[str] | BinaryIO, with_target: bool = False, **changed: Any,
) -> Table:
    """Read a file as the training file was read; ``changed`` are arguments of `read_table` that differ.

    Only the columns of the model are read. A delimiter that the first line does not contain is detected.
    """
    columns = [*model.kinds_, *[model.target_.name] * with_target]
    arguments = model.reading_._asdict() | changed
    delimiter = arguments["delimiter"] or ""
    if not isinstance(path, (str, os.PathLike)) or delimiter.encode() not in first_line(path):
        arguments["delimiter"] = None
    return read_table(path, **{**arguments, "text": _texts_of(model, with_target), "only": columns})
