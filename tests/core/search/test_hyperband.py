"""Hyperband: the paper's schedule in whole numbers, promotions, proposers, and going on from stored state."""

from __future__ import annotations

import json
import math
import random
import time
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import Exhausted, Float, GridSearch, Int, RandomSearch, Result, Searcher, Space, Suggestion
from scratchtune.core.search.bayesian.bayesian_search import BayesianSearch
from scratchtune.core.search.hyperband import Hyperband, SuccessiveHalving
from scratchtune.core.search.searcher import Seen
from scratchtune.core.study import Study, Trial

SPACE = {"x": Float(-1.0, 1.0), "y": Float(-1.0, 1.0), "c": ["a", "b"]}
SMALL = {"max_budget": 9, "eta": 3}


def bowl(trial: Trial) -> float:
    """Better with more budget, worst for "b"; some trials fail."""
    if trial.number % 7 == 3:
        raise ValueError("unlucky")
    p = trial.params
    return p["x"] ** 2 + p["y"] ** 2 + (p["c"] == "b") + 1.0 / trial.budget


def table(study: Study) -> list[tuple[Any, ...]]:
    return [(t.number, t.params, t.value, t.state, t.budget, t.parent, t.why, t.seed) for t in study.trials]


def paper(R: int, eta: int, s_max: int) -> list[list[tuple[int, float]]]:
    """Li et al. (2018), Algorithm 1, with fractions; n_i and r_i of each bracket."""
    brackets = []
    for s in range(s_max, -1, -1):
        n = math.ceil((s_max + 1) * eta**s / (s + 1))
        brackets.append([(n // eta**i, R / eta ** (s - i)) for i in range(s + 1)])
    return brackets


def brackets_of(searcher: Any) -> list[list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for rung in searcher.rungs():
        found.setdefault(rung.bracket, []).append((rung.size, rung.budget))
    return list(found.values())


# The schedule --------------------------------------------------------------------------------------------------------


def test_the_paper_s_example_by_hand() -> None:
    assert brackets_of(Hyperband(max_budget=81, eta=3)) == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)], [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)], [(8, 27), (2, 81)], [(5, 81)]]
    assert Hyperband().total(Space(SPACE)) == 206 and Hyperband().cost() == 1902
    assert len(brackets_of(Hyperband(max_budget=243, eta=3))) == 6  # floor(log(243) / log(3)) is 4 with floats


@pytest.mark.parametrize("R, eta, s_max", [
    (1, 3, 0), (2, 3, 0), (3, 3, 1), (8, 2, 3), (9, 3, 2), (16, 4, 2), (81, 3, 4), (125, 5, 3), (243, 3, 5),
    (1000, 10, 3), (1024, 2, 10), (3**9, 3, 9)])
def test_the_schedule_is_the_pseudo_code_s(R: int, eta: int, s_max: int) -> None:
    assert brackets_of(Hyperband(max_budget=R, eta=eta)) == paper(R, eta, s_max)


@pytest.mark.parametrize("R, eta", [(100, 3), (50, 3), (7, 2), (80, 3), (82, 3)])
def test_budgets_that_are_no_powers_are_rounded_down(R: int, eta: int) -> None:
    searcher = Hyperband(max_budget=R, eta=eta)
    s_max = len(brackets_of(searcher)) - 1
    assert eta**s_max <= R < eta ** (s_max + 1)
    for ours, theirs in zip(brackets_of(searcher), paper(R, eta, s_max), strict=True):
        assert ours == [(n, math.floor(r)) for n, r in theirs]
        assert ours[-1][1] == R and min(budget for _, budget in ours) >= 1


def test_a_least_budget_leaves_the_smallest_rungs_out() -> None:
    assert brackets_of(Hyperband(81, 3, min_budget=9)) == [[(9, 9), (3, 27), (1, 81)], [(5, 27), (1, 81)], [(3, 81)]]
    assert brackets_of(Hyperband(81, 3, min_budget=81)) == [[(1, 81)]]


def test_iterations_repeat_all_brackets() -> None:
    once = brackets_of(Hyperband(27, min_budget=3))
    assert once == [[(9, 3), (3, 9), (1, 27)], [(5, 9), (1, 27)], [(3, 27)]]
    assert brackets_of(Hyperband(27, min_budget=3, iterations=2)) == once * 2
    assert Hyperband(27, min_budget=3, iterations=2).cost() == 2 * Hyperband(27, min_budget=3).cost()


def test_an_iteration_comes_after_the_one_before_it_by_rungs_too() -> None:
    cells = [(rung.bracket, rung.rung) for rung in Hyperband(3, iterations=2).rungs()]
    assert cells == [(0, 0), (1, 0), (0, 1), (2, 0), (3, 0), (2, 1)]


def test_iterations_are_promoted_within_themselves() -> None:
    study = Study(SPACE, Hyperband(**SMALL, proposer=BayesianSearch(), iterations=2), seed=3)
    study.run(bowl, progress=False)
    assert len(study.trials) == 44
    study.searcher.check(study._core.ledger.finished())
    assert min(trial.parent for trial in study.trials[22:] if trial.parent is not None) >= 22


@pytest.mark.parametrize("arguments, rungs", [
    ({"configurations": 27, "max_budget": 27}, [(27, 1), (9, 3), (3, 9), (1, 27)]),
    ({"configurations": 50, "max_budget": 27}, [(50, 1), (16, 3), (5, 9), (1, 27)]),
    ({"configurations": 81, "max_budget": 9}, [(81, 1), (27, 3), (9, 9)]),
    ({"configurations": 6, "max_budget": 81}, [(6, 27), (2, 81)]),
    ({"configurations": 16, "max_budget": 16, "eta": 2, "min_budget": 4}, [(16, 4), (8, 8), (4, 16)]),
    ({"configurations": 1, "max_budget": 5}, [(1, 5)]),
])
def test_successive_halving_is_one_bracket(arguments: dict[str, int], rungs: list[tuple[int, int]]) -> None:
    assert brackets_of(SuccessiveHalving(**arguments)) == [rungs]


@pytest.mark.parametrize("searcher", [
    Hyperband(), Hyperband(order="brackets"), Hyperband(proposer=BayesianSearch()), SuccessiveHalving(81, 81),
    Hyperband(proposer=BayesianSearch(parallel=4), order="rungs"), Hyperband(27, iterations=3),
    Hyperband(27, proposer=BayesianSearch(), iterations=3)], ids=repr)
def test_what_a_trial_needs_never_falls_and_lies_before_it(searcher: Searcher) -> None:
    needs = [searcher.needs(number) for number in range(searcher.total(Space(SPACE)) or 0)]
    assert needs == sorted(needs) and all(needed <= number for number, needed in enumerate(needs))


def test_numbered_rung_by_rung_or_bracket_by_bracket() -> None:
    cells = [(rung.bracket, rung.rung) for rung in Hyperband(**SMALL).rungs()]
    assert cells == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (0, 2)]
    bohb = Hyperband(**SMALL, proposer=BayesianSearch(model="tpe"))
    assert [(r.bracket, r.rung) for r in bohb.rungs()] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]
    assert [r.start for r in bohb.rungs()] == [0, 9, 12, 13, 18, 19]


def test_the_schedule_is_printed_before_and_checked_after(capsys: pytest.CaptureFixture[str]) -> None:
    assert Hyperband(**SMALL).schedule().splitlines() == [
        "bracket  rung  trials  budget each   numbers", "      1     1       9            1   0 to 8",
        "      2     1       5            3   9 to 13", "      3     1       3            9   14 to 16",
        "      1     2       3            3   17 to 19", "      2     2       1            9   20 to 20",
        "      1     3       1            9   21 to 21",
        "22 trials, budget 78 in all; 69 where promoted trials continue from stored state"]
    Study(SPACE, Hyperband(**SMALL)).run(bowl)
    said = capsys.readouterr().err
    assert said.startswith("Hyperband: 3 brackets, 6 rungs, budget 78 in all: 22 trials\n")
    Study(SPACE, Hyperband(**SMALL)).run(bowl, n_trials=10)
    assert "78 in all: 10 trials (the whole schedule has 22)\n" in capsys.readouterr().err


# Promotions ----------------------------------------------------------------------------------------------------------


def test_the_best_go_on_with_their_params_by_hand() -> None:
    values = [5.0, 1.0, 9.0, 1.0, 3.0, 7.0, 8.0, 2.0, 6.0]
    study = Study({"x": Int(0, 1000)}, SuccessiveHalving(9, 9))
    study.run(lambda t: values[t.number] if t.number < 9 else -float(t.number), progress=False)
    trials = study.trials
    assert [(t.parent, t.budget) for t in trials[9:]] == [(1, 3), (3, 3), (7, 3), (11, 9)]
    assert all(t.params == trials[t.parent].params and t.seed == trials[t.parent].seed for t in trials[9:])
    assert [t.parent for t in trials[:9]] == [None] * 9 and trials[12].seed == trials[7].seed
    assert study.why(10) == (
        "Trial 10: Bracket 1, rung 2 of 3, budget 3: trial 3 (loss 1) is promoted, ranked 2 of 9 in the rung below; "
        "the best 3 are.")
    assert study.why(4).startswith(
        "Trial 4: Bracket 1, rung 1 of 3, budget 1: new configuration 5 of 9. Drawn at random")
    json.dumps([t.why for t in trials], allow_nan=False)


def test_a_study_that_maximises_promotes_the_largest() -> None:
    study = Study({"x": Float(0.0, 1.0)}, SuccessiveHalving(9, 9), direction="maximize")
    study.run(lambda t: t.params["x"], progress=False)
    best = max(study.trials[:9], key=lambda t: t.params["x"])
    assert study.trials[9].parent == best.number == study.trials[12].parent - 9 + best.number
    study.searcher.check(study._core.ledger.finished())


def test_failed_trials_are_promoted_last() -> None:
    def objective(trial: Trial) -> float:
        return float(trial.number) if trial.number in (4, 6) or trial.number > 8 else math.nan

    study = Study(SPACE, SuccessiveHalving(9, 9)).run(objective, progress=False)
    assert [t.parent for t in study.trials[9:12]] == [4, 6, 0]
    assert "trial 0 (failed) is promoted" in study.why(11)
    json.dumps([t.why for t in study.trials], allow_nan=False)


def test_a_promotion_loads_what_its_parent_saved() -> None:
    def objective(trial: Trial) -> float:
        before = trial.load()
        assert (before is None) == (trial.parent is None)
        done = 0 if before is None else int(before["done"])
        trial.save({"done": trial.budget})
        assert done in (0, trial.budget // 3)
        spent.append(trial.budget - done)
        return trial.params["x"]

    spent: list[int] = []
    searcher = Hyperband(**SMALL)
    Study(SPACE, searcher).run(objective, progress=False)
    assert sum(spent) == searcher.cost(going_on=True) == 69 and searcher.cost() == 78


def test_three_epochs_and_six_are_nine_bit_for_bit() -> None:
    X, y = st.datasets.load_digits()

    def network(seed: int) -> st.Sequential:
        model = st.Sequential(
            [st.Dense(16, activation="relu"), st.Dropout(0.2), st.Dense(10, activation="softmax")], seed=seed)
        model.compile(st.Adam(0.01, decay=0.01), "categorical_crossentropy")
        model.build((None, 64))
        return model

    def objective(trial: Trial) -> float:
        model, kept, done = network(trial.seed), trial.load(), 0
        if kept is not None:
            model.set_state(kept)
            done = model.epochs_done
        losses = model.fit(X[:300] / 16, y[:300], epochs=int(trial.budget or 0) - done, verbose=0).history["loss"]
        trial.save(model.get_state())
        return losses[-1]

    study = Study({"x": Int(0, 10**6)}, SuccessiveHalving(3, 9, min_budget=3)).run(objective, progress=False)
    last = study.trials[3]
    assert (last.budget, study.trials[last.parent or 0].budget) == (9, 3)
    whole = network(last.seed)
    assert whole.fit(X[:300] / 16, y[:300], epochs=9, verbose=0).history["loss"][-1] == last.value
    with pytest.raises(ValueError, match="state has the shapes"):
        whole.set_state({"theta": np.zeros(3)})


# The contract --------------------------------------------------------------------------------------------------------


SEARCHERS = [
    Hyperband(**SMALL), Hyperband(**SMALL, proposer=RandomSearch("halton")), SuccessiveHalving(20, 20, 2),
    Hyperband(**SMALL, proposer=BayesianSearch(model="tpe", parallel=2)), Hyperband(**SMALL, order="brackets")]


@pytest.mark.parametrize("searcher", SEARCHERS, ids=repr)
def test_the_table_is_the_same_for_any_number_of_threads(searcher: Searcher) -> None:
    def slow(trial: Trial) -> float:
        time.sleep(random.random() / 300)
        return bowl(trial)

    tables = []
    for jobs in (1, 2, 4, 8):
        study = Study(SPACE, searcher, seed=3)
        study.enqueue({"x": 0.25, "y": 0.0, "c": "b"})
        tables.append(table(study.run(slow, n_jobs=jobs, progress=False)))
    assert tables[0] == tables[1] == tables[2] == tables[3] and len(tables[0]) == searcher.total(Space(SPACE))
    assert {row[3] for row in tables[0]} == {"complete", "failed"}


@pytest.mark.parametrize("searcher", SEARCHERS, ids=repr)
def test_every_trial_is_replayed_from_its_record(searcher: Searcher) -> None:
    study, fresh = Study(SPACE, searcher, seed=5).run(bowl, progress=False), type(searcher)
    arguments = searcher.values()
    results = [r for r in study._core.ledger.finished() if r is not None]
    for t in study.trials:
        again = fresh(**arguments)
        needs = again.needs(t.number)
        rng = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(t.number,)))
        pending = [other.params for other in study.trials[needs : t.number]]
        suggestion = again.suggest(study.space, results[:needs], pending, t.number, rng)
        assert (suggestion.params, suggestion.budget, suggestion.parent, suggestion.why) == (
            t.params, t.budget, t.parent, t.why)


def test_a_run_in_two_parts_equals_one() -> None:
    whole = Study(SPACE, Hyperband(**SMALL)).run(bowl, progress=False)
    parts = Study(SPACE, Hyperband(**SMALL))
    for n_trials in (6, 12, 19, None):
        parts.run(bowl, n_trials, progress=False)
    assert table(whole) == table(parts) and len(whole.trials) == 22
    with pytest.raises(Exhausted, match="the schedule of 22 trials is at its end"):
        whole.ask()


def test_an_earlier_study_s_trials_are_never_promoted() -> None:
    earlier = Study(SPACE, "random", seed=9).run(lambda t: -100.0, 30, progress=False)
    alone = Study(SPACE, Hyperband(**SMALL)).run(bowl, progress=False)
    after = Study(SPACE, Hyperband(**SMALL), start_from=earlier).run(bowl, progress=False)
    assert table(alone) == table(after)
    bohb = Hyperband(**SMALL, proposer=BayesianSearch(model="tpe"), random_share=0.0)
    study = Study(SPACE, bohb, start_from=earlier).run(bowl, progress=False)
    assert study.trials[0].why["proposed"]["searcher"] != "random"  # a model from the first trial on


# New configurations --------------------------------------------------------------------------------------------------


def test_an_enqueued_configuration_replaces_a_new_one_in_a_first_rung() -> None:
    study = Study(SPACE, Hyperband(**SMALL))
    good = {"x": 0.0, "y": 0.0, "c": "a"}
    study.enqueue(good)
    study.run(bowl, 9, progress=False)
    study.enqueue({"x": 1.0, "y": 1.0, "c": "b"})
    study.run(bowl, progress=False)
    trials = study.trials
    assert len(trials) == 22 and trials[0].params == good and trials[0].budget == 1 and trials[9].budget == 3
    assert trials[17].parent == 0 and trials[9].why["enqueued"] and "queue by the user" in study.why(9)
    running = Study(SPACE, Hyperband(**SMALL)).run(bowl, 17, progress=False)
    with pytest.raises(ValueError, match="params can't be enqueued now: trial 17 of the schedule is not a new conf"):
        running.enqueue(good)


@pytest.mark.parametrize("model", ["gp", "tpe", "auto"])
def test_no_configuration_is_proposed_twice(model: str) -> None:
    # The best point is a corner, and the model sees one budget only: it predicted the same corner in every bracket.
    space = {"x": Float(0.0, 1.0), "y": Float(0.0, 1.0), "c": ["a", "b"]}
    study = Study(space, Hyperband(27, proposer=BayesianSearch(model), random_share=0.0))
    study.run(lambda trial: trial.budget * (trial.params["x"] + trial.params["y"]), progress=False)
    new = [tuple(trial.params.values()) for trial in study.trials if trial.parent is None]
    assert len(new) == len(set(new)) == 27 + 12 + 6 + 4


@pytest.mark.parametrize("proposer", [None, GridSearch(), BayesianSearch(model="tpe"), RandomSearch("latin_hypercube")])
def test_in_a_finite_space_all_points_come_before_any_comes_again(proposer: Searcher | None) -> None:
    space = {"a": Int(1, 4), "b": ["x", "y"]}  # 8 points, and 17 new configurations
    study = Study(space, Hyperband(**SMALL, proposer=proposer), constraint=lambda p: p["a"] < 4 or p["b"] == "x")
    study.run(lambda t: t.params["a"] / t.budget, progress=False)
    new = [(t.params["a"], t.params["b"]) for t in study.trials if t.parent is None]
    assert len(new) == 17 and len(set(new[:7])) == len(set(new[7:14])) == 7 and len(set(new[14:])) == 3


class Watching(Searcher):
    """A proposer that needs the generation before, and notes what it is given."""

    def __init__(self) -> None:
        self._given: list[tuple[list[int], int, int]] = []

    def needs(self, number: int) -> int:
        return number // 4 * 4

    def suggest(self, space: Space, seen: Any, pending: Any, number: int, rng: Any) -> Suggestion:
        self._given.append(([result.number for result in seen], len(pending), number))
        return Suggestion(space.from_unit(rng.random(len(space.names))), why={"at": number})


def test_any_searcher_proposes_as_if_the_new_configurations_were_alone() -> None:
    watching = Watching()
    searcher = Hyperband(**SMALL, proposer=watching, random_share=0.0)
    study = Study(SPACE, searcher).run(bowl, progress=False)
    new = [t.number for t in study.trials if t.parent is None]
    assert [number for _, _, number in watching._given] == list(range(17))
    for seen, waiting, number in watching._given:
        assert seen == new[: number // 4 * 4] and waiting == number % 4
    assert "at: 3" in study.why(new[3])


def test_bohb_learns_from_the_largest_budget_that_has_enough() -> None:
    searcher, space = Hyperband(), Space(SPACE)
    results = [Result(k, {}, 1.0, "complete", budget) for k, budget in enumerate([1] * 81 + [3] * 27 + [9] * 9 + [27])]
    assert {r.budget for r in searcher.seen_by_model(space, Seen(results))} == {3}
    assert {r.budget for r in searcher.seen_by_model(space, Seen([*results, *results[108:]]))} == {9}
    assert {r.budget for r in searcher.seen_by_model(space, Seen(results[:5]))} == {1}
    assert searcher.seen_by_model(space, Seen()) == []
    failed = [result._replace(value=math.nan) for result in results if result.budget == 3]
    assert {r.budget for r in searcher.seen_by_model(space, Seen(results[:81] + failed))} == {1}


def test_how_many_results_are_enough_for_a_model_by_hand() -> None:
    # Ten, or three more than parameters: of eight parameters eleven. The largest budget with enough; with none, the
    # budget with the most results. A trial without a budget has had the whole one.
    def budget_of(d: int, *counts: tuple[float | None, int]) -> set[float | None]:
        results = [Result(0, {}, 1.0, "complete", budget) for budget, count in counts for _ in range(count)]
        space = Space({f"x{j}": Float(0.0, 1.0) for j in range(d)})
        return {result.budget for result in Hyperband().seen_by_model(space, Seen(results))}

    assert budget_of(2, (1, 27), (9, 10)) == {9} and budget_of(2, (1, 27), (9, 9)) == {1}
    assert budget_of(8, (1, 27), (9, 10)) == {1} and budget_of(8, (1, 27), (9, 11)) == {9}
    assert budget_of(2, (1, 3), (3, 7), (9, 5)) == {3}
    assert budget_of(2, (81, 12), (None, 10)) == {None}


def test_which_new_configurations_are_random_by_hand() -> None:
    # With a share of 1/4 every fourth of the 17, in the order of the numbers of new configurations.
    watching = Watching()
    Study(SPACE, Hyperband(**SMALL, proposer=watching, random_share=0.25)).run(bowl, progress=False)
    assert [number for _, _, number in watching._given] == [k for k in range(17) if k not in (3, 7, 11, 15)]


def test_what_each_trial_needs_by_hand() -> None:
    # Three configurations with budget 1, of which one is promoted to 3, and two with 3. By rungs these are trials 0 to
    # 2, 5, and 3 and 4: only trial 5 waits. By brackets they are 0 to 2, 3, and 4 and 5; a proposer that needs all new
    # configurations before its own waits for 0 to 2 before trial 4, and for trial 4 too before trial 5.
    assert [Hyperband(3).needs(number) for number in range(7)] == [0, 0, 0, 0, 0, 3, 3]
    bohb = Hyperband(3, proposer=BayesianSearch(parallel=1))
    assert [bohb.needs(number) for number in range(7)] == [0, 1, 2, 3, 3, 5, 5]


def test_a_share_of_bohb_s_new_configurations_is_random() -> None:
    searcher = Hyperband(max_budget=27, proposer=BayesianSearch(model="tpe"), random_share=1 / 3)
    study = Study(SPACE, searcher).run(bowl, progress=False)
    first = [t.why["proposed"]["searcher"] for t in study.trials if t.why["rung"] == 0 and t.why["bracket"] == 1]
    assert first.count("random") == 4 and len(first) == 12


def test_bohb_finds_more_than_random_first_rungs() -> None:
    def objective(trial: Trial) -> float:
        return sum((v - 0.3) ** 2 for v in trial.params.values()) + 0.1 / (trial.budget or 1)

    space = {name: Float(-1.0, 1.0) for name in "abcdef"}
    best: dict[str, list[float]] = {"random": [], "bohb": []}
    for seed in range(4):
        for name, proposer in (("random", None), ("bohb", BayesianSearch(model="tpe"))):
            study = Study(space, Hyperband(max_budget=27, proposer=proposer), seed=seed)
            best[name].append(study.run(objective, progress=False).best_value)
    assert np.mean(best["bohb"]) < np.mean(best["random"])


# What goes wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["budget", "parent", "params"])
def test_the_check_finds_what_is_not_as_the_schedule_says(change: str) -> None:
    study = Study(SPACE, Hyperband(**SMALL)).run(bowl, progress=False)
    results: list[Any] = list(study._core.ledger.finished())
    wrong = {"budget": 5, "parent": 8 if results[17].parent != 8 else 7, "params": {"x": 0.5, "y": 0.5, "c": "b"}}
    results[17] = results[17]._replace(**{change: wrong[change]})
    with pytest.raises(RuntimeError, match="trial 17"):
        study.searcher.check(results)


@pytest.mark.parametrize("call, message", [
    (lambda: Hyperband(max_budget=0), "max_budget is 0"),
    (lambda: Hyperband(max_budget=8.5), "max_budget is 8.5"),  # type: ignore[arg-type]
    (lambda: Hyperband(eta=1), "eta is 1"),
    (lambda: Hyperband(min_budget=100), "min_budget is 100"),
    (lambda: Hyperband(iterations=0), "iterations is 0"),
    (lambda: Hyperband(iterations=50_000), "the schedule has .* trials; it must have at most"),
    (lambda: Hyperband(proposer="tpe"), "proposer is 'tpe'"),  # type: ignore[arg-type]
    (lambda: Hyperband(proposer=Hyperband()), "without budgets of its own"),
    (lambda: Hyperband(random_share=1.5), "random_share is 1.5"),
    (lambda: Hyperband(order="rung"), "order is 'rung'.*did you mean 'rungs'"),
    (lambda: SuccessiveHalving(configurations=0), "configurations is 0"),
])
def test_bad_arguments_are_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_a_schedule_that_nobody_could_run_is_refused_at_once() -> None:
    for call in (lambda: Hyperband(max_budget=2**40), lambda: SuccessiveHalving(configurations=10**9)):
        with pytest.raises(ValueError, match="trials; it must have at most 100,000"):
            call()
