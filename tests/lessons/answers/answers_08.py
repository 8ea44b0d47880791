"""Exercise 08: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def by_lambda_alone(theta, grad, alpha, lam):
    new = theta - alpha * grad
    return np.sign(new) * np.maximum(abs(new) - lam, 0.0)


def before_the_step(theta, grad, alpha, lam):
    shrunk = np.sign(theta) * np.maximum(abs(theta) - alpha * lam, 0.0)
    return shrunk - alpha * grad


def does_not_stop(theta, grad, alpha, lam):
    new = theta - alpha * grad
    return new - alpha * lam * np.sign(new)


def sign_of_the_old(theta, grad, alpha, lam):
    new = theta - alpha * grad
    return np.sign(theta) * np.maximum(abs(new) - alpha * lam, 0.0)


def negative_cut(theta, grad, alpha, lam):
    return np.maximum(theta - alpha * grad - alpha * lam, 0.0)


def hard_threshold(theta, grad, alpha, lam):
    new = theta - alpha * grad
    return np.where(abs(new) <= alpha * lam, 0.0, new)


def in_place(theta, grad, alpha, lam):
    theta -= alpha * grad
    return np.sign(theta) * np.maximum(abs(theta) - alpha * lam, 0.0)


def multiplied(theta, grad, alpha, lam):
    return (theta - alpha * grad) * (1.0 - alpha * lam)


def penalty_twice(theta, grad, alpha, lam):
    new = theta - alpha * (grad + lam * np.sign(theta))
    return np.sign(new) * np.maximum(abs(new) - alpha * lam, 0.0)


def one_step_then_zero(theta, grad, alpha, lam):
    new = theta - alpha * (grad + lam * np.sign(theta))
    return np.where(np.sign(new) == np.sign(theta), new, 0.0)


WRONG = [
    ("The second part moves by lam: a", by_lambda_alone),
    ("The parameters are thresholded before", before_the_step),
    ("A parameter that is closer to 0", does_not_stop),
    ("The sign is that of theta before", sign_of_the_old),
    ("The negative parameters are lost", negative_cut),
    ("Small parameters become 0, but", hard_threshold),
    ("theta -= ... changes the array", in_place),
    ("This shrinks every parameter by", multiplied),
    ("L1 is there twice: in the gradient", penalty_twice),
    ("Loss and L1 move together, and", one_step_then_zero),
]
