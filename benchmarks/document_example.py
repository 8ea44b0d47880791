"""How long does the document's grid search take, here, in Keras and in scikit-learn?

9 configurations (three learning rates, three batch sizes) x 5 folds of the digits, unscaled gray levels, 10 epochs
each, then the best configuration once more on all rows. Here and in scikit-learn it is GridSearchCV(n_jobs=2), in Keras
the usual loop: a fresh model for each configuration and fold, fit, evaluate. Keras runs on two backends; two programs
in Keras that are faster than the loop are measured as well, and the bar is for the fastest.
"""

from __future__ import annotations

import functools
import statistics
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tqdm import tqdm

from benchmarks.common import harness, speeds
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import Worker, bar, table
from benchmarks.common.speeds import timed

RATES, BATCH_SIZES, FOLDS, EPOCHS, UNITS = (0.001, 0.01, 0.1), (32, 64, 128), 5, 10, 64
Job = Sequence[Any]  # a learning rate, a batch size and a fold
JOBS: list[Job] = [(rate, size, fold) for rate in RATES for size in BATCH_SIZES for fold in range(FOLDS)]
KERAS_BAR, SCIKIT_LEARN_BAR, SCORE_BAR = 150.0, 9.0, 3.0
CASE, PEER = "the search", "scikit-learn"


# Workers: each imports its own library --------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1)
def digits() -> tuple[Any, Any]:
    """The digits in float32."""
    import numpy as np

    import scratchtune as st

    X, y = st.datasets.load_digits()
    return X.astype(np.float32), y


def searched(search: Any, **training: Any) -> speeds.Answer:
    """Seconds of a search, its best score and configuration."""
    seconds, _ = timed(lambda: search.fit(*digits(), **training))
    return {"seconds": seconds, "score": search.best_score_, "params": search.best_params_}


def ours(rates: list[float], seed: int) -> speeds.Answer:
    """The document's example, with two threads."""
    import scratchtune as keras
    from scratchtune import layers

    stack = [layers.Dense(UNITS, activation="relu"), layers.Dense(10, activation="softmax")]
    model = keras.Sequential(stack, seed=seed)
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(), metrics=["accuracy"])
    grid = {"learning_rate": rates, "batch_size": list(BATCH_SIZES)}
    return searched(keras.GridSearchCV(model, grid, cv=FOLDS, n_jobs=2, verbose=0), epochs=EPOCHS, verbose=0)


def scikit_learn(rates: list[float], seed: int) -> speeds.Answer:
    """GridSearchCV over MLPClassifier, without penalty and early stopping; the first call starts its processes."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier((UNITS,), alpha=0.0, max_iter=EPOCHS, tol=0.0, n_iter_no_change=10**9, random_state=seed)
    return searched(GridSearchCV(
        model, {"learning_rate_init": rates, "batch_size": list(BATCH_SIZES)}, cv=FOLDS, n_jobs=2))


def keras_model(rate: float) -> Any:
    """The document's network in Keras, compiled."""
    import keras

    layers = [keras.layers.Dense(UNITS, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input((64,)), *layers])
    loss = "sparse_categorical_crossentropy"
    model.compile(loss=loss, optimizer=keras.optimizers.Adam(rate), metrics=["accuracy"])
    return model


def reset(model: Any, weights: list[Any], rate: float) -> Any:
    """Reset a trained Keras model, so that it need not be compiled again."""
    import numpy as np

    model.set_weights(weights)
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape))
    model.optimizer.learning_rate = rate
    return model


def train_keras(jobs: list[Job], reuse: bool) -> list[float]:
    """The accuracy of each training on its fold."""
    from sklearn.model_selection import StratifiedKFold

    X, y = digits()
    splits = list(StratifiedKFold(FOLDS).split(X, y))
    kept: dict[int, tuple[Any, list[Any]]] = {}
    scores = []
    for rate, batch_size, fold in jobs:
        if reuse and batch_size in kept:
            model = reset(*kept[batch_size], rate)
        else:
            model = keras_model(rate)
            kept[batch_size] = model, model.get_weights()
        train, test = splits[fold]
        model.fit(X[train], y[train], batch_size=batch_size, epochs=EPOCHS, verbose=0)
        scores.append(float(model.evaluate(X[test], y[test], batch_size=512, verbose=0)[1]))
    return scores


def answer_keras(jobs: list[Job], reuse: bool, seed: int, refit: bool) -> speeds.Answer:
    """Train all jobs, and with ``refit`` the best configuration on all rows."""
    import keras

    keras.utils.set_random_seed(seed)
    jobs = [tuple(job) for job in jobs]

    def work() -> list[float]:
        scores = train_keras(jobs, reuse)
        if refit:
            rate, batch_size = best(dict(zip(jobs, scores, strict=True)))[1]
            keras_model(rate).fit(*digits(), batch_size=batch_size, epochs=EPOCHS, verbose=0)
        return scores

    seconds, scores = timed(work)
    return {"seconds": seconds, "scores": scores}


def best(scores: dict[Any, float]) -> tuple[float, tuple[float, int]]:
    """The best mean over the folds, and its configuration."""
    means: dict[tuple[float, int], float] = {}
    for rate, size in {(rate, size) for rate, size, _ in scores}:
        means[rate, size] = statistics.mean(score for job, score in scores.items() if job[:2] == (rate, size))
    setting = max(sorted(means), key=means.__getitem__)
    return means[setting], setting


# The main process -----------------------------------------------------------------------------------------------------

KERAS_SETUPS: dict[str, tuple[str, int | None]] = {  # the backend, and the number of threads or the library's own
    "Keras on JAX": ("jax", None), "Keras on PyTorch": ("torch", None), "Keras on PyTorch, one thread": ("torch", 1)}


def warm(backend: str, threads: int | None) -> Worker:
    """A worker in which Keras has trained once."""
    worker = Worker(answer_keras, backend, harness.environment(threads, PYTHONWARNINGS="ignore", KERAS_BACKEND=backend))
    worker.ask(jobs=JOBS[:1], reuse=False, seed=0, refit=False)
    return worker


def in_two_processes(backend: str, jobs: list[Job]) -> speeds.Answer:
    """Keras's loop split between two processes with one thread each."""
    workers, shares = [warm(backend, 1) for _ in range(2)], [jobs[i::2] for i in range(2)]

    def ask(i: int) -> list[float]:
        return list(workers[i].ask(jobs=shares[i], reuse=False, seed=i, refit=False)["scores"])

    with ThreadPoolExecutor(2) as pool:
        seconds, scores = timed(lambda: list(pool.map(ask, range(2))))
    for worker in workers:
        worker.close()
    by_job = dict(zip([*shares[0], *shares[1]], [*scores[0], *scores[1]], strict=True))
    return {"seconds": seconds, "score": best(by_job)[0]}


def search_keras(worker: Worker, jobs: list[Job], reuse: bool) -> speeds.Answer:
    """Seconds and best score of the whole search."""
    given = worker.ask(jobs=jobs, reuse=reuse, seed=0, refit=True)
    return {"seconds": given["seconds"], "score": best(dict(zip(jobs, given["scores"], strict=True)))[0]}


def measure_keras(jobs: list[Job], more: bool) -> dict[str, speeds.Answer]:
    """The whole search on each setup; with ``more`` also the two faster programs."""
    workers = {name: warm(*setup) for name, setup in KERAS_SETUPS.items()}
    found = {name: search_keras(worker, jobs, reuse=False)
             for name, worker in tqdm(workers.items(), desc="Keras", disable=None)}
    if more:
        found["Keras on PyTorch, two processes"] = in_two_processes("torch", jobs)
        kept = search_keras(workers["Keras on JAX"], jobs, reuse=True)
        found["Keras on JAX, a model kept for each batch size"] = kept
    for worker in workers.values():
        worker.close()
    return found


Found = tuple[speeds.Found, dict[str, speeds.Answer]]  # ours and scikit-learn's, and Keras's


def measure(given: Namespace) -> Found:
    """The searches of ours and scikit-learn, warm and in turns, and Keras's."""
    rates = [0.01] if given.quick else list(RATES)
    found = speeds.in_turns({speeds.OURS: ours, PEER: scikit_learn}, {CASE: {"rates": rates}},
                            given.rounds or (3 if given.quick else 5), {"rates": rates[:1]}, pinned=False)
    return found, measure_keras([job for job in JOBS if job[0] in rates], more=not given.quick)


def report(measured: Found, given: Namespace) -> list[str]:
    """A line for each program, and the bars."""
    found, keras = measured
    trainings = len(JOBS) // (len(RATES) if given.quick else 1)
    scores = {name: speeds.values(found, CASE, name, "score") for name in (speeds.OURS, PEER)}
    median = statistics.median(speeds.values(found, CASE, speeds.OURS))
    against = speeds.ratio(found, CASE, PEER)
    spreads = {name: f"{statistics.mean(each):.4f} +- {harness.spread(each):.4f}" for name, each in scores.items()}
    rows = [["scratchtune, GridSearchCV(n_jobs=2)", f"{median:.3f}", "1.0", spreads[speeds.OURS]],
            ["scikit-learn, GridSearchCV(n_jobs=2)", f"{statistics.median(speeds.values(found, CASE, PEER)):.2f}",
             f"{against:.1f}", spreads[PEER]]]
    rows += [[name, f"{run['seconds']:.1f}", f"{run['seconds'] / median:.1f}", f"{run['score']:.4f}"]
             for name, run in keras.items()]
    fastest = min(keras, key=lambda name: keras[name]["seconds"])
    means = [*map(statistics.mean, scores.values()), keras[fastest]["score"]]
    noise = statistics.mean(harness.spread(each) ** 2 for each in scores.values()) ** 0.5
    chosen = sorted({str(answer["params"]) for answer in found[CASE, speeds.OURS]})
    return [
        f"{trainings} trainings of {EPOCHS} epochs and the last one on all rows; float32; everything warm: compiled, "
        f"imported, processes started. Medians of {len(found[CASE, PEER])} runs with different seeds; Keras once.",
        table(["", "seconds", "time / ours", "best score"], rows),
        f"Best configurations here: {', '.join(chosen)}.",
        "\n".join([
            bar(f"{fastest} / ours", None if given.quick else keras[fastest]["seconds"] / median, KERAS_BAR,
                why="the faster programs of Keras are left out"),
            bar("scikit-learn / ours", against, SCIKIT_LEARN_BAR),
            bar("best scores, largest difference in standard deviations",
                (max(means) - min(means)) / noise if noise else 0.0, SCORE_BAR, "", at_most=True)])]


ANSWER = (
    "Won: the grid search takes 0.173 s, 8.7 times less than scikit-learn's and 55.0 times less than the fastest "
    "program of Keras; lost: the bars, 9x and 150x.")
BENCHMARK = Benchmark(
    "The document's example", measure, report, ("keras", "torch", "jax", "scikit-learn"),
    quick="one learning rate instead of three, three rounds",
    options={"--rounds": {"type": count, "help": "rounds of ours and scikit-learn (5, or 3 with --quick)"}})
