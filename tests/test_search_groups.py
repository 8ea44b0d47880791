"""The benchmarks of searchers: conditions, workers, budgets and noise, the runs that are kept, and the scores."""

from __future__ import annotations

import importlib
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
    for name in (*groups.OURS, "hyperband", "hyperband:tpe"):
        done = askers.evaluated(askers.asker(name, case, 12, 0), case.loss, 12, 1)
        assert all(set(params) == {axis.name for axis in case.axes if case.exists(axis.name, params)}
                   for params, _, _ in done)
        assert sum(share for _, _, share in done) == pytest.approx(12.0, abs=1.0)


def test_a_searcher_is_given_by_a_name_a_model_arguments_or_a_path() -> None:
    assert askers.our_searcher("bayesian:tpe").model == "tpe"
    assert askers.our_searcher("genetic:population=30").population == 30
    assert type(askers.our_searcher("scratchtune.search.random.RandomSearch")).__name__ == "RandomSearch"


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
                             for name, case in (("random", "f01 d4, noise 0.4"), ("Optuna TPE", "f01 d4, noise 0.4"),
                                                ("Optuna TPE", "f01 d20")))
    assert ours["own"] == ours["recommended"] and peer["own"] == peer["observed"]
    assert len(set(noiseless.values())) == 1


# Scores ---------------------------------------------------------------------------------------------------------------


def test_scores_by_hand() -> None:
    assert regrets_of.score(np.array([1.0, 2.0, 9.0]), np.array([4.0, 4.0, 5.0])) == 0.5
    assert regrets_of.score(np.array([9.0]), np.array([4.0])) == -1.0
    assert [float(regrets_of.score(np.array([own]), np.zeros(1))) for own in (0.0, 1.0)] == [0.0, -1.0]


def test_means_differences_and_bars() -> None:
    values = {"random": 1.0, "bayesian": 0.1, "bayesian:tpe": 0.4, "Optuna TPE": 0.3}
    scores = regrets_of.Scores({(name, "c"): np.full(20, value) for name, value in values.items()}, ["c"], True)
    lines = groups.group_table(scores, "g", list(values)).splitlines()
    assert lines[2].startswith("| bayesian ") and "+0.900" in lines[2]
    assert "+0.200 (+0.200 to +0.200)" in next(line for line in lines if "Optuna TPE" in line)
    first, intervals, tpe = groups.bars(scores, "g", list(values))
    assert first == "- PASS: g: BayesianSearch is first, +0.200 ahead of the best of the others, Optuna TPE"
    assert intervals == "- PASS: g: the interval of its lead is above zero against Optuna TPE"
    assert tpe == "- FAIL: g: bayesian:tpe less Optuna TPE -0.100 (-0.100 to -0.100)"


def test_searchers_are_compared_on_common_seeds() -> None:
    scores = regrets_of.Scores({
        ("random", "c"): np.ones(20), ("bayesian", "c"): np.array([0.2] * 5 + [0.8] * 15),
        ("Optuna TPE", "c"): np.full(5, 0.3)}, ["c"])
    mean, low, high = scores.ahead("bayesian", "Optuna TPE")
    assert mean == pytest.approx(0.1) and math.isnan(low) and math.isnan(high)  # five seeds are too few for an interval
    rows = groups.group_table(scores, "g", ["random", "bayesian", "Optuna TPE"]).splitlines()
    assert "|     5 |     +0.700 |" in next(row for row in rows if "Optuna TPE" in row)
    assert "|    20 |     +0.200 |" in next(row for row in rows if row.startswith("| bayesian"))


def test_an_interval_holds_the_difference_as_often_as_it_says() -> None:
    """Two searchers whose regrets have one distribution: zero is in the interval of 200 draws in about 95 %."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        drawn = {(name, case): rng.exponential(size=20) for name in ("random", "a", "b") for case in "cde"}
        _, low, high = regrets_of.Scores(drawn, "cde").ahead("a", "b")
        held += low <= 0.0 <= high
    assert 180 <= held <= 200


def test_the_answers_of_one_search_are_compared() -> None:
    """The scores of all are relative to random search's best observed trial."""
    regrets = {"recommended": 0.2, "own": 0.2, "observed": 0.5, "lowest mean": 0.3}
    found = {kind: {("random", "c"): np.ones(10), ("bayesian", "c"): np.full(10, value)}
             for kind, value in regrets.items()}
    row = groups.answers_table(found, "noise 1", ["c"], ["bayesian"]).splitlines()[2]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "bayesian", "10", "+0.800", "+0.300 (+0.300 to +0.300)", "+0.100 (+0.100 to +0.100)"]


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
        return {"values": [k * float(question["seed"]) for k in range(1, 5)]}

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

    def measured(names: list[str], seeds: int) -> Any:
        regrets_of.run(groups.answer, regrets_of.all_jobs(names, ["line"], seeds), 2, kept(), trials=None)
        return groups.regrets_of(kept(), {"conditions": ["line"]}, names)

    measured(["random"], 2)
    found = measured(["random", "bayesian"], 3)
    assert len(asked) == 2 + 1 + 3 and asked[-1]["trials"] is None
    assert found["recommended"]["bayesian", "line"].tolist() == [0.0, 1.0, 2.0]
    assert found["own"]["bayesian", "line"].tolist() == [0.0, 2.0, 4.0]
    assert set(measured(["random", "bayesian", "genetic"], 0)["own"]) == {("random", "line"), ("bayesian", "line")}
    fewer = measured(["random", "bayesian"], 1)  # the report has all runs of the file
    assert len(asked) == 6 and fewer["recommended"]["random", "line"].tolist() == [0.0, 1.0, 2.0]


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
    data = json.loads((harness.ROOT / "benchmarks/results/search_peers.json").read_text(encoding="utf-8"))
    for name, entry in data["searchers"].items():
        cases, seeds = ((black_boxes.SLOW, quality.SLOW_SEEDS[name]) if name in peers.SLOW else
                        (black_boxes.CASES, quality.SEEDS))
        assert all(set(map(str, range(seeds))) <= set(entry["cases"][case]) for case in cases), name


def test_nothing_to_report_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"runs\.json has no runs of random .* in conditions; choose --seeds 1"):
        groups.regrets_of(regrets_of.Kept(tmp_path / "runs.json"), {"conditions": ["line"]}, ["random"])


def test_a_group_names_the_searchers_without_runs() -> None:
    found = {(name, "line"): np.full(10, regret) for name, regret in (("random", 1.0), ("bayesian", 0.2))}
    parts, verdicts = groups.group_report(
        dict.fromkeys(groups.KINDS, found), "conditions", ["line"], ["random", "bayesian", "SMAC3"])
    assert parts[:2] == ["## conditions", "1 cases: line. Not run: SMAC3."] and len(parts) == 3
    assert len(verdicts) == 1 and "SMAC3" not in parts[2]


def test_a_line_that_was_cut_off_is_removed_from_the_records(tmp_path: Path) -> None:
    records = tmp_path / "runs.jsonl"
    records.write_text('{"a": 1}\n{"a": ', encoding="utf-8")
    assert harness.kept_runs(records) == [{"a": 1}]
    assert records.read_text(encoding="utf-8") == '{"a": 1}\n'
    assert harness.kept_runs(tmp_path / "none.jsonl") == []
