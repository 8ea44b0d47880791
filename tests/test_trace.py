"""How much a reader who steps through one trial meets; the numbers only fall."""

from __future__ import annotations

from pathlib import Path

from tests.trace import trace_of

FUNCTIONS, DEPTH = 154, 15


def test_a_random_trial_runs_through_few_functions(tmp_path: Path) -> None:
    found = trace_of("random", tmp_path / "a.db")
    assert len(found.functions) <= FUNCTIONS and found.depth <= DEPTH, str(found)
