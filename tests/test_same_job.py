"""`benchmarks.same_job`: its records, its table, its bars, and one search."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # a tool of this repository: CI runs its tests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
same_job: Any = importlib.import_module("benchmarks.same_job")
memory: Any = importlib.import_module("benchmarks.common.memory")
job_tuners: Any = importlib.import_module("benchmarks.common.job_tuners")
PAIRS = [("scratchtune, random", "scratchtune"), ("Optuna, random", "PyTorch")]


def run(pair: tuple[str, str], seed: int, trials: int) -> dict[str, Any]:
    """A run as it would be if ours took 0.5 s, and Optuna's 20 s."""
    ours = pair[0].startswith("scratchtune")
    return {"params": {"units": 32}, "score": 0.9 + 0.01 * seed, "seconds": 0.5 if ours else 20.0, "outside": 0.1,
            "epochs": 270, "trials": trials, "held_out": 0.95, "memory": 200.0 if ours else 500.0}


def test_runs_are_kept_and_a_command_reports_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(same_job, "run_of", lambda pair, *how: asked.append((pair[0], how[0])) or run(pair, *how))
    given = Namespace(records=tmp_path / "runs.jsonl", trials=30)
    same_job.runs_of(PAIRS[:1], 3, given)
    assert asked == [("scratchtune, random", seed) for seed in (0, 0, 1, 2, 0)]  # the first one compiles
    found = same_job.runs_of(PAIRS, 1, given)
    assert asked[5:] == [("Optuna, random", 0), ("Optuna, random", 0)] and given.kept == 2
    assert [[run["turn"] for run in found[pair]] for pair in PAIRS] == [[0, same_job.AGAIN]] * 2
    given.trials = 5  # another number of trials is another run
    same_job.runs_of(PAIRS[:1], 1, given)
    assert len(asked) == 10 and given.kept == 0


def test_the_table_and_the_bars() -> None:
    found = {pair: [run(pair, seed, 30) for seed in (0, 1, 0)] for pair in PAIRS}
    assert same_job.row(PAIRS[1], found[PAIRS[1]], 4.0)[2:10] == [
        "2", "0.9050", "0.9500", "4.0", "20.00 (20.00 to 20.00)", "0.10", "270", "500"]
    starts = {PAIRS[0]: 1.5, PAIRS[1]: 4.0, ("Optuna, random", "scratchtune"): 3.0}
    speed, score, memory, whole, same_network = same_job.bars(
        found | {("Optuna, random", "scratchtune"): found[PAIRS[0]]}, starts)
    assert speed == ("- PASS: seconds, Optuna, random with PyTorch / scratchtune, random with scratchtune: bar at "
                     "least 10x, measured 40.00x")
    assert score.startswith("- PASS: held-out accuracy, scratchtune, random with scratchtune 0.9500 ± 0.0115, Optuna, ")
    assert memory.startswith("- PASS: memory, scratchtune, random with scratchtune 200 MB, Optuna, random with PyTorch")
    assert whole == ("- PASS: seconds with start, Optuna, random with PyTorch / scratchtune, random with scratchtune: "
                     "bar at least 10x, measured 12.00x")
    assert same_network == ("- PASS: seconds, Optuna, random with scratchtune / scratchtune, random with scratchtune: "
                            "bar at least 1x, measured 1.00x")
    assert not same_job.bars({PAIRS[1]: found[PAIRS[1]]}, starts)
    early = run(PAIRS[0], 0, 22) | {"epochs": 100}
    assert same_job.cost(early, same_job.EARLY) == 0.005 and same_job.cost(early, same_job.RANDOM) == 0.5


def test_runs_of_another_version_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(same_job, "run_of", run)
    given = Namespace(records=tmp_path / "runs.jsonl", trials=30)
    same_job.runs_of(PAIRS[:1], 1, given)
    monkeypatch.setattr(same_job, "versions", lambda pair: "another")
    same_job.runs_of(PAIRS[:1], 1, given)
    assert len(given.records.read_text(encoding="utf-8").splitlines()) == 4


def test_lines_of_code_are_those_without_docstrings_comments_blank_lines_and_counting() -> None:
    def function(job: Any) -> int:
        """A docstring."""

        # a comment
        job.epochs += 1
        return 1

    assert same_job.lines([function]) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_memory_is_that_of_the_process_and_of_its_children() -> None:
    watch = memory.Watch(lambda: memory.proportional(os.getpid()), 0.1)
    code = "import time; held = bytearray(200_000_000); time.sleep(1)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert watch.most() > 200.0


def test_starts_are_timed_without_a_search_and_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    wholes = iter([9.0, 2.0, 3.0, 5.0, 5.0, 5.0])
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(same_job, "run_of", lambda pair, seed, trials: asked.append(pair) or {
        "whole": next(wholes), "training": 0.5})
    grid = ("scratchtune, grid", "scratchtune")
    assert same_job.starts_of([grid, *PAIRS], 3) == {grid: 4.0, PAIRS[0]: 4.0, PAIRS[1]: 2.0}
    assert asked == [PAIRS[1]] * 3 + [grid] * 3


def test_a_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(job_tuners.DATA, str(tmp_path / "digits.npz"))
    job_tuners.write_data(tmp_path / "digits.npz")
    assert set(same_job.answer("scratchtune, random", "scratchtune", 0, 0)) == {"training", "memory"}
    found = same_job.answer("scratchtune, random", "scratchtune", 0, 2)
    assert found["trials"] == 2 and found["epochs"] == 2 * 3 * 9
    assert 0.0 < found["outside"] < found["seconds"] and 0.5 < found["held_out"] <= 1.0
