"""Properties of any study: whatever its space, failures, queue and interruptions, its table is that of nobody's touch.

The cases are drawn by Hypothesis; `pytest --hypothesis-profile=search` draws other ones each time (see tests/drawing).
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st

from ...drawing import hypothesis

draws = hypothesis.strategies

TRIALS = 7
SEARCHERS: dict[str, Callable[[], Any]] = {
    "random": st.RandomSearch, "grid": lambda: st.GridSearch(resolution=3),
    "tpe": lambda: st.BayesianSearch(model="tpe", initial=3, parallel=2),
    "genetic": lambda: st.GeneticSearch(population=3), "hyperband": lambda: st.Hyperband(max_budget=4, eta=2)}
NAMES = ["rate", "units", "kind", "größe", "a b", "x.y", "number", "value"]


@draws.composite
def ranges(draw: Any) -> Any:
    """One parameter: a float or integer range, on a log scale or with a step, or choices of any plain kind."""
    kind = draw(draws.sampled_from(["float", "log", "step", "int", "choices"]))
    low = draw(draws.floats(-1e6, 1e6))
    if kind == "float":
        return st.Float(low, low + draw(draws.floats(0, 1e6)))
    if kind == "log":
        return st.Float(low := draw(draws.floats(1e-9, 1e3)), low * draw(draws.floats(1, 1e6)), log=True)
    if kind == "step":
        return st.Float(0.0, 0.25 * draw(draws.integers(0, 40)), step=0.25)
    if kind == "int":
        return st.Int(first := draw(draws.integers(-1000, 1000)), first + draw(draws.integers(0, 40)))
    plain = draws.one_of(draws.text(max_size=5), draws.integers(-9, 9), draws.booleans(), draws.none(),
                         draws.lists(draws.integers(0, 9), max_size=3))
    return st.Categorical(draw(draws.lists(plain, min_size=1, max_size=4, unique_by=repr)))


@draws.composite
def spaces(draw: Any) -> dict[str, Any]:
    """One to four parameters, the last of which may depend on a choice before it."""
    names = draw(draws.lists(draws.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    space = {name: draw(ranges()) for name in names}
    if draw(draws.booleans()):
        space |= {"optimizer": ["sgd", "adam"], "momentum": st.Float(0, 0.99, when={"optimizer": ["sgd"]})}
    return space


@draws.composite
def cases(draw: Any) -> dict[str, Any]:
    """A study: its space, searcher and seed, what fails, how many configurations wait in its queue, when it ends."""
    return {"space": draw(spaces()), "searcher": draw(draws.sampled_from(sorted(SEARCHERS))),
            "seed": draw(draws.integers(0, 2**31)), "failing": draw(draws.integers(0, 3)),
            "queue": draw(draws.integers(0, 3)), "end": draw(draws.integers(0, TRIALS)),
            "workers": draw(draws.sampled_from([1, 3]))}


def objective(case: dict[str, Any]) -> Callable[[st.Trial], float]:
    """A value that depends on the parameters alone; of every four trials ``failing`` raise, or return NaN."""
    def value(trial: st.Trial) -> float:
        number = zlib.crc32(repr(sorted(trial.params.items(), key=lambda item: item[0])).encode())
        if number % 4 < case["failing"]:
            if number % 2:
                raise ValueError(f"no value for {number}")
            return float("nan")
        return number / 2**32 - (trial.budget or 0.0)

    return value


def made(case: dict[str, Any], path: Path | None = None) -> st.Study:
    """The study, its queue filled with configurations that another study of its space has tried."""
    study = st.Study(case["space"], SEARCHERS[case["searcher"]](), seed=case["seed"], storage=path)
    if case["queue"]:
        other = st.Study(case["space"], "random", seed=case["seed"] + 1)
        other.run(lambda trial: 0.0, case["queue"], progress=False)
        for trial in other.trials:
            study.enqueue(trial.params)
    return study


def run(study: st.Study, case: dict[str, Any], trials: int, workers: int = 1) -> st.Study:
    """Run it to so many trials; its failures never end it."""
    if trials:
        study.run(objective(case), trials, n_jobs=workers, progress=False)
    return study


def table(study: st.Study) -> list[tuple[Any, ...]]:
    """What a study's trials are, without their times."""
    return [(t.number, repr(t.params), t.state, t.value, t.error, t.budget, t.parent, t.seed, repr(t.why))
            for t in study.trials]


@pytest.mark.slow
@hypothesis.given(case=cases())
def test_a_closed_study_continues_as_if_it_had_not_been_closed(case: dict[str, Any], fresh: Callable[[], Path]) -> None:
    whole = table(run(made(case), case, TRIALS))
    path = fresh() / "study.db"
    with made(case, path) as study:
        run(study, case, case["end"], case["workers"])
    with st.load_study(path) as study:
        assert table(run(study, case, TRIALS, case["workers"])) == whole


@hypothesis.given(case=cases())
def test_a_killed_study_continues_as_if_it_had_not_been_killed(case: dict[str, Any], fresh: Callable[[], Path]) -> None:
    """A copy of its files in the middle of a trial is what a kill leaves; the same script runs on it again."""
    whole = table(run(made(case), case, TRIALS))
    folder, copied = fresh(), fresh() / "copied"
    value = objective(case)

    def killed(trial: st.Trial) -> float:
        if trial.number >= case["end"] and not copied.exists():
            shutil.copytree(folder, copied)
        return value(trial)

    with made(case, folder / "study.db") as study:
        study.run(killed, TRIALS, progress=False)
        assert table(study) == whole
    if copied.exists():
        with made(case, copied / "study.db") as study:
            assert table(run(study, case, TRIALS, case["workers"])) == whole


@pytest.mark.slow
@hypothesis.given(case=cases())
def test_a_backup_continues_alike(case: dict[str, Any], fresh: Callable[[], Path]) -> None:
    folder = fresh()
    with made(case, folder / "study.db") as study:
        run(study, case, case["end"], case["workers"])
        study.backup(folder / "backup.db")
        whole = table(run(study, case, TRIALS))
    with st.load_study(folder / "backup.db") as study:
        assert table(run(study, case, TRIALS, case["workers"])) == whole


@hypothesis.given(case=cases())
def test_what_is_read_from_the_file_is_what_was_run(case: dict[str, Any], fresh: Callable[[], Path]) -> None:
    path = fresh() / "study.db"
    with made(case, path) as study:
        run(study, case, TRIALS, case["workers"])
        told, space = table(study), study.space
        study.to_csv(path.with_suffix(".csv"))
        assert all(study.why(number) for number in range(len(told)))
    with st.load_study(path) as study:
        assert table(study) == told and repr(study.space) == repr(space)
    lines = path.with_suffix(".csv").read_text(encoding="utf-8")
    assert lines.startswith("number,state,value")
