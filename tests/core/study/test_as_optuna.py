"""What Optuna's own tests of samplers and studies ask for, run with both libraries where Optuna is installed.

Each test is written once, with the names that both have, or with those of `Library`: so Optuna is the oracle. The tests
are ours; what they ask for follows Optuna's tests of `samplers`, `study` and `study.optimize`.

What does not apply, since it is designed otherwise here:

- An exception of the objective makes its trial a failed one, and the run continues; `catch` does not exist. So
  callbacks see every failed trial. Infinity is no value: such a trial has failed.
- A stopped (pruned) trial has the value of its last report; without a report it has failed.
- A trial of a study without a space must request a parameter, or it has failed.
- There is no `add_trial`, `get_trials`, `system_attrs`, study summaries, `delete_study`, or `gc_after_trial`; a study
  belongs to one file, and `start_from` begins with the trials of another one.
- The same seed gives the same trials on any number of workers, so nothing is reseeded.
- Searchers propose whole configurations: there is no independent sampling of single parameters, no partially fixed
  sampler, and no sampler whose random numbers are the user's.
- An enqueued value out of range makes its trial a failed one, where Optuna warns and draws another value.
"""

from __future__ import annotations

import importlib
import pickle
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st

STATES = {"COMPLETE": "complete", "FAIL": "failed", "PRUNED": "stopped", "RUNNING": "running"}


class Library:
    """One of the two, with a name for what the other one calls otherwise."""

    def __init__(self, name: str) -> None:
        self.name, self.is_ours = name, name == "scratchtune"
        self.module = importlib.import_module(name)
        self.TrialPruned = self.module.TrialPruned

    def create(self, sampler: str | None = None, **given: Any) -> Any:
        """A new study."""
        if self.is_ours:
            return st.create_study(sampler=ours(sampler) if sampler else None, **given)
        samplers = self.module.samplers
        kinds = {None: None, "random": samplers.RandomSampler, "bayesian": samplers.TPESampler,
                 "tpe": samplers.TPESampler, "genetic": samplers.NSGAIISampler, "nsga2": samplers.NSGAIISampler}
        kind = kinds[sampler]
        return self.module.create_study(sampler=kind(seed=0) if kind else None, **given)

    def optimize(self, study: Any, objective: Any, n_trials: int, **given: Any) -> None:
        """Run trials; a failed one does not end the run."""
        study.optimize(objective, n_trials, **given | ({} if self.is_ours else {"catch": (Exception,)}))

    def enqueue(self, study: Any, params: dict[str, Any]) -> None:
        """Try these params next."""
        (study.enqueue if self.is_ours else study.enqueue_trial)(params)

    def tell(self, study: Any, trial: Any, state: str) -> None:
        """End a trial without a value."""
        if self.is_ours:
            study.tell(trial, state=state)
        else:
            known = {ours: theirs for theirs, ours in STATES.items()}
            study.tell(trial, state=self.module.trial.TrialState[known[state]])

    def load(self, path: Path, name: str) -> Any:
        """A stored study."""
        return st.load_study(path, name) if self.is_ours else self.module.load_study(
            study_name=name, storage=f"sqlite:///{path}")

    def states(self, study: Any) -> list[str]:
        """The states of all trials, in our words."""
        return [trial.state if self.is_ours else STATES[trial.state.name] for trial in study.trials]


def ours(name: str) -> Any:
    """One of our searchers, that thinks from the second trial on."""
    return {"random": st.RandomSearch(), "bayesian": st.BayesianSearch(model="gp", initial=2),
            "tpe": st.BayesianSearch(model="tpe", initial=2), "genetic": st.GeneticSearch(population=4),
            "nsga2": st.NSGA2(population=4)}[name]


@pytest.fixture(params=["scratchtune", "optuna"])
def library(request: pytest.FixtureRequest) -> Library:
    """Each library in turn."""
    optuna = pytest.importorskip("optuna") if request.param == "optuna" else None
    if optuna is not None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
    return Library(request.param)


def bowl(trial: Any) -> float:
    x = trial.suggest_float("x", -1.0, 1.0)
    y = trial.suggest_float("y", 20.0, 30.0, log=True)
    z = trial.suggest_categorical("z", (-1.0, 1.0))
    return (x - 2.0) ** 2 + (y - 25.0) ** 2 + z


# Samplers ------------------------------------------------------------------------------------------------------------

SAMPLERS = ("random", "tpe", *(pytest.param(name, marks=pytest.mark.slow) for name in ("bayesian", "genetic", "nsga2")))
RANGES = [
    ("float", (-1.0, 1.0), {}), ("float", (0.0, 1.0), {}), ("float", (-1.0, 0.0), {}),
    ("float", (1e-7, 1.0), {"log": True}), ("float", (-10.0, 10.0), {"step": 0.1}),
    ("float", (-10.2, 10.2), {"step": 0.1}), ("float", (2.0, 2.0), {}),
    ("int", (-10, 10), {}), ("int", (0, 10), {}), ("int", (-10, 0), {}), ("int", (-10, 10), {"step": 2}),
    ("int", (0, 10), {"step": 2}), ("int", (-10, 0), {"step": 2}), ("int", (1, 100), {"log": True}),
    ("int", (3, 3), {})]


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("kind", "ends", "options"), RANGES)
def test_values_are_in_the_range_on_the_steps_and_of_pythons_type(
    library: Library, sampler: str, kind: str, ends: tuple[Any, Any], options: dict[str, Any],
) -> None:
    study = library.create(sampler)
    library.optimize(study, lambda trial: getattr(trial, f"suggest_{kind}")("x", *ends, **options) ** 2, 12)
    values = [trial.params["x"] for trial in study.trials]
    assert library.states(study) == ["complete"] * 12
    assert all(type(value) is (float if kind == "float" else int) and ends[0] <= value <= ends[1] for value in values)
    if "step" in options:
        steps = [(value - ends[0]) / options["step"] for value in values]
        assert steps == pytest.approx([round(step) for step in steps], abs=1e-7)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("choices", [(1, 2, 3), ("a", "b", "c"), (1, "a"), (None, True), ("only",)])
def test_choices_are_those_given(library: Library, sampler: str, choices: tuple[Any, ...]) -> None:
    study = library.create(sampler)
    library.optimize(study, lambda trial: choices.index(trial.suggest_categorical("x", choices)), 12)
    assert all(any(type(one) is type(trial.params["x"]) and one == trial.params["x"] for one in choices)
               for trial in study.trials)
    assert set(library.states(study)) == {"complete"}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_mixed_parameters_together(library: Library, sampler: str) -> None:
    def mixed(trial: Any) -> float:
        x, n = trial.suggest_float("x", -10.0, 10.0, step=0.5), trial.suggest_int("n", 1, 100, log=True)
        return x + n + trial.suggest_categorical("c", [-1, -10, -100])

    study = library.create(sampler)
    library.optimize(study, mixed, 12)
    for trial in study.trials:
        assert [type(trial.params[name]) for name in ("x", "n", "c")] == [float, int, int]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_parameter_that_some_trials_lack(library: Library, sampler: str) -> None:
    def branches(trial: Any) -> float:
        if trial.suggest_categorical("category", ["x", "y"]) == "x":
            return 0.1 if trial.suggest_categorical("of_x", ["a", "b"]) == "a" else 0.3
        return trial.suggest_float("of_y", 0.2, 1.0)

    study = library.create(sampler)
    library.optimize(study, branches, 14)
    assert set(library.states(study)) == {"complete"}
    assert all(set(trial.params) == {"category", f"of_{trial.params['category']}"} for trial in study.trials)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_ranges_that_change_from_trial_to_trial(library: Library, sampler: str) -> None:
    study = library.create(sampler)
    library.optimize(study, lambda trial: trial.suggest_float("x", 0.0, 1.0 + trial.number) ** 2, 12)
    assert all(0.0 <= trial.params["x"] <= 1.0 + trial.number for trial in study.trials)
    assert set(library.states(study)) == {"complete"}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_failed_and_stopped_trials_do_not_stop_a_sampler(library: Library, sampler: str) -> None:
    def often_fails(trial: Any) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        if trial.number % 3 == 0:
            raise ValueError("no value")
        if trial.number % 3 == 1:
            trial.report(x, 1)
            raise library.TrialPruned
        return x

    study = library.create(sampler)
    library.optimize(study, often_fails, 15)
    assert library.states(study) == ["failed", "stopped", "complete"] * 5


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_equal_values_and_no_parameters(library: Library, sampler: str) -> None:
    study = library.create(sampler)
    library.optimize(study, lambda trial: trial.suggest_float("x", 0.0, 1.0) * 0.0, 12)
    assert study.best_value == 0.0
    study = library.create(sampler)
    library.optimize(study, lambda trial: 1.0 * trial.suggest_int("x", 4, 4), 5)
    assert study.best_params == {"x": 4}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_same_seed_gives_the_same_trials(library: Library, sampler: str) -> None:
    found = []
    for _ in range(2):
        study = library.create(sampler)
        library.optimize(study, bowl, 12)
        found.append([trial.params for trial in study.trials])
    assert found[0] == found[1]


@pytest.mark.parametrize("sampler", ["bayesian", "tpe"])
def test_samplers_of_one_objective_refuse_several(library: Library, sampler: str) -> None:
    if not library.is_ours:
        pytest.skip("Optuna's TPE takes several objectives")
    with pytest.raises(ValueError, match="searches one objective"):
        library.create(sampler, directions=["maximize", "maximize"])


# Studies -------------------------------------------------------------------------------------------------------------


def test_a_study_without_trials_has_no_best_one(library: Library) -> None:
    study = library.create()
    for name in ("best_params", "best_value", "best_trial"):
        with pytest.raises(ValueError):
            getattr(study, name)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_best_trial_follows_the_direction(library: Library, direction: str) -> None:
    study = library.create("random", direction=direction)
    library.optimize(study, bowl, 10)
    library.optimize(study, bowl, 10)
    values = [trial.value for trial in study.trials]
    assert len(values) == 20 and [trial.number for trial in study.trials] == list(range(20))
    assert study.best_value == (min if direction == "minimize" else max)(values)
    assert study.best_params == study.best_trial.params and set(study.best_params) == {"x", "y", "z"}


def test_an_unknown_direction_is_refused(library: Library) -> None:
    with pytest.raises(ValueError):
        library.create(direction="test")


@pytest.mark.parametrize("n_trials", [1, 20])
@pytest.mark.parametrize("n_jobs", [1, 2, -1])
@pytest.mark.parametrize("stored", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_so_many_trials_on_so_many_workers(
    library: Library, n_trials: int, n_jobs: int, stored: bool, tmp_path: Path,
) -> None:
    calls: list[int] = []

    def counted(trial: Any) -> float:
        calls.append(trial.number)
        return bowl(trial)

    study = library.create("random", storage=f"sqlite:///{tmp_path / 'a.db'}" if stored else None)
    library.optimize(study, counted, n_trials, n_jobs=n_jobs)
    assert len(calls) == len(study.trials) == n_trials


def test_values_that_are_none(library: Library) -> None:
    given = [float("nan"), None, object(), [0, 1], "text", 1.0]
    study = library.create("random")
    library.optimize(study, lambda trial: (trial.suggest_int("x", 0, 1), given[trial.number])[1], len(given))
    assert library.states(study) == ["failed"] * 5 + ["complete"]
    assert [trial.value for trial in study.trials] == [None] * 5 + [1.0]


def test_attributes_of_studies_and_trials(library: Library, tmp_path: Path) -> None:
    def attached(trial: Any) -> float:
        trial.set_user_attr("train_accuracy", 1)
        assert trial.user_attrs["train_accuracy"] == 1
        return trial.suggest_float("x", 0.0, 1.0)

    study = library.create(storage=f"sqlite:///{tmp_path / 'a.db'}", study_name="one")
    study.set_user_attr("dataset", "MNIST")
    library.optimize(study, attached, 1)
    assert study.user_attrs["dataset"] == "MNIST" and study.trials[0].user_attrs["train_accuracy"] == 1
    if library.is_ours:
        study.close()
    again = library.load(tmp_path / "a.db", "one")
    assert again.user_attrs["dataset"] == "MNIST" and again.trials[0].user_attrs == {"train_accuracy": 1}


def test_a_stored_study_is_created_once_and_loaded(library: Library, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    study = library.create("random", storage=url, study_name="one")
    library.optimize(study, bowl, 3)
    if library.is_ours:
        study.close()
    with pytest.raises(ValueError if library.is_ours else library.module.exceptions.DuplicatedStudyError):
        library.create("random", storage=url, study_name="one")
    again = library.create("random", storage=url, study_name="one", load_if_exists=True)
    library.optimize(again, bowl, 3)
    assert len(again.trials) == 6
    if library.is_ours:
        again.close()
    assert len(library.load(tmp_path / "a.db", "one").trials) == 6
    with pytest.raises((KeyError, ValueError)):
        library.load(tmp_path / "a.db", "another")


def test_a_study_in_memory_is_pickled_and_continues(library: Library) -> None:
    study = library.create("random")
    library.optimize(study, bowl, 5)
    again = pickle.loads(pickle.dumps(study))
    library.optimize(again, bowl, 5)
    assert len(study.trials) == 5 and len(again.trials) == 10


def test_stop_in_an_objective_and_in_a_callback(library: Library) -> None:
    study = library.create("random")

    def stopping_at(number: int) -> Any:
        def objective(trial: Any) -> float:
            if trial.number >= number:
                study.stop()
            return trial.suggest_float("x", 0.0, 1.0)

        return objective

    library.optimize(study, stopping_at(4), 10)
    assert len(study.trials) == 5
    library.optimize(study, stopping_at(11), 10)
    assert len(study.trials) == 12
    study = library.create("random")
    library.optimize(study, bowl, 10, callbacks=[lambda study, trial: study.stop() if trial.number >= 4 else None])
    assert len(study.trials) == 5


def test_stop_with_two_workers_ends_soon(library: Library) -> None:
    study = library.create("random")
    library.optimize(study, bowl, 100, n_jobs=2,
                     callbacks=[lambda study, trial: study.stop() if trial.number >= 4 else None])
    assert 5 <= len(study.trials) <= 7


def test_stop_outside_a_run_is_an_error(library: Library) -> None:
    study = library.create("random")
    with pytest.raises(RuntimeError):
        study.stop()
    library.optimize(study, bowl, 1)
    assert len(study.trials) == 1


def test_a_run_within_a_run_is_an_error(library: Library) -> None:
    study = library.create("random")

    def nested(trial: Any) -> float:
        with pytest.raises(RuntimeError):
            study.optimize(bowl, 1)
        return trial.suggest_float("x", 0.0, 1.0)

    library.optimize(study, nested, 3)
    assert library.states(study) == ["complete"] * 3


@pytest.mark.parametrize("n_jobs", [1, 4])
def test_callbacks_see_each_trial_once(library: Library, n_jobs: int) -> None:
    values: list[float] = []
    params: list[dict[str, Any]] = []
    study = library.create("random")
    library.optimize(study, lambda trial: trial.suggest_int("x", 1, 1), 10, n_jobs=n_jobs, callbacks=[
        lambda study, trial: values.append(trial.value), lambda study, trial: params.append(trial.params)])
    assert values == [1.0] * 10 and params == [{"x": 1}] * 10
    states: list[Any] = []
    library.optimize(study, lambda trial: 1 / 0 if trial.number % 2 else int("one"), 10, n_jobs=n_jobs,
                     callbacks=[lambda study, trial: states.append(trial.state)])
    assert len(states) == 10 and library.states(study) == ["complete"] * 10 + ["failed"] * 10


# Ask and tell --------------------------------------------------------------------------------------------------------


def test_ask_and_tell(library: Library) -> None:
    study = library.create("random")
    trial = study.ask()
    assert library.states(study) == ["running"]
    trial.suggest_float("x", 0.0, 1.0)
    study.tell(trial, 1.0)
    stopped = study.ask()
    stopped.suggest_float("x", 0.0, 1.0)
    stopped.report(0.5, 1)
    library.tell(study, stopped, "stopped")
    library.tell(study, study.ask(), "failed")
    assert library.states(study) == ["complete", "stopped", "failed"] and study.best_value == 1.0


def test_tell_what_makes_no_sense(library: Library) -> None:
    study = library.create("random")
    trial = study.ask()
    trial.suggest_float("x", 0.0, 1.0)
    study.tell(trial, 1.0)
    with pytest.raises((RuntimeError, ValueError)):
        study.tell(trial, 1.0)
    with pytest.raises(ValueError):
        study.tell(study.ask().number + 1, 1.0)
    with pytest.raises(TypeError):
        study.tell("1", 1.0)


def test_enqueued_params_are_tried_first(library: Library) -> None:
    study = library.create("random")
    library.enqueue(study, {"x": -5, "y": 5})
    library.enqueue(study, {"x": -1})
    library.optimize(study, lambda t: t.suggest_int("x", -10, 10) ** 2 + t.suggest_int("y", -10, 10) ** 2, 3)
    assert study.trials[0].params == {"x": -5, "y": 5}
    assert study.trials[1].params["x"] == -1 and -10 <= study.trials[1].params["y"] <= 10
    library.enqueue(study, {"x": 3, "y": 4})
    assert study.ask().suggest_int("x", -10, 10) == 3


# Several objectives --------------------------------------------------------------------------------------------------


def test_directions_that_make_no_sense(library: Library) -> None:
    assert library.create(directions=["maximize"]).trials == []
    for given in ({"directions": []}, {"direction": "minimize", "directions": ["maximize"]},
                  {"directions": ["minimize", "up"]}):
        with pytest.raises(ValueError):
            library.create(**given)


@pytest.mark.parametrize("count", [2, 3])
def test_several_objectives_have_several_values(library: Library, count: int) -> None:
    study = library.create(directions=["minimize"] * count)
    library.optimize(study, lambda trial: [trial.suggest_float(f"v{i}", 0.0, 5.0) for i in range(count)], 10)
    assert all(len(trial.values) == count for trial in study.trials) and 1 <= len(study.best_trials) <= 10
    for wrong in (count - 1, count + 1):
        study = library.create(directions=["minimize"] * count)
        library.optimize(study, lambda trial, n=wrong: [trial.suggest_float(f"v{i}", 0.0, 5.0) for i in range(n)], 3)
        assert library.states(study) == ["failed"] * 3


def test_the_pareto_front_step_by_step(library: Library) -> None:
    def returning(values: list[int]) -> Any:
        return lambda trial: values if trial.suggest_int("any", 0, 1) >= 0 else []

    study = library.create("random", directions=["minimize", "maximize"])
    assert study.best_trials == []
    for values, front in ([2, 2], {(2, 2)}), ([1, 1], {(1, 1), (2, 2)}), ([3, 1], {(1, 1), (2, 2)}), ([1, 3], {(1, 3)}):
        library.optimize(study, returning(values), 1)
        assert {tuple(trial.values) for trial in study.best_trials} == front
    library.optimize(study, returning([1, 3]), 1)
    assert len(study.best_trials) == 2
