"""Studies are interrupted at chosen moments, checked, and run to their end: what the tests of Ctrl-C,
which load this file by its path, share.

A moment is a line or a time. `traced` raises KeyboardInterrupt at the k-th line of ``scratchtune/core/study`` that is
run, for every k. `signalled` has a timer's signal, handled as Ctrl-C is, arrive at a random time; the times are keyed.
After each interruption every trial that is finished in memory must be finished in the file too, as another connection
reads it, and equal to the same trial of a study that nobody has interrupted; the best trial must be the best; the right
to write must have been given back. Then the study is run again, by the same object or by a new one that takes the file
up, and its table and its export must be, byte for byte, those of the uninterrupted study.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import scratchtune as st
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.export import as_csv, as_json
from scratchtune.core.study.file import File

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

LINES_OF = "scratchtune/core/study/"  # the code whose lines are moments
SPACE = {"x": st.Float(-1.0, 1.0), "layers": [[4], [4, 2]], "n": st.Int(1, 8)}
SEARCHERS: dict[str, Callable[[], Any]] = {
    "grid": lambda: st.GridSearch(resolution=2), "random": st.RandomSearch,
    "tpe": lambda: st.BayesianSearch(model="tpe", initial=2), "genetic": lambda: st.GeneticSearch(population=3),
    "hyperband": lambda: st.Hyperband(max_budget=2, eta=2)}
TIMES = {"attempts", "started", "finished", "seconds"}
PARTS = (
    "number", "params", "why", "state", "value", "error", "traceback", "reports", "budget", "parent", "scores")


def objective(trial: st.Trial) -> float:
    """A value of the params, the budget and what the parent has saved; trial 2 fails, reports and saved arrays count.

    It changes its params, as an objective may.
    """
    params, before = trial.params, trial.load()
    params["layers"].append(1)
    trial.report(abs(params["x"]), step=0)
    trial.save({"total": np.array((0.0 if before is None else float(before["total"])) + (trial.budget or 1.0))})
    if trial.number == 2:
        raise ValueError("two")
    return params["x"] ** 2 + params["n"] / 10 + len(params["layers"]) - (0.0 if before is None else 0.1)


class Job:
    """A study that is driven to its end, from wherever it is. A subclass says how.

    ``path`` is a file, or None for a study in memory. ``heard`` holds what callbacks were told: trial and value.
    """

    trials = 5

    def __init__(self, searcher: str, path: Path | None) -> None:
        self.searcher, self.path = searcher, path
        self.study: Any = None
        self.heard: dict[int, Any] = {}

    def go(self) -> None:
        """Make the study, where there is none, and drive it to its end."""
        if self.study is None:
            study = st.Study(SPACE, SEARCHERS[self.searcher](), seed=3, storage=self.path, stopping=self.stopping())
            study.enqueue({"x": 0.25, "layers": [4], "n": 3})
            self.study = study
        self.drive()

    def abandon(self) -> None:
        """Let the study go; a new one takes the file up."""
        self.study = None

    def stopping(self) -> Any:
        return st.MedianStopping(warmup=1)

    def drive(self) -> None:
        raise NotImplementedError

    def hear(self, study: st.Study, trial: st.Trial) -> None:
        self.heard[trial.number] = trial.value


class Running(Job):
    """`Study.run` in the calling thread, with a callback."""

    threads = 1

    def drive(self) -> None:
        self.study.run(objective, self.trials, n_jobs=self.threads, progress=False, callbacks=[self.hear])


class OnThreads(Running):
    """`Study.run` on two threads."""

    threads = 2


class Confirmed(Running):
    """`Study.run` whose last trials are repeats of the best two."""

    def drive(self) -> None:
        self.study.run(objective, 9, progress=False, callbacks=[self.hear], confirm=0.45)


class ByHand(Job):
    """`ask` and `tell`. What was asked for and not told is told after an interruption."""

    def __init__(self, searcher: str, path: Path | None) -> None:
        super().__init__(searcher, path)
        self.open: Any = None
        self.by_number = False  # a signal may come when `ask` has returned and what it returned has no name yet

    def abandon(self) -> None:
        super().abandon()
        self.open = None  # it belongs to the study, which has the right to write as long as somebody may tell it

    def drive(self) -> None:
        for trial in self.study.trials if self.by_number else []:
            self.tell(trial)
        if self.open is not None and self.open is self.study.trials[self.open.number]:
            self.tell(self.open)
        while len(self.study.trials) < self.trials or any(trial.state == "running" for trial in self.study.trials):
            self.open = self.study.ask()
            self.tell(self.open)

    def tell(self, trial: st.Trial) -> None:
        if trial.state == "running":
            try:
                value: Any = objective(trial)
            except ValueError as error:
                value = error
            self.study.tell(trial, value)


class Threshold:
    """The smallest estimator: class 1 above a threshold."""

    def __init__(self, at: float = 0.0) -> None:
        self.at = at

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"at": self.at}

    def set_params(self, **params: Any) -> Threshold:
        self.at = params["at"]
        return self

    def fit(self, X: Any, y: Any) -> Threshold:
        return self

    def predict(self, X: Any) -> Any:
        return (X[:, 0] > self.at).astype(int)

    def score(self, X: Any, y: Any) -> float:
        return float((self.predict(X) == y).mean())


class CrossValidated(Job):
    """A cross-validated search, whose study is in memory; after an interruption it is fitted anew."""

    X, y = np.linspace(-1.0, 1.0, 12).reshape(-1, 1), np.arange(12) % 3 % 2
    SEARCHES: dict[str, Callable[..., Any]] = {
        "grid": lambda *given, n_iter, **options: st.GridSearchCV(*given, **options), "random": st.RandomizedSearchCV,
        "tpe": functools.partial(st.SearchCV, searcher=st.BayesianSearch(model="tpe")),
        "genetic": functools.partial(st.SearchCV, searcher=st.GeneticSearch(population=3))}

    def go(self) -> None:
        space = {"at": [-1.0, 0.0, 0.5]} if self.searcher == "grid" else {"at": st.Float(-1.0, 1.0)}
        search = self.SEARCHES[self.searcher](Threshold(), space, n_iter=self.trials, cv=2, verbose=0, refit=False)
        self.study = None
        try:
            search.fit(self.X, self.y)
        finally:
            self.study = getattr(search, "study_", None)


JOBS: dict[str, type[Job]] = {
    "run": Running, "two threads": OnThreads, "confirmed": Confirmed, "ask and tell": ByHand,
    "cross-validated": CrossValidated}
ALL = [(kind, searcher, in_file) for kind in ("run", "two threads", "ask and tell") for searcher in SEARCHERS
       for in_file in (False, True)]
ALL += [("confirmed", "genetic", in_file) for in_file in (False, True)]
ALL += [("cross-validated", searcher, False) for searcher in CrossValidated.SEARCHES]
# A signal that comes while the main thread is inside `concurrent.futures` may leave a lock of Python's locked for ever:
# the `with` of a Condition is not safe from signals. So threads are interrupted at our lines alone.
TIMED = [job for job in ALL if job[0] != "two threads"]


# What must hold -------------------------------------------------------------------------------------------------------


def rows(study: Any) -> dict[int, str]:
    """The finished trials in memory, each with all that must not change, times aside."""
    return {trial.number: repr([*(getattr(trial, part) for part in PARTS), trial.saved])
            for trial in study.trials if trial.state != "running"}


def kept(path: Path) -> dict[int, str]:
    """The finished trials in a file, as another connection reads them; none where the study was not made yet."""
    try:
        storage = File(path, reading=True)
    except StorageError:
        return {}
    with contextlib.closing(storage):
        found = storage.rows("study") if "study" in storage.names() else []
    return {row["number"]: repr([value for name, value in row.items() if name not in TIMES])
            for row in found if row["state"] != "running"}


def exported(path: Path) -> tuple[str, str]:
    """The tables of a file, times aside."""
    with contextlib.closing(File(path, reading=True)) as storage:
        return as_csv(storage, "study"), as_json(storage, "study")


def is_locked(path: Path) -> bool:
    """Whether the right to write a file is taken, by this process or another one."""
    beside = path.with_name(path.name + "-writer")
    if fcntl is None or not beside.exists():
        return False
    with open(beside) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Whole:
    """A job that nobody interrupts: what the others are compared with."""

    def __init__(self, kind: str, searcher: str, folder: Path | None) -> None:
        self.path = None if folder is None else folder / "whole.db"
        job = JOBS[kind](searcher, self.path)
        begun = time.perf_counter()
        job.go()
        self.seconds = time.perf_counter() - begun
        self.rows, self.best = rows(job.study), job.study.best_trial.number
        self.kept = {} if self.path is None else kept(self.path)
        self.exported = None if self.path is None else exported(self.path)

    def wrong_after_interruption(self, job: Job) -> str | None:
        """What must not be as it is, in memory or in the file; None if all is well."""
        written = {} if job.path is None else kept(job.path)
        if any(self.kept[number] != row for number, row in written.items()):
            return "the file holds another trial"
        if job.path is not None and not set(job.heard) <= set(written):
            return "the file lacks a trial that a callback was told of"
        if job.study is None:
            return None
        found = rows(job.study)
        if any(self.rows[number] != row for number, row in found.items()):
            return "memory holds another trial"
        if job.path is not None and set(found) != set(written):
            return "memory and file have not finished the same trials"
        complete = [trial for trial in job.study.trials if trial.state == "complete"]
        sign = -1.0 if job.study.direction == "maximize" else 1.0
        largest = max((trial.given_budget or 0.0 for trial in complete), default=0.0)
        best = min((trial for trial in complete if trial.given_budget in (None, largest)),
                   key=lambda trial: (sign * trial.value, trial.number), default=None)
        if complete and job.study.best_trial is not best:
            return "the best trial is not the best"
        held = any(trial.state == "running" for trial in job.study.trials) and isinstance(job, ByHand)
        if job.path is not None and not held and is_locked(job.path):
            gc.collect()  # an earlier study of the job, which has asked and will not tell
        if job.path is not None and not held and is_locked(job.path):
            return "the right to write was not given back"
        return None

    def wrong_at_the_end(self, job: Job) -> str | None:
        """The same of a job that was driven to its end."""
        if rows(job.study) != self.rows or len(job.study.trials) != len(self.rows):
            return "another table in the end"
        if job.study.best_trial.number != self.best:
            return "another best trial in the end"
        if job.path is not None and exported(job.path) != self.exported:
            return "another export in the end"
        return None


# Moments --------------------------------------------------------------------------------------------------------------


def interrupted_at_line(moment: int, work: Callable[[], None]) -> bool | None:
    """Do some work, with a KeyboardInterrupt at the ``moment``-th line of ours; None where there are fewer lines, and
    False where Python has swallowed it, as it does in ``__del__``."""
    left = moment

    def tick(frame: Any, event: str, argument: Any) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return tick if LINES_OF in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(tick)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return None if left > 0 else False


def interrupted_at_time(seconds: float, work: Callable[[], None]) -> bool | None:
    """Do some work, with a KeyboardInterrupt after so many seconds; None where it has ended before."""
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            work()
        finally:  # after another error, too: where nobody handles it any more, a late signal ends the process
            signal.setitimer(signal.ITIMER_REAL, 0.0)
    except KeyboardInterrupt:
        return True
    return None


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: that a commit is on the disk is not what is tested here.

    Within, what finalizers raise is not printed: an interruption leaves odd objects behind, such as half a ZIP file.
    And what is there already is no garbage: each collection would take longer than a study.
    """
    there, before = Path("/dev/shm"), sys.unraisablehook
    sys.unraisablehook = lambda unraisable: None
    gc.freeze()
    try:
        with tempfile.TemporaryDirectory(dir=there if there.is_dir() else None) as made:
            yield Path(made)
            gc.collect()
    finally:
        gc.unfreeze()
        sys.unraisablehook = before


def one(
    kind: str, searcher: str, path: Path | None, whole: Whole, interrupt: Callable[[Callable[[], None]], bool | None],
    times: int, anew: bool,
) -> tuple[list[bool | None], str | None]:
    """Interrupt one job, up to so many times, and let it end; what `interrupt` returned, and what was wrong.

    More than once is by signals, once by lines.

    ``anew``: after an interruption a new study takes the file up.
    """
    job, came = JOBS[kind](searcher, path), []
    if isinstance(job, ByHand):
        job.by_number = times > 1
    try:
        for _ in range(times):
            came.append(interrupt(job.go))
            _give_locks_back(job)
            if came[-1] is None:
                break
            wrong = whole.wrong_after_interruption(job)
            if wrong is not None:
                return came, wrong
            if anew and path is not None:
                job.abandon()
        job.go()
    except Exception as error:
        return came, f"the next run raises {type(error).__name__}: {error}"
    return came, whole.wrong_at_the_end(job)


Line = tuple[str, int]


def lines_run(job: Job) -> list[Line]:
    """The lines of ours that a job runs, in order, in the calling thread."""
    found: list[Line] = []

    def tick(frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            found.append((frame.f_code.co_filename, frame.f_lineno))
        return tick if LINES_OF in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(tick)
    try:
        job.go()
    finally:
        sys.settrace(before)
    return found


def traced(kind: str, searcher: str, in_file: bool, step: int = 1, seen: set[Line] | None = None) -> Counter[str]:
    """Interrupt at every ``step``-th line that is run, and at each that is not in ``seen`` yet, where that is given.

    Counts of "moments", and of what was wrong with the lines.
    """
    counts: Counter[str] = Counter()
    with folder() as there:
        whole = Whole(kind, searcher, there if in_file else None)
        lines = lines_run(JOBS[kind](searcher, there / "lines.db" if in_file else None))
        chosen = [moment for moment, line in enumerate(lines, 1) if moment % step == 0 or _is_new(line, seen)]
        for number, moment in enumerate(chosen):
            path = there / f"{moment}.db" if in_file else None
            came, wrong = one(kind, searcher, path, whole, functools.partial(interrupted_at_line, moment), 1,
                              number % 2 == 0)
            _count(counts, came, wrong, f"{kind}, {searcher}: line {moment}")
            _delete(path)
    return counts


def _is_new(line: Line, seen: set[Line] | None) -> bool:
    """Whether a line is not in ``seen`` yet; it is then."""
    if seen is None or line in seen:
        return False
    seen.add(line)
    return True


def signalled(kind: str, searcher: str, in_file: bool, moments: int, seed: int = 0) -> Counter[str]:
    """Interrupt at ``moments`` random times, keyed by the seed, each study up to three times; counts as of `traced`."""
    counts: Counter[str] = Counter()
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with folder() as there:
            Whole(kind, searcher, None)  # which may wait for a compiler
            whole = Whole(kind, searcher, there if in_file else None)
            for study in itertools.count():
                if counts["moments"] >= moments:
                    return counts
                dice = random.Random(f"{seed} {kind} {searcher} {in_file} {study}")
                path = there / f"{study}.db" if in_file else None
                came, wrong = one(
                    kind, searcher, path, whole,
                    lambda work, dice=dice: interrupted_at_time(dice.uniform(1e-5, whole.seconds), work), 3,
                    study % 2 == 0)
                _count(counts, came, wrong, f"{kind}, {searcher}: study {study}")
                _delete(path)
    finally:
        signal.signal(signal.SIGALRM, before)
    raise AssertionError("the loop ends by its count")


def _count(counts: Counter[str], came: list[bool | None], wrong: str | None, where: str) -> None:
    counts["moments"] += came.count(True)
    counts["swallowed"] += came.count(False)
    if wrong is not None:
        counts["bad"] += 1
        counts[f"bad: {wrong} ({where})"] += 1


def _give_locks_back(job: Job) -> None:
    """A tracer can raise where no signal comes: as a `with` ends, before its lock is released. They are released here.
    """
    for lock in [*_locks_of_modules(), *(() if job.study is None else _locks(job.study._core))]:
        with contextlib.suppress(RuntimeError):  # it is not, or no longer, this thread's
            while True:
                lock.release()


def _locks(owner: Any) -> list[Any]:
    return [value for value in vars(owner).values() if isinstance(value, type(threading.RLock()))]


@functools.cache
def _locks_of_modules() -> list[Any]:
    ours = [module for name, module in sys.modules.items() if name.startswith("scratchtune.core.study.")]
    return [lock for module in ours for lock in _locks(module)]


def _delete(path: Path | None) -> None:
    if path is not None:
        gc.collect(0)
        for ending in ("", "-wal", "-shm", "-writer"):
            path.with_name(path.name + ending).unlink(missing_ok=True)


def all_lines(step: int = 1, show: bool = False, kind: str | None = None) -> Counter[str]:
    """`traced` for every job, or those of a kind, each line at least once; ``show`` a bar on a terminal."""
    seen: set[Line] = set()
    jobs = [job for job in ALL if kind in (None, job[0])]
    return sum((traced(*job, step, seen) for job in tqdm(jobs, unit="job", disable=None if show else True)), Counter())


def all_signals(moments: int, seed: int = 0, kind: str = "") -> Counter[str]:
    """`signalled` for every job in the calling thread, or those of a kind, in a process of its own, so many moments in
    all."""
    command = [sys.executable, __file__, str(moments), str(seed), kind]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=1800.0).stdout
    return Counter(json.loads(said))


def main() -> None:
    """The process of `all_signals`."""
    moments, seed, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    jobs = [job for job in TIMED if kind in ("", job[0])]
    print(json.dumps(sum((signalled(*job, -(-moments // len(jobs)), seed) for job in jobs), Counter())))


if __name__ == "__main__":
    main()
