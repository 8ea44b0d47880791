"""What a report shows of a study: its trials with their reasons, the best one, the importance of the parameters."""

from __future__ import annotations

import functools
from typing import Any

from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.importances import Importance, importance
from scratchtune.study.best import best_first
from scratchtune.study.trial import Trial


class View:
    """A study and what the sections of its report share; computed once.

    Attributes: ``study``; ``trials``, all in order of number; ``complete``, the complete ones; ``best``, the best trial
    or None; ``names``, of the parameters; ``states``, how many trials are in each state that occurs; ``key``, a prefix
    for the ids of the page, which may show several studies; ``level``, that of its sections' headings.
    """

    def __init__(self, study: TrialTable, key: str = "", level: int = 2) -> None:
        self.study: Any = study
        self.key, self.level = key, level
        self.trials = study.trials
        self.complete = [trial for trial in self.trials if trial.state == "complete"]
        self.best: Trial | None = next(iter(best_first(self.trials, study.direction)), None)
        self.names = list(study.space.names)
        found = [trial.state for trial in self.trials]
        self.states = {state: found.count(state) for state in ("complete", "stopped", "failed", "running")
                       if state in found}

    @functools.cached_property
    def shares(self) -> Importance | str:
        """The importance of the parameters, or the sentence that says why there is none."""
        try:
            return importance(self.study)
        except ValueError as problem:
            return str(problem)

    def ordered_names(self, most: int | None = None) -> list[str]:
        """The parameters, at most so many, the most important ones first where importances are known."""
        shares: dict[Any, float] = {} if isinstance(self.shares, str) else dict(self.shares)
        return sorted(self.names, key=lambda name: -shares.get(name, 0.0))[:most]
