"""The queue of a study: configurations that the user, or a confirmation, wants tried next."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from scratchtune.core.search import Space
from scratchtune.core.study.definition import decoded, encoded, is_open
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.trial import Trial, packed_params, proposal_of, unpacked_params


class Waiting(NamedTuple):
    """An enqueued configuration without a trial, and who has enqueued it, None the user.

    ``repeat_of`` is the number of the trial that it repeats, if it does.
    """

    params: dict[str, Any]
    by: str | None = None
    repeat_of: int | None = None


class State(NamedTuple):
    """Of a `Queue`: ``waiting``, the configurations without a trial, in order; ``begun``, the others' trial numbers."""

    waiting: Sequence[Waiting] = ()
    begun: Sequence[int] = ()


class Queue:
    """The enqueued configurations of a study: its ``state``, which is replaced as a whole.

    A script that is run again enqueues the same configurations again, so one that is known is skipped: by its *key*,
    `Space.key` of the configuration.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self.state = State()
        self._keys: set[tuple[Any, ...]] = set()  # a memo: of so many configurations that wait or have begun
        self._counted = 0

    def after(self, number: int) -> State:
        """The state after trial ``number`` has begun from the first configuration that waits."""
        return State(self.state.waiting[1:], [*self.state.begun, number])

    def knows(self, params: dict[str, Any], trials: Sequence[Trial]) -> bool:
        """Whether a configuration waits, or one of the ``trials`` was made from it; repeats do not count."""
        if self._counted != len(self.state.waiting) + len(self.state.begun):
            begun = (trials[number] for number in self.state.begun)
            every = [*(one.params for one in self.state.waiting if one.repeat_of is None),
                     *(proposal_of(trial) for trial in begun if trial.repeat_of is None)]
            self._keys = {self._space.key(each) for each in every}
            self._counted = len(self.state.waiting) + len(self.state.begun)
        return self._space.key(params) in self._keys

    def add(self, one: Waiting) -> None:
        """Append a configuration to those that wait."""
        self.state = self.state._replace(waiting=[*self.state.waiting, one])

    def replace(self, waiting: Sequence[Waiting], trials: Sequence[Trial]) -> None:
        """Take over the queue of a file, and of its trials those that were made from it."""
        self._counted = -1
        self.state = State(waiting, [trial.number for trial in trials if trial.why.get("enqueued")])


def made_from_queue(trials: Sequence[Trial]) -> list[Waiting]:
    """The configurations of the queue that the first of these trials were made from."""
    return [Waiting(proposal_of(trial), enqueued_by(trial), trial.repeat_of)
            for trial in itertools.takewhile(lambda trial: trial.why.get("enqueued"), trials)]


def enqueued_by(trial: Trial) -> str | None:
    """Who has enqueued the configuration of a trial; None: the user, or it is not an enqueued one."""
    by = trial.why.get("enqueued")
    return by if isinstance(by, str) else None


def packed_queue(space: Space, waiting: Sequence[Waiting]) -> list[Any]:
    """The configurations that wait as they are stored, each as [params, by, repeat_of]."""
    return [[encoded(one.params) if is_open(space) else packed_params(space, one.params), one.by, one.repeat_of]
            for one in waiting]


def stored_queue(study: str, space: Space, packed: Sequence[Any]) -> list[Waiting]:
    """The inverse of `packed_queue`."""
    try:
        return [Waiting(decoded(params) if is_open(space) else space.check(unpacked_params(space, params)), *of)
                for params, *of in packed]
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise StorageError(
            f"an enqueued configuration of the study {study!r} is not in this space: {problem}") from problem
