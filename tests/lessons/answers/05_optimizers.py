"""Exercise 05: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np

from scratchtune.network import optimizers


def adagrad(theta, grad, v, alpha, epsilon):
    v += grad**2
    theta -= alpha * grad / (np.sqrt(v) + epsilon)


SOLUTION = adagrad
WRONG = [
    ("", lambda theta, grad, v, alpha, epsilon: optimizers.rmsprop(theta, grad, v, alpha, 0.9, epsilon)),
]
