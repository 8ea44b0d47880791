"""The claims of lesson 19, one process."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.core.search.bayesian.kernels import matern52

U, LENGTHS, ROWS = np.linspace(0.0, 1.0, 11), np.geomspace(0.03, 2.0, 40), 30


def _conditioned(seen, y, hidden, length):
    """Mean and std at the hidden rates, and the log marginal likelihood without its constant."""
    K = matern52(abs(U[seen, None] - U[seen]) / length) + 1e-3 * np.eye(len(seen))
    c = matern52(abs(U[seen, None] - U[hidden]) / length)
    variance = 1.0 - (c * np.linalg.solve(K, c)).sum(axis=0)
    alpha = np.linalg.solve(K, y)
    return c.T @ alpha, np.sqrt(variance), -0.5 * y @ alpha - 0.5 * np.linalg.slogdet(K)[1]


@cache
def _held(draw):
    """Shares of the hidden errors within two std, by the fitted length scale and one four times as long."""
    rng = np.random.default_rng(draw)
    errors = 100.0 * (1.0 - st.datasets.load_trainings().expected).reshape(11, -1).T
    fitted, longer = [], []
    for row in errors[rng.choice(len(errors), ROWS, replace=False)]:
        seen = np.sort(np.append(rng.choice(np.arange(1, 10), 4, replace=False), [0, 10]))
        hidden = np.setdiff1d(np.arange(11), seen)
        centre, scale = row[seen].mean(), row[seen].std()
        y, truth = (row[seen] - centre) / scale, (row[hidden] - centre) / scale
        best = max(LENGTHS, key=lambda length: _conditioned(seen, y, hidden, length)[2])
        for found, length in ((fitted, best), (longer, 4.0 * best)):
            mean, std, _ = _conditioned(seen, y, hidden, length)
            found.append(np.mean(abs(truth - mean) < 2.0 * std))
    return float(np.mean(fitted)), float(np.mean(longer))


@claim("19a")
def longer_is_too_sure(draw):
    """A length scale four times the fitted one has a band that holds fewer than half of the errors not seen."""
    held = _held(draw)[1]
    return held < 0.5, held


@claim("19b")
def the_fitted_band_promises_too_much(draw):
    """The fitted length scale's band of two standard deviations holds more than two in three, yet fewer than 95 %."""
    held = _held(draw)[0]
    return 2.0 / 3.0 < held < 0.95, held
