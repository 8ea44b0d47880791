"""The default search space: which hyper-parameters of an estimator are tuned for a table, and in which ranges."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.search import Float, Int


def default_space(rows: int) -> dict[str, Any]:
    """Return a space of an estimator's hyper-parameters to search, for a table with so many rows.

    The ranges are usual for tables, so that most configurations are sensible and some 30 trials find a good one: one or
    two hidden layers, matching ranges of the learning rate and the number of epochs (fewer for many rows), and
    penalties, dropout and noise from weak to strong, which a network needs that is trained for long. ``class_weight``
    is left to the user, since no score tells how important a class is.
    """
    rows = checks.integer("rows", rows, 1)
    few, many = int(np.clip(3e4 / rows, 3, 20)), int(np.clip(2e5 / rows, 10, 100))
    return {
        "learning_rate": Float(1e-3, 1e-2, log=True),
        "batch_size": [16, 32, 64],
        "epochs": Int(few, many, log=True),
        "hidden_layers": [1, 2],
        "units": Int(32, 256, log=True),
        "activation": ["relu", "tanh"],
        "dropout": Float(0.0, 0.5),
        "l2": Float(1e-5, 1e-2, log=True),
        "augment": Float(0.0, 0.5),
    }
