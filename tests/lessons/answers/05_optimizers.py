"""Exercise 05: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np

from scratchtune.network import optimizers


def adagrad(theta, grad, v, alpha, epsilon):
    v += grad**2
    theta -= alpha * grad / (np.sqrt(v) + epsilon)


def v_not_in_place(theta, grad, v, alpha, epsilon):
    v = v + grad**2
    theta -= alpha * grad / (np.sqrt(v) + epsilon)


def theta_not_in_place(theta, grad, v, alpha, epsilon):
    v += grad**2
    return theta - alpha * grad / (np.sqrt(v) + epsilon)


def theta_before_v(theta, grad, v, alpha, epsilon):
    theta -= alpha * grad / (np.sqrt(v) + epsilon)
    v += grad**2


def running_mean_of_rmsprop(theta, grad, v, alpha, epsilon):
    optimizers.rmsprop(theta, grad, v, alpha, 0.9, epsilon)


def v_overwritten(theta, grad, v, alpha, epsilon):
    v[:] = grad**2
    theta -= alpha * grad / (np.sqrt(v) + epsilon)


def no_root(theta, grad, v, alpha, epsilon):
    v += grad**2
    theta -= alpha * grad / (v + epsilon)


def no_division(theta, grad, v, alpha, epsilon):
    v += grad**2
    theta -= alpha * grad


def epsilon_inside_the_root(theta, grad, v, alpha, epsilon):
    v += grad**2
    theta -= alpha * grad / np.sqrt(v + epsilon)


SOLUTION = adagrad
WRONG = [
    ("v is unchanged: add to it in place", v_not_in_place),
    ("theta is unchanged: write into it", theta_not_in_place),
    (r"add g\^2 to v first", theta_before_v),
    ("running mean, as in RMSprop", running_mean_of_rmsprop),
    ("must add up the squares of all gradients", v_overwritten),
    ("The root is missing", no_root),
    ("epsilon is inside the root", epsilon_inside_the_root),
    ("division by the root of v is missing", no_division),
]
