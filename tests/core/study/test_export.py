"""A study as a DataFrame: a table by hand, and the columns and types of Optuna's."""

from __future__ import annotations

import builtins
import csv
import io
import itertools
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.core.study.export import as_csv, table
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import read_study

SPACE = {"how": ["square", "root"], "x": st.Float(0.0, 1.0, when={"how": "square"}), "k": st.Int(1, 3)}


def made(**arguments: Any) -> st.Study:
    study = st.Study(SPACE, "random", **arguments)
    for params in ({"how": "square", "x": 0.5, "k": 1}, {"how": "root", "k": 3}):
        study.enqueue(params)

    def objective(trial: st.Trial) -> float:
        if trial.number == 2:
            raise ValueError("no luck")
        return 10.0 + trial.number

    return study.run(objective, 3, progress=False)


def test_a_table_by_hand(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = made(storage=tmp_path / "a.db").to_dataframe()
    assert list(frame.columns) == ["number", "value", "datetime_start", "datetime_complete", "duration", "params_how",
                                   "params_x", "params_k", "state"]
    assert frame["state"].tolist() == ["complete", "complete", "failed"]
    assert frame["value"].tolist()[:2] == [10.0, 11.0] and pandas.isna(frame["value"][2])
    assert frame["params_x"][0] == 0.5 and pandas.isna(frame["params_x"][1]) and frame["params_k"][1] == 3
    assert (frame["duration"] == frame["datetime_complete"] - frame["datetime_start"]).all()
    with File(tmp_path / "a.db", reading=True) as storage:
        assert read_study(storage, "study").to_dataframe().equals(frame)


def test_a_running_trial_and_an_empty_study() -> None:
    pandas = pytest.importorskip("pandas")
    study = st.Study({"x": [1, 2]}, "grid")
    assert len(study.to_dataframe()) == 0 and study.to_dataframe()["duration"].dtype.kind == "m"
    study.ask()
    frame = study.to_dataframe()
    assert frame["state"][0] == "running" and pandas.isna(frame["duration"][0]) and pandas.isna(frame["value"][0])


def test_the_study_and_its_file_give_one_table(tmp_path: Path) -> None:
    with made(storage=tmp_path / "a.db") as study:
        study.to_csv(tmp_path / "a.csv")
    with File(tmp_path / "a.db", reading=True) as storage:
        there = list(csv.reader(as_csv(storage, "study").splitlines()))
    here = list(csv.reader((tmp_path / "a.csv").open()))
    assert here[0] == ["number", "state", "value", "param_how", "param_x", "param_k", "budget", "parent", "error",
                       "seconds"]
    assert there[0] == [*here[0][:9], "visits", "why"]
    assert here[2][:9] == there[2][:9] == ["1", "complete", "11.0", "root", "", "3", "", "", ""]
    assert here[3][8] == there[3][8] == "ValueError: no luck" and there[3][10].startswith("Trial 2: ")
    st.Study(SPACE, "random", storage=tmp_path / "b.db").close()
    with File(tmp_path / "b.db", reading=True) as storage:
        assert as_csv(storage, "study") == ",".join(there[0]) + "\r\n"


def test_the_work_of_a_study_is_that_of_all_trials_also_of_failed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scratchtune.core.study.trial.time.perf_counter", itertools.count().__next__)  # a second each
    made(storage=tmp_path / "a.db").close()
    with File(tmp_path / "a.db", reading=True) as storage:
        assert "\n3 trials, 3.0 s of work\n" in table(storage, "study")


def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe_and_a_number_does_not(tmp_path: Path) -> None:
    formulas = ["=1+1", "+A1", "-2+3", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋A1"]
    others = ["-1", "+1,5", "-1.5e3", "a=1", "'=1", " =1"]
    study = st.Study({"how": [*formulas, *others]}, "grid", storage=tmp_path / "a.db")
    study.run(lambda trial: -1.0, progress=False).to_csv(tmp_path / "a.csv")
    study.close()
    with File(tmp_path / "a.db", reading=True) as storage:
        texts = as_csv(storage, "study"), (tmp_path / "a.csv").read_bytes().decode()
    for text in texts:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [row["param_how"] for row in rows] == [*(f"'{one}" for one in formulas), *others]
        assert {row["value"] for row in rows} == {"-1.0"}


def test_columns_and_types_are_optunas() -> None:
    pytest.importorskip("pandas")
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    theirs = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    theirs.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0) + trial.suggest_int("k", 1, 3), n_trials=3)
    ours = st.tune(lambda trial: trial.params["x"], {"x": st.Float(0.0, 1.0), "k": st.Int(1, 3)}, "random", 3,
                   progress=False).to_dataframe()
    wanted = theirs.trials_dataframe()
    assert sorted(ours.columns) == sorted(wanted.columns)
    for name in wanted.columns:
        assert ours[name].dtype.kind == wanted[name].dtype.kind, name


def test_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    study, known = made(), builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "pandas":
            raise ImportError("No module named 'pandas'")
        return known(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="to_dataframe needs pandas, which is not installed: pip install pandas; stu"):
        study.to_dataframe()
