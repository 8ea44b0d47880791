"""Which tests run which lines of the package: ``pytest --covering FILE`` writes it, `decisions` reads it.

FILE is JSON: the tests that passed and ran a line of the package, with their seconds; and for each file of the package
and each of its lines the numbers of the tests that run it, in the order of the first list. With ``-n`` each worker
writes its own file beside FILE. Compiled code runs no lines that Python sees: for a compiled function there is only the
file of its tests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import coverage
import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "scratchtune"


class Covering:
    """The plugin that measures, in each process."""

    def __init__(self, config: pytest.Config) -> None:
        path = Path(config.option.covering).absolute()
        self._path = path.with_stem(path.stem + getattr(config, "workerinput", {}).get("workerid", ""))
        self._seconds: dict[str, float] = {}
        self._failed: set[str] = set()
        self._coverage = coverage.Coverage(data_file=None, config_file=False, include=[f"{PACKAGE}/*"])
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._coverage.switch_context(item.nodeid)
        trace = sys.gettrace()
        result = yield
        if sys.gettrace() is not trace:  # a test that traces too has ended the measurement
            sys.settrace(trace)
        self._coverage.switch_context("")
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] = round(self._seconds.get(report.nodeid, 0.0) + report.duration, 3)
        if not report.passed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        measured = data.measured_contexts() - self._failed  # what runs no line here may run it in another process
        seconds = {name: self._seconds[name] for name in self._seconds if name in measured}
        number = {name: k for k, name in enumerate(seconds)}
        lines = {Path(file).relative_to(PACKAGE.parent).as_posix(): {
            line: [number[name] for name in tests if name in number]
            for line, tests in data.contexts_by_lineno(file).items()} for file in data.measured_files()}
        self._path.write_text(json.dumps({"seconds": seconds, "lines": lines}), encoding="utf-8")
