"""The folds of AutoML: more for small tables, one for huge ones; groups are never divided."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.evaluation import TimeSeriesSplit, train_test_split
from scratchtune.tables.row_order import order_of_arrays
from scratchtune.tables.splitting import splits_for


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


def test_a_group_is_in_one_part_only() -> None:
    groups = np.repeat(np.arange(12), 5)
    for training, validation in splits_for(np.arange(60.0), 0, rows=order_of_arrays(groups, None, 60)):
        assert not set(groups[training]) & set(groups[validation])


def test_a_splitter_is_used_as_it_is() -> None:
    assert len(splits_for(np.arange(60.0), 0, TimeSeriesSplit(4))) == 4


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


@pytest.mark.parametrize(("cv", "message"), [
    (1, "cv is 1"), ([train_test_split(np.arange(40), random_state=k) for k in range(5)], "cv tests row .* times"),
    ([(np.arange(9), [99])], "names row 99; X has 60 rows"), ([(np.arange(9), np.arange(20, 30))] * 2, "2 times"),
])
def test_folds_that_do_not_test_each_row_once_are_refused(cv: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        splits_for(np.arange(60.0), 0, cv)


def test_three_rows_are_too_few() -> None:
    with pytest.raises(ValueError, match="n_samples=3"):
        splits_for(np.arange(3.0), 0)
