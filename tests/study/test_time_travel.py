"""A study as it was before a trial, and forks: unchanged ones repeat the study bit for bit."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.search import SuccessiveHalving
from scratchtune.study.errors import StorageError
from scratchtune.study.file import File
from scratchtune.study.stored import read_study

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


def check_every_fork(study: st.Study, numbers: range, n_jobs: int = 1) -> None:
    expected, before = table(study), study.best_trial
    for k in numbers:
        past = study.at(k)
        assert table(past) == expected[:k] and [past.why(number) for number in range(k)] == [
            study.why(number) for number in range(k)]
        if k < len(expected):
            asked = past.ask()
            assert (asked.number, asked.params, asked.why, asked.budget, asked.parent, asked.seed) == (
                k, *(expected[k][part] for part in (1, 6, 7, 8, 12)))
        fork = study.fork(k).run(objective, len(expected), n_jobs=n_jobs, progress=False)
        assert table(fork) == expected, k
        assert fork.best_trial.number == before.number and fork.name == f"study-fork-{k}"
    assert table(study) == expected and study.best_trial is before


@pytest.mark.parametrize("searcher", SEARCHERS, ids=repr)
def test_an_unchanged_fork_repeats_the_rest_of_the_study(searcher: st.Searcher) -> None:
    study = made(searcher)
    states = {trial.state for trial in study.trials}
    assert {"complete", "failed"} <= states and len(study.trials) >= 14
    check_every_fork(study, range(0, len(study.trials) + 1, 3))


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 3])
@pytest.mark.parametrize("searcher", [*SEARCHERS, *WITH_A_PROCESS], ids=repr)
def test_an_unchanged_fork_repeats_the_study_from_every_trial(searcher: st.Searcher, n_jobs: int) -> None:
    study = made(searcher, 16, n_jobs)
    check_every_fork(study, range(n_jobs % 2, len(study.trials) + 1, 3), n_jobs=4 - n_jobs)


def test_the_gaussian_process_repeats_its_proposals() -> None:
    study = made(st.BayesianSearch("gp", initial=3), 8)
    check_every_fork(study, range(3, 9, 2))


def test_configurations_enqueued_later_have_the_same_numbers_in_the_fork() -> None:
    study = made("random", 6)
    for rate in (0.5, 0.6):
        study.enqueue({"optimizer": "adam", "rate": rate, "units": 2})
    study.run(objective, 12, progress=False)
    assert [trial.number for trial in study.trials if trial.why.get("enqueued")] == [0, 1, 6, 7]
    check_every_fork(study, range(13))
    fork = study.fork(4)
    fork.enqueue({"optimizer": "adam", "rate": 0.7, "units": 1})  # at trial 4, before those of the original
    fork.run(objective, 9, progress=False)
    rates = [trial.params["rate"] for trial in fork.trials if trial.why.get("enqueued")]
    assert rates == [0.2, 0.3, 0.7, 0.5, 0.6] and fork.trials[4].params["rate"] == 0.7


def test_a_queue_that_waits_is_forked_too() -> None:
    study = made("random", 4)
    study.enqueue({"optimizer": "adam", "rate": 0.5, "units": 2})
    study.enqueue({"optimizer": "adam", "rate": 0.6, "units": 2}, by="a colleague")
    again, fork, past = study.fork(2).fork(1), study.fork(4), study.at(3)
    study.run(objective, 8, progress=False)
    assert [study.trials[number].why for number in (4, 5)] == [{"enqueued": True}, {"enqueued": "a colleague"}]
    assert study.why(4) == "Trial 4: put into the queue by the user."
    for other in (again, fork, past, study.at(6), study.at(5)):
        assert table(other.run(objective, 8, progress=False)) == table(study)
        assert other.why(5) == "Trial 5: put into the queue by a colleague."


def test_a_fork_of_nothing_is_a_new_study() -> None:
    study = made("genetic", 10, enqueued=False)
    new = made("genetic", 10, enqueued=False)
    assert table(study.fork(0).run(objective, 10, progress=False)) == table(new) == table(study)
    assert study.fork(0).trials == [] and repr(study.fork(0).at(0)).startswith("<Study 'study-fork-0'")


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


# Changed forks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["random", "bayesian", "genetic", "grid"])
@pytest.mark.parametrize("second", ["grid", "random", "bayesian", "genetic"])
def test_another_searcher_continues(first: str, second: str) -> None:
    study = made(first, 7)
    fork = study.fork(6, searcher=second).run(objective, 9, progress=False)
    assert table(fork)[:6] == table(study)[:6] and [fork.why(k) for k in range(6)] == [study.why(k) for k in range(6)]
    points = [fork.space.key(trial.params) for trial in fork.trials]
    assert len(set(points)) == 9 and all(fork.why(number) for number in range(9))
    if first != second:
        assert fork.trials[6].why != study.trials[6].why and repr(fork.searcher) != repr(study.searcher)


def test_a_grid_after_random_trials_proposes_every_point() -> None:
    space = {"a": [0, 1, 2], "b": [0, 1, 2]}
    study = st.Study(space, "random").run(lambda trial: 1.0, 4, progress=False)
    fork = study.fork(4, "grid").run(lambda trial: 1.0, progress=False)
    assert len(fork.trials) == 9 == len({fork.space.key(trial.params) for trial in fork.trials})


def test_another_seed_is_that_of_the_later_trials() -> None:
    study = made(SuccessiveHalving(8, 4, 2), 14, stopping=None, enqueued=False)
    fork = study.fork(8, seed=9).run(objective, 14, progress=False)
    assert table(fork)[:8] == table(study)[:8] and fork.seed == 9
    assert fork.trials[8].parent == study.trials[8].parent and fork.trials[8].seed == study.trials[8].seed
    study = made("random", 8)
    once = study.fork(6, seed=9).run(objective, 10, progress=False)
    twice, back = once.fork(8, seed=3), once.fork(4)
    seeds = [trial.seed for trial in twice.run(objective, 10, progress=False).trials]
    assert seeds[:8] == [trial.seed for trial in once.trials[:8]] and seeds[8] != once.trials[8].seed
    assert seeds[:6] == [trial.seed for trial in study.trials[:6]] and seeds[6] != study.trials[6].seed
    assert table(back) == table(study)[:4] and back.seed == 9
    assert table(once.fork(7).run(objective, 10, progress=False)) == table(once)
    cut = once.fork(4, seed=5).run(objective, 8, progress=False)  # before trial 6, where the first fork began
    assert [trial.seed for trial in cut.trials[4:]] == [trial.seed for trial in made("random", 8, seed=5).trials[4:]]


def test_another_space_starts_from_the_study_as_it_was() -> None:
    study = made("random", 8, constraint=None, enqueued=False)
    wider = st.Study(SPACE | {"units": st.Int(1, 20)}, "bayesian", start_from=study.at(5))
    seen = wider.run(objective, 3, progress=False)._core.definition.earlier
    assert [result.params for result in seen[-5:]] == [trial.params for trial in study.trials[:5]]
    assert len(wider.trials) == 3


def test_a_schedule_that_has_other_trials_begins_anew() -> None:
    study = made("random", 8, enqueued=False)
    fork = study.fork(8, st.Hyperband(4, 2))
    assert fork.trials == [] and len(fork._core.definition.earlier) == 12
    halving = made(SuccessiveHalving(8, 4, 2), 10, enqueued=False)
    assert len(halving.fork(10, SuccessiveHalving(8, 4, 2)).trials) == 10  # the same schedule
    assert halving.fork(10, st.Hyperband(9, 3)).trials == []


def test_constraint_and_stopping_are_kept() -> None:
    study = made("random", 6)
    for fork in (study.fork(3), study.fork(3, "bayesian"), study.at(3)):
        assert fork.space.constraint is allowed and fork.stopping is study.stopping


# The file ------------------------------------------------------------------------------------------------------------


def test_a_stored_fork_is_complete_and_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    study = made(st.Hyperband(4, 2), 20, storage=path)
    for arguments in ({}, {"seed": 8, "name": "other"}):
        expected = table(study.fork(11, **arguments).run(objective, 20, progress=False))
        study.fork(11, storage=path, **arguments).close()
        name = arguments.get("name", "study-fork-11")
        with File(path, reading=True) as storage:
            stored = read_study(storage, name)
        assert len(stored.trials) == 11 and [stored.why(k) for k in range(11)] == [study.why(k) for k in range(11)]
        assert [trial.seed for trial in stored.trials] == [trial.seed for trial in study.trials[:11]]
        for end in (14, 17, 20):  # each time as if the process had been killed
            fork = study.fork(11, storage=path, **arguments).run(objective, end, progress=False)
            assert table(fork) == expected[:end]
            fork.close()
    same = {"searcher": st.Hyperband(4, 2), "stopping": st.MedianStopping(2, parallel=1), "constraint": allowed,
            "storage": path, "start_from": earlier()}
    again = st.Study(SPACE, seed=8, name="other", **same)
    assert table(again) == expected and again.why(3) == study.why(3)
    assert again.at(12).trials[11].seed == expected[11][12]


def test_a_fork_whose_enqueued_trials_are_resumed(tmp_path: Path) -> None:
    study = made("random", 4)
    study.enqueue({"optimizer": "adam", "rate": 0.5, "units": 2})
    study.run(objective, 6, progress=False)
    for end in (5, 6, 7):
        fork = study.fork(1, storage=tmp_path / "a.db")
        fork.enqueue({"optimizer": "adam", "rate": 0.9, "units": 2})  # trial 2, for trial 1 is the original's
        fork.run(objective, end, progress=False)
        fork.close()
    assert [trial.number for trial in fork.trials if trial.why.get("enqueued")] == [0, 1, 2, 4]
    assert fork.trials[2].params["rate"] == 0.9


def test_another_study_of_that_name_is_refused(tmp_path: Path) -> None:
    study = made("random", 6)
    study.fork(4, storage=tmp_path / "a.db").close()
    with pytest.raises(StorageError, match="has seed 3; this one has 9"):
        study.fork(4, storage=tmp_path / "a.db", seed=9)
    stored = made("random", 6, storage=tmp_path / "b.db")
    with pytest.raises(ValueError, match="name is 'study', which is this study's own name in "):
        stored.fork(4, storage=tmp_path / "b.db", name="study")
    other = made("random", 6, enqueued=False)
    with pytest.raises(StorageError, match="stored already, and is no such fork: its trial 0 is another one"):
        other.fork(4, storage=tmp_path / "a.db")
    with pytest.raises(StorageError, match="its trial 4 is another one, or missing"):
        study.fork(5, storage=tmp_path / "a.db", name="study-fork-4")


# Studies in every state ----------------------------------------------------------------------------------------------


def test_forks_of_a_study_that_is_being_run() -> None:
    study = st.Study(SPACE, "random", seed=1)
    waiting, released = threading.Event(), threading.Event()

    def slow(trial: st.Trial) -> float:
        if trial.number == 3:
            waiting.set()
            released.wait(10)
        return float(trial.params["units"])

    thread = threading.Thread(target=lambda: study.run(slow, 6, progress=False))
    thread.start()
    assert waiting.wait(10)
    fork, past = study.fork(4), study.at(3)
    released.set()
    thread.join()
    assert [trial.state for trial in fork.trials] == ["complete"] * 3 + ["running"]
    assert past.ask().params == study.trials[3].params
    fork.run(slow, 6, progress=False)
    assert [told(trial)[:4] for trial in fork.trials] == [told(trial)[:4] for trial in study.trials]
    assert fork.trials[3].attempts == 2


def test_forks_of_copies_and_of_closed_studies(tmp_path: Path) -> None:
    study = made("genetic", 12, storage=tmp_path / "a.db", constraint=None)
    study.close()
    for one in (study, pickle.loads(pickle.dumps(study)), study.fork(5), study.fork(9).fork(5)):
        assert table(one.fork(5).run(objective, 12, progress=False)) == table(study)


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
    for method in (study.at, study.fork):
        with pytest.raises(error, match=said):
            method(*arguments)


@pytest.mark.parametrize(("arguments", "said"), [
    ({"searcher": "bayesain"}, "did you mean 'bayesian'"), ({"seed": -1}, "seed is -1"),
    ({"name": 3}, "name is 3"), ({"storage": 3}, "storage is 3")])
def test_bad_arguments_of_a_fork(arguments: Any, said: str) -> None:
    study = st.Study(SPACE, "random").run(objective, 4, progress=False)
    with pytest.raises((TypeError, ValueError), match=said):
        study.fork(2, **arguments)
