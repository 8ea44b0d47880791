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


def test_an_interruption_of_a_cross_validated_search() -> None:
    counts = HERE["traced"]("cross-validated", "genetic", False, step=97)
    assert counts["moments"] >= 10 and not wrong(counts)


def test_an_interruption_of_a_confirmation() -> None:
    counts = HERE["traced"]("confirmed", "genetic", True, step=613)
    assert counts["moments"] >= 10 and not wrong(counts)


@needs_timers
def test_an_interruption_at_some_times() -> None:
    counts = HERE["signalled"]("run", "genetic", True, moments=20)
    assert counts["moments"] >= 20 and not wrong(counts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", HERE["JOBS"])
def test_an_interruption_at_every_line(kind: str) -> None:
    """At each line that any job of a kind runs, the first time; and at every 32nd line that each of them runs."""
    counts = HERE["all_lines"](step=32, kind=kind)
    assert counts["moments"] >= 400 and not wrong(counts)


@pytest.mark.slow
@needs_timers
@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, _, _ in HERE["TIMED"]))
def test_an_interruption_at_three_thousand_times(kind: str) -> None:
    counts = HERE["all_signals"](moments=1000, kind=kind)
    assert counts["moments"] >= 1000 and not wrong(counts)
