"""The ledger of a study: what it was asked to do, and what has come of its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scratchtune.core import checks
from scratchtune.core.search import Result, Space
from scratchtune.core.study.definition import Definition, is_open
from scratchtune.core.study.trial import Trial, configuration, finished_count, learned_space, result_of


class Ledger:
    """The definition of a study and its trials, in order of number, with look-ups; whoever adds a trial is `Core`.

    Attributes, for reading only: ``definition``; ``trials``; ``user_attrs``, the study's own attributes.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.trials: list[Trial] = []
        self.user_attrs: dict[str, Any] = {}
        self._finished: list[Result] = []  # a memo of `finished`
        self._numbers: dict[tuple[Any, ...], list[int]] = {}  # a memo of `numbers_with`, of the first `_indexed` trials
        self._indexed = 0
        self._learned: tuple[int, Space] | None = None  # a memo of `space`, with the number of finished trials

    def find(self, trial: Trial | int) -> Trial:
        """The trial of that number, or that very trial; a ValueError where it is not one of this study."""
        number = trial.number if isinstance(trial, Trial) else checks.integer("trial", trial)
        if not 0 <= number < len(self.trials) or (isinstance(trial, Trial) and trial is not self.trials[number]):
            raise ValueError(f"trial {number} is not one of this study, which has {len(self.trials)} trials, from 0")
        return self.trials[number]

    def finished(self) -> list[Result]:
        """The finished prefix: the results of the trials before the first one that is running."""
        while len(self._finished) < len(self.trials) and self.trials[len(self._finished)].state != "running":
            self._finished.append(result_of(self.trials[len(self._finished)], self.definition.objectives.sign))
        return self._finished

    def numbers_with(self, params: Mapping[str, Any]) -> Sequence[int]:
        """The numbers of the trials that have exactly these params."""
        for trial in self.trials[self._indexed :]:
            self._numbers.setdefault(self.definition.space.key(configuration(trial)), []).append(trial.number)
        self._indexed = len(self.trials)
        return self._numbers.get(self.definition.space.key(params), [])

    @property
    def space(self) -> Space:
        """The space of the definition; where it has none, what the finished trials have requested."""
        if not is_open(self.definition.space):
            return self.definition.space
        count = finished_count(self.trials)
        if self._learned is None or self._learned[0] != count:
            self._learned = count, learned_space(self.trials)
        return self._learned[1]

    def forget(self) -> None:
        """Drop what is remembered of trials that are replaced."""
        self._finished, self._learned = [], None
        self._numbers, self._indexed = {}, 0

    def replace(self, trials: Sequence[Trial]) -> None:
        """Take over the trials of a file; they come last, so that an interrupted call can be repeated."""
        self.forget()
        self.trials[:] = trials
