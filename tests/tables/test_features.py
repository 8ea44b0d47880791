"""Features: useless columns are left out, rare categories are grouped, gaps and new categories are no error."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune import Table
from scratchtune.tables.features import CODES, ONE_HOT, OTHER, Encoding, Features, table_of

TABLE_CELLS = {
    "age": [31.0, None, 7.0, 9.0], "city": ["Rome", "Oslo", "Rome", "Nice"], "constant": [1.0] * 4, "empty": [None] * 4}
TABLE = Table.from_columns(TABLE_CELLS)


def test_a_column_without_information_is_left_out() -> None:
    features = Features(ONE_HOT).fit(TABLE)
    assert features.dropped == ["constant", "empty"]
    assert features.transform(TABLE).shape == (4, 5)  # age, whether it is missing, three cities


def test_codes_keep_missing_numbers() -> None:
    features = Features(CODES).fit(TABLE)
    matrix = features.transform(TABLE)
    assert matrix.dtype == np.float64 and np.isnan(matrix[1, 0]) and features.categorical == [1]


def test_rare_categories_become_one() -> None:
    texts = ["a"] * 5 + ["b"] * 4 + ["c", "d", "e"]
    features = Features(Encoding("median", "one-hot", True, 2)).fit(Table.from_columns({"x": texts, "z": range(12)}))
    assert features.kept == {"x": ["a", "b"]}
    assert [name for name in features.encoder.get_feature_names_out() if OTHER in name] == [f"x={OTHER}"]


def test_dates_are_no_categories() -> None:
    """Not one of many dates is grouped as rare, and later ones are known."""
    days = np.datetime64("2020-01-01") + np.arange(600)
    for given in (days, days.astype(str)):
        for encoding in (ONE_HOT, CODES):
            features = Features(encoding).fit(Table.from_columns({"when": given}))
            assert features.kept == {} and features.categorical == []
            later = features.transform(Table.from_columns({"when": given + np.timedelta64(700) if given is days else [
                str(day + 700) for day in days]}))
            names = features.encoder.get_feature_names_out().tolist()
            weekday = later[:, names.index("when weekday")] if encoding is CODES else later[
                :, [names.index(f"when weekday={n}") for n in range(7)]].argmax(axis=1)
            np.testing.assert_array_equal(weekday, (np.arange(600) + 2 + 700) % 7)  # 1 January 2020 was a Wednesday


def test_a_new_category_is_no_error() -> None:
    features = Features(ONE_HOT).fit(TABLE)
    new = Table.from_columns({"age": [1.0], "city": ["Bonn"], "constant": [2.0], "empty": [None]})
    assert np.isfinite(features.transform(new)).all()


def test_a_table_without_useful_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="no column is left to learn from"):
        Features(ONE_HOT).fit(Table.from_columns({"x": [1.0, 1.0]}))


def test_the_state_restores_the_features() -> None:
    features = Features(CODES).fit(TABLE)
    restored = Features.from_state(features.state())
    np.testing.assert_array_equal(restored.transform(TABLE), features.transform(TABLE))


def test_a_matrix_gets_names() -> None:
    assert table_of(np.ones((2, 3))).names == ["x0", "x1", "x2"]


def test_a_matrix_of_the_same_width_has_the_names_of_the_training_columns() -> None:
    kinds = TABLE.kinds()
    rows = np.array([[TABLE_CELLS[name][row] for name in TABLE_CELLS] for row in range(4)], object)
    table = table_of(rows, kinds)
    assert table.names == TABLE.names and table.is_text("city")
    assert table_of(rows[:, :2], kinds).names == ["x0", "x1"]
