"""The benchmarks of searchers: conditions, workers, budgets and noise, the runs that are kept, and the scores."""

from __future__ import annotations

import importlib
import itertools
import json
import math
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # a tool of this repository: CI runs its tests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
askers, black_boxes, harness, peers, regrets_of = (importlib.import_module(f"benchmarks.common.{name}") for name in (
    "askers", "black_boxes", "harness", "peers", "regrets"))
groups, quality = (importlib.import_module(f"benchmarks.{name}") for name in ("search_groups", "search_quality"))


def square(params: dict[str, Any], share: float = 1.0) -> float:
    return (params["x"] - 0.3) ** 2


LINE = black_boxes.Case("line", (black_boxes.Axis("x", "real", 0.0, 1.0),), square, 0.0)


@pytest.mark.parametrize("made", [black_boxes.rastrigin_in_branches, black_boxes.optimizer_and_depth])
def test_conditional_functions_are_above_their_least_value(made: Any) -> None:
    case, rng = made("name", 0), np.random.default_rng(1)
    for _ in range(200):
        params = case.random_params(rng)
        assert set(params) == {axis.name for axis in case.axes if case.exists(axis.name, params)}
        assert case.loss(params) >= case.best - 1e-12


def test_every_searcher_of_ours_knows_the_conditions() -> None:
    case = black_boxes.optimizer_and_depth("name", 1)
    for name in (*groups.names_for("conditions", groups.OURS), "hyperband", "hyperband:tpe"):
        done = askers.evaluated(askers.asker(name, case, 12, 0), case.loss, 12, 1)
        assert all(set(params) == {axis.name for axis in case.axes if case.exists(axis.name, params)}
                   for params, _, _ in done)
        assert sum(share for _, _, share in done) == pytest.approx(12.0, abs=1.0)


def test_a_searcher_is_given_by_a_name_a_model_arguments_or_a_path() -> None:
    assert askers.our_searcher("bayesian:tpe").model == "tpe"
    assert askers.our_searcher("genetic:population=30").population == 30
    assert type(askers.our_searcher("scratchtune.core.search.random.RandomSearch")).__name__ == "RandomSearch"


@pytest.mark.parametrize("sampler", ["TPESampler", "GPSampler"])
def test_optunas_searchers_have_its_defaults(sampler: str) -> None:
    """The proposals are those of `optimize` with a sampler that is given nothing but a seed."""
    optuna = pytest.importorskip("optuna")
    pytest.importorskip("torch")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    case = black_boxes.Case("plane", (*LINE.axes, black_boxes.Axis("y", "real", 0.0, 1.0)),
                            lambda params: float(params["x"] * params["y"]), None)
    loss, plain = black_boxes.Recorder(case, 14), optuna.create_study(
        sampler=getattr(optuna.samplers, sampler)(seed=3))
    peers.minimise({"TPESampler": "Optuna TPE", "GPSampler": "Optuna GP"}[sampler], case, loss, 14, 3)
    plain.optimize(lambda trial: case.loss({name: trial.suggest_float(name, 0.0, 1.0) for name in "xy"}), n_trials=14)
    assert loss.values == [trial.value for trial in plain.trials]


def test_with_workers_the_oldest_evaluation_ends_first() -> None:
    told = []

    class Counting:
        asked = 0

        def ask(self) -> Any:
            self.asked += 1
            return self.asked, {"x": 0.1 * self.asked}, 1.0

        def tell(self, key: Any, loss: float) -> None:
            told.append((key, self.asked))

    done = askers.evaluated(Counting(), square, 5, 3)
    assert told == [(1, 3), (2, 4), (3, 5), (4, 5), (5, 5)] and len(done) == 5


def test_small_budgets_are_no_answer() -> None:
    assert groups.observed([({"x": 0.1}, 2.0, 1.0), ({"x": 0.2}, 1.0, 1.0), ({"x": 0.3}, 0.0, 1 / 9)]) == {"x": 0.2}


@pytest.mark.parametrize("group", ["noise 0", "mixed kinds", "budgets", "40 dimensions"])
def test_a_problem_has_its_optimum_inside_its_box(group: str) -> None:
    """No point is below the optimum, which the values of each axis contain; another number is another problem."""
    pytest.importorskip("ioh")
    for k in range(5):
        found, rng = black_boxes.problem(f"{group}, {k}"), np.random.default_rng(k)
        assert all(found.case.loss(found.case.random_params(rng), 1.0) >= found.case.best for _ in range(50))
        assert found.unit > 0.0 and found.case.trials == found.group.trials
    assert len({black_boxes.problem(f"{group}, {k}").case.best for k in range(5)}) == 5


def test_the_optimum_is_uniform_in_a_moved_box() -> None:
    """The share of the box below the optimum, of 200 coordinates: the mean is 0.5, with a standard error of 0.02."""
    ioh = pytest.importorskip("ioh")
    shares = []
    for k in range(50):
        case = black_boxes.moved_function("sphere", 1, 4, np.random.default_rng(k))
        instance = np.random.default_rng(k).integers(100, 1000)
        best = ioh.get_problem(1, int(instance), 4, ioh.ProblemClass.BBOB).optimum.x
        assert case.loss({axis.name: x for axis, x in zip(case.axes, best, strict=True)}) == pytest.approx(case.best)
        shares += [(x - axis.low) / 10.0 for axis, x in zip(case.axes, best, strict=True)]
    assert min(shares) >= 0.0 and max(shares) <= 1.0 and abs(np.mean(shares) - 0.5) < 0.08
    assert np.mean(np.abs(np.array(shares) - 0.5)) == pytest.approx(0.25, abs=0.05)  # not near the middle


def test_the_optimum_of_mixed_kinds_is_one_of_their_values() -> None:
    """All values of a problem of integers and choices alone are tried: the least loss is the optimum."""
    pytest.importorskip("ioh")
    for k in range(200):
        case = black_boxes.moved_function("sphere", 1, 4, np.random.default_rng(k), mixed=True)
        if all(axis.kind != "real" for axis in case.axes):
            break
    every = (dict(zip([axis.name for axis in case.axes], values, strict=True)) for values in itertools.product(
        *(axis.choices or range(int(axis.high) + 1) for axis in case.axes)))
    assert min(map(case.loss, every)) == pytest.approx(case.best)


def test_noise_draws_the_same_random_numbers_with_and_without_outliers() -> None:
    pytest.importorskip("ioh")
    noisy, outliers = (black_boxes.problem(f"{group}, 1") for group in ("noise 0.15", "outliers"))
    plain = [noisy.noise(np.random.default_rng(k)) / (0.15 * noisy.quartiles) for k in range(2000)]
    worse = [outliers.noise(np.random.default_rng(k)) / outliers.quartiles - 0.05 * plain[k] for k in range(2000)]
    assert np.std(plain) == pytest.approx(1.0, abs=0.05)
    far = [each for each in worse if each > 1e-9]
    assert len(far) / 2000 == pytest.approx(0.1, abs=0.02) and np.mean(far) == pytest.approx(3.0, abs=0.7)


def test_under_noise_the_model_answers() -> None:
    rng = np.random.default_rng(0)
    xs = np.linspace(0.0, 1.0, 41)
    done = [({"x": float(x)}, square({"x": x}) + 0.1 * float(rng.standard_normal()), 1.0) for x in xs]
    done[-1] = ({"x": 1.0}, -0.2, 1.0)  # favourable noise at a bad point
    assert all(abs(groups.recommended(LINE, done, margin)["x"] - 0.3) < 0.25 for margin in (0.0, 1.0))


def test_own_answers_of_other_libraries_are_observed_ones() -> None:
    pytest.importorskip("ioh")
    pytest.importorskip("optuna")
    ours, peer, noiseless = (dict(zip(groups.KINDS, groups.answer(name, case, 0, 12)["values"], strict=True))
                             for name, case in (("random", "noise 0.4, 7"), ("Optuna TPE", "noise 0.4, 7"),
                                                ("Optuna TPE", "20 dimensions, 7")))
    assert ours["own"] == ours["recommended"] and peer["own"] == peer["observed"]
    assert all(found["visited"] <= min(found.values()) for found in (ours, peer))
    assert len(set(noiseless.values())) == 1


# Scores ---------------------------------------------------------------------------------------------------------------


def test_scores_by_hand() -> None:
    assert regrets_of.score(np.array([1.0, 2.0, 9.0]), np.array([4.0, 4.0, 5.0])) == 0.5
    assert regrets_of.score(np.array([9.0]), np.array([4.0])) == -1.0
    assert [float(regrets_of.score(np.array([own]), np.zeros(1))) for own in (0.0, 1.0)] == [0.0, -1.0]


def runs_by_hand(**values: Any) -> dict[str, dict[int, np.ndarray]]:
    """Runs whose answers are all of one score, by problem and seed."""
    return {name: {k: np.array([[each] * len(groups.KINDS) for each in seeds]) for k, seeds in enumerate(problems)}
            for name, problems in values.items()}


def test_scores_differences_and_the_placebo_by_hand() -> None:
    """Two runs of each problem; the mean of A is (0.5 + 0.7) / 2, its lead 0.1 and 0.3, and its placebo 0.2 and 0."""
    assert groups.scores([[0.25], [0.0], [5.0]]).tolist() == [[0.75], [1.0], [-1.0]]
    runs = runs_by_hand(bayesian=[[0.6, 0.6], [1.0, 1.0], [0.2, 0.2]], A=[[0.6, 0.4], [0.7, 0.7]])
    rows = groups.group_table(runs, "g", "own").splitlines()[2:]
    cells = {row.split()[1]: [cell.strip() for cell in row.strip("|").split("|")] for row in rows}
    assert cells["A"] == ["A", "2", "+0.600 ± 0.100", "+0.200 ± 0.100", "2", "+0.100 ± 0.100"]
    assert cells["bayesian"][1:] == ["3", "+0.600 ± 0.231", "", "", "+0.000 ± 0.000"]


def test_first_level_or_behind() -> None:
    runs = runs_by_hand(bayesian=[[0.5], [0.6], [0.7]], worse=[[0.1], [0.3], [0.2]], level=[[0.7], [0.6], [0.6]])
    assert groups.bar(runs, "g", "own") == (
        "- PASS: g: BayesianSearch is first or level; ahead of it: none; level with it: level")
    runs |= runs_by_hand(better=[[0.7], [0.8], [0.8]])
    assert groups.bar(runs, "g", "own") == (
        "- FAIL: g: BayesianSearch is first or level; ahead of it: better +0.167 ± 0.033; level with it: level")


def test_searchers_are_compared_on_common_seeds() -> None:
    scores = regrets_of.Scores({
        ("random", "c"): np.ones(20), ("bayesian", "c"): np.array([0.2] * 5 + [0.8] * 15),
        ("Optuna TPE", "c"): np.full(5, 0.3)}, ["c"])
    mean, low, high = scores.ahead("bayesian", "Optuna TPE")
    assert mean == pytest.approx(0.1) and math.isnan(low) and math.isnan(high)  # five seeds are too few for an interval


def test_an_interval_holds_the_difference_as_often_as_it_says() -> None:
    """Two searchers whose regrets have one distribution: zero is in the interval of 200 draws in about 95 %."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        drawn = {(name, case): rng.exponential(size=20) for name in ("random", "a", "b") for case in "cde"}
        _, low, high = regrets_of.Scores(drawn, "cde").ahead("a", "b")
        held += low <= 0.0 <= high
    assert 180 <= held <= 200


def test_the_answers_of_one_search_are_compared() -> None:
    pytest.importorskip("ioh")
    found = dict.fromkeys(groups.KINDS, 0.0) | {"recommended": 0.8, "margin 1": 0.7, "observed": 0.5, "visited": 0.9}
    runs = {"bayesian": {k: np.array([list(found.values())] * 2) for k in range(6)}}
    rows = groups.rule_table(runs, "noise 0").splitlines()[2:]
    told = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[0] for row in told] == ["smooth", "rugged"] and sum(int(row[1]) for row in told) == 6
    assert [[cell.split(" ")[0] for cell in row[2:]] for row in told if row[1] != "0"][0] == [
        "+0.100", "+0.800", "+0.300", "-0.100"]
    assert "+0.800 | +0.000 |   +0.500 |  +0.900 |" in groups.answers_table(runs, "noise 0").splitlines()[2]


def test_an_unknown_optimum_is_the_best_of_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(black_boxes, "load", lambda name: black_boxes.Case(name, (), square, None))
    runs = {("random", "c"): {0: [3.0], 1: [2.0]}, ("other", "c"): {1: [1.0], 0: [5.0], 3: [4.0]}}
    found = quality.regrets_of(runs, ["c"])
    assert found["random", "c"].tolist() == [2.0, 1.0] and found["other", "c"].tolist() == [4.0, 0.0]


# Runs -----------------------------------------------------------------------------------------------------------------


class Answering:
    """A stand-in for a worker, which writes down what it is asked."""

    asked: list[dict[str, Any]]

    def __init__(self, *given: Any) -> None:
        pass

    def ask(self, **question: Any) -> dict[str, Any]:
        self.asked.append(question)
        if question["searcher"] == "broken":
            return {"error": "ValueError: no"}
        return {"values": [0.1 * k * float(question["seed"]) for k in range(1, 7)]}

    def close(self) -> None:
        pass


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr(regrets_of.harness, "Worker", Answering)
    monkeypatch.setattr(peers, "_version_of_ours", lambda: "ours 1")
    Answering.asked = []
    return Answering.asked


def test_an_interrupted_measurement_continues(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    def kept() -> Any:
        return regrets_of.Kept(tmp_path / "runs.json", answers=list(groups.KINDS))

    def measured(names: list[str], problems: int) -> Any:
        jobs = regrets_of.all_jobs(names, [f"conditions, {k}" for k in range(problems)], 2)
        regrets_of.run(groups.answer, jobs, 2, kept(), trials=None)
        return groups.runs_of(kept(), jobs)["conditions"]

    measured(["random"], 2)
    found = measured(["random", "bayesian"], 3)
    assert len(asked) == 4 + 2 + 6 and asked[-1]["trials"] is None
    assert sorted(found["bayesian"]) == [0, 1, 2] and found["bayesian"][2][:, 0].tolist() == [1.0, 0.9]
    assert len(measured(["random"], 1)["random"]) == 1 and len(asked) == 12  # the report of a command is of its runs
    assert groups.runs_of(kept(), [("genetic", "budgets, 0", 0)]) == {"budgets": {}}


def test_runs_of_other_code_or_of_another_suite_do_not_count(
    asked: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, jobs = tmp_path / "runs.json", [("random", "line", 0)]
    regrets_of.run(groups.answer, jobs, 1, regrets_of.Kept(path, suite="a"))
    assert regrets_of.Kept(path, suite="a").lacks(jobs) == [] and regrets_of.Kept(path, suite="b").lacks(jobs) == jobs
    monkeypatch.setattr(peers, "_version_of_ours", lambda: "ours 2")
    assert regrets_of.Kept(path, suite="a").lacks(jobs) == jobs


def test_a_searcher_that_has_failed_is_skipped_and_named(asked: list[dict[str, Any]]) -> None:
    answers, notes = regrets_of.run(groups.answer, regrets_of.all_jobs(["random", "broken"], ["line"], 3))
    assert notes == ["broken: ValueError: no (line, seed 0)"] and sum(job[0] == "random" for job in answers) == 3
    assert sum(question["searcher"] == "broken" for question in asked) == 1


def test_the_stored_runs_of_the_peers_are_whole() -> None:
    data = json.loads((harness.ROOT / "benchmarks/results/search_quality_runs.json").read_text(encoding="utf-8"))
    for name, entry in data["searchers"].items():
        seeds = quality.SLOW_SEEDS.get(name, quality.SEEDS)
        assert all(set(map(str, range(seeds))) <= set(entry["cases"][case]) for case in black_boxes.CASES), name


def test_a_command_measures_what_its_file_lacks_and_fewer_problems_of_slow_searchers(
    asked: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, number in (("NOISY_PROBLEMS", 3), ("PROBLEMS", 2), ("SLOW_PROBLEMS", 1)):
        monkeypatch.setattr(groups, name, number)
    given = Namespace(records=tmp_path / "runs.json", groups=["noise 0", "conditions"], seeds=1, workers=1, quick=False,
                      searchers=["bayesian:gp"], problems=None)
    runs = groups.measure(given)[0]
    assert [[len(some[name]) for name in ("random", "bayesian:gp")] for some in runs.values()] == [[3, 1], [2, 1]]
    assert (given.kept, len(asked)) == (0, 7)
    given.problems = 1
    assert len(groups.measure(given)[0]["noise 0"]["random"]) == 1 and (given.kept, len(asked)) == (4, 7)


def test_a_group_names_the_searchers_without_runs() -> None:
    runs = runs_by_hand(random=[[0.0], [0.1]], bayesian=[[0.8], [0.9]])
    parts, verdicts = groups.group_report(runs, "conditions", ["random", "bayesian", "SMAC3", "cmaes", "hyperband"])
    assert parts[:2] == ["## conditions", "Not run: SMAC3."] and len(parts) == 3
    assert len(verdicts) == 1 and "SMAC3" not in parts[2]
    assert groups.group_report(runs_by_hand(random=[[0.0]]), "noise 0", ["random"])[1] == []  # BayesianSearch is absent


def test_a_line_that_was_cut_off_is_removed_from_the_records(tmp_path: Path) -> None:
    records = tmp_path / "runs.jsonl"
    records.write_text('{"a": 1}\n{"a": ', encoding="utf-8")
    assert harness.kept_runs(records) == [{"a": 1}]
    assert records.read_text(encoding="utf-8") == '{"a": 1}\n'
    assert harness.kept_runs(tmp_path / "none.jsonl") == []
