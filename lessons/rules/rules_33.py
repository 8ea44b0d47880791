"""The claim of lesson 33, the mask."""

import numpy as np

from lessons.claims import claim
from scratchtune.sequences.layers.gru import gru_gates


@claim("33a")
def padding_moves(draw):
    """Five steps of padding read as words move the state by more than a quarter of its length; mean of ten layers."""
    rng, moved = np.random.default_rng(draw), []
    for _ in range(10):
        kernel, recurrent, bias = rng.normal(size=(3, 12)), rng.normal(size=(4, 12)), rng.normal(size=(2, 3, 4))
        table, state, states = rng.normal(size=(4, 3)), np.zeros((1, 4)), []
        for token in (*rng.integers(1, 4, 3), 0, 0, 0, 0, 0):
            gates, after = np.empty((1, 4, 4)), np.empty((1, 4))
            gru_gates((table[token] @ kernel).reshape(1, 3, 4), (state @ recurrent).reshape(1, 3, 4), bias, state,
                      np.ones(1), gates, after)
            state = after
            states.append(state)
        moved.append(np.linalg.norm(states[-1] - states[2]) / np.linalg.norm(states[2]))
    return np.mean(moved) > 0.25, np.mean(moved)
