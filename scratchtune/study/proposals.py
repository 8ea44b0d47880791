"""The proposals of a study: its next trial, from the queue of the user or from the searcher.

Trial ``number`` is proposed from the first ``needs(number)`` results alone, so the table does not depend on the number
of workers, nor on the order in which they finish.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchtune.search import Exhausted, PendingParams, Result, Seen, Space, Suggestion
from scratchtune.search.learned_space import SpaceLearner, within
from scratchtune.study.asking import completed, is_open
from scratchtune.study.definition import Definition
from scratchtune.study.stopping import MedianStopping
from scratchtune.study.table import Table
from scratchtune.study.trial import Trial


class NotReady(RuntimeError):
    """The searcher needs the result of an earlier trial first; ``awaited`` is its number.

    ``remedy`` is the argument of `Study` with which it is not needed, "" if there is none.
    """

    def __init__(self, number: int, awaited: int, remedy: str = "") -> None:
        several = f", or to have {number - awaited + 1} trials at a time use {remedy}" if remedy else ""
        super().__init__(
            f"trial {number} can't be proposed yet: the result of trial {awaited} is needed first; tell it{several}")
        self.number, self.awaited, self.remedy = number, awaited, remedy

    def __reduce__(self) -> tuple[Any, ...]:
        return NotReady, (self.number, self.awaited, self.remedy)


class Proposer:
    """Proposes the next trial of a table."""

    def __init__(self, definition: Definition, table: Table) -> None:
        self._definition, self._table = definition, table
        self._learner = SpaceLearner()

    def next(self) -> Suggestion:
        """Return the suggestion for the next trial: the first configuration of the queue, else the searcher's.

        Raises
            `NotReady` while a result is missing, and `Exhausted` when the searcher has nothing left to propose.
        """
        number, finished = len(self._table.trials), len(self._table.finished())
        if finished < self._required_prefix(number):
            raise NotReady(number, finished, self._remedy(number, finished))
        enqueued = self._table.next_enqueued()
        if enqueued is not None:
            return self._definition.searcher.enqueued(enqueued.params, number)
        return self._searched(number)

    def _remedy(self, number: int, finished: int) -> str:
        """The argument of `Study` with which trial ``number`` needs no more than the finished ones; "" if none does."""
        stopping, at_once = self._definition.stopping, number - finished + 1
        if stopping is not None and stopping.needs(number) > finished:
            return f"stopping=MedianStopping(parallel={at_once})" if isinstance(stopping, MedianStopping) else ""
        remedy = self._definition.searcher.remedy(at_once)
        return remedy and f"searcher={remedy}"

    def _required_prefix(self, number: int) -> int:
        """How many leading trials must be finished before a trial begins: for the searcher and the stopping rule."""
        needs = 0 if self._table.next_enqueued() is not None else self._definition.searcher.needs(number)
        stopping = self._definition.stopping
        return needs if stopping is None else max(needs, stopping.needs(number))

    def _searched(self, number: int) -> Suggestion:
        """Return the searcher's suggestion, checked."""
        definition, table = self._definition, self._table
        needs = definition.searcher.needs(number)
        enqueued = None if definition.foreign else bisect.bisect_left(table.enqueued, number)
        seen = Seen(table.finished()[:needs], definition.earlier, enqueued, definition.seed)
        rng = np.random.default_rng(np.random.SeedSequence(definition.seed, spawn_key=(number,)))
        if is_open(definition.space):
            suggestion = self._searched_in_learned(seen, needs, number, rng)
        else:
            suggestion = definition.searcher.suggest(definition.space, seen, Pending(table, needs, number), number, rng)
        if not isinstance(suggestion, Suggestion):
            raise TypeError(f"{definition.searcher!r} suggested {suggestion!r}; it must return a Suggestion")
        suggestion.params = definition.space.check(suggestion.params)
        return suggestion

    def _searched_in_learned(self, seen: Seen, needs: int, number: int, rng: np.random.Generator) -> Suggestion:
        """Return the searcher's suggestion in the space that the first ``needs`` trials have requested.

        That space may be a part of the whole one, so if all of its points are tried, the next trial has no proposal,
        and its parameters are drawn at random.
        """
        searcher, space = self._definition.searcher, self._learned(needs)
        pending = [completed(space, trial.proposed, trial.seed) for trial in self._table.trials[needs:number]]
        if not space.names and searcher.mean_budget() is None:  # neither results nor proposals have any parameter
            seen, pending = Seen((), seen.earlier, seen.enqueued, seen.seed), []
        else:
            seen = Seen([_within(space, one) for one in seen.own], [_within(space, one) for one in seen.earlier],
                        seen.enqueued, seen.seed)
        try:
            return searcher.suggest(space, seen, pending, number, rng)
        except Exhausted:
            if searcher.total(space) is not None:  # the end of a schedule
                raise
            return Suggestion({}, why={"unplanned": "every point that the trials before it show has been tried"})

    def tell_known(self, trial: Trial) -> None:
        """In a study without a space, tell a trial which parameters those before it that it may see have requested."""
        if trial.asked is not None:
            # What the user, or the searcher of another study, proposed does not depend on what is known here.
            if trial.asked.is_enqueued or trial.number < self._definition.foreign:
                trial.asked.known = {}
            else:
                trial.asked.known = self._learned(self._definition.searcher.needs(trial.number)).parameters

    def _learned(self, needs: int) -> Space:
        """The space that the first ``needs`` trials have requested."""
        if self._learner.added > needs:
            self._learner = SpaceLearner()
        for trial in self._table.trials[self._learner.added : needs]:
            assert trial.asked is not None
            self._learner.add(trial.asked.parameters, trial.shared_params, trial.state == "failed")
        return self._learner.space()


def _within(space: Space, result: Result) -> Result:
    """A result without the params that the learned space has as another kind; the same object where there are none."""
    params = within(space, result.params)
    return result if params == result.params else result._replace(params=params)


class Pending(PendingParams):
    """The params of the trials from ``start`` up to ``stop``; whether a configuration is among them is one look-up."""

    def __init__(self, table: Table, start: int, stop: int) -> None:
        self._table, self._start, self._stop = table, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __getitem__(self, index: Any) -> Any:
        numbers = range(self._start, self._stop)[index]
        if isinstance(numbers, range):
            return [self._table.trials[number].shared_params for number in numbers]
        return self._table.trials[numbers].shared_params

    def __contains__(self, params: object) -> bool:
        assert isinstance(params, Mapping)
        return any(self._start <= number < self._stop for number in self._table.numbers_with(params))
