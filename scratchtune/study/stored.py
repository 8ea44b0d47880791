"""A study read from a file for looking at it, without the objective, the searcher and the constraint."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

from scratchtune.search import Categorical, Float, Int, Space, Suggestion
from scratchtune.study.context import DetachedContext
from scratchtune.study.errors import StorageError
from scratchtune.study.export import definition_of
from scratchtune.study.storage import Row, Storage, unpacked_params
from scratchtune.study.trial import Trial


class StoredStudy(NamedTuple):
    """The trials of a stored study, for reading only; ``space`` has its parameters without conditions and priors.

    A choice that is no number, text, bool or None is represented by its repr.
    """

    name: str
    space: Space
    direction: str
    trials: list[Trial]


def read_study(storage: Storage, name: str) -> StoredStudy:
    """Read a study; raise a StorageError if a part of it is missing or damaged."""
    definition, rows = definition_of(storage, name), storage.rows(name, saved=False)
    try:
        space = Space({parameter: _parameter(text, [row.params.get(parameter) for row in rows])
                       for parameter, text in definition["space"]})
        trials = [_trial(space, row) for row in rows]
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise StorageError(f"{str(storage.path)!r} is damaged: the study {name!r} can't be read: {problem}"
                           ) from problem
    return StoredStudy(name, space, definition["direction"], trials)


def _trial(space: Space, row: Row) -> Trial:
    params = unpacked_params(space, row.params)
    trial = Trial(DetachedContext(0, None, None, [], 1.0), row.number,
                  Suggestion(params, row.why, row.budget, row.parent))
    for part in Row._fields:
        if part not in ("number", "params", "shown", "why", "said", "budget", "parent"):
            setattr(trial, part, getattr(row, part))
    return trial


def _parameter(text: str, packed: Sequence[Any]) -> Float | Int | Categorical:
    """Make a parameter from its repr; ``packed`` are its values in the trials as they are stored."""
    try:
        call = ast.parse(text, mode="eval").body
    except SyntaxError:  # choices whose repr is not Python's, such as <class 'int'>
        indices = [index for index in packed if isinstance(index, int)]
        return Categorical([f"choice {number}" for number in range(max(indices, default=0) + 1)])
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError(f"{text!r:.60} is no parameter")
    parts = {part.arg: part.value for part in call.keywords}
    if call.func.id == "Categorical":
        return Categorical(_choices(parts["choices"]))
    ends = {part: ast.literal_eval(parts[part]) for part in ("low", "high", "log", "step") if part in parts}
    if call.func.id not in ("Float", "Int"):
        raise ValueError(f"{text!r:.60} is no parameter")
    return Float(**ends) if call.func.id == "Float" else Int(**ends)


def _choices(node: ast.expr) -> list[Any]:
    """The choices, if all of them are plain values, else their texts."""
    nodes = node.elts if isinstance(node, ast.Tuple) else []
    try:
        return [ast.literal_eval(one) for one in nodes]
    except ValueError:
        return [ast.unparse(one) for one in nodes]
