"""The claims of lesson 02, a mistake in a penalty."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim


@cache
def _accuracies(draw):
    """By lambda: the accuracy on unseen digits with the right penalty and the wrong one, means of three starts."""
    X, y = st.datasets.load_digits()
    X, unseen, y, labels = st.train_test_split(X / 16.0, y, train_size=400, stratify=y, random_state=draw)

    def accuracy(penalty, seed):
        layers = [st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")]
        model = st.Sequential(layers, dtype="float64", seed=seed)
        model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"], penalty=penalty)
        model.fit(X, y, batch_size=16, epochs=20, verbose=0)
        return model.evaluate(unseen, labels)["accuracy"]

    return {lam: [np.mean([accuracy(penalty(lam), draw + k) for k in range(3)]) for penalty in (st.L2, st.L1)]
            for lam in (0.00001, 0.0001, 0.001, 0.03)}


@claim("02a")
def hidden(draw):
    """Up to lambda 0.001 the accuracies with squares and with absolute values differ by less than one point."""
    gaps = [abs(np.subtract(*each)) for lam, each in _accuracies(draw).items() if lam <= 0.001]
    return max(gaps) < 0.01, max(gaps)


@claim("02b")
def harmful(draw):
    """At 0.03 the network with absolute values reads less than half as many digits as the one with squares."""
    squares, absolutes = _accuracies(draw)[0.03]
    return absolutes < squares / 2.0, absolutes / squares
