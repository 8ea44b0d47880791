"""Same seed, same history, same suggestion: every trial of a study follows from its record, for each searcher."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Exhausted, Float, Int, Result
from scratchtune.core.search.hyperband import Hyperband
from scratchtune.core.study import Study, Trial
from tests.core.search.replaying import (
    MIXED,
    Make,
    allowed,
    assert_plain,
    assert_replayed,
    objective,
    searched,
    slow,
    study_of,
    table,
    value_of,
)

pytestmark = pytest.mark.slow  # the longest file; tests of each searcher have a part of it


# The contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_every_trial_is_replayed_from_its_record(make: Make, direction: str) -> None:
    study = study_of(make, direction=direction).run(objective, 18, progress=False)
    assert {trial.state for trial in study.trials} == {"complete", "failed"}
    numbers = np.random.default_rng(0).permutation(len(study.trials)).tolist()
    assert_replayed(study, make, numbers=sorted(numbers) if direction == "minimize" else numbers)


def test_tables_are_the_same_for_one_two_and_four_threads(make: Make) -> None:
    one = study_of(make).run(slow, 18, progress=False)
    for n_jobs in (2, 4):
        study = study_of(make).run(slow, 18, n_jobs=n_jobs, progress=False)
        assert table(study) == table(one)
    assert_replayed(study, make)


def test_twelve_trials_are_six_and_then_twelve(make: Make) -> None:
    whole = study_of(make).run(objective, 12, progress=False)
    parts = study_of(make).run(objective, 6, progress=False)
    assert table(parts.run(objective, 12, progress=False)) == table(whole)
    pickled = study_of(make).run(lambda trial: 1.0, 6, progress=False)
    restored = pickle.loads(pickle.dumps(pickled)).run(lambda trial: 1.0, 12, progress=False)
    assert table(restored) == table(pickled.run(lambda trial: 1.0, 12, progress=False))


def test_an_interrupted_study_goes_on_as_if_nothing_had_been(make: Make) -> None:
    whole = study_of(make).run(objective, 15, progress=False)
    study, interrupted = study_of(make), [4, 9]

    def interrupting(trial: Trial) -> float:
        if interrupted and trial.number == interrupted[0]:
            interrupted.pop(0)
            raise KeyboardInterrupt
        return value_of(trial.params)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            study.run(interrupting, 15, progress=False)
    assert table(study.run(interrupting, 15, progress=False)) == table(whole)


def test_another_seed_is_another_study(make: Make) -> None:
    one, other = (study_of(make, seed=seed).run(objective, 6, progress=False) for seed in (1, 2))
    same = [a.params for a in one.trials] == [b.params for b in other.trials]
    assert same == (type(one.searcher).__name__ == "GridSearch")


def test_a_suggestion_changes_nothing_that_it_is_given(make: Make) -> None:
    study = study_of(make).run(objective, 16, progress=False)
    searcher, number = make(), 16
    needs = searcher.needs(number)
    results = [Result(t.number, t.params, math.nan if t.value is None else t.value, t.state, t.budget, t.parent)
               for t in study.trials]
    seen, pending = results[:needs], [result.params for result in results[needs:]]
    before = copy.deepcopy((seen, pending))
    rng = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(number,)))
    suggestion = searcher.suggest(study.space, seen, pending, number, rng)
    assert repr((seen, pending)) == repr(before)
    suggestion.params.clear()
    suggestion.why.clear()
    again = searcher.suggest(
        study.space, seen, pending, number, np.random.default_rng(np.random.SeedSequence(5, spawn_key=(number,))))
    assert again.params and repr((seen, pending)) == repr(before)


def test_what_needs_says_never_falls_and_never_asks_for_the_future(make: Make) -> None:
    needs = [make().needs(number) for number in range(60)]
    assert all(0 <= awaited <= number for number, awaited in enumerate(needs)) and needs == sorted(needs)


def test_a_searcher_is_its_class_and_its_arguments(make: Make) -> None:
    study = study_of(make).run(objective, 8, progress=False)
    assert repr(study.searcher) == repr(make()) and repr(pickle.loads(pickle.dumps(study.searcher))) == repr(make())


# Every point is one of the space, and says why -----------------------------------------------------------------------


def test_every_point_is_one_of_the_space_and_says_why(make: Make) -> None:
    study = study_of(make).run(objective, 30, progress=False)
    for trial in study.trials:
        assert repr(study.space.check(trial.params)) == repr(trial.params) and allowed(trial.params)
        sentence = study.why(trial.number)
        assert sentence.startswith(f"Trial {trial.number}: ") and sentence.endswith((".", ".)"))
        assert "nan" not in sentence
        assert_plain(trial.why)


# Finite spaces -------------------------------------------------------------------------------------------------------

FINITE: dict[str, Any] = {
    "a": Int(1, 3), "b": ["x", "y", 1, True], "c": Categorical([1.5, 2.5], when={"b": ["y"]}),
    "d": Float(0.0, 0.3, step=0.1, when={"b": ["x"], "a": [2]})}


def bumps(trial: Trial) -> float:
    return trial.params["a"] + trial.params.get("c", 2.0) + trial.params.get("d", 0.0)


@pytest.mark.parametrize("n_jobs", [1, 4])
def test_in_a_finite_space_every_point_comes_once_and_then_the_study_ends(make: Make, n_jobs: int) -> None:
    study = Study(searched(make, FINITE), make(), seed=2, constraint=lambda params: params.get("d") != 0.2)
    keys = {study.space.key(params) for params in study.space.points()}
    count = len(keys)
    assert count == (17 if len(study.space.names) == len(FINITE) else 3)
    study.run(bumps, 30, n_jobs=n_jobs, progress=False)
    new = [study.space.key(trial.params) for trial in study.trials if trial.parent is None]
    if isinstance(study.searcher, Hyperband):  # its schedule is what ends; new settings come again after all have come
        assert len(set(new[:count])) == min(len(new), count)
    else:
        assert set(new) == keys and len(study.trials) == len(new) == count
        with pytest.raises(Exhausted, match=f"all {count} points"):
            study.ask()
    assert_replayed(study, make)


def test_one_point_is_a_whole_space(make: Make) -> None:
    space = {"x": Float(0.5, 0.5), "k": Int(3, 3, log=True), "c": [None]}
    study = Study(searched(make, space), make())
    study.run(lambda trial: 1.0, 4, progress=False)
    assert all(trial.params.items() <= {"x": 0.5, "k": 3, "c": None}.items() for trial in study.trials)
    assert len(study.trials) == (4 if isinstance(study.searcher, Hyperband) else 1)


# Points from elsewhere -----------------------------------------------------------------------------------------------


def queue(study: Study) -> None:
    line = {"kind": "line", "l2": 0.35, "x": 1.0, "scale": 1.0}
    net = {"kind": "net", "rate": 0.003, "layers": 1, "l2": 0.3, "x": 0.123456789, "scale": "standard"}
    for params in (line, net, line):
        study.enqueue({name: value for name, value in params.items() if name in study.space.names}, again=True)


def test_enqueued_points_come_first_and_count_as_seen(make: Make) -> None:
    def enqueued(n_jobs: int) -> Study:
        study = study_of(make)
        queue(study)
        return study.run(slow, 18, n_jobs=n_jobs, progress=False)

    study = enqueued(1)
    assert [trial.params["x"] for trial in study.trials[:3]] == [1.0, 0.123456789, 1.0]
    assert all("queue by the user" in study.why(number) for number in range(3))
    assert table(enqueued(4)) == table(study)
    assert_replayed(study, make)


def test_an_enqueued_point_of_a_finite_space_does_not_come_again(make: Make) -> None:
    study = Study(searched(make, {"a": Int(1, 3), "b": ["x", "y"]}), make())
    params = {name: {"a": 2, "b": "y"}[name] for name in study.space.names}
    study.enqueue(params)
    study.run(lambda trial: trial.params["a"], study.space.size, progress=False)
    assert study.trials[0].params == params
    new = [study.space.key(trial.params) for trial in study.trials if trial.parent is None]
    assert len(set(new)) == len(new) == study.space.size


@pytest.mark.parametrize("n_jobs", [1, 4])
def test_a_study_that_starts_from_another_sees_its_trials(make: Make, n_jobs: int) -> None:
    first = Study(searched(make, MIXED), "random", seed=11, constraint=allowed).run(objective, 20, progress=False)
    study = study_of(make, start_from=first).run(slow, 14, n_jobs=n_jobs, progress=False)
    assert [trial.number for trial in study.trials] == list(range(14))
    assert_replayed(study, make, earlier=study._core.definition.earlier)
    assert len(study._core.definition.earlier) == 20


def test_a_study_that_starts_from_one_of_the_same_searcher_does_not_repeat_a_finite_space(make: Make) -> None:
    space = {"a": Int(1, 5), "b": Int(1, 2)}
    first = Study(space, make(), seed=1).run(lambda trial: trial.params["a"], 6, progress=False)
    second = Study(space, make(), seed=1, start_from=first).run(lambda trial: trial.params["a"], 4, progress=False)
    if not isinstance(first.searcher, Hyperband):
        every = [first.space.key(trial.params) for trial in first.trials + second.trials]
        assert len(set(every)) == 10
        with pytest.raises(Exhausted):
            second.ask()
    assert_replayed(second, make, earlier=second._core.definition.earlier)
