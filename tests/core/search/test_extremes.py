"""Spaces and values at the edge of what there is, for every searcher: the points are right, replayed, and explained."""

from __future__ import annotations

import contextlib
import io
import math
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scratchtune.core.search import Categorical, Float, Int, RandomSearch
from scratchtune.core.search.hyperband import Hyperband
from scratchtune.core.study import NotReady, Study, Trial
from tests.core.search import replaying
from tests.core.search.replaying import Make, searched, searched_or_skip

pytestmark = pytest.mark.slow

MIXED: dict[str, Any] = {
    "x": Float(-1.0, 1.0), "k": Int(1, 20), "c": ["a", "b", "c"],
    "y": Float(1e-4, 1.0, log=True, when={"c": ["a", "b"]})}


def chance(params: dict[str, Any]) -> float:
    """A value in [0, 2) that is fixed for each point, and follows no rule that could be learned."""
    return zlib.crc32(repr(params).encode()) % 1000 / 500.0


def one_of(*values: float) -> Callable[[dict[str, Any]], float]:
    return lambda params: values[zlib.crc32(repr(params).encode()) % len(values)]


SPACES: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], bool] | None]] = {
    "30 parameters": ({f"x{i}": Float(0.0, 1.0) if i % 3 else ["a", "b"] if i % 2 else Int(1, 9) for i in range(30)},
                      None),
    "choices alone": ({f"c{i}": [*range(5)] for i in range(8)}, None),
    "300 choices": ({"c": [*range(300)], "x": Float(0.0, 1.0)}, None),
    "choices of every kind": (
        {"c": [1, 1.0, True, None, float("nan"), [1, 2], {"a": 1}, (3,)], "x": Float(0.0, 1.0, when={"c": [1]}),
         "d": Int(0, 5, when={"c": [True, None]})}, None),
    "a condition that never holds": (
        {"a": [0, 1], "b": Categorical([0, 1], when={"a": 1}), "c": Float(0.0, 1.0, when={"b": 1, "a": 0}),
         "e": Int(1, 5)}, None),
    "the ends of floats": (
        {"x": Float(-8e307, 8e307), "l": Float(5e-324, 1.7976931348623157e308, log=True), "n": Float(1.0, 1.0 + 2**-52),
         "d": Float(-1e-320, 1e-320), "s": Float(0.0, 1.0, step=1e-12)}, None),
    "log ranges of a few floats": (
        {"x": Float(1e-4, 1e-4 + 1e-19, log=True), "y": Float(1e300, 1e300 * (1 + 1e-14), log=True),
         "p": Float(1e-4, 1e-4 + 1e-19, log=True, prior=(1e-4, 0.1))}, None),
    "the ends of whole numbers": (
        {"k": Int(0, 2**50 - 1), "b": Int(2**62, 2**62 + 100), "l": Int(1, 2**40, log=True)}, None),
    "sharp priors": (
        {"x": Float(0.0, 10.0, prior=(10.0, 1e-9)), "l": Float(1e-4, 1.0, log=True, prior=(1e-4, 1e-3)),
         "k": Int(0, 100, step=5, prior=(52, 1e6)), "c": Categorical(["a", "b", "c"], prior=[0.0, 1.0, 0.0]),
         "m": Int(1, 1000, log=True, prior=(10, 0.01))}, None),
    "a narrow constraint": ({"a": Float(0.0, 1.0), "b": Float(0.0, 1.0)}, lambda p: abs(p["a"] - p["b"]) < 0.02),
    "a sharp prior among millions": ({"k": Int(0, 2_000_000, prior=(5, 1e-9))}, None),
    "one of a thousand": ({k: Float(0.0, 1.0) for k in "xyz"}, lambda p: max(p.values()) < 0.1),
    "three that sum to 60": ({k: Int(0, 60) for k in "xyz"}, lambda p: sum(p.values()) == 60),
    "twenty of ten thousand": ({"a": Int(0, 99), "b": Int(0, 99)}, lambda p: p["a"] == 37 and p["b"] % 5 == 3),
}
VALUES: dict[str, Callable[[dict[str, Any]], float]] = {
    "huge": one_of(1e308, -1e308, 1e-320, 0.0, 1.7e308, -1.7e308),
    "tiny": one_of(1e-320, 0.0, -1e-320, 5e-324),
    "the least float and 0": one_of(0.0, 5e-324),
    "one value": lambda params: 1e12,
    "1e12 and a little": lambda params: 1e12 + chance(params),
    "nearly all failed": lambda params: chance(params) if chance(params) < 0.3 else math.nan,
    "the best is in a corner": lambda params: params["x"] - params["k"],
}


def run(study: Study, value_of: Callable[[dict[str, Any]], float], n_trials: int, make: Make, n_jobs: int = 1) -> Study:
    """Run, and hold every trial against the space, against its replay, and its reasons against what JSON can hold."""
    study.run(lambda trial: value_of(trial.params), n_trials, n_jobs=n_jobs, progress=False)
    for trial in study.trials:
        assert repr(study.space.check(trial.params)) == repr(trial.params)
        assert study.why(trial.number)
        replaying.assert_plain(trial.why)
    replaying.assert_replayed(study, make, study._core.definition.earlier)
    return study


@pytest.mark.parametrize("name", SPACES)
def test_spaces(make: Make, name: str) -> None:
    whole, constraint = SPACES[name]
    run(Study(searched_or_skip(make, whole), make(), seed=7, constraint=constraint), chance, 10, make)


def test_one_point_of_ten_thousand(make: Make) -> None:
    study = Study({"a": Int(0, 99), "b": Int(0, 99)}, make(), constraint=lambda p: p["a"] == 37 and p["b"] == 73)
    run(study, chance, 3, make)
    assert {tuple(trial.params.values()) for trial in study.trials} == {(37, 73)}
    assert len(study.trials) == (3 if isinstance(study.searcher, Hyperband) else 1)


@pytest.mark.parametrize("name", VALUES)
def test_values(make: Make, name: str) -> None:
    run(Study(searched(make, MIXED), make(), seed=7), VALUES[name], 14, make)


@pytest.mark.parametrize("value_of", [chance, None], ids=["the same value", "other values"])
def test_one_point_eight_times(make: Make, value_of: Any) -> None:
    study = Study(searched(make, MIXED), make(), seed=7)
    for _ in range(8):
        point = {"x": 0.25, "k": 3, "c": "b", "y": 0.01}
        study.enqueue({name: point[name] for name in study.space.names}, again=True)
    values = iter(range(100))
    run(study, value_of or (lambda params: float(next(values) % 5)), 18, make)


def test_eight_threads_and_the_trials_of_another_searcher(make: Make) -> None:
    for earlier in (RandomSearch(), Hyperband(max_budget=9)):
        first = Study(searched(make, MIXED), earlier, seed=3).run(
            lambda trial: chance(trial.params) if trial.number % 4 else math.nan, 15, progress=False)
        one, eight = (
            run(Study(first.space, make(), seed=7, start_from=first), chance, 16, make, n_jobs=n_jobs)
            for n_jobs in (1, 8))
        assert replaying.table(one) == replaying.table(eight)


def test_one_searcher_for_two_studies(make: Make) -> None:
    searcher = make()
    spaces = (searched(make, MIXED), {"x": Float(0.0, 1.0), "k": Int(1, 9)})
    both = [Study(space, searcher, seed=1) for space in spaces]
    for _ in range(12):
        for study in both:
            trial = study.ask()
            study.tell(trial, chance(trial.params))
    for study in both:
        replaying.assert_replayed(study, make)


ROOT = Path(__file__).parents[3]
SCRIPT = """
import hashlib
from tests.core.search import replaying
for name, make in replaying.EVERY.items():
    study = replaying.study_of(make).run(replaying.objective, 14, progress=False)
    print(name, hashlib.sha256(repr(replaying.table(study)).encode()).hexdigest())
"""


def test_another_process_with_another_order_of_hashes_gives_the_same_tables() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "3", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    with contextlib.redirect_stdout(io.StringIO()) as here:
        exec(SCRIPT, {})
    assert here.getvalue() == done.stdout and "bohb" in done.stdout


def test_a_trial_that_is_told_late_is_not_seen_before(make: Make) -> None:
    study = Study(searched(make, MIXED), make(), seed=2)
    waiting: list[Trial] = []
    for _ in range(30):
        try:
            waiting.append(study.ask())
        except NotReady as error:
            late = waiting.pop(0)
            assert error.awaited == late.number
            study.tell(late, chance(late.params))
    for trial in waiting:
        study.tell(trial, chance(trial.params))
    replaying.assert_replayed(study, make)
    in_order = Study(searched(make, MIXED), make(), seed=2).run(
        lambda trial: chance(trial.params), len(study.trials), progress=False)
    assert replaying.table(in_order) == replaying.table(study)
