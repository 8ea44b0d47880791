"""The claims of lesson 47, regularisation on a small table."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.metrics import log_loss

REMEDIES = {"l2": (1e-3, 3e-3, 1e-2), "dropout": (0.2, 0.4, 0.6), "label_smoothing": (0.05, 0.1, 0.2),
            "augment": (0.2, 0.5, 1.0), "averaging": (0.9, 0.98, 0.995), "members": (2, 4, 8)}
ARGUMENTS = {"units": 64, "epochs": 40, "weight_decay": 0.0, "verbose": 0}
TABLES, DRAWS = 3, 10
L2, DROPOUT, MEMBERS = 0, 1, 5


def interactions(X):
    return 1.2 * X[:, 0] + X[:, 1] * X[:, 2] + 1.2 * (X[:, 3] > 0) * X[:, 4] - 0.8 * abs(X[:, 5]) + 0.6


def linear(X):
    return X[:, :6] @ [1.2, -1.0, 0.8, 0.6, -0.5, 0.4]


def _scores(model, X, labels):
    probabilities = model.predict_proba(X)
    return log_loss(labels, probabilities), np.mean(probabilities.argmax(axis=1) == labels)


def _gains(effect, *seed):
    rng, parts = np.random.default_rng(seed), []
    for rows in (200, 400, 1500):
        X = rng.normal(size=(rows, 12))
        parts.append((X, (rng.random(rows) < 1.0 / (1.0 + np.exp(-1.6 * effect(X)))).astype(int)))
    train, choose, test = parts
    plain, found = _scores(st.NetworkClassifier(**ARGUMENTS, random_state=seed[0]).fit(*train), *test), []
    for name, strengths in REMEDIES.items():
        models = [st.NetworkClassifier(**ARGUMENTS, **{name: strength}, random_state=seed[0]).fit(*train)
                  for strength in strengths]
        loss, accuracy = _scores(min(models, key=lambda model: _scores(model, *choose)[0]), *test)
        found.append((plain[0] - loss, accuracy - plain[1]))
    return found


@cache
def _measured(draw, effect):
    """The mean gains of the six remedies in log loss and accuracy over three tables, (6, 2)."""
    return np.mean([_gains(effect, draw, k) for k in range(TABLES)], axis=0)


@claim("47a", draws=DRAWS)
def all_lower_the_log_loss(draw):
    """On tables with interactions each of the six lowers the log loss, mean of three tables."""
    gain = _measured(draw, interactions)[:, 0].min()
    return gain > 0, gain


@claim("47b", draws=DRAWS)
def members_raise_the_accuracy(draw):
    """On tables with interactions the members raise the accuracy more than each of the other five."""
    gains = _measured(draw, interactions)[:, 1]
    lead = gains[MEMBERS] - gains[:MEMBERS].max()
    return lead > 0, lead


@claim("47c", draws=DRAWS)
def l2_on_linear_tables(draw):
    """On linear tables L2 lowers the log loss more than the members."""
    gains = _measured(draw, linear)[:, 0]
    return gains[L2] > gains[MEMBERS], gains[L2] - gains[MEMBERS]


@claim("47d", draws=DRAWS)
def accuracy_on_linear_tables(draw):
    """On linear tables L2 and dropout raise the accuracy."""
    gain = _measured(draw, linear)[[L2, DROPOUT], 1].min()
    return gain > 0, gain
