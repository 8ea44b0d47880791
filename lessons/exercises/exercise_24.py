"""Exercise 24: successive halving of a table of learning curves."""

import numpy as np


def right(curves, eta):
    left, epochs, spent = np.arange(len(curves)), 1, len(curves)
    while True:
        scores = np.nan_to_num(curves[left, epochs - 1], nan=-np.inf)
        left = left[np.argsort(-scores, kind="stable")]
        if epochs == curves.shape[1]:
            return int(left[0]), spent
        left = left[: max(len(left) // eta, 1)]
        spent += len(left) * (eta - 1) * epochs
        epochs *= eta


def _ranked(scores):
    return np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")


def _race(kept=lambda n, eta: max(n // eta, 1), scores=lambda curves, left, epochs: curves[left, epochs - 1],
          cost=lambda n, eta, epochs: n * (eta - 1) * epochs, order=_ranked, everybody=False, position=False,
          last=True):
    """A race with one thing wrong."""
    def wrong(curves, eta):
        left, epochs, spent = np.arange(len(curves)), 1, len(curves)
        while epochs < curves.shape[1]:
            pool = np.arange(len(curves)) if everybody else left
            left = pool[order(scores(curves, pool, epochs))[: kept(len(left), eta)]]
            spent += cost(len(left), eta, epochs)
            epochs *= eta
        found = order(scores(curves, left, epochs))[0] if last else 0
        return int(found if position else left[found]), spent

    return wrong


def _random(shape, seed, levels=6):
    """Curves with many equal scores, of which a few are NaN."""
    rng = np.random.default_rng(seed)
    curves = rng.integers(0, levels, shape) / levels
    curves[rng.random(shape) < 0.05] = np.nan
    return curves


CASES = [
    (np.array([[0.3, 0.1, 0.2], [0.5, 0.6, 0.4], [0.2, 0.9, 0.9]]), 3),
    (np.array([[0.3, 0.4], [0.5, 0.6], [0.5, 0.7], [0.1, 0.9]]), 2),
    (np.array([[0.3, 0.1, 0.2], [0.5, 0.6, 0.4]]), 3),
    (np.array([[0.5, 0.6, 0.6, 0.6], [0.9, 0.6, 0.6, 0.6], [0.1, 0.9, 0.9, 0.9], [0.2, 0.9, 0.9, 0.9]]), 2),
    (np.array([[0.4, 0.1, 0.2, 0.2], [np.nan, np.nan, np.nan, np.nan], [0.3, 0.3, 0.1, 0.6]]), 2),
    (np.array([[0.9, 0.2, 0.4, 0.1], [0.8, 0.8, 0.4, 0.5], [0.7, 0.6, 0.5, 0.5], [0.6, 0.9, 0.1, 0.5],
               [0.1, 0.9, 0.9, 0.9]]), 2),
    *((_random(shape, seed), eta) for seed, (shape, eta) in enumerate(
        [((27, 27), 3), ((8, 9), 3), ((20, 8), 2), ((64, 16), 4), ((40, 27), 3), ((11, 4), 2)])),
]
def _by_index(curves, eta):
    left, epochs, spent = np.arange(len(curves)), 1, len(curves)
    while epochs < curves.shape[1]:
        left = np.sort(left[_ranked(curves[left, epochs - 1])][: max(len(left) // eta, 1)])
        spent += len(left) * (eta - 1) * epochs
        epochs *= eta
    return int(left[_ranked(curves[left, -1])[0]]), spent


def _ended(curves, eta, at_one):
    """The race ends as soon as one is left, or as soon as none would be promoted."""
    left, epochs, spent = np.arange(len(curves)), 1, len(curves)
    while True:
        left = left[_ranked(curves[left, epochs - 1])]
        if epochs == curves.shape[1] or len(left) // eta == 0 or (at_one and len(left) // eta == 1):
            return int(left[0]), spent
        left = left[: len(left) // eta]
        spent += len(left) * (eta - 1) * epochs
        epochs *= eta


def _promoted_pay(curves, eta):
    left, epochs, spent = np.arange(len(curves)), 1, 0
    while epochs < curves.shape[1]:
        left = left[_ranked(curves[left, epochs - 1])][: max(len(left) // eta, 1)]
        spent += len(left) * (epochs - epochs // eta)
        epochs *= eta
    return int(left[_ranked(curves[left, -1])[0]]), spent + len(left) * (epochs - epochs // eta)


MISTAKES = [
    ("A rung's size is rounded to the nearest integer; round it down.",
     _race(kept=lambda n, eta: max(round(n / eta), 1))),
    ("A rung's size is rounded up; round it down.", _race(kept=lambda n, eta: -(-n // eta))),
    ("With fewer than eta trainings in a rung none is promoted; at least one always is.",
     _race(kept=lambda n, eta: n // eta)),
    ("A promoted training is charged for all its epochs again; it keeps its weights, so count only the new ones.",
     _race(cost=lambda n, eta, epochs: n * eta * epochs)),
    ("These are the epochs of the training without a race: one that is dropped costs no more epochs.",
     lambda curves, eta: (right(curves, eta)[0], curves.size)),
    ("Only the winner's epochs are counted; those that were dropped have cost theirs, too.",
     lambda curves, eta: (right(curves, eta)[0], curves.shape[1])),
    ("Trainings are ranked by their best score so far; a rung ranks by the score at its end.",
     _race(scores=lambda curves, left, epochs: np.nan_to_num(curves[left, :epochs], nan=-1.0).max(axis=1))),
    ("Trainings are ranked by the mean of their scores so far; a rung ranks by the score at its end.",
     _race(scores=lambda curves, left, epochs: curves[left, :epochs].mean(axis=1))),
    ("The race looks at the last epoch, which it does not know yet: rank by the score at the rung's end.",
     _race(scores=lambda curves, left, epochs: curves[left, -1])),
    ("The lowest scores are promoted; these are accuracies, so the highest are the best.",
     _race(order=lambda scores: np.argsort(np.nan_to_num(scores, nan=np.inf), kind="stable"))),
    ("Of equal scores the later one is promoted (a sorted list that is reversed does that); the earlier one is ahead.",
     _race(order=lambda scores: np.argsort(np.nan_to_num(scores, nan=-np.inf), kind="stable")[::-1])),
    ("A score of NaN is ranked first; a training that has diverged is behind all others.",
     _race(order=lambda scores: np.argsort(-np.nan_to_num(scores, nan=np.inf), kind="stable"))),
    ("A training that was dropped is promoted in a later rung; rank only those that are in the rung.",
     _race(everybody=True)),
    ("This is the winner's position in the last rung; return its index in `curves`.", _race(position=True)),
    ("The winner is the first of those that were promoted to the last rung; rank them by their last epoch.",
     _race(last=False)),
    ("Of equal scores in a later rung the lower index is ahead; that one should be which was ahead in the rung before.",
     _by_index),
    ("argsort puts NaN last, so in the reversed order NaN is first, and of equal scores the later one. Sort by minus "
     "the score, and stably.", _race(order=lambda scores: np.argsort(scores)[::-1])),
    ("The race ends where a rung has fewer than eta trainings; at least one is promoted, up to the last epoch.",
     lambda curves, eta: _ended(curves, eta, False)),
    ("The race ends where one training is left; it is trained to the last epoch, and its epochs count.",
     lambda curves, eta: _ended(curves, eta, True)),
    ("Trainings are ranked by the maximum of their curves so far; the score of a rung is that of its last epoch.",
     _race(scores=lambda curves, left, epochs: curves[left, :epochs].max(axis=1))),
    ("The epochs of a rung are counted for its promoted trainings only; those that are then dropped have run them as "
     "well.", _promoted_pay),
]
