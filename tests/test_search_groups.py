"""`benchmarks.search_groups`: conditions, workers and budgets, and what is told of them."""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
askers = importlib.import_module("benchmarks.common.askers")
group_cases = importlib.import_module("benchmarks.common.group_cases")
groups = importlib.import_module("benchmarks.search_groups")
black_boxes = importlib.import_module("benchmarks.common.black_boxes")

LINE = askers.Domain((black_boxes.Axis("x", "real", 0.0, 1.0),), {})


def square(params: dict[str, Any], share: float) -> float:
    return (params["x"] - 0.3) ** 2


@pytest.mark.parametrize("made", [group_cases.rastrigin_in_branches, group_cases.optimizer_and_depth])
def test_conditional_functions_are_above_their_least_value(made: Any) -> None:
    domain, loss, least = made(0)
    rng = np.random.default_rng(1)
    for _ in range(200):
        params = group_cases.random_params(domain, rng)
        assert set(params) == {axis.name for axis in domain.axes if domain.exists(axis.name, params)}
        assert loss(params, 1.0) >= least - 1e-12


def test_every_searcher_of_ours_knows_the_conditions() -> None:
    domain, loss, _ = group_cases.optimizer_and_depth(1)
    for name in (*groups.OURS, "hyperband", "hyperband:tpe"):
        done = askers.evaluated(askers.asker(name, domain, 12, 0), loss, 12, 1)
        assert all(set(params) == {axis.name for axis in domain.axes if domain.exists(axis.name, params)}
                   for params, _, _ in done)
        assert sum(share for _, _, share in done) == pytest.approx(12.0, abs=1.0)


def test_optunas_searchers_have_its_defaults() -> None:
    """The first proposals after the random ones are those of a study with nothing but a seed."""
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    domain = askers.Domain((*LINE.axes, black_boxes.Axis("y", "real", 0.0, 1.0)), {})
    peer, plain = askers.asker("Optuna TPE", domain, 20, 3), optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=3))
    for _ in range(20):
        key, params, _ = peer.ask()
        trial = plain.ask()
        assert params == {name: trial.suggest_float(name, 0.0, 1.0) for name in "xy"}
        peer.tell(key, params["x"] * params["y"])
        plain.tell(trial, params["x"] * params["y"])


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
    case = group_cases.GroupCase("line", "budgets", LINE, square, 0.0)
    done = [({"x": 0.3}, 0.0, 1.0 / 9.0), ({"x": 0.5}, 0.04, 1.0), ({"x": 0.9}, 0.36, 1.0)]
    assert groups.recommended(case, done) == {"x": 0.5}


def test_under_noise_the_model_answers() -> None:
    case = group_cases.GroupCase("line", "noise 0.4", LINE, square, 0.0, noise=0.4)
    rng = np.random.default_rng(0)
    xs = np.linspace(0.0, 1.0, 41)
    done = [({"x": float(x)}, square({"x": x}, 1.0) + 0.1 * float(rng.standard_normal()), 1.0) for x in xs]
    done[-1] = ({"x": 1.0}, -0.2, 1.0)  # favourable noise at a bad point
    assert abs(groups.recommended(case, done)["x"] - 0.3) < 0.25


def test_own_answers_of_other_libraries_are_observed_ones() -> None:
    assert groups.observed([({"x": 0.1}, 2.0, 1.0), ({"x": 0.2}, 1.0, 1.0), ({"x": 0.3}, 0.0, 0.5)]) == {"x": 0.2}
    pytest.importorskip("ioh")
    pytest.importorskip("optuna")
    ours, peer, noiseless = (groups.answer(name, case, 0, 12) for name, case in (
        ("random", "f01 d4, noise 0.4"), ("Optuna TPE", "f01 d4, noise 0.4"), ("Optuna TPE", "f01 d20")))
    assert ours["own"] == ours["recommended"] and peer["own"] == peer["observed"]
    assert noiseless["own"] == noiseless["recommended"] == noiseless["observed"]


def test_means_differences_and_bars() -> None:
    values = {"random": 1.0, "bayesian": 0.1, "bayesian:tpe": 0.4, "Optuna TPE": 0.3}
    regrets = {(name, "c"): np.full(20, value) for name, value in values.items()}
    lines = groups.group_table(regrets, "g", ["c"], list(values)).splitlines()
    assert lines[2].startswith("| bayesian ") and "+0.900" in lines[2]
    assert "+0.200 (+0.200 to +0.200)" in next(line for line in lines if "Optuna TPE" in line)
    first, intervals, tpe = groups.bars(regrets, "g", ["c"], list(values))
    assert first == "- PASS: g: BayesianSearch is first, +0.200 ahead of the best of the others, Optuna TPE"
    assert intervals == "- PASS: g: the interval of its lead is above zero against Optuna TPE"
    assert tpe == "- FAIL: g: bayesian:tpe less Optuna TPE -0.100 (-0.100 to -0.100)"


def test_searchers_are_compared_on_common_seeds() -> None:
    regrets = {("random", "c"): np.ones(20), ("bayesian", "c"): np.array([0.2] * 5 + [0.8] * 15),
               ("Optuna TPE", "c"): np.full(5, 0.3)}
    mean, low, high = groups.ahead(regrets, "bayesian", "Optuna TPE", ["c"])
    assert mean == pytest.approx(0.1) and math.isnan(low) and math.isnan(high)  # five seeds are too few for an interval
    rows = groups.group_table(regrets, "g", ["c"], ["random", "bayesian", "Optuna TPE"]).splitlines()
    assert "|     5 |     +0.700 |" in next(row for row in rows if "Optuna TPE" in row)
    assert "|    20 |     +0.200 |" in next(row for row in rows if row.startswith("| bayesian"))


def test_an_interrupted_measurement_continues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Answering:
        def __init__(self, *given: Any) -> None:
            self.name = given[1]

        def ask(self, **question: Any) -> dict[str, float]:
            asked.append(question)
            return {"recommended": float(question["seed"]), "own": 2.0 * float(question["seed"]),
                    "observed": 3.0 * float(question["seed"])}

        def close(self) -> None:
            pass

    monkeypatch.setattr(groups.harness, "Worker", Answering)
    case = group_cases.GroupCase("line", "conditions", LINE, square, 0.0)
    records = tmp_path / "runs.jsonl"
    groups.measured([case], ["random"], 2, None, records)
    found = groups.measured([case], ["random", "bayesian"], 3, None, records)
    assert len(asked) == 2 + 1 + 3
    assert found["recommended"]["bayesian", "line"].tolist() == [0.0, 1.0, 2.0]
    assert found["own"]["bayesian", "line"].tolist() == [0.0, 2.0, 4.0]
    kept = groups.measured([case], ["random", "bayesian", "genetic"], 0, None, records)
    assert len(asked) == 6 and set(kept["own"]) == {("random", "line"), ("bayesian", "line")}
    fewer = groups.measured([case], ["random", "bayesian"], 1, None, records)  # the report has all runs of the file
    assert len(asked) == 6 and fewer["recommended"]["random", "line"].tolist() == [0.0, 1.0, 2.0]


def test_nothing_to_report_is_said(tmp_path: Path) -> None:
    case = group_cases.GroupCase("line", "conditions", LINE, square, 0.0)
    with pytest.raises(SystemExit, match=r"runs\.jsonl.* none in conditions; choose --seeds 1"):
        groups.measured([case], ["random"], 0, None, tmp_path / "runs.jsonl")


def test_a_group_names_the_searchers_without_runs() -> None:
    case = group_cases.GroupCase("line", "conditions", LINE, square, 0.0)
    found = {(name, "line"): np.full(10, regret) for name, regret in (("random", 1.0), ("bayesian", 0.2))}
    parts, verdicts = groups.written(dict.fromkeys(groups.LABELS, found), {"conditions": [case]},
                                     ["random", "bayesian", "SMAC3"])
    assert parts[:2] == ["## conditions", "1 cases: line. Not run: SMAC3."] and len(parts) == 3
    assert len(verdicts) == 1 and "SMAC3" not in parts[2]


def test_a_line_that_was_cut_off_is_removed_from_the_records(tmp_path: Path) -> None:
    records = tmp_path / "runs.jsonl"
    records.write_text('{"a": 1}\n{"a": ', encoding="utf-8")
    assert groups.harness.kept_runs(records) == [{"a": 1}]
    assert records.read_text(encoding="utf-8") == '{"a": 1}\n'
    assert groups.harness.kept_runs(tmp_path / "none.jsonl") == []
