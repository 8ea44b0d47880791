"""Exercise 52: a step of gradient descent that is shared out."""

import numpy as np

A, B = np.random.default_rng(1).normal(size=(23, 4)), np.random.default_rng(2).normal(size=23)


def gradient_of(theta, rows):
    if not len(rows):
        raise ZeroDivisionError("the mean over no rows")
    return 2.0 * A[rows].T @ (A[rows] @ theta - B[rows]) / len(rows)


def right(gradient_of, theta, alpha, parts):
    parts = [part for part in parts if len(part)]
    mean = sum(len(part) * gradient_of(theta, part) for part in parts) / sum(len(part) for part in parts)
    return theta - alpha * mean


def _case(sizes):
    rng = np.random.default_rng(len(sizes))
    theta, rows = rng.normal(size=4), rng.permutation(23)[: sum(sizes)]
    return gradient_of, theta, 0.1, list(np.split(rows, np.cumsum(sizes)[:-1]))


CASES = [lambda: _case([4, 19]), lambda: _case([10, 0, 13]), lambda: _case([12, 6, 2, 1]), lambda: _case([23])]


def _with(mean, sign=-1.0):
    def shared_step(gradient_of, theta, alpha, parts):
        parts = [part for part in parts if len(part)]
        gradients, sizes = [gradient_of(theta, part) for part in parts], [len(part) for part in parts]
        return theta + sign * alpha * mean(np.array(gradients), np.array(sizes)[:, None])

    return shared_step


def weighted(gradients, sizes):
    return (sizes * gradients).sum(axis=0) / sizes.sum()


def _one_after_the_other(gradient_of, theta, alpha, parts):
    total = sum(len(part) for part in parts)
    for part in parts:
        if len(part):
            theta = theta - alpha * len(part) / total * gradient_of(theta, part)
    return theta


def _steps_of_their_own(gradient_of, theta, alpha, parts):
    for part in parts:
        if len(part):
            theta = theta - alpha * gradient_of(theta, part)
    return theta


def _with_empty(gradient_of, theta, alpha, parts):
    return theta - alpha * sum(len(part) * gradient_of(theta, part) for part in parts) / sum(len(p) for p in parts)


def in_place(gradient_of, theta, alpha, parts):
    theta[:] = right(gradient_of, theta, alpha, parts)
    return theta


def _over_workers(weigh):
    return lambda gradient_of, theta, alpha, parts: theta - alpha * sum(
        (len(part) if weigh else 1.0) * gradient_of(theta, part) for part in parts if len(part)) / len(parts)


MISTAKES = [
    ("All workers count alike: weight each gradient by its number of rows.", _with(lambda g, n: g.mean(axis=0))),
    ("The gradients are added up: divide by the number of rows, after weighting each by its own.",
     _with(lambda g, n: g.sum(axis=0))),
    ("The weighted sum is not divided by the number of all rows.", _with(lambda g, n: (n * g).sum(axis=0))),
    ("The weighted sum is divided by the number of workers, not by that of all rows.",
     _with(lambda g, n: (n * g).mean(axis=0))),
    ("Each gradient is divided by its number of rows; it is a mean already, and a larger part counts more.",
     _with(lambda g, n: (g / n).sum(axis=0) / (1.0 / n).sum())),
    ("Theta moves after each part; take all gradients at the same theta, and make one step.", _one_after_the_other),
    ("Each part makes a whole step of its own; take all gradients at the same theta, and make one step.",
     _steps_of_their_own),
    ("Theta goes up the gradient: subtract it.", _with(weighted, sign=1.0)),
    ("This is the mean gradient; return the new theta.", lambda g, theta, alpha, parts: (
        theta - right(g, theta, alpha, parts)) / alpha),
    ("alpha is missing.", lambda g, theta, alpha, parts: right(g, theta, 1.0, parts)),
    ("gradient_of was called for a worker without rows: leave it out.", _with_empty),
    ("The old theta was changed: make a new array.", in_place),
    ("The weighted sum is divided by the number of all workers: divide by the number of all rows.",
     _over_workers(weigh=True)),
    ("This is a plain mean, and workers without rows count in it: weight each gradient by its number of rows.",
     _over_workers(weigh=False)),
]
