"""New rows for a model: whatever is given has the columns and kinds of training, or the error says what differs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scratchtune.tables.prepared import new_rows, prepare, prepared_of_arrays, read_new_rows
from scratchtune.tables.reading.notation import Reading, checked_reading
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table

DAYS = [f"2024-{1 + i // 28:02}-{1 + i % 28:02}" for i in range(60)]
GIVEN: dict[str, Any] = {"age": np.arange(60) % 37 / 3.0, "city": ["Rome", "Oslo", "Nice"] * 20, "when": DAYS,
                         "id": np.arange(60), "y": ["no", "no", "yes"] * 20}
ROWS: dict[str, Any] = {"age": [30.0, 60.5], "city": ["Rome", "Oslo"], "when": ["2030-01-31", "2024-01-01"]}


def model_of(prepared: Any) -> Any:
    """What a fitted model remembers of its table."""
    return SimpleNamespace(kinds_=prepared.table.kinds(), target_=prepared.target, dropped_=prepared.dropped,
                           reading_=prepared.reading)


@pytest.fixture
def model() -> Any:
    return model_of(prepare(Table.from_columns(GIVEN), "y", drop=["id"]))


def cells(table: Table) -> dict[str, list[Any]]:
    return {name: table.column(name).values().tolist() if table.is_text(name) else table.column(name).tolist()
            for name in table.names}


def test_whatever_a_table_may_be(model: Any, tmp_path: Path) -> None:
    """A table, a dict, a list of dicts, of texts too, and a file, in any order, with unused columns: the same cells."""
    rows = [dict(zip(ROWS, row, strict=True)) for row in zip(*ROWS.values(), strict=True)]
    (tmp_path / "t.csv").write_text("id,when,age,city,y\n1,2030-01-31,30,Rome,no\n2,2024-01-01,60.5,Oslo,yes\n")
    expected = cells(new_rows(model, Table.from_columns(ROWS)))
    assert list(expected) == ["age", "city", "when"] and expected["age"] == [30.0, 60.5]
    texts = [{name: str(cell) for name, cell in row.items()} for row in rows]
    forms = [ROWS, dict(reversed(ROWS.items())), rows, texts, {**ROWS, "id": [1, 2], "y": ["no", "no"]},
             tmp_path / "t.csv", str(tmp_path / "t.csv")]
    for form in forms:
        assert cells(new_rows(model, form)) == expected
    with_target = new_rows(model, tmp_path / "t.csv", with_target=True)
    assert with_target.names == ["age", "city", "when", "y"]
    assert cells(new_rows(model, with_target)) == expected


def test_a_data_frame(model: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"y": ["no", "no"], **ROWS}, index=[7, 3])
    assert cells(new_rows(model, frame)) == cells(new_rows(model, ROWS))


def test_a_date_and_a_text_that_training_has_not_seen(model: Any) -> None:
    with pytest.warns(UserWarning, match=r"'city' holds .* not seen in training: 'Bonn' \(1 row\); each counts as"):
        table = new_rows(model, {**ROWS, "city": ["Bonn", None]})
    assert cells(table)["city"] == ["Bonn", None] and cells(table)["when"][0].startswith("2030-01-31")


def test_columns_that_the_model_does_not_use_are_ignored(model: Any) -> None:
    with pytest.warns(UserWarning, match="ignored, since the model does not use them: 'height', 'pet'$"):
        table = new_rows(model, {**ROWS, "height": [1, 2], "pet": ["cat", None], "y": ["no", "no"]})
    assert table.names == ["age", "city", "when"]


@pytest.mark.parametrize(("change", "message"), [
    ({"city": None}, "'city' is missing"), ({"city": None, "town": ["a", "b"]}, "'city' is missing, and 'town' is unk"),
    ({"age": ["old", "7"]}, "column 'age' holds 'old' in row 1; it must hold numbers, as in training"),
    ({"when": ["soon", "2024-01-01"]}, "column 'when' holds 'soon' in row 1; it must hold dates, as in training"),
    ({"age": [1e39, 1.0]}, "too large for float32"),
])
def test_columns_that_differ_from_training(change: dict[str, Any], message: str, model: Any) -> None:
    rows = {name: values for name, values in {**ROWS, **change}.items() if values is not None}
    with pytest.raises(ValueError, match=message):
        new_rows(model, Table.from_columns(rows, text=["when"] if "when" in change else []))


def test_a_matrix_has_the_columns_in_order() -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    model = model_of(prepared_of_arrays(X, X[:, 0], "regressor"))
    assert new_rows(model, X[:2]).names == ["x0", "x1", "x2"]
    model.n_features_in_ = 3
    with pytest.raises(ValueError, match="X has 2 features, but SimpleNamespace is expecting 3 features"):
        new_rows(model, X[:2, :2])


def test_a_file_is_read_as_the_training_file_was(tmp_path: Path) -> None:
    """Decimal mark, missing values, delimiter and columns of texts are kept with the model."""
    rng = np.random.default_rng(0)
    lines = [f"{i / 8:.3f};{rng.choice(['1', '2'])};{'pq'[i % 2]}".replace(".", ",") for i in range(40)]
    (tmp_path / "train.csv").write_text("\n".join(["x;code;y", *lines, "-;1;p"]))
    model = model_of(prepare(read_table(tmp_path / "train.csv", text=["code"], missing=["-"]), "y"))
    assert model.reading_ == Reading(",", ("-",), ";", ("code",), (), None)
    (tmp_path / "new.csv").write_text("x;code\n2,000;1\n-;2\n")  # by itself 2,000 might be two thousand
    (tmp_path / "other.csv").write_text('x,code\n"2,000",1\n,2\n')
    for name in ("new.csv", "other.csv"):
        found = cells(new_rows(model, tmp_path / name))
        assert found["code"] == ["1", "2"] and found["x"][0] == 2.0 and np.isnan(found["x"][1])
    (tmp_path / "point.csv").write_text("x,code\n2.0,1\n0.5,2\n")
    with pytest.raises(ValueError, match=r"[02]\..*"):
        new_rows(model, tmp_path / "point.csv")
    assert len(read_new_rows(model, tmp_path / "point.csv", decimal=".")) == 2


@pytest.mark.parametrize("stored", [
    {"decimal": ";"}, {"missing": [5]}, {"colour": "red"}, {"delimiter": 5}, {"date_order": "ymd"}])
def test_what_is_no_stored_reading(stored: dict[str, Any]) -> None:
    reading = Reading(",", ("-",), ";", ("code",), (), "dmy")
    assert checked_reading(**reading._asdict()) == reading
    with pytest.raises((ValueError, TypeError)):
        checked_reading(**stored)
