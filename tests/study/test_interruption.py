"""Ctrl-C at any moment: nothing that has finished is lost, and the next run ends with the table of an unbroken one."""

from __future__ import annotations

import runpy
import signal
from pathlib import Path

import pytest

HERE = runpy.run_path(str(Path(__file__).with_name("interruptions.py")))
needs_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no such timers here")


def wrong(counts: dict[str, int]) -> dict[str, int]:
    return {what: count for what, count in counts.items() if what.startswith("bad")}


@pytest.mark.slow
@pytest.mark.parametrize("in_file", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize(
    ("kind", "searcher"), [("run", "tpe"), ("two threads", "random"), ("ask and tell", "hyperband")])
def test_an_interruption_at_any_moment_leaves_a_study_that_goes_on(kind: str, searcher: str, in_file: bool) -> None:
    counts = HERE["traced"](kind, searcher, in_file, step=61)
    assert counts["moments"] >= 10 and not wrong(counts)


def test_an_interruption_of_a_cross_validated_search() -> None:
    counts = HERE["traced"]("cross-validated", "genetic", False, step=31)
    assert counts["moments"] >= 10 and not wrong(counts)


@needs_timers
def test_an_interruption_at_some_times() -> None:
    counts = HERE["signalled"]("run", "genetic", True, moments=20)
    assert counts["moments"] >= 20 and not wrong(counts)


@pytest.mark.slow
def test_an_interruption_at_every_line() -> None:
    """At each line that any job runs, the first time; and at every fourth line that each job runs."""
    counts = HERE["all_lines"](step=4)
    assert counts["moments"] >= 3000 and not wrong(counts)


@pytest.mark.slow
@needs_timers
def test_an_interruption_at_three_thousand_times() -> None:
    counts = HERE["all_signals"](moments=3000)
    assert counts["moments"] >= 3000 and not wrong(counts)
