"""The queue of a study: configurations that the user has enqueued, which have no trial yet.

A script that is run again enqueues the same configurations again. Those that its file holds already, with a trial or
without one, are then *claimed* instead of being enqueued a second time.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from scratchtune.search import Space
from scratchtune.study.trial import Trial, proposal_of

Key = tuple[Any, ...]  # `Space.key` of a configuration


class Waiting(NamedTuple):
    """An enqueued configuration without a trial; ``number`` is that of its trial in the study that a fork is made of.

    Where it is None, the next trial is made from it.
    """

    params: dict[str, Any]
    number: int | None = None


class State(NamedTuple):
    """``waiting`` are the configurations without a trial, in order; ``begun`` the numbers of the trials of the others.

    ``unclaimed`` are the keys of those that were loaded and not claimed, ``unclaimed_waiting`` of these those that had
    no trial.
    """

    waiting: Sequence[Waiting] = ()
    begun: Sequence[int] = ()
    unclaimed: Sequence[Key] = ()
    unclaimed_waiting: Sequence[Key] = ()


class Queue:
    """The enqueued configurations of a study: its ``state``, which is replaced as a whole.

    ``copied`` are the numbers of the trials that a fork copies or repeats, which no script enqueues again.
    """

    def __init__(self, space: Space, copied: Collection[int] = ()) -> None:
        self._space, self._copied = space, copied
        self.state = State()
        self._expects_again = True  # whether a script is expected to enqueue those again that are loaded

    def next(self, number: int) -> Waiting | None:
        """The configuration that trial ``number``, the next one, is made from; None if the searcher proposes it."""
        due = [one for one in self.state.waiting if one.number in (number, None)]
        return min(due, key=lambda one: one.number is None, default=None)

    def after(self, used: Waiting | None, number: int) -> State:
        """The state after trial ``number``, made from ``used`` if that is not None: all that follows is new."""
        waiting = [one for one in self.state.waiting if one is not used]
        return State(waiting, self.state.begun if used is None else [*self.state.begun, number])

    def add(self, params: dict[str, Any]) -> None:
        """Append a configuration."""
        self.state = self.state._replace(waiting=[*self.state.waiting, Waiting(params)])

    def claim(self, params: dict[str, Any], waiting_only: bool = False) -> bool:
        """Whether a configuration is one of those loaded, each of which can be claimed once.

        ``waiting_only``: only one that has no trial.
        """
        key, left, waiting = self._space.key(params), list(self.state.unclaimed), list(self.state.unclaimed_waiting)
        if key not in (waiting if waiting_only else left):
            return False
        left.remove(key)
        if waiting_only or waiting.count(key) > left.count(key):  # those that have a trial are claimed first
            waiting.remove(key)
        self.state = self.state._replace(unclaimed=left, unclaimed_waiting=waiting)
        return True

    def expect_none_again(self) -> None:
        """Take every configuration that is enqueued from now on as a new one."""
        self.state, self._expects_again = State(self.state.waiting, self.state.begun), False

    def replaced(self, before: Sequence[Trial], trials: Sequence[Trial], waiting: Sequence[Waiting]) -> State:
        """The state of what a file holds; what was enqueued since ``before``, the trials until now, can be claimed."""
        known = Counter(self._keys(before, self.state.waiting))
        added = Counter(self._keys(trials, waiting)) - known
        unclaimed = [*self.state.unclaimed, *list(added.elements()) * self._expects_again]
        still = list((Counter(self._keys([], waiting)) & Counter(unclaimed)).elements())
        return State(waiting, [trial.number for trial in trials if trial.why.get("enqueued")], unclaimed, still)

    def _keys(self, trials: Iterable[Trial], waiting: Iterable[Waiting]) -> list[Key]:
        """The keys of all configurations that a script has enqueued."""
        begun = [proposal_of(trial) for trial in trials
                 if trial.why.get("enqueued") and trial.number not in self._copied]
        return [self._space.key(params) for params in (*begun, *(one.params for one in waiting if one.number is None))]

    def by_number(self, trials: Sequence[Trial]) -> dict[int, dict[str, Any]]:
        """All enqueued configurations by the number of their trial, which may not exist yet."""
        found = {number: proposal_of(trials[number]) for number in self.state.begun}
        found |= {one.number: one.params for one in self.state.waiting if one.number is not None}
        free = (number for number in itertools.count(len(trials)) if number not in found)
        return found | {next(free): one.params for one in self.state.waiting if one.number is None}
