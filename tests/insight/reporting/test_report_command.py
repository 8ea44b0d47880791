"""The command `scratchtune report`, and ``--report`` of other commands: what is checked before any work."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.core.files import page_path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of two studies."""
    path = tmp_path_factory.mktemp("studies") / "studies.db"
    for name in ("first", "second"):
        with st.Study({"x": st.Float(0, 1)}, "random", storage=path, name=name) as study:
            study.run(lambda trial: trial.params["x"], 3, progress=False)
    return path


def test_one_study_or_all(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page.html"
    assert main(["report", str(file), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"report: {out}\n" and "<h1>2 studies</h1>" in out.read_text(encoding="utf-8")
    assert main(["report", str(file), "--study", "first", "-o", str(out)]) == 0
    assert "<h1>first</h1>" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["--study", "secnd"], "did you mean 'second'"),
    (["-o", "none/page.html"], "--out is 'none/page.html'; there is no folder '/"),
    (["-o", "page.pdf"], "--out is 'page.pdf'; its name must end in .html or .htm"),
])
def test_wrong_arguments(
    file: Path, arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(file), *arguments]) == 2
    assert sentence in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_the_path_of_an_option(tmp_path: Path) -> None:
    assert page_path(None, tmp_path / "report.html") is None
    assert page_path("", tmp_path / "report.html") == tmp_path / "report.html"
    assert page_path(str(tmp_path / "own.htm"), tmp_path / "report.html") == tmp_path / "own.htm"
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ValueError, match="a folder"):
        page_path(str(tmp_path / "folder.html"), tmp_path / "report.html")


def test_tune_checks_the_path_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "--data", "digits", "--out", str(tmp_path / "m.npz"), "--report", "page.txt"]) == 2
    assert "--report is 'page.txt'; its name must end in .html or .htm" in capsys.readouterr().err


def test_a_damaged_study_is_named_and_the_others_are_shown(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    copy, out = tmp_path / "copy.db", tmp_path / "page.html"
    copy.write_bytes(file.read_bytes())
    with closing(sqlite3.connect(copy)) as base, base:
        base.execute("UPDATE trials SET record = '{' WHERE id >= 2 * 4294967296")
    assert main(["report", str(copy), "-o", str(out)]) == 1
    assert "the study 'second' is left out" in capsys.readouterr().err
    assert "<h1>first</h1>" in out.read_text(encoding="utf-8")


def test_the_file_of_studies_is_not_overwritten(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    copy = tmp_path / "studies.html"
    copy.write_bytes(file.read_bytes())
    assert main(["report", str(copy), "-o", str(copy)]) == 2
    assert "would overwrite the file of studies" in capsys.readouterr().err
    assert copy.read_bytes() == file.read_bytes()


@pytest.mark.slow
def test_tune_writes_a_report(tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    assert main(["tune", "--data", "digits", "--trials", "1", "--folds", "2", "--families", "linear", "--out", str(out),
                 "--report"]) == 0
    assert "digit" in (tmp_path / "report.html").read_text(encoding="utf-8")
