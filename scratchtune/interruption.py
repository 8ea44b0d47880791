"""Ctrl-C interrupts only the main thread; an event passes it to trainings in other threads, between two epochs."""

from __future__ import annotations

import os
import threading

from scratchtune.streams import note

_here = threading.local()


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
