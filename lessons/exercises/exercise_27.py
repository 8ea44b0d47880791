"""Exercise 27: the Pareto front."""

import numpy as np


def right(losses):
    return [i for i in range(len(losses))
            if not any(np.all(other <= losses[i]) and np.any(other < losses[i]) for other in losses)]


def _by(dominates):
    """The front by another rule of dominance."""
    def wrong(losses):
        return [i for i in range(len(losses))
                if not any(dominates(losses[j], losses[i]) for j in range(len(losses)) if j != i)]

    return wrong


def _dominates(a, b):
    return np.all(a <= b) and np.any(a < b)


def _first_of_equals(losses):
    kept = right(losses)
    return [i for k, i in enumerate(kept) if not any(np.array_equal(losses[i], losses[j]) for j in kept[:k])]


def _first_two(losses):
    return right(losses[:, :2])


def _of_order(losses):
    return sorted(right(losses), key=lambda i: tuple(losses[i]))


def _neighbours(losses):
    """Sorted by the first loss, compared with the one before only."""
    order = sorted(range(len(losses)), key=lambda i: tuple(losses[i]))
    kept = [i for k, i in enumerate(order) if k == 0 or not _dominates(losses[order[k - 1]], losses[i])]
    return sorted(kept)


def _mask(losses):
    kept = right(losses)
    return [i in kept for i in range(len(losses))]


CASES = [
    (np.array([[1.0, 4.0], [2.0, 2.0], [3.0, 3.0], [4.0, 1.0]]),),
    (np.array([[1.0, 4.0], [2.0, 2.0], [2.0, 3.0], [2.0, 2.0], [4.0, 1.0], [5.0, 5.0]]),),
    (np.array([[4.0, 1.0], [5.0, 2.0], [6.0, 3.0], [2.0, 2.0], [-1.0, 4.0], [3.0, 6.0]]),),
    (np.array([[1.0, 1.0, 5.0], [2.0, 2.0, 1.0], [3.0, 3.0, 1.0], [1.0, 1.0, 2.0], [2.0, 1.0, 2.0]]),),
    (np.array([[0.5, 7.0]]),),
    *((np.random.default_rng(seed).integers(-3, 4, (12, m)).astype(float),) for seed, m in enumerate((2, 3, 2, 4))),
]
def _with_earlier(losses):
    return [i for i in range(len(losses)) if not any(_dominates(losses[j], losses[i]) for j in range(i))]


MISTAKES = [
    ("A trial that is worse in one goal and equal in the others is dominated, too: it need not be worse in all.",
     _by(lambda a, b: np.all(a < b))),
    ("Equal trials remove each other; to dominate, a trial must be better in at least one goal.",
     _by(lambda a, b: np.all(a <= b))),
    ("Of equal trials only the first is kept; neither dominates the other, so both are on the front.",
     _first_of_equals),
    ("To be better in one goal is not enough to dominate: the trial must be worse in none.",
     _by(lambda a, b: np.any(a < b))),
    ("The losses are maximised here; smaller ones are better.", lambda losses: right(-losses)),
    ("Only the first two goals are compared; compare all of them.", _first_two),
    ("These are the trials with the lowest sum; a trial between the ends of the front need not have it.",
     lambda losses: np.flatnonzero(losses.sum(axis=1) == losses.sum(axis=1).min()).tolist()),
    ("These are the trials that are best in one goal; a compromise can be on the front without that.",
     lambda losses: np.flatnonzero((losses == losses.min(axis=0)).any(axis=1)).tolist()),
    ("These are the dominated trials; return the others.",
     lambda losses: [i for i in range(len(losses)) if i not in right(losses)]),
    ("These are the losses on the front; return their indices.", lambda losses: losses[right(losses)]),
    ("The indices are in the order of the losses; return them in growing order.", _of_order),
    ("This is one value, True or False, for each trial; return the indices.", _mask),
    ("Each trial is compared with its neighbour in the order of the first goal only; compare it with all others.",
     _neighbours),
    ("Only the best trial of each goal is here; a compromise that is best in no goal can be on the front, too.",
     lambda losses: sorted(set(losses.argmin(axis=0).tolist()))),
    ("Each trial is compared with those before it only: a later one may dominate it, too.", _with_earlier),
]
