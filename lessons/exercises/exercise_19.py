"""Exercise 19: the posterior mean and standard deviation of a Gaussian process."""

import numpy as np


def right(K, y, c, s):
    return c.T @ np.linalg.solve(K, y), _root(s - (c * np.linalg.solve(K, c)).sum(axis=0))


def _root(variance):
    return np.sqrt(np.maximum(variance, 0.0))


def _explained(K, c):
    return (c * np.linalg.solve(K, c)).sum(axis=0)


def _mean(K, y, c):
    return c.T @ np.linalg.solve(K, y)


K3 = np.array([[2.0, 0.8, 0.3], [0.8, 2.0, 0.9], [0.3, 0.9, 2.0]])
CASES = [
    (np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([1.0, 3.0]), np.array([[1.0, 0.2, -0.4], [0.5, 0.9, 0.3]]), 4.0),
    (K3, np.array([-1.0, 2.0, 0.5]), np.array([[1.1, 0.2, 0.7], [0.4, 1.3, 0.1], [0.2, 0.6, 1.5]]), 1.7),
    (K3, np.array([0.5, -2.0, 1.0]), np.array([[0.5], [1.2], [-0.3]]), 3.0),
    (np.array([[1.0]]), np.array([2.0]), np.array([[1.0 + 1e-6, 0.5]]), 1.0),  # the variance is just below 0
]


def _whole_product(K, y, c, s):
    return _mean(K, y, c), _root(s - c.T @ np.linalg.solve(K, c))


def _along_points(K, y, c, s):
    return _mean(K, y, c), _root(s - (c * np.linalg.solve(K, c)).sum(axis=1))


def _no_root(K, y, c, s):
    return _mean(K, y, c), np.maximum(s - _explained(K, c), 0.0)


def _negative(K, y, c, s):
    with np.errstate(invalid="ignore"):
        return _mean(K, y, c), np.sqrt(s - _explained(K, c))


MISTAKES = [
    ("The means are cᵀ y: the points seen are correlated with each other as well. Solve K α = y first.",
     lambda K, y, c, s: (c.T @ y, _root(s - _explained(K, c)))),
    ("Means and variances use c alone: the points seen are correlated with each other as well. Solve with K first, for "
     "both.", lambda K, y, c, s: (c.T @ y, _root(s - (c * c).sum(axis=0)))),
    ("Only the diagonal of K is used, as if the points seen were independent of each other. Solve with the whole K.",
     lambda K, y, c, s: (c.T @ (y / np.diag(K)), _root(s - (c * c / np.diag(K)[:, None]).sum(axis=0)))),
    ("These are variances; the standard deviations are their roots.", _no_root),
    ("The means are right. The variances are s − Σ c²: what the trials explain is the product of c and K⁻¹ c.",
     lambda K, y, c, s: (_mean(K, y, c), _root(s - (c * c).sum(axis=0)))),
    ("The means are right. The variances are s − Σ β² with β = K⁻¹ c: one of the two factors is c itself.",
     lambda K, y, c, s: (_mean(K, y, c), _root(s - (np.linalg.solve(K, c) ** 2).sum(axis=0)))),
    ("What the trials explain is added to s: knowing more makes a variance smaller.",
     lambda K, y, c, s: (_mean(K, y, c), _root(s + _explained(K, c)))),
    ("This is the root of what the trials explain; the variance is s less that.",
     lambda K, y, c, s: (_mean(K, y, c), _root(_explained(K, c)))),
    ("The variance before any trial is taken as 1: it is s, which need not be 1.",
     lambda K, y, c, s: (_mean(K, y, c), _root(1.0 - _explained(K, c)))),
    ("The standard deviation before any trial is returned: the trials have made it smaller.",
     lambda K, y, c, s: (_mean(K, y, c), np.full(c.shape[1], np.sqrt(s)))),
    ("The standard deviations are a matrix: cᵀ K⁻¹ c has the covariances of the new points with each other, and only "
     "its diagonal is wanted.", _whole_product),
    ("The sum in the variance runs over the new points; it should run over the points seen, the rows of c.",
     _along_points),
    ("A variance that rounding brought below 0 became NaN: replace it by 0 before the root.", _negative),
    ("c is not transposed: c has a row for each point seen and a column for each new one, so the means are those of "
     "cᵀ, and a variance sums down a column.",
     lambda K, y, c, s: (c @ np.linalg.solve(K, y), _root(s - (c * np.linalg.solve(K, c)).sum(axis=1)))),
    ("In the means c is not transposed: it has a column for each new point.",
     lambda K, y, c, s: (c @ np.linalg.solve(K, y), _root(s - _explained(K, c)))),
    ("A variance that rounding brought below 0 counts as 0; its absolute value is another number.",
     lambda K, y, c, s: (_mean(K, y, c), np.sqrt(abs(s - _explained(K, c))))),
    ("s is squared here; it is a variance already.",
     lambda K, y, c, s: (_mean(K, y, c), _root(s * s - _explained(K, c)))),
    ("K multiplies in your formula; its inverse should: np.linalg.solve(K, y) is K⁻¹ y.",
     lambda K, y, c, s: (c.T @ K @ y, _root(s - (c * (K @ c)).sum(axis=0)))),
    ("One sum is taken over all new points, so that all have the same variance; sum over the points seen, axis 0.",
     lambda K, y, c, s: (_mean(K, y, c), np.full(c.shape[1], _root(s - _explained(K, c).sum())))),
]
