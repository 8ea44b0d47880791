"""What all tests need, what the processes of a whole run share, and what a run has left out (--left-out)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

# Both are inherited: by the processes of a run with `-n auto`, and by those that tests start.
os.environ.setdefault("SCRATCHTUNE_COMPILE_PROCESSES", "1")  # a second compiling process would take a core from a test
if sys.dont_write_bytecode:  # as in many containers; each process would translate all that it imports again, in 3 s
    bytecode = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")  # not beside the sources
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = bytecode
    sys.dont_write_bytecode = False

from .browsing import browser as browser  # noqa: E402  # no import here of what only some tests need: each run waits
from .left_out import LeftOut  # noqa: E402

IS_COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")

# A job that a shell starts in the background ignores Ctrl-C, and so do its children: a test of it would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register --covering and --left-out."""
    parser.addoption("--covering", metavar="FILE", help="write which tests run which lines of the package")
    parser.addoption("--left-out", action="store_true", help="run slow tests, and those skipped by the last run")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of tests about compiled code; with NUMBA_DISABLE_JIT=1 they have nothing to test."""
    config.addinivalue_line("markers", "needs_compiler: tests what is compiled; skipped where NUMBA_DISABLE_JIT is set")
    config.pluginmanager.register(LeftOut(config))
    if config.option.covering:
        from .covering import Covering

        config.pluginmanager.register(Covering(config))
    if any(value for name, value in vars(config.option).items() if name.startswith("hypothesis")):
        from . import drawing  # noqa: F401  # its profiles, before the plugin of Hypothesis loads the one that is named
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(FromBothEnds(config))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """In a run of all tests by several processes, compile what many of them use; before, there is no cache to ask."""
    config = session.config
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput") and IS_COMPILED:
        if config.args == config.getini("testpaths"):  # all tests
            config.pluginmanager.register(FirstKernels(config))


class FirstKernels:
    """Kernels that many tests use are compiled once, during collection, instead of by every worker.

    There are two processes, one for each type, so that they have ended when the tests begin.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._cache = getattr(config, "cache", None)  # none with -p no:cacheprovider
        files = [path.stat() for path in (Path(__file__).parents[1] / "scratchtune").rglob("*.py")]
        self._state = [sys.version, os.environ.get("NUMBA_CACHE_DIR"), sum(file.st_mtime_ns for file in files)]
        self._processes: list[subprocess.Popen[bytes]] = []
        if self._cache is None or self._cache.get("first_kernels", None) != self._state:
            script = Path(__file__).with_name("first_kernels.py")
            self._processes = [subprocess.Popen([sys.executable, script, dtype], stderr=subprocess.DEVNULL)
                               for dtype in ("float32", "float64")]

    def pytest_unconfigure(self) -> None:
        """End the processes; next time they are not needed, unless one failed."""
        for process in self._processes:
            process.kill()
        if self._processes and not any([process.wait() for process in self._processes]) and self._cache is not None:
            self._cache.set("first_kernels", self._state)


class FromBothEnds:
    """Every second worker collects the folders and files from the last to the first.

    Half of the time of collecting is pytest's translation of asserts. So each worker translates one half of the files,
    and reads the other half from the bytecode of another one. The order of the tests is that of their files in each.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._is_last_first = config.workerinput["workerid"][-1:] in "13579"  # type: ignore[attr-defined]

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        report = yield
        if self._is_last_first and isinstance(collector, pytest.Directory):
            report.result.reverse()
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: item.path)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked as ``needs_compiler`` where nothing is compiled."""
    if not IS_COMPILED and item.get_closest_marker("needs_compiler") is not None:
        pytest.skip("NUMBA_DISABLE_JIT is set, and this test is about compiled code")


@pytest.fixture(scope="session")
def fresh() -> Iterator[Callable[[], Path]]:
    """A function that makes a new empty folder at each call, for a test that is called many times."""
    with tempfile.TemporaryDirectory() as folder:
        yield lambda: Path(tempfile.mkdtemp(dir=folder))
