"""The table encoder: a matrix by hand, fitted on its own rows alone, kept as JSON; what is wrong is told."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchtune.data import OneHotEncoder, SimpleImputer
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table
from scratchtune.tables.table_encoder import TableEncoder


def _table(**changes: Any) -> Table:
    columns = {"age": [31, None, 7, 10], "city": ["Rome", "Oslo", "Nice", "Oslo"], "vip": ["no", "yes", None, "no"]}
    return Table.from_columns({**columns, **changes})


# By hand --------------------------------------------------------------------------------------------------------------


def test_a_matrix_by_hand() -> None:
    """The mean of 31, 7, 10 is 16; of no, yes, no the most frequent is no; two texts are one column."""
    encoder = TableEncoder(impute="mean")
    assert encoder.fit_transform(_table()).tolist() == [
        [31, 0, 0, 1, 0], [16, 0, 1, 0, 1], [7, 1, 0, 0, 0], [10, 0, 1, 0, 0]]
    assert encoder.get_feature_names_out().tolist() == ["age", "city=Nice", "city=Oslo", "city=Rome", "vip=yes"]
    assert encoder.text_names == ["city", "vip"]


def test_missing_values_are_indicated() -> None:
    """By a column after each column that has some in fit; in a later table the others are filled only."""
    table = Table.from_columns({"a": [1.0, None, 3.0], "b": ["u", "v", None], "c": [1.0, 2.0, 3.0]})
    encoder = TableEncoder(impute="mean", add_indicator=True)
    assert encoder.fit_transform(table).tolist() == [[1, 0, 0, 0, 1], [2, 1, 1, 0, 2], [3, 0, 0, 1, 3]]
    assert encoder.get_feature_names_out().tolist() == ["a", "a is missing", "b=v", "b is missing", "c"]
    again = TableEncoder.from_state(json.loads(json.dumps(encoder.state())))
    gaps = Table.from_columns({"a": [None], "b": [None], "c": [None]})
    assert again.transform(gaps).tolist() == [[2, 1, 0, 1, 2]] and again.state() == encoder.state()
    with pytest.raises(ValueError, match="add_indicator is True and impute is None"):
        TableEncoder(add_indicator=True).fit(table)


def test_ordinal_codes_by_hand() -> None:
    """Texts in sorted order are 0, 1, 2; missing is 3, and so is unknown where that is no error."""
    table = _table(age=[31, 2, 7, 10])
    encoder = TableEncoder(encoding="ordinal")
    assert encoder.fit_transform(table).tolist() == [[31, 2, 0], [2, 1, 1], [7, 0, 2], [10, 1, 0]]
    assert encoder.get_feature_names_out().tolist() == ["age", "city", "vip"]
    assert encoder.categorical_features == [1, 2] and encoder.text_names == ["city", "vip"]
    new = Table.from_columns({"vip": ["never", "no"], "city": [None, "Nice"], "age": [1, 2]})
    with pytest.raises(ValueError, match="column 'vip' holds 'never' in row 1"):
        encoder.transform(new)
    encoder.handle_unknown = "ignore"
    assert encoder.transform(new).tolist() == [[1, 3, 2], [2, 0, 0]]
    assert encoder.unknown(new) == {"vip": {"never": 1}} and encoder.same_as_unknown("vip") is None
    with pytest.raises(ValueError, match=r"values are missing in 'age' \(1 cell\); --impute"):
        TableEncoder(encoding="ordinal").fit(_table())
    assert TableEncoder(impute="mean").fit(_table()).categorical_features == []


def test_indices_of_codes_count_the_indicators() -> None:
    encoder = TableEncoder(encoding="ordinal", impute="mean", add_indicator=True).fit(_table())
    assert encoder.get_feature_names_out().tolist() == ["age", "age is missing", "city", "vip"]
    assert encoder.categorical_features == [2, 3]


@pytest.mark.parametrize("encoding, second, third", [
    ("ordinal", [np.nan, 1, 1], [7, 0, 2]), ("one-hot", [np.nan, 0, 1, 0, 1], [7, 1, 0, 0, np.nan])])
def test_missing_values_are_kept(encoding: str, second: list[float], third: list[float]) -> None:
    encoder = TableEncoder(encoding=encoding, impute="keep")
    X = encoder.fit_transform(_table())
    np.testing.assert_array_equal(X[1:3], [second, third])
    again = TableEncoder.from_state(json.loads(json.dumps(encoder.state(), allow_nan=False)))
    assert again.state() == encoder.state() and again.categorical_features == encoder.categorical_features
    assert again.transform(_table()).tobytes() == X.tobytes()


def test_only_the_rows_of_fit_count() -> None:
    table = _table()
    encoder = TableEncoder(impute="median", handle_unknown="ignore").fit(table[[0, 3]])
    assert encoder.get_feature_names_out().tolist() == ["age", "city=Rome", "vip=no"]
    assert encoder.transform(table[1:]).tolist() == [[20.5, 0, 0], [7, 0, 1], [10, 0, 1]]


def test_columns_may_come_in_another_order_and_coding() -> None:
    encoder = TableEncoder(impute="mean").fit(_table())
    other = Table.from_columns({"vip": ["yes"], "city": ["Oslo"], "age": [1]})
    assert encoder.transform(other).tolist() == [[1, 0, 1, 0, 1]]


def test_texts_that_happen_to_be_numbers_in_the_next_file(tmp_path: Path) -> None:
    """Codes 01, 1 and A in training; a file of 1s alone looks like numbers, unless it is read as texts."""
    encoder = TableEncoder().fit(Table.from_columns({"code": ["01", "1", "A"]}))
    (tmp_path / "new.csv").write_text("code\n01\n1\n")
    assert encoder.transform(read_table(tmp_path / "new.csv", text=encoder.text_names)).tolist() == [
        [1, 0, 0], [0, 1, 0]]
    assert encoder.transform(Table.from_columns({"code": [1, 1.0]})).tolist() == [[0, 1, 0], [0, 1, 0]]


@pytest.mark.parametrize("impute", [None, "mean"])
def test_a_column_without_any_value_is_left_out_with_a_warning(impute: str | None) -> None:
    table = Table.from_columns({"a": [1.0, 2.0], "b": [None, None]})
    encoder = TableEncoder(impute=impute)
    with pytest.warns(UserWarning, match="without any value, and left out: 'b'"):
        encoder.fit(table)
    assert encoder.transform(table).tolist() == [[1.0], [2.0]]
    assert encoder.transform(Table.from_columns({"a": [1.0], "b": ["anything"]})).tolist() == [[1.0]]


def test_a_file_of_gaps_in_a_column_is_filled() -> None:
    encoder = TableEncoder(impute="mean").fit(_table())
    row = Table.from_columns({"age": [None], "city": [None], "vip": [None]})
    assert encoder.transform(row).tolist() == [[16, 0, 1, 0, 0]]
    text = Table.from_columns({"age": np.array(["NA"]), "city": ["Rome"], "vip": ["no"]})
    assert encoder.transform(text).tolist() == [[16, 0, 0, 1, 0]]


@pytest.mark.parametrize("dtype", ["float32", np.float64])
def test_the_matrix_has_the_type_asked_for(dtype: Any) -> None:
    X = TableEncoder(impute="mean", dtype=dtype).fit_transform(_table())
    assert X.dtype == dtype and X.flags.c_contiguous


# Kept as JSON ---------------------------------------------------------------------------------------------------------


def _random_table(rng: np.random.Generator, rows: int = 200) -> Table:
    numbers = rng.normal(size=rows) * 10.0 ** rng.integers(-40, 36, rows)
    numbers[rng.uniform(size=rows) < 0.2] = np.nan
    texts = rng.choice(np.array(["ä\u2028", '"', "a=b", "x y", "é", None], object), rows)
    return Table.from_columns({"n": numbers, "t": texts, "two": rng.choice(["u", "v"], rows), "gap": [None] * rows})


@pytest.mark.parametrize("impute", ["mean", "median", "most_frequent"])
def test_after_json_it_transforms_bit_for_bit(impute: str) -> None:
    table = _random_table(np.random.default_rng(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        encoder = TableEncoder(impute=impute, handle_unknown="ignore", dtype="float32").fit(table)
    again = TableEncoder.from_state(json.loads(json.dumps(encoder.state(), allow_nan=False)))
    assert again.state() == encoder.state() and repr(again) == repr(encoder)
    for rows in (table, _random_table(np.random.default_rng(1))):
        assert again.transform(rows).tobytes() == encoder.transform(rows).tobytes()
    assert again.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()


@pytest.mark.parametrize("damage", [
    {}, {"columns": 3}, {"columns": [{"name": "a", "kind": "fruit"}]}, {"columns": [{"name": "a", "kind": "texts"}]},
    {"columns": [{"name": "a", "kind": "numbers", "fill": "x"}]}, {"columns": [{"name": 1, "kind": "nothing"}]},
    {"columns": [{"name": "a", "kind": "texts", "texts": ["u", "u"], "fill": None}]},
    {"columns": [{"name": "a", "kind": "texts", "texts": "uv", "fill": "u"}]},
    {"columns": [{"name": "a", "kind": "texts", "texts": ["u", "v"], "fill": "w"}]},
    {"columns": 2 * [{"name": "a", "kind": "nothing"}]},
    {"columns": [], "impute": "guess"}, {"columns": [], "colour": 1}], ids=str)
def test_a_damaged_state_is_an_error(damage: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="this is not the state of a TableEncoder"):
        TableEncoder.from_state(damage)


# What is wrong --------------------------------------------------------------------------------------------------------


def test_gaps_without_impute() -> None:
    with pytest.raises(ValueError, match=r"values are missing in 'age' \(1 cell\), 'vip' \(1 cell\); --impute \(in "):
        TableEncoder().fit(_table())
    full = _table()[[0, 3]]
    with pytest.raises(ValueError, match=r"values are missing in 'age' \(1 cell\), 'vip'"):
        TableEncoder(handle_unknown="ignore").fit(full).transform(_table())


def test_a_text_that_was_not_there() -> None:
    encoder = TableEncoder(impute="mean").fit(_table())
    with pytest.raises(ValueError, match="column 'city' holds 'Bonn' in row 2, .*known are 'Nice', 'Oslo', 'Rome'"):
        encoder.transform(Table.from_columns({"age": [1, 2], "city": ["Rome", "Bonn"], "vip": ["no", "no"]}))


@pytest.mark.parametrize("names, what", [
    (["age", "vip"], "'city' is missing$"), (["age", "vip", "city", "x", "y"], "'x', 'y' are unknown$"),
    (["age", "vip", "citty"], "'city' is missing, and 'citty' is unknown$")])
def test_other_columns_than_in_fit(names: list[str], what: str) -> None:
    encoder = TableEncoder(impute="mean").fit(_table())
    with pytest.raises(ValueError, match=f"the columns differ from those in training: {what}"):
        encoder.transform(Table.from_columns({name: [1] for name in names}))


def test_texts_where_numbers_were() -> None:
    encoder = TableEncoder(impute="mean").fit(_table())
    with pytest.raises(ValueError, match="column 'age' holds 'old' in row 3; it must hold numbers, as in"):
        encoder.transform(_table(age=["1", None, "old", "young"]))


def test_numbers_that_come_as_texts() -> None:
    """`csv.DictReader` gives texts; where `fit` has seen numbers they are read as such."""
    encoder = TableEncoder(impute="mean").fit(_table())
    texts = Table.from_columns({"age": ["31", "1e1", "NA"], "city": ["Rome"] * 3, "vip": ["no"] * 3})
    assert encoder.transform(texts)[:, 0].tolist() == [31.0, 10.0, 16.0]


def test_unknown_texts_are_counted() -> None:
    encoder = TableEncoder(impute="mean", handle_unknown="ignore").fit(_table())
    rows = Table.from_columns({"age": [1] * 4, "city": ["Bonn", "Rome", "Bonn", "Lima"], "vip": ["no"] * 4})
    assert encoder.unknown(rows) == {"city": {"Bonn": 2, "Lima": 1}}
    assert encoder.same_as_unknown("vip") == "no" and encoder.same_as_unknown("city") is None


def test_a_number_beyond_the_type() -> None:
    with pytest.raises(ValueError, match=r"column 'age' holds 1e\+39 in row 2, too large for float32; scale"):
        TableEncoder(impute="mean", dtype="float32").fit_transform(_table(age=[1, 1e39, 2, 3]))


def test_too_many_texts() -> None:
    table = Table.from_columns({"id": [f"u{i}" for i in range(30)]})
    with pytest.raises(ValueError, match="column 'id' holds 30 different texts, and max_categories is 20; leave"):
        TableEncoder(max_categories=20).fit(table)
    assert TableEncoder(max_categories=30).fit_transform(table).sum() == 30


def test_arguments() -> None:
    for changes, what in (({"impute": "mode"}, "impute is 'mode'"), ({"handle_unknown": "skip"}, "handle_unknown"),
                          ({"max_categories": 0}, "max_categories is 0"), ({"dtype": "int8"}, "dtype is 'int8'")):
        with pytest.raises(ValueError, match=what):
            TableEncoder(**changes).fit(_table())
    with pytest.raises(ValueError, match="is not fitted"):
        TableEncoder().transform(_table())


# Oracle ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("impute", ["mean", "median", "most_frequent"])
def test_it_is_scikit_learns_imputer_and_encoder(impute: str) -> None:
    sklearn = pytest.importorskip("sklearn")
    rng = np.random.default_rng(2)
    numbers = rng.integers(0, 5, (100, 2)).astype(float)
    numbers[rng.uniform(size=numbers.shape) < 0.2] = np.nan
    texts = rng.choice(np.array(["c", "a", "b", np.nan], object), (100, 2))
    texts[:, 1] = rng.choice(["p", "q"], 100)
    ours = TableEncoder(impute=impute).fit_transform(Table.from_columns(
        {"n": numbers[:, 0], "t": texts[:, 0], "m": numbers[:, 1], "two": texts[:, 1]}))
    for imputer, encoder in (
        (SimpleImputer, OneHotEncoder),
        (pytest.importorskip("sklearn.impute").SimpleImputer, sklearn.preprocessing.OneHotEncoder),
    ):
        filled = imputer(strategy=impute).fit_transform(numbers)
        hot = encoder(drop="if_binary", sparse_output=False).fit_transform(
            imputer(strategy="most_frequent").fit_transform(texts))
        np.testing.assert_allclose(
            ours, np.column_stack([filled[:, :1], hot[:, :3], filled[:, 1:], hot[:, 3:]]), rtol=1e-14)


def test_a_data_frame_will_do() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [1, 2, 3], "t": ["a", "b", "c"]})
    assert TableEncoder().fit_transform(frame).tolist() == [[1, 1, 0, 0], [2, 0, 1, 0], [3, 0, 0, 1]]
