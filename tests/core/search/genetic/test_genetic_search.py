"""The genetic search: its generations, its children, and what every searcher owes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Exhausted, Float, Int, Result, Space
from scratchtune.core.search.genetic import genetic_search
from scratchtune.core.search.genetic.genetic_search import GeneticSearch
from scratchtune.core.study.study import Study

MIXED = {
    "x": Float(-1.0, 1.0), "lr": Float(1e-4, 1e-1, log=True), "n": Int(1, 40), "c": ["a", "b", "c"],
    "m": Float(0.0, 1.0, when={"c": ["b", "c"]}), "k": Int(1, 3, when={"c": ["c"]}),
}


def _rng(number: int, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _loss(trial: Any) -> float:
    p = trial.params
    return (p["x"] - 0.3) ** 2 + abs(np.log10(p["lr"]) + 2.0) + 0.1 * (p["c"] != "b") + 0.3 * abs(p.get("m", 1.0) - 0.2)


def _study(searcher: GeneticSearch | None = None, trials: int = 60, loss: Callable[[Any], float] = _loss,
           space: Any = None, **options: Any) -> Study:
    study = Study(MIXED if space is None else space, searcher or GeneticSearch(), **options)
    return study.run(loss, n_trials=trials, progress=False)


def _results(study: Study) -> list[Result]:
    values = [float("nan") if t.value is None else t.value for t in study.trials]
    return [Result(t.number, t.params, v, t.state) for t, v in zip(study.trials, values, strict=True)]


# Generations ---------------------------------------------------------------------------------------------------------


def test_a_trial_waits_for_all_earlier_generations_and_for_nobody_else() -> None:
    searcher = GeneticSearch(population=6, offspring=3)
    assert [searcher.needs(n) for n in range(14)] == [0] * 6 + [6] * 3 + [9] * 3 + [12] * 2
    assert [searcher.generation(n) for n in (0, 5, 6, 8, 9)] == [0, 0, 1, 1, 2]
    assert [GeneticSearch(4, offspring=1).needs(n) for n in range(8)] == [0, 0, 0, 0, 4, 5, 6, 7]


def test_the_defaults_are_sized_for_small_budgets() -> None:
    searcher = GeneticSearch()
    assert searcher.population == GeneticSearch(None).population <= 20 and searcher.parents < searcher.population
    assert GeneticSearch(30).parents == 15 and GeneticSearch(2).parents == 2


def test_the_founders_are_spread_evenly_over_every_axis() -> None:
    space = {"x": Float(0.0, 8.0), "y": Float(0.0, 8.0), "c": ["a", "b"]}
    study = _study(GeneticSearch(8), 8, lambda trial: trial.params["x"], space)
    for name in ("x", "y"):
        assert sorted(int(trial.params[name]) for trial in study.trials) == list(range(8))
    assert [trial.params["c"] for trial in study.trials].count("a") == 4


def test_founders_come_from_the_priors() -> None:
    space = {"x": Float(0.0, 1.0, prior=(0.3, 0.05)), "c": Categorical(["a", "b"], prior=[0.0, 1.0])}
    study = _study(GeneticSearch(16), 60, lambda trial: trial.params["x"], space)
    founders = [trial.params["x"] for trial in study.trials[:16]]
    assert np.mean(founders) == pytest.approx(0.3, abs=0.03) and np.std(founders) < 0.1
    assert {trial.params["c"] for trial in study.trials} == {"b"}


def test_elitism_keeps_the_best_among_the_parents() -> None:
    study = _study(GeneticSearch(8, offspring=3, parents=3, tournament=50), 50)
    results = _results(study)
    for trial in study.trials[8:]:
        best = min(results[: study.searcher.needs(trial.number)], key=lambda result: result.value)
        assert trial.why["parents"][0] == {"number": best.number, "loss": best.value}


def test_without_elitism_the_best_is_forgotten() -> None:
    def falls_then_rises(trial: Any) -> float:
        return float(trial.number)

    study = _study(GeneticSearch(6, offspring=2, elitism=False), 30, falls_then_rises)
    assert min(parent["number"] for parent in study.trials[-1].why["parents"]) >= 28 - 6


# Children ------------------------------------------------------------------------------------------------------------


def test_without_mutation_a_childs_genes_are_its_parents() -> None:
    study = _study(GeneticSearch(10, crossover="uniform", mutation_rate=0.0), 60)
    results = {result.number: result.params for result in _results(study)}
    children = [trial for trial in study.trials if "mask" in trial.why]
    assert len(children) > 20
    for trial in children:
        assert trial.why["mutated"] == {}
        assert set(trial.why["mask"]) == set(trial.params)
        for name, origin in trial.why["mask"].items():
            if origin != "drawn":
                assert trial.params[name] == results[origin][name]


def test_without_crossover_a_child_differs_from_one_parent_in_its_mutated_genes() -> None:
    study = _study(GeneticSearch(10, crossover_rate=0.0, mutation_rate=0.0), 60)
    for trial in study.trials[10:]:
        parent = study.trials[trial.why["parents"][0]["number"]].params
        for name in set(trial.params) & set(parent) - set(trial.why["mutated"]):
            assert trial.params[name] == parent[name]
        assert len(trial.why["mutated"]) <= 1


@pytest.mark.parametrize("arguments", [
    {}, {"selection": "roulette"}, {"crossover": "blend"}, {"crossover": "uniform"}, {"mutation": "polynomial"},
    {"elitism": False}, {"brood": 1}, {"brood": 9}, {"offspring": 1}, {"population": 2}, {"crossover_rate": 0.5}])
def test_every_operator_finds_something_better_than_the_founders(arguments: dict[str, Any]) -> None:
    study = _study(GeneticSearch(**arguments), 80)
    values = [trial.value for trial in study.trials]
    assert min(values) < min(values[: study.searcher.population])  # type: ignore[attr-defined]
    assert min(values) < 0.4


@pytest.mark.slow
def test_it_is_better_than_random_search_at_the_same_budget() -> None:
    def median(searcher: Any) -> float:
        studies = [Study(MIXED, searcher, seed=seed).run(_loss, n_trials=80, progress=False) for seed in range(9)]
        return float(np.median([study.best_value for study in studies]))

    assert median(GeneticSearch()) < 0.5 * median("random")


def test_a_switch_that_mutates_finds_genes_behind_it() -> None:
    space = {"on": Categorical(["no", "yes"]), "x": Float(0.0, 1.0, when={"on": ["yes"]})}
    loss = {"no": 1.0, "yes": 0.0}
    study = Study(space, GeneticSearch(4, offspring=1))
    for _ in range(4):  # no parent has an x
        study.enqueue({"on": "no"}, again=True)
    study.run(lambda trial: loss[trial.params["on"]], n_trials=30, progress=False)
    drawn = [trial for trial in study.trials if trial.params["on"] == "yes" and trial.why["mask"]["x"] == "drawn"]
    assert drawn and all(0.0 <= trial.params["x"] <= 1.0 for trial in drawn)
    assert any(isinstance(trial.why["mask"].get("x"), int) for trial in study.trials[4:])


def test_why_is_plain_data_and_is_said_in_words() -> None:
    study = _study(GeneticSearch(8), 40)
    assert study.trials[0].why == {"searcher": "genetic", "generation": 0, "founder": 0}
    assert "founder 0" in study.why(0)
    for trial in study.trials[8:]:
        assert json.loads(json.dumps(trial.why)) == trial.why
        said = study.why(trial.number)
        assert f"Generation {trial.why['generation']}: a child of trial" in said
        assert "the most promising of 4" in said and len(trial.why["estimates"]) == 4
        assert trial.why["chosen"] == int(np.argmin(trial.why["estimates"]))
        assert all(f"{name} from" in said for name in trial.why["mutated"])
        for name, (before, after) in trial.why["mutated"].items():
            assert before != after and after == trial.params[name]
        assert all(parent["number"] < study.searcher.needs(trial.number) for parent in trial.why["parents"])


# Decisions by hand ---------------------------------------------------------------------------------------------------

LINE = Space({"x": Float(0.0, 1.0)})


def _seen(values: list[float], name: str = "x") -> list[Result]:
    """Finished trials with these values of a parameter, which are their losses too."""
    return [Result(i, {name: value}, float(value), "complete") for i, value in enumerate(values)]


def test_generations_of_the_defaults_by_hand() -> None:
    assert [GeneticSearch().needs(n) for n in (15, 16, 19, 20, 23, 24)] == [0, 16, 16, 20, 20, 24]
    assert GeneticSearch().parents == 8 and GeneticSearch(5).parents == 2 and GeneticSearch(3).parents == 2


def test_both_parents_are_never_the_same() -> None:
    searcher = GeneticSearch(2, tournament=1)
    for number in range(2, 40):
        parents = searcher.suggest(LINE, _seen([0.2, 0.7]), [], number, _rng(number)).why["parents"]
        assert sorted(parent["number"] for parent in parents) == [0, 1]


def test_an_earlier_study_s_trials_are_the_first_founders_by_hand() -> None:
    # With five earlier trials the first founder has point 5 of the hypercube; with eight there is none to suggest.
    searcher, values = GeneticSearch(8), [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08]
    alone = searcher.suggest(LINE, [], [], 5, _rng(5))
    after = searcher.suggest(LINE, _seen(values[:5]), [], 0, _rng(5))
    assert after.params == alone.params and after.why["founder"] == 0
    assert "founder" in searcher.suggest(LINE, _seen(values[:7]), [], 0, _rng(0)).why
    assert "parents" in searcher.suggest(LINE, _seen(values), [], 0, _rng(0)).why


def test_how_many_trials_the_surrogate_is_fitted_to_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Half of all; at least 16, if there are so many; at most 60.
    counts: list[int] = []

    class Surrogate:
        def __init__(self, space: Space, genes: np.ndarray) -> None:
            counts.append(len(genes))

        def estimates(self, genes: np.ndarray) -> np.ndarray:
            return np.zeros(len(genes))

    monkeypatch.setattr(genetic_search, "QuadraticSurrogate", Surrogate)
    for n in (10, 24, 40, 200):
        suggestion = GeneticSearch(8).suggest(LINE, _seen([i / 256.0 for i in range(n)]), [], n, _rng(n))
        assert suggestion.why["chosen"] == 0  # of equal estimates the first
    assert counts == [10, 16, 20, 60]


def test_a_range_of_few_values_is_inherited_and_one_of_more_is_blended() -> None:
    # The parents have the first and the last of n values; without mutation a child of 16 values has one of these two.
    for count in (16, 17):
        space = Space({"n": Int(1, count), "y": Float(0.0, 1.0)})
        seen = [Result(i, {"n": n, "y": y}, y, "complete") for i, (n, y) in enumerate(((1, 0.25), (count, 0.75)))]
        searcher = GeneticSearch(2, crossover="blend", mutation_rate=0.0, brood=1)
        children = {searcher.suggest(space, seen, [], 2, _rng(2, seed)).params["n"] for seed in range(20)}
        assert (children == {1, count}) == (count == 16)


def test_how_far_a_mutation_steps_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Half of the parents' standard deviation: of x, at 0.2 and 0.6, that is 0.1. The other genes are equal: then it is
    # 0.03 of the range, or 0.7 of a value's cell where that is more: 0.7 / 20 of n, but 0.03 of m, of 100 values.
    stds: dict[float, float] = {}

    def step(gene: float, std: float, rng: Any) -> float:
        stds[round(gene, 6)] = std
        return gene

    monkeypatch.setitem(genetic_search.MUTATIONS, "gaussian", step)
    space = Space({"x": Float(0.0, 1.0), "n": Int(1, 20), "m": Int(1, 100)})
    seen = [Result(i, {"x": x, "n": 10, "m": 31}, x, "complete") for i, x in enumerate((0.2, 0.6))]
    searcher = GeneticSearch(2, crossover="uniform", mutation_rate=1.0, brood=1)
    searcher.suggest(space, seen, [], 2, _rng(2))
    assert {gene: pytest.approx(std) for gene, std in stds.items()} == {
        **{gene: 0.1 for gene in (0.2, 0.6) if gene in stds}, 0.475: 0.035, 0.305: 0.03} and len(stds) > 2


# What every searcher owes --------------------------------------------------------------------------------------------


def test_every_trial_can_be_replayed_from_what_it_saw() -> None:
    study = _study(GeneticSearch(6, offspring=5), 40, seed=7)
    results = _results(study)
    for trial in study.trials:
        needed = study.searcher.needs(trial.number)
        pending = [result.params for result in results[needed : trial.number]]
        again = GeneticSearch(6, offspring=5).suggest(
            study.space, results[:needed], pending, trial.number, _rng(trial.number, 7))
        assert again.params == trial.params and again.why == trial.why


def test_neither_threads_nor_their_order_nor_an_interruption_change_a_bit() -> None:
    tables = [[(t.params, t.value) for t in study.trials] for study in (
        _study(trials=50), Study(MIXED, GeneticSearch()).run(_loss, n_trials=50, n_jobs=4, progress=False),
        _study(trials=23).run(_loss, n_trials=50, progress=False))]
    assert tables[0] == tables[1] == tables[2] != [(t.params, t.value) for t in _study(trials=50, seed=1).trials]
    backwards = Study(MIXED, GeneticSearch())
    while len(backwards.trials) < 48:
        brothers = [backwards.ask() for _ in range(4)]
        for trial in reversed(brothers):
            backwards.tell(trial, _loss(trial))
    assert [(t.params, t.value) for t in backwards.trials] == tables[0][:48]


def test_in_a_finite_space_every_point_comes_once_and_then_it_is_exhausted() -> None:
    space = Space({"a": Int(1, 4), "b": ["x", "y", "z"], "m": Categorical([1, 2], when={"b": ["z"]})})
    study = Study(space, GeneticSearch(5))
    for _ in range(16):
        trial = study.ask()
        study.tell(trial, float(trial.params["a"]))
    assert len({space.key(trial.params) for trial in study.trials}) == 16 == space.size
    with pytest.raises(Exhausted, match="all 16 points of the space have been proposed"):
        study.ask()


def test_a_constraint_holds() -> None:
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, constraint=lambda params: params["x"] < params["y"])
    study = _study(trials=80, loss=lambda trial: abs(trial.params["x"] - trial.params["y"]), space=space)
    assert all(trial.params["x"] < trial.params["y"] for trial in study.trials)
    rare = Space({"a": Int(1, 300), "b": Int(1, 300)}, constraint=lambda params: params["a"] == 7 and params["b"] < 9)
    study = _study(GeneticSearch(2), 8, lambda trial: trial.params["b"], rare)
    assert sorted(trial.params["b"] for trial in study.trials) == list(range(1, 9))
    for parameter in (Float(0.0, 1.0), Int(0, 5)):
        with pytest.raises(ValueError, match="constraint"):
            Study(Space({"x": parameter}, constraint=lambda params: False), GeneticSearch()).ask()


def test_failed_trials_are_no_parents() -> None:
    study = Study(MIXED, GeneticSearch(8))
    for number in range(40):
        trial = study.ask()
        study.tell(trial, float("nan") if number % 2 else _loss(trial))
    parents = {parent["number"] for trial in study.trials[8:] for parent in trial.why["parents"]}
    assert parents and not any(number % 2 for number in parents)


def test_where_everything_has_failed_it_goes_on_at_random() -> None:
    study = Study(MIXED, GeneticSearch(4))
    for number in range(20):
        study.tell(study.ask(), 1.0 if number == 12 else float("nan"))
    assert len({study.space.key(trial.params) for trial in study.trials}) == 20
    assert "drawn" in study.trials[19].why and "fewer than two trials have succeeded. Drawn at random" in study.why(19)


def test_an_earlier_study_and_enqueued_settings_can_be_parents() -> None:
    earlier = _study(trials=40)
    study = Study(MIXED, GeneticSearch(), start_from=earlier)
    study.enqueue(earlier.best_params)
    study.run(_loss, n_trials=18, progress=False)
    assert study.trials[0].why == {"enqueued": True}
    assert study.trials[1].why["parents"][0]["earlier_study"] is True
    assert "of the earlier study" in study.why(1)
    alone = Study(MIXED, GeneticSearch())
    alone.enqueue(earlier.best_params)
    alone.run(_loss, n_trials=24, progress=False)
    assert any(parent["number"] == 0 for trial in alone.trials[16:] for parent in trial.why["parents"])
    few = Study(MIXED, GeneticSearch(), start_from=_study(trials=5)).run(_loss, n_trials=20, progress=False)
    assert all("founder" in trial.why for trial in few.trials[:16])


def test_why_a_trial_of_generation_0_was_drawn() -> None:
    failed = Study(MIXED, GeneticSearch(4))
    for number in range(6):
        failed.tell(failed.ask(), 1.0 if number == 0 else float("nan"))
    study = Study(MIXED, GeneticSearch(4), start_from=failed)
    why = study.ask().why
    few = "fewer than two trials of the earlier study have succeeded"
    assert why["founder_refused"] is False and GeneticSearch().explain(why).startswith(f"Generation 0; {few}. Drawn at")
    later = {**why, "generation": 1}
    assert GeneticSearch().explain(later).startswith("Generation 1; fewer than two trials have succeeded. Drawn at")
    space = Space({"k": Int(1, 50)}, constraint=lambda params: params["k"] == 7)
    refused = GeneticSearch(4).suggest(space, [], [], 0, _rng(0)).why
    said = "Generation 0; the founder was a repetition of an earlier trial or not allowed by the constraint"
    assert refused["founder_refused"] is True and GeneticSearch().explain(refused).startswith(f"{said}. Drawn at")


@pytest.mark.parametrize("value", [0.0, 1e12, -1e300])
def test_constant_and_large_values_are_no_trouble(value: float) -> None:
    for selection in ("tournament", "roulette"):
        study = _study(GeneticSearch(selection=selection), 40, lambda trial: value)
        assert len({study.space.key(trial.params) for trial in study.trials}) == 40


def test_a_space_of_one_parameter_and_one_value_beside_it() -> None:
    study = _study(trials=30, loss=lambda trial: trial.params["x"], space={"x": Float(0.0, 1.0), "one": [3]})
    assert study.best_value < 0.02 and {trial.params["one"] for trial in study.trials} == {3}


@pytest.mark.parametrize(("arguments", "said"), [
    ({"population": 1}, "population is 1; it must be an integer of at least 2"),
    ({"population": 2.5}, "population is 2.5"),
    ({"offspring": 0}, "offspring is 0; it must be an integer of at least 1"),
    ({"parents": 1}, "parents is 1; it must be an integer of at least 2"),
    ({"selection": "rulette"}, "selection is 'rulette'.*did you mean 'roulette'"),
    ({"tournament": 0}, "tournament is 0"),
    ({"crossover": "two-point"}, "crossover is 'two-point'; it must be one of 'sbx', 'blend', 'uniform'"),
    ({"crossover_rate": 1.5}, r"crossover_rate is 1.5; it must be a finite number in \[0.0, 1.0\]"),
    ({"mutation": "gauss"}, "mutation is 'gauss'.*did you mean 'gaussian'"),
    ({"mutation_rate": -0.1}, "mutation_rate is -0.1"),
    ({"brood": 0}, "brood is 0; it must be an integer of at least 1"),
    ({"elitism": 1}, "elitism is 1"),
])
def test_bad_arguments_are_one_clear_sentence(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        GeneticSearch(**arguments)


def test_many_choices_are_judged_as_fast_as_few() -> None:
    study = Study({"c": list(range(1000)), "x": Float(0.0, 1.0)}, GeneticSearch(), seed=0)
    study.run(lambda trial: abs(trial.params["c"] % 10 - 3) + trial.params["x"], 60, progress=False)
    assert study.best_value < 1.0
