"""The processor cores that this process may use."""

from __future__ import annotations

import os


def count() -> int:
    """Return how many cores the operating system lets this process use; at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
