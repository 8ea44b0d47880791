"""Exercise 26: the trial with the lowest pessimistic mean."""

import numpy as np


def right(values, covariance, noise, margin):
    K = covariance + noise * np.eye(len(values))
    means = values - noise * np.linalg.solve(K, values)
    variances = np.diag(covariance) - np.sum(covariance * np.linalg.solve(K, covariance), axis=0)
    limits = means + margin * np.sqrt(variances)
    return int(np.argmin(limits)), limits


def _wrong(K=lambda C, v: C + v * np.eye(len(C)), mean=lambda y, v, a: y - v * a, spread=np.sqrt, chosen=np.argmin,
           variance=lambda C, K, v: np.diag(C) - np.sum(C * np.linalg.solve(K, C), axis=0), sign=1.0, by_mean=False):
    """The answer with one thing wrong."""
    def wrong(values, covariance, noise, margin):
        matrix = K(covariance, noise)
        means = mean(values, noise, np.linalg.solve(matrix, values))
        limits = means + sign * margin * spread(variance(covariance, matrix, noise))
        return int(chosen(means if by_mean else limits)), limits

    return wrong


def _case(seed, n, noise, margin, length=0.3, scale=1.0):
    rng = np.random.default_rng(seed)
    x = rng.random(n)
    C = scale * np.exp(-0.5 * ((x[:, None] - x) / length) ** 2)
    return C @ rng.normal(size=n) / n + np.sqrt(noise) * rng.normal(size=n), C, noise, margin


CASES = [
    (np.array([2.0, 4.0]), np.eye(2), 1.0, 0.0),
    (np.array([1.0, 3.0, -2.0]), np.array([[1.0, 0.8, 0.1], [0.8, 1.0, 0.2], [0.1, 0.2, 4.0]]), 0.5, 1.5),
    (np.array([-1.0, -0.95, -0.9, -1.05]), np.array([[1.0, 0.9, 0.9, 0.0], [0.9, 1.0, 0.9, 0.0], [0.9, 0.9, 1.0, 0.0],
                                                  [0.0, 0.0, 0.0, 1.0]]), 0.3, 1.5),
    *(_case(seed, 4 + seed, noise, margin, scale=scale)
      for seed, (noise, margin, scale) in enumerate([(0.2, 1.0, 1.0), (2.0, 1.5, 0.5), (0.05, 3.0, 2.0)])),
]
def _variance(rows):
    """The variance with the inverse of a matrix that is the covariance, with or without the noise."""
    return lambda C, K, v: np.maximum(np.diag(C) - np.sum(rows(C, K) * (np.linalg.inv(K) @ rows(C, K)).T, axis=1), 0.0)


@np.errstate(invalid="ignore")
def _quiet_root(variance):
    return np.sqrt(variance)


MISTAKES = [
    ("The noise is not in the means: these are the observed values. Subtract the noise's variance times α.",
     _wrong(mean=lambda y, v, a: y)),
    ("These means are α itself; they are the values less noise · α.", _wrong(mean=lambda y, v, a: a)),
    ("The means are the values less α; what is taken for noise is α times the variance of the noise.",
     _wrong(mean=lambda y, v, a: y - a)),
    ("K has no noise on its diagonal: it is the covariance of the noisy values, not of the true losses.",
     _wrong(K=lambda C, v: C + 1e-9 * np.eye(len(C)))),
    ("The noise is given as a variance, and is squared here again.", _wrong(K=lambda C, v: C + v**2 * np.eye(len(C)))),
    ("The noise is added to every entry of K; the noises of two trials are independent, so only to its diagonal.",
     _wrong(K=lambda C, v: C + v)),
    ("The variance is that of a new noisy value; leave the noise out, since the true loss has none.",
     _wrong(variance=lambda C, K, v: v + np.diag(C) - np.sum(C * np.linalg.solve(K, C), axis=0))),
    ("The variance is that before any trial; subtract what the trials have told.",
     _wrong(variance=lambda C, K, v: np.diag(C))),
    ("The margin is multiplied with the standard deviation of the noise; take that of the prediction at each trial.",
     _wrong(variance=lambda C, K, v: np.full(len(C), v))),
    ("The margin is multiplied with the variance; take its square root.", _wrong(spread=lambda variance: variance)),
    ("This is optimistic: it subtracts the margin, and so prefers what is uncertain.", _wrong(sign=-1.0)),
    ("The index is that of the highest limit; these are losses, so the lowest is the best.", _wrong(chosen=np.argmax)),
    ("The index is that of the lowest mean, without the margin.", _wrong(by_mean=True)),
    ("The index is that of the lowest observed value: this is the winner's curse. Choose by the limits.",
     lambda values, covariance, noise, margin: (int(np.argmin(values)), right(values, covariance, noise, margin)[1])),
    ("The noise is taken for a standard deviation and squared, in K and in the means; it is a variance already.",
     lambda values, covariance, noise, margin: right(values, covariance, noise**2, margin)),
    ("The noise is missing in K: α is inv(K) @ values with the covariance and the noise on its diagonal.",
     _wrong(K=lambda C, v: C, variance=_variance(lambda C, K: C))),
    ("c is a row of K here, with the noise on its diagonal; it is a row of the covariance, since the true losses have "
     "none.", _wrong(variance=_variance(lambda C, K: K))),
    ("c is a row of K here, so that the variance is below 0 and its root NaN; c is a row of the covariance.",
     _wrong(variance=lambda C, K, v: np.diag(C) - np.diag(K), spread=_quiet_root)),
]
