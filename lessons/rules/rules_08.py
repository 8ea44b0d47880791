"""The claims of lesson 08, L1 and L2."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim


@cache
def _measured(draw):
    """For each penalty the share of small weights, and the accuracy: as it is, with ink on others, on rare pixels."""
    X, y = st.datasets.load_digits()
    X, rng = X / 16.0, np.random.default_rng(draw)
    train, test = np.split(rng.permutation(len(X)), [1000])
    inked = (X[train] > 0.0).sum(axis=0)
    rare = np.argsort(np.where(inked > 0, inked, 9999), kind="stable")[:4]
    others = [rng.choice(np.flatnonzero(inked > 100), 4, replace=False) for _ in range(10)]
    found = {}
    for name, penalty in (("none", None), ("L1", st.L1(0.001)), ("L2", st.L2(0.001))):
        model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], "float64", draw)
        model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01), penalty=penalty)
        model.fit(X[train], y[train], batch_size=32, epochs=40, verbose=0)
        accuracies = []
        for pixels in ([], rare, *others):
            images = X[test].copy()
            images[:, pixels] = 1.0
            accuracies.append(np.mean(model.predict(images).argmax(axis=1) == y[test]))
        small = np.mean(abs(model.get_weights()[0][inked > 0]) < 0.01)
        found[name] = small, accuracies[0], np.mean(accuracies[2:]), accuracies[1]
    return found


@claim("08a")
def rare_pixels_are_dangerous(draw):
    """Without a penalty, ink on four rarely inked pixels costs more accuracy than ink on four others, ten choices."""
    _, _, others, rare = _measured(draw)["none"]
    return rare < others, others - rare


@claim("08b")
def a_penalty_repairs_it(draw):
    """With L1 or with L2, ink on the four rare pixels costs less than 0.02 of the accuracy."""
    lost = max(_measured(draw)[name][1] - _measured(draw)[name][3] for name in ("L1", "L2"))
    return lost < 0.02, lost


@claim("08c")
def l1_has_more_small_weights(draw):
    """L1 leaves more weights below 0.01 than L2 with the same lambda."""
    more = _measured(draw)["L1"][0] - _measured(draw)["L2"][0]
    return more > 0, more
