"""A trial's context is what the trial sees of its study: in the process of the study, or detached in another process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scratchtune.study.definition import Definition
from scratchtune.study.objectives import Objectives
from scratchtune.study.stopping import Stopping
from scratchtune.study.table import Table
from scratchtune.study.trial import Trial

ONE = Objectives(("minimize",))


class StudyContext:
    """What trials see of their study, looked up in its table when they ask."""

    def __init__(self, definition: Definition, table: Table) -> None:
        self._definition, self._table = definition, table

    @property
    def objectives(self) -> Objectives:
        """The objectives of the study."""
        return self._definition.objectives

    def seed_of(self, number: int, parent: int | None) -> int:
        """Return the seed of a trial's first ancestor: made from the study's seed and that trial's number."""
        while parent is not None:
            number, parent = parent, self._table.trials[parent].parent
        keyed = np.random.SeedSequence(self._definition.seed_of(number), spawn_key=(number, 1))
        return int(keyed.generate_state(1)[0])

    def saved_by(self, number: int) -> dict[str, np.ndarray] | None:
        """The arrays that a trial has saved."""
        return self._table.trials[number].saved

    def should_stop(self, number: int, reports: Mapping[int, float]) -> bool:
        """Whether the stopping rule would end a trial, given its reports and those of the trials that the rule sees."""
        stopping = self._definition.stopping
        return stopping is not None and bool(
            stopping.stops(_losses(reports, self._definition.sign), self._reports_before(number)))

    def detached(self, trial: Trial) -> DetachedContext:
        """The same for one trial, as plain data."""
        saved = None if trial.parent is None else self.saved_by(trial.parent)
        return DetachedContext(self.seed_of(trial.number, trial.parent), saved, self._definition.stopping,
                               self._reports_before(trial.number), self._definition.sign, self.objectives)

    def _reports_before(self, number: int) -> list[dict[int, float]]:
        """Return the reports of the complete trials that the stopping rule sees, as losses."""
        stopping = self._definition.stopping
        if stopping is None:
            return []
        seen = (trial for trial in self._table.trials[: stopping.needs(number)] if trial.state == "complete")
        return [_losses(trial.reports, self._definition.sign) for trial in seen]


class DetachedContext:
    """What one trial sees in another process; ``others`` are the reports that the stopping rule sees, as losses."""

    def __init__(
        self, seed: int, saved: dict[str, np.ndarray] | None, stopping: Stopping | None,
        others: Sequence[Mapping[int, float]], sign: float, objectives: Objectives = ONE,
    ) -> None:
        self.objectives = objectives
        self._seed, self._saved, self._stopping, self._others, self._sign = seed, saved, stopping, others, sign

    def seed_of(self, number: int, parent: int | None) -> int:
        """The trial's seed."""
        return self._seed

    def saved_by(self, number: int) -> dict[str, np.ndarray] | None:
        """The arrays that the trial's parent has saved."""
        return self._saved

    def should_stop(self, number: int, reports: Mapping[int, float]) -> bool:
        """Whether the stopping rule would end the trial."""
        return self._stopping is not None and bool(self._stopping.stops(_losses(reports, self._sign), self._others))


def _losses(reports: Mapping[int, float], sign: float) -> dict[int, float]:
    return {step: sign * value for step, value in reports.items()}
