"""What a trial sees of its study, looked up when it asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from scratchtune.core.study.ledger import Ledger
from scratchtune.core.study.objectives import Objectives
from scratchtune.core.study.trial import Trial, View, decide

BOARDS = threading.RLock()  # of `Context.stops`; one lock for all studies, since a study's own can't be pickled


class Context:
    """What the trials of a study see of it, in its ``ledger``; ``keep`` stores a trial that is running."""

    def __init__(self, ledger: Ledger, keep: Callable[[Trial], None] | None = None) -> None:
        self._ledger, self._keep = ledger, keep
        self._board: Any = None  # what the stopping rule compares trials with

    @property
    def objectives(self) -> Objectives:
        """The study's objectives."""
        return self._ledger.definition.objectives

    def seed_of(self, trial: Trial) -> int:
        """The seed of a trial's first ancestor: made from the study's seed and its number."""
        number, parent = trial.number, trial.parent
        while parent is not None:
            number, parent = parent, self._ledger.trials[parent].parent
        sequence = np.random.SeedSequence(self._ledger.definition.seed, spawn_key=(number, 1))
        return int(sequence.generate_state(1)[0])

    def of(self, trial: Trial) -> View:
        """What one trial sees now, as plain data."""
        saved = None if trial.parent is None else self._ledger.trials[trial.parent].saved
        stopping = self._ledger.definition.stopping
        return View(self.seed_of(trial), self.objectives, saved, stopping, self._board_for(trial, None))

    def stops(self, trial: Trial) -> bool:
        """Whether the stopping rule ends a trial; what it decides by the order of reports is stored."""
        before = trial.why
        with BOARDS:
            board, self._board = self._board, None  # so that one that is interrupted is made again
            board = self._board_for(trial, board)
            stops = decide(trial, self._ledger.definition.stopping, board)
            self._board = board
        if trial.why is not before and self._keep is not None:
            self._keep(trial)
        return stops

    def _board_for(self, trial: Trial, board: Any) -> Any:
        """What the stopping rule compares a trial with: that of an earlier trial, or a new one, brought up to date."""
        stopping = self._ledger.definition.stopping
        if stopping is not None:
            board = stopping.board() if board is None else board
            board.see(self._ledger.trials, stopping.needs(trial.number), self.objectives.sign)
        return board
