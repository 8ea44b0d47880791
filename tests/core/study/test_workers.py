"""A searcher whose user leaves open how many trials it proposes at a time: as many as the first run has workers."""

from __future__ import annotations

import copy
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.core.study import NotReady
from scratchtune.core.study.fold_run import run_folds

SPACE = {"x": st.Float(-1.0, 1.0), "y": st.Float(-1.0, 1.0)}
TPE = st.BayesianSearch("tpe", initial=3)
BOHB = st.Hyperband(9, proposer=st.BayesianSearch("tpe", initial=3))


class Counting:
    """An objective that notes how many of its calls were under way at once; the first `meeting` wait for each other."""

    def __init__(self, meeting: int = 0) -> None:
        self.now = self.most = 0
        self._meeting, self._barrier = meeting, threading.Barrier(max(meeting, 1))
        self._lock = threading.Lock()

    def __call__(self, trial: st.Trial) -> float:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        if trial.number < self._meeting:
            self._barrier.wait(60)
        time.sleep(0.005)
        with self._lock:
            self.now -= 1
        return trial.params["x"] ** 2 + trial.params["y"] ** 2 + 0.0 * (trial.budget or 0)


def table(study: Any) -> list[Any]:
    return [(trial.params, trial.value, trial.why) for trial in study.trials]


@pytest.mark.parametrize("searcher", [TPE, BOHB], ids=["tpe", "bohb"])
def test_the_first_run_fixes_it_and_the_file_keeps_it(searcher: Any, tmp_path: Path) -> None:
    objective, file = Counting(meeting=4), tmp_path / "a.db"
    whole = st.tune(objective, SPACE, searcher, 14, n_jobs=4, progress=False)
    assert objective.most == 4 and "parallel=4" in repr(whole.searcher) and "parallel=None" in repr(searcher)
    st.tune(Counting(), SPACE, searcher, 5, n_jobs=4, progress=False, storage=file).close()
    alone = st.tune(Counting(), SPACE, searcher, 14, progress=False, storage=file)  # the script again, one worker
    assert table(alone) == table(whole) and repr(alone.searcher) == repr(whole.searcher)
    alone.close()
    loaded = st.load_study(file)
    assert repr(loaded.searcher) == repr(whole.searcher) and table(loaded) == table(whole)
    assert table(whole) != table(st.tune(Counting(), SPACE, searcher, 14, progress=False))


def test_threads_of_an_executor_count(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert "parallel=3" in repr(st.Study(SPACE, TPE).run(Counting(), 2, executor=pool, progress=False).searcher)


def test_what_is_given_is_kept() -> None:
    study = st.Study(SPACE, st.BayesianSearch("tpe", 2)).run(Counting(), 6, n_jobs=4, progress=False)
    assert "parallel=2" in repr(study.searcher)


def test_another_process_that_had_it_open_adopts_what_is_fixed(tmp_path: Path) -> None:
    early, late = (st.Study(SPACE, TPE, storage=tmp_path / "a.db") for _ in range(2))
    early.run(Counting(), 5, n_jobs=4, progress=False).close()
    late.run(Counting(), 9, progress=False).close()
    assert "parallel=4" in repr(late.searcher) and table(late) == table(
        st.tune(Counting(), SPACE, TPE, 9, n_jobs=4, progress=False))
    fixed = st.BayesianSearch("tpe", 4, initial=3)
    assert len(st.Study(SPACE, fixed, storage=tmp_path / "a.db").trials) == 9
    with pytest.raises(st.StorageError, match=r"parallel=4.* this one has .*parallel=2"):
        st.Study(SPACE, st.BayesianSearch("tpe", 2, initial=3), storage=tmp_path / "a.db")


def test_a_study_that_was_never_run_takes_what_is_given(tmp_path: Path) -> None:
    st.Study(SPACE, TPE, storage=tmp_path / "a.db").close()
    st.Study(SPACE, st.BayesianSearch("tpe", 2, initial=3), storage=tmp_path / "a.db").close()
    assert "parallel=2" in repr(st.load_study(tmp_path / "a.db").searcher)


def test_ask_fixes_one_at_a_time_and_says_what_to_write() -> None:
    study = st.Study(SPACE, TPE)
    study.enqueue({"x": 0.5, "y": 0.5})
    trial = study.ask()
    with pytest.raises(NotReady, match="the result of trial 0 is needed first; tell it, or to have 2 trials at a time "
                       r"use searcher=BayesianSearch\(parallel=2\)$"):
        study.ask()
    study.tell(trial, 1.0)
    objective = Counting()
    study.run(objective, 6, n_jobs=4, progress=False)
    assert objective.most == 1 and "parallel=1" in repr(study.searcher)
    with pytest.raises(NotReady, match=r"use searcher=Hyperband\(proposer=BayesianSearch\(parallel=2\)\)$"):
        bohb = st.Study(SPACE, BOHB)
        for _ in range(2):
            bohb.ask()
    with pytest.raises(NotReady, match=r"use stopping=MedianStopping\(parallel=2\)$"):
        stopping = st.Study(SPACE, "random", stopping=st.MedianStopping(parallel=1))
        for _ in range(2):
            stopping.ask()


def test_copies_have_it_too() -> None:
    study = st.tune(Counting(), SPACE, TPE, 10, n_jobs=4, progress=False)
    for other in (study.at(6), copy.deepcopy(study.at(6))):
        assert table(other.run(Counting(), 10, progress=False)) == table(study)


def test_define_by_run() -> None:
    tables = []
    for jobs in (4, 1):
        study = st.Study(searcher=TPE)
        for workers in (4, jobs):
            study.optimize(lambda trial: trial.suggest_float("x", -1.0, 1.0) ** 2, 6, n_jobs=workers)
        tables.append(table(study))
    assert tables[0] == tables[1]


def test_folds_have_the_same_table_for_any_number_of_threads() -> None:
    study = st.Study(SPACE, TPE)
    assert "parallel=None" in repr(study.searcher)
    score = type("Score", (), {"fit_time": 0.0, "score_time": 0.0, "visits": 0, "score": 1.0})()
    run_folds(study, lambda trial, fold: score, 2, lambda scores: 1.0, 3, 4)
    assert "parallel=1" in repr(study.searcher)


def test_a_searcher_that_does_not_say_what_it_needs_sees_everything() -> None:
    class Own(st.Searcher):
        def suggest(self, space: Any, seen: Any, pending: Any, number: int, rng: Any) -> st.Suggestion:
            assert [result.number for result in seen] == list(range(number)) and not pending
            return st.Suggestion(space.from_unit(rng.random(len(space.names))))

    objective = Counting()
    st.Study(SPACE, Own()).run(objective, 6, n_jobs=4, progress=False)
    assert objective.most == 1
    study = st.Study(SPACE, Own())
    study.ask()
    with pytest.raises(NotReady, match=r"use searcher=Own\(\) with a method needs\(number\)$"):
        study.ask()
