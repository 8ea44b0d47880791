"""Exercise 14: the corrected interval of a paired comparison."""

import numpy as np

CASES = [
    ([0.8, 0.9, 0.7, 1.0], [0.7, 0.95, 0.6, 0.7], 80, 20),
    ([0.50, 0.55, 0.45, 0.65, 0.60], [0.62, 0.58, 0.66, 0.61, 0.64], 48, 12),
    ([0.9, 0.8], [0.5, 0.7], 50, 50),
]
CASES = [(np.array(a), np.array(b), n, m) for a, b, n, m in CASES]


def _interval(mean, error, times=2.0):
    return mean - times * error, mean + times * error


def right(a, b, n_train, n_test):
    d = a - b
    variance = np.sum((d - d.mean()) ** 2) / (len(d) - 1)
    return _interval(d.mean(), np.sqrt((1 / len(d) + n_test / n_train) * variance))


def _of(factor, ddof=1):
    """The interval with another factor of the variance, or another divisor."""
    return lambda a, b, n_train, n_test: _interval(
        np.mean(a - b), np.sqrt(factor(len(a), n_train, n_test) * np.var(a - b, ddof=ddof)))


def _unpaired(a, b, n_train, n_test):
    factor = 1 / len(a) + n_test / n_train
    return _interval(np.mean(a - b), np.sqrt(factor * (np.var(a, ddof=1) + np.var(b, ddof=1))))


def _other_sign(a, b, n_train, n_test):
    return right(b, a, n_train, n_test)


def _exchanged(a, b, n_train, n_test):
    return right(a, b, n_train, n_test)[::-1]


def _one_error(a, b, n_train, n_test):
    d = a - b
    return _interval(d.mean(), np.sqrt((1 / len(d) + n_test / n_train) * np.var(d, ddof=1)), 1.0)


def _no_root(a, b, n_train, n_test):
    return _interval(np.mean(a - b), (1 / len(a) + n_test / n_train) * np.var(a - b, ddof=1))


def _plain_times(a, b, n_train, n_test):
    k = len(a)
    return _interval(np.mean(a - b), (1 + k * n_test / n_train) * np.std(a - b, ddof=1) / np.sqrt(k))


def _root_of_variance_alone(a, b, n_train, n_test):
    return _interval(np.mean(a - b), (1 / len(a) + n_test / n_train) * np.std(a - b, ddof=1))


def _centre_0(a, b, n_train, n_test):
    return _interval(0.0, (right(a, b, n_train, n_test)[1] - np.mean(a - b)) / 2.0)


MISTAKES = [
    ("This is the plain error: it takes the trainings for independent. Their rows overlap, and m / n makes up for it.",
     _of(lambda k, n, m: 1 / k)),
    ("This is not paired: it adds the variances of a and of b. Subtract first, training by training, and use the "
     "spread of the differences.", _unpaired),
    ("The rows are exchanged: it is the rows tested over the rows trained on.", _of(lambda k, n, m: 1 / k + n / m)),
    ("This divides by all rows, m / (n + m): the formula has m / n.", _of(lambda k, n, m: 1 / k + m / (n + m))),
    ("The sum of squares is divided by #k, and should be divided by #k − 1 (np.var divides by #k unless ddof is 1).",
     _of(lambda k, n, m: 1 / k + m / n, ddof=0)),
    ("1 / #k is missing: m / n is added to it, and does not replace it.", _of(lambda k, n, m: m / n)),
    ("This is one error to each side; it should be two.", _one_error),
    ("The square root is missing: this is the variance of the mean.", _no_root),
    ("The factor 1 / #k + m / n is outside the square root; it belongs to the variance, so its root is taken too.",
     _root_of_variance_alone),
    ("The plain error is multiplied by 1 + #k · m / n; that is the factor of its square.", _plain_times),
    ("This is b − a; the difference should be above 0 where a is better.", _other_sign),
    ("Low and high are exchanged.", _exchanged),
    ("The interval is around 0; it should be around the mean difference.", _centre_0),
    ("The variance is divided by #k once more; 1 / #k in the factor is that division already.",
     _of(lambda k, n, m: (1 / k + m / n) / k)),
]
