"""NSGA-II: who is fit, the whole front of a small problem, the contract of determinism, and failures."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import Result, Space, hypervolume

MIXED = {"x": st.Float(0.0, 1.0), "n": st.Int(1, 40), "c": ["a", "b", "c"], "m": st.Float(0.0, 1.0, when={"c": ["b"]})}
BOTH = ("minimize", "maximize")


def two(trial: Any) -> tuple[float, float]:
    """Cost and gain: a larger x has more of both; the others only cost. Trials 3 and 14 fail."""
    p = trial.params
    if trial.number in (3, 14):
        raise ArithmeticError("an unstable configuration")
    return p["x"] + p["n"] / 40.0 + 0.2 * (p["c"] == "a") + p.get("m", 0.0), math.sqrt(p["x"])


def table(study: st.Study) -> list[tuple[Any, ...]]:
    return [(t.number, repr(t.params), t.values, t.state, t.error, repr(t.why)) for t in study.trials]


def study_of(searcher: Any = None, **options: Any) -> st.Study:
    return st.Study(MIXED, searcher or st.search.NSGA2(8, 4), directions=BOTH, seed=5, **options)


def test_the_fittest_are_the_first_fronts_and_the_ends_of_a_front() -> None:
    losses = [(3.0, 3.0), (0.0, 4.0), (1.0, 2.0), (1.5, 1.5), (4.0, 0.0), ()]  # the last one has failed
    pool = [Result(k, {"x": k / 8.0}, math.nan, "complete", losses=vector) for k, vector in enumerate(losses)]
    searcher, space = st.search.NSGA2(8), Space({"x": st.Float(0.0, 1.0)})
    found = searcher.fittest(space, pool, 4)
    assert [result.number for result in found.results] == [1, 4, 3, 2]
    assert found.genes[:, 0].tolist() == [0.125, 0.5, 0.375, 0.25] and (np.diff(found.fitness) < 0.0).all()
    assert [result.number for result in searcher.fittest(space, pool, 99).results] == [1, 4, 3, 2, 0]
    assert searcher.fittest(space, pool[:1], 4).results == pool[:1]  # not what was known of another pool
    assert not searcher.fittest(space, [], 4).results


def test_generations_and_defaults() -> None:
    searcher = st.search.NSGA2(6, 3)
    assert [searcher.needs(n) for n in range(12)] == [0] * 6 + [6] * 3 + [9] * 3
    assert searcher.parents == 6 and st.search.NSGA2(30).parents == 30 and st.search.NSGA2(2).parents == 2
    assert repr(st.search.NSGA2(6)).startswith("NSGA2(population=6, offspring=")


def test_sizes_by_hand() -> None:
    # 20 founders, and half of the population in each later generation, at least one.
    searcher = st.search.NSGA2()
    assert [searcher.needs(n) for n in (19, 20, 29, 30)] == [0, 20, 20, 30]
    assert [st.search.NSGA2(n).offspring for n in (2, 3, 7)] == [1, 1, 3] and st.search.NSGA2(7, 5).offspring == 5


def test_it_finds_the_whole_front_of_a_small_problem() -> None:
    # Both losses are distances, to 0.2 and to 0.8: the front is all that is between them, at y = 0.5.
    def distances(trial: Any) -> tuple[float, float]:
        x, y = trial.params["x"], trial.params["y"]
        return abs(x - 0.2) + (y - 0.5) ** 2, abs(x - 0.8) + (y - 0.5) ** 2

    space = {"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}
    volumes, xs = {}, []
    for name in ("nsga2", "random"):
        study = st.Study(space, name, directions=("minimize", "minimize")).run(distances, 100, progress=False)
        volumes[name] = hypervolume([trial.values for trial in study.trials], (1.0, 1.0))
        xs = xs or [trial.params["x"] for trial in study.best_trials]
    # Of the front x + y = 0.6 up to (1, 1), the volume is 1 less the triangle below it.
    gaps = {name: 1.0 - 0.6**2 / 2.0 - volume for name, volume in volumes.items()}
    assert 0.0 < gaps["nsga2"] < 0.03 < 0.04 < gaps["random"]
    assert min(xs) < 0.35 and max(xs) > 0.65


def test_reasons_are_plain_data_and_sentences() -> None:
    study = study_of().run(two, 30, progress=False)
    assert json.loads(json.dumps(study.trials[20].why)) == study.trials[20].why
    assert len(study.trials[20].why["parents"][0]["losses"]) == 2
    said = study.why(20)
    assert said.startswith("Trial 20: (A loss is minus the value of what is maximised here.) Generation 4: a child of ")
    assert "(losses " in said


def test_the_same_study_on_one_thread_and_on_four_whole_and_in_parts(tmp_path: Path) -> None:
    whole = study_of().run(two, 30, progress=False)
    assert {trial.state for trial in whole.trials} == {"complete", "failed"}
    assert table(study_of().run(two, 30, n_jobs=4, progress=False)) == table(whole)
    parts = study_of(storage=tmp_path / "a.db").run(two, 11, progress=False)
    parts.close()
    again = study_of(storage=tmp_path / "a.db")
    assert again.trials[4].values == whole.trials[4].values and again.trials[3].values is None
    assert table(again.run(two, 30, n_jobs=2, progress=False)) == table(whole)


def test_each_trial_depends_on_the_generations_before_it_alone() -> None:
    study = study_of().run(two, 24, progress=False)
    signs = study.objectives.sign
    seen = [Result(t.number, t.params, math.nan, t.state, losses=() if t.values is None else (
        signs[0] * t.values[0], signs[1] * t.values[1])) for t in study.trials]
    for number in (23, 9, 16, 8):  # in any order, each by a searcher of its own
        searcher = st.search.NSGA2(8, 4)
        needs = searcher.needs(number)
        rng = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(number,)))
        pending = [trial.params for trial in study.trials[needs:number]]
        again = searcher.suggest(study.space, seen[:needs], pending, number, rng)
        assert again.params == study.trials[number].params and again.why == study.trials[number].why


def test_of_one_objective_it_ranks_by_the_value() -> None:
    study = st.Study({"x": st.Float(-1.0, 1.0)}, "nsga2").run(lambda t: t.params["x"] ** 2, 60, progress=False)
    assert study.best_value < 1e-3 and study.best_trials == [study.best_trial]


def test_if_all_trials_fail_it_draws_at_random() -> None:
    study = study_of().run(lambda trial: (1.0, float("inf")), 20, progress=False)
    assert {trial.state for trial in study.trials} == {"failed"} and not study.best_trials
    assert "fewer than two trials have succeeded" in study.why(12)


@pytest.mark.parametrize("arguments, message", [
    ({"population": 1}, "population is 1; it must be"), ({"offspring": 0}, "offspring is 0; it must be"),
    ({"crossover": "sbc"}, "crossover is 'sbc'.*did you mean 'sbx'"),
])
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        st.search.NSGA2(**arguments)
