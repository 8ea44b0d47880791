"""Dates in a table: which texts are dates, which order of day and month a column has, and the features of a date."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scratchtune.tables.reading.columns import Dates, Text, missing_in
from scratchtune.tables.reading.date_columns import (
    PARTS,
    date_part,
    parse_dates,
    parts_of,
    to_days,
    written_day,
)
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table

DAY = float((np.datetime64("2020-12-31") - np.datetime64("1970-01-01")).astype(int))


@pytest.mark.parametrize("text", [
    "2020-12-31", "2020/12/31", "2020.12.31", "31.12.2020", "31.12.20", "31/12/2020", "12/31/2020", "12/31/20",
    "31-12-2020", "31 December 2020", "31 dec. 2020", "31-Dec-20", "Dec 31, 2020", "December 31 2020", " 2020-12-31 "])
def test_forms_of_one_day(text: str) -> None:
    assert to_days(text) == DAY


@pytest.mark.parametrize("text, hours", [
    ("2020-12-31T06:00", 6.0), ("2020-12-31 06:30:00", 6.5), ("31.12.2020 6:15", 6.25), ("12/31/2020 06:00 PM", 18.0),
    ("12/31/2020, 12:00 am", 0.0), ("2020-12-31T06:00:00Z", 6.0), ("2020-12-31T06:00:00+02:00", 4.0),
    ("2020-12-31T06:00:36.5-0130", 7.5 + 36.5 / 3600)])
def test_times_are_fractions_of_a_day_in_utc(text: str, hours: float) -> None:
    assert to_days(text) == pytest.approx(DAY + hours / 24, abs=1e-9)


@pytest.mark.parametrize("text", [
    "", "30.2.2020", "2020-13-01", "31/31/2020", "03/04/2020", "12", "2020", "1.5", "10:30", "2020-12-31T25:00", "Rome",
    "31 Foo 2020", "0000-01-01", "2020-12-31 13:00 PM", "12-34-5678", "1-2-3"])
def test_what_is_no_date(text: str) -> None:
    assert np.isnan(to_days(text))


@pytest.mark.parametrize("texts, order", [
    (["03/04/2020", "25/04/2020"], "dmy"), (["03/04/2020", "04/25/2020"], "mdy"), (["2020-03-04"], None),
    (["3.4.2020"], None), (["03/03/2020"], "dmy")])
def test_the_column_decides_the_order(texts: list[str], order: str | None) -> None:
    parsed = parse_dates("when", dict.fromkeys(texts, 1))
    assert parsed is not None and parsed[1] == order and not np.isnan(list(parsed[0].values())).any()


def test_an_order_that_nothing_decides_is_asked_for() -> None:
    counts = {"03/04/2020": 2, "05/06/2020": 1}
    days = [parse_dates("when", counts, order)[0]["03/04/2020"] for order in ("dmy", "mdy")]  # type: ignore[index]
    assert [written_day(day) for day in days] == ["2020-04-03", "2020-03-04"]
    with pytest.raises(ValueError, match=r"'when' holds dates such as '03/04/2020'.*date_order='dmy'.*text=\['when'\]"):
        Table.from_columns({"when": ["03/04/2020"] * 9})
    assert isinstance(Table.from_columns({"when": ["03/04/2020"] * 9}, date_order="dmy").column("when"), Dates)


def test_features_are_those_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    seconds = np.random.default_rng(0).integers(-2_000_000_000, 4_000_000_000, 500)
    stamps = pandas.DatetimeIndex(seconds.astype("datetime64[s]"))
    for part in PARTS[:-1]:
        assert (date_part(seconds / 86_400, part) == getattr(stamps, part).to_numpy()).all(), part
    parsed = parse_dates("when", {str(stamp): 1 for stamp in stamps})
    assert parsed is not None
    np.testing.assert_allclose([parsed[0][str(stamp)] for stamp in stamps], seconds / 86_400, rtol=0, atol=1e-8)


def test_constant_parts_are_left_out() -> None:
    assert parts_of(np.array([0.0, 1.0, 3.0, np.nan])) == {
        "weekday": [3.0, 4.0, 6.0], "day": [1.0, 2.0, 4.0], "days since": [0.0, 1.0, 3.0]}
    assert parts_of(np.array([3.0, 3.0]), first=2.0) == {"days since": [1.0]}


# Tables ---------------------------------------------------------------------------------------------------------------


def csv_of(path: Path, cells: list[str]) -> Path:
    path.write_text("when,x\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells)), encoding="utf-8")
    return path


def test_a_file_with_dates(tmp_path: Path) -> None:
    path = csv_of(tmp_path / "t.csv", ["2020-12-31", "", "2021-01-02"])
    column = read_table(path).column("when")
    assert isinstance(column, Dates) and column.values().tolist() == ["2020-12-31", None, "2021-01-02"]
    np.testing.assert_equal(column.values_in_days(), [DAY, np.nan, DAY + 2])
    assert type(read_table(path, text=["when"]).column("when")) is Text


def test_a_few_cells_that_are_no_dates_are_named(tmp_path: Path) -> None:
    path = csv_of(tmp_path / "t.csv", [f"2020-01-{day:02d}" for day in range(1, 20)] + ["open"])
    with pytest.raises(ValueError, match=r"19 of 20 cells of 'when' are dates; not: 'open' in line 21; give missing="):
        read_table(path)
    with pytest.warns(UserWarning, match="19 of 20 cells of 'when' are dates; not: '-' in line 21; such cells"):
        column = read_table(csv_of(path, [f"2020-01-{day:02d}" for day in range(1, 20)] + ["-"])).column("when")
    assert isinstance(column, Dates) and missing_in(column).tolist() == [False] * 19 + [True]
    csv_of(path, [f"2020-01-{day:02d}" for day in range(1, 20)] + ["open"])
    assert isinstance(read_table(path, missing=["open"]).column("when"), Dates)
    half = ["2020-01-01", "open"] * 10
    assert type(read_table(csv_of(path, half)).column("when")) is Text


def test_dates_of_numpy_python_and_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    days = np.array(["2020-12-31", "NaT", "2021-01-02"], dtype="datetime64[D]")
    expected = [DAY, np.nan, DAY + 2]
    for given in (days, days.astype("datetime64[ns]"), days.astype(object), pandas.Series(days),
                  pandas.Series(days).dt.tz_localize("UTC")):
        column = Table.from_columns(pandas.DataFrame({"when": given})).column("when")
        assert isinstance(column, Dates)
        np.testing.assert_equal(column.values_in_days(), expected)
    assert isinstance(Table.from_columns({"when": days}, numeric=["when"]).column("when"), Dates)


def test_other_columns_stay_what_they_are() -> None:
    for values in (["a", "b"], ["2020", "2021"], [1.0, 2.0]):
        column = Table.from_columns({"x": values}).column("x")
        assert not isinstance(column, Dates)
