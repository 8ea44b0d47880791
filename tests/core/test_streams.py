"""Streams: what is printed is whole, and what comes from a file is shown instead of steering the terminal."""

from __future__ import annotations

import io
import sys
import unicodedata
from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.core.streams import note, tell, visible, visible_lines

from ..forging import forge

EVIL = "esc\x1b]0;pwn\x07\x1b[31m\x1b[2J\r\nnew\u202eline\x9b"


def test_control_characters_by_hand() -> None:
    assert visible("a\x1b[2Jb\n\t\x00\x7f\x9b\u2028\u202e\ud800") == r"a\x1b[2Jb\n\t\x00\x7f\x9b\u2028\u202e\ud800"
    assert visible("Größe 名称 😀 \\n") == "Größe 名称 😀 \\n"
    assert visible_lines("one\x1b\r\ntwo\n") == "one\\x1b\ntwo\n"


def test_no_character_that_is_printed_is_one_of_control() -> None:
    """Unicode's category Cc, with lone surrogates (Cs) and separators of lines and paragraphs, is never let through."""
    text = "".join(map(chr, range(0x110000)))
    assert not {unicodedata.category(letter) for letter in visible(text)} & {"Cc", "Cs", "Zl", "Zp"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_data_is_as_it_is_unless_a_terminal_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for out, data, printed in (
        (io.StringIO(), True, "a\x1b,b\r\nc\n"), (Terminal(), True, "a\\x1b,b\nc\n"),
        (io.StringIO(), False, "a\\x1b,b\nc\n"),
    ):
        monkeypatch.setattr(sys, "stdout", out)
        tell("a\x1b,b\r\nc", data=data)
        assert out.getvalue() == printed
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    note("a\x1b")
    assert sys.stderr.getvalue() == "a\\x1b\n"  # type: ignore[attr-defined]


@pytest.fixture
def evil(tmp_path: Path) -> str:
    """A file of two studies whose every text steers a terminal."""
    path = str(tmp_path / "evil.db")

    def objective(trial: st.Trial) -> float:
        if trial.number == 1:
            raise ValueError(EVIL)
        return float(trial.number)

    for name in (EVIL, "other"):
        study = st.Study({f"x{EVIL}": [EVIL, f"{EVIL}{EVIL}", "c"]}, "random", storage=path, name=name)
        study.run(objective, 3, progress=False)
    del study
    reason = "json_set(record, '$.reason', json_extract(record, '$.reason') || ?)"
    forge(path, f"UPDATE trials SET record = {reason}", EVIL)
    return path


@pytest.mark.parametrize("arguments", [
    ["studies", "FILE"], ["show", "FILE", "--study", EVIL], ["why", "FILE", "0", "--study", EVIL],
    ["why", "FILE", "1", "--study", EVIL], ["why", "FILE", "0"], ["show", "FILE", "--study", f"{EVIL}?"],
    ["predict", f"{EVIL}.npz", "FILE"],
], ids=["studies", "show", "why", "why it failed", "which study", "no such study", "no such model"])
def test_what_a_file_holds_does_not_steer_the_terminal(
    arguments: list[str], evil: str, capsys: pytest.CaptureFixture[str],
) -> None:
    main([evil if argument == "FILE" else argument for argument in arguments])
    printed = "".join(capsys.readouterr())
    assert "pwn" in printed and not {letter for letter in printed if not letter.isprintable()} - {"\n"}
    assert not any(line.startswith("new") for line in printed.splitlines())


def test_notes_of_a_run_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    def objective(trial: st.Trial) -> float:
        raise ValueError(EVIL)

    st.tune(objective, {"x": [1]}, "random", 1)
    assert r"trial 0 failed: ValueError: esc\x1b]0;pwn\x07" in capsys.readouterr().err


def test_a_csv_holds_no_formula_and_every_number_as_it_was(tmp_path: Path) -> None:
    """A text that a spreadsheet would run begins with '; numbers, also signed ones as text, are unchanged."""
    pandas = pytest.importorskip("pandas")
    from scratchtune.core.study.export import as_csv
    from scratchtune.core.study.file import File

    choices = ["=cmd|' /C calc'!A0", "+1", "-x", "@x", "\tx"]
    study = st.tune(lambda trial: -0.5 * trial.number, {"c": choices, "x": st.Float(-1.0, 1.0)}, "random", 12,
                    storage=tmp_path / "a.db", progress=False)
    written = as_csv(File(tmp_path / "a.db", reading=True), "study")
    study.to_csv(tmp_path / "a.csv")
    shown = {choice: choice if choice == "+1" else f"'{choice}" for choice in choices}
    for text in (written, (tmp_path / "a.csv").read_text(encoding="utf-8")):
        table = pandas.read_csv(io.StringIO(text), dtype={"param_c": str})
        assert table["param_c"].tolist() == [shown[trial.params["c"]] for trial in study.trials]
    assert table["param_x"].tolist() == pytest.approx([trial.params["x"] for trial in study.trials], rel=1e-15)
    assert table["value"].tolist() == [trial.value for trial in study.trials]
