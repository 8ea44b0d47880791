"""A study is a table of trials that a searcher proposes, an objective values, and everybody can look up later.

The table is a function of the space, the searcher, the seed, the enqueued points and the objective alone: trials are
handed out in order of number, and trial ``number`` is proposed from the first ``needs(number)`` results, however many
threads run and in whatever order they finish.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import bisect
import csv
import io
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from scratchtune import checks
from scratchtune.files import write_text
from scratchtune.search import (
    DEFAULT,
    PendingParams,
    Result,
    Searcher,
    Seen,
    Space,
    Suggestion,
    as_searcher,
)
from scratchtune.search.space import Constraint
from scratchtune.study.executors import capacity
from scratchtune.study.keeping import Keeper, refuse_own, write_copy
from scratchtune.study.locking import StorageError
from scratchtune.study.running import Run
from scratchtune.study.stopping import as_stopping
from scratchtune.study.trial import STATES, Apart, NotReady, Trial

Made = TypeVar("Made")


class Study:
    """Trials over a space; kept in memory and, where ``storage`` is a path, in that SQLite file too.

    A study of that ``name`` (None: "study") that is there already is taken up where it was, if it is defined alike: by
    space, searcher, seed, direction, stopping, earlier trials, whether there is a constraint, and ``data``, a text for
    what the objective is about, such as a digest of rows and folds. A copy, pickled or deep, lives in memory alone.

    The table of trials is a function of the space, the searcher, the seed, the constraint, the stopping rule, earlier
    and enqueued trials, and the objective. It does not depend on how many workers there are, on the order in which they
    finish, or on interruptions. A Gaussian process (`BayesianSearch`) and the training of a network are compiled for
    the processor at hand, so with them the table also depends on its instruction set: it is the same, bit for bit, on
    processors of one kind, and may differ on another kind.

    While trials are under way, the latest ones are in files beside it, and only `backup` makes a complete copy. When
    `run` has returned, when all trials that were asked for are told, and after `close`, which a ``with`` statement
    calls too, the file itself holds everything, and nothing is beside it.

    >>> study = Study({"x": [-1.0, 0.5, 2.0]}, searcher="grid")
    >>> study.run(lambda trial: trial.params["x"] ** 2, progress=False).best_params
    {'x': 0.5}
    """

    def __init__(
        self, space: Mapping[str, Any] | Space, searcher: str | Searcher = DEFAULT, direction: str = "minimize",
        seed: int = 0, storage: Any = None, name: str | None = None, constraint: Constraint | None = None,
        start_from: Study | None = None, stopping: Any = None, data: str | None = None,
    ) -> None:
        self.space = Space(space, constraint)
        self.searcher = as_searcher(searcher)
        self.direction = checks.choice("direction", direction, ["minimize", "maximize"])
        self.seed = checks.integer("seed", seed, low=0)
        self.stopping = as_stopping(stopping)
        self.name, self.data = _checked_text("name", name) or "study", _checked_text("data", data)
        self.idle_share: float | None = None
        self._sign = 1.0 if direction == "minimize" else -1.0
        self._trials: list[Trial] = []
        self._results: list[Result] = []  # of the first trials, as far as they are finished without a gap
        self._best: Trial | None = None
        self._queue: list[dict[str, Any]] = []
        self._enqueued: list[int] = []
        self._awaiting: list[int] = []  # enqueued trials that were kept, and that are not enqueued again so far
        self._held: dict[int, object] = {}  # by number: who runs a trial that was handed out
        self._again: list[Trial] = []  # running trials that nobody runs
        self._lost: dict[int, int] = {}  # how often the worker of a running trial was lost
        self._gathering = False  # whether what comes is written later, together
        self._numbers: dict[tuple[Any, ...], list[int]] = {}
        self._indexed = 0
        self._closed = False
        self._lock = threading.RLock()
        self._earlier = [] if start_from is None else self._adopted(start_from)
        self._keeper = None if storage is None else Keeper(self, storage)
        if self._keeper is not None:
            self._take_up(self._keeper.enter())
            self._awaiting = list(self._enqueued)

    # Ask and tell ----------------------------------------------------------------------------------------------------

    def ask(self) -> Trial:
        """Return the next trial to run; raises `NotReady` while a result is awaited, `Exhausted` at the end."""
        holder = object()
        try:
            return self._ask(holder)
        except BaseException:  # an interruption, say: the trial is there, and nobody has it
            self._release(holder)
            raise

    def tell(self, trial: Trial | int, value: Any = None, state: str | None = None) -> Trial:
        """Record what came of a trial; a value that is no finite number, or an exception, makes it a failed one."""
        if state is not None:
            checks.choice("state", state, STATES[1:])
        return self._surely(lambda: self._told(trial, value, state))

    def enqueue(self, params: Mapping[str, Any]) -> None:
        """Have a setting tried next, before anything the searcher proposes.

        In a study that was kept, a script that enqueues the same settings again enqueues nothing new.
        """
        with self._lock:
            self._refuse_closed()
            checked = self.space.check(params)
            if self._awaiting:
                kept = self._trials[self._awaiting[0]]
                if self.space.key(kept._params) != self.space.key(checked):
                    raise ValueError(
                        f"params is {checked!r}; this study was kept, and {kept._params!r} was enqueued here at first: "
                        "enqueue the same settings in the same order, further ones after them")
                self._awaiting.pop(0)
                return
            self.searcher.enqueued(checked, len(self._trials) + len(self._queue))  # raises where it has no place
            self._queue.append(checked)

    def run(
        self, objective: Callable[[Trial], Any], n_trials: int | None = None, timeout: float | None = None,
        n_jobs: int = 1, executor: Any = None, callbacks: Iterable[Callable[[Study, Trial], Any]] = (),
        progress: bool = True, retries: int = 2, max_failures: int | None = None,
    ) -> Study:
        """Run trials on ``n_jobs`` threads until the study has ``n_trials``, failed ones counted; return the study.

        ``n_trials=None`` is the searcher's whole schedule where it has one, else 50. After ``timeout`` seconds no
        further trial begins. Each callback is called as callback(study, trial) when a trial is finished and recorded.
        ``executor``, any of `concurrent.futures`, runs the trials elsewhere (see `scratchtune.study.executors`), as
        many at a time as it has workers, or ``n_jobs`` if that is more than one. A trial whose worker dies is
        restarted, up to ``retries`` times; then it has failed, and the others continue. A dead worker breaks a whole
        ``ProcessPoolExecutor``, which does not report which trial it ran: this death counts for no trial, all running
        ones are restarted, and from then on each trial runs in a process pool of its own, made like the first one
        (``initializer`` is called again). ``max_failures`` failed trials end the run with a RuntimeError that holds the
        first traceback. An exception of the objective makes its trial a failed one; what is no `Exception`, such as the
        SystemExit of sys.exit() or Ctrl-C, ends the run instead: nothing that has finished is lost, the next run begins
        the trials again that had not, and a callback that has not been called by then is not called any more. A failed
        trial's ``traceback`` from another process is the same text as from a thread, except that it lacks the source
        lines of code that is in no file there, such as a notebook's. Afterwards ``idle_share`` says for which share of
        the time the workers had no trial.
        """
        if not callable(objective):
            raise TypeError(f"objective is {objective!r}; it must be a function from a trial to a number")
        limit = None if n_trials is None else checks.integer("n_trials", n_trials, low=1)
        if timeout is not None:
            timeout = checks.real("timeout", timeout, low=0.0)
        if max_failures is not None:
            max_failures = checks.integer("max_failures", max_failures, low=1)
        called = tuple(callbacks) if isinstance(callbacks, Iterable) else (callbacks,)
        for callback in called:
            if not callable(callback):
                raise TypeError(f"callbacks holds {callback!r}; it must hold functions of a study and a trial")
        retries = checks.integer("retries", retries, low=0)
        Run(self, objective, limit, timeout, capacity(executor, n_jobs), executor, called, bool(progress), retries,
            max_failures).go()
        return self

    # What came of it -------------------------------------------------------------------------------------------------

    @property
    def trials(self) -> list[Trial]:
        """All trials, in order of number."""
        return list(self._trials)

    @property
    def best_trial(self) -> Trial:
        """The complete trial of the best value, the first of several; a ValueError if no trial is complete."""
        if self._best is None:
            failed = [trial for trial in self._trials if trial.state == "failed"]
            first = f"; trial {failed[0].number} failed: {failed[0].error}" if failed else ""
            raise ValueError(f"no trial of {len(self._trials)} is complete{first}")
        return self._best

    @property
    def best_params(self) -> dict[str, Any]:
        """The setting of the best trial."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """The best value, in the user's direction."""
        value = self.best_trial.value
        assert value is not None
        return value

    def why(self, number: int) -> str:
        """Say in words why a trial was proposed; as plain data it is ``trials[number].why``."""
        return self.reason_of(self._find(number))

    def reason_of(self, trial: Trial) -> str:
        """Say in words why a trial was proposed."""
        if trial.why.get("enqueued"):
            return f"Trial {trial.number}: put into the queue by the user."
        said = self.searcher.explain(trial.why)
        turned = " (A loss is minus the value here.)" if self.direction == "maximize" and "loss" in said else ""
        return f"Trial {trial.number}: {said}{turned}"

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table, one trial a line: number, state, value, param_NAME..., budget, parent, error, seconds."""
        if self._keeper is not None:
            refuse_own(self._keeper, Path(path))
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow(["number", "state", "value", *(f"param_{name}" for name in self.space.names),
                         "budget", "parent", "error", "seconds"])
        for t in self._trials:
            values = [str(t._params[name]) if name in t._params else "" for name in self.space.names]
            writer.writerow([t.number, t.state, t.value, *values, t.budget, t.parent, t.error, t.seconds])
        write_text(path, file.getvalue())

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Write a copy to another file of studies, complete even while trials run; ``storage=path`` goes on from there.

        It holds everything in the study's own file, and every trial that the study has in memory: so also where its own
        file was deleted or can't be written, or where it has none. Trials that are running will begin again. A file
        that is there is replaced if it is an earlier backup. A ValueError where it is the study's own or holds
        something else, and a StorageError while another process writes it.
        """
        with self._lock:
            write_copy(self, self._keeper, Path(path))

    def close(self) -> None:
        """Write what is not written, and close the file; trials that were asked for and not told stay "running".

        What the study holds can still be read; to run further trials, make the Study anew.
        """
        with self._lock:
            if self._gathering:
                raise RuntimeError(f"the study {self.name!r} is being run; close it when run has returned")
            try:
                if self._keeper is not None and self._keeper.has_unwritten and not self._closed:
                    self._begin_writing()
                    self._write()
            finally:
                self._closed, self._held = True, {}
                if self._keeper is not None:
                    self._keeper.close()

    def __enter__(self) -> Study:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        except StorageError:
            if error is None:  # of two errors the first one says more
                raise

    def __repr__(self) -> str:
        best = "" if self._best is None else f", best value {self._best.value:.6g}"
        return f"<Study {self.name!r}: {self.searcher!r}, {self.direction}, {len(self._trials)} trials{best}>"

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {name: value for name, value in vars(self).items() if name not in ("_lock", "_held")} | {
                "_keeper": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lost = {}
        self._lock = threading.RLock()
        self._again = [trial for trial in self._trials if trial.state == "running"]  # nobody runs them here
        self._held, self._gathering, self._closed = {}, False, False

    # Handing out, writing and taking up ------------------------------------------------------------------------------
    #
    # Ctrl-C may come at any line. So what belongs together changes in one assignment, which no interruption splits
    # (its right side is computed before anything changes); a trial is noted before it changes, and so is written even
    # where the interruption comes just then; what follows from the trials is computed from them when it is needed.

    def _ask(self, holder: object) -> Trial:
        """Hand out the next trial to somebody, who runs it until it is told, or until `_release`."""
        return self._surely(lambda: self._handed_out(holder))

    def _handed_out(self, holder: object) -> Trial:
        """The next trial: one that nobody runs any more, or a new one."""
        if self._again:
            trial = self._again[0]
            self._note(trial)
            trial.begin()
            self._again, self._held[trial.number] = self._again[1:], holder
            return trial
        number, leading = len(self._trials), len(self._seen())
        if leading < self._awaited(number):
            raise NotReady(number, leading)
        queued = self._queue[:1]
        suggestion = self.searcher.enqueued(queued[0], number) if queued else self._suggested(number)
        trial = Trial(self, number, suggestion)
        self._note(trial)
        self._trials[number:], self._held[number], self._queue, self._enqueued, self._awaiting = (
            [trial], holder, self._queue[len(queued) :], self._enqueued + [number] * len(queued), [])
        return trial

    def _told(self, trial: Trial | int, value: Any, state: str | None) -> Trial:
        """Record what came of a trial that is running."""
        found = self._find(trial)
        if found.state != "running":
            raise ValueError(f"trial {found.number} is {found.state} already; a trial can be told once")
        self._end(found, found.finish(value, state))
        return found

    def _taken(self, trial: Trial, outcome: Mapping[str, Any]) -> None:
        """Record what came of a trial in another process."""
        self._surely(lambda: self._end(trial, trial.take(outcome)))

    def _end(self, trial: Trial, state: str) -> None:
        """Enter a trial that has come to its end; of its outcome all but the state is recorded."""
        self._note(trial)
        best = self._best
        if state == "complete" and (best is None or self._rank(trial) < self._rank(best)):
            best = trial
        trial.state, self._best, self._again = state, best, [other for other in self._again if other is not trial]
        self._held.pop(trial.number, None)

    def _release(self, holder: object) -> None:
        """Have the trials that somebody was handed out and has not told handed out again."""
        with self._lock:
            if holder in self._held.values():
                held = {number: other for number, other in self._held.items() if other is not holder}
                self._held, self._again = held, [
                    trial for trial in self._trials if trial.state == "running" and trial.number not in held]
            self._end_writing()

    def _surely(self, change: Callable[[], Made]) -> Made:
        """Make a change, and write it; also where an interruption cuts the change, or the writing, short."""
        with self._lock:
            try:
                self._begin_writing()
                made = change()
                self._write(at_once=not self._gathering)
                self._end_writing()
                return made
            except Exception:
                self._end_writing()
                raise
            except BaseException:
                self._write()
                self._end_writing()
                raise

    def _begin_writing(self) -> None:
        """Take the right to write; what somebody else has written since is taken up."""
        self._refuse_closed()
        if self._keeper is not None and self._keeper.begin():
            kept = self._keeper.trials()
            if [trial.state for trial in kept] != [trial.state for trial in self._trials]:
                self._take_up(kept)
            self._keeper.taken_up()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StorageError(f"the study {self.name!r} is closed: what it holds can be read, but no trial can "
                               "be run; make the Study anew to go on")

    def _end_writing(self) -> None:
        """Give the right to write back where no trial is under way."""
        if self._keeper is None or self._gathering:
            return
        if not any(self._trials[number].state == "running" for number in self._held):
            self._keeper.end()

    def _note(self, trial: Trial) -> None:
        """Have a trial written with the next commit, as it is by then."""
        if self._keeper is not None:
            self._keeper.note(trial)

    def _write(self, at_once: bool = True) -> None:
        """Write all that has been noted; in a run the trials that end together are written together."""
        if self._keeper is not None and at_once:
            with self._lock:
                self._keeper.write()

    def _begin_run(self) -> None:
        """From here on trials are written when `_write` is called, and the right to write is kept."""
        with self._lock:
            self._begin_writing()
            self._gathering = True
            if self._keeper is not None:
                self._keeper.running = True

    def _end_run(self, holder: object) -> None:
        """Write what is not written, and have what the run has not finished handed out again; again is no harm."""
        with self._lock:
            self._gathering = False
            if self._keeper is not None:
                self._keeper.running = False
            try:
                self._write()
            finally:
                self._release(holder)

    def _take_up(self, trials: list[Trial]) -> None:
        """Go on from trials that were kept; those that were running are handed out again first."""
        if [trial.number for trial in trials] != list(range(len(trials))):
            raise StorageError(f"the study {self.name!r} was kept with a gap in its numbers; it can't be taken up")
        queue, known = self._queue, len(self._trials)
        enqueued = [trial.number for trial in trials if trial.why.get("enqueued")]
        for number in enqueued[bisect.bisect_left(enqueued, known) :]:  # somebody has enqueued alike
            if queue and self.space.key(queue[0]) == self.space.key(trials[number]._params):
                queue = queue[1:]
        best = min((trial for trial in trials if trial.state == "complete"), key=self._rank, default=None)
        again = [trial for trial in trials if trial.state == "running"]
        self._trials, self._results, self._best, self._queue, self._enqueued, self._held, self._again = (
            trials, [], best, queue, enqueued, {}, again)
        self._numbers, self._indexed = {}, 0

    # What stands behind a trial --------------------------------------------------------------------------------------

    def seed_of(self, trial: Trial) -> int:
        """The seed of a trial's first ancestor: made from the study's seed and that one's number."""
        while trial.parent is not None:
            trial = self._trials[trial.parent]
        return int(np.random.SeedSequence(self.seed, spawn_key=(trial.number, 1)).generate_state(1)[0])

    def saved_by_parent(self, trial: Trial) -> dict[str, np.ndarray] | None:
        """What a trial's parent has saved."""
        return None if trial.parent is None else self._trials[trial.parent]._saved

    def has_enough_of(self, trial: Trial) -> bool:
        """What the stopping rule says about a running trial, from its reports and those of the trials that it sees."""
        return self._apart(trial).has_enough_of(trial)

    def _apart(self, trial: Trial) -> Apart:
        """What stands behind a trial, by itself."""
        others: list[dict[int, float]] = []
        if self.stopping is not None:
            seen = (other for other in self._trials[: self.stopping.needs(trial.number)] if other.state == "complete")
            others = [self._as_losses(other.reports) for other in seen]
        return Apart(self.seed_of(trial), self.saved_by_parent(trial), self.stopping, others, self._sign)

    def _as_losses(self, reports: Mapping[int, float]) -> dict[int, float]:
        return {step: self._sign * value for step, value in reports.items()}

    # Beneath ---------------------------------------------------------------------------------------------------------

    def _awaited(self, number: int) -> int:
        """How many leading trials must be finished before a trial begins: for the searcher and the stopping rule."""
        searcher = 0 if self._queue else self.searcher.needs(number)
        return searcher if self.stopping is None else max(searcher, self.stopping.needs(number))

    def _suggested(self, number: int) -> Suggestion:
        needs = self.searcher.needs(number)
        enqueued = bisect.bisect_left(self._enqueued, number)
        seen = Seen(self._seen()[:needs], self._earlier, enqueued, self.seed)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))
        suggestion = self.searcher.suggest(self.space, seen, Pending(self, needs, number), number, rng)
        if not isinstance(suggestion, Suggestion):
            raise TypeError(f"{self.searcher!r} suggested {suggestion!r}; it must return a Suggestion")
        suggestion.params = self.space.check(suggestion.params)
        return suggestion

    def _find(self, trial: Trial | int) -> Trial:
        number = trial.number if isinstance(trial, Trial) else checks.integer("trial", trial)
        if not 0 <= number < len(self._trials) or (isinstance(trial, Trial) and trial is not self._trials[number]):
            raise ValueError(f"trial {number} is not one of this study, which has {len(self._trials)} trials, from 0")
        return self._trials[number]

    def _seen(self) -> list[Result]:
        """The results of the first trials, as far as they are finished without a gap."""
        with self._lock:
            while len(self._results) < len(self._trials) and self._trials[len(self._results)].state != "running":
                self._results.append(self._result(self._trials[len(self._results)]))
            return self._results

    def _result(self, trial: Trial) -> Result:
        """What searchers see of a finished trial: its value as a loss, smaller is better, NaN is a failure."""
        loss = float("nan") if trial.value is None else self._sign * trial.value
        return Result(trial.number, trial._params, loss, trial.state, trial.budget, trial.parent)

    def _rank(self, trial: Trial) -> tuple[float, int]:
        return self._sign * (trial.value or 0.0), trial.number

    def _adopted(self, study: Study) -> list[Result]:
        """The results of an earlier study, which this one's searcher sees before its own."""
        if not isinstance(study, Study):
            raise TypeError(f"start_from is {study!r}; it must be a Study")
        if study.direction != self.direction:
            raise ValueError(
                f"start_from has the direction {study.direction!r}; it must be {self.direction!r}, as this study's")
        own = [study._result(trial) for trial in study.trials if trial.state != "running"]
        results = study._earlier + own
        return [result._replace(params=self.space.check(result.params)) for result in results]

    def _numbers_of(self, params: Mapping[str, Any]) -> list[int]:
        """Numbers of the trials that have these params."""
        for trial in self._trials[self._indexed :]:
            self._numbers.setdefault(self.space.key(trial._params), []).append(trial.number)
        self._indexed = len(self._trials)
        return self._numbers.get(self.space.key(params), [])


class Pending(PendingParams):
    """The params of the trials from ``start`` up to ``stop``; whether a setting is among them is one look-up."""

    def __init__(self, study: Study, start: int, stop: int) -> None:
        self._study, self._start, self._stop = study, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __getitem__(self, index: Any) -> Any:
        numbers = range(self._start, self._stop)[index]
        if isinstance(numbers, range):
            return [self._study._trials[number]._params for number in numbers]
        return self._study._trials[numbers]._params

    def __contains__(self, params: object) -> bool:
        assert isinstance(params, Mapping)
        return any(self._start <= number < self._stop for number in self._study._numbers_of(params))


def tune(
    objective: Callable[[Trial], Any], space: Mapping[str, Any] | Space, searcher: str | Searcher = DEFAULT,
    n_trials: int | None = None, direction: str = "minimize", seed: int = 0, **options: Any,
) -> Study:
    """Make a study, run it, return it; the options are those of `Study` and of `Study.run`.

    >>> tune(lambda trial: trial.params["x"], {"x": [3, 1, 2]}, "grid", progress=False).best_value
    1.0
    """
    of_study = ("storage", "name", "constraint", "start_from", "stopping", "data")
    made_with = {name: options.pop(name) for name in of_study if name in options}
    return Study(space, searcher, direction, seed, **made_with).run(objective, n_trials, **options)


def _checked_text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); it must be text, or None")
    if value is not None and value != value.encode("utf-8", "replace").decode("utf-8"):
        raise ValueError(f"{name} is {value!r}; it must be text of Unicode, without halves of characters")
    return value
