"""A study as it was before a trial: it proposes that trial again, and the rest of the study, bit for bit."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import SuccessiveHalving
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import read_study

SPACE = {
    "optimizer": ["sgd", "adam", "rmsprop"], "momentum": st.Float(0.0, 0.9, when={"optimizer": "sgd"}),
    "rate": st.Float(1e-3, 1.0, log=True), "units": st.Int(1, 9),
}
TRIALS = 18
Objective = Callable[[st.Trial], float]


def objective(trial: st.Trial) -> float | None:
    """Depends on the params, the seed, the budget and what the parent saved; some trials fail, some are stopped."""
    params, inherited = trial.params, trial.load()
    if params["units"] == 8:
        raise ValueError("eight units")
    start = 0.0 if inherited is None else float(inherited["weights"][0])
    value = abs(np.log10(params["rate"]) + 1.0) + 0.1 * params["units"] + params.get("momentum", 0.3)
    value += 1e-3 * (trial.seed % 7) + 0.01 * start
    for step in range(4):
        trial.report(value + 1.0 / (step + 1 + (trial.budget or 0)), step)
        if trial.should_stop():
            return None
    trial.save({"weights": np.array([value])})
    return float(value)


def told(trial: st.Trial) -> tuple[Any, ...]:
    """All that a trial holds, apart from times."""
    saved = None if trial.saved is None else {name: array.tobytes() for name, array in trial.saved.items()}
    return (trial.number, trial.params, trial.state, trial.value, trial.error, trial.traceback, trial.why, trial.budget,
            trial.parent, trial.reports, trial.scores, trial.visits, trial.seed, trial.attempts, saved)


def table(study: st.Study) -> list[tuple[Any, ...]]:
    return [told(trial) for trial in study.trials]


def made(searcher: Any, n_trials: int = TRIALS, n_jobs: int = 1, enqueued: bool = True, **arguments: Any) -> st.Study:
    """A study with a stopping rule, a constraint, an earlier study, and configurations enqueued at 0, 1 and later."""
    study = st.Study(SPACE, searcher, **{
        "seed": 3, "start_from": earlier(), "constraint": allowed, "stopping": st.MedianStopping(2, parallel=n_jobs),
        **arguments})
    if enqueued:
        study.enqueue({"optimizer": "adam", "rate": 0.2, "units": 3})
        study.enqueue({"optimizer": "adam", "rate": 0.3, "units": 8})
    return study.run(objective, n_trials, n_jobs=n_jobs, progress=False)


def earlier() -> st.Study:
    return st.Study(SPACE, "random", seed=5, constraint=allowed).run(objective, 4, progress=False)


def allowed(params: dict[str, Any]) -> bool:
    return params["units"] != 9


SEARCHERS = [
    st.GridSearch(3), st.RandomSearch(), st.RandomSearch("halton"), st.RandomSearch("latin_hypercube"),
    st.BayesianSearch("tpe", initial=4), st.GeneticSearch(6, offspring=3), st.Hyperband(4, 2),
    SuccessiveHalving(8, 4, 2), st.Hyperband(4, 2, proposer=st.BayesianSearch("tpe")),
    st.Hyperband(4, 2, proposer=st.GeneticSearch(4))]
WITH_A_PROCESS = [
    st.BayesianSearch("gp", initial=4), st.BayesianSearch(initial=4, parallel=3),
    st.Hyperband(4, 2, proposer=st.BayesianSearch("gp"))]


def check_every_trial(study: st.Study, numbers: range, n_jobs: int = 1) -> None:
    expected, before = table(study), study.best_trial
    for k in numbers:
        past = study.at(k)
        assert table(past) == expected[:k] and [past.why(number) for number in range(k)] == [
            study.why(number) for number in range(k)]
        if k < len(expected):
            asked = past.ask()
            assert (asked.number, asked.params, asked.why, asked.budget, asked.parent, asked.seed) == (
                k, *(expected[k][part] for part in (1, 6, 7, 8, 12)))
        again = study.at(k).run(objective, len(expected), n_jobs=n_jobs, progress=False)
        assert table(again) == expected, k
        assert again.best_trial.number == before.number and again.name == "study"
    assert table(study) == expected and study.best_trial is before


@pytest.mark.parametrize("searcher", SEARCHERS, ids=repr)
def test_a_copy_repeats_the_rest_of_the_study(searcher: st.Searcher) -> None:
    study = made(searcher)
    states = {trial.state for trial in study.trials}
    assert {"complete", "failed"} <= states and len(study.trials) >= 14
    check_every_trial(study, range(0, len(study.trials) + 1, 3))


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 3])
@pytest.mark.parametrize("searcher", [*SEARCHERS, *WITH_A_PROCESS], ids=repr)
def test_a_copy_repeats_the_study_from_every_trial(searcher: st.Searcher, n_jobs: int) -> None:
    study = made(searcher, 16, n_jobs)
    check_every_trial(study, range(n_jobs % 2, len(study.trials) + 1, 3), n_jobs=4 - n_jobs)


def test_the_gaussian_process_repeats_its_proposals() -> None:
    study = made(st.BayesianSearch("gp", initial=3), 8)
    check_every_trial(study, range(3, 9, 2))


def test_a_study_is_stepped_through() -> None:
    study = made("bayesian", 10, direction="maximize", start_from=None, enqueued=False)
    for k in range(1, 11):
        complete = [trial for trial in study.trials[:k] if trial.state == "complete"]
        if complete:
            best = max(complete, key=lambda trial: (trial.value, -trial.number))
            assert study.at(k).best_value == best.value and study.at(k).best_trial.number == best.number
    past = study.at(5)
    past.trials[0].reports[99] = 1.0
    past.run(objective, 12, progress=False)
    assert 99 not in study.trials[0].reports and len(study.trials) == 10 and len(past.trials) == 12


def test_another_space_starts_from_the_study_as_it_was() -> None:
    study = made("random", 8, constraint=None, enqueued=False)
    wider = st.Study(SPACE | {"units": st.Int(1, 20)}, "bayesian", start_from=study.at(5))
    seen = wider.run(objective, 3, progress=False)._core.definition.earlier
    assert [result.params for result in seen[-5:]] == [trial.params for trial in study.trials[:5]]
    assert len(wider.trials) == 3


# The file ------------------------------------------------------------------------------------------------------------


# Studies in every state ----------------------------------------------------------------------------------------------


def test_copies_of_copies_and_of_closed_studies(tmp_path: Path) -> None:
    study = made("genetic", 12, storage=tmp_path / "a.db", constraint=None)
    study.close()
    for one in (study, pickle.loads(pickle.dumps(study)), study.at(9).at(5)):
        assert table(one.at(5).run(objective, 12, progress=False)) == table(study)


def test_a_copy_has_the_part_of_the_queue_that_comes_next() -> None:
    study = made("random", 4)
    study.enqueue({"optimizer": "adam", "rate": 0.5, "units": 2})
    study.enqueue({"optimizer": "adam", "rate": 0.6, "units": 2}, by="a colleague")
    study.run(objective, 8, progress=False)
    for k, rates in ((0, [0.2, 0.3]), (1, [0.3]), (3, []), (4, [0.5, 0.6]), (6, [])):
        assert [params["rate"] for params in study.at(k).waiting] == rates
    past = study.at(5).run(objective, 8, progress=False)
    assert table(past) == table(study) and past.why(5) == "Trial 5: put into the queue by a colleague."


def test_a_copy_of_a_study_that_is_being_run_begins_its_running_trials_again() -> None:
    copies: list[st.Study] = []

    def copying(trial: st.Trial) -> float | None:
        if trial.number == 4:
            copies.append(study.at(5))
        return objective(trial)

    study = st.Study(SPACE, "random", seed=3)
    study.run(copying, 5, progress=False)
    assert copies[0].trials[4].state == "running"
    assert table(copies[0].run(objective, 8, progress=False))[5:] == table(study.run(objective, 8, progress=False))[5:]


def test_a_stored_study_at_a_trial(tmp_path: Path) -> None:
    study = made("random", 6, storage=tmp_path / "a.db")
    study.close()
    with File(tmp_path / "a.db", reading=True) as storage:
        past = read_study(storage, "study").at(4)
    assert len(past.trials) == 4 and past.best_value == study.at(4).best_value
    with pytest.raises(ValueError, match=r"k is 7; it must be an integer in \[0, 4\]"):
        past.at(7)


@pytest.mark.parametrize(("arguments", "error", "said"), [
    ((-1,), ValueError, "k is -1"), ((5,), ValueError, "k is 5"), ((1.5,), TypeError, "k is 1.5"),
    (("3",), TypeError, "k is '3'"), ((True,), TypeError, "k is True")])
def test_k_is_a_number_of_trials(arguments: Any, error: type[Exception], said: str) -> None:
    study = st.Study(SPACE, "random").run(objective, 4, progress=False)
    with pytest.raises(error, match=said):
        study.at(*arguments)
