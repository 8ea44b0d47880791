"""Ctrl-C interrupts only the main thread; an event passes it to trainings in other threads, between two epochs."""

from __future__ import annotations

import threading

_here = threading.local()


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
