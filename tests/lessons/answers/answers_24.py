"""Exercise 24: wrong answers of readers, each with a part of the hint that names its mistake."""

import math

import numpy as np


def _race(curves, eta, ranking=None, kept=lambda n, eta: max(n // eta, 1)):
    """A right race; an answer may rank or keep in another way."""
    ranking = ranking or (lambda alive, epochs: np.argsort(-curves[alive, epochs - 1], kind="stable"))
    alive, epochs, spent, trained = np.arange(len(curves)), 1, 0, 0
    while True:
        spent += len(alive) * (epochs - trained)
        trained = epochs
        alive = alive[ranking(alive, epochs)]
        if epochs >= curves.shape[1]:
            return int(alive[0]), spent
        alive = alive[: kept(len(alive), eta)]
        epochs *= eta


def nan_is_ahead(curves, eta):
    return _race(curves, eta, lambda alive, epochs: np.argsort(curves[alive, epochs - 1])[::-1])


def trained_from_the_start(curves, eta):
    alive, epochs, spent = np.arange(len(curves)), 1, 0
    while True:
        spent += len(alive) * epochs
        alive = alive[np.argsort(-curves[alive, epochs - 1], kind="stable")]
        if epochs >= curves.shape[1]:
            return int(alive[0]), spent
        alive = alive[: max(len(alive) // eta, 1)]
        epochs *= eta


def rounded_up(curves, eta):
    return _race(curves, eta, kept=lambda n, eta: math.ceil(n / eta))


def equal_by_index(curves, eta):
    return _race(curves, eta, lambda alive, epochs: np.lexsort((alive, -curves[alive, epochs - 1])))


def not_even_one(curves, eta):
    alive, epochs, spent, trained = np.arange(len(curves)), 1, 0, 0
    while len(alive) and epochs <= curves.shape[1]:
        spent += len(alive) * (epochs - trained)
        trained = epochs
        alive = alive[np.argsort(-curves[alive, epochs - 1], kind="stable")]
        winner = alive[0]
        alive = alive[: len(alive) // eta]
        epochs *= eta
    return int(winner), spent


def best_epoch_so_far(curves, eta):
    return _race(curves, eta, lambda alive, epochs: np.argsort(-curves[alive, :epochs].max(axis=1), kind="stable"))


def ends_with_one_left(curves, eta):
    alive, epochs, spent, trained = np.arange(len(curves)), 1, 0, 0
    while len(alive) > 1:
        spent += len(alive) * (epochs - trained)
        trained = epochs
        alive = alive[np.argsort(-curves[alive, epochs - 1], kind="stable")]
        alive = alive[: max(len(alive) // eta, 1)] if epochs < curves.shape[1] else alive[:1]
        epochs *= eta
    return int(alive[0]), spent


def index_within_the_rung(curves, eta):
    left, epochs, spent, trained = curves, 1, 0, 0
    while True:
        spent += len(left) * (epochs - trained)
        trained = epochs
        order = np.argsort(-left[:, epochs - 1], kind="stable")
        if epochs >= curves.shape[1]:
            return int(order[0]), spent
        left = left[order[: max(len(left) // eta, 1)]]
        epochs *= eta


def mean_of_the_epochs(curves, eta):
    return _race(curves, eta, lambda alive, epochs: np.argsort(-curves[alive, :epochs].mean(axis=1), kind="stable"))


def promoted_pay_alone(curves, eta):
    alive, epochs, spent, trained = np.arange(len(curves)), 1, 0, 0
    while True:
        alive = alive[np.argsort(-curves[alive, epochs - 1], kind="stable")]
        if epochs >= curves.shape[1]:
            return int(alive[0]), spent + len(alive) * (epochs - trained)
        alive = alive[: max(len(alive) // eta, 1)]
        spent += len(alive) * (epochs - trained)
        trained = epochs
        epochs *= eta


WRONG = [
    ("argsort puts NaN last, so in the", nan_is_ahead),
    ("A promoted training is charged", trained_from_the_start),
    ("A rung's size is rounded up; round", rounded_up),
    ("Of equal scores in a later rung", equal_by_index),
    ("The race ends where a rung has", not_even_one),
    ("Trainings are ranked by the maximum", best_epoch_so_far),
    ("The race ends where one training", ends_with_one_left),
    ("This is the winner's position in", index_within_the_rung),
    ("Trainings are ranked by the mean", mean_of_the_epochs),
    ("The epochs of a rung are counted", promoted_pay_alone),
]
