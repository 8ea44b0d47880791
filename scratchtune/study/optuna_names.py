"""`create_study`: a study without a space, with the arguments by Optuna's names.

With it, ``study.optimize``, ``trial.should_prune`` and `TrialPruned`, an objective that was written for Optuna runs
here with another import. Samplers and pruners are this package's searchers and stopping rules.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scratchtune import checks
from scratchtune.search import Searcher
from scratchtune.study.errors import StorageError
from scratchtune.study.stopping import MedianStopping, Stopping
from scratchtune.study.storage import Storage
from scratchtune.study.study import Study

URL = "sqlite:///"


def create_study(
    *, storage: str | os.PathLike[str] | None = None, sampler: str | Searcher | None = None,
    pruner: Stopping | None = None, study_name: str | None = None, direction: str | None = None,
    load_if_exists: bool = False, directions: Sequence[str] | None = None, seed: int = 0,
) -> Study:
    """Return a `Study` whose space is learned from what its objective requests, with Optuna's arguments.

    ``storage`` is a path, or Optuna's URL of an SQLite file, "sqlite:///FILE"; ``sampler`` a searcher, or its name;
    ``pruner`` a stopping rule, None is `MedianStopping`, which changes nothing for an objective that reports no values.
    With several ``directions`` there is no stopping rule, and the sampler is `NSGA2`.

    Raises
        ValueError where the study is stored already, unless ``load_if_exists``, where the URL has options, or where
        both ``direction`` and ``directions`` are given.

    >>> study = create_study(direction="maximize", sampler="random")
    >>> study.optimize(lambda trial: trial.suggest_int("x", 0, 3), n_trials=20)
    >>> study.best_params
    {'x': 3}
    """
    if direction is not None and directions is not None:
        raise ValueError(f"direction is {direction!r} and directions is {directions!r}; give one of the two")
    path = _path_of(storage)
    if path is not None and not checks.boolean("load_if_exists", load_if_exists):
        _refuse_stored(Path(path), study_name or "study")
    several = directions is not None and len(directions) > 1
    return Study(None, sampler, direction or "minimize", seed, storage=path, name=study_name,
                 stopping=pruner or (None if several else MedianStopping()), directions=directions)


def _path_of(storage: Any) -> Any:
    """The path of an SQLite file, given as a path or by Optuna's URL; None stays None."""
    if storage is not None and not isinstance(storage, (str, os.PathLike)):
        raise TypeError(f"storage is {storage!r}; it must be the path of an SQLite file, {URL}FILE, or None")
    if not isinstance(storage, str) or "://" not in storage:
        return storage
    if not storage.startswith(URL) or "://" in storage[len(URL) :] or "?" in storage:
        raise ValueError(f"storage is {storage!r}; it must be the path of an SQLite file, or {URL}FILE without options "
                         "after a ?")
    return storage[len(URL) :]


def _refuse_stored(path: Path, name: str) -> None:
    if not path.exists():
        return
    try:
        with Storage(path, reading=True) as stored:
            names = stored.names()
    except StorageError:  # `Study` says what is wrong with the file
        return
    if name in names:
        raise ValueError(f"study_name is {name!r}, and {str(path)!r} holds a study of this name; give "
                         "load_if_exists=True to continue it, or another name")
