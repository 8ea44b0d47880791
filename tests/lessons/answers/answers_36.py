"""Exercise 36: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _normalised(x, axis=-1, epsilon=1e-5, ddof=0):
    return (x - x.mean(axis=axis, keepdims=True)) / np.sqrt(x.var(axis=axis, keepdims=True, ddof=ddof) + epsilon)


def post_norm(x, attend, network):
    x = _normalised(x + attend(x))
    return _normalised(x + network(x))


def no_residual(x, attend, network):
    return network(_normalised(attend(_normalised(x))))


def no_normalisation(x, attend, network):
    x = x + attend(x)
    return x + network(x)


def normalised_over_steps(x, attend, network):
    x = x + attend(_normalised(x, axis=0))
    return x + network(_normalised(x, axis=0))


def normalised_x_is_added(x, attend, network):
    x = _normalised(x)
    x = x + attend(x)
    x = _normalised(x)
    return x + network(x)


def network_sees_the_input(x, attend, network):
    return x + attend(_normalised(x)) + network(_normalised(x))


def second_residual_from_the_input(x, attend, network):
    y = x + attend(_normalised(x))
    return x + network(_normalised(y))


def in_place(x, attend, network):
    x += attend(_normalised(x))
    x += network(_normalised(x))
    return x


def epsilon_outside_the_root(x, attend, network):
    def normalised(x):
        return (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-5)

    x = x + attend(normalised(x))
    return x + network(normalised(x))


def second_normalisation_forgotten(x, attend, network):
    x = x + attend(_normalised(x))
    return x + network(x)


WRONG = [
    ("This is post-norm, which normalises the sums: normalise", post_norm),
    ("Nothing is added to x", no_residual),
    ("Nothing is normalised", no_normalisation),
    ("Mean and variance are over the steps", normalised_over_steps),
    ("The sums begin with the normalised x", normalised_x_is_added),
    ("Attention and network are side by side here", network_sees_the_input),
    ("The network's result is added to the block's input", second_residual_from_the_input),
    ("x itself has been changed", in_place),
    ("ε is added to the standard deviation", epsilon_outside_the_root),
    ("The network's input is not normalised", second_normalisation_forgotten),
]
