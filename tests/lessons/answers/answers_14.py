"""Exercise 14: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def not_corrected(a, b, n_train, n_test):
    d = np.asarray(a) - np.asarray(b)
    error = np.std(d, ddof=1) / np.sqrt(len(d))
    return d.mean() - 2 * error, d.mean() + 2 * error


def train_over_test(a, b, n_train, n_test):
    d = np.asarray(a) - np.asarray(b)
    error = np.sqrt((1 / len(d) + n_train / n_test) * np.var(d, ddof=1))
    return d.mean() - 2 * error, d.mean() + 2 * error


def divided_by_k(a, b, n_train, n_test):
    d = np.asarray(a) - np.asarray(b)
    error = np.sqrt((1 / len(d) + n_test / n_train) * np.var(d))
    return d.mean() - 2 * error, d.mean() + 2 * error


def one_error(a, b, n_train, n_test):
    d = np.asarray(a) - np.asarray(b)
    error = np.sqrt((1 / len(d) + n_test / n_train) * np.var(d, ddof=1))
    return d.mean() - error, d.mean() + error


def not_paired(a, b, n_train, n_test):
    a, b = np.asarray(a), np.asarray(b)
    error = np.sqrt((1 / len(a) + n_test / n_train) * (np.var(a, ddof=1) + np.var(b, ddof=1)))
    mean = a.mean() - b.mean()
    return mean - 2 * error, mean + 2 * error


def root_of_the_variance_alone(a, b, n_train, n_test):
    d = np.asarray(a) - np.asarray(b)
    error = (1 / len(d) + n_test / n_train) * np.std(d, ddof=1)
    return d.mean() - 2 * error, d.mean() + 2 * error


def b_less_a(a, b, n_train, n_test):
    d = np.asarray(b) - np.asarray(a)
    error = np.sqrt((1 / len(d) + n_test / n_train) * np.var(d, ddof=1))
    return d.mean() - 2 * error, d.mean() + 2 * error


def correction_alone(a, b, n_train, n_test):
    d = np.asarray(a) - np.asarray(b)
    error = np.sqrt(n_test / n_train * np.var(d, ddof=1))
    return d.mean() - 2 * error, d.mean() + 2 * error


def share_of_all_rows(a, b, n_train, n_test):
    d = np.asarray(a) - np.asarray(b)
    error = np.sqrt((1 / len(d) + n_test / (n_train + n_test)) * np.var(d, ddof=1))
    return d.mean() - 2 * error, d.mean() + 2 * error


def divided_by_k_twice(a, b, n_train, n_test):
    d = np.asarray(a) - np.asarray(b)
    error = np.sqrt((1 / len(d) + n_test / n_train) * np.var(d, ddof=1) / len(d))
    return d.mean() - 2 * error, d.mean() + 2 * error


WRONG = [
    ("This is the plain error: it takes", not_corrected),
    ("The rows are exchanged: it is the", train_over_test),
    ("The sum of squares is divided by", divided_by_k),
    ("This is one error to each side", one_error),
    ("This is not paired: it adds the", not_paired),
    ("The factor 1 / #k + m / n is outside", root_of_the_variance_alone),
    ("This is b − a; the difference should", b_less_a),
    ("1 / #k is missing: m / n is added", correction_alone),
    ("This divides by all rows, m / (n", share_of_all_rows),
    ("The variance is divided by #k once", divided_by_k_twice),
]
