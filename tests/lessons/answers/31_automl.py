"""Exercise 31: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def chosen(y, predictions, rounds, mean, can_repeat=True, pick=min):
    """The models that are added, where ``mean`` makes a prediction of the sum so far, a model and their number."""
    total, numbers = np.zeros(len(y)), []
    for k in range(rounds):
        left = [m for m in range(len(predictions)) if can_repeat or m not in numbers]
        losses = {m: np.mean((y - mean(total, predictions[m], k)) ** 2) for m in left}
        best = pick(losses, key=losses.get)
        total = total + predictions[best]
        numbers.append(best)
    return numbers


def mean_with(total, prediction, k):
    return (total + prediction) / (k + 1)


def greedy(y, predictions, rounds):
    return chosen(y, predictions, rounds, mean_with)


def the_best_alone(y, predictions, rounds):
    return chosen(y, predictions, rounds, lambda total, prediction, k: prediction)


def the_best_in_order(y, predictions, rounds):
    return [int(m) for m in np.argsort(np.mean((predictions - y) ** 2, axis=1), kind="stable")[:rounds]]


def each_once(y, predictions, rounds):
    return chosen(y, predictions, rounds, mean_with, can_repeat=False)


def sums(y, predictions, rounds):
    return chosen(y, predictions, rounds, lambda total, prediction, k: total + prediction)


def half_and_half(y, predictions, rounds):
    ensemble, numbers = np.zeros(len(y)), []
    for k in range(rounds):
        candidates = [prediction if k == 0 else (ensemble + prediction) / 2 for prediction in predictions]
        numbers.append(int(np.argmin([np.mean((y - p) ** 2) for p in candidates])))
        ensemble = candidates[numbers[-1]]
    return numbers


def the_worst(y, predictions, rounds):
    return chosen(y, predictions, rounds, mean_with, pick=max)


def the_last_of_equal_ones(y, predictions, rounds):
    count = len(predictions)
    return [count - 1 - m for m in greedy(y, predictions[::-1], rounds)]


def weights_instead(y, predictions, rounds):
    return list(np.bincount(greedy(y, predictions, rounds), minlength=len(predictions)) / rounds)


def one_round_less(y, predictions, rounds):
    return greedy(y, predictions, rounds)[:-1]


SOLUTION = greedy
WRONG = [
    ("the best model alone is added each time", the_best_alone),
    ("the models in the order of their own losses", the_best_in_order),
    ("a model may be added again", each_once),
    ("the sum of the predictions, not their mean", sums),
    ("half of the weight", half_and_half),
    ("the largest loss", the_worst),
    ("of equal losses the first model", the_last_of_equal_ones),
    ("the numbers of the models, in the order", weights_instead),
    ("as many models as rounds", one_round_less),
]
