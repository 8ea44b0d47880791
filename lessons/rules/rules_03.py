"""The claims of lesson 03, gradient descent."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim


@cache
def _ends(draw):
    """For shares of the limit at the start: the loss after 100 steps, the curvature there by the first one."""
    rng = np.random.default_rng(draw)
    X, y = st.datasets.load_digits()
    rows = rng.permutation(len(X))[:300]
    X, y = X[rows] / 16.0, y[rows]
    layers = [st.Dense(64, activation="relu"), st.Dense(10, activation="softmax")]
    model = st.Sequential(layers, dtype="float64", seed=draw)
    model.compile(loss="categorical_crossentropy", optimizer=st.SGD(0.1))
    model.build((None, 64))

    def curvature():
        start, direction = model.theta.copy(), rng.normal(size=model.theta.size)
        for _ in range(30):
            direction /= np.linalg.norm(direction)
            model.theta[:] = start + 1e-3 * direction
            ahead = model.gradient(X, y)
            model.theta[:] = start - 1e-3 * direction
            direction = (ahead - model.gradient(X, y)) / 2e-3
        model.theta[:] = start
        return np.linalg.norm(direction)

    start, first, ends = model.theta.copy(), curvature(), {}
    for share in (0.1, 0.5, 2.0, 20.0):
        model.theta[:] = start
        for _ in range(100):
            model.theta -= share * 2.0 / first * model.gradient(X, y)
        ends[share] = model.objective(X, y), curvature() / first
    return ends


@claim("03a")
def far_beyond_the_limit(draw):
    """After 100 steps of 20 times the limit the loss is not below 2, where guessing has 2.3."""
    return _ends(draw)[20.0][0] > 2.0, _ends(draw)[20.0][0]


@claim("03b")
def below_the_limit(draw):
    """Below the limit the larger step learns more: a half of it has a lower loss after 100 steps than a tenth."""
    ends = _ends(draw)
    return ends[0.5][0] < ends[0.1][0], ends[0.1][0] - ends[0.5][0]


@claim("03c")
def twice_the_limit(draw):
    """Twice the limit has a lower loss after 100 steps than a half, and ends below 0.75 of the first curvature."""
    ends = _ends(draw)
    return ends[2.0][0] < ends[0.5][0] and ends[2.0][1] < 0.75, ends[2.0][1]
