"""Groups and times: no group and no time is both trained and tested on, in the test set and in each fold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.describing import described
from scratchtune.tables.objective import TableObjective
from scratchtune.tables.prepared import prepare, prepare_table
from scratchtune.tables.reading.table import Table
from scratchtune.tables.row_order import RowOrder, hold_out_groups, hold_out_latest, most_time_folds, time_folds

RNG = np.random.default_rng(0)


def columns(rows: int = 200) -> dict[str, Any]:
    days = np.datetime64("2020-01-01") + RNG.integers(0, 60, rows)
    return {"patient": [f"p{i}" for i in RNG.integers(0, 30, rows)], "visit": RNG.integers(0, 40, rows), "when": days,
            "x": RNG.normal(size=rows), "y": RNG.choice(["a", "b"], rows)}


def objective(prepared: Any, folds: int = 4) -> TableObjective:
    made = TableObjective(prepared.target, *prepared.training_set(), "accuracy",
                          rows=prepared.rows[prepared.training_rows])
    made.split(folds)
    return made


def test_no_group_is_on_both_sides() -> None:
    given = columns()
    prepared = prepare(Table.from_columns(given), "y", group="patient")
    group = np.array(given["patient"])
    assert not set(group[prepared.training_rows]) & set(group[prepared.test_rows])
    assert 0.1 < len(prepared.test_rows) / 200 < 0.3 and "patient" not in prepared.table.names
    assert prepared.dropped == ("patient",)
    group = group[prepared.training_rows]
    tested = []
    for train, test in objective(prepared).splits:
        assert not set(group[train]) & set(group[test])
        tested += test.tolist()
    assert sorted(tested) == list(range(len(group)))
    assert "groups by 'patient': " in described(prepared) and "others in the test set" in described(prepared)


@pytest.mark.parametrize("name", ["visit", "when"])
def test_the_test_set_and_folds_are_later_than_the_training_rows(name: str) -> None:
    given = columns()
    prepared = prepare(Table.from_columns(given), "y", time=name)
    time = np.asarray(given[name])
    assert time[prepared.training_rows].max() < time[prepared.test_rows].min()
    assert 0.1 < len(prepared.test_rows) / 200 < 0.3 and name in prepared.table.names
    time = time[prepared.training_rows]
    splits = objective(prepared).splits
    assert len(splits) == 4 and all(time[train].max() < time[test].min() for train, test in splits)
    assert f"time by {name!r}: the test set is the latest" in described(prepared)


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
    ({"group": "patient", "time": "when"}, {}, "--group is 'patient' and --time is 'when'; give one of them"),
    ({"group": "pat"}, {}, "--group is 'pat'"), ({"time": "patient"}, {}, "--time is 'patient', which holds texts"),
    ({"time": "x"}, {"x": [np.nan, *range(199)]}, "--time is 'x', which is missing in 1 row, first in row 1;"),
    ({"time": "x"}, {"x": np.ones(200)}, "the time is 1 in all rows"),
    ({"group": "x"}, {"x": np.arange(200) % 2}, "there are 2 groups; at least 3 are needed"),
])
def test_what_is_refused(options: dict[str, str], change: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        prepare(Table.from_columns({**columns(), **change}), "y", **options)  # type: ignore[arg-type]


def test_folds_that_cannot_be_made_are_refused() -> None:
    for change, options, what in (
            ({"x": np.arange(200) // 100}, {"time": "x"}, "--folds is 4: too many rows have the same time"),
            ({"y": np.repeat(["a", "b"], 100), "x": np.arange(200)}, {"time": "x"}, "no row of the class 'b' to")):
        prepared = prepare(Table.from_columns({**columns(), **change}), "y", test_size=0.3, **options)  # type: ignore
        with pytest.raises(ValueError, match=what):
            objective(prepared)


def test_prepare_table_takes_them(tmp_path: Path) -> None:
    given = columns()
    np.savez(tmp_path / "t.npz", **{**given, "when": given["when"].astype(str)})
    table = prepare_table(tmp_path / "t.npz", "y", time="when", drop=["when", "patient"])
    assert table.feature_names == ["visit", "x"]
    assert prepare_table(tmp_path / "t.npz", "y", group="patient", drop=["when"]).feature_names == ["visit", "x"]


def test_few_times_make_fewer_folds() -> None:
    assert len(most_time_folds(RowOrder("time", "when", np.repeat(np.arange(3.0), 40)), 5)) == 2
    with pytest.raises(ValueError, match="--time is 'when', which holds 2 different times in 80 rows"):
        most_time_folds(RowOrder("time", "when", np.repeat(np.arange(2.0), 40)), 5)
