"""Exercise 04: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def four_parts(weights, X, y, derivative=lambda h: 1.0 - h**2, mean=True, two=2.0, sign=1.0):
    """The gradient's parts W, b, V, c; the other arguments make the mistakes."""
    W, b, V, c = weights
    h = np.tanh(X @ W + b)
    da = sign * two * (h @ V + c - y) / (len(X) if mean else 1)
    dz = da @ V.T * derivative(h)
    return X.T @ dz, dz.sum(0), h.T @ da, da.sum(0)


def flat(parts):
    return np.concatenate([part.ravel() for part in parts])


def tanh_gradient(weights, X, y):
    return flat(four_parts(weights, X, y))


def no_mean_over_rows(weights, X, y):
    return flat(four_parts(weights, X, y, mean=False))


def tanh_taken_twice(weights, X, y):
    return flat(four_parts(weights, X, y, derivative=lambda h: 1.0 - np.tanh(h) ** 2))


def no_derivative_of_tanh(weights, X, y):
    return flat(four_parts(weights, X, y, derivative=lambda h: 1.0))


def no_two(weights, X, y):
    return flat(four_parts(weights, X, y, two=1.0))


def error_reversed(weights, X, y):
    return flat(four_parts(weights, X, y, sign=-1.0))


def a_tuple_of_parts(weights, X, y):
    return four_parts(weights, X, y)


def mean_for_the_biases(weights, X, y):
    dW, db, dV, dc = four_parts(weights, X, y)
    return flat((dW, db / len(X), dV, dc / len(X)))


def layers_in_the_wrong_order(weights, X, y):
    dW, db, dV, dc = four_parts(weights, X, y)
    return flat((dW, dV, db, dc))


SOLUTION = tanh_gradient
WRONG = [
    ("mean over the rows is missing", no_mean_over_rows),
    ("tanh is taken twice", tanh_taken_twice),
    ("The derivative of tanh is missing", no_derivative_of_tanh),
    ("The 2 of the squared error's derivative is missing", no_two),
    ("The sign is reversed", error_reversed),
    ("Return one flat vector", a_tuple_of_parts),
    ("sum over the rows, and yours is the mean", mean_for_the_biases),
    ("numbers are right, but their order is not", layers_in_the_wrong_order),
]
