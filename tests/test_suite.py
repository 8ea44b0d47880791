"""`python -m benchmarks`: the list of questions, what is kept of each answer, and the report of all."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
listed = importlib.import_module("benchmarks.common.questions")
suite = importlib.import_module("benchmarks.common.suite")
REPORT = """# Time of a step

`python -m benchmarks training_speed --save`, 2026-01-02.

| network | ours |
| ------- | ---: |
| small   |  1.5 |

- PASS: small: bar at most 2, measured 1.5
- FAIL: large: bar at most 2, measured 3
"""


def answering(text: str | None, code: int = 0, messages: str = "") -> Any:
    """A stand-in for a benchmark's process, which writes a report to the folder that it is given."""
    def run(command: list[str], more: dict[str, str]) -> tuple[int, str]:
        if text is not None:
            (Path(more["SCRATCHTUNE_RESULTS"]) / "training_speed.md").write_text(text)
        return code, messages

    return run


@pytest.fixture
def question() -> Any:
    return next(question for question in listed.questions() if question.name == "training_speed")


def test_every_benchmark_is_asked_once() -> None:
    names = [question.name for question in listed.questions()]
    assert sorted(names) == listed.modules()
    assert all(question.text and "\n" not in question.text for question in listed.questions())


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").rglob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_imports_names_that_exist(path: Path) -> None:
    """Benchmarks run rarely, and some imports are inside functions; a name that has moved is noticed here."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ("scratchtune", "benchmarks"):
            try:
                module = importlib.import_module(str(node.module))
                for name in node.names:
                    assert hasattr(module, name.name) or importlib.import_module(f"{node.module}.{name.name}")
            except ModuleNotFoundError as error:  # fine, if a framework is not installed
                assert str(error.name).partition(".")[0] not in ("scratchtune", "benchmarks"), error


def test_an_answer_holds_the_bars_and_tables(question: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "_run", answering(REPORT, 1))
    (answer,) = suite.run_all([question], quick=False, folder=tmp_path, again=False)
    assert answer.state == suite.DONE and answer.written == ["training_speed"]
    (content,) = answer.reports
    assert [bar["met"] for bar in content["bars"]] == [True, False]
    assert content["tables"] == [{"headings": ["network", "ours"], "rows": [["small", "1.5"]]}]
    assert json.loads((tmp_path / "training_speed.json").read_text())["code"] == 1
    text = suite.whole([question], [answer], tmp_path)
    assert "  1 of 2 |" in text and "- training_speed: large: bar at most 2, measured 3" in text
    assert "#### Time of a step" in text and text.index("## Where it falls short") < text.index("### How long")


def test_an_answer_is_kept_until_it_is_asked_again(
    question: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suite, "_run", answering(REPORT))
    first = suite.run_all([question], quick=False, folder=tmp_path, again=False)
    monkeypatch.setattr(suite, "_run", answering(REPORT.replace("1.5", "1.9")))
    assert suite.run_all([question], quick=False, folder=tmp_path, again=False) == first
    kept = tmp_path / "training_speed.jsonl"  # runs that a benchmark keeps
    kept.touch()
    assert suite.run_all([question], quick=False, folder=tmp_path, again=True) != first and not kept.exists()


@pytest.mark.parametrize(("messages", "state", "reason"), [
    ("Traceback\nModuleNotFoundError: No module named 'torch'", "skipped", "No module named 'torch'"),
    ("espeak-ng is not installed: apt install espeak-ng", "skipped", "espeak-ng is not installed"),
    ("Traceback\nZeroDivisionError: division by zero", "failed", "exit code 1: ZeroDivisionError: division by zero"),
    ("", "failed", "exit code 1: no message"),
])
def test_what_gives_no_report_is_skipped_or_failed(
    question: Any, messages: str, state: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suite, "_run", answering(None, 1, messages))
    (answer,) = suite.run_all([question], quick=False, folder=tmp_path, again=False)
    assert answer.state == state and answer.reason.startswith(reason)
    assert not (tmp_path / "training_speed.json").exists()
    assert f"- training_speed: {state}" in suite.whole([question], [answer], tmp_path)


def test_a_benchmark_without_a_short_run_is_skipped(tmp_path: Path) -> None:
    question = listed.Question("sealed_rows", "chapter", "text", is_quick=False)
    (answer,) = suite.run_all([question], quick=True, folder=tmp_path, again=False)
    assert (answer.state, answer.reason) == (suite.SKIPPED, "it has no short run")


def test_the_list(tmp_path: Path) -> None:
    shown = subprocess.run([sys.executable, "-m", "benchmarks"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(question.name in shown.stdout for question in listed.questions())


@pytest.mark.slow
def test_a_benchmark_runs_from_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "report_speed", "--quick", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert "report_speed" in (tmp_path / "REPORT.md").read_text()
    assert json.loads((tmp_path / "report_speed_quick.json").read_text())["state"] == "done"
