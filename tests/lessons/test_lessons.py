"""The lessons: their form, what they print and say, their claims, and their exercises, which come unsolved."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.common import course
from lessons import __main__ as main
from lessons import checking, claims, running
from scratchtune import formulas

ROOT = Path(__file__).parents[2]

LESSONS = course.lessons()
FAST = (18,)  # CI runs the others
EVERY = pytest.mark.parametrize("number", LESSONS)
EVERY_RUN = pytest.mark.parametrize(
    "number", [pytest.param(number, marks=() if number in FAST else pytest.mark.slow) for number in LESSONS])
CONTENT, LINES = 150, 200
UNSTABLE = "# ~> "  # printed numbers that depend on the processor's rounding: within 10 %, or 3 units of the last digit
PRINTED = "# -> "
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


def text_of(number: int) -> str:
    return LESSONS[number].read_text(encoding="utf-8")


def cells(number: int) -> list[tuple[bool, str]]:
    """The cells of a lesson: whether it is text, and its lines."""
    parts = re.split(r"^# %%( \[markdown\])?\n", text_of(number), flags=re.MULTILINE)[1:]
    return [(kind is not None, body) for kind, body in zip(parts[::2], parts[1::2], strict=True)]


@cache
def ran(number: int) -> tuple[dict[str, Any], str]:
    """The names of a lesson that has been run, and what it printed; each is run once."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        names = running.run(LESSONS[number])
    return names, printed.getvalue()


# What a lesson prints and says ---------------------------------------------------------------------------------------


@EVERY_RUN
def test_it_runs_and_prints_what_it_says(number):
    _, printed = ran(number)
    said = [line for line in text_of(number).splitlines() if line.startswith((PRINTED, UNSTABLE))]
    assert len(said) == len(printed.splitlines()), printed
    for here, line in zip(printed.splitlines(), said, strict=True):
        assert alike(here, line[len(PRINTED):], line.startswith(UNSTABLE)), f"it prints {here!r}, and says {line!r}"


def unit(number: str) -> float:
    """One unit of a number's last digit: of "0.25" 0.01."""
    mantissa, _, power = number.partition("e")
    return 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))


def value(number: str) -> float:
    return float(number.replace(",", ""))


def alike(here: str, there: str, unstable: bool = False) -> bool:
    """The same words, and numbers that differ by at most one unit of the last digit."""
    if NUMBER.sub("0", here).split() != NUMBER.sub("0", there).split():
        return False
    pairs = zip(NUMBER.findall(here), NUMBER.findall(there), strict=True)
    return all(abs(value(a) - value(b)) <= max(3.0 * unit(b), 0.1 * abs(value(b))) + 1e-12 if unstable
               else abs(value(a) - value(b)) <= unit(b) * (1.0 + 1e-9) * ("." in b or "e" in b)
               for a, b in pairs)


def test_alike_compares_words_and_last_digits():
    assert alike("alpha 0.1: J = 226.31", "alpha 0.1: J =   226.30")
    assert not alike("J = 226.32", "J = 226.30") and alike("J = 226.32", "J = 226.30", unstable=True)
    assert not alike("3 of 10", "4 of 10") and not alike("theta 1.0", "J 1.0")


@EVERY_RUN
def test_the_numbers_of_its_prose_are_those_of_its_run(number):
    """Each number with a decimal point in the text is in the code or in what it prints, or is a claim's, or cited."""
    _, printed = ran(number)
    code = "\n".join(body for is_text, body in cells(number) if not is_text)
    known = [value(text) for text in NUMBER.findall(f"{code}\n{printed}")]
    for body in (body for is_text, body in cells(number) if is_text):
        prose = re.sub(r"^# - \[\w+\].*(?:\n#   .+)*", "", body, flags=re.MULTILINE)
        prose = re.sub(r"`[^`]*`|https?://\S+", "", prose.replace("\n# ", " "))
        for sentence in re.split(r"(?<=[.?!:]) ", prose):
            if claims.MARK.search(sentence) or re.search(r"\(?(?:19|20)\d\d\)|\bExample\b|≈|=", sentence):
                continue
            for said in re.findall(r"\d[\d,]*\.\d+", sentence):
                assert any(abs(abs(each) - value(said)) <= unit(said) for each in known) or any(
                    abs(abs(each) * 100.0 - value(said)) <= unit(said) for each in known), f"{said}: {sentence}"


# Its form ------------------------------------------------------------------------------------------------------------


@EVERY
def test_it_is_short_and_has_every_part(number):
    text = text_of(number)
    title, sentence = course.heading(LESSONS[number])
    assert title.startswith(f"{number:02} ") and sentence.endswith(".")
    minutes, needs = course.minutes(LESSONS[number])
    assert 5 <= minutes <= 60 and all(needed in LESSONS for needed in needs)
    assert text[: text.index(running.EXERCISE)].count("\n") <= CONTENT and text.count("\n") <= LINES
    assert text.index("\n# ## Question\n") < text.index("\n# ## Predict") < text.index(running.EXERCISE)
    assert not re.search(r"\bthe document\b|Covers section", text)


@EVERY
def test_a_prediction_is_above_its_cell_and_its_answer_below(number):
    kinds = cells(number)
    asked = [k for k, (is_text, body) in enumerate(kinds) if is_text and body.startswith("# ## Predict")]
    for k in asked:
        assert not kinds[k + 1][0], "the cell of a prediction follows it"
        answer = next(body for is_text, body in kinds[k + 1:] if is_text)
        assert answer.startswith("# ## Answer"), "the answer to a prediction follows its cell"


@EVERY
def test_it_has_one_picture(number):
    figures = re.findall(r"num=f?\"([^\"]+)\"", text_of(number))
    assert len(set(figures)) == 1 and figures[0].startswith(f"{number:02}-")


@EVERY
def test_the_formulas_that_it_shows_are_those_of_the_package(number):
    text = text_of(number)
    known = formulas.registry()
    for name, line in re.findall(r"^# - \[(\w+)\] (.+(?:\n#   .+)*)$", text, re.MULTILINE):
        assert known[name].line == line.replace("\n#   ", " ")
    prose = "\n".join(line for line in text.splitlines() if line.startswith("# "))
    assert set(re.findall(r"\[([a-z]+[0-9]?_[a-z_]+)\](?!\()", prose)) <= set(known)


# Its claims ----------------------------------------------------------------------------------------------------------


@EVERY
def test_each_claim_has_a_rule_and_says_in_how_many_draws_it_held(number):
    prose = re.sub(r"\n# ?", " ", text_of(number))
    said = {id: (int(held), int(draws)) for held, draws, id in claims.MARK.findall(prose)}
    every, stored = {each.id: each for each in claims.claims_of(number)}, claims.stored()
    assert set(said) == set(every) == {id for id in stored if id.startswith(f"{number:02}")}
    for id, each in every.items():
        row = stored[id]
        assert said[id] == (row["held"], row["draws"]) and row["draws"] == each.draws
        assert row["held"] >= each.least * row["draws"] and each.sentence.endswith(".")
        source = re.sub(r"\n# ?", " ", text_of(number))
        assert f"[{id}]" in source


# The exercises -------------------------------------------------------------------------------------------------------

RECORDED = Path(__file__).parent / "answers"
WITH_ANSWERS = {number: runpy.run_path(str(path)) for number in LESSONS
                if (path := RECORDED / f"answers_{number:02}.py").exists()}
WRONG = [pytest.param(number, hint, answer, id=f"{number:02}-{answer.__name__}")
         for number, answers in WITH_ANSWERS.items() for hint, answer in answers["WRONG"]]


@cache
def exercise(number: int) -> Any:
    return checking.exercise(number)


def message_of(number: int, answer: Any) -> str:
    """What a check says of an answer; nothing where it accepts it."""
    try:
        checking.check(number, answer)
    except AssertionError as error:
        return str(error)
    return ""


@EVERY
def test_a_right_solution_passes_its_check(number):
    checking.check(number, exercise(number).right)


@EVERY_RUN
def test_each_known_mistake_gets_its_own_hint(number):
    mistakes = exercise(number).MISTAKES
    assert len(mistakes) >= 6 and len({hint for hint, _ in mistakes}) == len(mistakes)
    for hint, mistake in mistakes:
        assert len(hint) > 10 and message_of(number, mistake) == hint, (hint, message_of(number, mistake))


@pytest.mark.slow
@pytest.mark.parametrize(("number", "hint", "answer"), WRONG)
def test_a_recorded_wrong_answer_is_named_or_at_least_not_misnamed(number, hint, answer):
    """Each says which hint it must get; None: it may stay unnamed, but it gets no hint for another mistake."""
    message = message_of(number, answer)
    assert message, "accepted"
    hints = [hint for hint, _ in exercise(number).MISTAKES]
    assert (hint in message) if hint else message not in hints, message


def test_most_recorded_wrong_answers_are_named():
    named = [hint is not None for answers in WITH_ANSWERS.values() for hint, _ in answers["WRONG"]]
    assert sum(named) >= 0.85 * len(named)


@pytest.mark.slow  # not slow: left to CI, so that the tests still pass for a reader who has solved one
@EVERY
def test_it_comes_unsolved(number):
    names = running.exercise(LESSONS[number])
    answer, reason = checking.verdict(number, names[running.to_write(LESSONS[number])])
    assert answer == checking.UNSOLVED and reason.endswith("is still empty.")


@EVERY
def test_the_exercise_asks_for_what_its_check_calls(number):
    """The solution has the arguments of the right one."""
    wanted = running.exercise(LESSONS[number])[running.to_write(LESSONS[number])]
    assert list(inspect.signature(wanted).parameters) == list(inspect.signature(exercise(number).right).parameters)


@pytest.mark.exercise
@EVERY
def test_exercise(number):
    """Fails until the reader has solved it: pytest -m exercise."""
    names = running.exercise(LESSONS[number])
    checking.check(number, names[running.to_write(LESSONS[number])])


# The course ----------------------------------------------------------------------------------------------------------


def test_a_lesson_needs_only_earlier_ones():
    needs = {number: course.minutes(path)[1] for number, path in LESSONS.items()}
    assert all(needed < number for number, every in needs.items() for needed in every)
    for way, numbers in course.PATHS.items():
        for at, number in enumerate(numbers):
            assert set(needs.get(number, ())) <= set(numbers[:at]), f"{way}: {number}"


# The command line ----------------------------------------------------------------------------------------------------


def test_without_arguments_it_lists_every_lesson(capsys):
    assert main.main([]) == 0
    printed = capsys.readouterr().out
    assert all(course.heading(path)[0] in printed for path in LESSONS.values())


@pytest.mark.parametrize("arguments", [
    ["99"], ["two"], ["check"], ["check", "99"], ["claims", "99"], ["4", "--save", "/dev/null"],
    ["notebook", "4", "--out", "/dev/null/notebooks"]])
def test_a_wrong_argument_is_one_line_and_exit_code_2(arguments, capsys):
    assert main.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.splitlines()) == 1


def test_pictures_are_saved_where_save_says(tmp_path, capsys):
    assert main.main(["04", "--save", str(tmp_path / "pictures")]) == 0
    saved = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert len(saved) == 1 and saved[0].startswith("04-")
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
"""
EXERCISE = """def right(x):
    return 2 * x


CASES = [(2,)]
MISTAKES = [("this is x squared plus one", lambda x: x * x + 1)]
"""


@pytest.mark.parametrize(("body", "code", "text"), [
    ("return 2 * x", 0, ": solved."),
    ("raise NotImplementedError", 1, "double is still empty"),
    ("return x", 1, "double(2) should be 4, and is 2. It is 0.5 times as large."),
    ("return 5", 1, "this is x squared plus one"),
    ("return x / 0", 1, "ZeroDivisionError"),
    ("pass", 1, "returns nothing"),
    ("return (", 1, "no valid Python"),
])
def test_check_says_plainly_whether_an_exercise_is_solved(body, code, text, tmp_path, monkeypatch, capsys):
    path = tmp_path / "01_lesson.py"
    path.write_text(LESSON.format(body=body), encoding="utf-8")
    (tmp_path / "exercise_01.py").write_text(EXERCISE, encoding="utf-8")
    monkeypatch.setattr(course, "lessons", lambda: {1: path})
    monkeypatch.setattr(checking, "FOLDER", tmp_path)
    assert main.main(["check", "1"]) == code
    assert text in capsys.readouterr().out


def double_in_place(x):
    x *= 2


def one_case(right, mistake=lambda x: {}[1]):
    return type("Module", (), {"right": right, "CASES": [(np.array([1.0, 2.0]),)], "MISTAKES": [("no key 1", mistake)]})


@pytest.mark.parametrize(("right", "answer", "text"), [
    (double_in_place, lambda x: 2 * x, "should make `x` [2., 4.], in place; yours makes no change of its arguments."),
    (double_in_place, lambda x: {}[1], "no key 1"),
    (double_in_place, lambda x: {}[2], "raises KeyError: 2. It should make `x` [2., 4.]."),
    (lambda x: 2 * x, double_in_place, "changes `x`: leave the arguments as they are. It should return [2., 4.]."),
    (lambda x: 2 * x, lambda x: x * (x - 1) / (x - 1), "NaN comes from 0 / 0"),
    (lambda x: (2 * x[0], sum), lambda x: (x[0], sum), "should be (2.0, <built-in function sum>), and is (1.0,"),
])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_check_says_what_was_changed_and_what_is_no_number(right, answer, text, monkeypatch):
    monkeypatch.setattr(checking, "exercise", lambda number: one_case(staticmethod(right)))
    assert text in message_of(1, answer)


def test_a_lesson_that_fails_names_its_line(tmp_path, monkeypatch, capsys):
    path = tmp_path / "01_lesson.py"
    path.write_text("# %% [markdown]\n# # 01 A lesson\n# A line.\n# %%\nassert 1 + 1 == 3\n", encoding="utf-8")
    monkeypatch.setattr(course, "lessons", lambda: {1: path})
    assert main.main(["1"]) == 1
    assert "Line 5" in capsys.readouterr().err


@pytest.mark.slow
def test_a_lesson_is_a_plain_script_that_runs_from_any_folder(tmp_path):
    done = subprocess.run([sys.executable, LESSONS[4]], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout and not list(tmp_path.iterdir())


def test_a_reader_that_leaves_early_is_no_error():
    """As ``python -m lessons | head`` does; here the reader has gone before the first line."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as broken:
        done = subprocess.run(
            [sys.executable, "-m", "lessons"], cwd=ROOT, stdout=broken, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == ""
