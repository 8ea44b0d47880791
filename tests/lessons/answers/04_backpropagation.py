"""Exercise 04: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def tanh_gradient(weights, X, y):
    W, b, V, c = weights
    h = np.tanh(X @ W + b)
    da = 2.0 * (h @ V + c - y) / len(X)
    dz = da @ V.T * (1.0 - h**2)
    return np.concatenate([part.ravel() for part in (X.T @ dz, dz.sum(0), h.T @ da, da.sum(0))])


SOLUTION = tanh_gradient
WRONG = [
    ("", lambda weights, X, y: len(X) * tanh_gradient(weights, X, y)),
]
