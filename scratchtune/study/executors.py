"""Executors run trials elsewhere: in threads, in processes, on a Dask or a Ray cluster.

Whatever has the interface of `concurrent.futures.Executor` will do: ``ProcessPoolExecutor(4)``, Dask's
``client.get_executor()``, `RayExecutor`. In another process a trial is plain data; the objective, with all the rows
that it holds on to, is sent once to each worker, which keeps it: a worker that is asked to run a trial of an objective
that it does not have says so, and gets both.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

from scratchtune import checks
from scratchtune.evaluation.parallel import Inline, number_of_workers
from scratchtune.shipping import MISSING, Shipment, received
from scratchtune.study.trial import Behind, Trial, evaluate


def capacity(executor: Any, n_jobs: Any) -> int:
    """How many trials may run at a time: ``n_jobs``, or with an executor as many as it has workers."""
    jobs = number_of_workers(n_jobs)
    if executor is None:
        return jobs
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor is {executor!r}; it must be one of concurrent.futures, or alike, or None")
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
    """Submits trials to an executor, for an objective."""

    def __init__(self, executor: Executor, objective: Callable[[Trial], Any], workers: int) -> None:
        self._executor, self._objective = executor, objective
        self.is_here = isinstance(executor, (Inline, ThreadPoolExecutor))
        self._shipment = None if self.is_here else Shipment("objective", objective, workers)

    def submit(self, trial: Trial, behind: Callable[[Trial], Behind], with_objective: bool = False) -> Future:
        """Have a trial run; ``behind`` makes what it sees in another process."""
        if self._shipment is None:
            return self._executor.submit(evaluate, self._objective, trial)
        payload = self._shipment.payload if with_objective else self._shipment.for_next()
        return self._executor.submit(work, self._shipment.digest, payload, trial.apart(behind(trial)))


def work(digest: str, payload: bytes | None, trial: Trial) -> dict[str, Any] | None:
    """Run a trial in a worker process; None where the worker does not have the objective."""
    objective = received(digest, payload)
    if objective is MISSING:
        return None
    trial.state = trial.finish(evaluate(objective, trial), None)
    return trial.outcome()


class RayExecutor(Executor):
    """Runs what is submitted as Ray's tasks, ``max_workers`` at a time (None: as many as the cluster has CPUs).

    Ray is started on this machine where it is not running or connected yet. ``options`` go to ``ray.remote``:
    ``num_cpus``, ``resources``, ``max_retries`` (of a task whose worker dies; 3), ...
    """

    def __init__(self, max_workers: int | None = None, **options: Any) -> None:
        import ray  # type: ignore[import-not-found,unused-ignore]

        if not ray.is_initialized():
            ray.init(include_dashboard=False, log_to_driver=False)
        available = max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._max_workers = available if max_workers is None else checks.integer("max_workers", max_workers, low=1)
        self._task = ray.remote(**{"num_cpus": 1, "max_retries": 3, **options})(_called)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Run a function as a task."""
        return self._task.remote(fn, args, kwargs).future()


def _called(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return function(*args, **kwargs)
