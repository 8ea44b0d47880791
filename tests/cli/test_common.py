"""What all commands share: exit codes, where interrupted work is kept, warnings."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from scratchtune.cli import common


def ending(error: type[BaseException], name: str) -> Callable[[Any], None]:
    """A command of this name that ends with an error."""
    def command(given: Any) -> None:
        raise error

    command.__name__ = name
    return command


@pytest.mark.parametrize(("name", "code"), [("run_why", 0), ("run_compare", 1), ("run_tune", 1)])
def test_a_closed_pipe_is_an_error_of_a_command_that_has_files_to_write(
    name: str, code: int, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They may not have been written yet; a command that only prints has done its work."""
    closed: list[Any] = []
    monkeypatch.setattr(common, "redirect_to_devnull", closed.append)
    assert common.run(argparse.Namespace(run=ending(BrokenPipeError, name), debug=False)) == code
    assert closed == [sys.stdout]


@pytest.mark.parametrize(("name", "file"), [("run_tune", "a.db"), ("run_compare", "b.db"), ("run_why", None)])
def test_an_interruption_says_where_the_trials_are_kept(
    name: str, file: str | None, monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(common.interruption, "say_kept", lambda signalled, db: said.append(db))
    with pytest.raises(KeyboardInterrupt):
        common.run(argparse.Namespace(run=ending(KeyboardInterrupt, name), storage="a.db", db="b.db"))
    assert said == [file] * (file is not None)


@pytest.mark.parametrize(("error", "code"), [(ValueError, 2), (OSError, 2), (RuntimeError, 1), (MemoryError, 1)])
def test_what_the_user_can_mend_has_exit_code_2(
    error: type[Exception], code: int, capsys: pytest.CaptureFixture[str],
) -> None:
    assert common.run(argparse.Namespace(run=ending(error, "run_why"), debug=False)) == code
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_warning_that_comes_again_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    with common.plain_warnings():
        warnings.warn("the rate is high", UserWarning, stacklevel=1)
        warnings.warn("the rate is high", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "scratchtune: the rate is high\n"
