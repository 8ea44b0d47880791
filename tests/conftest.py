"""What all tests need."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scratchtune import jit

try:
    import hypothesis
except ImportError:  # then what needs it is skipped
    pass
else:  # the same few cases each time; `pytest --hypothesis-profile=search` draws many other ones
    hypothesis.settings.register_profile("few", max_examples=20, deadline=None, derandomize=True, database=None)
    hypothesis.settings.register_profile("search", max_examples=500, deadline=None, print_blob=True)
    hypothesis.settings.load_profile("few")

# A job that a shell starts in the background ignores Ctrl-C, and so do its children: a test of it would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of tests about compiled code; with NUMBA_DISABLE_JIT=1 they have nothing to test."""
    config.addinivalue_line("markers", "needs_compiler: tests what is compiled; skipped where NUMBA_DISABLE_JIT is set")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked as ``needs_compiler`` where nothing is compiled."""
    if jit.DISABLED and item.get_closest_marker("needs_compiler") is not None:
        pytest.skip("NUMBA_DISABLE_JIT is set, and this test is about compiled code")


@pytest.fixture(scope="session")
def fresh() -> Iterator[Callable[[], Path]]:
    """A function that makes a new empty folder at each call, for a test that is called many times."""
    with tempfile.TemporaryDirectory() as folder:
        yield lambda: Path(tempfile.mkdtemp(dir=folder))
