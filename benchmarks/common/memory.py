"""The memory of processes, as Linux tells it, and the most of it while something runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path


class Watch:
    """The highest value of ``look`` until `most` is called; a thread looks every so many seconds."""

    def __init__(self, look: Callable[[], float], every: float) -> None:
        self.look, self.every, self.seen, self.over = look, every, [look()], threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def _watch(self) -> None:
        while not self.over.wait(self.every):
            self.seen.append(self.look())

    def most(self) -> float:
        """End the watch."""
        self.over.set()
        self.watcher.join()
        return max(self.seen)


def family(process: int) -> list[int]:
    """A process and those that descend from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            children.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
    found = [process]
    for one in found:
        found += children.get(one, [])
    return found


def proportional(process: int) -> float:
    """The memory of a process and its descendants, in MB; pages that several share are divided among them."""
    total = 0
    for one in family(process):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
