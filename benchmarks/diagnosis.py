"""How often is `st.diagnose` right about trainings that are made to fail in known ways, and about healthy ones?

Each kind of failure has a recipe, such as a learning rate a hundred times too small, which is applied to several data
sets and networks with several seeds. The healthy trainings have a fitting learning rate, a little dropout and early
stopping. A failed training counts only if it did harm: its loss on a test set that `diagnose` never sees must be at
least 15 % above that of the healthy recipe on the same rows; otherwise the next seed is taken. The prediction is the
first finding.

The thresholds were chosen with ``--development``, on other data sets and seeds than those of the saved result:

    python -m benchmarks diagnosis --development
"""

from __future__ import annotations

import warnings
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import table

EACH, HEALTHY, QUICK = 10, 20, 2
ROWS, HARM, MOST_SEEDS = 600, 1.15, 40
DEVELOPMENT_SEED, SEED = 1000, 0
HEALTHY_NAME = "healthy"


@dataclass
class Data:
    """Rows for training, validation and testing; the loss and the output layer that fit the targets."""

    X: np.ndarray
    y: np.ndarray
    classes: int  # 0: regression

    def split(self, rng: np.random.Generator, train: int, validation: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Three disjoint parts, with inputs (and targets of a regression) standardised by the first one."""
        order = rng.permutation(len(self.X))
        cuts = np.split(order, [train, train + validation])
        cuts[2] = cuts[2][:ROWS]
        mean, std = self.X[cuts[0]].mean(axis=0), self.X[cuts[0]].std(axis=0)
        std[std < 0.01 * std.max()] = std.max()  # inputs that hardly vary in these rows
        y = self.y
        if not self.classes:
            y = (y - y[cuts[0]].mean()) / y[cuts[0]].std()
        return [((self.X[cut] - mean) / std, y[cut]) for cut in cuts]


# Data sets ------------------------------------------------------------------------------------------------------------


def digits() -> Data:
    """The built-in digits."""
    X, y = st.datasets.load_digits()
    return Data(X, y, 10)


def clusters() -> Data:
    """Four classes of three Gaussian clusters each, in 8 dimensions, that overlap a little."""
    rng = np.random.default_rng(1)
    centres = 2.0 * rng.normal(size=(12, 8))
    which = rng.integers(12, size=1800)
    return Data(centres[which] + rng.normal(size=(1800, 8)), which % 4, 4)


def friedman() -> Data:
    """Friedman's first regression: 10 inputs, of which five matter, and noise."""
    rng = np.random.default_rng(2)
    X = rng.random((1800, 10))
    y = (10.0 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20.0 * (X[:, 2] - 0.5) ** 2 + 10.0 * X[:, 3] + 5.0 * X[:, 4]
         + rng.normal(size=1800))
    return Data(X, y, 0)


def spirals() -> Data:
    """Two spirals in the plane, with noise."""
    rng = np.random.default_rng(3)
    y, t = rng.integers(2, size=1800), np.sqrt(rng.random(1800)) * 2.0 * np.pi
    angle = t + np.pi * y
    X = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1) + 0.3 * rng.normal(size=(1800, 2))
    return Data(X, y, 2)


def fashion() -> Data:
    """Part of the built-in Fashion-MNIST, each image averaged to 7 x 7."""
    X, y = st.datasets.load_fashion_mnist()[:2]
    small = X[:1800].astype(float).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)
    return Data(small, np.asarray(y[:1800], np.int64), 10)


def cancer() -> Data:
    """scikit-learn's breast cancer table: 569 rows, 30 inputs."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    return Data(X, y.astype(np.int64), 2)


def rings() -> Data:
    """Five rings in three dimensions, which no plane separates, with noise."""
    rng = np.random.default_rng(4)
    y, direction = rng.integers(5, size=1800), rng.normal(size=(1800, 3))
    radius = 1.0 + y + 0.22 * rng.normal(size=1800)
    return Data(direction / np.linalg.norm(direction, axis=1, keepdims=True) * radius[:, None], y, 5)


def waves() -> Data:
    """A regression with products and waves of 6 inputs, and noise."""
    rng = np.random.default_rng(5)
    X = rng.uniform(-1.0, 1.0, (1800, 6))
    y = np.sin(3.0 * X[:, 0]) + X[:, 1] * X[:, 2] + np.abs(X[:, 3]) + 0.15 * rng.normal(size=1800)
    return Data(X, y, 0)


DEVELOPMENT = (digits, clusters, friedman, spirals)
OTHER = (fashion, cancer, rings, waves)


# Recipes --------------------------------------------------------------------------------------------------------------


@dataclass
class Recipe:
    """How one training is made; the defaults are the healthy one."""

    units: tuple[int, ...] = (64,)
    activation: str = "relu"
    optimizer: str = "adam"
    rate: float = 0.003
    epochs: int = 60
    batch_size: int = 32
    dropout: float = 0.1
    l2: float = 0.0
    stopping: bool = True
    rows: int = ROWS // 2
    validation: int = 150
    factor: float = 1.0  # of the inputs
    bias: float = 0.0  # added to the biases of the hidden layers before training
    flipped: float = 0.0  # the share of targets that are exchanged with another row's


def healthy(rng: np.random.Generator) -> Recipe:
    """A fitting learning rate, a little dropout, early stopping."""
    units = [(64,), (32, 32), (128,)][rng.integers(3)]
    return Recipe(units, ["relu", "tanh"][rng.integers(2)], rate=float(rng.choice([0.002, 0.003, 0.005])))


def underfitting(rng: np.random.Generator) -> Recipe:
    """One unit, or a penalty or a dropout far too strong."""
    return [Recipe((1,), dropout=0.0), Recipe(l2=0.1), Recipe((16,), dropout=0.9)][rng.integers(3)]


def overfitting(rng: np.random.Generator) -> Recipe:
    """Few rows, some of them with a wrong target, a large network, many epochs."""
    return Recipe([(256, 256), (128, 128)][rng.integers(2)], dropout=0.0, stopping=False, epochs=150,
                  rows=int(rng.integers(60, 150)), flipped=float(rng.choice([0.1, 0.2])))


def rate_too_high(rng: np.random.Generator) -> Recipe:
    """A learning rate a hundred times too large."""
    optimizer, rate = [("adam", 0.3), ("adam", 1.0), ("sgd", 2.0), ("rmsprop", 0.3)][rng.integers(4)]
    return Recipe([(64,), (32, 32)][rng.integers(2)], optimizer=optimizer, rate=rate, stopping=False, epochs=30,
                  dropout=0.0)


def rate_too_low(rng: np.random.Generator) -> Recipe:
    """A learning rate a hundred times too small."""
    optimizer, rate = [("adam", 2e-5), ("adam", 5e-5), ("sgd", 5e-4), ("rmsprop", 2e-5)][rng.integers(4)]
    return Recipe([(64,), (32, 32)][rng.integers(2)], optimizer=optimizer, rate=rate, epochs=int(rng.integers(20, 50)))


def stopped_too_early(rng: np.random.Generator) -> Recipe:
    """Three to six epochs of large batches."""
    return Recipe([(64,), (32, 32)][rng.integers(2)], epochs=int(rng.integers(3, 7)), stopping=False,
                  batch_size=int(rng.choice([32, 64])), rate=0.001, dropout=0.0)


def dead_units(rng: np.random.Generator) -> Recipe:
    """Biases of the hidden layers that begin far below zero, as a few far too large updates leave them."""
    optimizer, rate = [("adam", 0.0005), ("sgd", 0.003)][rng.integers(2)]
    return Recipe([(64,), (32, 32)][rng.integers(2)], bias=float(rng.uniform(-8.0, -4.0)), rate=rate,
                  optimizer=optimizer, epochs=30)


def saturated_units(rng: np.random.Generator) -> Recipe:
    """Inputs that were not scaled down, into tanh or sigmoid."""
    return Recipe([(64,), (32, 32)][rng.integers(2)], ["tanh", "sigmoid"][rng.integers(2)],
                  factor=float(rng.choice([30.0, 100.0])), rate=0.001, epochs=40)


def vanishing_signal(rng: np.random.Generator) -> Recipe:
    """Six to ten hidden layers of sigmoid."""
    return Recipe((32,) * int(rng.integers(6, 11)), "sigmoid", dropout=0.0, epochs=20,
                  optimizer=["sgd", "adam"][rng.integers(2)], rate=0.001)


def diverged(rng: np.random.Generator) -> Recipe:
    """Steps so large that the loss overflows."""
    return Recipe([(64,), (32, 32)][rng.integers(2)], optimizer="sgd", rate=float(rng.choice([1e4, 1e6])), factor=100.0,
                  l2=0.01, epochs=30, stopping=False)


RECIPES: dict[str, Callable[[np.random.Generator], Recipe]] = {
    "diverged": diverged, "learning rate too high": rate_too_high, "vanishing signal": vanishing_signal,
    "saturated units": saturated_units, "dead units": dead_units, "overfitting": overfitting,
    "learning rate too low": rate_too_low, "stopped too early": stopped_too_early, "underfitting": underfitting,
    HEALTHY_NAME: healthy}


# Trainings ------------------------------------------------------------------------------------------------------------


def network(data: Data, recipe: Recipe, seed: int) -> st.Sequential:
    """The compiled network of a recipe."""
    layers: list[st.Layer] = []
    for units in recipe.units:
        layers.append(st.Dense(units, activation=recipe.activation))
        if recipe.dropout:
            layers.append(st.Dropout(recipe.dropout))
    layers.append(st.Dense(data.classes or 1, activation="softmax" if data.classes else None))
    model = st.Sequential(layers, seed=seed)
    optimizer = {"adam": st.Adam, "sgd": st.SGD, "rmsprop": st.RMSprop}[recipe.optimizer](recipe.rate)
    model.compile(optimizer, "categorical_crossentropy" if data.classes else "mean_squared_error",
                  ["accuracy"] if data.classes else [], st.L2(recipe.l2) if recipe.l2 else None)
    return model


def prepare(model: st.Sequential, recipe: Recipe, X: np.ndarray) -> None:
    """Build the network, and shift the biases of its hidden layers where the recipe says so."""
    model.build((None, X.shape[1]))
    if recipe.bias:
        model.set_weights([array + recipe.bias if array.ndim == 1 and k < 2 * len(recipe.units) else array
                           for k, array in enumerate(model.get_weights())])


def train(data: Data, recipe: Recipe, seed: int) -> tuple[st.callbacks.History, np.ndarray, np.ndarray, float]:
    """A training of a recipe: its history, its training rows, and the loss on the test set."""
    rng = np.random.default_rng([seed, 1])
    validation = min(recipe.validation, len(data.X) // 5)
    (X, y), (Xv, yv), (Xt, yt) = data.split(rng, min(recipe.rows, len(data.X) // 2), validation)
    wrong = np.flatnonzero(rng.random(len(y)) < recipe.flipped)
    y = y.copy()
    y[wrong] = y[rng.permutation(wrong)]
    X, Xv, Xt = recipe.factor * X, recipe.factor * Xv, recipe.factor * Xt
    model = network(data, recipe, seed)
    prepare(model, recipe, X)
    stopping = [st.EarlyStopping(patience=5, restore_best_weights=True)] if recipe.stopping else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = model.fit(X, y, recipe.batch_size, recipe.epochs, 0, stopping, validation_data=(Xv, yv))
    return history, X, y, test_loss(model, Xt, yt) if not history.diverged else np.inf


def test_loss(model: st.Sequential, X: np.ndarray, y: np.ndarray) -> float:
    """The loss without the penalty, so that networks with and without one can be compared; infinity for NaN."""
    penalty, model.penalty = model.penalty, st.L2(0.0)
    loss = float(model.evaluate(X, y)["loss"]) if np.isfinite(model.theta).all() else np.inf
    model.penalty = penalty
    return loss if np.isfinite(loss) else np.inf


def counts(name: str, data: Data, seed: int, loss: float) -> bool:
    """Whether a failed training is clearly worse than the healthy recipe with its seed, and a healthy one is not."""
    worse = not loss < HARM * train(data, Recipe(), seed)[3]
    return worse != (name == HEALTHY_NAME)


def cases(name: str, number: int, sets: tuple[Callable[[], Data], ...], seed: int, bar: Any) -> list[list[Any]]:
    """For each of so many trainings: the true name, the findings with the network, and with the curves alone."""
    found: list[list[Any]] = []
    loaded = [make() for make in sets]
    for tried in range(MOST_SEEDS):
        data, own = loaded[tried % len(loaded)], 100 * seed + 7 * tried + sum(map(ord, name))
        recipe = RECIPES[name](np.random.default_rng([own, 0]))
        history, X, y, loss = train(data, recipe, own)
        if counts(name, data, own, loss):
            whole, alone = st.diagnose(history, X, y), st.diagnose(curves_of(history))
            found.append([sets[tried % len(loaded)].__name__, recipe, whole, alone])
            bar.update()
        if len(found) == number:
            return found
    raise SystemExit(f"only {len(found)} trainings of {MOST_SEEDS} fail by {name!r}; make its recipe stronger")


def curves_of(history: st.callbacks.History) -> dict[str, list[float]]:
    """The recorded curves, with the NaN that ended them, as Keras records it."""
    return {name: [*values, np.nan] if history.diverged else values for name, values in history.history.items()} or {
        "loss": [np.nan]}


# Report ---------------------------------------------------------------------------------------------------------------


def first(diagnosis: Any) -> str:
    """The prediction: the first finding."""
    return diagnosis.names[0] if diagnosis.names else HEALTHY_NAME if diagnosis.healthy else "cannot say"


def confusion(results: dict[str, list[list[Any]]], column: int) -> str:
    """True kinds as rows, first findings as columns; empty where zero."""
    seen = {first(case[column]) for found in results.values() for case in found}
    names = [*RECIPES, *sorted(seen - set(RECIPES))]
    rows = []
    for name in RECIPES:
        counts = [sum(first(case[column]) == other for case in results[name]) for other in names]
        rows.append([name, *(str(count) if count else "" for count in counts)])
    return table(["true \\ first finding", *names], rows)


def share(results: dict[str, list[list[Any]]], column: int) -> str:
    """How many first findings are right, and how many healthy trainings are called so."""
    failed = [(name, case) for name, found in results.items() if name != HEALTHY_NAME for case in found]
    right = sum(first(case[column]) == name for name, case in failed)
    noticed = sum(first(case[column]) != HEALTHY_NAME for _, case in failed)
    well = sum(first(case[column]) == HEALTHY_NAME for case in results[HEALTHY_NAME])
    return (f"{right} of {len(failed)} failures are named right by the first finding, {noticed} have a finding; "
            f"{well} of {len(results[HEALTHY_NAME])} healthy trainings have none")


def measure(given: Namespace) -> dict[str, list[list[Any]]]:
    """The cases of every kind of training."""
    given.sets, seed = (DEVELOPMENT, DEVELOPMENT_SEED) if given.development else (OTHER, SEED)
    each = {name: QUICK if given.quick else HEALTHY if name == HEALTHY_NAME else EACH for name in RECIPES}
    with tqdm(total=sum(each.values()), desc="trainings", disable=None) as bar:
        return {name: cases(name, number, given.sets, seed, bar) for name, number in each.items()}


def report(results: dict[str, list[list[Any]]], given: Namespace) -> list[str]:
    """The matrices, with the network and without it."""
    return [
        f"{sum(map(len, results.values()))} trainings on {', '.join(make.__name__ for make in given.sets)}. "
        + ("These are the cases that the thresholds were chosen on." if given.development else
           "The thresholds were chosen on other data sets and seeds (`--development`)."),
        "With the history, the network, X and y: " + share(results, 2) + ".", confusion(results, 2),
        "With the curves alone, a dict of lists: " + share(results, 3) + ". Dead and saturated units and a vanishing "
        "signal cannot be named without the network.", confusion(results, 3)]


ANSWER = (
    "Won: 80 of 90 failures are named right by the first finding, and 20 of 20 healthy trainings have none; lost:"
    " with the curves alone it is 44 of 90.")
BENCHMARK = Benchmark(
    "Diagnoses of trainings", measure, report, ("scikit-learn",), quick=f"{QUICK} trainings of each kind",
    options={"--development": {"action": "store_true", "help": "the data sets and seeds that thresholds come from"}})
