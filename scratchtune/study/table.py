"""The table of a study, in memory: its trials in order of number, the best one, the results that searchers see.

Ctrl-C may come at any line. So attributes that belong together are set in one assignment, which no interruption splits:
its right side is computed before anything changes. All else is computed from the trials when it is needed.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from scratchtune import checks
from scratchtune.search import Result, Space
from scratchtune.study.best import best_of_complete
from scratchtune.study.objectives import losses_of
from scratchtune.study.trial import Trial


class Waiting(NamedTuple):
    """An enqueued configuration that has no trial yet; ``position`` orders those of a study.

    In a fork, ``number`` is that of its trial in the original; else None: the next trial is made from it.
    """

    position: int
    params: dict[str, Any]
    number: int | None = None


class Start(NamedTuple):
    """What a fork begins with: trials of another study, and configurations that are enqueued by trial number."""

    trials: list[Trial]
    repeated: dict[int, dict[str, Any]]

    @property
    def waiting(self) -> list[Waiting]:
        """The enqueued configurations."""
        numbered = enumerate(sorted(self.repeated.items()))
        return [Waiting(position, params, number) for position, (number, params) in numbered]


Key = tuple[Any, ...]  # `Space.key` of a configuration
Sign = float | tuple[float, ...]  # of the only objective, or one of each of several


def result_of(trial: Trial, sign: Sign) -> Result:
    """A finished trial as searchers see it: its value times ``sign``, so that smaller is better; NaN is a failure."""
    losses = () if trial.values is None else losses_of(trial.values, sign)
    several = isinstance(sign, tuple)
    loss = losses[0] if losses and not several else float("nan")
    return Result(trial.number, trial.shared_params, loss, trial.state, trial.budget, trial.parent,
                  losses if several else ())


class Table:
    """Trials, each running one assigned to its owner (any object, such as a run) until it is finished or released.

    Attributes, for reading only:

    - ``trials``, in order of number; ``best``, by the rule of `scratchtune.study.best`, None of several objectives;
    - ``unassigned``: running trials without an owner, which are assigned again before any new trial;
    - ``waiting``: enqueued configurations without a trial; ``enqueued``: the numbers of the trials made from such ones;
    - ``expects_again``: whether a script is expected to enqueue those again that are loaded (see `claim`).

    ``copied`` are the numbers of trials that a fork copies or repeats, which no script enqueues again.
    """

    def __init__(self, space: Space, sign: Sign, copied: Collection[int] = ()) -> None:
        self._space, self._sign, self._copied = space, sign, copied
        self.trials: list[Trial] = []
        self.best: Trial | None = None
        self.unassigned: list[Trial] = []
        self.waiting: list[Waiting] = []
        self._positions = 0  # those before it were used, so that the file can tell two configurations apart
        self.enqueued: list[int] = []
        self.expects_again = True
        self._unclaimed: list[Key] = []  # the keys of loaded enqueued configurations, for `claim`
        self._unclaimed_waiting: list[Key] = []  # of these, those that had no trial
        self._owners: dict[int, object] = {}  # by number, of the running trials that are assigned
        self._finished: list[Result] = []  # a memo of `finished`
        self._numbers: dict[tuple[Any, ...], list[int]] = {}  # a memo of `numbers_with`, of the first `_indexed` trials
        self._indexed = 0

    # Changes, each in one assignment ---------------------------------------------------------------------------------

    def add(self, trial: Trial, owner: object, from_queue: bool) -> None:
        """Append a trial, assigned to its owner; ``from_queue``: it is made from `next_enqueued`."""
        number, used = trial.number, self.next_enqueued() if from_queue else None
        waiting = [one for one in self.waiting if one is not used]
        (self.trials[number:], self._owners[number], self.waiting, self.enqueued, self._unclaimed,
         self._unclaimed_waiting) = [trial], owner, waiting, self.enqueued + [number] * from_queue, [], []

    def enqueue(self, params: dict[str, Any]) -> None:
        """Append a configuration to those that wait."""
        position = max([self._positions, *(one.position + 1 for one in self.waiting)])
        self.waiting, self._positions = [*self.waiting, Waiting(position, params)], position + 1

    def claim(self, params: dict[str, Any], waiting_only: bool = False) -> bool:
        """Whether a configuration is one of those loaded: a script that is run again enqueues it no second time.

        Each loaded configuration is claimed once, and only until this process adds a trial: what a script enqueues
        later is new. ``waiting_only``: only one that has no trial.
        """
        key, left, waiting = self._space.key(params), list(self._unclaimed), list(self._unclaimed_waiting)
        if key not in (waiting if waiting_only else left):
            return False
        left.remove(key)
        if waiting_only or waiting.count(key) > left.count(key):  # those that have a trial are claimed first
            waiting.remove(key)
        self._unclaimed, self._unclaimed_waiting = left, waiting
        return True

    def expect_none_again(self) -> None:
        """Take every configuration that is enqueued from now on as a new one."""
        self._unclaimed, self._unclaimed_waiting, self.expects_again = [], [], False

    def restart(self, trial: Trial, owner: object) -> None:
        """Begin the first unassigned trial again, assigned to a new owner."""
        trial.begin()
        self.unassigned, self._owners[trial.number] = self.unassigned[1:], owner

    def finish(self, trial: Trial, state: str) -> None:
        """Set a trial's final state; the rest of its outcome is recorded already."""
        best = self.best
        if state == "complete":
            best = self._best_with(trial)
        trial.state, self.best, self.unassigned = state, best, [t for t in self.unassigned if t is not trial]
        self._owners.pop(trial.number, None)

    def release(self, owner: object) -> None:
        """Make the running trials of an owner unassigned."""
        if owner in self._owners.values():
            owners = {number: other for number, other in self._owners.items() if other is not owner}
            self._owners, self.unassigned = owners, [
                trial for trial in self.trials if trial.state == "running" and trial.number not in owners]

    def release_all(self) -> None:
        """Make all running trials unassigned."""
        self._owners, self.unassigned = {}, [trial for trial in self.trials if trial.state == "running"]

    def disown_all(self) -> None:
        """Forget all owners, and assign no trial again."""
        self._owners = {}

    def replace(self, trials: list[Trial], waiting: list[Waiting]) -> None:
        """Replace all trials and all that waits by those of a file; `claim` accepts what was enqueued meanwhile."""
        known = Counter(self._enqueued_keys(self.trials, self.waiting))
        added = Counter(self._enqueued_keys(trials, waiting)) - known
        unclaimed = self._unclaimed + list(added.elements()) * self.expects_again
        still = list((Counter(self._enqueued_keys([], waiting)) & Counter(unclaimed)).elements())
        enqueued = [trial.number for trial in trials if trial.why.get("enqueued")]
        best = self._best_of([trial for trial in trials if trial.state == "complete"])
        unassigned = [trial for trial in trials if trial.state == "running"]
        (self.trials, self._finished, self.best, self.waiting, self.enqueued, self._owners, self.unassigned,
         self._unclaimed, self._unclaimed_waiting) = (
            trials, [], best, waiting, enqueued, {}, unassigned, unclaimed, still)
        self._numbers, self._indexed = {}, 0

    def _enqueued_keys(self, trials: Iterable[Trial], waiting: Iterable[Waiting]) -> list[Key]:
        """The keys of all configurations that a script has enqueued."""
        begun = [trial.proposed for trial in trials if trial.why.get("enqueued") and trial.number not in self._copied]
        return [self._space.key(params) for params in (*begun, *(one.params for one in waiting if one.number is None))]

    # Look-ups --------------------------------------------------------------------------------------------------------

    def find(self, trial: Trial | int) -> Trial:
        """Return the trial of that number, or that very trial; raise a ValueError where it is not one of this table."""
        number = trial.number if isinstance(trial, Trial) else checks.integer("trial", trial)
        if not 0 <= number < len(self.trials) or (isinstance(trial, Trial) and trial is not self.trials[number]):
            raise ValueError(f"trial {number} is not one of this study, which has {len(self.trials)} trials, from 0")
        return self.trials[number]

    def next_enqueued(self) -> Waiting | None:
        """The enqueued configuration that the next trial is made from; None if the searcher proposes it."""
        due = [one for one in self.waiting if one.number in (len(self.trials), None)]
        return min(due, key=lambda one: one.number is None, default=None)

    def number_of_next_enqueued(self) -> int:
        """The number of the trial that is made from the next configuration that is enqueued."""
        known = self.enqueued_by_number()
        return next(number for number in itertools.count(len(self.trials)) if number not in known)

    def enqueued_by_number(self) -> dict[int, dict[str, Any]]:
        """All enqueued configurations by the number of their trial, which may not exist yet."""
        found = {number: self.trials[number].proposed for number in self.enqueued}
        found |= {one.number: one.params for one in self.waiting if one.number is not None}
        free = (number for number in itertools.count(len(self.trials)) if number not in found)
        return found | {next(free): one.params for one in self.waiting if one.number is None}

    def count_enqueued(self) -> int:
        """How many configurations were enqueued, whether their trials exist or not."""
        return len(self.enqueued) + len(self.waiting)

    def has_assigned(self) -> bool:
        """Whether any running trial has an owner."""
        return any(self.trials[number].state == "running" for number in self._owners)

    def finished(self) -> list[Result]:
        """Return the finished prefix: the results of the trials before the first one that is running."""
        while len(self._finished) < len(self.trials) and self.trials[len(self._finished)].state != "running":
            self._finished.append(self.result_of(self.trials[len(self._finished)]))
        return self._finished

    def result_of(self, trial: Trial) -> Result:
        """A finished trial as searchers see it: its value as a loss, where smaller is better and NaN is a failure."""
        return result_of(trial, self._sign)

    def results(self) -> list[Result]:
        """The results of all finished trials."""
        return [self.result_of(trial) for trial in self.trials if trial.state != "running"]

    def numbers_with(self, params: Mapping[str, Any]) -> Sequence[int]:
        """Return the numbers of the trials that have exactly these params."""
        for trial in self.trials[self._indexed :]:
            self._numbers.setdefault(self._space.key(trial.shared_params), []).append(trial.number)
        self._indexed = len(self.trials)
        return self._numbers.get(self._space.key(params), [])

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_owners": {}}  # an owner, such as a run, need not be possible to copy

    def _best_with(self, trial: Trial) -> Trial | None:
        """The best trial once ``trial`` is complete too; all are compared again where its budget may be the largest."""
        best, budget, largest = self.best, trial.budget, self.best.budget if self.best else None
        if best is not None and (budget in (None, largest) or (largest is not None and budget < largest)):
            return self._best_of([best, trial])
        return self._best_of([*(one for one in self.trials if one.state == "complete"), trial])

    def _best_of(self, complete: Sequence[Trial]) -> Trial | None:
        """The best of complete trials; None where there are several objectives."""
        if isinstance(self._sign, tuple):
            return None
        return best_of_complete(complete, "maximize" if self._sign < 0 else "minimize")
