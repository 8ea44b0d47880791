"""The main job as one function: the command line's numbers, from a path, a data frame, a dict, a list or a Table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.tables.option_names import in_python

SPACE = '{"epochs": [5, 20], "units": [8]}'
QUICK: dict[str, Any] = {
    "searcher": "random", "n_trials": 2, "space": {"epochs": [5, 20], "units": [8]}, "folds": 2, "progress": False,
    "impute": True, "drop": ["row"]}


def columns(rows: int = 90) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    age, city = rng.normal(40.0, 12.0, rows).round(2), rng.choice(["Rome", "Oslo"], rows)
    bought = (age - 40.0) / 12.0 + (city == "Rome") + rng.normal(0.0, 0.5, rows) > 0.9
    return {"row": list(range(rows)), "age": [None if i % 17 == 3 else a for i, a in enumerate(age.tolist())],
            "city": city.tolist(), "bought": np.where(bought, "yes", "no").tolist()}


def written(path: Path, given: dict[str, Any]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([given, *zip(*given.values(), strict=True)])
    return path


@pytest.fixture(scope="module")
def result() -> st.TableTuning:
    return st.tune_table(columns(), "bought", **QUICK)


def test_its_numbers_are_those_of_the_command_line(
    result: st.TableTuning, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    table, space, model = written(tmp_path / "t.csv", columns()), tmp_path / "space.json", tmp_path / "model.npz"
    space.write_text(SPACE)
    again = st.tune_table(table, "bought", **{**QUICK, "space": space})
    assert main(["tune", str(table), "--target", "bought", "--drop", "row", "--impute", "--searcher", "random",
                 "--trials", "2", "--space", str(space), "--folds", "2", "--out", str(model)]) == 0
    assert f"{again.text()}\nmodel: {model}" in capsys.readouterr().out
    assert again.metrics == result.metrics and again.params == result.params
    predicted = [one.predict_proba(table).tolist() for one in (st.load_model(model), again.model, result.model)]
    assert predicted[0] == predicted[1] == predicted[2]


def test_a_table_may_be_a_frame_a_list_of_dicts_or_a_table(result: st.TableTuning) -> None:
    given = columns()
    rows = [dict(zip(given, values, strict=True)) for values in zip(*given.values(), strict=True)]
    forms = [rows, st.Table.from_columns(given)]
    try:
        import pandas
    except ImportError:
        pass
    else:
        forms.append(pandas.DataFrame(given))
    for form in forms:
        assert st.tune_table(form, "bought", **QUICK).metrics == result.metrics
        assert result.model.predict(form).tolist() == result.model.predict(given).tolist()


def test_the_report_is_what_print_shows(result: st.TableTuning, tmp_path: Path) -> None:
    shown = str(result)
    assert shown == repr(result) and "90 rows, 2 columns" in shown and in_python(result.text()) in shown
    assert "positive='no' chooses the other" in shown and "--" not in shown
    assert "the model is trained on all 90 rows, those of the test set too" in shown and result.refitted
    result.model.save(tmp_path / "m.npz")
    assert st.load_model(tmp_path / "m.npz").predict(columns()).tolist() == result.model.predict(columns()).tolist()
    assert len(result.study.trials) == 2 and {row.name for row in result.metrics} >= {"accuracy", "log loss"}


def test_without_refit_the_model_is_the_one_that_was_evaluated(result: st.TableTuning) -> None:
    alone = st.tune_table(columns(), "bought", **QUICK, refit=False)
    assert alone.metrics == result.metrics and not alone.refitted
    assert "is trained on the 72 rows of the training set, as asked" in str(alone)
    assert alone.model.predict_proba(columns()).tolist() != result.model.predict_proba(columns()).tolist()


def test_verbose_prints_what_the_command_line_does(capsys: pytest.CaptureFixture[str]) -> None:
    st.tune_table(columns(), "bought", **QUICK, verbose=True, positive="no")
    printed = capsys.readouterr()
    assert "positive class: 'no', as asked" in printed.out and "held-out test set: 18 rows" in printed.err


def test_dropped_columns_of_a_kind_that_no_table_holds_are_not_read() -> None:
    given = {**columns(), "row": [object()] * 90}
    assert st.tune_table(given, "bought", **QUICK).model.dropped == ("row",)
    with pytest.raises(TypeError, match="column 'row' holds"):
        st.tune_table(given, "bought", **{**QUICK, "drop": []})


@pytest.mark.parametrize(("changed", "message"), [
    ({"folds": 1}, "folds is 1; it must be an integer of at least 2"),
    ({"n_trials": 0}, "n_trials is 0; it must be"),
    ({"searcher": "bayes"}, "searcher is 'bayes'; .* did you mean 'bayesian'"),
    ({"test_size": 1.5}, "test_size is 1.5; it must be"),
    ({"space": {"epoch": [1]}}, "^space names 'epoch'; .* did you mean 'epochs'"),
    ({"impute": None}, "impute fills them, drop leaves a column out"),
    ({"impute": None, "add_indicator": True}, "add_indicator is True and impute is not given"),
    ({"drop": ["rwo"]}, "drop is 'rwo'; .* did you mean 'row'"),
    ({"numeric": ["agee"]}, "numeric is 'agee'; .* did you mean 'age'"),
    ({"missing": ["-"]}, "missing is .* and table is a dict; missing says how a file is written"),
    ({"scoring": "acuracy"}, "did you mean 'accuracy'"),
    ({"refit": "yes"}, r"refit is 'yes' .str.; it must be"),
    ({"n_jobs": 0}, "n_jobs is 0; it must be at least 1"),
])
def test_bad_arguments_are_named_as_in_python(changed: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        st.tune_table(columns(), "bought", **{**QUICK, **changed})


def test_other_bad_arguments(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="tune_table has no argument 'trials', did you mean 'n_trials'"):
        st.tune_table(columns(), "bought", trials=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="table is a ndarray; it must be the path of a file, a data frame"):
        st.tune_table(np.zeros((9, 2)), "bought")
    with pytest.raises(ValueError, match="^target is 'bougt'; the table has .* did you mean 'bought'"):
        st.tune_table(columns(), "bougt", **QUICK)
    with pytest.raises(ValueError, match="text is .* and table is a Table, whose columns are texts or numbers already"):
        st.tune_table(st.Table.from_columns(columns()), "bought", **QUICK, text=["city"])
    with pytest.raises(FileNotFoundError, match="^space is "):
        st.tune_table(columns(), "bought", **{**QUICK, "space": tmp_path / "none.json"})
