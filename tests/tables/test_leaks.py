"""The skill of a column alone, calculated by hand in small tables, and from which skill on it is suspected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.tables.leaks import Leak, leaks
from scratchtune.tables.reading.table import Table

NAN, HALVES = np.nan, np.repeat([0, 1], 60)


def given(y: np.ndarray, wrong: int) -> list[str]:
    """Texts that tell two classes apart, but for so many rows of each."""
    return ["no" if first == (k % 60 < wrong) else "yes" for k, first in enumerate(y == 1)]


@pytest.mark.parametrize(("column", "y", "classes", "skill"), [
    # Classes: the text b is wrong about all of its rows, and three of five rows are of class 0.
    ("aabbb", [0, 0, 1, 1, 0], 2, 1 - (3 / 5) / (2 / 5)),
    # A text that occurs once has the mean of all other rows, in which class 1 is the most frequent.
    ("aabbbc", [0, 0, 1, 1, 1, 1], 2, 1.0), ("aabbc", [1, 1, 0, 1, 2], 3, 1 - (3 / 5) / (2 / 5)),
    # The two rows without a text are one group.
    (["a", "a", "a", None, None], [0, 0, 0, 1, 1], 2, 1.0),
    # Interpolation is right within, and a number at an end has the neighbour's target: errors 1, 0, 0, 1.
    ([0, 1, 2, 3], [0, 1, 2, 3], 0, 1 - 0.5 / 1.25), ([3, 2, 1, 0], [0, 1, 2, 3], 0, 1 - 0.5 / 1.25),
    # 1 is a quarter of the way from 0 to 4, and 4 three quarters from 1 to 5: 0.5 and 2.5 for targets 1 and 2.
    ([0, 1, 4, 5], [0, 1, 2, 3], 0, 1 - (1 + 0.25 + 0.25 + 1) / 5),
    # The rows with a gap are one group; the numbers have errors 1, 0, 1; the ranks 1, 4.5, 2, 4.5, 3 vary by 1.9.
    ([0, NAN, 1, NAN, 2], [0, 3, 1, 3, 2], 0, 1 - 2 / 5 / 1.9),
    # Equal numbers predict each other: the rows of 7 have errors 2 and 2, those of 8 have 1 and 1.
    ([7, 7, 8, 8], [0, 2, 5, 6], 0, 1 - 2.5 / 5.6875),
    # The ranks of 0, 1, 2, 3 and of 0, 1, 2, 1000 are the same, and so is the column's skill.
    ([0, 1, 2, 3], [0, 1, 2, 1000], 0, 1 - 0.5 / 1.25),
    # Half of the target is 0; in the other rows 1, 2, 3, 4 each error is 1, and the variance is 1.25.
    ("aaaabbcc", [0, 0, 0, 0, 1, 2, 3, 4], 0, 1 - 1 / 1.25),
    # Two other rows are too few, and below no value is in more than a fifth of the rows: all rows are predicted.
    ("aaaabb", [0, 0, 0, 0, 1, 2], 0, 1 - 2 / 12.5), ([0, 1, 2, 3, 4], [0, 2, 1, 3, 4], 0, 1 - 9.75 / 10),
    # The number that occurs once has the target of the only other number.
    ([0, 0, 0, 1], [0, 0, 0, 1], 0, 1 - (1 / 4) / (3 / 16)),
    # Of two values none is left to tell apart in the other rows.
    ("aaab", [0, 0, 0, 1], 0, 1 - (1 / 4) / (3 / 16)),
])
@pytest.mark.filterwarnings("error")
def test_the_skill_of_a_column(
    column: Any, y: list[float], classes: int, skill: float, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each row is predicted from the other rows by this column."""
    for name, value in (("CERTAIN", -np.inf), ("FEWEST", 4), ("FEWEST_OTHER", 1)):
        monkeypatch.setattr(f"scratchtune.tables.leaks.{name}", value)
    found = leaks(Table.from_columns({"x": list(column)}), np.array(y), classes)
    assert found == {"x": Leak(pytest.approx(skill))}


@pytest.mark.parametrize(("wrong", "expected"), [
    ({"a": 0, "b": 18}, {"a": (1.0, None)}),  # certain
    ({"a": 2, "b": 18}, {"a": (14 / 15, 0.4)}), ({"b": 18, "a": 4}, {"a": (13 / 15, 0.4)}),  # suspected
    ({"a": 5, "b": 18}, {}), ({"a": 2, "b": 7}, {}), ({"a": 2, "b": 2}, {}), ({"a": 2}, {}),  # low, or vouched for
    ({"a": 2, "b": 18, "c": 0}, {"c": (1.0, None), "a": (14 / 15, 0.4)}),  # c does not vouch for a
])
def test_which_columns_are_suspected(wrong: dict[str, int], expected: dict[str, tuple[float, Any]]) -> None:
    """A text that is wrong about k rows of 60 in each class has the skill 1 - 2 k / 60."""
    table = Table.from_columns({name: given(HALVES, count) for name, count in wrong.items()})
    found = {name: tuple(leak) for name, leak in leaks(table, HALVES, 2).items()}
    assert found == {name: pytest.approx(leak) for name, leak in expected.items()}


@pytest.mark.parametrize(("rows_each", "others"), [(240, 0.0), (120, 0.75), (40, None)])
def test_a_column_of_a_value_is_suspected_unless_the_others_explain_it(rows_each: int, others: float | None) -> None:
    """0, 1, ..., 239 in groups of 24: a row's error is 24 / 23 of its distance from the mean of its group."""
    y = np.arange(240.0)
    found = leaks(Table({"a": y // 24, "b": y // rows_each}), y, 0)
    alone = 1.0 - (24 / 23) ** 2 * (24**2 - 1) / (240**2 - 1)
    assert found == ({} if others is None else {"a": Leak(pytest.approx(alone), pytest.approx(others, abs=0.02))})


@pytest.mark.parametrize(("y", "classes", "is_found"), [
    ([0] * 10 + [1] * 10, 0, True), ([0] * 9 + [1] * 10, 0, False), ([3] * 20, 0, False), ([0] * 20 + [1] * 4, 0, True),
    ([0] * 20 + [1] * 5, 2, True), ([0] * 20 + [1] * 4, 2, False)])
def test_few_rows_tell_nothing(y: list[int], classes: int, is_found: bool) -> None:
    found = leaks(Table.from_columns({"x": [f"t{value}" for value in y]}), np.array(y), classes)
    assert found == ({"x": Leak(1.0)} if is_found else {})


@pytest.mark.parametrize(("columns", "classes", "rows"), [
    (1, 0, 20_000), (249, 0, 20_000), (500, 0, 10_000), (6000, 0, 1000), (1, 50, 10_000), (700, 50, 7142)])
def test_wide_tables_are_judged_by_fewer_rows(
    columns: int, classes: int, rows: int, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five million cells of the table, or of ten columns of the classes, and at least 1,000 rows."""
    asked = []
    monkeypatch.setattr("scratchtune.tables.leaks.some_rows", lambda *given: asked.append(given) or np.arange(2))
    leaks(Table({f"x{j}": np.zeros(2) for j in range(columns)}), np.zeros(2, int), classes, 7)
    assert asked == [(2, rows, [7, 3])]
