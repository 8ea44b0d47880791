"""Executors run trials elsewhere: in threads, in processes, on a Dask or a Ray cluster.

Any object with the interface of `concurrent.futures.Executor` can be used: ``ProcessPoolExecutor(4)``, Dask's
``client.get_executor()``, `scratchtune.interop.clusters.RayExecutor`. In another process a trial is plain data. The
objective, with the rows that it refers to, is sent once to each worker, which keeps it. A worker that gets a trial
without having its objective reports that, and both are sent. When a worker has died, which breaks a whole
``ProcessPoolExecutor``, `SingleWorkerPools` run the trials.

Implements section 7.3 of the document.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

from scratchtune.core.evaluation.parallel import number_of_workers
from scratchtune.core.shipping import MISSING, Shipment, received
from scratchtune.core.study.trial import Outcome, Trial, detached, evaluate


def capacity(executor: Any, n_jobs: Any) -> int:
    """Return how many trials may run at a time: ``n_jobs``; where it is 1, as many as the executor has workers."""
    jobs = number_of_workers(n_jobs)
    if executor is None:
        return jobs
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor is {executor!r}; it must be an executor of concurrent.futures, or None")
    if jobs > 1:
        return jobs
    client = getattr(executor, "_client", None)  # Dask's
    if client is not None and hasattr(client, "nthreads"):
        return max(1, sum(client.nthreads().values()))
    workers = getattr(executor, "_max_workers", None)
    if not isinstance(workers, int):
        raise ValueError(f"executor is {executor!r}, which does not say how many workers it has; give n_jobs")
    return workers


class Sender:
    """Submits trials of an objective to an executor whose workers are not threads of this process."""

    def __init__(self, executor: Any, objective: Callable[[Trial], Any], workers: int) -> None:
        is_dask = hasattr(executor, "_client") and hasattr(executor, "_kwargs")
        # interop/ stands on this module, which reaches it through the front door of the package alone
        self._executor: Executor = sys.modules["scratchtune"].interop.DaskTasks(executor) if is_dask else executor
        self._shipment = Shipment("objective", objective, workers)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *error: object) -> None:
        if isinstance(self._executor, SingleWorkerPools):
            self._executor.shutdown(wait=True, cancel_futures=True)

    def submit(self, trial: Trial, with_objective: bool = False) -> Future:
        """Submit a trial, with the objective where its worker may not have it."""
        payload = self._shipment.payload if with_objective else self._shipment.for_next()
        return self._executor.submit(work, self._shipment.digest, payload, os.getpid(), detached(trial))

    @property
    def isolates(self) -> bool:
        """Whether a worker has one trial at a time; an executor of the user's says it by an attribute of this name."""
        return bool(getattr(self._executor, "isolates", False))

    def separate(self) -> int:
        """After a process pool broke, replace it by pools of one worker each; return how many, 0 if that fails."""
        if not isinstance(self._executor, ProcessPoolExecutor):
            return 0
        try:
            self._executor = pools = SingleWorkerPools(self._executor)
        except AttributeError:  # this version of Python stores the arguments of a pool elsewhere
            return 0
        return pools.number

    def was_begun(self, future: Future) -> bool:
        """False if the worker of a trial is known to have died before it could begin with the trial."""
        return not isinstance(self._executor, SingleWorkerPools) or self._executor.was_begun(future)

    def lacks_workers(self) -> bool:
        """Whether the executor has no worker at present; if so, it is told to start some."""
        return bool(hasattr(self._executor, "lacks_workers") and self._executor.lacks_workers())


def work(digest: str, payload: bytes | None, coordinator: int, trial: Trial) -> Outcome | None:
    """Run a trial in a worker process; None where the worker does not have the objective."""
    _end_with(coordinator)
    objective = received(digest, payload)
    if objective is MISSING:
        return None
    return evaluate(objective, trial)._replace(exception=None)  # it may be none that can be sent


_watching = 0  # the id of the process that runs the watching thread; a process forked from it has none


def _end_with(coordinator: int) -> None:
    """End this worker process when the coordinator that started it has ended, where it would wait for work for ever."""
    global _watching
    parent = multiprocessing.parent_process()
    if _watching == os.getpid() or parent is None or parent.pid != coordinator:
        return
    _watching = os.getpid()

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="ends with the coordinator", daemon=True).start()


class SingleWorkerPools(Executor):
    """Process pools, ``number`` of them, of one worker each, so that a dead worker breaks only its own."""

    isolates = True

    def __init__(self, like: ProcessPoolExecutor) -> None:
        pool: Any = like  # whose attributes are private, since CPython has no public ones
        self.number = pool._max_workers
        self._arguments = {
            "mp_context": pool._mp_context, "initializer": pool._initializer, "initargs": pool._initargs,
            "max_tasks_per_child": pool._max_tasks_per_child}
        self._idle: list[ProcessPoolExecutor] = []
        self._busy: dict[Future, ProcessPoolExecutor] = {}
        self._first: dict[ProcessPoolExecutor, Future] = {}  # its first task, which shows that the worker works
        self._before: WeakKeyDictionary[Future, Future] = WeakKeyDictionary()  # of each task: its pool's first task

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Run a function in an idle pool, or in a new one; a BrokenExecutor if its worker dies before it can work."""
        # a pool whose task has ended is idle again
        for ended in [future for future in self._busy if future.done()]:
            self._idle.append(self._busy.pop(ended))
        while True:
            pool = self._idle.pop() if self._idle else self._new()
            try:
                future = pool.submit(fn, *args, **kwargs)
            except BrokenExecutor:
                # the pool's first task fails only if the worker was never able to work
                if self._first.pop(pool).exception() is not None:
                    raise
                continue  # the worker died later: drop the pool, and take another one
            self._busy[future], self._before[future] = pool, self._first[pool]
            return future

    def was_begun(self, future: Future) -> bool:
        """Whether the worker was able to work before it died, or the future is not of these pools."""
        first = self._before.get(future)
        return first is None or first.exception() is None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Shut all pools down."""
        for pool in [*self._idle, *self._busy.values()]:
            pool.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _new(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(1, **self._arguments)
        self._first[pool] = pool.submit(_end_with, os.getpid())
        return pool
