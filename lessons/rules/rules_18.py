"""The claims of lesson 18, random against grid."""

import numpy as np

import scratchtune as st
from lessons.claims import claim

THIRDS = [1 / 6, 3 / 6, 5 / 6]


def _gain(draw, d, mattering):
    """The mean best loss of the grid less that of random search, over 400 optima and twenty searches."""
    optima = np.random.default_rng(draw).random((400, d))

    def best_loss(searcher, values=None, seed=0):
        study = st.Study({f"x{i}": values or st.Float(0.0, 1.0) for i in range(d)}, searcher, seed=seed)
        tried = np.array([list(study.ask().params.values()) for _ in range(3**d)])
        return np.mean(sum((tried[:, i, None] - optima[:, i]) ** 2 for i in range(mattering)).min(axis=0))

    of_chance = np.mean([best_loss(st.RandomSearch(), seed=draw * 10 + k) for k in range(20)])
    return best_loss(st.GridSearch(), THIRDS) - of_chance


@claim("18a")
def one_of_two(draw):
    """If one of two hyper-parameters matters, nine random trials have a lower best loss than a grid of nine."""
    gain = _gain(draw, 2, 1)
    return gain > 0, gain


@claim("18b")
def both(draw):
    """If both matter, the grid has the lower loss."""
    gain = _gain(draw, 2, 2)
    return gain < 0, gain


@claim("18c")
def from_three_on(draw):
    """With two that matter of three, four or five, random search has the lower loss at the price of the grid."""
    gains = [_gain(draw, d, 2) for d in (3, 4, 5)]
    return min(gains) > 0, min(gains)
