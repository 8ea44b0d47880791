"""The storage: what is read equals what was written, and a file that is none of ours is left alone."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.core.search import Categorical, Float, Int, Space
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.export import as_json, table
from scratchtune.core.study.file import VERSION, File
from scratchtune.core.study.stored import read_study
from scratchtune.core.study.trial import packed_params, unpacked_params

from ...forging import forge

DEFINITION = {"space": {"x": "Float"}, "seed": 0}


def _row(number: int, **changes: Any) -> dict[str, Any]:
    return {"number": number, "state": "complete", "values": [0.1 + 0.2], "params": {"x": 0.5}, "why": {"mean": 1.0},
            "reason": "because", "budget": None, "saved": None, **changes}


def test_what_is_read_equals_what_was_written(tmp_path: Path) -> None:
    rows = [
        _row(0), _row(1, state="failed", values=None, error="ValueError: no", traceback="Traceback"),
        _row(2, budget=9, parent=0, reports={"3": 0.5, "1": 0.25}, scores=[0.5, None], visits=1000, attempts=2),
        _row(3, state="running", values=None, saved={"theta": np.arange(3.0), "epoch": np.array(4)})]
    storage = File(tmp_path / "a.db")
    storage.enter("s", DEFINITION)
    storage.put("s", rows, [[None, {"x": 1.0}]], {"k": 1})
    storage.close()
    again = File(tmp_path / "a.db", reading=True)
    found = again.rows("s")
    assert [row | {"saved": None} for row in found] == [row | {"saved": None} for row in rows]
    assert again.count("s") == 4 and again.revision("s") == 1 and again.rows("s", saved=False)[3]["saved"] is None
    assert again.queue("s") == [[None, {"x": 1.0}]] and again.attributes("s") == {"k": 1}
    np.testing.assert_array_equal(found[3]["saved"]["theta"], np.arange(3.0))


def test_a_trial_is_written_over(tmp_path: Path) -> None:
    storage = File(tmp_path / "a.db")
    storage.enter("s", DEFINITION)
    storage.put("s", [_row(0, state="running", values=None)])
    storage.put("s", [_row(0)])
    storage.put("s", [_row(0, state="running", error="late")])  # a finished trial is never written over
    assert [(row["state"], row.get("error")) for row in storage.rows("s")] == [("complete", None)]


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
    storage = File(tmp_path / "a.db")
    storage.enter("s", DEFINITION)
    storage.enter("t", DEFINITION)
    storage.enter("s", DEFINITION)
    assert storage.names() == ["s", "t"]
    with pytest.raises(StorageError, match="has seed 0; this one has 1"):
        storage.enter("s", DEFINITION | {"seed": 1})


def test_files_that_are_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("a,b\n1,2\n" * 100)
    with pytest.raises(StorageError, match="can't be used"):
        File(tmp_path / "text.db")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.commit()
    with pytest.raises(StorageError, match="another program"):
        File(tmp_path / "other.db")
    File(tmp_path / "new.db").close()
    newer = sqlite3.connect(tmp_path / "new.db")
    newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    newer.commit()
    for reading in (False, True):
        with pytest.raises(StorageError, match=f"have the version {VERSION + 1}; this one reads and writes version"):
            File(tmp_path / "new.db", reading)
    with pytest.raises(StorageError, match="not there"):
        File(tmp_path / "absent.db", reading=True)
    with pytest.raises(StorageError, match="no folder"):
        File(tmp_path / "absent" / "a.db")
    with pytest.raises(StorageError, match="a folder"):
        File(tmp_path)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    storage = File(tmp_path / "a.db")
    with pytest.raises(StorageError, match="no study 's'; it holds none"):
        storage.rows("s")


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


# What must not be lost or mixed up -----------------------------------------------------------------------------------


def _kept(path: Path, space: Any = None, searcher: Any = "random", **more: Any) -> st.Study:
    return st.Study(space or {"x": st.Float(0.0, 1.0)}, searcher, storage=path, **more)


def _x(trial: st.Trial) -> float:
    return float(trial.params["x"])


def test_the_order_of_a_space_is_part_of_it(tmp_path: Path) -> None:
    space = {"lr": st.Float(1e-4, 1e-1, log=True), "units": st.Float(16, 512)}
    _kept(tmp_path / "a.db", space).run(lambda trial: trial.params["lr"], 3, progress=False)
    with pytest.raises(StorageError, match="has space .'lr', Float"):
        _kept(tmp_path / "a.db", dict(reversed(space.items())))


@pytest.mark.parametrize(("change", "part"), [
    ({"seed": 1}, "seed"), ({"direction": "maximize"}, "direction"), ({"searcher": st.BayesianSearch()}, "searcher"),
    ({"stopping": st.MedianStopping()}, "stopping"), ({"data": "other rows"}, "data"),
    ({"constraint": lambda params: True}, "constraint"), ({"space": {"x": st.Float(0.0, 2.0)}}, "space")])
def test_another_definition_is_refused_with_the_difference(tmp_path: Path, change: Any, part: str) -> None:
    _kept(tmp_path / "a.db", data="rows").run(_x, 2, progress=False)
    with pytest.raises(StorageError, match=f"has {part} .*; this one has .*: use the same arguments"):
        _kept(tmp_path / "a.db", **{"data": "rows"} | change)


def test_other_earlier_trials_and_a_constraint_that_refuses_kept_ones_are_told(tmp_path: Path) -> None:
    first, second = (st.Study({"x": st.Float(0.0, 1.0)}, "random", seed=k).run(_x, 3, progress=False) for k in (1, 2))
    _kept(tmp_path / "a.db", start_from=first).run(_x, 3, progress=False)
    with pytest.raises(StorageError, match="earlier trials"):
        _kept(tmp_path / "a.db", start_from=second)
    _kept(tmp_path / "b.db", constraint=lambda params: params["x"] < 0.5).run(_x, 3, progress=False)
    with pytest.raises(StorageError, match="trial 0 .* not in this space: .* which the constraint refuses"):
        _kept(tmp_path / "b.db", constraint=lambda params: params["x"] > 0.5)


def test_a_script_that_enqueues_can_be_run_again(tmp_path: Path) -> None:
    tables = []
    for trials in (2, 4, 6):
        study = _kept(tmp_path / "a.db")
        study.enqueue({"x": 0.5})
        study.enqueue({"x": 0.25})
        tables.append([trial.params["x"] for trial in study.run(_x, trials, progress=False).trials])
    assert tables[2][:2] == [0.5, 0.25] and tables[2][:4] == tables[1] and len(set(tables[2])) == 6
    study = _kept(tmp_path / "a.db")
    study.enqueue({"x": 0.25})
    study.enqueue({"x": 0.75})
    assert study.waiting == [{"x": 0.75}]


@pytest.mark.parametrize("searcher", [None, "random"])
def test_what_waits_is_kept_by_close_and_backup(tmp_path: Path, searcher: Any) -> None:
    space = None if searcher is None else {"x": st.Float(0.0, 1.0)}

    def objective(trial: st.Trial) -> float:
        return trial.suggest_float("x", 0.0, 1.0) + (trial.suggest_int("k", 1, 9) if space is None else 0)

    study = st.Study(space, "random", storage=tmp_path / "a.db")
    points = [{"x": 0.5}, {"x": 0.25}, {"x": 0.125}, {"k": 3} if space is None else {"x": 0.75}]
    for params in points:
        study.enqueue(params)
    assert study.waiting == points and study.trials == [] and "0 trials, 4 waiting" in repr(study)
    study.run(objective, 2, progress=False)
    study.backup(tmp_path / "b.db")
    study.close()
    whole = _params(st.Study(space, "random"), objective, points)
    for name in "ab":
        with st.load_study(tmp_path / f"{name}.db") as loaded:
            assert loaded.waiting == points[2:]
            assert _params(loaded, objective, []) == whole and loaded.waiting == []


def _params(study: st.Study, objective: Any, points: list[Any]) -> list[Any]:
    for params in points:
        study.enqueue(params)
    return [trial.params for trial in study.run(objective, 6, progress=False).trials]


def test_what_waits_is_in_the_file_at_once_and_leaves_it_when_its_trial_begins(tmp_path: Path) -> None:
    with _kept(tmp_path / "a.db") as study:
        study.enqueue({"x": 0.5})
        study.enqueue({"x": 0.25})
        study.ask()
        with File(tmp_path / "a.db", reading=True) as storage:  # as another process would find it after a kill
            assert storage.queue("study") == [[{"x": 0.25}, None, None]]
            assert [(row["state"], row["params"]) for row in storage.rows("study")] == [("running", {"x": 0.5})]
            assert "1 trials, 1 enqueued configuration waiting" in table(storage, "study")
            assert read_study(storage, "study").waiting == [{"x": 0.25}]
            assert json.loads(as_json(storage, "study"))["waiting"] == [{"x": 0.25}]


def test_a_backup_does_not_replace_one_that_holds_more_that_waits(tmp_path: Path) -> None:
    with _kept(tmp_path / "a.db") as study:
        study.enqueue({"x": 0.5})
        study.backup(tmp_path / "b.db")
    with _kept(tmp_path / "b.db") as other:
        other.enqueue({"x": 0.5})
        other.enqueue({"x": 0.75})
    with pytest.raises(ValueError, match="0 trials and 2 enqueued configurations of a study 'study' that would be los"):
        _kept(tmp_path / "a.db").backup(tmp_path / "b.db")


@pytest.mark.parametrize("where", ["callback", "objective"])
def test_what_is_enqueued_within_a_run_is_new_but_in_an_objective_that_begins_again(tmp_path: Path, where: str) -> None:
    def run(study: st.Study, last: int) -> list[Any]:
        def enqueue(trial: st.Trial) -> None:
            if trial.number in (1, 4):
                study.enqueue({"x": 0.5})
                study.enqueue({"x": 0.5})

        def objective(trial: st.Trial) -> float:
            if where == "objective":
                enqueue(trial)
            if trial.number == last:
                raise KeyboardInterrupt
            return trial.params["x"]

        called = [lambda study, trial: enqueue(trial)] * (where == "callback")
        with contextlib.suppress(KeyboardInterrupt):
            study.run(objective, 9, progress=False, callbacks=called)
        return [trial.params["x"] for trial in study.trials]

    whole = run(st.Study({"x": st.Float(0.0, 1.0)}, "random"), 99)
    for last in (1, 2, 3, 4, 5):
        path = tmp_path / f"{last}.db"
        with _kept(path) as study:
            run(study, last)
        with _kept(path) as study:
            assert run(study, 99) == whole


def test_a_second_study_in_this_process_goes_on_where_the_first_one_is(tmp_path: Path) -> None:
    first, second = _kept(tmp_path / "a.db"), _kept(tmp_path / "a.db")
    first.run(_x, 6, progress=False)
    trial = second.ask()
    assert trial.number == 6
    second.tell(trial, 1.0)
    assert len(first.run(_x, 8, progress=False).trials) == 8 and first.trials[6].value == 1.0
    asked = first.ask()
    other = second.ask()  # it takes over what nobody seems to run any more
    assert other.number == asked.number == 8
    with pytest.raises(StorageError, match="taken over by another Study"):
        first.tell(asked, 0.0)


def test_a_kept_trial_that_is_told_by_its_number_is_not_run_again(tmp_path: Path) -> None:
    _kept(tmp_path / "a.db").ask()
    study = _kept(tmp_path / "a.db")
    study.tell(0, 0.5)
    assert [trial.value for trial in study.run(_x, 1, progress=False).trials] == [0.5]


def test_two_studies_of_this_process_cannot_run_one_study_at_a_time(tmp_path: Path) -> None:
    first, second = _kept(tmp_path / "a.db"), _kept(tmp_path / "a.db")

    def objective(trial: st.Trial) -> float:
        with pytest.raises(StorageError, match="is being run by another Study"):
            second.ask()
        return _x(trial)

    first.run(objective, 2, progress=False)
    other = _kept(tmp_path / "a.db", name="another")  # that is another matter
    first.run(lambda trial: other.run(_x, 3, progress=False).best_value, 3, progress=False)


WRITER = """
import sys, time, scratchtune as st
study = st.Study({"x": st.Float(0.0, 1.0)}, "random", storage=sys.argv[1])
def objective(trial):
    print("begun", flush=True)
    time.sleep(60)
study.run(objective, 3, progress=False)
"""


def test_another_process_is_told_who_writes_and_a_killed_writer_keeps_nobody_out(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "a.db")], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"begun\n"
        study = _kept(tmp_path / "a.db")  # reading is possible
        assert [trial.state for trial in study.trials] == ["running"]
        with pytest.raises(StorageError, match=rf"is being written by process {writer.pid} on .* since"):
            study.run(_x, 3, progress=False)
        writer.kill()
    assert [trial.state for trial in study.run(_x, 3, progress=False).trials] == ["complete"] * 3
    assert study.trials[0].attempts == 2


def test_a_write_that_fails_loses_nothing_and_leaves_a_study_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scratchtune.core.study.file.PATIENCE", 0.05)
    study = _kept(tmp_path / "a.db", searcher="bayesian").run(_x, 2, progress=False)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    for how in ("ask", "tell"):
        trial = study.ask() if how == "tell" else None
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="can't be written, and what it held before is untouched: .* locked"):
            study.tell(trial, 1.0) if trial is not None else study.ask()
        other.execute("ROLLBACK")
    study.run(_x, 6, progress=False)
    kept = _kept(tmp_path / "a.db", searcher="bayesian")
    assert _table(kept) == _table(study) and [trial.state for trial in kept.trials] == ["complete"] * 6


def test_a_full_disk_is_one_sentence_and_what_was_kept_is_there(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    study = _kept(tmp_path / "a.db").run(_x, 3, progress=False)

    def saves(trial: st.Trial) -> float:
        trial.save({"weights": np.zeros(100_000)})
        return 1.0

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(StorageError, match="untouched: .*(disk|full)"):
            study.run(saves, 5, progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    del study
    again = _kept(tmp_path / "a.db")
    assert [trial.state for trial in again.trials[:3]] == ["complete"] * 3
    assert len(again.run(_x, 5, progress=False).trials) == 5


def test_a_file_that_cannot_be_written_can_be_read(tmp_path: Path) -> None:
    _kept(tmp_path / "a.db").run(_x, 3, progress=False)
    storage = File(tmp_path / "a.db", reading=True)
    assert storage.names() == ["study"] and storage.count("study") == 3
    with pytest.raises(StorageError, match="can't be written"):
        storage.put("study", [_row(9)])


def test_text_and_arrays_of_any_kind_come_back_or_fail_their_trial_alone(tmp_path: Path) -> None:
    def objective(trial: st.Trial) -> float:
        if trial.number == 0:
            raise ValueError("cannot open \udcff.csv")
        trial.save({1: {"file": np.arange(3.0), "self": np.array(["a", "ü"])}, 2: {"names": np.array(["a", None])},
                    3: {5: [1.0]}}[trial.number])  # type: ignore[dict-item]
        return 1.0

    _kept(tmp_path / "a.db").run(objective, 4, progress=False)
    study = _kept(tmp_path / "a.db")
    assert study.trials[0].error == "ValueError: cannot open \\udcff.csv"
    saved = study.trials[1].saved
    assert saved is not None and saved["file"].tolist() == [0.0, 1.0, 2.0] and saved["self"].tolist() == ["a", "ü"]
    assert "holds Python objects" in str(study.trials[2].error) and "a name must be text" in str(study.trials[3].error)
    study.to_csv(tmp_path / "a.csv")
    assert "cannot open" in (tmp_path / "a.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(("arguments", "message"), [
    ({"name": 3}, "name is 3"), ({"name": b"x"}, "name is b'x'"), ({"data": 3}, "data is 3"),
    ({"storage": 3}, "storage is 3"), ({"storage": ":memory:"}, "must be the path of a file"),
    ({"storage": "a\0b"}, "must be the path of a file"),
    ({"space": {"f": [object(), 1]}}, "its repr changes between processes")])
def test_what_cannot_be_kept_is_refused_at_once(tmp_path: Path, arguments: Any, message: str) -> None:
    with pytest.raises((TypeError, StorageError), match=message):
        st.Study(**{"space": {"x": [1, 2]}, "storage": tmp_path / "a.db"} | arguments)


def test_a_truncated_file_is_one_sentence(tmp_path: Path) -> None:
    _kept(tmp_path / "a.db").run(_x, 200, progress=False)
    whole = (tmp_path / "a.db").read_bytes()
    for length in (50, 5000, len(whole) // 2):
        (tmp_path / f"{length}.db").write_bytes(whole[:length])
        with pytest.raises(StorageError, match="can't be"):
            _kept(tmp_path / f"{length}.db")


def test_a_disk_that_may_only_be_read_is_one_sentence_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = _kept(tmp_path / "a.db").run(_x, 3, progress=False)

    def opened(storage: File) -> sqlite3.Connection:
        db = sqlite3.connect(storage.file, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA query_only = ON")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(File, "_opened", opened)
        with pytest.raises(StorageError, match="can't be written, and what it held before is untouched: .* readonly"):
            study.run(_x, 5, progress=False)
        study._core.writer.close_file()  # type: ignore[union-attr]
    study.run(_x, 5, progress=False)
    assert _table(_kept(tmp_path / "a.db")) == _table(study)


def test_a_study_that_was_kept_with_a_pair_of_choices_opens_with_the_list(tmp_path: Path) -> None:
    """A tuple of two numbers was once taken for choices; such a study is defined by them still."""
    space = Space({"x": Categorical((0.0, 1.0))})
    st.tune(lambda trial: trial.params["x"], space, "random", 2, storage=tmp_path / "a.db", progress=False)
    study = st.Study({"x": [0.0, 1.0]}, "random", storage=tmp_path / "a.db")
    assert [trial.value for trial in study.trials] == [trial.params["x"] for trial in study.trials]


@pytest.mark.parametrize(("table", "column", "text", "sentence"), [
    ("studies", "definition", "{", "is damaged: the definition of the study 'study' can't be read: Expecting property"),
    ("studies", "definition", "[]", "is damaged: the definition of the study 'study' can't be read: it is []"),
    ("studies", "definition", "{}", "is damaged: the study 'study' can't be read: 'space'"),
    ("studies", "definition", '{"space": 5, "searcher": "", "seed": 0, "direction": ""}', "is damaged: the study 'stu"),
    ("studies", "definition", '{"space": [["x", {"os.system": {}}]], "searcher": "", "seed": 0, "direction": ""}',
     "can't be read: 'os.system'"),
    ("studies", "queue", "[5]", "is damaged: the study 'study' can't be read: an enqueued configuration"),
    ("trials", "record", "[" * 100_000, "is damaged: trial 0 of the study 'study' can't be read: "),
    ("trials", "record", "[]", "is damaged: trial 0 of the study 'study' can't be read: its record is []"),
    ("trials", "record", "{}", "trial 0 of the study 'study' is not in this space: 'parent'"),
    ("trials", "state", "much", "state is 'much'"),
])
def test_damage_is_told_with_the_name_of_the_file(
    table: str, column: str, text: Any, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "a.db"
    with st.Study({"x": Float(0.0, 1.0)}, "random", storage=path) as study:
        study.run(lambda trial: trial.params["x"], 2, progress=False)
    forge(path, f"UPDATE {table} SET {column} = ?", text)
    if table == "studies":
        forge(path, f"UPDATE spares SET {column} = ?", text)
    for command in ("studies", "show", "export"):
        assert main([command, str(path)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"scratchtune: {str(path)!r}") and said.count("\n") == 1 and sentence in said


def test_attributes_that_another_study_has_written_are_seen(tmp_path: Path) -> None:
    first, second = (st.Study({"x": [1, 2]}, "grid", storage=tmp_path / "a.db") for _ in range(2))
    first.set_user_attr("k", 1)
    first.set_user_attr("z", 1)
    first.close()
    second.set_user_attr("z", 2)
    second.set_user_attr("z", 3)
    assert second.user_attrs == {"k": 1, "z": 3} == st.load_study(tmp_path / "a.db").user_attrs
