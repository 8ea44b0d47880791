"""`benchmarks.same_job`: its records, its table, its bars, and one search."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
same_job: Any = importlib.import_module("benchmarks.same_job")
PAIRS = [("scratchtune, random", "scratchtune"), ("Optuna, random", "PyTorch")]


def run(pair: tuple[str, str], seed: int, trials: int) -> dict[str, Any]:
    """A run as it would be if ours took 0.5 s, and Optuna's 20 s."""
    ours = pair[0].startswith("scratchtune")
    return {"params": {"units": 32}, "score": 0.9 + 0.01 * seed, "seconds": 0.5 if ours else 20.0, "outside": 0.1,
            "epochs": 270, "trials": trials, "held_out": 0.95, "memory": 200.0 if ours else 500.0}


def test_runs_are_kept_and_a_tuner_may_have_more_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(same_job, "run_of", lambda pair, *given: asked.append((pair[0], given[0])) or run(pair, *given))
    records = tmp_path / "runs.jsonl"
    same_job.measure(PAIRS[:1], 3, 30, records)
    assert asked == [("scratchtune, random", seed) for seed in (0, 0, 1, 2, 0)]  # the first one compiles
    found = same_job.measure(PAIRS, 1, 30, records)
    assert asked[5:] == [("Optuna, random", 0), ("Optuna, random", 0)]
    assert [len(found[pair]) for pair in PAIRS] == [4, 2]
    assert [run["turn"] for run in found[PAIRS[0]]] == [0, 1, 2, same_job.AGAIN]
    same_job.measure(PAIRS[:1], 1, 5, records)  # another number of trials is another run
    assert len(asked) == 10


def test_the_table_and_the_bars() -> None:
    found = {pair: [run(pair, seed, 30) for seed in (0, 1, 0)] for pair in PAIRS}
    assert same_job.row(PAIRS[1], found[PAIRS[1]])[2:9] == [
        "2", "0.9050", "0.9500", "20.00 (20.00 to 20.00)", "0.10", "270", "500"]
    speed, score, memory = same_job.bars(found)
    assert speed == "- PASS: seconds of Optuna, random / scratchtune, random: bar at least 10x, measured 40.0x"
    assert score == "- PASS: held-out accuracy of scratchtune, random 0.9500, of Optuna, random 0.9500"
    assert memory == "- PASS: memory of scratchtune, random 200 MB, of Optuna, random 500 MB"
    assert not same_job.bars({PAIRS[1]: found[PAIRS[1]]})


def test_lines_of_code_are_those_without_docstrings_comments_and_blank_lines() -> None:
    def function() -> int:
        """A docstring."""

        # a comment
        return 1

    assert same_job.lines([function]) == 2


def test_a_search() -> None:
    found = same_job.answer("scratchtune, random", "scratchtune", 0, 2)
    assert found["trials"] == 2 and found["epochs"] == 2 * 3 * 9
    assert 0.0 < found["outside"] < found["seconds"] and 0.5 < found["held_out"] <= 1.0
