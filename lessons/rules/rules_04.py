"""The claims of lesson 04, backpropagation."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim


@cache
def _trained(draw, fault):
    """Accuracy on unseen digits, and the training loss, after 300 steps at 0.2 with a fault in the backward pass."""
    X, y = st.datasets.load_digits()
    rng = np.random.default_rng(draw)
    order = rng.permutation(len(X))
    train, unseen, X = order[:500], order[500:], X / 16.0
    W, V = (rng.uniform(-1.0, 1.0, shape) * np.sqrt(6.0 / sum(shape)) for shape in ((64, 16), (16, 10)))
    b, c, targets = np.zeros(16), np.zeros(10), np.eye(10)[y[train]]
    for _ in range(300):
        z = X[train] @ W + b
        h = np.maximum(z, 0.0)
        p = np.exp(h @ V + c)
        p /= p.sum(axis=1, keepdims=True)
        do = (p - targets) / len(train)
        dz = (do @ (V.reshape(V.T.shape) if fault == "transpose" else V.T)) * (1.0 if fault == "relu'" else z > 0.0)
        W, b, V, c = (W - 0.2 * X[train].T @ dz, b - 0.2 * dz.sum(axis=0), V - 0.2 * h.T @ do,
                      c - 0.2 * do.sum(axis=0))
    read = np.mean((np.maximum(X[unseen] @ W + b, 0.0) @ V + c).argmax(axis=1) == y[unseen])
    return float(read), -np.log(p[targets == 1.0]).mean()


@claim("04a")
def wrong_gradients_learn(draw):
    """A network whose backward pass forgets relu' or the transpose reads more than 75 of 100 unseen digits."""
    worst = min(_trained(draw, fault)[0] for fault in ("relu'", "transpose"))
    return worst > 0.75, worst


@claim("04b")
def the_right_one_is_ahead(draw):
    """After the same steps the network without a mistake has the lower training loss than either."""
    gap = min(_trained(draw, fault)[1] for fault in ("relu'", "transpose")) - _trained(draw, "")[1]
    return gap > 0.0, gap
