"""Features: a matrix by hand; gaps, rare and new categories and later dates are no error; stored as plain data."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from scratchtune import Table
from scratchtune.tables.features import CODES, EMBEDDED, ONE_HOT, Encoding, Features, check_range, table_of

TABLE_CELLS = {
    "age": [31.0, None, 7.0, 9.0], "city": ["Rome", "Oslo", "Rome", "Nice"], "constant": [1.0] * 4, "empty": [None] * 4}
TABLE = Table.from_columns(TABLE_CELLS)
ENCODINGS = pytest.mark.parametrize("encoding", [ONE_HOT, EMBEDDED, CODES], ids=["one-hot", "embedded", "codes"])


def restored(features: Features) -> Features:
    """What a file gives back."""
    again = Features.from_state(json.loads(json.dumps(features.state(), allow_nan=False)))
    assert again.state() == features.state() and again.names == features.names
    return again


# By hand --------------------------------------------------------------------------------------------------------------


def test_a_matrix_by_hand() -> None:
    """The median of 31, 7, 9 is 9; Oslo and Nice occur once, so they are rare; useless columns are left out."""
    features = Features(ONE_HOT).fit(TABLE)
    assert features.names == ["age", "age is missing", "city=(other)"]
    assert features.transform(TABLE).tolist() == [[31, 0, 0], [9, 1, 1], [7, 0, 0], [9, 0, 1]]


def test_codes_keep_missing_numbers() -> None:
    features = Features(CODES).fit(TABLE)
    np.testing.assert_array_equal(features.transform(TABLE), [[31, 0], [np.nan, 1], [7, 0], [9, 1]])
    assert features.categorical == [1] and features.names == ["age", "city"]


def test_gaps_are_filled_for_trees_if_asked() -> None:
    assert Features(CODES._replace(impute="median")).fit(TABLE).transform(TABLE)[1].tolist() == [9.0, 1.0]


def test_a_missing_text_is_a_category() -> None:
    table = Table.from_columns({"x": ["b", None, "a", "b", "a", None], "z": range(6)})
    features = Features(ONE_HOT).fit(table)
    assert features.names == ["x=a", "x=b", "x=(missing)", "z"]
    assert features.transform(table)[:3, :3].tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert Features(EMBEDDED).fit(table).transform(table)[:, 0].tolist() == [1, 2, 0, 1, 0, 2]


def test_rare_categories_become_one() -> None:
    texts = ["a"] * 5 + ["b"] * 4 + ["c", "c", "d", "e"]
    table = Table.from_columns({"x": texts, "z": range(13)})
    features = Features(Encoding("median", "one-hot", True, 2)).fit(table)
    assert features.names == ["x=a", "x=b", "x=(other)", "z"]
    assert features.transform(table)[:, 2].tolist() == [0] * 9 + [1] * 4


@pytest.mark.parametrize(("texts", "codes", "hot"), [
    (["a", "a", "b", "b", "c"], [0, 2, 2], [[0, 0], [0, 1], [0, 1]]),  # new and missing ones: c is rare
    (["a", "a", "b", "b", None], [0, 2, 2], [[0, 0], [0, 1], [0, 1]]),
    (["a", "a", "b", "b", "b"], [0, 2, 2], [[0], [0.5], [0.5]]),  # there was neither
])
def test_a_new_text_is_rare_or_else_missing(texts: list[Any], codes: list[int], hot: list[list[float]]) -> None:
    table, new = Table.from_columns({"x": texts}), Table.from_columns({"x": ["a", "new", None]}, text=["x"])
    if None not in texts and "c" in texts:
        codes, hot = [0, 2, 3], [[0, 0], [0, 1], [0, 0]]
    assert Features(CODES).fit(table).transform(new)[:, 0].tolist() == codes
    made = Features(ONE_HOT).fit(table).transform(new)
    assert (made if made.shape[1] == 1 else made[:, 1:]).tolist() == hot


def test_texts_that_are_named_like_our_categories() -> None:
    table = Table.from_columns({"x": ["(missing)", None, "(other)", "a", "a", "rare"]})
    features = restored(Features(CODES).fit(table))
    assert features.transform(table)[:, 0].tolist() == [2, 2, 1, 0, 0, 1]


def test_columns_may_come_in_another_order_and_notation() -> None:
    features = Features(ONE_HOT).fit(TABLE)
    new = Table.from_columns({"city": ["Rome", "Bonn"], "age": np.array(["1e1", "NA"])})
    assert features.transform(new).tolist() == [[10, 0, 0], [9, 1, 1]]
    codes = Features(CODES).fit(Table.from_columns({"code": ["01", "1", "A"] * 2}))
    assert codes.transform(Table.from_columns({"code": [1, 1.0]})).tolist() == [[1.0], [1.0]]


def test_texts_where_numbers_were() -> None:
    features = Features(ONE_HOT).fit(TABLE)
    with pytest.raises(ValueError, match="column 'age' holds 'old' in row 2; it must hold numbers, as in training"):
        features.transform(Table.from_columns({"age": ["1", "old"], "city": ["Rome"] * 2}))
    with pytest.raises(ValueError, match="there is no column 'age'"):
        features.transform(Table.from_columns({"city": ["Rome"]}))


def test_a_table_without_useful_columns_is_refused() -> None:
    for useless in ([1.0, 1.0], [None, None], ["a", "b"]):
        with pytest.raises(ValueError, match="no column is left to learn from"):
            Features(ONE_HOT).fit(Table.from_columns({"x": useless}))


def test_a_column_of_one_value_and_gaps_says_where_the_gaps_are() -> None:
    assert Features(ONE_HOT).fit(Table.from_columns({"x": [2.0, None, 2.0]})).names == ["x", "x is missing"]


def test_a_number_beyond_float32() -> None:
    with pytest.raises(ValueError, match=r"column 'age' holds 1e\+39 in row 2, too large for float32; scale"):
        check_range(Table.from_columns({"age": [1.0, 1e39]}))


# Dates ----------------------------------------------------------------------------------------------------------------


def test_dates_are_their_parts() -> None:
    days = [f"2020-{month:02d}-{day:02d}" for month in (3, 4) for day in (1, 2)]
    table = Table.from_columns({"when": days, "x": range(4)})
    features = restored(Features(ONE_HOT).fit(table))
    assert features.names == ["when month", "when weekday", "when day", "when days since 2020-03-01", "x"]
    assert features.transform(table)[1].tolist() == [3.0, 0.0, 2.0, 1.0, 1.0]
    table = Table.from_columns({"when": days * 10, "x": range(40)})  # 20 rows for each month and day, 10 for a weekday
    features = restored(Features(ONE_HOT).fit(table))
    assert features.names == [
        "when month=3", "when month=4", "when weekday", "when day=1", "when day=2", "when days since 2020-03-01", "x"]
    assert features.transform(table)[1].tolist() == [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]


def test_later_dates_are_clipped_to_the_range_of_training() -> None:
    """The days since the first one grow for ever; a network or a linear model would extrapolate them."""
    table = Table.from_columns({"when": [f"2020-03-{day:02d}" for day in range(1, 11)]})
    later = Table.from_columns({"when": ["2022-03-03", "1999-01-02"]})
    assert Features(CODES).fit(table).transform(later).tolist() == [[3.0, 3.0, 9.0], [5.0, 2.0, 0.0]]
    hot = Features(ONE_HOT).fit(Table.from_columns({"when": [f"2020-03-{day:02d}" for day in range(1, 11)] * 20}))
    assert hot.transform(later).sum(axis=1).tolist() == [11.0, 2.0]  # one weekday, one day, and 9 or 0 days


def test_missing_dates_are_filled_and_indicated() -> None:
    table = Table.from_columns({"when": ["2020-03-01", None, "2020-03-05", "2020-03-01", "2020-03-01"]})
    assert Features(ONE_HOT).fit(table).transform(table)[1, -2:].tolist() == [0.0, 1.0]
    assert Features(ONE_HOT._replace(impute="mean")).fit(table).transform(table)[1, -2:].tolist() == [1.0, 1.0]
    assert np.isnan(Features(CODES).fit(table).transform(table)[1]).all()


def test_a_new_file_is_read_in_the_order_of_training() -> None:
    features = restored(Features(ONE_HOT).fit(Table.from_columns({"when": ["03/04/2020", "25/04/2020"]})))
    assert features.transform(Table.from_columns({"when": ["05/04/2020"]}, text=["when"]))[0, -1] == 2.0
    for wrong, shown in ((["Rome"], "'Rome' in row 1"), ([3.5], "'3.5' in row 1")):
        with pytest.raises(ValueError, match=f"'when' holds {shown}; it must hold dates, as in training"):
            features.transform(Table.from_columns({"when": wrong}))


@ENCODINGS
def test_dates_are_no_categories(encoding: Encoding) -> None:
    """Not one of many dates is grouped as rare, and later ones are known."""
    days = np.datetime64("2020-01-01") + np.arange(600)
    for given in (days, days.astype(str)):
        features = Features(encoding).fit(Table.from_columns({"when": given}))
        assert features.categorical == []
        later = features.transform(Table.from_columns({"when": given + np.timedelta64(700) if given is days else [
            str(day + 700) for day in days]}))
        weekday = later[:, features.names.index("when weekday")] if encoding is CODES else later[
            :, [features.names.index(f"when weekday={n}") for n in range(7)]].argmax(axis=1)
        np.testing.assert_array_equal(weekday, (np.arange(600) + 2 + 700) % 7)  # 1 January 2020 was a Wednesday


# Properties -----------------------------------------------------------------------------------------------------------


def any_table(seed: int, rows: int = 120) -> Table:
    """Numbers of any size, texts, dates, and gaps everywhere."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=rows) * 10.0 ** rng.integers(-40, 36, rows)
    texts = rng.choice(np.array(["ä\u2028", '"', "a=b", "x y", "é", "1", "(other)"], object), rows)
    many = rng.choice(np.array([f"t{i}" for i in range(400)], object), rows)
    days = (np.datetime64("2020-01-01") + rng.integers(0, 900, rows)).astype(str).astype(object)
    columns = {"n": numbers.astype(object), "t": texts, "many": many, "when": days}
    for column in columns.values():
        column[rng.uniform(size=rows) < 0.2] = None
    return Table.from_columns({**columns, "two": rng.choice(["u", "v"], rows)}, text=["t", "many", "two"])


@ENCODINGS
@pytest.mark.parametrize("seed", range(5))
def test_any_later_table_has_a_matrix_of_the_same_columns(encoding: Encoding, seed: int) -> None:
    """Finite but for the gaps that trees get; codes are below the number of categories, or just that."""
    features = Features(encoding).fit(any_table(seed))
    again = restored(features)
    for other in (any_table(seed), any_table(seed + 100), any_table(seed + 200, 1)):
        X = features.transform(other)
        assert X.shape == (len(other), len(features.names)) and again.transform(other).tobytes() == X.tobytes()
        assert np.isfinite(X[:, features.categorical]).all() and (encoding is CODES or np.isfinite(X).all())
        for j in features.categorical:
            texts = features.columns[features.names[j]].texts  # type: ignore[union-attr]
            assert X[:, j].max() <= len(texts) <= encoding.most + 2


@pytest.mark.parametrize("change", [
    {"class": "fruit"}, {"name": 1}, {"fill": "x"}, {"indicator": 2}, {"colour": 1}, {"class": "categories"}], ids=str)
def test_a_damaged_state_is_refused(change: dict[str, Any]) -> None:
    state = Features(ONE_HOT).fit(TABLE).state()
    state["columns"][0] |= change
    with pytest.raises(ValueError, match="this is not the state of the features of a table"):
        Features.from_state(state)


@pytest.mark.parametrize("texts", [["u", "u"], "uv", [], [1]], ids=str)
def test_damaged_categories_are_refused(texts: Any) -> None:
    state = Features(ONE_HOT).fit(TABLE).state()
    state["columns"][1]["texts"] = texts
    with pytest.raises(ValueError, match="this is not the state of the features of a table"):
        Features.from_state(state)


@pytest.mark.parametrize("change", [
    {"parts": {}}, {"parts": {"century": [1.0, 2.0]}}, {"parts": {"month": ["x"]}}, {"parts": {"month": []}},
    {"first": None}, {"first": 1e9}, {"fill": "x"}], ids=str)
def test_damaged_dates_are_refused(change: dict[str, Any]) -> None:
    state = Features(ONE_HOT).fit(Table.from_columns({"when": ["2020-03-01", "2020-04-02"]})).state()
    state["columns"][0] |= change
    with pytest.raises(ValueError, match="this is not the state of the features of a table"):
        Features.from_state(state)


# Arrays ---------------------------------------------------------------------------------------------------------------


def test_a_matrix_gets_names() -> None:
    assert table_of(np.ones((2, 3))).names == ["x0", "x1", "x2"]


def test_a_matrix_of_the_same_width_has_the_names_of_the_training_columns() -> None:
    kinds = TABLE.kinds()
    rows = np.array([[TABLE_CELLS[name][row] for name in TABLE_CELLS] for row in range(4)], object)
    table = table_of(rows, kinds)
    assert table.names == TABLE.names and table.is_text("city")
    assert table_of(rows[:, :2], kinds).names == ["x0", "x1"]
