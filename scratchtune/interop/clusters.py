"""Trials as tasks of a Dask or a Ray cluster: executors for `Study.run`.

Implements section 7.3 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from scratchtune.core import checks


class RayExecutor(Executor):
    """Runs functions as Ray's tasks, ``max_workers`` at a time (None: as many as the cluster has CPUs).

    Ray is started on this machine if it is not running or connected yet. ``options`` are passed to ``ray.remote``:
    ``num_cpus``, ``resources``, ``max_retries`` (of a task whose worker dies; 3), ...
    """

    isolates = True  # a worker has one task at a time

    def __init__(self, max_workers: int | None = None, **options: Any) -> None:
        import ray  # type: ignore[import-not-found,unused-ignore]

        if not ray.is_initialized():
            ray.init(include_dashboard=False, log_to_driver=False)
        available = max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._max_workers = available if max_workers is None else checks.integer("max_workers", max_workers, low=1)
        self._task = ray.remote(**{"num_cpus": 1, "max_retries": 3, **options})(_called)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Run a function as a Ray task, and return its future."""
        return self._task.remote(fn, args, kwargs).future()


def _called(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return function(*args, **kwargs)


class DaskTasks(Executor):
    """The tasks of Dask's ``client.get_executor()``, with futures that always end.

    The futures of Dask's own executor (as of distributed 2026.8) never end if a worker dies with a result that was not
    fetched yet, and the worker that computes it again dies too.
    """

    def __init__(self, executor: Any) -> None:
        self._executor, self._client = executor, executor._client
        self._options = {"pure": False, **executor._kwargs}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Run a function as a task, and return a future that ends even if the task's worker dies."""
        import asyncio  # here, since Dask has loaded it, and nothing else needs it
        if getattr(self._executor, "_shutdown", False):
            raise RuntimeError("cannot schedule new futures after shutdown")
        task = self._client.submit(fn, *args, **kwargs, **self._options)
        future: Future = Future()

        def cancel(ended: Future) -> None:  # it also refers to the task, without which Dask would drop it
            if ended.cancelled():
                task.cancel()

        async def pass_on() -> None:
            try:
                outcome, error = await task, None
            except BaseException as problem:
                outcome, error = None, problem
            if isinstance(error, asyncio.CancelledError):
                future.cancel()
            if not future.set_running_or_notify_cancel():
                return
            if error is None:
                future.set_result(outcome)
            else:
                future.set_exception(error)

        future.add_done_callback(cancel)
        self._client.loop.add_callback(pass_on)
        return future

    def lacks_workers(self) -> bool:
        """Whether the cluster has no worker; if the client's own cluster has lost them, it is told to start new ones.

        A ``LocalCluster`` checks 15 seconds after each death of a worker whether the worker is back. If the worker is
        being restarted after another death at that moment, the cluster does not restart it again.
        """
        try:
            if self._client.nthreads():
                return False
        except OSError:  # the scheduler does not answer
            return True
        wanted = getattr(self._client.cluster, "worker_spec", None)
        if wanted:
            self._client.cluster.scale(len(wanted))
        return True
