"""Ctrl-C reaches the main thread alone; here trainings in other threads learn of it, and end between two epochs."""

from __future__ import annotations

import threading

_here = threading.local()


def event_of_this_thread() -> threading.Event | None:
    """The event that a worker thread looks at; None in a thread that nobody has made a worker."""
    return getattr(_here, "event", None)


def adopt(event: threading.Event) -> None:
    """Make the calling thread one that ends its work when the event is set."""
    _here.event = event


def check() -> None:
    """Raise KeyboardInterrupt where this thread has been asked to end."""
    event = event_of_this_thread()
    if event is not None and event.is_set():
        raise KeyboardInterrupt
