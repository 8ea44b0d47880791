"""Exercise 46: greedy ensemble selection."""

import numpy as np


def right(y, predictions, rounds):
    return _greedy(y, predictions, rounds)


def _mean(total, prediction, k):
    return (total + prediction) / (k + 1)


def _squared(y, predicted):
    return np.mean((y - predicted) ** 2)


def _greedy(y, predictions, rounds, joined=_mean, loss=_squared, best=np.argmin, once=False, total_of=None):
    total, added = np.zeros(len(y)), []
    for k in range(rounds):
        losses = np.array([loss(y, joined(total, prediction, k)) for prediction in predictions])
        if once and len(added) < len(predictions):
            losses[added] = np.inf
        added.append(int(best(losses)))
        total = total_of(total, predictions[added[-1]], k) if total_of else total + predictions[added[-1]]
    return added


def _counts(y, predictions, rounds):
    return (np.bincount(_greedy(y, predictions, rounds), minlength=len(predictions)) / rounds).tolist()


def _by_own_loss(y, predictions, rounds):
    order = np.argsort([_squared(y, prediction) for prediction in predictions], kind="stable")
    return [int(order[k % len(order)]) for k in range(rounds)]


def _until_worse(y, predictions, rounds):
    added = _greedy(y, predictions, rounds)
    losses = [_squared(y, predictions[added[:k]].mean(axis=0)) for k in range(1, rounds + 1)]
    worse = [k for k in range(1, rounds) if losses[k] > losses[k - 1]]
    return added[: worse[0]] if worse else added


def _last_of_equals(losses):
    return len(losses) - 1 - int(np.argmin(losses[::-1]))


def _case(seed, models, n, rounds):
    rng = np.random.default_rng(seed)
    y = rng.normal(3.0, 2.0, n).round(1)
    return y, (y + rng.normal(0.0, 2.0, (models, n)) + rng.normal(0.0, 1.0, (models, 1))).round(1), rounds


CASES = [
    (np.array([5.0, 3.0, 3.0, 1.0]),
     np.array([[4.0, 0, 0, -2], [3.0, 5, 4, 4], [5.0, 4, 6, 3], [6.0, 3, 3, 4]]), 4),
    (np.zeros(2), np.array([[2.0, 0], [1.0, 0], [0.0, 1], [0.0, 1]]), 2),
    (np.zeros(4), np.array([[2.0, 2, 0, 0], [2.1, 2.1, 0, 0], [-1.0, -1, 3, 3]]), 4),
    _case(1, 3, 6, 7), _case(2, 5, 8, 9), _case(3, 6, 5, 6), _case(4, 4, 12, 3),
]
def _at_most_once(y, predictions, rounds):
    total, added = np.zeros(len(y)), []
    for k in range(rounds):
        losses = [np.inf if j in added else _squared(y, _mean(total, each, k)) for j, each in enumerate(predictions)]
        added.append(int(np.argmin(losses)))
        total = total + predictions[added[-1]]
    return added


MISTAKES = [
    ("The best model alone is added each time: compare the means with those that were added before.",
     lambda *case: _greedy(*case, joined=lambda total, prediction, k: prediction)),
    ("The models are added in the order of their own losses: what counts is the loss of the ensemble with each.",
     _by_own_loss),
    ("No model is added a second time before all others: a model may be added again, and so gets more weight.",
     lambda *case: _greedy(*case, once=True)),
    ("The loss is that of the sum of the predictions: it should be that of their mean.",
     lambda *case: _greedy(*case, joined=lambda total, prediction, k: total + prediction)),
    ("The sum is divided by k: with the new model there are k + 1.",
     lambda *case: _greedy(*case, joined=lambda total, prediction, k: (total + prediction) / max(k, 1))),
    ("The new model gets half of the weight: after k models it gets 1 / (k + 1).",
     lambda *case: _greedy(*case, joined=lambda total, prediction, k: (total + prediction) / 2 if k else prediction,
                           total_of=lambda total, prediction, k: (total + prediction) / 2 if k else prediction)),
    ("The model that gives the largest loss is added: the smallest is wanted.",
     lambda *case: _greedy(*case, best=np.argmax)),
    ("Of equal losses the last model is added: the first one should be.",
     lambda *case: _greedy(*case, best=_last_of_equals)),
    ("The absolute errors are compared: the loss is the mean of the squares.",
     lambda *case: _greedy(*case, loss=lambda y, predicted: np.mean(abs(y - predicted)))),
    ("The error is squared after the mean, so that errors of different rows cancel: square first, then take the mean.",
     lambda *case: _greedy(*case, loss=lambda y, predicted: np.mean(y - predicted) ** 2)),
    ("These are the weights: return the numbers of the models, in the order in which they were added.", _counts),
    ("It stops where the loss rises: add as many models as there are rounds.", _until_worse),
    ("Each model is added at most once: the same one may be added again, and so gets more weight.", _at_most_once),
    ("These are the models in the order of their own losses, each once: what counts is the mean with those added so "
     "far.", lambda y, predictions, rounds: _by_own_loss(y, predictions, rounds)[: len(predictions)]),
]
