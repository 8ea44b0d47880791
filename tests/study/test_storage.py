"""The storage: what is read equals what was written, and a file that is none of ours is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.search import Categorical, Float, Int, Space
from scratchtune.study.storage import VERSION, Row, Storage, StorageError, packed_params, unpacked_params

DEFINITION = {"space": {"x": "Float"}, "seed": 0}


def _row(number: int, **changes: Any) -> Row:
    plain: dict[str, Any] = {
        "number": number, "state": "complete", "value": 0.1 + 0.2, "params": [0.5], "shown": {"x": 0.5},
        "why": {"mean": 1.0}, "said": "because", "budget": None, "parent": None, "reports": {}, "error": None,
        "traceback": None, "seconds": 0.25, "saved": None}
    return Row(**plain | changes)


def test_what_is_read_equals_what_was_written(tmp_path: Path) -> None:
    rows = [
        _row(0), _row(1, state="failed", value=None, error="ValueError: no", traceback="Traceback"),
        _row(2, budget=9, parent=0, reports={3: 0.5, 1: 0.25}),
        _row(3, state="running", value=None, seconds=None, saved={"theta": np.arange(3.0), "epoch": np.array(4)})]
    storage = Storage(tmp_path / "a.db")
    storage.enter("s", DEFINITION)
    for row in rows:
        storage.put("s", row)
    storage.close()
    again = Storage(tmp_path / "a.db")
    found = again.rows("s")
    assert [row._replace(saved=None) for row in found] == [row._replace(saved=None) for row in rows]
    assert found[3].saved is not None
    np.testing.assert_array_equal(found[3].saved["theta"], np.arange(3.0))
    assert again.row("s", 2) == rows[2]


def test_a_trial_is_written_over(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "a.db")
    storage.enter("s", DEFINITION)
    storage.put("s", _row(0, state="running", value=None))
    storage.put("s", _row(0))
    assert [row.state for row in storage.rows("s")] == ["complete"]


def test_choices_of_any_kind_come_back_as_they_are() -> None:
    function = len
    space = Space({
        "a": Categorical([None, (1, 2), function, 1, 1.0, True]), "b": Int(3, 9, step=3, when={"a": [1]}),
        "c": Float(0.1, 0.3, step=0.1), "d": Float(1e-9, 1.0, log=True)})
    for a in space.parameters["a"].choices:  # type: ignore[union-attr]
        params = {"a": a, "c": 0.3, "d": 0.1 + 0.2} | ({"b": 6} if type(a) is int else {})
        params = space.check(params)
        assert unpacked_params(space, packed_params(space, params)) == params


def test_many_studies_in_a_file_and_one_definition_a_name(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "a.db")
    storage.enter("s", DEFINITION)
    storage.enter("t", DEFINITION)
    storage.enter("s", DEFINITION)
    assert storage.names() == ["s", "t"]
    with pytest.raises(StorageError, match="has seed 0; this one has 1"):
        storage.enter("s", DEFINITION | {"seed": 1})


def test_files_that_are_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("a,b\n1,2\n" * 100)
    with pytest.raises(StorageError, match="can't be used"):
        Storage(tmp_path / "text.db")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.commit()
    with pytest.raises(StorageError, match="another program"):
        Storage(tmp_path / "other.db")
    Storage(tmp_path / "new.db").close()
    newer = sqlite3.connect(tmp_path / "new.db")
    newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    newer.commit()
    with pytest.raises(StorageError, match="newer"):
        Storage(tmp_path / "new.db")
    with pytest.raises(StorageError, match="not there"):
        Storage(tmp_path / "absent.db", create=False)
    with pytest.raises(StorageError, match="no folder"):
        Storage(tmp_path / "absent" / "a.db")
    with pytest.raises(StorageError, match="a folder"):
        Storage(tmp_path)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "a.db")
    with pytest.raises(StorageError, match="no study 's'; it holds none"):
        storage.rows("s")
    storage.enter("s", DEFINITION)
    with pytest.raises(StorageError, match="no trial 7; it has 0"):
        storage.row("s", 7)


# A study in a file ---------------------------------------------------------------------------------------------------


def _objective(trial: st.Trial) -> float:
    if trial.number == 3:
        raise ValueError("no")
    trial.report(1.0, step=0)
    return float(trial.params["x"] ** 2) + len(trial.params)


SPACE = {"x": st.Float(-1.0, 1.0), "kind": ["a", "b"], "n": st.Int(1, 9, when={"kind": ["a"]})}


def _table(study: st.Study) -> list[Any]:
    return [(t.number, t.params, t.why, t.state, t.value, t.error, t.reports, t.budget, t.parent) for t in study.trials]


@pytest.mark.parametrize("searcher", [st.RandomSearch(), st.BayesianSearch("tpe")], ids=["random", "tpe"])
def test_a_study_that_is_taken_up_ends_like_one_that_was_not_interrupted(tmp_path: Path, searcher: Any) -> None:
    whole = st.Study(SPACE, searcher, seed=3).run(_objective, n_trials=20, progress=False)
    for trials in (7, 12):
        st.Study(SPACE, searcher, seed=3, storage=tmp_path / "a.db").run(_objective, n_trials=trials, progress=False)
    running = st.Study(SPACE, searcher, seed=3, storage=tmp_path / "a.db").ask()  # nobody tells what came of it
    study = st.Study(SPACE, searcher, seed=3, storage=tmp_path / "a.db")
    assert study.trials[12].state == "running" and study.trials[12].params == running.params
    study.run(_objective, n_trials=20, progress=False)
    assert _table(study) == _table(whole)
    assert study.best_trial.number == whole.best_trial.number


def test_a_study_of_another_definition_is_refused(tmp_path: Path) -> None:
    st.Study(SPACE, seed=3, storage=tmp_path / "a.db")
    with pytest.raises(StorageError, match="has seed 3; this one has 4"):
        st.Study(SPACE, seed=4, storage=tmp_path / "a.db")
    assert st.Study(SPACE, seed=4, storage=tmp_path / "a.db", name="other").trials == []
