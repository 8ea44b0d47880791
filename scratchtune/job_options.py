"""How a job is run, apart from what it computes: threads, the file of trials, the progress bar, messages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


def silent(line: str) -> None:
    """Print nothing."""


class JobOptions(NamedTuple):
    """Options that change no result.

    ``jobs`` trainings run at the same time. With ``storage`` every trial is stored in that file, and the same call
    again continues an interrupted study. ``progress`` shows a bar; ``say`` gets each message.
    """

    jobs: int = 2
    storage: str | Path | None = None
    progress: bool = True
    say: Callable[[str], None] = silent

    def say_known(self, known: int, planned: int, searcher: str = "") -> None:
        """Say how many of the planned trials, perhaps of a searcher, the file holds already; nothing if it has none."""
        if known:
            begin = f"{searcher}: " if searcher else ""
            self.say(f"{begin}{min(known, planned)} of {planned} trials are known from {self.storage}")


DEFAULT = JobOptions()
