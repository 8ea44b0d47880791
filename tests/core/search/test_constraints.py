"""Constraints known after an evaluation: sums and ranks by hand; no searcher ranks an infeasible trial higher."""

from __future__ import annotations

import math

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import Result, Searcher, Seen, Space
from scratchtune.core.search.constraints import violation

SPACE = Space({"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)})


def pool_of(seed: int, count: int = 24) -> list[Result]:
    """Trials of integer losses and violations, many of them equal; every eighth has failed."""
    rng = np.random.default_rng(seed)
    return [Result(k, dict(zip("xy", rng.random(2).tolist(), strict=True)),
                   math.nan if k % 8 == 7 else float(rng.integers(4)), "complete",
                   constraints=(float(rng.integers(-1, 3)), -1.0)) for k in range(count)]


def test_the_violation_is_the_sum_of_what_is_above_zero() -> None:
    assert violation([]) == violation([0.0, -1.0]) == 0.0
    assert violation([0.5, -7.0, 2.0]) == 2.5
    assert Result(0, {}, 1.0, "complete").violation == 0.0
    assert Result(0, {}, 1.0, "complete", constraints=(3.0, -1.0)).violation == 3.0


def test_a_result_without_constraints_is_written_as_ever() -> None:
    # Digests in stored studies are made of this text.
    plain = "Result(number=0, params={}, value=1.0, state='complete', budget=None, parent=None"
    assert repr(Result(0, {}, 1.0, "complete")) == f"{plain})"
    assert repr(Result(0, {}, 1.0, "complete", losses=(1.0, 2.0))) == f"{plain}, losses=(1.0, 2.0))"
    assert repr(Result(0, {}, 1.0, "complete", constraints=(3.0,))) == f"{plain}, losses=(), constraints=(3.0,))"


def test_the_order_of_results_by_hand() -> None:
    results = [Result(k, {}, value, "complete", constraints=(over,)) for k, (value, over) in
               enumerate([(math.nan, -1.0), (0.0, 2.0), (5.0, -1.0), (1.0, 0.5), (4.0, 0.0), (0.5, 0.5)])]
    assert [one.number for one in sorted(results, key=lambda one: one.order)] == [4, 2, 5, 3, 1, 0]


def test_genetic_search_by_hand() -> None:
    # Feasible: trial 3 (loss 1), trial 0 (loss 5). Infeasible: trial 2 by 0.5, trial 1 by 2, although its loss is -9.
    pool = [Result(k, {"x": 0.1 * k, "y": 0.5}, loss, "complete", constraints=constraints) for k, (loss, constraints) in
            enumerate([(5.0, ()), (-9.0, (2.0, -4.0)), (0.0, (0.25, 0.25)), (1.0, (0.0,)), (math.nan, (-1.0,))])]
    found = st.GeneticSearch().fittest(SPACE, pool, 9)
    assert [one.number for one in found.results] == [3, 0, 2, 1]
    assert found.fitness.tolist() == [0.0, -1.0, -2.0, -3.0]  # ranks: a loss and a violation have no common unit
    assert st.GeneticSearch().fittest(SPACE, pool, 2).fitness.tolist() == [-1.0, -5.0]


@pytest.mark.parametrize("searcher", [st.GeneticSearch(), st.search.NSGA2()])
@pytest.mark.parametrize("seed", range(10))
def test_no_infeasible_trial_is_fitter_than_a_feasible_one(searcher: st.GeneticSearch, seed: int) -> None:
    found = searcher.fittest(SPACE, pool_of(seed), 24)
    violations = [one.violation for one in found.results]
    assert violations == sorted(violations) and len(violations) == 21
    feasible = [one.value for one in found.results if not one.violation]
    assert feasible == sorted(feasible)
    assert (np.diff(found.fitness) < 0.0).all()


@pytest.mark.parametrize("searcher", [st.GeneticSearch(), st.search.NSGA2()])
def test_parents_are_feasible_where_enough_trials_are(searcher: st.GeneticSearch) -> None:
    pool = [one._replace(state="complete") for one in pool_of(3, 80)]
    feasible = {one.number for one in pool if not one.violation}
    suggestion = searcher.suggest(SPACE, Seen(pool), [], 80, np.random.default_rng(0))
    assert {parent["number"] for parent in suggestion.why["parents"]} <= feasible


def test_the_words_say_that_a_parent_is_infeasible() -> None:
    pool = [one._replace(constraints=(1.0 + one.number,)) for one in pool_of(0)]
    searcher: Searcher = st.GeneticSearch()
    suggestion = searcher.suggest(SPACE, Seen(pool), [], 24, np.random.default_rng(0))
    assert "infeasible by " in searcher.explain(suggestion.why)


def test_hyperband_promotes_feasible_trials_first() -> None:
    def objective(trial: st.Trial) -> float:
        trial.set_constraint(0.5 - trial.params["x"])
        trial.load()
        return trial.params["x"]

    study = st.tune(objective, {"x": st.Float(0.0, 1.0)}, st.search.SuccessiveHalving(9, 9), progress=False)
    first, second = study.trials[:9], study.trials[9:12]
    wanted = sorted(first, key=lambda one: (one.violation, one.value))[:3]
    assert [one.parent for one in second] == [one.number for one in wanted]
    assert any(one.violation for one in first)


def test_the_mean_of_cma_es_follows_feasible_trials_first() -> None:
    members = [Result(k, {"x": 0.1 * k, "y": 0.5}, float(value), "complete", constraints=(over,)) for k, (value, over)
               in enumerate([(0, 1.0), (9, 0.0), (1, 0.5), (8, -1.0), (2, 0.25), (7, 0.0)])]
    searcher = st.CMAESSearch(population=6)
    assert searcher.suggest(SPACE, Seen(members), [], 6, np.random.default_rng(0)).why["parents"] == [5, 3, 1]
    state = searcher.state(SPACE, Seen([], members))  # a study that starts from another begins at its best trial
    assert state.mean.tolist() == [0.5, 0.5]


def test_trials_without_constraints_are_ranked_as_before() -> None:
    pool = [one._replace(constraints=()) for one in pool_of(1)]
    known = [one for one in pool if not math.isnan(one.value)]
    found = st.GeneticSearch().fittest(SPACE, pool, 24)
    assert found.results == sorted(known, key=lambda one: one.value)
    assert found.fitness.tolist() == [-one.value for one in found.results]
