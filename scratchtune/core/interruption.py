"""Ctrl-C: an interrupted study remains reachable, and trainings in other threads end, by an event that they check."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scratchtune.core import checks
from scratchtune.core.streams import note

_here = threading.local()
latest: list[Any] = []  # the study that was interrupted last in this process; empty if none was
ends_process = False  # True in a command of the command line: after it no study can be reached


@contextmanager
def reachable(study: Any, path: str | os.PathLike[str] | None, say: bool) -> Iterator[None]:
    """An interruption puts the study into `latest`, in place of an inner block's; ``say`` prints how to continue."""
    try:
        yield
    except KeyboardInterrupt as interruption:
        if threading.current_thread() is threading.main_thread():
            latest[:] = [study]
            if say and path is not None:
                say_kept(interruption, path)
            elif say and not ends_process:
                finished = sum(trial.state != "running" for trial in study.trials)
                note(f"scratchtune: interrupted; {checks.counted(finished, 'trial')} finished; "
                     "st.interrupted_study() returns the study")
        raise


def say_kept(interruption: KeyboardInterrupt, path: str | os.PathLike[str]) -> None:
    """Print that the finished trials of an interrupted run are in a file; once for each interruption."""
    if not getattr(interruption, "is_said", False):
        setattr(interruption, "is_said", True)  # noqa: B010, since the class declares no such attribute
        note(f"scratchtune: finished trials are kept in {os.fspath(path)}; run again to continue from there")


def event_of_this_thread() -> threading.Event | None:
    """The event that this worker thread checks; None in a thread that is not a worker."""
    return getattr(_here, "event", None)


def adopt(event: threading.Event) -> None:
    """Make the calling thread a worker: its training ends when the event is set."""
    _here.event = event


def check() -> None:
    """Raise KeyboardInterrupt if this thread's event is set; do nothing in a thread that has none."""
    event = event_of_this_thread()
    if event is not None and event.is_set():
        raise KeyboardInterrupt
