"""Exercise 46: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _greedy(y, predictions, rounds, loss, allowed=lambda k, chosen: True):
    total, chosen = np.zeros(len(y)), []
    for _ in range(rounds):
        losses = [loss((total + p) / (len(chosen) + 1)) if allowed(k, chosen) else np.inf
                  for k, p in enumerate(predictions)]
        chosen.append(int(np.argmin(losses)))
        total = total + predictions[chosen[-1]]
    return chosen


def without_repetition(y, predictions, rounds):
    return _greedy(y, predictions, rounds, lambda mean: np.mean((mean - y) ** 2), lambda k, chosen: k not in chosen)


def best_models_in_order(y, predictions, rounds):
    losses = ((predictions - y) ** 2).mean(axis=1)
    return [int(k) for k in np.argsort(losses, kind="stable")[:rounds]]


def always_the_best_model(y, predictions, rounds):
    return [int(((predictions - y) ** 2).mean(axis=1).argmin())] * rounds


def sum_and_not_mean(y, predictions, rounds):
    total, chosen = np.zeros(len(y)), []
    for _ in range(rounds):
        chosen.append(int(np.argmin([np.mean((total + p - y) ** 2) for p in predictions])))
        total = total + predictions[chosen[-1]]
    return chosen


def divided_by_k(y, predictions, rounds):
    total, chosen = np.zeros(len(y)), []
    for _ in range(rounds):
        chosen.append(int(np.argmin([np.mean(((total + p) / max(len(chosen), 1) - y) ** 2) for p in predictions])))
        total = total + predictions[chosen[-1]]
    return chosen


def mean_with_the_old_mean(y, predictions, rounds):
    mean, chosen = None, []
    for _ in range(rounds):
        means = [p if mean is None else (mean + p) / 2 for p in predictions]
        chosen.append(int(np.argmin([np.mean((each - y) ** 2) for each in means])))
        mean = means[chosen[-1]]
    return chosen


def last_of_equal_losses(y, predictions, rounds):
    total, chosen = np.zeros(len(y)), []
    for _ in range(rounds):
        best = None
        for k, p in enumerate(predictions):
            loss = np.mean(((total + p) / (len(chosen) + 1) - y) ** 2)
            if best is None or loss <= best:
                best, new = loss, k
        chosen.append(new)
        total = total + predictions[new]
    return chosen


def stops_when_the_loss_rises(y, predictions, rounds):
    total, chosen, best = np.zeros(len(y)), [], np.inf
    for _ in range(rounds):
        losses = [np.mean(((total + p) / (len(chosen) + 1) - y) ** 2) for p in predictions]
        if min(losses) >= best:
            break
        best = min(losses)
        chosen.append(int(np.argmin(losses)))
        total = total + predictions[chosen[-1]]
    return chosen


def absolute_error(y, predictions, rounds):
    return _greedy(y, predictions, rounds, lambda mean: np.mean(abs(mean - y)))


def mean_of_the_losses(y, predictions, rounds):
    losses, chosen = ((predictions - y) ** 2).mean(axis=1), []
    for _ in range(rounds):
        means = [(sum(losses[j] for j in chosen) + loss) / (len(chosen) + 1) for loss in losses]
        chosen.append(int(np.argmin(means)))
    return chosen


def weights_returned(y, predictions, rounds):
    chosen = _greedy(y, predictions, rounds, lambda mean: np.mean((mean - y) ** 2))
    return np.bincount(chosen, minlength=len(predictions)) / rounds


WRONG = [
    ("Each model is added at most once", without_repetition),
    ("These are the models in the order of their own losses", best_models_in_order),
    ("The best model alone is added each time", always_the_best_model),
    ("The loss is that of the sum of the predictions", sum_and_not_mean),
    ("The sum is divided by k", divided_by_k),
    ("The new model gets half of the weight", mean_with_the_old_mean),
    ("Of equal losses the last model is added", last_of_equal_losses),
    ("It stops where the loss rises", stops_when_the_loss_rises),
    ("The absolute errors are compared", absolute_error),
    ("The best model alone is added each time", mean_of_the_losses),
    ("These are the weights", weights_returned),
]
