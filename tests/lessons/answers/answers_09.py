"""Exercise 09: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def l2_without_2(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + l2 * theta
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta - alpha * step - alpha * decay * theta, m, v


def decay_in_the_gradient(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + 2 * l2 * theta + decay * theta
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta - alpha * step, m, v


def decay_without_alpha(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + 2 * l2 * theta
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta - alpha * step - decay * theta, m, v


def decay_after_the_step(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + 2 * l2 * theta
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return (theta - alpha * step) * (1 - alpha * decay), m, v


def without_correction(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + 2 * l2 * theta
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return theta - alpha * m / (np.sqrt(v) + 1e-8) - alpha * decay * theta, m, v


def corrected_means_returned(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + 2 * l2 * theta
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    m, v = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return theta - alpha * m / (np.sqrt(v) + 1e-8) - alpha * decay * theta, m, v


def epsilon_in_the_root(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + 2 * l2 * theta
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9**t)) / np.sqrt(v / (1 - 0.999**t) + 1e-8)
    return theta - alpha * step - alpha * decay * theta, m, v


def l2_not_in_the_squares(theta, grad, m, v, t, alpha, l2, decay):
    m, v = 0.9 * m + 0.1 * (grad + 2 * l2 * theta), 0.999 * v + 0.001 * grad**2
    step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta - alpha * step - alpha * decay * theta, m, v


def t_counted_from_0(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + 2 * l2 * theta
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9 ** (t + 1))) / (np.sqrt(v / (1 - 0.999 ** (t + 1))) + 1e-8)
    return theta - alpha * step - alpha * decay * theta, m, v


def in_place(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + 2 * l2 * theta
    m *= 0.9
    m += 0.1 * g
    v *= 0.999
    v += 0.001 * g**2
    step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta - alpha * step - alpha * decay * theta, m, v


WRONG = [
    ("The penalty's gradient lacks its", l2_without_2),
    ("The decay is added to the gradient", decay_in_the_gradient),
    ("The decay lacks the learning rate", decay_without_alpha),
    ("The decay takes its share of theta", decay_after_the_step),
    ("m and v start at 0, and their corrections", without_correction),
    ("The corrected m and v are returned", corrected_means_returned),
    ("Epsilon is under the root: add", epsilon_in_the_root),
    ("v is that of the loss alone: the", l2_not_in_the_squares),
    ("The corrections count from 0 or", t_counted_from_0),
    ("m and v that were given have been", in_place),
]
