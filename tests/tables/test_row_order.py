"""Groups and times: no group and no time is both trained and tested on, in the test set and in each fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.prepared import described, prepare
from scratchtune.tables.reading.table import Table
from scratchtune.tables.row_order import (
    RowOrder,
    hold_out_groups,
    hold_out_latest,
    hold_out_rows,
    most_time_folds,
    order_of_arrays,
    time_folds,
)

RNG = np.random.default_rng(0)


def columns(rows: int = 200) -> dict[str, Any]:
    days = np.datetime64("2020-01-01") + RNG.integers(0, 60, rows)
    return {"patient": [f"p{i}" for i in RNG.integers(0, 30, rows)], "visit": RNG.integers(0, 40, rows), "when": days,
            "x": RNG.normal(size=rows), "y": RNG.choice(["a", "b"], rows)}


def test_no_group_is_on_both_sides() -> None:
    given = columns()
    prepared = prepare(Table.from_columns(given), "y", group="patient", test_size=0.2)
    group = np.array(given["patient"])
    assert not set(group[prepared.training_rows]) & set(group[prepared.test_rows])
    assert 0.1 < len(prepared.test_rows) / 200 < 0.3 and "patient" not in prepared.table.names
    assert prepared.dropped == ("patient",)
    assert "groups by 'patient': " in described(prepared) and "others in the test set" in described(prepared)


@pytest.mark.parametrize("name", ["visit", "when"])
def test_the_test_set_is_later_than_the_training_rows(name: str) -> None:
    given = columns()
    prepared = prepare(Table.from_columns(given), "y", time=name, test_size=0.2)
    time = np.asarray(given[name])
    assert time[prepared.training_rows].max() < time[prepared.test_rows].min()
    assert 0.1 < len(prepared.test_rows) / 200 < 0.3 and name in prepared.table.names
    assert f"time by {name!r}: the test set is the latest" in described(prepared)


def test_a_few_rows_by_hand() -> None:
    training, test = hold_out_rows(np.array([0] * 8 + [1] * 4), np.arange(12), 0, 0.25)
    assert ((test < 8).sum(), (test >= 8).sum(), len(training)) == (2, 1, 9)
    training, test = hold_out_groups(np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]), 0, 0.2)
    assert (len(test), len(training)) == (2, 8)
    training, test = hold_out_latest(np.array([5.0, 1.0, 2.0, 3.0, 5.0]), 0.3)
    assert (training.tolist(), test.tolist()) == ([1, 2, 3], [0, 4])
    folds = time_folds(np.array([3.0, 0.0, 1.0, 1.0, 2.0, 0.0]), 2)
    assert [(train.tolist(), test.tolist()) for train, test in folds] == [([1, 5], [2, 3]), ([1, 2, 3, 5], [0, 4])]
    assert time_folds(np.zeros(6), 2) == []


def test_folds_without_ties_are_those_of_time_series_split() -> None:
    time = RNG.permutation(50).astype(float)
    order = np.argsort(time)
    for (train, test), (before, after) in zip(time_folds(time, 5), st.TimeSeriesSplit(5).split(order), strict=True):
        assert train.tolist() == np.sort(order[before]).tolist() and test.tolist() == np.sort(order[after]).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_about_the_share_of_the_rows_is_held_out(seed: int) -> None:
    group = np.random.default_rng(seed).integers(0, 50, 1000)
    assert abs(len(hold_out_groups(group, seed, 0.2)[1]) - 200) <= 25
    assert hold_out_groups(group, seed, 0.2)[1].tolist() == hold_out_groups(group, seed, 0.2)[1].tolist()
    assert len(hold_out_latest(group.astype(float), 0.2)[1]) == pytest.approx(200, abs=25)


@pytest.mark.parametrize("options, change, what", [
    ({"group": "patient", "time": "when"}, {}, "group is 'patient' and time is 'when'; give one of them"),
    ({"group": "pat"}, {}, "group is 'pat'; .* did you mean 'patient'"),
    ({"time": "patient"}, {}, "time is 'patient', which holds texts"),
    ({"time": "x"}, {"x": [np.nan, *range(199)]}, "time is 'x', which is missing in 1 row, first in row 1;"),
    ({"time": "x"}, {"x": np.ones(200)}, "the time is 1 in all rows"),
    ({"group": "x"}, {"x": np.arange(200) % 2}, "there are 2 groups; at least 3 are needed"),
])
def test_what_is_refused(options: dict[str, str], change: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        prepare(Table.from_columns({**columns(), **change}), "y", test_size=0.2, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_rows_are_held_out_by_class_and_equal_rows_together(share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = np.repeat([0, 1, 2, 3], [150, 60, 9, 1])
    unit = np.where(rng.random(220) < 0.3, 1000 + classes, np.arange(220))  # some rows of a class are equal
    for number in (np.arange(220), unit):
        training, test = hold_out_rows(classes, number, seed, share)
        assert sorted([*training, *test]) == list(range(220)) and not set(number[training]) & set(number[test])
        assert 219 in training  # the class of one row
    training, test = hold_out_rows(classes, np.arange(220), seed, share)
    for one in range(3):
        assert abs((classes[test] == one).sum() - share * (classes == one).sum()) <= 1.0


def test_groups_and_times_of_arrays() -> None:
    assert order_of_arrays(None, None, 3).kind == "none"
    assert order_of_arrays(["b", "a", "b"], None, 3).values.tolist() == [0, 1, 0]
    assert order_of_arrays([7, 3, 7], None, 3).values.tolist() == [0, 1, 0]
    days = np.array(["2024-01-03", "2024-01-01", "2024-01-02"], "datetime64[D]")
    assert np.argsort(order_of_arrays(None, days, 3).values).tolist() == [1, 2, 0]
    for groups, times, what in (
            ([1, 2], [1, 2], "groups and times are both given"), ([1, 1], None, "which is the same in all rows"),
            ([1, 2, 3], None, r"groups has shape \(3,\) and X has 2 rows"), (["a", None], None, "missing in 1 row"),
            (None, [1.0, np.nan], "times is 'times', which is missing in 1 row, first in row 2")):
        with pytest.raises(ValueError, match=what):
            order_of_arrays(groups, times, 2)


def test_few_times_make_fewer_folds() -> None:
    assert len(most_time_folds(RowOrder("time", "when", np.repeat(np.arange(3.0), 40)), 5)) == 2
    with pytest.raises(ValueError, match="time is 'when', which holds 2 different times in 80 rows"):
        most_time_folds(RowOrder("time", "when", np.repeat(np.arange(2.0), 40)), 5)
