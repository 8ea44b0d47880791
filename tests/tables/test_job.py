"""The job as one function: the command line's numbers, from a path, a frame, a dict, a list or a Table; its text."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from explained_model import fitted

import scratchtune as st
from scratchtune.cli import main
from scratchtune.tables.job import TableTuning, scored

pytestmark = pytest.mark.usefixtures("few_resamples")

QUICK: dict[str, Any] = {"n_trials": 2, "families": ["linear"], "folds": 2, "n_jobs": 1, "progress": False,
                         "drop": ["row"]}


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
def result(few_resamples: None) -> TableTuning:
    return st.tune_table(columns(), "bought", **QUICK)


def probabilities(model: Any) -> list[Any]:
    return model.predict_proba(columns()).tolist()


def test_its_numbers_are_those_of_the_command_line(
    result: TableTuning, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    table, model = written(tmp_path / "t.csv", columns()), tmp_path / "model.npz"
    again = st.tune_table(table, "bought", **QUICK)
    for command in ("tune", "auto"):
        assert main([command, str(table), "--target", "bought", "--drop", "row", "--trials", "2", "--families",
                     "linear", "--folds", "2", "--jobs", "1", "--out", str(model)]) == 0
        printed = capsys.readouterr().out
        scores = again.scores.text()
        assert scores in printed and scores == result.scores.text()
        assert probabilities(st.load_model(model)) == probabilities(again.model) == probabilities(result.model)


def test_a_table_may_be_a_frame_a_list_of_dicts_or_a_table(result: TableTuning) -> None:
    given = columns()
    rows = [dict(zip(given, values, strict=True)) for values in zip(*given.values(), strict=True)]
    forms: list[Any] = [rows, st.Table.from_columns(given)]
    try:
        import pandas
    except ImportError:
        pass
    else:
        forms.append(pandas.DataFrame(given))
    for form in forms:
        assert probabilities(st.tune_table(form, "bought", **QUICK).model) == probabilities(result.model)
        assert result.model.predict(form).tolist() == result.model.predict(given).tolist()


def test_the_result_is_what_print_shows(result: TableTuning, tmp_path: Path) -> None:
    shown = str(result)
    assert shown == repr(result) and result.text() in shown and "90 rows, 2 columns" in shown
    assert "positive='no' chooses the other" in shown and "--" not in shown.replace("---", "")
    result.model.save(tmp_path / "m.npz")
    assert st.load_model(tmp_path / "m.npz").predict(columns()).tolist() == result.model.predict(columns()).tolist()
    assert len(result.study.trials) == 2 and result.scores is result.model.scores_


def test_labelled_rows_are_scored(result: TableTuning) -> None:
    """The metrics are scikit-learn's; rows without a target are left out."""
    sklearn = pytest.importorskip("sklearn.metrics")
    test = {name: values[:40] for name, values in columns().items()}
    found = scored(result.model, {name: [*values, values[0]] for name, values in test.items()}
                   | {"bought": [*test["bought"], None]})
    p = result.model.predict_proba(test)[:, 1]
    y = np.array(test["bought"]) == result.prepared.target.classes[1]
    assert found.rows == 40 and found.values["auc"]["model"] == pytest.approx(sklearn.roc_auc_score(y, p))
    assert found.values["accuracy"]["model"] == pytest.approx((y == (p > 0.5)).mean())


def test_the_scores_are_those_out_of_fold(result: TableTuning) -> None:
    assert result.scores.rows == 90 and {"most frequent", "linear"} <= set(next(iter(result.scores.values.values())))


def test_verbose_prints_what_the_command_line_does(capsys: pytest.CaptureFixture[str]) -> None:
    st.tune_table(columns(), "bought", **QUICK, verbose=True, positive="no")
    printed = capsys.readouterr().out
    assert "positive class: 'no', as asked" in printed and "90 rows, 2 columns" in printed


def test_dropped_columns_of_a_kind_that_no_table_holds_are_not_read() -> None:
    given = {**columns(), "row": [object()] * 90}
    assert st.tune_table(given, "bought", **QUICK).prepared.dropped == ("row",)
    with pytest.raises(TypeError, match="column 'row' holds"):
        st.tune_table(given, "bought", **{**QUICK, "drop": []})


def test_missing_values_a_rare_class_and_many_texts_stop_nothing() -> None:
    rng = np.random.default_rng(0)
    given = {"x": [None if i % 3 else float(v) for i, v in enumerate(rng.normal(size=1200))],
             "tail": [f"t{i}" for i in rng.integers(0, 1100, 1200)],
             "y": ["rare", *rng.choice(["a", "b"], 1199).tolist()]}
    result = st.tune_table(given, "y", n_trials=1, families=["trees"], folds=2, progress=False)
    assert set(result.model.predict(given)) <= {"a", "b", "rare"}


def test_folds_have_whole_groups_and_train_on_earlier_rows() -> None:
    given = {**columns(), "shop": np.arange(90) % 9, "day": np.arange(90) // 2}
    for name, option, drop in (
        ("shop", "group", []), ("day", "time", []), ("shop", "group", ["shop"]), ("day", "time", ["day"]),
    ):
        result = st.tune_table(given, "bought", **{**QUICK, "n_trials": 1, option: name, "drop": ["row", *drop]})
        assert result.prepared.rows.kind == option and np.isfinite(result.study.best_value)
        assert (name in result.model.kinds_) == (option == "time" and not drop)


@pytest.mark.parametrize(("changed", "message"), [
    ({"folds": 1}, "folds is 1; it must be an integer"),
    ({"n_trials": 0}, "n_trials is 0; it must be"),
    ({"minutes": 0.0, "n_trials": None}, "minutes is 0"),
    ({"minutes": 1.0}, "n_trials and minutes are given; give one of them"),
    ({"searcher": "bayes"}, "searcher is 'bayes'; .* did you mean 'bayesian'"),
    ({"families": ["tree"]}, "families is 'tree'; .* did you mean 'trees'"),
    ({"drop": ["rwo"]}, "drop is 'rwo'; .* did you mean 'row'"),
    ({"numeric": ["agee"]}, "numeric is 'agee'; .* did you mean 'age'"),
    ({"missing": ["-"]}, "missing is .* and table is a dict; missing says how a file is written"),
    ({"scoring": "acuracy"}, "did you mean 'accuracy'"),
    ({"impute": "yes"}, r"impute is 'yes' .str.; it must be"),
    ({"strict": "yes"}, r"strict is 'yes' .str.; it must be"),
    ({"n_jobs": 0}, "n_jobs is 0; it must be"),
    ({"searcher": "hyperband"}, "searcher is 'hyperband'"),
])
def test_bad_arguments_are_named_as_in_python(changed: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        st.tune_table(columns(), "bought", **{**QUICK, **changed})


def test_strict_stops_at_what_the_audit_finds() -> None:
    """Dates are no finding; of several, each has its sentence."""
    given = {**columns(), "age": np.arange(90.0) % 40, "when": [f"2024-01-{1 + i % 30:02d}" for i in range(90)]}
    assert st.tune_table(given, "bought", **QUICK, strict=True).model.audit_.columns("dates") == ["when"]
    given |= {"copy": given["bought"], "same": [1] * 90}
    with pytest.raises(ValueError, match="^strict stops here, since the audit found: 'copy' alone .*; left out, since "
                                         "it is 1 in all rows: 'same'"):
        st.tune_table(given, "bought", **QUICK, strict=True)


def test_other_bad_arguments() -> None:
    with pytest.raises(TypeError, match="tune_table has no argument 'trials', did you mean 'n_trials'"):
        st.tune_table(columns(), "bought", trials=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="table is a ndarray; it must be the path of a file, a data frame"):
        st.tune_table(np.zeros((9, 2)), "bought")
    with pytest.raises(ValueError, match="^target is 'bougt'; the table has .* did you mean 'bought'"):
        st.tune_table(columns(), "bougt", **QUICK)
    with pytest.raises(ValueError, match="no rows"):
        st.tune_table({"x": np.zeros(0), "y": np.zeros(0)}, target="y")
    with pytest.raises(TypeError, match="drop is 'xy'; it must be a list of texts"):
        st.tune_table({"x": np.arange(9.0), "y": np.arange(9.0)}, target="y", drop="xy")


# As text --------------------------------------------------------------------------------------------------------------


STUDY = SimpleNamespace(trials=[SimpleNamespace(state="complete"), SimpleNamespace(state="failed")])


@pytest.fixture
def made() -> TableTuning:
    return TableTuning(None, fitted(STUDY), "a table")  # type: ignore[arg-type]


def test_the_text_begins_with_the_verdict_and_names_the_metric(made: TableTuning) -> None:
    text = made.text()
    assert text.startswith("verdict: boosted trees with defaults are saved: no gain can be shown\n")
    for part in ("cross-validation, rows that the models were not trained on: 40 rows, target 'left': 2 classes",
                 "most frequent", "expected on 40 new rows: log loss (lower is better) 0.3567, with probability 90%",
                 "columns that matter", "age", "the model: one configuration, no ensemble",
                 "as good within two standard errors: a linear model with defaults, log loss 0.42",
                 "tried: 1 configuration in 41 s, log loss (lower is better): boosted trees 1 (best 0.4100); 1 failed"):
        assert part in text
    assert "neg_" not in text


def test_it_prints_itself_here_and_in_a_notebook(made: TableTuning) -> None:
    assert repr(made) == f"a table\n\n{made.text()}"
    assert made._repr_html_().startswith("<pre>a table\n") and "&lt;b&gt;city" in made._repr_html_()
    assert made.params == {"family": "trees", "trees_max_iter": 50}
