"""CPU seconds of each folder's tests: ``pytest --budgets compare`` prints them beside their budgets, in budgets.ini.

They are those of the tests' processes and of the processes that these have started and waited for, summed over all
workers. What is compiled counts for the test that comes first, so a run with an empty cache is compared with the
budgets: ``NUMBA_CACHE_DIR=$(mktemp -d)``. Another processor takes other times, so nothing fails. The option's value
``new`` prints new budgets, a quarter above what was measured.
"""

from __future__ import annotations

import configparser
import math
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).with_suffix(".ini")
START = "(start and collection)"

Seconds = dict[str, list[float]]  # by folder: those of the tests' processes, those of the processes they started


def compared(seconds: Mapping[str, list[float]], budgets: Mapping[str, str]) -> list[str]:
    """A line for each folder: its seconds, its budget if it has one, and a mark where that is exceeded."""
    lines = []
    for folder, (own, children) in sorted(seconds.items()):
        line = f"{folder:28} {own:7.1f} + {children:6.1f} = {own + children:7.1f}"
        if folder in budgets:
            line += f" of {budgets[folder]:>5}" + "  EXCEEDED" * (own + children > float(budgets[folder]))
        lines.append(line)
    return [*lines, f"{'sum':28} {sum(map(sum, seconds.values())):26.1f}"]


def new(seconds: Mapping[str, list[float]]) -> list[str]:
    """The lines of a section of budgets.ini, a quarter above the seconds."""
    return [f"{name} = {math.ceil(1.25 * sum(both))}" for name, both in sorted(seconds.items())]


def _so_far() -> tuple[float, float]:
    times = os.times()
    return times.user + times.system, times.children_user + times.children_system


class Budgets:
    """The plugin that measures, in each process, and prints the sums in the one that began."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seconds: Seconds = {}

    def _add(self, folder: str, own: float, children: float) -> None:
        both = self._seconds.setdefault(folder, [0.0, 0.0])
        both[:] = both[0] + own, both[1] + children

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, Any, Any]:
        result = yield
        self._add(START, *_so_far())
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        before = _so_far()
        result = yield
        after = _so_far()
        self._add(item.nodeid.split("::")[0].rpartition("/")[0], after[0] - before[0], after[1] - before[1])
        return result

    def pytest_sessionfinish(self) -> None:
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput["seconds"] = self._seconds

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for folder, both in getattr(node, "workeroutput", {}).get("seconds", {}).items():
            self._add(folder, *both)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        section = "left out" if self._config.option.left_out else "plain"
        stored = configparser.ConfigParser()
        stored.read(FILE)
        terminalreporter.section(f"CPU seconds, {section} tests: own + of processes that they started")
        if self._config.option.budgets == "new":
            lines = [f"[{section}]", *new(self._seconds)]
        else:
            lines = compared(self._seconds, stored[section] if section in stored else {})
        terminalreporter.write("\n".join([*lines, ""]))
