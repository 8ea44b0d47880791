"""Groups and times, what is resampled, and folds: no group or time is both trained on and predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.prepared import described, prepare
from scratchtune.tables.reading.table import Table
from scratchtune.tables.splitting import (
    BLOCKS,
    RowOrder,
    Units,
    most_time_folds,
    order_of_arrays,
    splits_for,
    time_blocks,
    time_folds,
    units_of,
)


@pytest.mark.parametrize(("rows", "folds"), [(10, 5), (400, 8), (5_000, 5), (50_000, 3), (200_000, 1)])
def test_the_number_of_folds_follows_the_rows(rows: int, folds: int) -> None:
    assert len(splits_for(np.linspace(0.0, 1.0, rows), 0)) == folds


@pytest.mark.parametrize(("rows", "seconds", "folds"), [
    (800, 1.0, 8), (4_000, 1.0, 5), (9_000, 1.0, 3), (11_000, 1.0, 1), (5_000, 60.0, 5), (20_000, 60.0, 3),
    (20_000, 600.0, 5), (50_000, 60.0, 1), (50_000, 600.0, 3), (200_000, 1e6, 1),
])
def test_a_short_time_has_fewer_folds(rows: int, seconds: float, folds: int) -> None:
    assert len(splits_for(np.linspace(0.0, 1.0, rows), 0, seconds=seconds)) == folds


def test_every_fold_has_every_class() -> None:
    y = np.array([0] * 90 + [1] * 10)
    assert all(set(y[validation]) == {0, 1} for _, validation in splits_for(y, 2, 5))


@pytest.mark.parametrize("counts", [(300, 200, 2), (40, 12, 3, 1), (2, 2, 2, 2), (9_000, 2_000, 2, 1)])
@pytest.mark.filterwarnings("error")
def test_a_rare_class_is_trained_on_and_leaves_the_others_stratified(counts: tuple[int, ...]) -> None:
    for seed in range(60):  # two rows that are dealt at random are in one of eight folds with a probability of 1/8
        y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
        splits = splits_for(y, len(counts), seed=seed, seconds=1.0)
        held_out = np.array([np.bincount(y[validation], minlength=len(counts)) for _, validation in splits])
        assert (held_out < counts)[:, np.array(counts) > 1].all() and np.ptp(held_out, axis=0).max() <= 1
        assert len(splits) > 1 or held_out[0, 1] == 200  # a tenth of the second class


def test_a_group_is_in_one_part_only() -> None:
    groups = np.repeat(np.arange(12), 5)
    for training, validation in splits_for(np.arange(60.0), 0, rows=order_of_arrays(groups, None, 60)):
        assert not set(groups[training]) & set(groups[validation])


def test_a_fold_that_trains_on_one_class_is_left_out() -> None:
    """In the order of time, a class may first occur late."""
    y = np.repeat([0, 1], 30)
    with pytest.warns(UserWarning, match="3 folds of 5 left out, since the rows to train on hold one class"):
        splits = splits_for(y, 2, rows=order_of_arrays(None, np.arange(60), 60))
    assert len(splits) == 2 and all(len(np.unique(y[training])) == 2 for training, _ in splits)
    with pytest.raises(ValueError, match="each of 2 folds trains on hold one class; two are needed"):
        splits_for(y, 2, rows=order_of_arrays(y, None, 60))


def test_equal_rows_are_in_one_fold() -> None:
    duplicates, y = np.repeat(np.arange(30), [1, 2, 3] * 10), np.repeat(np.arange(30) % 2, [1, 2, 3] * 10)
    splits = splits_for(y, 2, 5, duplicates=duplicates)
    assert sorted(np.concatenate([validation for _, validation in splits])) == list(range(60))
    for training, validation in splits:
        assert not set(duplicates[training]) & set(duplicates[validation]) and set(y[validation]) == {0, 1}


@pytest.mark.parametrize("times", [
    np.arange(60)[::-1], [f"{2000 + k}-01-01" for k in range(60, 0, -1)],
    np.datetime64("2020-01-01") - np.arange(60)])
def test_a_fold_trains_on_earlier_rows_than_it_tests(times: Any) -> None:
    splits = splits_for(np.arange(60.0), 0, rows=order_of_arrays(None, times, 60))
    assert len(splits) == 5 and all(min(training) > max(validation) for training, validation in splits)


def test_one_fold_is_none() -> None:
    with pytest.raises(ValueError, match="cv is 1"):
        splits_for(np.arange(60.0), 0, 1)


def test_three_rows_are_too_few() -> None:
    with pytest.raises(ValueError, match="n_samples=3"):
        splits_for(np.arange(3.0), 0)

RNG = np.random.default_rng(0)


def columns(rows: int = 200) -> dict[str, Any]:
    days = np.datetime64("2020-01-01") + RNG.integers(0, 60, rows)
    return {"patient": [f"p{i}" for i in RNG.integers(0, 30, rows)], "visit": RNG.integers(0, 40, rows), "when": days,
            "x": RNG.normal(size=rows), "y": RNG.choice(["a", "b"], rows)}


def test_a_group_is_no_feature_and_a_time_is_one() -> None:
    given = Table.from_columns(columns())
    prepared = prepare(given, "y", group="patient")
    assert "patient" not in prepared.table.names and prepared.dropped == ("patient",)
    assert "group by 'patient': each fold has whole groups" in described(prepared)
    prepared = prepare(given, "y", time="when")
    assert "when" in prepared.table.names
    assert "time by 'when': each fold trains on earlier rows than it tests" in described(prepared)


def test_a_few_rows_by_hand() -> None:
    folds = time_folds(np.array([3.0, 0.0, 1.0, 1.0, 2.0, 0.0]), 2)
    assert [(train.tolist(), test.tolist()) for train, test in folds] == [([1, 5], [2, 3]), ([1, 2, 3, 5], [0, 4])]
    assert time_folds(np.zeros(6), 2) == []


def test_folds_without_ties_are_those_of_time_series_split() -> None:
    time = RNG.permutation(50).astype(float)
    order = np.argsort(time)
    for (train, test), (before, after) in zip(time_folds(time, 5), st.TimeSeriesSplit(5).split(order), strict=True):
        assert train.tolist() == np.sort(order[before]).tolist() and test.tolist() == np.sort(order[after]).tolist()


@pytest.mark.parametrize("options, change, what", [
    ({"group": "patient", "time": "when"}, {}, "group is 'patient' and time is 'when'; give one of them"),
    ({"group": "pat"}, {}, "group is 'pat'; .* did you mean 'patient'"),
    ({"time": "patient"}, {}, "time is 'patient', which holds texts"),
    ({"time": "x"}, {"x": [np.nan, *range(199)]}, "time is 'x', which is missing in 1 row, first in row 1;"),
])
def test_what_is_refused(options: dict[str, str], change: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        prepare(Table.from_columns({**columns(), **change}), "y", **options)  # type: ignore[arg-type]


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


def test_groups_come_before_equal_rows_and_these_before_single_rows() -> None:
    groups, equal = RowOrder("group", "g", np.array([7, 7, 3])), np.array([5, 0, 5])
    assert units_of(groups, equal, 3).numbers.tolist() == [1, 1, 0]
    assert units_of(RowOrder(), equal, 3).numbers.tolist() == [1, 0, 1]
    assert units_of(RowOrder(), None, 3).numbers.tolist() == [0, 1, 2]


def test_blocks_of_time_are_consecutive_and_equal_in_rows() -> None:
    times = np.random.default_rng(0).permutation(100).astype(float)
    units = units_of(RowOrder("time", "t", times), None, 100)
    assert units.kind == "time" and units.count == BLOCKS and set(np.bincount(units.numbers)) == {5}
    assert (np.diff(units.numbers[np.argsort(times)]) >= 0).all()


@pytest.mark.parametrize("rows", [1, 3, BLOCKS, 777])
def test_rows_of_one_time_are_in_one_block(rows: int) -> None:
    times = np.random.default_rng(rows).integers(1 + rows // 2, size=rows).astype(float)
    blocks = time_blocks(times)
    assert all(len(set(blocks[times == time])) == 1 for time in times)
    assert set(blocks) == set(range(blocks.max() + 1)) and blocks.max() < BLOCKS


def test_a_resample_holds_whole_units() -> None:
    units = Units(np.array([2, 0, 1, 0, 2, 2]))
    for seed in range(20):
        rows = units.rows(np.random.default_rng(seed).integers(units.count, size=units.count))
        times = np.bincount(rows, minlength=6)
        assert times[0] == times[4] == times[5] and times[1] == times[3] and times[[0, 1, 2]].sum() == units.count


def test_units_of_some_rows_are_numbered_again() -> None:
    units = Units(np.array([4, 4, 2, 0, 1, 3]), "group").of(np.array([0, 2, 5]))
    assert units.numbers.tolist() == [2, 0, 1] and units.kind == "group"
    assert units.rows(np.array([2, 0, 2])).tolist() == [0, 1, 0]
