"""What all tests need."""

from __future__ import annotations

import signal

import pytest

from scratchtune import jit

# A job that a shell starts in the background ignores Ctrl-C, and so do its children: a test of it would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of tests about compiled code; with NUMBA_DISABLE_JIT=1 they have nothing to test."""
    config.addinivalue_line("markers", "needs_compiler: tests what is compiled; skipped where NUMBA_DISABLE_JIT is set")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked as ``needs_compiler`` where nothing is compiled."""
    if jit.DISABLED and item.get_closest_marker("needs_compiler") is not None:
        pytest.skip("NUMBA_DISABLE_JIT is set, and this test is about compiled code")
