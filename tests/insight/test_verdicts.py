"""The verdict on stored studies, with budgets, with thousands of trials, mirrored, and over gathered trials."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.core.search import Space, Suggestion
from scratchtune.core.study import Trial
from scratchtune.core.study.file import File
from scratchtune.core.study.fold_run import run_folds
from scratchtune.core.study.stored import read_study
from scratchtune.core.study.trial import View, record
from scratchtune.insight.verdicts import Gathered, gathered, have_fold_scores


class Fold(NamedTuple):
    """A fold's result, as a study reads it."""

    score: float
    fit_time: float = 0.0
    score_time: float = 0.0
    visits: int = 0


def mean(found: Any) -> float:
    """The value of a trial."""
    return float(np.mean([fold.score for fold in found]))


def study_of(scores: Any, direction: str = "maximize", default: bool = True, **options: Any) -> st.Study:
    """A study whose trials have these scores (n, k)."""
    table = np.asarray(scores, dtype=float)
    study = st.Study({"x": list(range(len(table)))}, "grid", direction, **options)
    if default:
        study.enqueue({"x": 0}, again=True)
    run_folds(study, lambda trial, fold: Fold(float(table[trial.params["x"], fold])), table.shape[1], mean, len(table))
    return study


def scattered(n: int, gain: float = 0.0, seed: int = 0) -> np.ndarray:
    """Scores of n configurations on five folds with noise, the last of them better by a gain."""
    scores = 0.5 + np.random.default_rng(seed).normal(0.0, 0.02, (n, 5))
    scores[-1] += gain
    return scores


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize("gain", [0.0, 0.2])
def test_a_stored_study_has_the_same_verdict(tmp_path: Path, gain: float, default: bool) -> None:
    study = study_of(scattered(12, gain), default=default, storage=tmp_path / "s.db", name="s")
    stored = read_study(File(tmp_path / "s.db", reading=True), "s")
    assert insight.verdict(stored, "accuracy") == insight.verdict(study, "accuracy")
    assert insight.gain(stored) == insight.gain(study) and insight.optimism(stored) == insight.optimism(study)


@pytest.mark.parametrize("gain", [0.0, 0.2])
@pytest.mark.parametrize("default", [True, False])
def test_numbers_are_mirrored_where_the_value_is_minimised(gain: float, default: bool) -> None:
    scores = scattered(12, gain)
    up, down = study_of(scores, default=default), study_of(-scores, "minimize", default)
    number = r"\d+\.\d+"
    first, second = (insight.verdict(study) for study in (up, down))
    assert sorted(re.findall(number, first)) == sorted(re.findall(number, second))
    assert ("too high" in first, "raised" in first) == ("too low" in second, "lowered" in second)
    one, other = insight.gain(up), insight.gain(down)
    assert one[:6] == pytest.approx(other[:6]) and one.score == pytest.approx(-other.score)


def hyperband(with_scores: bool) -> st.Study:
    study = st.Study({"x": st.Float(0.0, 1.0)}, st.Hyperband(max_budget=9), "maximize", seed=0)
    if with_scores:
        rng = np.random.default_rng(0)
        noise = rng.normal(0.0, 0.05, (100, 5))
        run_folds(study, lambda trial, fold: Fold(trial.params["x"] + trial.budget + noise[trial.number, fold]),
                        5, mean, 22)
    else:
        study.run(lambda trial: trial.params["x"] + trial.budget, 22, progress=False)
    return study


def test_hyperbands_largest_budget_alone_counts() -> None:
    study = hyperband(with_scores=True)
    largest = [trial for trial in study.trials if trial.budget == 9]
    found = insight.optimism(study)
    assert 1 < found.configurations == len(largest) < len(study.trials)
    assert f"median of {len(largest)} configurations" in insight.verdict(study)
    plain = hyperband(with_scores=False)
    assert insight.verdict(plain).startswith(f"The best score of {len(largest)} configurations is 9.")
    assert have_fold_scores(study) and not have_fold_scores(plain)


def test_thousands_of_trials() -> None:
    table = scattered(5000, gain=0.3)
    trials = []
    for number, row in enumerate(table):
        trial = Trial(View(0), number, Suggestion({"x": number}, {}, None, None))
        record(trial, state="complete", values=(float(row.mean()),), scores=row.tolist())
        trials.append(trial)
    study = Gathered(Space({"x": st.Int(0, 4999)}), "maximize", trials)
    assert insight.verdict(study).startswith("Tuning raised the score from 0.50")


# Gathered trials -----------------------------------------------------------------------------------------------------


def test_the_configurations_of_several_studies_count_together() -> None:
    first, second = study_of(scattered(8)), study_of(scattered(8, 0.2, seed=1))
    together = insight.optimism(gathered([first, second]))
    assert together.configurations == 8  # the same configurations, each counted once
    space: Any = {"x": st.Float(0.0, 1.0)}
    studies = [st.Study(space, "random", "maximize", seed=seed) for seed in (0, 1)]
    for study in studies:
        run_folds(study, lambda trial, fold: Fold(trial.params["x"] + 0.1 * fold), 3, mean, 5)
    assert insight.optimism(gathered(studies)).configurations == 10
    assert insight.gain(gathered(studies)).reference == "median"


def test_without_a_complete_trial_there_are_no_fold_scores() -> None:
    assert not have_fold_scores(st.Study({"x": [1]}))
