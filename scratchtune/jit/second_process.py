"""A second process compiles as well where there is much to compile, so that the first run takes less time.

Each of the two processes takes the next job of one queue. The longest jobs come first, so that neither process is left
with a long one at the end. The second process (`scratchtune.jit.worker`) writes to the cache on disk, from which the
first one loads. A job that the second process did not finish, for whatever reason, is compiled by `first_run.prepare`.
"""

from __future__ import annotations

import base64
import gc
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from scratchtune import cores

FEW = 4  # jobs; fewer are compiled before a second process has started
PATIENCE = 60.0  # seconds to wait for the second process's last job, which is then compiled here


class Job(NamedTuple):
    """One kernel or loop that must be compiled before the run begins."""

    name: str
    is_ready: Callable[[], bool]
    compile: Callable[[], Any]
    reference: Any = None  # (function, *arguments) that another process calls; None for what only this one can import
    source: Callable[..., Any] | None = None  # the function that is compiled


def compile_side_by_side(jobs: Sequence[Job], done: Callable[[], Any]) -> None:
    """Compile jobs, the longest of which come first, some of them in a second process where that pays.

    ``done`` is called after each compiled job, from two threads. A job that fails in the second process is skipped.
    """
    queue = deque(jobs)
    alone = os.environ.get("SCRATCHTUNE_COMPILE_PROCESSES") == "1"  # for a run that is one of several
    other = _Other() if len(jobs) >= FEW and not alone and cores.count() > 1 else None
    helper = None if other is None else threading.Thread(target=other.work, args=(queue, done), daemon=True)
    collects = gc.isenabled()
    gc.disable()  # an eighth of the time would be spent on searching Numba's many objects for garbage
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
            helper.join(PATIENCE)  # for the job that it is compiling
    finally:
        if collects:
            gc.enable()
        if other is not None:
            other.end()


class _Other:
    """The second process, and the work of the thread that sends it jobs."""

    def __init__(self) -> None:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        own = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}  # it imports what this process does
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
        """Send one job after the other, and stop at the first that fails."""
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
            return  # the queue is empty, the process has ended, or the job can't be pickled

    def end(self) -> None:
        """End the process, even if it is still compiling."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
