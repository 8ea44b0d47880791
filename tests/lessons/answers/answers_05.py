"""Exercise 05: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def running_mean(f, theta, alpha, mu, steps):
    v = np.zeros_like(theta)
    for _ in range(steps):
        v = mu * v + (1 - mu) * f(theta)[1]
        theta = theta - alpha * v
    return theta


def nesterov(f, theta, alpha, mu, steps):
    v = np.zeros_like(theta)
    for _ in range(steps):
        _, g = f(theta)
        v = mu * v - alpha * g
        theta = theta + mu * v - alpha * g
    return theta


def alpha_twice(f, theta, alpha, mu, steps):
    v = np.zeros_like(theta)
    for _ in range(steps):
        v = mu * v - alpha * f(theta)[1]
        theta = theta + alpha * v
    return theta


def velocity_begins_again_in_each_step(f, theta, alpha, mu, steps):
    for _ in range(steps):
        v = np.zeros_like(theta)
        v = mu * v - alpha * f(theta)[1]
        theta = theta + v
    return theta


def old_velocity(f, theta, alpha, mu, steps):
    v = np.zeros_like(theta)
    for _ in range(steps):
        _, g = f(theta)
        theta = theta + v
        v = mu * v - alpha * g
    return theta


def minus_the_velocity(f, theta, alpha, mu, steps):
    v = np.zeros_like(theta)
    for _ in range(steps):
        v = mu * v - alpha * f(theta)[1]
        theta = theta - v
    return theta


def in_place(f, theta, alpha, mu, steps):
    v = np.zeros_like(theta)
    for _ in range(steps):
        v = mu * v - alpha * f(theta)[1]
        theta += v
    return theta


def mu_as_friction(f, theta, alpha, mu, steps):
    v = np.zeros_like(theta)
    for _ in range(steps):
        v = (1 - mu) * v - alpha * f(theta)[1]
        theta = theta + v
    return theta


def gradient_of_the_start(f, theta, alpha, mu, steps):
    v = np.zeros_like(theta)
    _, g = f(theta)
    for _ in range(steps):
        v = mu * v - alpha * g
        theta = theta + v
    return theta


def velocity_begins_with_a_step(f, theta, alpha, mu, steps):
    v = -alpha * f(theta)[1]
    for _ in range(steps):
        v = mu * v - alpha * f(theta)[1]
        theta = theta + v
    return theta


WRONG = [
    ("The gradient is multiplied by 1", running_mean),
    ("This is Nesterov's step; here theta", nesterov),
    ("alpha is used twice: it is in the", alpha_twice),
    ("This is gradient descent without", velocity_begins_again_in_each_step),
    ("theta moves by the old velocity", old_velocity),
    ("It goes uphill: the gradient is", minus_the_velocity),
    ("The theta that was given has been", in_place),
    ("mu and 1 − mu are exchanged: mu", mu_as_friction),
    ("The gradient is that of the first", gradient_of_the_start),
    ("The velocity begins with a step", velocity_begins_with_a_step),
]
