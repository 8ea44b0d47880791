"""`python -m benchmarks`: the list of questions, what is kept of each answer, and the report of all."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import json
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st

pytestmark = pytest.mark.slow  # a tool of this repository: CI runs its tests

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
listed = importlib.import_module("benchmarks.common.questions")
suite = importlib.import_module("benchmarks.common.suite")
scaffold = importlib.import_module("benchmarks.common.benchmark")
harness = importlib.import_module("benchmarks.common.harness")
reports = importlib.import_module("benchmarks.common.reports")
stale = importlib.import_module("benchmarks.stale")
command = importlib.import_module("benchmarks.__main__")
REPORT = """# Time of a step

`python -m benchmarks training_speed --save`, 2026-01-02.

| network | ours |
| ------- | ---: |
| small   |  1.5 |

- PASS: small: bar at most 2, measured 1.5
- FAIL: large: bar at most 2, measured 3
- NOT MEASURED: huge: bar at most 2 (this run is too short)
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


def numbers_of(text: str) -> set[str]:
    """The numbers of a text, as they are written."""
    return set(re.findall(r"\d[\d,]*(?:\.\d+)?", text.replace(", ", " ")))


@pytest.mark.parametrize("question", [*listed.questions(), *listed.settled()], ids=lambda question: question.name)
def test_an_answer_is_a_sentence_whose_numbers_are_in_a_stored_report(question: Any) -> None:
    pages = [reports.report(question.name)] if question.is_settled else [
        text for text in reports.stored().values() if f"`python -m benchmarks {question.name}" in text]
    text = " ".join(listed.LINE.sub("", page) for page in pages)
    assert "\n" not in question.answer and question.answer.endswith(".") and len(question.answer) < 400
    assert numbers_of(question.answer) <= numbers_of(text), numbers_of(question.answer) - numbers_of(text)
    assert pages or question.answer == listed.UNMEASURED


def test_a_settled_question_has_a_page_and_no_code(capsys: pytest.CaptureFixture[str]) -> None:
    """It is listed with its page, is never stale, and cannot be run."""
    names = [question.name for question in listed.settled()]
    assert names and not {*names} & {*listed.modules(), *stale.reports()}
    assert command.main([]) == 0
    assert all(f"benchmarks/results/{name}.md: " in capsys.readouterr().out for name in names[:1])
    with pytest.raises(SystemExit):
        command.main([names[0]])
    assert f"NAME is '{names[0]}', a settled question; benchmarks/results" in capsys.readouterr().err


def test_the_list_of_a_page_has_every_question_with_its_answer_and_its_reports() -> None:
    text = listed.won_and_lost()
    assert all(f"- {question.text} {question.answer} (" in text for question in listed.questions())
    assert all(f"- {question.text} ([{question.name}](" in text for question in listed.settled())
    assert all(f"(results/{name}.md)" in text for name in reports.stored() if name != "optuna_plots")


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


def test_the_report_of_all_has_the_bars_and_each_report(
    question: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suite, "_run", answering(REPORT, 1))
    (answer,) = suite.run_all([question], quick=False, folder=tmp_path, again=False)
    assert answer.state == suite.DONE and answer.written == ["training_speed"]
    assert json.loads((tmp_path / "training_speed.json").read_text())["written"] == ["training_speed"]
    text = suite.whole([question], [answer], tmp_path)
    assert "  1 of 2 |" in text and "- training_speed: large: bar at most 2, measured 3" in text
    assert text.index("## Not measured") < text.index("- training_speed: huge: bar at most 2 (this run is too short)")
    assert "#### Time of a step" in text and text.index("## Where it falls short") < text.index("### How long")


def test_an_answer_is_kept_until_it_is_asked_again(
    question: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suite, "_run", answering(REPORT))
    first = suite.run_all([question], quick=False, folder=tmp_path, again=False)
    monkeypatch.setattr(suite, "_run", answering(REPORT.replace("1.5", "1.9")))
    assert suite.run_all([question], quick=False, folder=tmp_path, again=False) == first
    kept = [tmp_path / f"training_speed{ending}" for ending in (".jsonl", "_runs.json")]  # runs that a benchmark keeps
    for path in kept:
        path.touch()
    again = suite.run_all([question], quick=False, folder=tmp_path, again=True)
    assert "1.9" in suite.whole([question], again, tmp_path) and not any(path.exists() for path in kept)


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
    question = listed.Question("parity", "chapter", "text", is_quick=False)
    (answer,) = suite.run_all([question], quick=True, folder=tmp_path, again=False)
    assert (answer.state, answer.reason) == (suite.SKIPPED, "it has no short run")


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    shown = capsys.readouterr().out
    assert all(question.name in shown for question in listed.questions())


@pytest.mark.parametrize(("arguments", "message"), [
    (["tree"], "NAME is 'tree'; it must be one of"), (["trees", "page"], "NAME is 'page'"),
    (["all", "--save"], "--save stores the report of one NAME"), (["made", "--rounds", "0"], "is not an integer of"),
    (["made", "--round", "2"], "unrecognized arguments: --round"), (["made", "--out"], "expected one argument")])
def test_wrong_arguments_are_said_in_one_sentence(
    arguments: list[str], message: str, made: Any, capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2 and message in capsys.readouterr().err.splitlines()[-1]


# One benchmark --------------------------------------------------------------------------------------------------------


def measure(given: Any) -> float:
    return 10.0 if given.quick else 3.0 * (given.rounds or 1)


def report(found: float, given: Any) -> list[str]:
    return ["A number.", harness.bar("it", None if given.quick else found, 5.0)]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that registers a benchmark, and that `python -m benchmarks` knows."""
    module: Any = types.ModuleType("benchmarks.made", "How large is it?")
    module.BENCHMARK = scaffold.Benchmark(
        "A size", measure, report, quick="no bar", options={"--rounds": {"type": scaffold.count}},
        variant=lambda given: dataclasses.replace(module.BENCHMARK, name="rounds" if given.rounds else ""))
    monkeypatch.setitem(sys.modules, "benchmarks.made", module)
    monkeypatch.setattr(command, "questions", lambda: [*listed.questions(), listed.Question("made", "", "", True)])
    return module


@pytest.mark.parametrize(("arguments", "code", "line", "name"), [
    ([], 1, "- FAIL: it: bar at least 5x, measured 3.0x", "made"),
    (["--rounds", "2"], 0, "- PASS: it: bar at least 5x, measured 6.0x", "rounds"),
    (["--quick"], 0, "- NOT MEASURED: it: bar at least 5x (this run is too short)", "made_quick")])
def test_one_benchmark_prints_its_report_and_stores_it_where_that_is_asked(
    arguments: list[str], code: int, line: str, name: str, made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    assert command.main(["made", *arguments]) == code
    text = capsys.readouterr().out
    assert text.startswith(f"# A size\n\n`python -m benchmarks {' '.join(['made', *arguments])}`, 2")
    assert text.endswith(f"\n\nA number.\n\n{line}\n") and not list(tmp_path.iterdir())
    assert command.main(["made", *arguments, "--save"]) == code
    assert (tmp_path / f"{name}.md").read_text() == capsys.readouterr().out
    assert f"scratchtune {st.__version__}," in text  # also where it is not installed


def test_the_seconds_of_runs_from_a_file_are_unknown(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made.BENCHMARK = dataclasses.replace(made.BENCHMARK, measure=lambda given: setattr(given, "kept", 1_234) or 6.0)
    assert command.main(["made"]) == 0
    text = capsys.readouterr().out
    assert "; seconds unknown, since 1,234 of its runs are of earlier commands.\n" in text
    assert scaffold.age.age_of(text).seconds == 0.0


def test_an_option_may_be_before_the_name(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--quick", "made"]) == 0 and "`python -m benchmarks made --quick`" in capsys.readouterr().out


def test_a_missing_library_is_named(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    error = ModuleNotFoundError("No module named 'keras'", name="keras")
    monkeypatch.setattr(scaffold, "import_module", lambda name: (_ for _ in ()).throw(error))
    with pytest.raises(SystemExit, match="^made needs keras, which is not installed$"):
        command.main(["made"])


@pytest.mark.parametrize("name", listed.modules())
def test_a_benchmark_is_registered_in_the_last_lines_and_has_no_program_of_its_own(name: str) -> None:
    text = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
    assert ast.unparse(ast.parse(text).body[-1]).startswith("BENCHMARK = Benchmark(")
    assert "__main__" not in text and "ArgumentParser" not in text


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks" / "results").glob("*.md")), ids=lambda path: path.stem)
def test_the_command_of_a_stored_report_is_one_that_can_be_given(path: Path) -> None:
    found = re.search(r"^`python -m benchmarks(.*?)`", path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None or path.stem in [question.name for question in listed.settled()]:
        pytest.skip("written by hand, or settled")
    name, *arguments = shlex.split(found[1])
    source = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
    assert all(text == "--save" or f'"{text}": {{' in source for text in arguments if text.startswith("--"))


def test_a_benchmark_runs_from_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "report_speed", "--quick", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert "report_speed" in (tmp_path / "REPORT.md").read_text()
    assert json.loads((tmp_path / "report_speed_quick.json").read_text())["state"] == "done"
