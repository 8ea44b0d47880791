"""Keeping is what joins a study to its storage: trials go into the file as they come, and out when it is opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from scratchtune.search import Suggestion
from scratchtune.study.storage import Row, Storage, packed_params, unpacked_params
from scratchtune.study.trial import Trial

if TYPE_CHECKING:
    from scratchtune.study.study import Study


class Keeper:
    """A study's place in a file. Made, it enters the study there, or checks that the one there is defined alike."""

    def __init__(self, study: Study, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"storage is {path!r}; it must be the path of a file, or None")
        self._study = study
        self._storage = Storage(path)
        self._storage.enter(study.name, definition_of(study))

    def write(self, trial: Trial) -> None:
        """Write what is known of a trial."""
        self._storage.put(self._study.name, row_of(self._study, trial))

    def trials(self) -> list[Trial]:
        """The trials that are there, as they were."""
        return [trial_of(self._study, row) for row in self._storage.rows(self._study.name)]


def definition_of(study: Study) -> dict[str, Any]:
    """What a study's table is a function of, beside the objective; of a constraint only whether there is one."""
    parameters = {name: repr(parameter) for name, parameter in study.space.parameters.items()}
    return {
        "space": parameters, "searcher": repr(study.searcher), "seed": study.seed, "direction": study.direction,
        "stopping": repr(study.stopping), "constraint": study.space.constraint is not None,
        "earlier": len(study._earlier)}


def row_of(study: Study, trial: Trial) -> Row:
    """A trial as it is kept."""
    return Row(
        trial.number, trial.state, trial.value, packed_params(study.space, trial._params), trial.params, trial.why,
        study.why(trial.number), trial.budget, trial.parent, trial.reports, trial.error, trial.traceback,
        trial.seconds, trial._saved)


def trial_of(study: Study, row: Row) -> Trial:
    """A trial as it was; one that was running is so again."""
    params = unpacked_params(study.space, row.params)
    trial = Trial(study, row.number, Suggestion(params, row.why, row.budget, row.parent))
    if row.state != "running":
        trial.state, trial.value, trial.reports, trial.seconds = row.state, row.value, row.reports, row.seconds
        trial.error, trial.traceback, trial._saved = row.error, row.traceback, row.saved
    return trial
