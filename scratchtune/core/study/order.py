"""The order of a study's trials: which one is next, and who runs those that have begun.

The next trial is the first running one without an owner, else a new one: from the queue, or proposed by the searcher
from the results that it may see. In a study without a space (define-by-run) those results give a space as well.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.core.search import Exhausted, PendingParams, Result, Seen, Space, Suggestion
from scratchtune.core.search.learned_space import SpaceLearner, within
from scratchtune.core.study.definition import is_open
from scratchtune.core.study.errors import NotReady
from scratchtune.core.study.ledger import Ledger
from scratchtune.core.study.queue import Queue, Waiting
from scratchtune.core.study.requests import Requests, completed
from scratchtune.core.study.stopping import MedianStopping
from scratchtune.core.study.trial import Trial, configuration, is_lost, proposal_of, requests_of, results_of


class Pending(PendingParams):
    """The params of the trials of these ``numbers``; whether a configuration is among them is one look-up."""

    def __init__(self, ledger: Ledger, numbers: Sequence[int]) -> None:
        self._ledger, self._numbers = ledger, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        return configuration(self._ledger.trials[self._numbers[index]])

    def __contains__(self, params: object) -> bool:
        assert isinstance(params, Mapping)
        return any(number in self._numbers for number in self._ledger.numbers_with(params))


class Order:
    """Which trial is next: it reads the ``ledger`` and the ``queue``, and knows the owners of running trials.

    Attributes, for reading only: ``ledger``, ``queue``, ``owners`` (by number, of the running trials that are
    assigned), ``is_open`` (there is no space: it is learned).
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.queue = ledger, Queue(ledger.definition.space)
        self.owners: dict[int, object] = {}
        self.is_open = is_open(ledger.definition.space)
        self._unassigned: list[Trial] = []
        self._learner = SpaceLearner()
        self._kept: tuple[Space, list[Result], list[Result]] | None = None  # in a learned space: earlier and own ones

    # Owners -----------------------------------------------------------------------------------------------------------

    @property
    def unassigned(self) -> list[Trial]:
        """The running trials without an owner, which are assigned again before any new trial."""
        return [trial for trial in self._unassigned if trial.state == "running" and trial.number not in self.owners]

    @property
    def has_running(self) -> bool:
        """Whether a trial runs that is assigned."""
        return any(self.ledger.trials[number].state == "running" for number in self.owners)

    def disown(self, owner: object) -> None:
        """Make the running trials of an owner unassigned."""
        if owner in self.owners.values():
            owners = {number: other for number, other in self.owners.items() if other is not owner}
            self.owners, self._unassigned = owners, self._running(self.ledger.trials)

    def replace(self, trials: Sequence[Trial], waiting: Sequence[Waiting]) -> None:
        """Take over the trials and the queue of a file; an interrupted call is repeated by the next writer."""
        self.owners, self._unassigned = {}, self._running(trials)
        self._kept = None
        self.queue.replace(waiting, trials)
        self.ledger.replace(trials)

    def __getstate__(self) -> dict[str, Any]:
        """In a copy, pickled or deep, no running trial has an owner."""
        return vars(self) | {"owners": {}, "_unassigned": self._running(self.ledger.trials)}

    def _running(self, trials: Sequence[Trial]) -> list[Trial]:
        return [trial for trial in trials if trial.state == "running"]

    # The next trial ---------------------------------------------------------------------------------------------------

    def new_trial(self, context: Any) -> tuple[Trial, bool]:
        """The next new trial, which is in no table yet, and whether it is from the queue; `NotReady`, `Exhausted`."""
        number, waiting = len(self.ledger.trials), self.queue.state.waiting
        self._refuse_early(number, 0 if waiting else self._searched(number)[1])
        suggestion = self._enqueued(waiting[0], number) if waiting else self._proposed(number)
        requests = self._requests(number, suggestion) if self.is_open else None
        return Trial(context, number, suggestion, requests), bool(waiting)

    def _enqueued(self, one: Waiting, number: int) -> Suggestion:
        """The first configuration of the queue as a suggestion."""
        suggestion = self.ledger.definition.searcher.enqueued(one.params, number)
        suggestion.why["enqueued"] = one.by or True
        if one.repeat_of is not None:
            suggestion.why["repeat_of"] = one.repeat_of
        return suggestion

    def proposed_again(self, trial: Trial) -> tuple[Suggestion, Requests | None] | None:
        """What to begin an unassigned trial with, if it is lost (`lost_row`): it is proposed from the same results.

        Raises `NotReady` where these have to be there first, as those that any trial after a lost one was proposed
        from. What is known now of a learned space is given to a trial that was not lost.
        """
        number = trial.number
        is_own = number >= self.ledger.definition.foreign and not trial.why.get("enqueued")
        self._refuse_early(number, self._searched(number)[1] if is_own or is_lost(trial) else 0)
        if is_lost(trial):
            suggestion = self._proposed(number)
            return suggestion, self._requests(number, suggestion) if self.is_open else None
        requests = requests_of(trial)
        if requests is not None:
            requests.known = self._requests(number, Suggestion(proposal_of(trial), trial.why)).known
        return None

    def _proposed(self, number: int) -> Suggestion:
        """What the searcher proposes for a trial."""
        searcher = self.ledger.definition.searcher
        try:
            suggestion = searcher.suggest(*self._before(number))
        except Exhausted as end:
            suggestion = self._without_proposal(number, end)
        if not isinstance(suggestion, Suggestion):
            raise TypeError(f"{searcher!r} suggested {suggestion!r}; it must return a Suggestion")
        suggestion.params = self.ledger.definition.space.check(suggestion.params)
        return suggestion

    def _refuse_early(self, number: int, needs: int) -> None:
        """Raise `NotReady` while a result that the searcher or the stopping rule needs is missing."""
        stopping, finished = self.ledger.definition.stopping, len(self.ledger.finished())
        required = needs if stopping is None else max(needs, stopping.needs(number))
        if finished >= required:
            return
        at_once = number - finished + 1
        if stopping is not None and stopping.needs(number) > finished:
            remedy = f"stopping=MedianStopping(parallel={at_once})" if isinstance(stopping, MedianStopping) else ""
        else:
            remedy = self.ledger.definition.searcher.remedy(at_once)
            remedy = remedy and f"searcher={remedy}"
        raise NotReady(number, finished, remedy)

    def _before(self, number: int) -> tuple[Space, Seen, Sequence[dict[str, Any]], int, np.random.Generator]:
        """The arguments of `Searcher.suggest` for a trial."""
        definition, trials = self.ledger.definition, self.ledger.trials
        searched, first = self._searched(number)
        needs, repeats = definition.searcher.needs(len(searched)), number - len(searched)
        begun = bisect.bisect_left(self.queue.state.begun, number) - repeats
        finished = results_of(trials[:first], definition.objectives.sign) if repeats else self.ledger.finished()
        seen = Seen(finished[:needs], definition.earlier, None if definition.foreign else begun, definition.seed)
        rng = np.random.default_rng(np.random.SeedSequence(definition.seed, spawn_key=(number,)))
        if not self.is_open:
            return definition.space, seen, Pending(self.ledger, searched[needs:]), len(searched), rng
        space = self._learned_from(first)
        if not space.names and definition.searcher.mean_budget() is None:  # nothing has any parameter
            return space, Seen((), seen.earlier, seen.enqueued, seen.seed), [], len(searched), rng
        pending = [completed(space, proposal_of(trials[k]), trials[k].seed) for k in searched[needs:]]
        return space, self._within(space, seen, anew=repeats > 0), pending, len(searched), rng

    def _within(self, space: Space, seen: Seen, anew: bool) -> Seen:
        """What is seen with only those params that are `within` a learned space; a repeat changes earlier results."""
        if anew or self._kept is None or self._kept[0] is not space:
            self._kept = space, [_result_within(space, result) for result in seen.earlier], []
        _, earlier, own = self._kept
        own += (_result_within(space, result) for result in seen.own[len(own) :])
        return Seen(own[: len(seen.own)], earlier, seen.enqueued, seen.seed)

    def _searched(self, number: int) -> tuple[Sequence[int], int]:
        """The trials before one that searchers count, which are no repeats; how many leading ones it must wait for."""
        repeats = [k for k in self.queue.state.begun if k < number and self.ledger.trials[k].repeat_of is not None]
        searched = sorted({*range(number)}.difference(repeats)) if repeats else range(number)
        needed = searched[: self.ledger.definition.searcher.needs(len(searched))]
        return searched, max((one + 1 for one in (*needed[-1:], *repeats[-1:])), default=0)

    def _without_proposal(self, number: int, end: Exhausted) -> Suggestion:
        """In a study without a space, draw the next trial at random if all known points were tried; else raise."""
        searcher = self.ledger.definition.searcher
        if not self.is_open or searcher.total(self._learned_from(self._searched(number)[1])) is not None:
            raise end
        return Suggestion({}, why={"unplanned": "every point that the trials before it show has been tried"})

    def _requests(self, number: int, suggestion: Suggestion) -> Requests:
        """The requests of a trial that begins, which know those of the trials before it that its searcher has seen."""
        is_enqueued = bool(suggestion.why.get("enqueued"))
        is_foreign = is_enqueued or number < self.ledger.definition.foreign
        known = {} if is_foreign else self._learned_from(self._searched(number)[1]).parameters
        return Requests(suggestion.params, is_enqueued, known)

    def _learned_from(self, needs: int) -> Space:
        """The space that the first ``needs`` trials have requested, in a study without one."""
        if self._learner.added > needs:
            self._learner = SpaceLearner()
        for trial in self.ledger.trials[self._learner.added : needs]:
            requests = requests_of(trial)
            assert requests is not None
            self._learner.add(requests.parameters, configuration(trial), trial.state == "failed")
        return self._learner.space()


def _result_within(space: Space, result: Result) -> Result:
    """A result with only those params that are `within` a learned space."""
    params = within(space, result.params)
    return result if params == result.params else result._replace(params=params)
