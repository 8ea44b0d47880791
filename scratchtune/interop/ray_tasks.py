"""Trials as tasks of a Ray cluster: an executor for `Study.run`.

Implements section 7.3 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from scratchtune import checks


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
