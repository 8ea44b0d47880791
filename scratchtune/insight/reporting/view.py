"""What a report shows of a study: its trials with their reasons, the best one, the ranks of the values."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.importances import Importance, importance
from scratchtune.study.best import best_first
from scratchtune.study.trial import Trial

MOST_PRINTED = 50  # rows of the table of trials on paper
BANDS = 5  # of colours, from the best fifth of the values to the worst


class View:
    """A study and what the sections of its report share; computed once.

    Attributes: ``study``; ``trials``, all in order of number; ``complete``, the complete ones, and their ``values``;
    ``best``, the complete trial of the best value, the first of several, or None; ``bands``, number of a complete trial
    to its fifth of the values, 0 for the best; ``printed``, the numbers of the trials in a printed table; ``key``,
    a prefix for the ids of the page, which may show several studies; ``level``, that of its sections' headings.
    """

    def __init__(self, study: TrialTable, key: str = "", level: int = 2) -> None:
        self.study, self.key, self.level = study, key, level
        self.trials = study.trials
        self.complete = [trial for trial in self.trials if trial.state == "complete"]
        self.values = drawing.values_of(self.complete)
        self.best = next(iter(best_first(self.trials, study.direction)), None)
        order = np.argsort(self.values if study.direction == "minimize" else -self.values, kind="stable")
        ranked = [*(self.complete[index].number for index in order),
                  *(trial.number for trial in self.trials if trial.state != "complete")]
        self.printed = set(ranked[:MOST_PRINTED])
        self.bands = {self.complete[index].number: rank * BANDS // len(order) for rank, index in enumerate(order)}

    @property
    def names(self) -> list[str]:
        """The names of the parameters, in the order of the space."""
        return list(self.study.space.names)

    @property
    def states(self) -> dict[str, int]:
        """How many trials are in each state that occurs."""
        states = [trial.state for trial in self.trials]
        return {state: states.count(state) for state in ("complete", "stopped", "failed", "running") if state in states}

    def look(self, trial: Trial) -> str:
        """The CSS class of a trial's mark: its state, and the band of its value where it is complete."""
        band = self.bands.get(trial.number)
        best = " best" if trial is self.best else ""
        return (trial.state if band is None else f"q{band}") + best

    def reason(self, trial: Trial) -> str:
        """Why the trial was proposed, in words where they are known, else as data."""
        why = getattr(self.study, "why", None)
        if why is not None:
            return str(why(trial.number)).removeprefix(f"Trial {trial.number}: ")
        return json.dumps(trial.why, default=str, ensure_ascii=False)

    @functools.cached_property
    def shares(self) -> Importance | str:
        """The importance of the parameters, or the sentence that says why there is none."""
        try:
            return importance(self.study)
        except ValueError as problem:
            return str(problem)

    def ordered_names(self) -> list[str]:
        """The parameters, the most important ones first where importances are known."""
        if isinstance(self.shares, str):
            return self.names
        shares: dict[Any, float] = dict(self.shares)
        return sorted(self.names, key=lambda name: -shares.get(name, 0.0))

    def compared(self, trial: Trial) -> str:
        """A trial in one line, as its mark in a picture is described."""
        return f"Trial {trial.number}, {trial.state}" + ("" if trial.value is None else f", value {trial.value:.6g}")
