"""What a study records with the standard logging module, and that nothing is printed twice."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import scratchtune as st

LOGGER = logging.getLogger("scratchtune")


def objective(trial: st.Trial) -> float:
    if trial.params["x"] == 2:
        raise ValueError("no luck")
    return float(trial.params["x"])


def run(**arguments: Any) -> st.Study:
    return st.Study({"x": [1, 2]}, "grid", name="mine").run(objective, **arguments)


def test_begun_finished_and_failed_trials_are_recorded(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="scratchtune"):
        run(progress=False)
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("scratchtune.core.study", "INFO", "study 'mine': trial 0 begins: x=1"),
        ("scratchtune.core.study", "INFO", "study 'mine': trial 0 is complete: value 1, x=1"),
        ("scratchtune.core.study", "INFO", "study 'mine': trial 1 begins: x=2"),
        ("scratchtune.core.study", "WARNING", "study 'mine': trial 1 failed: ValueError: no luck")]


def test_ask_and_tell_are_recorded(caplog: pytest.LogCaptureFixture) -> None:
    study = st.Study({"x": [1, 2]}, "grid", direction="maximize")
    with caplog.at_level(logging.INFO, logger="scratchtune"):
        study.tell(study.ask(), 5.0)
    assert [record.getMessage() for record in caplog.records] == [
        "study 'study': trial 0 begins: x=1", "study 'study': trial 0 is complete: value 5, x=1"]


def test_a_run_itself_prints_the_first_failure_once(capsys: pytest.CaptureFixture[str]) -> None:
    run()
    assert capsys.readouterr().err.count("trial 1 failed: ValueError: no luck") == 1


def test_nothing_else_is_printed_without_a_handler(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # those of the test runner
    run(progress=False)
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1  # from the run, not from the logger
    assert said.err.startswith("trial 1 failed: ValueError: no luck, in ")
