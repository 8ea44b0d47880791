"""The claims of lesson 07: learning rate, batch size and schedule."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.play.trainings import SEEDS, VALUES

RATES = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8)
ROWS, WRONG, BATCH, EPOCHS, TRAININGS = 400, 0.2, 8, 10, 10
STEPS = EPOCHS * ROWS // BATCH
digits = cache(st.datasets.load_digits)
SCHEDULES = {
    "constant": lambda rate: rate,
    "inverse time": lambda rate: st.schedules.InverseTimeDecay(rate, STEPS, 9.0),
    "exponential": lambda rate: st.schedules.ExponentialDecay(rate, STEPS, 0.01),
    "straight line": lambda rate: st.schedules.PolynomialDecay(rate, STEPS, 0.0),
    "cosine": lambda rate: st.schedules.CosineDecay(rate, STEPS)}


@claim("07a")
def larger_batch_larger_rate(draw):
    """With batches of 128 the best learning rate is at least four times that with batches of 4, the others drawn."""
    rng = np.random.default_rng(draw)
    others = {name: rng.choice(VALUES[name]) for name in ("l2", "dropout", "units")}
    trainings, seed = st.datasets.load_trainings(), int(rng.integers(SEEDS))
    best = [max(VALUES["learning_rate"], key=lambda rate, batch=batch: trainings.accuracy(
        {"learning_rate": rate, "batch_size": batch, **others}, seed)) for batch in (4, 128)]
    return best[1] >= 4.0 * best[0], best[1] / best[0]


def _parts(draw, k):
    """400 rows to train on, 500 to choose the rate by, the others; and the labels, of which some are wrong."""
    y = digits()[1]
    rng = np.random.default_rng([draw, k])
    train, choose, test = np.split(rng.permutation(len(y)), [ROWS, ROWS + 500])
    return train, choose, test, np.where(rng.random(ROWS) < WRONG, rng.integers(0, 10, ROWS), y[train])


def _model(rate, k):
    model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], seed=k)
    model.compile(loss="categorical_crossentropy", optimizer=st.SGD(rate))
    return model


def _accuracy(model, rows):
    X, y = digits()
    return np.mean(model.predict(X[rows] / 16.0).argmax(axis=1) == y[rows])


@cache
def accuracies(draw, kind):
    """For each rate the mean accuracy on 500 rows to choose it by, and on the others: (rates, 2)."""
    X, _ = digits()
    found = []
    for rate in RATES:
        scores = []
        for k in range(TRAININGS):
            train, choose, test, labels = _parts(draw, k)
            model = _model(SCHEDULES[kind](rate), k)
            model.fit(X[train] / 16.0, labels, batch_size=BATCH, epochs=EPOCHS, verbose=0)
            scores.append([_accuracy(model, rows) for rows in (choose, test)])
        found.append(np.mean(scores, axis=0))
    return np.array(found)


def _tuned(draw, kind):
    """The accuracy on the other rows, at the rate that 500 rows choose."""
    found = accuracies(draw, kind)
    return found[found[:, 0].argmax(), 1]


@claim("07b")
def each_with_its_own_rate(draw):
    """Each of four falling schedules is more accurate than the constant rate, all with a rate of their own."""
    gains = [_tuned(draw, kind) - _tuned(draw, "constant") for kind in list(SCHEDULES)[1:]]
    return min(gains) > 0, min(gains)


@claim("07c")
def at_one_small_rate(draw):
    """At a starting rate of 0.05 each of the four is less accurate than the constant rate."""
    gains = [accuracies(draw, kind)[1, 1] - accuracies(draw, "constant")[1, 1] for kind in list(SCHEDULES)[1:]]
    return max(gains) < 0, max(gains)


@claim("07d", draws=10)
def without_noise(draw):
    """With batches of all 400 rows, cosine's gain over a constant rate is smaller than with batches of 8."""
    X, y = digits()

    def tuned(falls):
        found = []
        for rate in (0.1, 0.2, 0.4, 0.8, 1.6):
            scores = []
            for k in range(5):
                train, choose, test, labels = _parts(draw, k)
                model = _model(st.schedules.CosineDecay(rate, 300) if falls else rate, k)
                model.fit(X[train] / 16.0, labels, batch_size=ROWS, epochs=300, verbose=0)
                scores.append([_accuracy(model, rows) for rows in (choose, test)])
            found.append(np.mean(scores, axis=0))
        return max(found, key=lambda row: row[0])[1]

    without = tuned(True) - tuned(False)
    return without < _tuned(draw, "cosine") - _tuned(draw, "constant"), without
