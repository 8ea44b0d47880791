"""The first run compiles what it needs before it begins: in two processes where that pays, and with a progress bar.

Both processes take their jobs from one queue, the longest first. The second one writes to the cache on disk, from which
this one loads. A job that the second process did not finish, for whatever reason, is compiled here at the end.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numba
import numpy as np
from tqdm import tqdm

from scratchtune.core import cores
from scratchtune.core.jit.cache import dependencies, plain
from scratchtune.core.jit.functions import DISABLED
from scratchtune.core.jit.kernels import Kernel
from scratchtune.core.jit.numba_internals import is_on_disk

FEW = 4  # jobs; fewer are compiled before a second process has started
PATIENCE = 60.0  # seconds to wait for the second process's last job, which is then compiled here
READY, WORKER = b"ready\n", "from scratchtune.core.jit import first_run; first_run.work()"
_preparing = threading.Lock()


class Job(NamedTuple):
    """One kernel or loop that must be compiled before the run begins."""

    name: str
    is_ready: Callable[[], bool]
    compile: Callable[[], Any]
    reference: Any = None  # (function, *arguments) that another process calls; None: only this one can compile it
    source: Callable[..., Any] | None = None  # the function that is compiled


def kernel_job(kernel: Kernel, dtype: Any) -> Job:
    """Return the job of compiling one kernel for one dtype."""
    return Job(kernel.__name__, lambda: kernel.is_ready(dtype), lambda: kernel.compiled(dtype),
               (Kernel.compiled, kernel, np.dtype(dtype).name), kernel.py_func)


def loop_job(dispatcher: Any, arguments: tuple[Any, ...]) -> Job:
    """Return the job that compiles one loop for the types of ``arguments``."""
    signature, function = tuple(numba.typeof(argument) for argument in arguments), plain(dispatcher)
    return Job(dispatcher.__name__, lambda: signature in dispatcher.overloads or is_on_disk(dispatcher, signature),
               lambda: dispatcher.compile(signature),
               (compile_loop, function.__module__, function.__qualname__, signature), function)


def compile_loop(module: str, name: str, signature: Any) -> None:
    """Compile the loop with this module and name for a signature, which writes it to disk."""
    getattr(importlib.import_module(module), name).compile(signature)


def prepare(jobs: Sequence[Job]) -> None:
    """Compile what is not compiled yet; where there is any, print one line and show a progress bar."""
    if DISABLED:
        return
    with _preparing:
        missing = sorted((job for job in jobs if not job.is_ready()), reverse=True,  # the largest takes longest
                         key=lambda job: len(sum(dependencies(job.source).values(), [])) if job.source else 0)
        if missing:
            print(f"scratchtune: compiling {len(missing)} kernel{'s' * (len(missing) > 1)} for this processor",
                  file=sys.stderr)
        with tqdm(total=len(missing), desc="compiling", unit="kernel", leave=False, disable=not missing or None) as bar:
            compile_side_by_side(missing, bar.update)
        for job in jobs:
            job.compile()


def compile_side_by_side(jobs: Sequence[Job], done: Callable[[], Any]) -> None:
    """Compile jobs, some in a second process where that pays; ``done`` is called after each, from two threads."""
    queue, has_begun = deque(jobs), threading.Event()
    alone = os.environ.get("SCRATCHTUNE_COMPILE_PROCESSES") == "1"  # for a run that is one of several
    process = _started() if len(jobs) >= FEW and not alone and cores.count() > 1 else None
    helper = threading.Thread(target=_send, args=(process, queue, done, has_begun), daemon=True)
    collects = gc.isenabled()
    gc.disable()  # an eighth of the time would be spent on searching Numba's many objects for garbage
    try:
        if process is not None:
            helper.start()
        for job in _taken(queue):
            job.compile()
            done()
        if has_begun.is_set():
            helper.join(PATIENCE)  # for the job that it is compiling
    finally:
        if collects:
            gc.enable()
        if process is not None:
            process.kill()
            process.communicate()


def _taken(queue: deque[Job]) -> Iterator[Job]:
    """Take jobs from the queue, as another thread does too, until it is empty."""
    with suppress(IndexError):
        while True:
            yield queue.popleft()


# The second process ---------------------------------------------------------------------------------------------------


def _started() -> subprocess.Popen[bytes] | None:
    """Start a second process, which imports from the same folders; None where Python can't be started again."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    with suppress(OSError, ValueError):
        if sys.executable and not getattr(sys, "frozen", False):
            return subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, env=environment)
    return None


def _send(process: Any, queue: deque[Job], done: Callable[[], Any], has_begun: threading.Event) -> None:
    """Send the second process one job after the other, until none is left, one can't be sent, or the process ends."""
    with suppress(OSError, ValueError, pickle.PicklingError, AttributeError, TypeError):
        for number, answer in enumerate(process.stdout):
            if answer != READY:
                return
            if number:
                done()
            has_begun.set()
            job = next(_taken(queue), None)
            if job is None or job.reference is None or getattr(job.source, "__module__", "") == "__main__":
                queue.extendleft([] if job is None else [job])
                return
            process.stdin.write(pickle.dumps(job.reference))
            process.stdin.flush()


def work() -> None:
    """The second process: say that it is ready, compile the job that it is sent, and repeat; an error ends it."""
    gc.disable()
    answers = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)  # other output goes to stderr, so that only answers are on stdout
    while True:
        answers.write(READY)
        function, *arguments = pickle.load(sys.stdin.buffer)
        function(*arguments)
