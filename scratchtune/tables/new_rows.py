"""New rows for a fitted model of a table: whatever is given becomes a table with the columns and kinds of training.

A model has ``kinds_`` (the kind of each of its columns), ``target_``, ``dropped_`` and ``reading_``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from scratchtune import checks, protocol
from scratchtune.tables import features
from scratchtune.tables.reading.kinds import IDENTIFIER, NUMBER, Kind
from scratchtune.tables.reading.reading import first_line, read_table
from scratchtune.tables.reading.table import Table


def table_of(model: Any, X: Any, with_target: bool = False) -> Table:
    """Return the columns of a model as in training, in their order; ``with_target`` adds the target.

    X is a `Table`, a data frame, a dict of columns, a list of dicts (one for each row), a matrix, or the path of a
    file, which is read as the training file was. Columns that the model does not use are ignored; texts that were not
    seen in training count as rare ones. Both cause a warning.

    Raises ValueError if a column is absent, or holds what is no number or date though it did in training.
    """
    given = _table(model, X, with_target)
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
    features.check_range(table)
    for sentence in table.unseen(model.kinds_):
        checks.warn(f"{sentence}; each counts as rare, or as missing if no text was rare")
    if not with_target:
        return table
    return Table({**{name: table.column(name) for name in table.names}, target: given.column(target)})


def _are(names: list[str]) -> str:
    return f"{checks.quoted(names)} {'is' if len(names) == 1 else 'are'}"


def _table(model: Any, X: Any, with_target: bool) -> Table:
    """X as a table, its kinds as found; those of the model only say which columns are texts."""
    if isinstance(X, Table):
        return X
    if isinstance(X, (str, os.PathLike)):
        return read(model, X, with_target)
    names, known = protocol.column_names(X), list(getattr(model, "feature_names_in_", ()))
    if isinstance(X, Mapping) or names is not None and not known or (
            isinstance(X, Sequence) and X and all(isinstance(row, Mapping) for row in X)):
        return Table.from_columns(X, text=_texts_of(model, with_target))
    width = getattr(model, "n_features_in_", len(model.kinds_))
    if not known:  # a matrix has the columns of the model, or if some of its training were dropped x0, x1, ...
        known = list(model.kinds_) if width == len(model.kinds_) else [f"x{j}" for j in range(width)]
    table = features.table_of(X, {name: model.kinds_.get(name, Kind(IDENTIFIER)) for name in known})
    if hasattr(model, "n_features_in_"):
        protocol.compare_columns(model, len(table.names), names)
    return table


def _texts_of(model: Any, with_target: bool) -> list[str]:
    """The columns that are read as texts, even if a table holds only numbers there."""
    names = [name for name, kind in model.kinds_.items() if kind.kind != NUMBER]
    return names + [model.target_.name] * (with_target and model.target_.name in model.reading_.text)


def read(
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
