"""The same search in each library, for `benchmarks.same_job`: what a user writes to tune a network with it.

A tuner is a function from a `Job` to the best configuration and its score. Its lines are counted. All search the same
space, of which the grid is a part; those that stop bad trials early get the same most epochs.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

DATA = "SAME_JOB_DATA"  # the variable with the path of the digits, so that a process need not import scratchtune
FOLDS, EPOCHS, ETA = 3, 9, 3
RATE, UNITS, BATCHES = (1e-4, 1e-1), (16, 128), (32, 64, 128)
RATES, SIZES = (0.0001, 0.0005, 0.002, 0.01, 0.05), (32, 128)  # of the grid, with the batch sizes 30 configurations

FIRST = {"learning_rate": 0.01, "units": 16, "batch_size": 32}  # of a training before the search

Best = tuple[dict[str, Any], float]


class Data(NamedTuple):
    """Training and held-out digits, gray levels from 0 to 1, and the folds of the training set."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    folds: list[tuple[np.ndarray, np.ndarray]]


@cache
def data() -> Data:
    """The digits, from the file that the main process has written."""
    with np.load(os.environ[DATA]) as file:
        folds = [(file[f"train{i}"], file[f"test{i}"]) for i in range(FOLDS)]
        return Data(file["X"], file["y"], file["X_test"], file["y_test"], folds)


def write_data(path: Path) -> None:
    """Write the digits: a fifth is held out; the folds are stratified."""
    import scratchtune as st

    X, y = st.datasets.load_digits()
    X = np.ascontiguousarray(X / 16.0, np.float32)
    X, X_test, y, y_test = st.train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    folds = {f"{name}{i}": rows
             for i, split in enumerate(st.StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(X, y))
             for name, rows in zip(("train", "test"), split, strict=True)}
    np.savez(path, X=X, y=y, X_test=X_test, y_test=y_test, **folds)


@dataclass
class Job:
    """What is tuned: a network, with a number of trials and a seed; it counts epochs and the seconds of training."""

    network: Callable[[dict[str, Any], int], Any]
    budget: int
    seed: int
    epochs: int = 0
    seconds: float = 0.0
    trials: int = 0

    def networks(self, params: dict[str, Any]) -> list[Any]:
        """An untrained network for each fold."""
        self.trials += 1
        return self._timed(lambda: [self.network(params, self.seed) for _ in range(FOLDS)])

    def trained(self, networks: list[Any], epochs: int) -> float:
        """Train the networks of the folds for so many more epochs; return their mean accuracy."""
        def work() -> float:
            scores = []
            for network, (train, test) in zip(networks, data().folds, strict=True):
                network.fit(data().X[train], data().y[train], epochs)
                scores.append(np.mean(network.predict(data().X[test]) == data().y[test]))
            return float(np.mean(scores))

        self.epochs += epochs * FOLDS
        return self._timed(work)

    def score(self, params: dict[str, Any], epochs: int = EPOCHS) -> float:
        """The mean accuracy of a configuration over the folds."""
        return self.trained(self.networks(params), epochs)

    def held_out(self, params: dict[str, Any]) -> float:
        """The accuracy on the held-out digits after training on all others; it is not counted."""
        network = self.network(params, self.seed)
        network.fit(data().X, data().y, EPOCHS)
        return float(np.mean(network.predict(data().X_test) == data().y_test))

    def _timed(self, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        found = work()
        self.seconds += time.perf_counter() - begun
        return found


# scratchtune ----------------------------------------------------------------------------------------------------------


def ours(job: Job, searcher: Any) -> Best:
    """scratchtune: a study with any searcher."""
    import scratchtune as st

    space = {"learning_rate": st.Float(*RATE, log=True), "units": st.Int(*UNITS), "batch_size": list(BATCHES)}
    study = st.tune(lambda trial: job.score(trial.params), space, searcher, job.budget, "maximize", job.seed,
                    progress=False)
    return study.best_params, study.best_value


def our_hyperband(job: Job) -> Best:
    """scratchtune: Hyperband, whose trials say for how many epochs they are trained."""
    import scratchtune as st

    space = {"learning_rate": st.Float(*RATE, log=True), "units": st.Int(*UNITS), "batch_size": list(BATCHES)}
    searcher = st.Hyperband(max_budget=EPOCHS, eta=ETA)
    study = st.tune(lambda trial: job.score(trial.params, trial.budget), space, searcher, None, "maximize", job.seed,
                    progress=False)
    return study.best_params, study.best_value


def our_grid(job: Job) -> Best:
    """scratchtune: the grid."""
    import scratchtune as st

    space = {"learning_rate": list(RATES), "units": list(SIZES), "batch_size": list(BATCHES)}
    study = st.tune(lambda trial: job.score(trial.params), space, "grid", None, "maximize", job.seed, progress=False)
    return study.best_params, study.best_value


# Keras Tuner ----------------------------------------------------------------------------------------------------------


def keras_tuner_search(job: Job, kind: str) -> Best:
    """Keras Tuner: `run_trial` is replaced, since the score is cross-validated; Hyperband continues its networks."""
    import keras_tuner

    kept: dict[str, Any] = {}

    class Tuner(getattr(keras_tuner, kind)):  # type: ignore[misc]
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> float:
            values = trial.hyperparameters.values
            params = {name: values[name] for name in ("learning_rate", "units", "batch_size")}
            networks = kept.get(values.get("tuner/trial_id", "")) or job.networks(params)
            kept[trial.trial_id] = networks
            return job.trained(networks, values.get("tuner/epochs", EPOCHS) - values.get("tuner/initial_epoch", 0))

    hp = keras_tuner.HyperParameters()
    hp.Float("learning_rate", *RATE, sampling="log")
    hp.Int("units", *UNITS)
    hp.Choice("batch_size", list(BATCHES))
    budget = dict(max_epochs=EPOCHS, factor=ETA) if kind == "Hyperband" else dict(max_trials=job.budget)
    with tempfile.TemporaryDirectory() as folder:
        tuner = Tuner(hyperparameters=hp, objective=keras_tuner.Objective("default_objective", "max"),
                      seed=job.seed + 1, directory=folder, project_name="same_job", **budget)
        tuner.search(verbose=0)
        best = tuner.oracle.get_best_trials(1)[0]
    values = {name: best.hyperparameters.values[name] for name in ("learning_rate", "units", "batch_size")}
    return values, float(best.score)


# Optuna ---------------------------------------------------------------------------------------------------------------


def optuna_params(trial: Any) -> dict[str, Any]:
    """Optuna: the space."""
    return {"learning_rate": trial.suggest_float("learning_rate", *RATE, log=True),
            "units": trial.suggest_int("units", *UNITS), "batch_size": trial.suggest_categorical("batch_size", BATCHES)}


def optuna_search(job: Job, sampler: str) -> Best:
    """Optuna: a study with any sampler."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=getattr(optuna.samplers, sampler)(seed=job.seed))
    study.optimize(lambda trial: job.score(optuna_params(trial)), n_trials=job.budget)
    return study.best_params, study.best_value


def optuna_hyperband(job: Job) -> Best:
    """Optuna: TPE with the Hyperband pruner, which is asked after each epoch."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: Any) -> float:
        networks, score = job.networks(optuna_params(trial)), 0.0
        for epoch in range(1, EPOCHS + 1):
            score = job.trained(networks, 1)
            trial.report(score, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return score

    pruner = optuna.pruners.HyperbandPruner(1, EPOCHS, ETA)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=job.seed), pruner=pruner,
                                study_name="same_job")  # without a name pruning would differ from run to run
    study.optimize(objective, n_trials=job.budget)
    return study.best_params, study.best_value


# Ray Tune -------------------------------------------------------------------------------------------------------------


def start_ray() -> None:
    """Start the processes of Ray."""
    import ray

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")


@cache
def load_network(network: Callable[[dict[str, Any], int], Any]) -> None:
    """Import and compile what a first training needs, once in a process: Ray uses it for many trials."""
    Job(network, 0, 0).held_out(FIRST)


def ray_tune(job: Job, kind: str) -> Best:
    """Ray Tune: random search, ASHA, which is told of each epoch, or its search with Optuna; one trial at a time."""
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.basic_variant import BasicVariantGenerator
    from ray.tune.search.optuna import OptunaSearch

    def trainable(config: dict[str, Any]) -> None:
        load_network(job.network)
        fresh = Job(job.network, job.budget, job.seed)
        networks = fresh.networks(config)
        for _ in range(EPOCHS if kind == "ASHA" else 1):
            score = fresh.trained(networks, 1 if kind == "ASHA" else EPOCHS)
            tune.report({"score": score, "seconds": fresh.seconds, "epochs": fresh.epochs})

    space = {"learning_rate": tune.loguniform(*RATE), "units": tune.randint(UNITS[0], UNITS[1] + 1),
             "batch_size": tune.choice(list(BATCHES))}
    scheduler = ASHAScheduler(max_t=EPOCHS, grace_period=1, reduction_factor=ETA) if kind == "ASHA" else None
    config = tune.TuneConfig(metric="score", mode="max", num_samples=job.budget, scheduler=scheduler,
                             max_concurrent_trials=1, reuse_actors=True, search_alg=OptunaSearch(seed=job.seed)
                             if kind == "Optuna" else BasicVariantGenerator(random_state=job.seed))
    with tempfile.TemporaryDirectory() as folder:
        results = tune.Tuner(trainable, param_space=space, tune_config=config,
                             run_config=tune.RunConfig(storage_path=folder, verbose=0)).fit()
        best = results.get_best_result()
    job.seconds += sum(result.metrics["seconds"] for result in results)
    job.epochs += sum(result.metrics["epochs"] for result in results)
    job.trials += len(results)
    return {name: best.config[name] for name in space}, float(best.metrics["score"])


# hyperopt and SMAC3 ---------------------------------------------------------------------------------------------------


def hyperopt_tpe(job: Job) -> Best:
    """hyperopt: its TPE."""
    from hyperopt import Trials, fmin, hp, tpe

    space = {"learning_rate": hp.loguniform("learning_rate", *np.log(RATE)),
             "units": hp.uniformint("units", *UNITS), "batch_size": hp.choice("batch_size", BATCHES)}

    def loss(params: dict[str, Any]) -> float:
        return -job.score({**params, "units": int(params["units"])})

    trials = Trials()
    best = fmin(loss, space, tpe.suggest, job.budget, trials=trials, rstate=np.random.default_rng(job.seed),
                show_progressbar=False, verbose=False)
    params = {"learning_rate": float(best["learning_rate"]), "units": int(best["units"]),
              "batch_size": BATCHES[best["batch_size"]]}
    return params, -float(trials.best_trial["result"]["loss"])


def smac(job: Job) -> Best:
    """SMAC3: its random forest, for hyper-parameter optimization."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer
    from smac import HyperparameterOptimizationFacade, Scenario

    space = ConfigurationSpace(seed=job.seed)
    space.add(Float("learning_rate", RATE, log=True), Integer("units", UNITS), Categorical("batch_size", list(BATCHES)))
    known: dict[Any, float] = {}

    def loss(config: Any, seed: int = 0) -> float:
        params = {name: config[name].item() if hasattr(config[name], "item") else config[name] for name in config}
        known[config] = job.score(params)
        return -known[config]

    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(space, deterministic=True, n_trials=job.budget, seed=job.seed, output_directory=folder)
        HyperparameterOptimizationFacade(scenario, loss, overwrite=True, logging_level=40).optimize()
    best = max(known, key=known.__getitem__)
    return {name: best[name] for name in ("learning_rate", "units", "batch_size")}, known[best]


# scikit-learn ---------------------------------------------------------------------------------------------------------


def scikit_learn(job: Job, kind: str) -> Best:
    """scikit-learn: its own MLPClassifier with grid, random or halving search; ``job.network`` is not used."""
    from scipy.stats import loguniform, randint
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV

    random = {"learning_rate_init": loguniform(*RATE), "hidden_layer_sizes": randint(UNITS[0], UNITS[1] + 1),
              "batch_size": list(BATCHES)}
    folds, model = data().folds, job.network({}, job.seed)
    if kind == "grid":
        grid = {"learning_rate_init": list(RATES), "hidden_layer_sizes": list(SIZES), "batch_size": list(BATCHES)}
        search = GridSearchCV(model, grid, cv=folds, refit=False)
    elif kind == "random":
        search = RandomizedSearchCV(model, random, n_iter=job.budget, cv=folds, random_state=job.seed, refit=False)
    else:
        search = HalvingRandomSearchCV(model, random, resource="max_iter", min_resources=1, max_resources=EPOCHS,
                                       n_candidates=job.budget, factor=ETA, cv=folds, random_state=job.seed,
                                       refit=False)
    search.fit(data().X, data().y)
    tried = search.cv_results_
    job.seconds += float(np.sum(tried["mean_fit_time"] + tried["mean_score_time"]) * FOLDS)
    job.trials += len(tried["params"])
    job.epochs += FOLDS * int(np.sum(tried.get("n_resources", np.full(len(tried["params"]), EPOCHS))))
    best = search.best_params_
    params = {"learning_rate": float(best["learning_rate_init"]), "units": int(best["hidden_layer_sizes"]),
              "batch_size": int(best["batch_size"])}
    return params, float(search.best_score_)
