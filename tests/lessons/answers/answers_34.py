"""Exercise 34: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def without_the_derivative(states, U, dlast):
    d, norms = dlast, [np.linalg.norm(dlast)]
    for _ in states[1:]:
        d = d @ U.T
        norms.insert(0, np.linalg.norm(d))
    return np.array(norms)


def not_transposed(states, U, dlast):
    d, norms = dlast, [np.linalg.norm(dlast)]
    for state in states[:0:-1]:
        d = (d * (1.0 - state**2)) @ U
        norms.insert(0, np.linalg.norm(d))
    return np.array(norms)


def derivative_after_the_product(states, U, dlast):
    d, norms = dlast, [np.linalg.norm(dlast)]
    for state in states[:0:-1]:
        d = (d @ U.T) * (1.0 - state**2)
        norms.insert(0, np.linalg.norm(d))
    return np.array(norms)


def derivative_at_the_state_before(states, U, dlast):
    d, norms = dlast, [np.linalg.norm(dlast)]
    for state in states[-2::-1]:
        d = (d * (1.0 - state**2)) @ U.T
        norms.insert(0, np.linalg.norm(d))
    return np.array(norms)


def last_state_first(states, U, dlast):
    d, norms = dlast, [np.linalg.norm(dlast)]
    for state in states[:0:-1]:
        d = (d * (1.0 - state**2)) @ U.T
        norms.append(np.linalg.norm(d))
    return np.array(norms)


def tanh_once_more(states, U, dlast):
    d, norms = dlast, [np.linalg.norm(dlast)]
    for state in states[:0:-1]:
        d = (d * (1.0 - np.tanh(state) ** 2)) @ U.T
        norms.insert(0, np.linalg.norm(d))
    return np.array(norms)


def states_from_the_first(states, U, dlast):
    d, norms = dlast, [np.linalg.norm(dlast)]
    for state in states[1:]:
        d = (d * (1.0 - state**2)) @ U.T
        norms.insert(0, np.linalg.norm(d))
    return np.array(norms)


def squares_of_the_norms(states, U, dlast):
    d, norms = dlast, [np.sum(dlast**2)]
    for state in states[:0:-1]:
        d = (d * (1.0 - state**2)) @ U.T
        norms.insert(0, np.sum(d**2))
    return np.array(norms)


def first_state_left_out(states, U, dlast):
    d, norms = dlast, [np.linalg.norm(dlast)]
    for state in states[:1:-1]:
        d = (d * (1.0 - state**2)) @ U.T
        norms.insert(0, np.linalg.norm(d))
    return np.array(norms)


def norms_multiplied(states, U, dlast):
    norms = [np.linalg.norm(dlast)]
    for state in states[:0:-1]:
        norms.insert(0, norms[0] * np.linalg.norm(U * (1.0 - state**2), 2))
    return np.array(norms)


WRONG = [
    ("tanh's derivative is missing", without_the_derivative),
    ("U is not transposed", not_transposed),
    ("Uᵀ comes first here", derivative_after_the_product),
    ("tanh's derivative is taken of the state before the step", derivative_at_the_state_before),
    ("The order is that of the way back", last_state_first),
    ("1 - tanh(h')² takes tanh twice", tanh_once_more),
    ("The way back takes the states from the first to the last", states_from_the_first),
    ("These are squared norms", squares_of_the_norms),
    ("The first state's norm is missing", first_state_left_out),
    ("The norms of the steps' matrices are multiplied", norms_multiplied),
]
