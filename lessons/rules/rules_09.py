"""The claims of lesson 09, weight decay and L2 under Adam."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim


@cache
def _measured(draw):
    """For L2 and for decay: the share of the quiet and of the loud weights that is left, the accuracy on rare ink."""
    X, y = st.datasets.load_digits()
    X = X / 16.0
    train, test = np.split(np.random.default_rng(draw).permutation(len(X)), [1000])
    inked = (X[train] > 0.0).sum(axis=0)
    order = np.argsort(np.where(inked > 0, X[train].mean(axis=0), np.inf), kind="stable")[: np.sum(inked > 0)]
    images = X[test].copy()
    images[:, np.argsort(np.where(inked > 0, inked, 9999), kind="stable")[:4]] = 1.0
    sizes, found = {}, {}
    for name, w, penalty in (("neither", 0.0, None), ("L2", 0.0, st.L2(0.001)), ("decay", 0.1, None)):
        model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], "float64", draw)
        model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01, weight_decay=w), penalty=penalty)
        model.fit(X[train], y[train], batch_size=32, epochs=40, verbose=0)
        weights = abs(model.get_weights()[0])
        sizes[name] = np.array([weights[order[:15]].mean(), weights[order[-15:]].mean()])
        found[name] = *sizes[name] / sizes["neither"], np.mean(model.predict(images).argmax(axis=1) == y[test])
    return found


@claim("09a")
def l2_takes_the_quiet_ones(draw):
    """Under Adam, L2 leaves less than a third as much of the weights of the palest pixels as of the darkest."""
    quiet, loud, _ = _measured(draw)["L2"]
    return quiet < loud / 3.0, quiet / loud


@claim("09b")
def decay_does_not(draw):
    """Decay with w = 0.1 leaves at least as much of the weights of the palest pixels as of the darkest."""
    quiet, loud, _ = _measured(draw)["decay"]
    return quiet >= loud, quiet / loud


@claim("09c")
def l2_protects(draw):
    """With ink on four rare pixels the accuracy is higher with L2, lambda 0.001, than with decay, w = 0.1."""
    gain = _measured(draw)["L2"][2] - _measured(draw)["decay"][2]
    return gain > 0, gain
