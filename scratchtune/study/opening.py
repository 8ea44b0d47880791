"""The arguments with which a stored study is opened again, read from its file: for `load_study`.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from scratchtune import checks
from scratchtune.study.errors import StorageError
from scratchtune.study.export import definition_of
from scratchtune.study.objectives import Objectives
from scratchtune.study.storage import Storage
from scratchtune.study.stored import read_study


def stored_arguments(
    path: str | os.PathLike[str], name: str | None, given: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the arguments of `Study` for a stored study: those ``given``, by name, and the others from the file.

    Raises
        StorageError if the file can't be read, if ``name`` is None and the file holds several studies, or if an
        argument that is not given can't be made from its text in the file.
    """
    with Storage(path, reading=True) as storage:
        name = _only_name(storage) if name is None else name
        study, definition = read_study(storage, name), definition_of(storage, name)
    lacking, stored = [], definition["space"]
    space = study.space if stored else None  # None: the study learns it from what its trials request
    changed = [parameter for parameter, text, _ in stored if text != repr(study.space.parameters[parameter])]
    if changed and "space" not in given:
        lacking.append(f"space (the choices of {', '.join(changed)} are not plain values)")
    if study.searcher is None and "searcher" not in given:
        lacking.append(f"searcher (a {study.searcher_text})")
    if study.stopping is None and study.stopping_text != "None" and "stopping" not in given:
        lacking.append(f"stopping (a {study.stopping_text})")
    if study.has_constraint and "constraint" not in given:
        lacking.append("constraint")
    if study.has_earlier and "start_from" not in given:
        lacking.append("start_from")
    if lacking:
        first = lacking[0].partition(" ")[0]
        raise StorageError(
            f"the study {name!r} in {os.fspath(path)!r} can't be made from the file alone; give load_study what is "
            f"not in it: {' and '.join(lacking)}, as in load_study(path, name, {first}=...)")
    return {"space": space, "searcher": study.searcher, **_directions(study.objectives), "seed": study.seed,
            "stopping": study.stopping, "data": definition.get("data"), "storage": path, "name": name, **given}


def _directions(objectives: Objectives) -> dict[str, Any]:
    """The arguments of `Study` for objectives."""
    if not objectives.several:
        return {"direction": objectives.direction}
    return {"directions": dict(zip(objectives.names, objectives.directions, strict=False)) or objectives.directions}


def _only_name(storage: Storage) -> str:
    names = storage.names()
    if len(names) != 1:
        holds = f"{len(names)} studies, {checks.quoted(names)}" if names else "no study"
        raise StorageError(f"name is None and {str(storage.path)!r} holds {holds}; give the name of one")
    return names[0]
