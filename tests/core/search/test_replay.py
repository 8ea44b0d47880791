"""Same seed, same history, same suggestion: every trial of a study follows from its record, for each searcher."""

from __future__ import annotations

import copy
import math
import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Exhausted, Float, Int, RandomSearch, Result, Searcher, Suggestion
from scratchtune.core.search.hyperband import Hyperband
from scratchtune.core.study import Study, Trial

pytestmark = pytest.mark.slow  # the longest file; tests of each searcher have a part of it

Make = Callable[[], Searcher]

MIXED: dict[str, Any] = {
    "kind": ["tree", "net", "line"],
    "rate": Float(1e-4, 1e-1, log=True, when={"kind": ["net"]}),
    "layers": Int(1, 3, when={"kind": ["net"]}),
    "units": Int(8, 512, log=True, when={"kind": ["net"], "layers": [2, 3]}),
    "depth": Int(2, 30, when={"kind": "tree"}),
    "l2": Float(0.0, 1.0, step=0.05),
    "x": Float(-5.0, 5.0, prior=(1.0, 0.3)),
    "scale": Categorical([None, "standard", 1, 1.0, True], prior=[4.0, 1.0, 1.0, 1.0, 1.0]),
}


def allowed(params: dict[str, Any]) -> bool:
    return params["x"] < 4.0 or params["kind"] == "tree"


def value_of(params: dict[str, Any]) -> float:
    """A function of params alone, which fails for about one point in six."""
    if params["l2"] > 0.8:
        raise ArithmeticError("it diverged")
    loss = (params["x"] - 1.0) ** 2 + abs(params["l2"] - 0.3)
    loss += (math.log10(params["rate"]) + 2.0) ** 2 if "rate" in params else params.get("depth", 20) / 10.0
    return math.nan if params["scale"] is True else loss


def objective(trial: Trial) -> float:
    return value_of(trial.params)


def slow(trial: Trial) -> float:
    """The same, in a time that says nothing about the order in which trials began."""
    time.sleep(float(np.random.default_rng().random()) * 0.004)
    return value_of(trial.params)


def study_of(make: Make, space: Any = MIXED, seed: int = 5, **more: Any) -> Study:
    return Study(space, make(), seed=seed, constraint=None if space is not MIXED else allowed, **more)


def table(study: Study) -> list[tuple[Any, ...]]:
    """All that a trial is, but the seconds that it took; as text, where NaN is NaN, and 1 is not True."""
    return [
        (t.number, repr(t.params), t.value, t.state, t.error, repr(t.why), t.budget, t.parent) for t in study.trials]


def replayed(
    study: Study, number: int, searcher: Searcher, earlier: Sequence[Result] = (), kind: type = list,
) -> Suggestion:
    """The suggestion for a trial, made again from nothing but the study's record."""
    sign = 1.0 if study.direction == "minimize" else -1.0
    needs = searcher.needs(number)
    seen = [
        Result(t.number, t.params, math.nan if t.value is None else sign * t.value, t.state, t.budget, t.parent)
        for t in study.trials[:needs]]
    pending = [trial.params for trial in study.trials[needs:number]]
    rng = np.random.default_rng(np.random.SeedSequence(study.seed, spawn_key=(number,)))
    return searcher.suggest(study.space, kind([*earlier, *seen]), kind(pending), number, rng)


def assert_replayed(
    study: Study, make: Make, earlier: Sequence[Result] = (), numbers: Sequence[int] | None = None,
) -> None:
    """One searcher, asked for the trials in any order, gives what the study has."""
    searcher = make()
    for number in range(len(study.trials)) if numbers is None else numbers:
        trial = study.trials[number]
        if trial.why.get("enqueued"):
            continue
        again = replayed(study, number, searcher, earlier, kind=tuple if number % 2 else list)
        assert repr(again.params) == repr(trial.params) and repr(again.why) == repr(trial.why)
        assert (again.budget, again.parent) == (trial.budget, trial.parent)


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
    pickled = Study(MIXED, make(), seed=5).run(lambda trial: 1.0, 6, progress=False)
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


def assert_plain(why: Any) -> None:
    """JSON's types alone."""
    if isinstance(why, dict):
        assert all(type(name) is str for name in why)
        why = list(why.values())
    if isinstance(why, (list, tuple)):
        for entry in why:
            assert_plain(entry)
    else:
        assert why is None or type(why) in (bool, int, float, str), repr(why)


# Finite spaces -------------------------------------------------------------------------------------------------------

FINITE: dict[str, Any] = {
    "a": Int(1, 3), "b": ["x", "y", 1, True], "c": Categorical([1.5, 2.5], when={"b": ["y"]}),
    "d": Float(0.0, 0.3, step=0.1, when={"b": ["x"], "a": [2]})}


def bumps(trial: Trial) -> float:
    return trial.params["a"] + trial.params.get("c", 2.0) + trial.params.get("d", 0.0)


@pytest.mark.parametrize("n_jobs", [1, 4])
def test_in_a_finite_space_every_point_comes_once_and_then_the_study_ends(make: Make, n_jobs: int) -> None:
    study = Study(FINITE, make(), seed=2, constraint=lambda params: params.get("d") != 0.2)
    keys = {study.space.key(params) for params in study.space.points()}
    assert len(keys) == 17
    study.run(bumps, 30, n_jobs=n_jobs, progress=False)
    new = [study.space.key(trial.params) for trial in study.trials if trial.parent is None]
    if isinstance(study.searcher, Hyperband):  # its schedule is what ends; new settings come again after all have come
        assert len(set(new[:17])) == min(len(new), 17)
    else:
        assert set(new) == keys and len(study.trials) == len(new) == 17
        with pytest.raises(Exhausted, match="all 17 points"):
            study.ask()
    assert_replayed(study, make)


def test_one_point_is_a_whole_space(make: Make) -> None:
    study = Study({"x": Float(0.5, 0.5), "k": Int(3, 3, log=True), "c": [None]}, make())
    study.run(lambda trial: 1.0, 4, progress=False)
    assert all(trial.params == {"x": 0.5, "k": 3, "c": None} for trial in study.trials)
    assert len(study.trials) == (4 if isinstance(study.searcher, Hyperband) else 1)


# Points from elsewhere -----------------------------------------------------------------------------------------------


def queue(study: Study) -> None:
    study.enqueue({"kind": "line", "l2": 0.35, "x": 1.0, "scale": 1.0})
    study.enqueue({"kind": "net", "rate": 0.003, "layers": 1, "l2": 0.3, "x": 0.123456789, "scale": "standard"})
    study.enqueue({"kind": "line", "l2": 0.35, "x": 1.0, "scale": 1.0}, again=True)


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
    study = Study({"a": Int(1, 3), "b": ["x", "y"]}, make())
    study.enqueue({"a": 2, "b": "y"})
    study.run(lambda trial: trial.params["a"], 6, progress=False)
    assert study.trials[0].params == {"a": 2, "b": "y"}
    new = [study.space.key(trial.params) for trial in study.trials if trial.parent is None]
    assert len(set(new)) == len(new) == 6


@pytest.mark.parametrize("n_jobs", [1, 4])
def test_a_study_that_starts_from_another_sees_its_trials(make: Make, n_jobs: int) -> None:
    first = study_of(RandomSearch, seed=11).run(objective, 20, progress=False)
    study = study_of(make, start_from=first).run(slow, 14, n_jobs=n_jobs, progress=False)
    assert [trial.number for trial in study.trials] == list(range(14))
    assert_replayed(study, make, earlier=study._core.definition.earlier)
    assert len(study._core.definition.earlier) == 20


def test_a_study_that_starts_from_one_of_the_same_searcher_does_not_repeat_a_finite_space(make: Make) -> None:
    space = {"a": Int(1, 5), "b": ["x", "y"]}
    first = Study(space, make(), seed=1).run(lambda trial: trial.params["a"], 6, progress=False)
    second = Study(space, make(), seed=1, start_from=first).run(lambda trial: trial.params["a"], 4, progress=False)
    if not isinstance(first.searcher, Hyperband):
        every = [first.space.key(trial.params) for trial in first.trials + second.trials]
        assert len(set(every)) == 10
        with pytest.raises(Exhausted):
            second.ask()
    assert_replayed(second, make, earlier=second._core.definition.earlier)
