"""The claims of lesson 52, one training on several workers."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim

digits = cache(st.datasets.load_digits)


@cache
def _measured(draw):
    """The accuracies of two networks with starts of their own, of their mean, and of that from one start."""
    X, y = digits()
    X = X / 16.0
    order = np.random.default_rng(draw).permutation(len(X))
    halves, test = (order[:700], order[700:1400]), order[1400:]

    def trained(rows, seed):
        model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], "float64", seed)
        model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01))
        model.fit(X[rows], y[rows], batch_size=25, epochs=20, verbose=0)
        return model

    def accuracy(model):
        return np.mean(model.predict(X[test]).argmax(axis=1) == y[test])

    one, other, same = trained(halves[0], draw), trained(halves[1], draw + 500), trained(halves[1], draw)
    found, first = [accuracy(one), accuracy(other)], one.theta.copy()
    for second in (other.theta, same.theta):
        one.theta = (first + second) / 2.0
        found.append(accuracy(one))
    return found


@claim("52a")
def means_of_two_starts(draw):
    """With two starts the mean of the weights is less accurate than both networks."""
    one, other, own, _ = _measured(draw)
    return min(one, other) > own, min(one, other) - own


@claim("52b")
def one_start_is_better(draw):
    """The mean of the weights is more accurate if both networks began with the same ones."""
    _, _, own, same = _measured(draw)
    return same > own, same - own
