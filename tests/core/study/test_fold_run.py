"""Trials of several tasks: one queue for all threads, a trial's value from all its folds, and interruptions."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.evaluation.cross_validation import FoldScore
from scratchtune.core.study.fold_run import run_folds

SPACE = {"x": st.Float(0.0, 1.0)}


def scored(trial: st.Trial, fold: int) -> FoldScore:
    return FoldScore({"score": trial.params["x"] + fold}, fit_time=0.25, score_time=0.25, visits=10)


def mean(scores: list[FoldScore]) -> float | Exception:
    return float(np.mean([score.score for score in scores]))


def table(study: st.Study) -> list[tuple[Any, ...]]:
    return [(t.number, t.params, t.value, t.state, t.scores, t.seconds, t.visits) for t in study.trials]


def test_a_trial_is_made_of_its_folds() -> None:
    study = st.Study({"x": [1.0, 2.0]}, "grid", direction="maximize")
    scores = run_folds(study, scored, 3, mean)
    assert [trial.scores for trial in study.trials] == [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]] and study.best_value == 3.0
    assert [(trial.seconds, trial.visits) for trial in study.trials] == [(1.5, 30), (1.5, 30)]
    assert [[score.score for score in scores[number]] for number in (0, 1)] == [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]


@pytest.mark.parametrize("searcher", [
    st.RandomSearch(), st.GeneticSearch(population=4), st.Hyperband(max_budget=4, eta=2)])
def test_threads_change_nothing(searcher: st.Searcher) -> None:
    tables = []
    for threads in (1, 2, 8):
        study = st.Study(SPACE, searcher, seed=3)
        run_folds(study, scored, 3, mean, n_trials=12, n_jobs=threads)
        tables.append(table(study))
    assert tables[0] == tables[1] == tables[2] and len(tables[0]) == 12


def test_folds_of_several_trials_are_under_way_at_a_time() -> None:
    together = threading.Barrier(4)  # passed only by four folds at a time, and a trial has two

    def waits(trial: st.Trial, fold: int) -> FoldScore:
        together.wait(timeout=30.0)
        return scored(trial, fold)

    study = st.Study(SPACE, "random")
    run_folds(study, waits, 2, mean, n_trials=4, n_jobs=4)
    assert [trial.state for trial in study.trials] == ["complete"] * 4


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interruption_keeps_the_trials_that_have_all_their_folds(threads: int, tmp_path: Path) -> None:
    whole, done = st.Study(SPACE, "random"), []
    run_folds(whole, scored, 2, mean, n_trials=6)

    def interrupted(trial: st.Trial, fold: int) -> FoldScore:
        if trial.number == 3 and fold == 1 and not done:
            done.append(trial.number)
            raise KeyboardInterrupt
        return scored(trial, fold)

    study = st.Study(SPACE, "random", storage=tmp_path / "a.db")
    with pytest.raises(KeyboardInterrupt):
        run_folds(study, interrupted, 2, mean, n_trials=6, n_jobs=threads)
    assert study.trials[2].state == "complete" and study.trials[3].state == "running"
    assert table(st.Study(SPACE, "random", storage=tmp_path / "a.db"))[:3] == table(whole)[:3]
    run_folds(study, interrupted, 2, mean, n_trials=6, n_jobs=threads)
    assert table(study) == table(whole) == table(st.Study(SPACE, "random", storage=tmp_path / "a.db"))
    assert [trial.attempts for trial in study.trials][:4] == [1, 1, 1, 2]


def test_an_error_of_a_fold_ends_the_run_and_an_error_as_a_value_fails_the_trial() -> None:
    def raises(trial: st.Trial, fold: int) -> FoldScore:
        raise OSError("no data")

    study = st.Study(SPACE, "random")
    with pytest.raises(OSError, match="no data"):
        run_folds(study, raises, 2, mean, n_trials=3)
    assert [trial.state for trial in study.trials] == ["running"]
    run_folds(study, scored, 2, lambda scores: ValueError("too few"), n_trials=2)
    assert [trial.error for trial in study.trials] == ["ValueError: too few"] * 2


def test_a_search_without_anything_to_propose_says_so() -> None:
    done = st.Study({"x": [1, 2]}, "grid").run(lambda trial: 1.0, progress=False)
    with pytest.raises(st.Exhausted):
        run_folds(st.Study({"x": [1, 2]}, "grid", start_from=done), scored, 2, mean)
