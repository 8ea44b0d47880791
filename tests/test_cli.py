"""The command line: results on stdout, messages on stderr, exit codes that scripts can use, errors of one line."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import scratchtune as st
from scratchtune.cli import COMMANDS, main
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.file import File


def test_compare_prints_a_table_and_saves_a_picture(tmp_path, capsys):
    out = tmp_path / "pictures"
    assert main(["compare", "--trials", "3", "--searchers", "random", "--report", "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert "random" in printed.out and "held-out test set" in printed.out and "why: Trial" in printed.out
    assert "random: 3 trials x 5 folds" in printed.err
    assert printed.err.splitlines()[-1].startswith("try it yourself: scratchtune play, ")
    assert printed.out.endswith(f"\npicture: {out / 'comparison.png'}\nreport: {out / 'report.html'}\n")
    assert (out / "comparison.png").read_bytes()[:4] == b"\x89PNG" and (out / "report.html").exists()


def test_compare_saves_its_picture_though_nobody_reads(tmp_path, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as broken:
        monkeypatch.setattr(sys, "stdout", broken)
        assert main(["compare", "--trials", "2", "--searchers", "random", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "comparison.png").exists()


def test_a_stored_comparison_continues_and_explains_its_trials(tmp_path, capsys):
    database = str(tmp_path / "studies.db")
    compare = ["compare", "--trials", "4", "--searchers", "bayesian", "genetic"]
    compare += ["--out", str(tmp_path), "--db", database]
    assert main(compare) == 0
    first = capsys.readouterr()
    table = [line.split("  best")[0].split()[:5] for line in first.out.splitlines()[2:5]]
    assert "known from" not in first.err and "seconds now" not in first.out
    assert sum(line.startswith("verdict: ") and "accuracy" in line for line in first.out.splitlines()) == 1
    assert main(compare) == 0  # all is there already
    again = capsys.readouterr()
    assert [line.split("  best")[0].split()[:5] for line in again.out.splitlines()[2:5]] == table
    assert f"genetic: 4 of 4 trials are known from {database}" in again.err and "seconds now" in again.out
    assert main(["why", database, "3", "--study", "genetic"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Trial 3 of the study 'genetic': learning_rate=") and "; value 0." in said[0]
    assert said[1].startswith("Generation 0: founder 3")
    assert main(["why", database, "3", "--study", "genetic", "--brief"]) == 0
    assert capsys.readouterr().out.startswith("Trial 3 (the 4th of 4 trials): Generation 0: founder 3, ")
    assert main(["show", database, "--study", "genetic"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("verdict: ")
    for arguments, message in (
        ([database, "3"], "holds 2 studies; --study says which: 'bayesian', 'genetic'"),
        ([database, "9", "--study", "genetic"], "has no trial 9; it has 4 trials, numbered from 0"),
        ([database, "-1", "--study", "genetic"], "NUMBER is -1"),
        ([database, "3", "--study", "grid"], "holds no study 'grid'"),
        ([str(tmp_path / "none.db"), "3"], "is not there"),
        ([__file__, "3"], "can't be used as a file of studies"),
    ):
        assert main(["why", *arguments]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("signal_number", "code", "word"), [
    (signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")])
def test_a_stored_comparison_that_is_ended_continues(tmp_path, signal_number, code, word):
    database = str(tmp_path / "studies.db")
    command = [sys.executable, "-m", "scratchtune", "compare", "--searchers", "random", "--trials", "12",
               "--out", str(tmp_path), "--db", database]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and states(database).count("complete") < 3:
            time.sleep(0.05)
        process.send_signal(signal_number)
        messages = process.stderr.read()
    before = states(database)
    assert process.returncode in (code, 0)  # it may have been done already
    if process.returncode:
        assert f"scratchtune: {word}" in messages and "Traceback" not in messages
        assert messages.count("run again to continue from there") == 1
    assert main(["compare", "--searchers", "random", "--trials", "12", "--out", str(tmp_path), "--db", database]) == 0
    assert states(database) == ["complete"] * 12 and before.count("complete") >= 3


def states(database):
    """The states of a kept study's trials."""
    try:
        return [row["state"] for row in File(database, reading=True).rows("random")]
    except StorageError:
        return []


def test_a_file_of_studies_is_listed_shown_and_exported(tmp_path, capsys):
    database, table = str(tmp_path / "a.db"), tmp_path / "a.csv"
    study = st.Study({"x": st.Float(0.0, 1.0)}, "random", storage=database)
    study.run(lambda trial: trial.params["x"] if trial.number else "none", 5, progress=False)
    assert main(["studies", database]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:5] == ["study", "5", "4", "1", "0"]
    assert main(["show", database]) == 0
    shown = capsys.readouterr().out
    assert "verdict" not in shown  # there are no scores of folds
    assert "RandomSearch(sequence='uniform'), seed 0" in shown and "trial 0 failed: value is 'none'" in shown
    assert main(["export", database, "-o", str(table)]) == 0
    rows = list(csv.DictReader(table.open()))
    assert [row["state"] for row in rows] == ["failed"] + ["complete"] * 4 and float(rows[1]["param_x"]) > 0.0
    assert "seconds" not in rows[0] and rows[0]["why"].startswith("Trial 0: Drawn at random")
    assert main(["export", database, "--format", "json", "--times"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["definition"]["seed"] == 0 and whole["trials"][1]["attempts"] == 1
    assert main(["export", database, "-o", database]) == 2 and "would overwrite" in capsys.readouterr().err
    assert main(["show", database, "--study", "other"]) == 2 and "holds no study 'other'" in capsys.readouterr().err


def test_trials_that_were_interrupted_are_listed_as_unfinished(tmp_path, capsys):
    def objective(trial):
        if trial.number == 2:
            raise KeyboardInterrupt
        return 1.0

    database = str(tmp_path / "a.db")
    for progress in (True, False):
        with pytest.raises(KeyboardInterrupt):
            st.tune(objective, {"x": st.Float(0.0, 1.0)}, "random", 5, storage=database, progress=progress)
        said = f"scratchtune: finished trials are kept in {database}; run again to continue from there\n"
        assert capsys.readouterr().err.count(said) == progress
    with pytest.raises(KeyboardInterrupt):
        st.tune(objective, {"x": st.Float(0.0, 1.0)}, "random", 5)
    assert "are kept" not in capsys.readouterr().err
    assert main(["studies", database]) == 0
    _, study, about = capsys.readouterr().out.splitlines()
    assert study.split()[:5] == ["study", "3", "2", "0", "1"] and about.startswith("unfinished: running, or interr")


def test_an_export_leaves_other_files_alone(tmp_path, capsys):
    """A file of studies may have any name, and a browser's half download has the one that ends in .part."""
    database = tmp_path / "a.part"
    st.Study({"x": st.Float(0.0, 1.0)}, "random", storage=database).run(
        lambda trial: trial.params["x"], 5, progress=False)
    assert main(["export", str(database), "-o", str(tmp_path / "a")]) == 0
    assert main(["studies", str(database)]) == 0 and (tmp_path / "a").read_text().startswith("number,")
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["study", "5"]


def test_what_is_kept_may_not_be_written_over(tmp_path, capsys):
    for arguments in (["compare", "--db", "comparison.png"], ["tune", "--data", "digits", "--db", "model.npz"]):
        path = str(tmp_path / arguments[-1])
        out = str(tmp_path) if arguments[0] == "compare" else path
        assert main([*arguments[:-1], path, "--out", out]) == 2
        assert "it must be a file of its own" in capsys.readouterr().err


def test_formulas_lists_shows_and_searches(capsys):
    assert main(["formulas"]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 40
    assert main(["formulas", "l2_penalty"]) == 0
    shown = capsys.readouterr().out
    assert "R = λ · Σᵢ[θᵢ²]" in shown and "def l2_penalty(theta, lam):" in shown
    assert "\n    pytest tests/test_registry.py -k l2_penalty\n" in shown
    assert main(["formulas", "l2_penalty", "--check"]) == 0
    checked = capsys.readouterr().out
    assert "1 formula on " in checked and ", 0 survived\nAll agree." in checked
    assert main(["formulas", "attention"]) == 0
    assert "\nmulti_head_attention " in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "message"), [
    (["formulas", "l2_penalti"], "did you mean 'l2_penalty'"),
    (["compare", "--searchers", "gird"], "did you mean 'grid'"),
    (["compare", "--trials", "0"], "--trials is 0"),
    (["compare", "--trials", "many"], "--trials"),
    (["compare", "--out", __file__], "it must be a folder"),
    (["compare", "--db", "nowhere/x.db"], "no folder"),
    (["compere"], "there is no command compere, did you mean compare?; see scratchtune --help"),
    (["compare", "--trails", "3"], "there is no option --trails, did you mean --trials?; see scratchtune"),
    (["tune", "a.csv", "--taget=y"], "scratchtune tune: there is no option --taget, did you mean --target?"),
    (["compare", "digits"], "too many arguments: digits"),
    ([], "COMMAND"),
])
def test_wrong_arguments_are_errors_of_one_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and message in printed.err
    assert len(printed.err.splitlines()) <= 2 and "Traceback" not in printed.err


@pytest.mark.parametrize(("arguments", "code", "out", "err"), [
    (["compute"], 2, "", "no command compute"), (["formulas", "l2_penalty"], 0, "def l2_penalty", "")])
def test_the_exit_code_reaches_the_shell(arguments, code, out, err):
    command = [sys.executable, "-m", "scratchtune", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == code and (out in done.stdout if out else done.stdout == "")
    assert err in done.stderr if err else done.stderr == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_everywhere(command, capsys):
    assert main([command, "--help"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"usage: scratchtune {command} ") and printed.err == ""
    about = COMMANDS[command].split()
    assert " ".join([about[0].capitalize(), *about[1:]]) in " ".join(printed.out.replace("-\n", "-").split())


def test_help_lists_the_commands(capsys):
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("usage: scratchtune ")
    assert all(re.search(rf"^    {name}\s", printed, re.M) for name in COMMANDS)
    assert main(["--version"]) == 0 and capsys.readouterr().out == f"scratchtune {st.__version__}\n"


def test_debug_shows_the_traceback(capsys):
    assert main(["formulas", "nothing_like_it", "--debug"]) == 2 and "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
@pytest.mark.parametrize(("signal_number", "code", "word"), [
    (signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")])
def test_a_command_that_is_ended_while_it_is_imported_says_so(tmp_path, signal_number, code, word):
    """NumPy's place is taken by a module that ends the process which imports it."""
    (tmp_path / "numpy.py").write_text(f"import os, time; os.kill(os.getpid(), {int(signal_number)}); time.sleep(60)")
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from scratchtune.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", start, "formulas"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"scratchtune: {word}\n")
