"""Exercise 24: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def normal(x, axis=1, ddof=0):
    return (x - x.mean(axis=axis, keepdims=True)) / np.sqrt(x.var(axis=axis, keepdims=True, ddof=ddof) + 1e-5)


def block(x, attend, network):
    x = x + attend(normal(x))
    return x + network(normal(x))


def post_norm(x, attend, network):
    x = normal(x + attend(x))
    return normal(x + network(x))


def no_residual(x, attend, network):
    return network(normal(attend(normal(x))))


def added_to_the_normalised(x, attend, network):
    x = normal(x)
    x = normal(x + attend(x))
    return x + network(x)


def no_normalisation(x, attend, network):
    x = x + attend(x)
    return x + network(x)


def one_normalisation(x, attend, network):
    x = x + attend(normal(x))
    return x + network(x)


def over_the_steps(x, attend, network):
    x = x + attend(normal(x, 0))
    return x + network(normal(x, 0))


def divided_by_the_variance(x, attend, network):
    def scaled(x):
        return (x - x.mean(axis=1, keepdims=True)) / (x.var(axis=1, keepdims=True) + 1e-5)

    x = x + attend(scaled(x))
    return x + network(scaled(x))


def one_less(x, attend, network):
    x = x + attend(normal(x, 1, 1))
    return x + network(normal(x, 1, 1))


def side_by_side(x, attend, network):
    return x + attend(normal(x)) + network(normal(x))


def network_first(x, attend, network):
    return block(x, network, attend)


def in_place(x, attend, network):
    x += attend(normal(x))
    x += network(normal(x))
    return x


SOLUTION = block
WRONG = [
    ("This is post-norm", post_norm),
    ("not added to its input", no_residual),
    ("before it is normalised", added_to_the_normalised),
    ("Nothing is normalised", no_normalisation),
    ("network's input is not normalised", one_normalisation),
    ("over the features of a step", over_the_steps),
    ("root of the variance", divided_by_the_variance),
    ("by the number of features", one_less),
    ("side by side", side_by_side),
    ("attention comes first", network_first),
    ("changes x itself", in_place),
]
