"""Workers are threads that share the data and train in parallel, since a training does not hold the GIL.

Results are in the order of the work, not of completion, so nothing depends on the number of workers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from scratchtune.core import checks, cores, interruption

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def number_of_workers(n_jobs: Any) -> int:
    """Return ``n_jobs`` as a number of threads; -1 is one for each processor, None one."""
    if n_jobs is None:
        return 1
    jobs = checks.integer("n_jobs", n_jobs)
    if jobs < 1 and jobs != -1:
        raise ValueError(f"n_jobs is {jobs}; it must be at least 1, or -1 for one thread on each processor")
    if jobs > 0:
        return jobs
    return cores.count()


class Inline(Executor):
    """An executor that runs the work immediately in the calling thread, where breakpoints and Ctrl-C work."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Call ``fn`` now; an exception that it raises is raised here."""
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@contextmanager
def workers(number: int) -> Iterator[Executor]:
    """Make an executor with so many threads; after an error only running work is awaited, which Ctrl-C ends."""
    stop = interruption.event_of_this_thread() or threading.Event()
    pool: Executor = Inline()
    if number > 1:
        pool = ThreadPoolExecutor(number, "training", interruption.adopt, (stop,))
    try:
        yield pool
    except KeyboardInterrupt:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_order(function: Callable[[Item], Outcome], items: Iterable[Item], n_jobs: Any) -> list[Outcome]:
    """Return the function's results for all items, computed on ``n_jobs`` threads."""
    with workers(number_of_workers(n_jobs)) as pool:
        futures = [pool.submit(function, item) for item in items]
        return [future.result() for future in futures]
