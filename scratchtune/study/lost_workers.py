"""The lost workers of a study: how often each running trial has lost the worker that evaluated it."""

from __future__ import annotations

from typing import Any


class WorkerLosses:
    """Counts by trial number, added up over all runs of a study; a copy of a study counts from the beginning."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._counts

    def with_at_least(self, times: int) -> list[int]:
        """The numbers of the trials whose count has reached ``times``."""
        return [number for number, count in self._counts.items() if count >= times]

    def register(self, number: int) -> None:
        """A trial begins again after a worker was lost; its count remains, and is 0 if it has none."""
        self._counts.setdefault(number, 0)

    def add(self, number: int, at_most: int | None) -> int:
        """Count one more loss of a trial, up to ``at_most`` if that is given; return the count."""
        count = self._counts.get(number, 0) + 1
        self._counts[number] = count if at_most is None else min(count, at_most)
        return self._counts[number]

    def forget(self, number: int) -> None:
        """Remove the count of a trial that is recorded."""
        self._counts.pop(number, None)

    def __getstate__(self) -> dict[str, Any]:
        return {"_counts": {}}
