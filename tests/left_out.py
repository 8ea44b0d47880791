"""After more packages are installed, ``pytest --left-out -m "not exercise"`` runs what the last plain run left out.

These are the tests that it skipped because a package was missing, and those that are marked slow. So all tests run
once, and the plain command proves that it needs no framework.
"""

from __future__ import annotations

import pytest

KEY = "left_out/skipped"  # in pytest's cache: the names of tests, and of files
MISSING = "could not import"  # how `importorskip` begins its reason


class LeftOut:
    """The plugin that notes what is skipped, in the process that began, and later selects it in each worker."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._skipped: set[str] = set()

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and MISSING in str(report.longrepr):
            self._skipped.add(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if not self._config.option.left_out:
            return
        skipped = set(self._config.cache.get(KEY, [])) if self._config.cache is not None else set()
        chosen = [item for item in items if item.get_closest_marker("slow")
                  or skipped & {item.nodeid, item.nodeid.split("::")[0]}]
        self._config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen

    def pytest_sessionfinish(self) -> None:
        config = self._config  # of the process that began; a run of some files only is forgotten
        is_whole = not hasattr(config, "workerinput") and config.args == config.getini("testpaths")
        if is_whole and not config.option.left_out and self._config.cache is not None:
            self._config.cache.set(KEY, sorted(self._skipped))
