"""The command line: results on stdout, messages on stderr, exit codes that scripts can use, errors of one line."""

import os
import subprocess
import sys

import pytest

from scratchtune.cli import main


def run(*arguments):
    command = [sys.executable, "-m", "scratchtune", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_compare_prints_a_table_and_saves_a_picture(tmp_path, capsys):
    assert main(["compare", "--trials", "3", "--searchers", "random", "--out", str(tmp_path / "pictures")]) == 0
    printed = capsys.readouterr()
    assert "random" in printed.out and "sealed" in printed.out and "why: Trial" in printed.out
    assert "random: 3 trials x 5 folds" in printed.err
    picture = tmp_path / "pictures" / "comparison.png"
    assert picture.read_bytes()[:4] == b"\x89PNG" and str(picture) in printed.out


def test_compare_saves_its_picture_though_nobody_reads(tmp_path, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as broken:
        monkeypatch.setattr(sys, "stdout", broken)
        assert main(["compare", "--trials", "2", "--searchers", "random", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "comparison.png").exists()


def test_formulas_lists_shows_and_maps(capsys):
    assert main(["formulas"]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 40
    assert main(["formulas", "l2_penalty"]) == 0
    shown = capsys.readouterr().out
    assert "R = λ · Σᵢ[θᵢ²]" in shown and "def l2_penalty(theta, lam):" in shown and "tests/test_registry.py" in shown
    assert main(["formulas", "--sections"]) == 0
    assert "4.2 正则化" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "message"), [
    (["formulas", "l2_penalti"], "did you mean 'l2_penalty'"),
    (["compare", "--searchers", "gird"], "did you mean 'grid'"),
    (["compare", "--trials", "0"], "--trials is 0"),
    (["compare", "--trials", "many"], "--trials"),
    (["compare", "--out", __file__], "it must be a folder"),
    (["compare", "--db", "nowhere/x.db"], "no folder"),
    (["compute"], "compute"),
    ([], "COMMAND"),
])
def test_wrong_arguments_are_told_in_a_line(arguments, message):
    result = run(*arguments)
    assert result.returncode == 2 and result.stdout == ""
    assert message in result.stderr and len(result.stderr.splitlines()) <= 2 and "Traceback" not in result.stderr


def test_help_everywhere():
    for arguments in (["--help"], ["compare", "--help"], ["formulas", "--help"]):
        result = run(*arguments)
        assert result.returncode == 0 and "usage" in result.stdout


def test_debug_shows_the_traceback():
    assert "Traceback" in run("formulas", "nothing", "--debug").stderr


def test_import_loads_neither_matplotlib_nor_a_framework():
    heavy = "('matplotlib', 'sklearn', 'torch', 'keras', 'jax')"
    code = f"import sys, scratchtune; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
