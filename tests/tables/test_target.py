"""The target of a table: what it is taken for, which class is the positive one, and what cannot be predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.tables.reading.table import Table
from scratchtune.tables.target import Target, known_target, read_target, rows_with_target


@pytest.mark.parametrize(("values", "options", "classes", "y", "reason"), [
    (["b", "a", "b", "b"], {}, ("b", "a"), [0, 1, 0, 0], "text"),  # the rarer one is the positive, the second
    (["b", "a", "a", "b"], {}, ("a", "b"), [1, 0, 0, 1], "text"),  # a tie: the order of the alphabet
    (["b", "a", "b", "b"], {"positive": "b"}, ("a", "b"), [1, 0, 1, 1], "text"),
    (["b", "a", "b", "b"], {"positive": "a"}, ("b", "a"), [0, 1, 0, 0], "text"),
    (["z", "x", "y", "x"], {}, ("x", "y", "z"), [2, 0, 1, 0], "text"),  # three classes keep their order
    ([0, 1, 1, 1], {}, ("1", "0"), [1, 0, 0, 0], "only 2 distinct integers"),
    ([0, 1, 1, 1], {"positive": "1"}, ("0", "1"), [0, 1, 1, 1], "only 2 distinct integers"),
    ([10, 9, 2, 9], {}, ("2", "9", "10"), [2, 1, 0, 1], "only 3 distinct integers"),
    ([0, 1, 1, 1], {"task": "regression"}, (), [0, 1, 1, 1], "as asked"),
    ([0.5, 1, 1, 1], {}, (), [0.5, 1, 1, 1], "not integers"),
    ([0.5, 1, 1, 1], {"task": "classification"}, ("1", "0.5"), [1, 0, 0, 0], "as asked"),
    (list(range(21)), {}, (), list(range(21)), "21 distinct numbers"),
])
def test_targets(values: list[Any], options: dict[str, str], classes: tuple[str, ...], y: list[Any],
                 reason: str) -> None:
    target, numbers = read_target(Table.from_columns({"y": values}), "y", **options)
    assert target.classes == classes and numbers.tolist() == y and reason in target.reason
    assert target.task == ("classification" if classes else "regression")


def test_labels_are_what_the_table_holds() -> None:
    table = Table.from_columns({"churn": ["no", "yes", "no", "no"]})
    target, y = read_target(table, "churn")
    assert target.labels(y).tolist() == table.column("churn").values().tolist()
    assert target.classes == ("no", "yes") and known_target(table, target).tolist() == y.tolist()


@pytest.mark.parametrize(("values", "options", "message"), [
    (["a", "b"], {"name": "yy"}, "target is 'yy'; the table has y, x, did you mean 'y'?"),
    (["a", "a"], {}, "the target 'y' is 'a' in all rows"),
    ([3, 3], {"task": "regression"}, "the target 'y' is 3 in all rows"),
    ([None, None], {}, "the target 'y' is missing in all 2 rows"),
    (["a", "b\nc"], {}, "the class 'b\\nc' of the target 'y' holds a line break"),
    (["a", "b"], {"task": "regression"}, "holds text; it must hold numbers"),
    (["a", "b"], {"task": "ranking"}, "task is 'ranking'"),
    (["a", "b"], {"positive": "c"}, "positive is 'c'; it must be one of 'a', 'b'"),
    ([0.5, 1.5], {"positive": "1"}, "has no classes"),
])
def test_wrong_targets(values: list[Any], options: dict[str, str], message: str) -> None:
    table = Table.from_columns({"y": values, "x": range(len(values))})
    with pytest.raises(ValueError) as caught:
        name = options.pop("name", "y")
        read_target(rows_with_target(table, name), name, **options)
    assert message in str(caught.value)


def test_rows_without_a_target_are_left_out() -> None:
    for values in (["a", None, "b"], [0.5, np.nan, 1.5]):
        table = Table.from_columns({"x": [1.0, 2.0, 3.0], "y": values})
        assert rows_with_target(table, "y").column("x").tolist() == [1.0, 3.0]


@pytest.mark.parametrize(("column", "message"), [
    ({"z": ["a"]}, "the target 'y' is not in the table"),
    ({"y": ["a", "c", "c"]}, "the target 'y' holds 'c' in 2 rows; the model knows the classes 'a', 'b'"),
])
def test_targets_that_a_model_does_not_know(column: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        known_target(Table.from_columns(column), Target("y", ("a", "b"), ""))
    with pytest.raises(ValueError, match="it must hold numbers, as in training"):
        known_target(Table.from_columns({"y": ["a", "b"]}), Target("y", (), ""))
