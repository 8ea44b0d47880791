"""The table of CPU seconds that ``pytest --budgets`` prints."""

import configparser

from . import budgets

SECONDS = {"tests/study": [30.25, 20.0], "tests/data": [3.0, 0.25], "tests/new": [1.0, 0.0]}


def test_a_folder_above_its_budget_is_marked():
    *lines, last = budgets.compared(SECONDS, {"tests/study": "50", "tests/data": "4"})
    assert [line.split()[0] for line in lines] == ["tests/data", "tests/new", "tests/study"]
    assert [line.endswith("EXCEEDED") for line in lines] == [False, False, True]
    assert lines[2].split()[1:] == ["30.2", "+", "20.0", "=", "50.2", "of", "50", "EXCEEDED"]
    assert last.split() == ["sum", "54.5"]


def test_new_budgets_are_a_quarter_above_what_was_measured():
    assert budgets.new(SECONDS) == ["tests/data = 5", "tests/new = 2", "tests/study = 63"]


def test_the_folders_with_budgets_are_those_with_tests():
    stored = configparser.ConfigParser()
    stored.read(budgets.FILE)
    folders = {path.parent.relative_to(budgets.FILE.parents[1]) for path in budgets.FILE.parent.rglob("test_*.py")}
    assert set(stored["plain"]) - {budgets.START} == {folder.as_posix() for folder in folders}
