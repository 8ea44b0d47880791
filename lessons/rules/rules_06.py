"""The claims of lesson 06, the start and activations."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson

lesson = of_lesson(6, "trained")


def _trained(draw, *how, seed=0, **more):
    """A network after ten epochs on 400 images that the draw chooses: the model, the images, the training loss."""
    X, y = st.datasets.load_digits()
    rows = np.random.default_rng(draw).permutation(len(X))[:400]
    lesson.X, lesson.y = X[rows] / 16.0, y[rows]
    model, loss = lesson.trained(*how, seed=10 * draw + seed, **more)
    return model, lesson.X, loss


def _best(draw, start):
    return min(np.mean([_trained(draw, rate, start, layers=10, seed=seed)[2] for seed in range(4)])
               for rate in (0.003, 0.01, 0.03, 0.1, 0.3))


@claim("06a")
def he_ends_lower(draw):
    """With ten ReLU layers He's start ends at a lower training loss than Glorot's, each with its best of five rates."""
    gain = _best(draw, "glorot_uniform") - _best(draw, "he_uniform")
    return gain > 0, gain


@cache
def _too_fast(draw, activation):
    model, X, loss = _trained(draw, 3.0, "glorot_uniform", activation)
    weights, biases, *_ = model.get_weights()
    return X @ weights + biases, loss


@claim("06b")
def all_die(draw):
    """At a learning rate of 3 all ReLU units are dead: their sums are negative for every training image."""
    dead = np.mean((_too_fast(draw, "relu")[0] <= 0.0).all(axis=0))
    return dead == 1.0, dead


@claim("06c")
def tanh_saturates(draw):
    """At a learning rate of 3 more than nine of ten outputs of the tanh units are beyond 0.99."""
    beyond = np.mean(abs(np.tanh(_too_fast(draw, "tanh")[0])) > 0.99)
    return beyond > 0.9, beyond


@claim("06d")
def its_loss_is_large(draw):
    """The loss of that tanh network is more than four times that of guessing."""
    loss = _too_fast(draw, "tanh")[1]
    return loss > 4.0 * np.log(10.0), loss
