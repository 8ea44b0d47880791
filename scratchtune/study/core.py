"""The core of a study: its trials, which of them is next, their outcomes, and the writing of both to the file.

An interruption, such as Ctrl-C, may come at any line and loses nothing: a trial is marked for the next commit before it
changes, so it is written even where the interruption comes just then; its state is set after all else of its outcome;
and the clean-up after an interruption can be repeated.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.files import identity, whole_file
from scratchtune.search import Exhausted, PendingParams, Result, Searcher, Seen, Space, Suggestion
from scratchtune.search.learned_space import SpaceLearner, within
from scratchtune.search.searcher import fixed_as, fixes
from scratchtune.study.best import said_constraints
from scratchtune.study.definition import Definition, copied_of, decoded, encoded, is_open, text_of
from scratchtune.study.file import (
    BESIDE,
    File,
    Lock,
    Lost,
    NotWritable,
    StorageError,
    claim,
    clear_beside,
    refuse_loss,
)
from scratchtune.study.objectives import Objectives
from scratchtune.study.progress import log_begun, log_ended
from scratchtune.study.requests import Requests, checked_attribute, completed
from scratchtune.study.stopping import MedianStopping, in_words
from scratchtune.study.trial import (
    LOST,
    Outcome,
    Trial,
    View,
    begin,
    configuration,
    copied,
    decide,
    finished_count,
    is_lost,
    judged,
    learned_space,
    packed_params,
    proposal_of,
    propose,
    repeats_at_end,
    requests_of,
    result_of,
    results_of,
    row_of,
    settle,
    trial_of,
    unpacked_params,
)

BOARDS = threading.RLock()  # of `Context.stops`; one lock for all studies, since a study's own can't be pickled


class NotReady(RuntimeError):
    """The searcher needs the result of trial ``awaited`` first; ``remedy``: the argument of `Study` that avoids it."""

    def __init__(self, number: int, awaited: int, remedy: str = "") -> None:
        several = f", or to have {number - awaited + 1} trials at a time use {remedy}" if remedy else ""
        super().__init__(
            f"trial {number} can't be proposed yet: the result of trial {awaited} is needed first; tell it{several}")
        self.number, self.awaited, self.remedy = number, awaited, remedy

    def __reduce__(self) -> tuple[Any, ...]:
        return NotReady, (self.number, self.awaited, self.remedy)


class Waiting(NamedTuple):
    """An enqueued configuration without a trial, and who has enqueued it, None the user.

    ``number`` is that of its trial in the study that a fork is made of; where it is None, the next trial is made of it.
    ``repeat_of`` is the number of the trial that it repeats, if it does.
    """

    params: dict[str, Any]
    number: int | None = None
    by: str | None = None
    repeat_of: int | None = None


class Start(NamedTuple):
    """What a fork begins with: trials of another study, and enqueued configurations with their numbers."""

    trials: Sequence[Trial]
    enqueued: Sequence[Waiting]


class Context:
    """What the trials of a study see of it, looked up when they ask; ``keep`` stores a trial that is running."""

    def __init__(self, definition: Definition, trials: list[Trial], keep: Any = None) -> None:
        self.objectives, self.stopping, self._keep = definition.objectives, definition.stopping, keep
        self._copied, self._seed, self._trials = definition.copied, definition.seed, trials
        self._board: Any = None  # what the stopping rule compares trials with

    def seed_of(self, trial: Trial) -> int:
        """The seed of a trial's first ancestor: made from its study's seed and its number; copies keep theirs."""
        number, parent = trial.number, trial.parent
        while parent is not None:
            number, parent = parent, self._trials[parent].parent
        seeds = () if self._copied is None else self._copied.seeds
        seed = next((of_part for end, of_part in seeds if number < end), self._seed)
        return int(np.random.SeedSequence(seed, spawn_key=(number, 1)).generate_state(1)[0])

    def of(self, trial: Trial) -> View:
        """What one trial sees now, as plain data."""
        saved = None if trial.parent is None else self._trials[trial.parent].saved
        return View(self.seed_of(trial), self.objectives, saved, self.stopping, self._board_for(trial, None))

    def stops(self, trial: Trial) -> bool:
        """Whether the stopping rule ends a trial; what it decides by the order of reports is stored."""
        before = trial.why
        with BOARDS:
            board, self._board = self._board, None  # so that one that is interrupted is made again
            board = self._board_for(trial, board)
            stops = decide(trial, self.stopping, board)
            self._board = board
        if trial.why is not before and self._keep is not None:
            self._keep(trial)
        return stops

    def _board_for(self, trial: Trial, board: Any) -> Any:
        """What the stopping rule compares a trial with: that of an earlier trial, or a new one, brought up to date."""
        if self.stopping is not None:
            board = self.stopping.board() if board is None else board
            board.see(self._trials, self.stopping.needs(trial.number), self.objectives.sign)
        return board


class Pending(PendingParams):
    """The params of the trials of these ``numbers``; whether a configuration is among them is one look-up."""

    def __init__(self, core: Core, numbers: Sequence[int]) -> None:
        self._core, self._numbers = core, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        return configuration(self._core.trials[self._numbers[index]])

    def __contains__(self, params: object) -> bool:
        assert isinstance(params, Mapping)
        return any(number in self._numbers for number in self._core.numbers_with(params))


Key = tuple[Any, ...]  # `Space.key` of a configuration


class State(NamedTuple):
    """Of a `Queue`: ``waiting``, the configurations without a trial, in order; ``begun``, the others' trial numbers.

    ``unclaimed``: the keys of those loaded and not claimed yet; ``unclaimed_waiting``: those keys that have no trial.
    """

    waiting: Sequence[Waiting] = ()
    begun: Sequence[int] = ()
    unclaimed: Sequence[Key] = ()
    unclaimed_waiting: Sequence[Key] = ()


class Queue:
    """The enqueued configurations of a study: its ``state``, which is replaced as a whole.

    A script that is run again enqueues the same configurations again. Those that its file holds already, with a trial
    or without one, are then *claimed* instead of being enqueued a second time.

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
        """The state after the new trial ``number``, made from ``used`` or proposed; nothing can be claimed any more."""
        waiting = [one for one in self.state.waiting if one is not used]
        return State(waiting, self.state.begun if used is None else [*self.state.begun, number])

    def add(self, one: Waiting) -> None:
        """Append a configuration to those that wait."""
        self.state = self.state._replace(waiting=[*self.state.waiting, one])

    def claim(self, params: dict[str, Any], waiting_only: bool = False) -> bool:
        """Claim params that were loaded (``waiting_only``: and have no trial) and are not claimed; False for others."""
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
        """The state for the trials and queue of a file; what they add to ``before`` and this queue can be claimed."""
        known = Counter(self._keys(before, self.state.waiting))
        added = Counter(self._keys(trials, waiting)) - known
        unclaimed = [*self.state.unclaimed, *list(added.elements()) * self._expects_again]
        still = list((Counter(self._keys([], waiting)) & Counter(unclaimed)).elements())
        return State(waiting, [trial.number for trial in trials if trial.why.get("enqueued")], unclaimed, still)

    def _keys(self, trials: Iterable[Trial], waiting: Iterable[Waiting]) -> list[Key]:
        begun = [proposal_of(trial) for trial in trials
                 if trial.why.get("enqueued") and trial.repeat_of is None and trial.number not in self._copied]
        return [self._space.key(params) for params in (
            *begun, *(one.params for one in waiting if one.number is None and one.repeat_of is None))]

    def by_number(self, trials: Sequence[Trial]) -> dict[int, Waiting]:
        """All enqueued configurations by the number of their trial, which may not exist yet."""
        found = {number: Waiting(proposal_of(trials[number]), number, enqueued_by(trials[number]),
                                 trials[number].repeat_of) for number in self.state.begun}
        found |= {one.number: one for one in self.state.waiting if one.number is not None}
        free = (number for number in itertools.count(len(trials)) if number not in found)
        return found | {number: one._replace(number=number) for one, number in zip(
            (one for one in self.state.waiting if one.number is None), free, strict=False)}


class Core:
    """The trials of a study, each running one assigned to an owner (any object, such as a run) until it has ended.

    Usable from several threads. A change is written at its end, also where an interruption cuts it short; in a run only
    when `write` is called: several trials in one commit.

    Attributes, for reading only: ``definition``; ``trials``, in order of number; ``queue``; ``user_attrs``;
    ``context``; ``in_run``; ``is_stopping``: `stop_run` was called in the latest run; ``given_path`` (None: in memory).
    """

    def __init__(
        self, definition: Definition, storage: str | os.PathLike[str] | None = None, start: Start | None = None,
    ) -> None:
        self.definition, self.given_path = definition, storage
        self.trials: list[Trial] = []
        self.user_attrs: dict[str, Any] = {}
        self.in_run = self.is_stopping = self._is_closed = False
        self._is_open = is_open(definition.space)
        self._lock = threading.RLock()
        self._owners: dict[int, object] = {}  # by number, of the running trials that are assigned
        self._unassigned: list[Trial] = []
        self._finished: list[Result] = []  # a memo of `finished`
        self._numbers: dict[tuple[Any, ...], list[int]] = {}  # a memo of `numbers_with`, of the first `_indexed` trials
        self._indexed = 0
        self._learner = SpaceLearner()
        self._kept: tuple[Space, list[Result], list[Result]] | None = None  # in a learned space: earlier and own ones
        self._learned: tuple[int, Space] | None = None  # a memo of `space`, with the number of finished trials
        self._workers = 1  # of the run
        self._process: int | None = None  # the process of the latest run; a process forked from it is another one
        self._file: File | None = None  # open while this object has the right to write
        self._may_write = False  # whether it has that right, and its trials are those that the file holds
        self._revision: int | None = None  # of the file, as it was when these were its trials
        self._dirty: dict[int, Trial] = {}  # to be written with the next commit, as they are by then
        self._dirty_queue = False
        self._dirty_attributes: dict[str, Any] = {}
        copied = () if start is None else {*range(len(start.trials)), *(one.number for one in start.enqueued)}
        self.queue = Queue(definition.space, copied)
        self.context = Context(definition, self.trials, self.keep)
        if storage is not None:
            self._open()
        if start is not None:
            self._begin_with(start)

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self._close_file()

    def _begin_with(self, start: Start) -> None:
        """Start with copies of another study's trials; those that the file has must be the same."""
        copies = [copied(trial, self.context) for trial in start.trials]
        if not self.trials and not self.queue.state.waiting:
            with self._changing():
                self._dirty |= {copy.number: copy for copy in copies}
                self._dirty_queue = True
                self._replace(copies, sorted(start.enqueued, key=lambda one: one.number or 0))
            return
        key = self.definition.space.key
        for number, copy in enumerate(copies):
            stored = self.trials[number] if number < len(self.trials) else None
            if stored is None or key(configuration(stored)) != key(configuration(copy)) or (
                    "running" not in (stored.state, copy.state)
                    and (stored.state, stored.values) != (copy.state, copy.values)):
                raise StorageError(
                    f"the study {self.definition.name!r} is stored already, and is no such fork: its trial {number} is "
                    "another one, or missing; use another name or file")

    def locked(self) -> contextlib.AbstractContextManager[Any]:
        """A context in which no other thread changes the study."""
        return self._lock

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Within it this thread alone changes the study, and has the right to write its file.

        What has changed is written after an interruption too, or where Python closes this generator because of one.
        """
        if self._is_forked():
            raise RuntimeError(f"the study {self.definition.name!r} is being run in another process, and can't be "
                               "changed in this one; return the values from the objective")
        with self._lock:
            try:
                self._begin_writing()
                yield
                if not self.in_run:
                    self.write()
                self._end_writing()
            except Exception:
                self._end_writing()
                raise
            except BaseException:  # an interruption, or this generator is closed after one
                self.write()
                self._end_writing()
                raise

    # Which trial is next ----------------------------------------------------------------------------------------------

    def ask(self) -> Trial:
        """Assign the next trial to an owner of its own; raises `NotReady` or `Exhausted` where there is none."""
        owner = object()
        try:
            return self.assign(owner)
        except BaseException:  # after an interruption the trial may be in the table, and the caller does not have it
            self.release(owner)
            raise

    def assign(self, owner: object) -> Trial:
        """Assign the next trial to an owner, until it has ended or the owner is released; raises as `ask`.

        It is the first unassigned one, else a new one: from the queue, or proposed by the searcher.
        """
        with self._changing():
            self._fix_searcher()
            if self.unassigned:
                return self._restarted(self.unassigned[0], owner)
            number, searcher, queue = len(self.trials), self.definition.searcher, self.queue.state
            enqueued = self.queue.next(number) if queue.waiting else None
            self._refuse_early(number, 0 if enqueued else self._searched(number)[1])
            if enqueued:
                suggestion = searcher.enqueued(enqueued.params, number)
                suggestion.why["enqueued"] = enqueued.by or True
                if enqueued.repeat_of is not None:
                    suggestion.why["repeat_of"] = enqueued.repeat_of
            else:
                suggestion = self._proposed(number)
            requests = self._requests(number, suggestion) if self._is_open else None
            trial = Trial(self.context, number, suggestion, requests)
            self._dirty[number], self._dirty_queue = trial, self._dirty_queue or enqueued is not None
            if enqueued or queue.unclaimed:
                queue = self.queue.after(enqueued, number)
            self.trials[number:], self._owners[number], self.queue.state = [trial], owner, queue
            log_begun(self.definition.name, trial)
            return trial

    def _proposed(self, number: int) -> Suggestion:
        """What the searcher proposes for a trial."""
        searcher = self.definition.searcher
        try:
            suggestion = searcher.suggest(*self._before(number))
        except Exhausted as end:
            suggestion = self._without_proposal(number, end)
        if not isinstance(suggestion, Suggestion):
            raise TypeError(f"{searcher!r} suggested {suggestion!r}; it must return a Suggestion")
        suggestion.params = self.definition.space.check(suggestion.params)
        return suggestion

    def _restarted(self, trial: Trial, owner: object) -> Trial:
        """Begin an unassigned trial again, with what is known now of a learned space, and assign it.

        One that is lost (`lost_row`) is proposed again from the same results, which may have to be there first, as
        those that any trial after a lost one was proposed from.
        """
        number = trial.number
        is_own = number >= self.definition.foreign and not trial.why.get("enqueued")
        self._refuse_early(number, self._searched(number)[1] if is_own or is_lost(trial) else 0)
        self._dirty[number] = trial
        if is_lost(trial):
            suggestion = self._proposed(number)
            self._numbers, self._indexed = {}, 0
            propose(trial, suggestion, self._requests(number, suggestion) if self._is_open else None)
        requests = requests_of(trial)
        if requests is not None:
            requests.known = self._requests(number, Suggestion(proposal_of(trial), trial.why)).known
        begin(trial)
        self._owners[number] = owner
        log_begun(self.definition.name, trial)
        return trial

    @property
    def unassigned(self) -> list[Trial]:
        """The running trials without an owner, which are assigned again before any new trial."""
        return [trial for trial in self._unassigned if trial.state == "running" and trial.number not in self._owners]

    def _refuse_early(self, number: int, needs: int) -> None:
        """Raise `NotReady` while a result that the searcher or the stopping rule needs is missing."""
        stopping, finished = self.definition.stopping, len(self.finished())
        required = needs if stopping is None else max(needs, stopping.needs(number))
        if finished >= required:
            return
        at_once = number - finished + 1
        if stopping is not None and stopping.needs(number) > finished:
            remedy = f"stopping=MedianStopping(parallel={at_once})" if isinstance(stopping, MedianStopping) else ""
        else:
            remedy = self.definition.searcher.remedy(at_once)
            remedy = remedy and f"searcher={remedy}"
        raise NotReady(number, finished, remedy)

    def _before(self, number: int) -> tuple[Space, Seen, Sequence[dict[str, Any]], int, np.random.Generator]:
        """The arguments of `Searcher.suggest` for a trial; in a learned space only with params that are in it."""
        definition, (searched, first) = self.definition, self._searched(number)
        needs, repeats = definition.searcher.needs(len(searched)), number - len(searched)
        begun = bisect.bisect_left(self.queue.state.begun, number) - repeats
        finished = results_of(self.trials[:first], definition.objectives.sign) if repeats else self.finished()
        seen = Seen(finished[:needs], definition.earlier, begun if definition.copied is None else None, definition.seed)
        rng = np.random.default_rng(np.random.SeedSequence(definition.seed, spawn_key=(number,)))
        if not self._is_open:
            return definition.space, seen, Pending(self, searched[needs:]), len(searched), rng
        space = self._learned_from(first)
        if not space.names and definition.searcher.mean_budget() is None:  # nothing has any parameter
            return space, Seen((), seen.earlier, seen.enqueued, seen.seed), [], len(searched), rng
        pending = [completed(space, proposal_of(self.trials[k]), self.trials[k].seed) for k in searched[needs:]]
        if repeats or self._kept is None or self._kept[0] is not space:  # a repeat changes an earlier result
            self._kept = space, [_within(space, result) for result in seen.earlier], []
        _, earlier, own = self._kept
        own += (_within(space, result) for result in seen.own[len(own) :])
        return space, Seen(own[: len(seen.own)], earlier, seen.enqueued, seen.seed), pending, len(searched), rng

    def _searched(self, number: int) -> tuple[Sequence[int], int]:
        """The trials before one that searchers count, which are no repeats; how many leading ones it must wait for."""
        repeats = [k for k in self.queue.state.begun if k < number and self.trials[k].repeat_of is not None]
        searched = sorted({*range(number)}.difference(repeats)) if repeats else range(number)
        needed = searched[: self.definition.searcher.needs(len(searched))]
        return searched, max((one + 1 for one in (*needed[-1:], *repeats[-1:])), default=0)

    def _without_proposal(self, number: int, end: Exhausted) -> Suggestion:
        """In a study without a space, draw the next trial at random if all known points were tried; else raise."""
        searcher = self.definition.searcher
        if not self._is_open or searcher.total(self._learned_from(self._searched(number)[1])) is not None:
            raise end
        return Suggestion({}, why={"unplanned": "every point that the trials before it show has been tried"})

    def _requests(self, number: int, suggestion: Suggestion) -> Requests:
        """The requests of a trial that begins, which know those of the trials before it that its searcher has seen."""
        is_enqueued = bool(suggestion.why.get("enqueued"))
        is_foreign = is_enqueued or number < self.definition.foreign
        known = {} if is_foreign else self._learned_from(self._searched(number)[1]).parameters
        return Requests(suggestion.params, is_enqueued, known)

    def _learned_from(self, needs: int) -> Space:
        """The space that the first ``needs`` trials have requested, in a study without one."""
        if self._learner.added > needs:
            self._learner = SpaceLearner()
        for trial in self.trials[self._learner.added : needs]:
            requests = requests_of(trial)
            assert requests is not None
            self._learner.add(requests.parameters, configuration(trial), trial.state == "failed")
        return self._learner.space()

    def _fix_searcher(self) -> None:
        """Before the study's first trial, fix how many trials its searcher proposes at a time, if that is open."""
        workers = self._workers if self.in_run else 1
        if self.definition.searcher.for_workers(workers) is not self.definition.searcher:
            file = None if self.given_path is None else self._opened()
            found = self.definition if file is None else _entered(self.definition, file)  # another process may have
            found = found._replace(searcher=found.searcher.for_workers(workers))
            self.definition = found if file is None else _entered(found, file)

    def enqueue(self, params: Mapping[str, Any], by: str | None = None) -> None:
        """Append a configuration to those that wait, and write it, unless the file has it (`Queue.claim`)."""
        checked = self.definition.space.check(params)
        with self._changing():
            # In a run only the objective of a restarted trial enqueues again: callbacks are called once for each trial.
            again = not self.in_run or any(one.state == "running" and one.attempts > 1 for one in self.trials)
            if not (again and self.queue.claim(checked, waiting_only=self.in_run)):
                known = self.queue.by_number(self.trials)
                number = next(number for number in itertools.count(len(self.trials)) if number not in known)
                self.definition.searcher.enqueued(checked, number)  # raises if it is not possible
                self._dirty_queue = True
                self.queue.add(Waiting(checked, None, by))
                self.write()

    def enqueue_repeats(self, numbers: Sequence[int]) -> int:
        """Enqueue repeats of these trials, as the next ones, that neither wait nor are latest; how many now wait."""
        with self._changing():
            waiting, others = ([one for one in self.queue.state.waiting if (one.repeat_of is None) is is_other]
                               for is_other in (False, True))
            known = Counter([one.repeat_of for one in waiting] + [one.repeat_of for one in repeats_at_end(self.trials)])
            waiting += [Waiting(configuration(self.trials[number]), repeat_of=number)
                        for k, number in enumerate(numbers) if numbers[:k].count(number) >= known[number]]
            self._dirty_queue = True
            self.queue.state = self.queue.state._replace(waiting=[*waiting, *others])
            return len(waiting)

    # Outcomes --------------------------------------------------------------------------------------------------------

    def tell(self, trial: Trial | int, value: Any, state: str | None = None) -> Trial:
        """Record the outcome of a running trial."""
        with self._changing():
            found = self.find(trial)
            if found.state != "running":
                raise ValueError(f"trial {found.number} is {found.state} already; a trial can be told once")
            if is_lost(found):
                raise ValueError(f"trial {found.number}: {LOST}; ask() proposes it again first")
            self.finish(found, judged(found, value, state))
            return found

    def finish(self, trial: Trial, outcome: Outcome) -> None:
        """Record an outcome, unless the trial has been told already, as by its objective. All outcomes pass here."""
        with self._changing():
            if trial.state == "running":
                self._dirty[trial.number] = trial
                settle(trial, outcome._replace(finished=time.time()))
                self._owners.pop(trial.number, None)
                log_ended(self.definition.name, trial)

    def keep(self, trial: Trial) -> None:
        """Write a running trial, which a stopping rule has decided on; where that fails, the next commit writes it."""
        with self._lock, contextlib.suppress(StorageError):
            self._dirty[trial.number] = trial
            self.write()

    def begin_again(self, trial: Trial) -> bool:
        """Within a run, begin a trial again whose worker was lost: one more attempt. False if it has been told."""
        with self._lock:
            if trial.state != "running":
                return False
            self._dirty[trial.number] = trial
            begin(trial)
            return True

    def release(self, owner: object) -> None:
        """Make the running trials of an owner unassigned, so that they are assigned again."""
        with self._lock:
            self._disown(owner)
            self._end_writing()

    def _disown(self, owner: object) -> None:
        if owner in self._owners.values():
            owners = {number: other for number, other in self._owners.items() if other is not owner}
            self._owners, self._unassigned = owners, [one for one in self.trials if one.state == "running"]

    def set_user_attr(self, key: str, value: Any) -> None:
        """Attach an attribute to the study."""
        added = checked_attribute(key, value)
        with self._changing():
            self._dirty_attributes |= added
            self.user_attrs = self.user_attrs | added

    # Look-ups --------------------------------------------------------------------------------------------------------

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
        if not self._is_open:
            return self.definition.space
        count = finished_count(self.trials)
        if self._learned is None or self._learned[0] != count:
            self._learned = count, learned_space(self.trials)
        return self._learned[1]

    # Runs ------------------------------------------------------------------------------------------------------------

    def refuse_second_run(self) -> None:
        """A RuntimeError while the study is being run, as in its own objective or in another thread."""
        if self.in_run:
            raise RuntimeError(f"the study {self.definition.name!r} is being run; run it again when that has ended")

    def refuse_repeats(self) -> None:
        """A ValueError in a study whose trials can't be repeated to confirm them, a RuntimeError during a run."""
        self.refuse_second_run()
        searcher, objectives = self.definition.searcher, self.definition.objectives
        if objectives.several or searcher.mean_budget() is not None:
            raise ValueError("trials can be confirmed only in a study of one objective with a searcher that allots no "
                             f"budgets; this study has {objectives} and {searcher!r}: enqueue trials again instead")

    def begin_run(self, workers: int) -> None:
        """Begin a run: until its end trials are written when `write` is called, and the right to write is kept."""
        with self._lock:
            self._begin_writing()
            self._workers, self._process, self.in_run, self.is_stopping = workers, os.getpid(), True, False

    def stop_run(self) -> None:
        """Have the run that is under way begin no further trial; a RuntimeError where there is none."""
        if not self.in_run or self._is_forked():
            raise RuntimeError(
                f"the study {self.definition.name!r} is not being run in this process; call stop from a callback, "
                "or from an objective that runs in the study's own process")
        self.is_stopping = True

    def end_run(self, owner: object) -> None:
        """Write what is not written, and release the run's trials. May be called again."""
        with self._lock:
            self.in_run = False
            try:
                self.write()
            finally:
                self._disown(owner)
                self._end_writing()

    def _is_forked(self) -> bool:
        """Whether this process was forked from that of the run; without the lock, which a thread may have held then."""
        return self.in_run and self._process != os.getpid()

    # The file --------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Create the study in the file, or check and load it; only read it where another process writes."""
        assert self.given_path is not None
        try:
            file = File(self.given_path, patience=0.0)
        except NotWritable:
            reading = False
            with contextlib.suppress(StorageError), File(self.given_path, reading=True) as file:
                reading = self.definition.name in file.names()
            file = File(self.given_path, reading)
        with file:
            self.path, self._identity = file.file, file.identity
            self.definition = _entered(self.definition, file)
            self._load(file)
            if not file.reading:  # otherwise another process may be changing it
                self._revision = file.revision(self.definition.name)

    def _load(self, file: File) -> None:
        """Take over the trials, the queue and the attributes that the file holds."""
        name, space = self.definition.name, self.definition.space
        rows = file.rows(name)
        if self.definition.copied is None:  # where it is a fork, this script has not made it
            try:
                self.definition = self.definition._replace(copied=copied_of(file.definition(name), rows))
            except (TypeError, ValueError) as problem:
                raise StorageError(f"{str(file.path)!r} is damaged: the study {name!r}: {problem}") from problem
            self.context = Context(self.definition, self.trials, self.keep)
        trials = [trial_of(name, row, space, self.context) for row in rows]
        if [trial.number for trial in trials] != list(range(len(trials))):
            raise StorageError(f"the study {name!r} is stored with a gap in its numbers; it can't be resumed")
        lost = [trial.number for trial in trials if is_lost(trial)]
        if lost:
            checks.warn(f"of the study {name!r} these trials were lost with a part of its file: {checks.ranges(lost)}; "
                        "they are proposed again, and run, when the study is continued")
        if [trial.state for trial in trials] == [trial.state for trial in self.trials]:
            trials = list(self.trials)  # those that the user has
        waiting = stored_queue(name, space, file.queue(name))
        self.user_attrs = file.attributes(name) | self._dirty_attributes
        self._replace(trials, waiting)

    def _replace(self, trials: list[Trial], waiting: list[Waiting]) -> None:
        queue, running = self.queue.replaced(self.trials, trials, waiting), [t for t in trials if t.state == "running"]
        (self._owners, self._unassigned, self._finished, self._kept, self._numbers, self._indexed, self.queue.state,
         self.trials[:]) = {}, running, [], None, {}, 0, queue, trials

    def _opened(self) -> File:
        """The file that this study was opened in, not another one of that name, opened for writing."""
        if self._file is None or not self._file.is_open:
            if identity(self.path) != self._identity:
                raise StorageError(
                    f"{str(self.path)!r} was deleted or replaced since this study was opened; the study in memory has "
                    "all trials: study.backup(path) keeps them in another file, study.to_csv(path) writes them as a "
                    "table")
            assert self.given_path is not None
            self._file = File(self.path)
            if self._may_write:  # commits were lost; all trials are written again, and none that is there overwritten
                _entered(self.definition, self._file)
                self._dirty, self._dirty_queue = {trial.number: trial for trial in self.trials}, True
                self._dirty_attributes = dict(self.user_attrs)
        return self._file

    def _begin_writing(self) -> None:
        """Take the right to write, and take over what another writer has written since."""
        if self._is_closed:
            raise StorageError(f"the study {self.definition.name!r} is closed: its trials can be read, but no trial "
                               "can be run; create the Study again to continue")
        if self.given_path is None:
            return
        claim(self.path, self.definition.name, self, must_be_latest=self._may_write)
        file = self._opened()
        if not self._may_write:
            revision = file.revision(self.definition.name)
            if revision != self._revision:
                self._load(file)
                self._revision = revision
            self._may_write = True

    @property
    def _has_unwritten(self) -> bool:
        return bool(self.given_path is not None and (self._dirty or self._dirty_queue or self._dirty_attributes))

    def write(self) -> None:
        """Write all that has changed, in one commit; twice where the first commit may have been lost."""
        if self.given_path is None:
            self._dirty.clear()
            return
        with self._lock:
            if self._has_unwritten and self._may_write:
                try:
                    self._put()
                except Lost:
                    self._put()

    def _put(self) -> None:
        """Write what has changed, but no trial that an interruption has kept out of the table."""
        file, known, space = self._opened(), len(self.trials), self.definition.space
        rows = [row_of(trial, space, reason_of(self.definition, trial))
                for trial in list(self._dirty.values()) if trial.number < known]
        queue = packed_queue(space, self.queue.state.waiting) if self._dirty_queue else None
        file.put(self.definition.name, rows, queue, self.user_attrs if self._dirty_attributes else None)
        self._dirty.clear()
        self._dirty_queue, self._dirty_attributes = False, {}

    def _end_writing(self) -> None:
        """Close the file, and give back the right to write, unless a trial is under way or something is unwritten."""
        if self.in_run or self._has_unwritten or self._file is None or any(
                self.trials[number].state == "running" for number in self._owners):
            return
        try:
            if self._file.is_open and self._may_write:
                try:
                    self._file.confirm()
                except Lost:
                    self._put()
                self._revision = self._file.revision(self.definition.name)
        finally:
            self._close_file()

    def _close_file(self) -> None:
        self._may_write = False
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Write what is not written, and close the file."""
        with self._lock:
            if self.in_run:
                raise RuntimeError(
                    f"the study {self.definition.name!r} is being run; close it when run has returned")
            try:
                if self._has_unwritten and not self._is_closed:
                    self._begin_writing()
                    self.write()
            finally:
                self._is_closed, self._owners = True, {}
                self._close_file()

    def refuse_own(self, path: Path) -> None:
        """Raise a ValueError if a path is the study's file, or a file that belongs to it."""
        for end in () if self.given_path is None else ("", *BESIDE):
            own = self.path.with_name(self.path.name + end)
            if Path(os.path.realpath(path)) == own or (identity(path) is not None and identity(path) == identity(own)):
                raise ValueError(f"path is {str(path)!r}, which is the file of this study, or belongs to it; it must "
                                 "be another file")

    def backup(self, path: Path) -> None:
        """Write a complete copy to another file: all that the own file holds, and the trials in memory."""
        name, space = self.definition.name, self.definition.space
        self.refuse_own(path)
        with self._lock, contextlib.ExitStack() as until, whole_file(path) as beside:
            until.callback(Lock(path.resolve()).release)
            has_file = self.given_path is not None and identity(self.path) == self._identity
            if has_file:
                with File(self.path, reading=True) as file:
                    file.copy_to(beside)
            with File(beside) as copy:
                copy.enter(name, self.definition.as_stored())
                waits = None if has_file and not self._dirty_queue else packed_queue(space, self.queue.state.waiting)
                rows = [row_of(one, space, reason_of(self.definition, one), is_copy=True) for one in self.trials]
                copy.put(name, rows, waits, self.user_attrs)
            if path.exists():
                refuse_loss(path, beside)
            clear_beside(path.resolve())

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            running = [trial for trial in self.trials if trial.state == "running"]
            return {name: value for name, value in vars(self).items() if name != "_lock"} | {
                "given_path": None, "_file": None, "in_run": False, "_is_closed": False, "_owners": {}, "_dirty": {},
                "_may_write": False, "_unassigned": running}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.RLock()


def _entered(definition: Definition, file: File) -> Definition:
    """Create the study in a file, or compare the definitions; return this one, with the file's ``parallel``."""
    name = definition.name
    if name in file.names():
        stored = text_of(file.definition(name).get("searcher"))
        definition = definition._replace(searcher=fixed_as(definition.searcher, stored))
        if fixes(definition.searcher, stored) and not file.reading:
            file.put_searcher(name, encoded(definition.searcher))
    file.enter(name, definition.as_stored(), _shown)
    return definition


def _within(space: Space, result: Result) -> Result:
    """A result with only those params that are `within` a learned space."""
    params = within(space, result.params)
    return result if params == result.params else result._replace(params=params)


def reason_of(definition: Definition, trial: Trial) -> str:
    """Explain in words why a trial was proposed, what does not follow from the proposal, and if it is feasible."""
    number, why, several = trial.number, trial.why, definition.objectives.several
    if definition.copied is not None and number < definition.foreign:
        return definition.copied.reasons[number]
    if trial.repeat_of is not None:
        reason = f"it repeats trial {trial.repeat_of}, a candidate that is confirmed by new values."
    elif why.get("enqueued"):
        reason = f"put into the queue by {enqueued_by(trial) or 'the user'}."
    elif is_lost(trial):
        reason = f"{why['lost']}; it is proposed again, and run, when the study is continued."
    elif "unplanned" in why:
        reason = f"no proposal, since {why['unplanned']}."
    else:
        reason = definition.searcher.explain(why)
        if "maximize" in definition.objectives.directions and "loss" in reason:
            reason = f"(A loss is minus the value{' of what is maximised' * several} here.) {reason}"
    requests = requests_of(trial)
    asked = "" if requests is None else requests.explanation()
    return f"Trial {number}: {reason}{asked}{in_words(why.get('halving', ()))}{said_constraints(trial)}"


def brief_reason(trial: Trial, reason: str, searcher: Searcher | None, objectives: Objectives, known: int) -> str:
    """Why a trial, one of so many ``known`` ones, was proposed, in one sentence with values instead of losses.

    ``reason`` is that of `reason_of`; its first sentence is used where the ``searcher`` has not proposed the trial, or
    is not known (None).
    """
    number, why = trial.number, trial.why
    if searcher is None or why.get("enqueued") or "unplanned" in why or is_lost(trial):
        clause = reason.removeprefix(f"Trial {number}: ").partition(". ")[0].removesuffix(".")
    else:
        clause = searcher.brief(why, 1.0 if objectives.several else objectives.sign)
    return f"Trial {number} (the {checks.ordinal(number + 1)} of {checks.counted(known, 'trial')}): {clause}."


def enqueued_by(trial: Trial) -> str | None:
    """Who has enqueued the configuration of a trial; None: the user, or it is not an enqueued one."""
    by = trial.why.get("enqueued")
    return by if isinstance(by, str) else None


def packed_queue(space: Space, waiting: Sequence[Waiting]) -> list[Any]:
    """The configurations that wait as they are stored, each as [number, params, by, repeat_of]."""
    return [[one.number, encoded(one.params) if is_open(space) else packed_params(space, one.params), one.by,
             one.repeat_of] for one in waiting]


def stored_queue(study: str, space: Space, packed: Sequence[Any]) -> list[Waiting]:
    """The inverse of `packed_queue`."""
    try:
        return [Waiting(decoded(params) if is_open(space) else space.check(unpacked_params(space, params)), number, *of)
                for number, params, *of in packed]
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise StorageError(
            f"an enqueued configuration of the study {study!r} is not in this space: {problem}") from problem


def _shown(part: Any) -> str:
    """A part of a stored definition for people; of a parameter its name and its arguments."""
    if isinstance(part, list) and len(part) == 2 and isinstance(part[0], str):
        return f"({part[0]!r}, {text_of(part[1])})"
    return text_of(part) if isinstance(part, (dict, list)) else repr(part)

