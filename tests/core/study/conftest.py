"""What tests of studies share: another process, forked where that is possible, since it need not import anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from typing import Any

import pytest


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., tuple[Any, Any]]]:
    """A function that starts another process, which calls a function with a pipe and some arguments.

    It returns the process and our end of the pipe. The process is killed at the end of the test.
    """
    context = get_context("fork" if hasattr(os, "fork") else "spawn")
    processes = []

    def started(function: Callable[..., None], *arguments: Any) -> tuple[Any, Any]:
        ours, theirs = context.Pipe()
        processes.append(context.Process(target=function, args=(theirs, *arguments)))
        processes[-1].start()
        theirs.close()
        return processes[-1], ours

    yield started
    for process in processes:
        process.kill()
        process.join()
