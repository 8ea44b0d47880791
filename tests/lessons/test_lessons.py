"""The lessons: each runs and prints what it says that it prints, and its exercise can be solved, but is not yet."""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import os
import re
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scratchtune import formulas

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the lessons are no part of the installed package
main = importlib.import_module("lessons.__main__")
sys.path.remove(str(ROOT))

LESSONS = main.lessons()
LONG = (3, 5, 6, *range(8, 36))  # seconds each
EVERY_LESSON = pytest.mark.parametrize(
    "number", [pytest.param(number, marks=pytest.mark.slow if number in LONG else ()) for number in LESSONS])
PRINTED = "# -> "


@cache
def ran(number: int) -> tuple[dict[str, Any], str]:
    """The names of a lesson that has been run, and what it printed; each is run once."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        names = main.run(LESSONS[number])
    return names, printed.getvalue()


# Each lesson ---------------------------------------------------------------------------------------------------------


@EVERY_LESSON
def test_it_runs_and_prints_what_it_says(number):
    _, printed = ran(number)
    lines = LESSONS[number].read_text(encoding="utf-8").splitlines()
    said = [line.removeprefix(PRINTED) for line in lines if line.startswith(PRINTED)]
    assert len(said) == len(printed.splitlines())
    for here, there in zip(printed.splitlines(), said, strict=True):
        assert alike(here, there), f"it prints {here!r}, and says {there!r}"


NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def alike(here: str, there: str) -> bool:
    """The same words, and numbers about equal: another processor rounds otherwise, which a training amplifies."""
    if NUMBER.sub("0", here).split() != NUMBER.sub("0", there).split():
        return False
    pairs = zip(NUMBER.findall(here), NUMBER.findall(there), strict=True)
    return all(float(a) == pytest.approx(float(b), rel=0.1, abs=0.011) for a, b in pairs)


def test_alike_tells_other_words_and_other_numbers():
    assert alike("alpha 0.1: J = 226.3003", "alpha 0.1: J =   226.3")
    assert not alike("J = 226.3", "J = 326.3")
    assert not alike("theta 1.0", "J 1.0")


@EVERY_LESSON
def test_it_has_every_part(number):
    text = LESSONS[number].read_text(encoding="utf-8")
    parts = ["Question", "Formulas", "Predict", "Code", "Check", "Break it", "Exercise"]
    places = [text.find(f"\n# ## {part}") for part in parts]
    assert min(places) > 0 and places == sorted(places)
    title, sentence = main.heading(LESSONS[number])
    assert title.startswith(f"{number:02} ") and sentence.endswith(".")


@EVERY_LESSON
def test_the_formulas_that_it_shows_are_those_of_the_package(number):
    text = LESSONS[number].read_text(encoding="utf-8")
    for name, line in re.findall(r"^# - \[(\w+)\] (.+(?:\n#   .+)*)$", text, re.MULTILINE):
        assert formulas.find(name).line == line.replace("\n#   ", " ")
    prose = "\n".join(line for line in text.splitlines() if line.startswith("# "))
    for name in re.findall(r"\[([a-z]+[0-9]?_[a-z_]+)\]", prose):
        formulas.find(name)


# The exercises -------------------------------------------------------------------------------------------------------

RECORDED = Path(__file__).parent / "answers"
ANSWERS = {number: runpy.run_path(str(RECORDED / path.name)) for number, path in LESSONS.items()}
WRONG = [
    pytest.param(number, hint, answer, id=f"{number:02}-{answer.__name__}")
    for number, answers in ANSWERS.items() for hint, answer in answers["WRONG"]]
LONG_EXERCISES = (18, 24)  # their checks compile for seconds
EVERY_EXERCISE = pytest.mark.parametrize(
    "number", [pytest.param(number, marks=pytest.mark.slow if number in LONG_EXERCISES else ()) for number in LESSONS])


@cache
def exercise(number: int) -> dict[str, Any]:
    """The names of an exercise, run as `python -m lessons check` does."""
    return main.exercise(LESSONS[number])


@EVERY_EXERCISE
def test_a_right_solution_passes_its_check(number):
    exercise(number)["check"](ANSWERS[number]["SOLUTION"])


@pytest.mark.parametrize(("number", "hint", "answer"), WRONG)
def test_a_wrong_answer_gets_the_hint_that_names_its_misunderstanding(number, hint, answer):
    with pytest.raises(AssertionError, match=hint):
        exercise(number)["check"](answer)


@EVERY_EXERCISE
def test_three_misunderstandings_are_known(number):
    hints = [hint for hint, _ in ANSWERS[number]["WRONG"]]
    assert len(set(hints)) >= 3 and all(len(hint) > 10 for hint in hints)


@EVERY_EXERCISE
def test_a_check_takes_the_function_as_it_is_now(number, monkeypatch):
    """In a notebook only the cell of the solution is run again."""
    names = exercise(number)
    monkeypatch.setitem(names, main.function_to_write(LESSONS[number]), ANSWERS[number]["SOLUTION"])
    assert main.verdict(names, LESSONS[number])[0] == main.SOLVED


@pytest.mark.slow  # not slow: left to CI, so that the tests still pass for a reader who has solved one
@EVERY_EXERCISE
def test_it_comes_unsolved(number):
    answer, reason = main.verdict(exercise(number), LESSONS[number])
    assert answer == main.UNSOLVED and reason.endswith("is still empty.")


@pytest.mark.exercise
@pytest.mark.parametrize("number", LESSONS)  # not EVERY_EXERCISE: a mark slow would have CI run what comes unsolved
def test_exercise(number):
    """Fails until the reader has solved it: pytest -m exercise."""
    exercise(number)["check"]()


# The command line ----------------------------------------------------------------------------------------------------


def test_without_arguments_it_lists_every_lesson(capsys):
    assert main.main([]) == 0
    printed = capsys.readouterr().out
    assert all(main.heading(path)[0] in printed for path in LESSONS.values())


@pytest.mark.parametrize("arguments", [["99"], ["two"], ["check"], ["check", "0"]])
def test_a_wrong_number_is_one_line_and_exit_code_2(arguments, capsys):
    assert main.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.splitlines()) == 1


def test_pictures_are_saved_where_save_says(tmp_path, capsys):
    assert main.main(["04", "--save", str(tmp_path / "pictures")]) == 0
    saved = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert saved == ["04-network.png", "04-step-size.png"]
    assert all((tmp_path / "pictures" / name).read_bytes().startswith(b"\x89PNG") for name in saved)
    assert "All checks passed" in capsys.readouterr().out


LESSON = """# %% [markdown]
# # 01 A lesson
# A line.

# %%
raise SystemExit("the lesson itself is not run")

# %% [markdown]
# ## Exercise
# Double x.


# %%
def double(x):
    {body}


def check(solution=None):
    solution = solution or double
    assert solution(2) == 4, "double(2) should be 4"
"""


@pytest.mark.parametrize(("body", "code", "text"), [
    ("return 2 * x", 0, ": solved."),
    ("raise NotImplementedError", 1, "double is still empty"),
    ("return x", 1, "double(2) should be 4"),
    ("return x / 0", 1, "ZeroDivisionError"),
    ("return (", 1, "no valid Python"),
])
def test_check_says_plainly_whether_an_exercise_is_solved(body, code, text, tmp_path, monkeypatch, capsys):
    path = tmp_path / "01_lesson.py"
    path.write_text(LESSON.format(body=body), encoding="utf-8")
    monkeypatch.setattr(main, "lessons", lambda: {1: path})
    assert main.main(["check", "1"]) == code
    assert text in capsys.readouterr().out


def test_a_lesson_that_fails_names_its_line(tmp_path, monkeypatch, capsys):
    path = tmp_path / "01_lesson.py"
    path.write_text("# %% [markdown]\n# # 01 A lesson\n# A line.\n# %%\nassert 1 + 1 == 3\n", encoding="utf-8")
    monkeypatch.setattr(main, "lessons", lambda: {1: path})
    assert main.main(["1"]) == 1
    assert "Line 5" in capsys.readouterr().err


def test_a_lesson_is_a_plain_script_that_runs_from_any_folder(tmp_path):
    done = subprocess.run([sys.executable, LESSONS[4]], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "L = 0.3133" in done.stdout
    assert not list(tmp_path.iterdir())


def test_python_m_lessons_runs_one(capsys):
    assert main.main(["02"]) == 0
    assert capsys.readouterr().out.startswith("02 Gradient descent")


def test_a_reader_that_leaves_early_is_no_error():
    """As ``python -m lessons | head`` does; here the reader has gone before the first line."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as broken:
        done = subprocess.run(
            [sys.executable, "-m", "lessons"], cwd=ROOT, stdout=broken, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == ""


# As a notebook -------------------------------------------------------------------------------------------------------


@EVERY_LESSON
def test_it_converts_to_a_notebook_and_back(number, tmp_path):
    jupytext = pytest.importorskip("jupytext")
    notebook = jupytext.read(LESSONS[number])
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[0] == "markdown" and kinds.count("code") >= 6 and kinds.count("markdown") >= 6
    assert notebook.cells[0].source.startswith(f"# {number:02} ")
    for cell in notebook.cells:
        assert cell.source.strip()
        if cell.cell_type == "code":
            compile(cell.source, str(LESSONS[number]), "exec")
    jupytext.write(notebook, tmp_path / "lesson.ipynb")
    again = jupytext.read(tmp_path / "lesson.ipynb")
    assert [cell.source for cell in again.cells] == [cell.source for cell in notebook.cells]


# Figures of benchmarks -----------------------------------------------------------------------------------------------


def test_the_figures_that_lesson_32_cites_are_in_their_files():
    tree = ast.parse(LESSONS[32].read_text(encoding="utf-8"))
    cited = next(ast.literal_eval(node.value) for node in tree.body
                 if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CITED")
    for file, figures in cited.items():
        text = (ROOT / "benchmarks" / "results" / file).read_text(encoding="utf-8")
        assert all(re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d.])", text) for figure in figures.values()), file
