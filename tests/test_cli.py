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


def test_a_kept_comparison_is_taken_up_and_says_why(tmp_path, capsys):
    database = str(tmp_path / "studies.db")
    compare = ["compare", "--trials", "4", "--searchers", "bayesian", "genetic"]
    compare += ["--out", str(tmp_path), "--db", database]
    assert main(compare) == 0
    table = [line.split("  best")[0].split()[:5] for line in capsys.readouterr().out.splitlines()[2:5]]
    assert main(compare) == 0  # all is there already
    assert [line.split("  best")[0].split()[:5] for line in capsys.readouterr().out.splitlines()[2:5]] == table
    assert main(["why", database, "3", "--study", "genetic"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Trial 3 of the study 'genetic': learning_rate=") and "; value 0." in said[0]
    assert said[1].startswith("Generation 0: founder 3")
    for arguments, message in (
        ([database, "3"], "holds 2 studies; --study says which: bayesian, genetic"),
        ([database, "9", "--study", "genetic"], "has no trial 9; it has 4, from 0"),
        ([database, "-1", "--study", "genetic"], "NUMBER is -1"),
        ([database, "3", "--study", "grid"], "holds no study 'grid'"),
        ([str(tmp_path / "none.db"), "3"], "is not there"),
        ([__file__, "3"], "can't be used as a file of studies"),
    ):
        assert main(["why", *arguments]) == 2
        assert message in capsys.readouterr().err


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
