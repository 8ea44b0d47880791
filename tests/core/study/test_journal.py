"""The file of a study from the first trial to the last: what is in it when, who may copy it, and what loses nothing."""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.file import TABLES, VERSION, File

SPACE = {"x": st.Float(0.0, 1.0)}


def kept(path: Any, name: str | None = None, searcher: Any = "random") -> st.Study:
    return st.Study(SPACE, searcher, storage=path, name=name)


def x(trial: st.Trial) -> float:
    return float(trial.params["x"])


def table(study: st.Study) -> list[tuple[object, ...]]:
    return [(trial.number, trial.params, trial.value, trial.state) for trial in study.trials]


def files(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


# When everything is in the one file ----------------------------------------------------------------------------------


def test_after_a_run_the_named_file_is_all_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = kept(tmp_path / "a.db").run(x, 7, n_jobs=2, progress=False)
    assert files(tmp_path) == ["a.db"]
    shutil.copy(tmp_path / "a.db", tmp_path / "b.db")
    assert main(["studies", str(tmp_path / "b.db")]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["study", "7", "7"]
    assert table(kept(tmp_path / "b.db")) == table(study)
    assert files(tmp_path) == ["a.db", "b.db"]  # who has only read leaves nothing behind either


def test_after_the_last_tell_the_named_file_is_all_there_is(tmp_path: Path) -> None:
    study = kept(tmp_path / "a.db")
    trials = [study.ask(), study.ask()]
    for trial in trials:
        assert "a.db-writer" in files(tmp_path)
        study.tell(trial, 1.0)
    assert files(tmp_path) == ["a.db"]


def test_a_closed_study_is_one_file_and_can_be_looked_up(tmp_path: Path) -> None:
    with kept(tmp_path / "a.db") as study:
        study.run(x, 3, progress=False)
        open_trial = study.ask()
    study.close()
    assert files(tmp_path) == ["a.db"]
    assert len(study.trials) == 4 and study.best_value == min(x(trial) for trial in study.trials[:3])
    for used in (study.ask, lambda: study.tell(open_trial, 1.0), lambda: study.run(x, 9, progress=False),
                 lambda: study.enqueue({"x": 0.5})):
        with pytest.raises(StorageError, match="the study 'study' is closed: .* create the Study again to continue"):
            used()
    study.to_csv(tmp_path / "a.csv")
    study.backup(tmp_path / "b.db")
    for name in ("a.db", "b.db"):
        again = kept(tmp_path / name)
        assert [trial.state for trial in again.trials] == ["complete"] * 3 + ["running"]
        assert again.ask().number == 3  # which nobody runs any more


def test_a_study_in_memory_is_closed_too_and_one_that_runs_is_not(tmp_path: Path) -> None:
    with st.Study(SPACE, "random") as study:
        with pytest.raises(RuntimeError, match="is being run; close it when run has returned"):
            study.run(x, 3, progress=False, callbacks=[lambda study, trial: study.close()])
        assert len(study.run(x, 3, progress=False).trials) == 3
    with pytest.raises(StorageError, match="is closed"):
        study.ask()


def test_what_could_not_be_written_is_written_by_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scratchtune.core.study.file.PATIENCE", 0.05)
    study = kept(tmp_path / "a.db")
    trial = study.ask()
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked"):
            study.tell(trial, 0.5)
        with pytest.raises(KeyError), kept(tmp_path / "c.db"):  # an error within is not hidden by one of closing
            raise KeyError
    study.close()
    assert kept(tmp_path / "a.db").trials[0].value == 0.5


def test_a_reader_that_holds_on_to_an_old_state_delays_nothing(tmp_path: Path) -> None:
    kept(tmp_path / "a.db").run(x, 3, progress=False)
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM trials").fetchone() == (3,)
        kept(tmp_path / "a.db").run(x, 6, progress=False)
        assert reader.execute("SELECT count(*) FROM trials").fetchone() == (3,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM trials").fetchone() == (6,)
    assert len(kept(tmp_path / "a.db").trials) == 6


# Copies while it is being written ------------------------------------------------------------------------------------


OTHER = """
import sys, scratchtune as st
print(len(st.Study({"x": st.Float(0.0, 1.0)}, "random", storage=sys.argv[1]).trials))
"""
KILLED = """
import os, shutil, subprocess, sys, scratchtune as st
path, other, ends = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
def callback(study, trial):
    if trial.number % 4 == 0:
        for end in ends:
            shutil.copy(path + end, path + ".copy" + end)
    if trial.number % 8 == 1:
        seen = subprocess.run([sys.executable, "-c", other, path], capture_output=True, text=True).stdout
        assert int(seen) >= trial.number, seen
    if trial.number == 19:
        print(sum(trial.state == "complete" for trial in study.trials), flush=True)
        os.kill(os.getpid(), 9)
st.Study({"x": st.Float(0.0, 1.0)}, "random", storage=path).run(
    lambda trial: trial.params["x"], 40, progress=False, callbacks=[callback])
"""
FOREIGN = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("SELECT count(*) FROM trials").fetchone()[0])
db.close()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no SIGKILL here")
@pytest.mark.parametrize("other", [OTHER, FOREIGN], ids=["another Study", "another program"])
@pytest.mark.parametrize("ends", ["", ",-wal,-shm"], ids=["the file", "all three"])
def test_a_writer_that_copies_its_own_file_loses_no_trial(tmp_path: Path, other: str, ends: str) -> None:
    """A copy drops the POSIX locks by which SQLite protects FILE-wal; who opens the file next must not delete it."""
    path = tmp_path / "a.db"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), other, ends], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("20\n", -9), done.stderr
    with File(path, reading=True) as storage:
        assert [row["state"] for row in storage.rows("study")] == ["complete"] * 20
    assert len(kept(path).run(x, 30, progress=False).trials) == 30
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_is_beside_the_file_may_be_deleted_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for end in ("-wal", "-shm", "-writer"):
        def objective(trial: st.Trial, end: str = end) -> float:
            if trial.number % 3 == 1:
                Path(f"{path}{end}").unlink()
            return x(trial)

        study = kept(path, end).run(objective, 9, progress=False)
        with contextlib.closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert table(kept(path, end)) == table(study) and files(tmp_path) == ["a.db"]


def test_a_backup_is_whole_while_trials_run(tmp_path: Path) -> None:
    path, counts = tmp_path / "a.db", []
    kept(path, "other").run(x, 3, progress=False)

    def callback(study: st.Study, trial: st.Trial) -> None:
        study.backup(tmp_path / "b.db")
        with File(tmp_path / "b.db", reading=True) as storage:
            counts.append([storage.count("other"), sum(row["state"] == "complete" for row in storage.rows("study"))])

    study = kept(path).run(x, 6, progress=False, callbacks=[callback])
    assert counts == [[3, k] for k in range(1, 7)] and files(tmp_path) == ["a.db", "b.db"]
    assert table(kept(tmp_path / "b.db").run(x, 12, progress=False)) == table(study.run(x, 12, progress=False))


def test_a_backup_replaces_nothing_but_an_earlier_one(tmp_path: Path) -> None:
    week, other = tmp_path / "week.db", kept(tmp_path / "a.db", "other").run(x, 2, progress=False)
    kept(week, "week").run(x, 9, progress=False)
    with pytest.raises(ValueError, match="holds 9 trials of a study 'week' that would be lost; name a new file"):
        other.backup(week)
    longer = kept(tmp_path / "b.db", "other").run(x, 5, progress=False)
    with pytest.raises(ValueError, match="holds 5 trials of a study 'other' that would be lost"):
        other.backup(tmp_path / "b.db")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="which exists and is no file of studies"):
        other.backup(tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "mine" and len(kept(week, "week").trials) == 9
    longer.backup(tmp_path / "a.db")
    assert len(kept(tmp_path / "a.db", "other").trials) == 5
    assert files(tmp_path) == ["a.db", "b.db", "mine.txt", "week.db"]


def writing(pipe: Any, path: Path) -> None:
    study = kept(path, "w")
    study.ask()
    pipe.send("asked")
    pipe.recv()


def test_a_backup_leaves_a_file_alone_that_another_process_writes(
    tmp_path: Path, elsewhere: Callable[..., Any],
) -> None:
    study = kept(tmp_path / "a.db").run(x, 3, progress=False)
    study.backup(tmp_path / "b.db")
    assert elsewhere(writing, tmp_path / "b.db")[1].recv() == "asked"
    with pytest.raises(StorageError, match="is being written by process"):
        study.backup(tmp_path / "b.db")


@pytest.mark.parametrize("deleted", [False, True])
def test_what_a_killed_run_has_left_beside_an_earlier_backup_does_not_change_the_new_one(
    tmp_path: Path, deleted: bool,
) -> None:
    def kill(study: st.Study, trial: st.Trial) -> None:  # FILE-wal has trials that FILE has not
        for name in ("b.db", "b.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"killed-{name}")

    kept(tmp_path / "a.db").run(x, 3, progress=False).backup(tmp_path / "b.db")
    kept(tmp_path / "b.db").run(x, 6, progress=False, callbacks=[kill])
    if deleted:
        (tmp_path / "killed-b.db").unlink()
    kept(tmp_path / "a.db").run(x, 9, progress=False).backup(tmp_path / "killed-b.db")
    assert table(kept(tmp_path / "killed-b.db")) == table(kept(tmp_path / "a.db"))


def test_a_study_in_memory_can_be_kept_later(tmp_path: Path) -> None:
    study = st.Study(SPACE, "random").run(x, 3, progress=False)
    study.ask()
    study.backup(tmp_path / "a.db")
    again = kept(tmp_path / "a.db")
    assert table(again) == table(study) and again.run(x, 6, progress=False).trials[3].attempts == 2


def test_the_own_file_is_not_written_over(tmp_path: Path) -> None:
    study = kept(tmp_path / "a.db").run(x, 3, progress=False)
    (tmp_path / "link").symlink_to(tmp_path / "a.db")
    for name in ("a.db", "link", "a.db-wal", "a.db-writer"):
        for write in (study.backup, study.to_csv):
            with pytest.raises(ValueError, match="is the file of this study, or belongs to it; it must be another"):
                write(tmp_path / name)
    assert len(kept(tmp_path / "a.db").trials) == 3


# The file is gone, or another one ------------------------------------------------------------------------------------


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_deleted_or_replaced_in_mid_run_is_told_and_nothing_is_lost(
    tmp_path: Path, replaced: bool,
) -> None:
    path = tmp_path / "a.db"
    kept(tmp_path / "other.db").run(x, 2, progress=False)

    def objective(trial: st.Trial) -> float:
        if trial.number == 5:
            os.replace(tmp_path / "other.db", path) if replaced else path.unlink()
        return x(trial)

    study = kept(path)
    with pytest.raises(StorageError, match=r"a.db' was deleted or replaced .*: study.backup\(path\) keeps them"):
        study.run(objective, 20, progress=False)
    finished = [trial for trial in study.trials if trial.state == "complete"]
    assert len(finished) == 6
    study.to_csv(tmp_path / "a.csv")
    assert len(list(csv.DictReader((tmp_path / "a.csv").open()))) == len(study.trials)
    study.backup(tmp_path / "b.db")
    for used in (study.ask, study.close):
        with pytest.raises(StorageError, match="was deleted or replaced"):
            used()
    assert len(kept(path).trials) == (2 if replaced else 0)
    whole = st.Study(SPACE, "random").run(x, 20, progress=False)
    for name in ("a.db", "b.db"):
        assert table(kept(tmp_path / name).run(x, 20, progress=False)) == table(whole)


def test_a_file_that_is_deleted_between_two_trials_is_told(tmp_path: Path) -> None:
    study = kept(tmp_path / "a.db")
    study.tell(study.ask(), 1.0)
    (tmp_path / "a.db").unlink()
    with pytest.raises(StorageError, match="was deleted or replaced since this study was opened"):
        study.ask()
    assert files(tmp_path) == [] and len(study.trials) == 1


# Names of files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["file:x.db", "file:z?mode=memory", "a?b#c%20.db", os.fsdecode(b"bad\xff.db")])
def test_a_path_is_a_path_and_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    kept(name).run(x, 3, progress=False)
    assert files(tmp_path) == [name] and len(kept(name).trials) == 3
    assert main(["studies", name]) == 0 and "3" in capsys.readouterr().out


def test_a_file_with_two_names_is_only_read(tmp_path: Path) -> None:
    study = kept(tmp_path / "a.db").run(x, 3, progress=False)
    os.link(tmp_path / "a.db", tmp_path / "b.db")
    for other in (kept(tmp_path / "b.db"), study):
        assert len(other.trials) == 3
        with pytest.raises(StorageError, match="can't be written: it has another name .a hard link."):
            other.run(x, 5, progress=False)
    (tmp_path / "b.db").unlink()
    assert len(study.run(x, 5, progress=False).trials) == 5


# Folders and files that may only be read, forks, threads, older files ------------------------------------------------


@contextlib.contextmanager
def nobody() -> Iterator[Path]:
    """A folder whose rights count: as root everything may be written, so the test becomes another user for a while."""
    with tempfile.TemporaryDirectory() as folder:
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if is_root:
                os.seteuid(0)
            os.chmod(folder, 0o700)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="there are no such rights here")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_folder_or_a_file_that_may_only_be_read(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    with nobody() as folder:
        path = folder / "a.db"
        kept(path).run(x, 3, progress=False)
        os.chmod(folder if what == "folder" else path, 0o555 if what == "folder" else 0o444)
        assert main(["studies", str(path)]) == 0 and "3" in capsys.readouterr().out
        study = kept(path)
        assert len(study.trials) == 3
        with pytest.raises(StorageError, match="a.db' can't be (written|used)"):
            study.run(x, 5, progress=False)
        with pytest.raises(StorageError, match="can't be (written|used)"):
            kept(folder / "b.db" if what == "folder" else path, "new")
        os.chmod(folder, 0o700)
        os.chmod(path, 0o600)
        assert len(study.run(x, 5, progress=False).trials) == 5 and files(folder) == ["a.db"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_is_forked_in_mid_run_harms_nothing(tmp_path: Path) -> None:
    path, children = tmp_path / "a.db", []

    def callback(study: st.Study, trial: st.Trial) -> None:
        if trial.number == 3:
            child = os.fork()
            if not child:
                try:
                    len(kept(path).trials)  # reads
                    with contextlib.suppress(RuntimeError):
                        study.ask()  # may not write
                        os._exit(1)
                    study.__dict__.clear()  # what the child has from its parent is collected
                finally:
                    os._exit(0)
            children.append(os.waitpid(child, 0)[1])

    study = kept(path).run(x, 8, progress=False, callbacks=[callback])
    assert children == [0] and table(kept(path)) == table(study) and files(tmp_path) == ["a.db"]


def test_many_threads_keep_many_studies_in_one_file(tmp_path: Path) -> None:
    path, wrong = tmp_path / "a.db", []

    def work(name: str) -> None:
        try:
            for trials in range(2, 9, 2):
                study = kept(path, name).run(x, trials, progress=False)
                study.tell(study.ask(), 1.0)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(f"s{k}",)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and files(tmp_path) == ["a.db"]
    with File(path, reading=True) as storage:
        assert [storage.count(name) for name in storage.names()] == [9] * 6


def test_a_file_that_a_killed_writer_has_left_open(tmp_path: Path) -> None:
    """With commits in FILE-wal, with an index, and with a FILE-writer that was never removed."""
    study = kept(tmp_path / "a.db").run(x, 4, progress=False)
    db = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(f"BEGIN; {'; '.join(TABLES)}; PRAGMA application_id = {0x73747564}; "
                     f"PRAGMA user_version = {VERSION}; COMMIT")
    db.execute("ATTACH ? AS new", (str(tmp_path / "a.db"),))
    for name in ("studies", "spares", "heads", "trials"):
        db.execute(f"INSERT INTO {name} SELECT * FROM new.{name}")
    for end in ("", "-wal", "-shm"):  # as they are when the writer is killed
        shutil.copy(f"{tmp_path}/old.db{end}", f"{tmp_path}/left.db{end}")
    db.close()
    (tmp_path / "left.db-writer").write_text("process 7 on a since then\n")
    with File(tmp_path / "left.db", reading=True) as storage:
        assert storage.count("study") == 4
    again = kept(tmp_path / "left.db")
    assert table(again) == table(study) and again.run(x, 6, progress=False).trials[5].state == "complete"
    assert files(tmp_path) == ["a.db", "left.db", "old.db"]


@pytest.mark.slow
def test_a_file_whose_writer_was_killed_as_it_began_a_commit_can_be_read(tmp_path: Path) -> None:
    """FILE-wal has its header and nothing else, and the index is that of the commits before."""
    with kept(tmp_path / "a.db").run(x, 2, progress=False) as study:
        study.ask()
        for end in ("", "-wal", "-shm"):
            content = (tmp_path / f"a.db{end}").read_bytes()
            (tmp_path / f"left.db{end}").write_bytes(content[:32] if end == "-wal" else content)
    with File(tmp_path / "left.db", reading=True) as storage:
        assert storage.count("study") == 2
    assert files(tmp_path) == ["a.db", "left.db"]


def slowly(trial: st.Trial) -> float:
    time.sleep(0.0 if trial.number < 4 else 600.0)
    return x(trial)


def writing_with_workers(pipe: Any, path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        def callback(study: st.Study, trial: st.Trial) -> None:
            if trial.number == 3:
                pipe.send(list(pool._processes))

        kept(path).run(slowly, 40, executor=pool, progress=False, callbacks=[callback])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_workers_that_outlive_a_killed_writer_keep_nobody_out(tmp_path: Path, elsewhere: Callable[..., Any]) -> None:
    """CPython does not end them; who writes next need not wait for them."""
    writer, pipe = elsewhere(writing_with_workers, tmp_path / "a.db")
    workers = pipe.recv()
    writer.kill()
    writer.join()
    for worker in workers:
        os.kill(worker, 0)  # it is there
    study = kept(tmp_path / "a.db").run(x, 10, progress=False)
    assert [trial.state for trial in study.trials] == ["complete"] * 10 and files(tmp_path) == ["a.db"]
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
