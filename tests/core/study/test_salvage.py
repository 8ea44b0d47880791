"""A damaged file is an error, never other values; what is whole in it is salvaged, and what is lost is run again."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.core.study import salvage
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.export import as_json
from scratchtune.core.study.file import TABLES, TRIALS, File, row_with_digest
from scratchtune.core.study.salvage import rows_in, search

SPACE = {"x": st.Float(-1.0, 1.0), "kind": ["a", "b"]}


def objective(trial: st.Trial) -> float:
    x = trial.suggest_float("x", -1.0, 1.0)
    if trial.number == 2:
        raise ValueError("two")
    trial.save({"w": np.full(600, x)})  # longer than a page
    return x**2 + (0.0 if (before := trial.load()) is None else before["w"][0])


def stored(path: Path, n_trials: int = 12, searcher: Any = "random", space: Any = SPACE) -> st.Study:
    return st.Study(space, searcher, storage=path).run(objective, n_trials, n_jobs=2, progress=False)


def table(study: st.Study) -> list[tuple[Any, ...]]:
    return [(one.number, one.params, one.state, one.values, one.why, one.parent, one.error) for one in study.trials]


def seen(path: Path) -> str:
    with File(path, reading=True) as file:
        return "".join(as_json(file, name, times=True) + str(file.rows(name)) for name in file.names())


def change(path: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement, values)


def test_a_flipped_bit_is_an_error_or_changes_nothing(tmp_path: Path) -> None:
    stored(tmp_path / "a.db", 4)
    whole, before, rng, refused = (tmp_path / "a.db").read_bytes(), seen(tmp_path / "a.db"), random.Random(0), 0
    for bit in rng.sample(range(8 * len(whole)), 60):
        (tmp_path / "b.db").write_bytes(
            whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :])
        try:
            assert seen(tmp_path / "b.db") == before, bit
        except StorageError:
            refused += 1
    assert 15 < refused < 60


@pytest.mark.parametrize(("statement", "sentence"), [
    (f"DELETE FROM trials WHERE id = {TRIALS + 11}", "trial 11 of the study 'study' is missing"),
    (f"UPDATE trials SET state = 'complete' WHERE id = {TRIALS + 2}", "trial 2 of the study 'study' is not what was"),
    (f"UPDATE trials SET saved = x'00' WHERE id = {TRIALS + 1}", "trial 1 .* its saved arrays are not those"),
    ("UPDATE studies SET queue = '[1]'", "the two copies of the study 'study' differ"),
    ("DELETE FROM studies", "the two copies of the study 'study' differ"),
    ("UPDATE heads SET trials = 11", "the number of trials of a study is not what was written"),
    ("DELETE FROM heads", "the number of trials of a study is missing"),
    ("ALTER TABLE heads RENAME COLUMN total TO tota1", "its schema is not that of a file of studies"),
])
def test_what_is_not_what_was_written_is_refused_and_salvaged(
    statement: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    study, path, new = stored(tmp_path / "a.db"), tmp_path / "a.db", tmp_path / "new.db"
    change(path, statement)
    with pytest.raises(StorageError, match=f"a.db' is damaged: {sentence}.*; scratchtune check .* --salvage NEW.db"):
        st.load_study(path, "study")
    assert main(["check", str(path), "--salvage", str(new)]) == 1
    lost = len(search(path)[0].lost)
    printed = capsys.readouterr()
    assert f"study 'study': {12 - lost} whole trials" in printed.out and printed.err.endswith(f"written: {new}\n")
    assert table(stored(new)) == table(study) and main(["check", str(new)]) == 0
    assert main(["check", str(path), "--salvage", str(new)]) == 2 and "which exists" in capsys.readouterr().err


@pytest.mark.parametrize("page", [512, 4096, 65536])
def test_the_rows_in_a_files_bytes_are_those_that_sqlite_reads(page: int, tmp_path: Path) -> None:
    """Rows end on their page, exactly at its end, or on one, two or three others; numbers take 0 to 8 bytes."""
    sizes = [*range(0, 2 * page // 3, page // 40), *range(page - 160, page, 1 + page // 8192),
             *range(page, 4 * page, page // 5 + 1)]
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute(f"PRAGMA page_size = {page}")
        for statement in TABLES:
            db.execute(statement)
        for key, size in zip(chain([1, 127, 128, 20_000, TRIALS], count(9 * TRIALS)), sizes, strict=False):
            trial = row_with_digest("trials", key, "complete", "é" * (size // 4) + "e" * (size % 4))
            db.execute("INSERT INTO trials VALUES (?, ?, ?, ?, ?)", (*trial, bytes(size // 2) if size % 3 else None))
        for key, number in enumerate([0, 1, 2, 127, 128, -200, 2**20, 2**30, 2**40, 2**50], 1):
            head = row_with_digest("heads", key, number, key, f"{key}")
            db.execute("INSERT INTO heads VALUES (?, ?, ?, ?, ?)", head)
        db.execute("INSERT INTO studies VALUES (?, ?, ?, ?, ?, ?, ?)",
                   row_with_digest("studies", 3, "name", "{}", "[]", "{}", 7))
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        stored = {(name, row) for name in ("trials", "heads", "studies") for row in db.execute(f"SELECT * FROM {name}")}
    assert {*rows_in((tmp_path / "a.db").read_bytes())} == stored


def test_letters_of_the_schema_that_are_none_are_damage(tmp_path: Path) -> None:
    """SQLite's own message quotes them, and Python can't decode it."""
    stored(tmp_path / "a.db", 2)
    whole = (tmp_path / "a.db").read_bytes()
    (tmp_path / "a.db").write_bytes(whole.replace(b"CREATE TABLE heads (", b"CREATE TABLE heads \xff"))
    with pytest.raises(StorageError, match="can't be used as a file of studies: .*; scratchtune check .* --salvage"):
        seen(tmp_path / "a.db")


def test_of_two_versions_of_a_trial_the_finished_one_is_salvaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pages that SQLite has freed still hold older versions, and come in any order."""
    stored(tmp_path / "a.db", 3)
    rows = [*salvage.rows_in((tmp_path / "a.db").read_bytes())]
    before = [(table, row_with_digest("trials", row[0], "running", *row[3:])) for table, row in rows
              if table == "trials"]
    for order in (before + rows, rows + before):
        monkeypatch.setattr(salvage, "rows_in", lambda image, order=order: order)
        (found,) = search(tmp_path / "a.db")
        assert [row["state"] for row in found.rows.values()] == ["complete", "complete", "failed"]


def test_an_older_version_of_a_row_is_not_taken_for_the_latest(tmp_path: Path) -> None:
    stored(tmp_path / "a.db")
    row = row_with_digest("trials", TRIALS + 3, "complete", '{"values": [0.0], "saved": null}')
    change(tmp_path / "a.db", "REPLACE INTO trials VALUES (?, ?, ?, ?, NULL)", *row)
    with pytest.raises(StorageError, match="the trials of the study 'study' are not those that were written last"):
        seen(tmp_path / "a.db")


@pytest.mark.parametrize(("searcher", "space"), [
    (st.GeneticSearch(population=4), SPACE), (st.GeneticSearch(population=4), None),
    (st.Hyperband(max_budget=9), SPACE), (st.BayesianSearch("tpe", 2, initial=3), SPACE),
    ("grid", {"x": st.Int(-9, 9)})], ids=str)
def test_lost_trials_are_run_again_under_their_numbers(searcher: Any, space: Any, tmp_path: Path) -> None:
    study, path, new = stored(tmp_path / "a.db", 15, searcher, space), tmp_path / "a.db", tmp_path / "new.db"
    change(path, f"UPDATE trials SET record = '' WHERE id - {TRIALS} IN (0, 1, 5, 13, 14)")
    assert main(["check", str(path), "--salvage", str(new)]) == 1
    with pytest.warns(UserWarning, match="these trials were lost with .* file: 0 to 1, 5, 13 to 14; they are"):
        again = st.load_study(new)
    assert "it is proposed again, and run" in again.why(5) and again.trials[5].params == {}
    with pytest.raises(ValueError, match="trial 5: its record was lost .* proposes it again"):
        again.tell(5, 1.0)
    assert table(again.run(objective, 15, n_jobs=2, progress=False)) == table(study)
    assert again.why(5) == study.why(5)


def test_zeroed_sectors_cost_the_trials_that_were_in_them(tmp_path: Path) -> None:
    path, rng = tmp_path / "a.db", random.Random(1)
    with st.Study(SPACE, "random", storage=path) as study:
        study.enqueue({"x": 0.5, "kind": "b"})
        study.run(lambda trial: trial.params["x"], 120, progress=False)
        study.enqueue({"x": 0.25, "kind": "a"})
    whole = path.read_bytes()
    for begin in (0, *rng.sample(range(0, len(whole), 512), 12)):
        path.write_bytes(whole[:begin] + bytes(512) + whole[begin + 512 :])
        found, = search(path)
        assert found.parts is not None and found.parts[2] == [[{"x": 0.25, "kind": 0}, None, None]]
        assert len(found.rows) >= 117 and {row["state"] for row in found.rows.values()} == {"complete"}


def test_commits_beside_the_file_are_salvaged_too(tmp_path: Path) -> None:
    with st.Study(SPACE, "random", storage=tmp_path / "a.db") as study:
        study.run(lambda trial: trial.params["x"], 3, progress=False)
        study.ask()
        found, = search(tmp_path / "a.db")
    assert sorted(found.rows) == [0, 1, 2, 3] and str(found) == "study 'study': 4 whole trials"
