"""The first run compiles what it needs before it begins: in two processes where that pays, and with a progress bar."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from tqdm import tqdm

from scratchtune.jit.cache import dependencies
from scratchtune.jit.functions import DISABLED
from scratchtune.jit.kernels import Kernel
from scratchtune.jit.numba_internals import is_on_disk
from scratchtune.jit.second_process import Job, compile_side_by_side


def kernel_job(kernel: Kernel, dtype: Any) -> Job:
    """Return the job of compiling one kernel for one dtype."""
    known = kernel.py_func.__module__ != "__main__"
    reference = (Kernel.compiled, kernel, np.dtype(dtype).name) if known else None
    return Job(
        kernel.__name__, lambda: kernel.is_ready(dtype), lambda: kernel.compiled(dtype), reference, kernel.py_func)


def loop_job(dispatcher: Any, arguments: tuple[Any, ...]) -> Job:
    """Return the job that compiles one loop for the types of ``arguments``."""
    if DISABLED:
        return Job(dispatcher.__name__, lambda: True, lambda: None)
    signature = tuple(numba.typeof(argument) for argument in arguments)

    def is_ready() -> bool:
        return signature in dispatcher.overloads or is_on_disk(dispatcher, signature)

    function = dispatcher.py_func
    known = function.__module__ != "__main__"
    reference = (compile_loop, function.__module__, function.__qualname__, signature) if known else None
    return Job(dispatcher.__name__, is_ready, lambda: dispatcher.compile(signature), reference, function)


def compile_loop(module: str, name: str, signature: Any) -> None:
    """Compile the loop with this module and name for a signature, which writes it to disk."""
    getattr(importlib.import_module(module), name).compile(signature)


_preparing = threading.Lock()


def prepare(jobs: Sequence[Job]) -> None:
    """Compile what is not compiled yet; where there is any, print one line and show a progress bar."""
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
