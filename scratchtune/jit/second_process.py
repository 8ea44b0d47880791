"""A second process compiles too, where there is a lot to compile, so that the first run waits less.

It writes into the cache on disk, from which the first process then loads. Both take the next job of one queue. The
longest jobs come first, so that neither process is left alone with a long one at the end. What the second one took and
did not finish, whatever went wrong with it, `first_run.prepare` compiles.
`scratchtune.jit.worker` is that process.
"""

from __future__ import annotations

import base64
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

FEW = 4  # jobs; with fewer, the other process would hardly have started before all is done
PATIENCE = 60.0  # seconds for the other process's last job, which is compiled here after that


class Job(Protocol):
    """What is to be compiled, here or, named by a picklable reference, elsewhere."""

    @property
    def reference(self) -> Any:
        """What the other process calls, as (function, *arguments); None for what only this one knows."""

    @property
    def compile(self) -> Callable[[], Any]:
        """Compile it here."""


def compile_side_by_side(jobs: Sequence[Job], done: Callable[[], Any]) -> None:
    """Compile jobs, the longest of which come first, some of them in a second process where that pays.

    ``done`` is called after each that is compiled, from two threads. One that the second process took in vain is left.
    """
    queue = deque(jobs)
    other = _Other() if len(jobs) >= FEW and _cores() > 1 else None
    helper = None if other is None else threading.Thread(target=other.work, args=(queue, done), daemon=True)
    try:
        if helper is not None:
            helper.start()
        while queue:
            try:
                job = queue.popleft()
            except IndexError:  # the other process took the last one just now
                break
            job.compile()
            done()
        if helper is not None and other is not None and other.has_begun:
            helper.join(PATIENCE)  # it may have a job in hand
    finally:
        if other is not None:
            other.end()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Other:
    """The second process, and the thread that hands jobs to it."""

    def __init__(self) -> None:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        own = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}  # it imports from where this one does, and nowhere else
        self.has_begun = False
        self._process: subprocess.Popen[str] | None = None
        if sys.executable and not getattr(sys, "frozen", False):
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "scratchtune.jit.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, text=True, env={**os.environ, **own})
            except (OSError, ValueError):
                pass  # a Python that can't be started again

    def work(self, queue: deque[Job], done: Callable[[], Any]) -> None:
        """Hand over one job after the other; the first that fails ends it, and is left."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return
        try:
            while process.stdout.readline() == "ready\n":
                self.has_begun = True
                job = queue.popleft()
                if job.reference is None:
                    queue.appendleft(job)
                    return
                process.stdin.write(base64.b64encode(pickle.dumps(job.reference)).decode() + "\n")
                process.stdin.flush()
                if process.stdout.readline() != "done\n":
                    return
                done()
        except (IndexError, OSError, ValueError, pickle.PicklingError, AttributeError, TypeError):
            return  # nothing is left, or it cannot be handed over

    def end(self) -> None:
        """End the process, even if it is still at work."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
