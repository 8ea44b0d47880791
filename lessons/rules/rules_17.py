"""The claims of lesson 17, two ablations of six remedies: in each draw means of ten paired draws of 200 rows."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim

REMEDIES = {"augment": 0.5, "dropout": 0.4, "l2": 2e-3, "l1": 5e-4, "weight_decay": 1.0, "early_stopping": True}


@cache
def _scores(draw, names):
    """Mean accuracy and log loss with these remedies."""
    X, digits = st.datasets.load_digits()
    found = []
    for seed in range(10 * draw, 10 * draw + 10):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(X))
        train, test = order[:200], order[-1000:]
        y = np.where(rng.random(len(X)) < 0.2, rng.integers(10, size=len(X)), digits)
        network = st.MLPClassifier(**{"units": 64, "epochs": 60, "weight_decay": 0.0}
                                   | {name: REMEDIES[name] for name in names}, random_state=seed, verbose=0)
        p = network.fit(X[train], y[train]).predict_proba(X[test])
        found.append((np.mean(p.argmax(axis=1) == digits[test]), st.metrics.log_loss(digits[test], p)))
    return np.mean(found, axis=0)


def _of(draw, *names):
    return _scores(draw, tuple(name for name in REMEDIES if name in names))


def _alone(draw):
    return np.array([_of(draw, name) - _of(draw) for name in REMEDIES])


def _beside(draw):
    return np.array([_of(draw, *REMEDIES) - _of(draw, *(set(REMEDIES) - {name})) for name in REMEDIES])


@claim("17a")
def no_sum(draw):
    """All six win less accuracy than their gains alone add up to."""
    lacking = _alone(draw)[:, 0].sum() - (_of(draw, *REMEDIES) - _of(draw))[0]
    return lacking > 0, 100 * lacking


@claim("17b")
def accuracy_and_loss(draw):
    """All six have a higher accuracy than any of them alone, but weight decay alone has a lower log loss."""
    gain = (_of(draw, *REMEDIES) - _of(draw))[0] - _alone(draw)[:, 0].max()
    more = _of(draw, *REMEDIES)[1] - _of(draw, "weight_decay")[1]
    return gain > 0 and more > 0, more


@claim("17c")
def beside_the_others(draw):
    """The gains of accuracy beside the others add up to less than three quarters of those alone."""
    share = _beside(draw)[:, 0].sum() / _alone(draw)[:, 0].sum()
    return share < 0.75, share


@claim("17d")
def early_stopping(draw):
    """Beside the others early stopping raises the log loss."""
    more = _beside(draw)[list(REMEDIES).index("early_stopping"), 1]
    return more > 0, more
