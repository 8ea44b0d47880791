"""Who speaks? A recurrent network and scikit-learn's classifiers on Japanese Vowels, real speech of nine men.

The data set's own split: 270 utterances for training, 370 for testing. Everything is chosen on the training part alone.
Ours: Bayesian search over the network and its training; the objective is the log loss of 5-fold cross-validation, twice
with other folds. Then the best configuration is trained on the whole training part, once for each seed, and tested.

scikit-learn: the same folds, a grid for each classifier. It needs rows of equal length: the frames are padded with
zeros, as ours are, or each utterance is stretched to 29 frames by linear interpolation; then they are flattened. The
grid chooses this too, and whether columns are standardised. All get the same cepstra, standardised over the frames of
the training part.
"""

from __future__ import annotations

import math
import statistics
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.japanese_vowels import load_japanese_vowels

BAR = 0.97
FOLDS, REPEATS = 5, 2
BATCH = 16
SPACE = {
    "structure": ["gru", "lstm"], "units": [32, 64, 128], "learning_rate": st.Float(0.002, 0.03, log=True),
    "epochs": st.Int(20, 60, step=10), "dropout": st.Float(0.0, 0.6, step=0.1), "noise": st.Float(0.0, 0.8, step=0.1)}
RECURRENT = {"gru": st.GRU, "lstm": st.LSTM}
RANDOM = ("MLPClassifier", "RandomForestClassifier")  # the fits of these depend on a seed


class Data(NamedTuple):
    """Utterances padded with zeros, (n, frames, cepstra), and their speakers, for training and for testing."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def loaded(path: str | None) -> Data:
    """The data, each cepstrum standardised over the frames of the training part; padding stays zero."""
    X, y, X_test, y_test = load_japanese_vowels(path)
    frames = X[X.any(axis=2)]
    mean, std = frames.mean(axis=0), frames.std(axis=0)
    X, X_test = (np.where(part.any(axis=2, keepdims=True), (part - mean) / std, 0.0) for part in (X, X_test))
    return Data(X, y, X_test, y_test)


def folds(y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rows for training and for validation of each fold."""
    return [pair for seed in range(REPEATS)
            for pair in st.StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(y, y)]


# Ours -----------------------------------------------------------------------------------------------------------------


def trained(params: dict[str, Any], X: np.ndarray, y: np.ndarray, seed: int) -> st.Sequential:
    """A network trained on some utterances; its learning rate decays to 0 by a half cosine."""
    layers: list[st.Layer] = [
        st.Masking(), st.GaussianNoise(params["noise"]), st.Dropout(params["dropout"]),
        st.Bidirectional(RECURRENT[params["structure"]](params["units"])), st.Dropout(params["dropout"]),
        st.Dense(9, activation="softmax")]
    kept = [layer for layer in layers
            if not (isinstance(layer, st.GaussianNoise) and params["noise"] == 0.0
                    or isinstance(layer, st.Dropout) and params["dropout"] == 0.0)]
    model = st.Sequential(kept, seed=seed)
    rate = st.schedules.CosineDecay(params["learning_rate"], params["epochs"] * math.ceil(len(X) / BATCH))
    model.compile(st.Adam(rate, global_clipnorm=1.0), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, y, batch_size=BATCH, epochs=params["epochs"], verbose=0)
    return model


def validated(params: dict[str, Any], data: Data) -> dict[str, float]:
    """The means of log loss and accuracy over the folds of the training part."""
    found = [trained(params, data.X[train], data.y[train], number).evaluate(data.X[rest], data.y[rest])
             for number, (train, rest) in enumerate(folds(data.y))]
    return {name: float(np.mean([each[name] for each in found])) for name in ("loss", "accuracy")}


def tuned(data: Data, trials: int) -> st.Study:
    """The study that chooses the network."""
    return st.tune(lambda trial: validated(trial.params, data)["loss"], SPACE, st.BayesianSearch(parallel=2), trials,
                   n_jobs=2)


# scikit-learn ---------------------------------------------------------------------------------------------------------


def stretched(X: np.ndarray) -> np.ndarray:
    """Utterances of equal length, by linear interpolation between frames."""
    at, rows = np.linspace(0.0, 1.0, X.shape[1]), np.empty_like(X)
    for row, utterance in zip(rows, X, strict=True):
        frames = utterance[utterance.any(axis=1)]
        steps = np.linspace(0.0, 1.0, len(frames))
        row[:] = np.stack([np.interp(at, steps, series) for series in frames.T], axis=1)
    return rows


def candidates() -> dict[str, tuple[Any, dict[str, list[Any]]]]:
    """scikit-learn's classifiers and their grids."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    return {
        "LogisticRegression": (LogisticRegression(max_iter=2000), {"C": [0.001, 0.01, 0.1, 1.0, 10.0]}),
        "SVC (RBF)": (SVC(), {"C": [1.0, 10.0, 100.0], "gamma": [0.0003, 0.001, 0.003, 0.01, "scale"]}),
        "MLPClassifier": (
            MLPClassifier(max_iter=300), {"hidden_layer_sizes": [(64,), (256,)], "alpha": [1e-4, 1.0]}),
        "RandomForestClassifier": (RandomForestClassifier(300), {"max_features": ["sqrt", 0.2]}),
    }


Found = dict[str, dict[str, Any]]  # of each classifier: its validation, test accuracies and configuration


def baseline(model: Any, grid: dict[str, list[Any]], data: Data, seeds: Sequence[int]) -> dict[str, Any]:
    """A classifier's best configuration on the folds, and its accuracies on the test part."""
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    views = {"padded": (data.X, data.X_test), "stretched": (stretched(data.X), stretched(data.X_test))}
    seeded = type(model).__name__ in RANDOM
    pipeline = Pipeline([("scale", StandardScaler()), ("model", model.set_params(random_state=0) if seeded else model)])
    spaces = {"scale": ["passthrough", StandardScaler()]} | {f"model__{name}": values for name, values in grid.items()}
    best: dict[str, Any] = {"validation": -1.0}
    for view, (X, _) in views.items():
        search = GridSearchCV(pipeline, spaces, cv=folds(data.y), n_jobs=2, refit=False).fit(_flat(X), data.y)
        if search.best_score_ > best["validation"]:
            scaled = search.best_params_["scale"] != "passthrough"
            shown = {"frames": view, "standardised columns": scaled} | {
                name: search.best_params_[f"model__{name}"] for name in grid}
            best = {"validation": search.best_score_, "shown": shown, "test": [], "fit": (search.best_params_, view)}
    params, view = best["fit"]
    for seed in seeds if seeded else [0]:
        fitted = clone(pipeline).set_params(**params)
        if seeded:
            fitted.set_params(model__random_state=seed)
        fitted.fit(_flat(views[view][0]), data.y)
        best["test"].append(float(fitted.score(_flat(views[view][1]), data.y_test)))
    return best


def _flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1)


# The report -----------------------------------------------------------------------------------------------------------


def line(name: str, validation: float, test: list[float]) -> list[str]:
    """A row of the table."""
    return [name, f"{validation:.4f}", f"{statistics.mean(test):.4f}", ", ".join(f"{each:.4f}" for each in test)]


def described(params: dict[str, Any]) -> str:
    """A configuration as text."""
    return ", ".join(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
                     for name, value in params.items())


def compared(ours: float, others: dict[str, float]) -> str:
    """Our accuracy beside the best other one."""
    best, error = max(others, key=others.__getitem__), math.sqrt(ours * (1 - ours) / 370)
    side = "above" if ours >= others[best] else "below"
    return (f"Ours is {abs(ours - others[best]):.4f} {side} the best other one, {best}; the standard error of an "
            f"accuracy of {ours:.2f} on 370 utterances is {error:.4f}.")


def measure(given: Namespace) -> Found:
    """Ours and the other classifiers: each chosen on the training part, then tested."""
    data, seeds, trials = loaded(given.path), range(given.seeds), given.trials
    if given.quick:
        seeds, trials = range(2), 2
    params = tuned(data, trials).best_params
    found = {"ours": {"validation": validated(params, data)["accuracy"], "shown": params, "test": [
        float(trained(params, data.X, data.y, seed).evaluate(data.X_test, data.y_test)["accuracy"]) for seed in seeds]}}
    for name, (model, grid) in candidates().items():
        grid = {key: values[:1] for key, values in grid.items()} if given.quick else grid
        found[name] = baseline(model, grid, data, seeds)
    return found


def report(found: Found, given: Namespace) -> list[str]:
    """The accuracies and the configurations of all classifiers."""
    means = {name: statistics.mean(one["test"]) for name, one in found.items()}
    mean = means.pop("ours")
    return [
        f"270 utterances for training, 370 for testing, nine speakers. Chosen on the training part: "
        f"{2 if given.quick else given.trials} trials for ours, a grid for each other one, {REPEATS} times {FOLDS} "
        "folds.",
        harness.table(["", "accuracy, folds", "test, mean", "test, each seed"], [
            line(name, one["validation"], one["test"]) for name, one in found.items()], "lrrl"),
        "A classifier without randomness has one test accuracy. " + compared(mean, means),
        "What was chosen:\n" + "\n".join(f"- {name}: {described(one['shown'])}" for name, one in found.items()),
        harness.bar("ours, test accuracy, mean over the seeds", None if given.quick else mean, BAR, "", digits=4)]


BENCHMARK = Benchmark(
    "Who speaks: Japanese Vowels", measure, report, ("scikit-learn", "sktime"),
    quick="two trials, two seeds: only whether it runs", options={
        "--path": {"help": "a folder with the .ts files, or a wheel of aeon or sktime"},
        "--seeds": {"type": count, "default": 5}, "--trials": {"type": count, "default": 30}})
