"""Exercise 32: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def the_default_again(accuracy, rates, others, trials):
    scores = [accuracy(rate, others[0]) for rate in rates[:trials]]
    rate = rates[int(np.nanargmax(scores))]
    best, score = others[0], np.nanmax(scores)
    for other in others[: trials - len(scores)]:
        new = accuracy(rate, other)
        if new > score:
            best, score = other, new
    return rate, best


def nan_wins(accuracy, rates, others, trials):
    scores = [accuracy(rate, others[0]) for rate in rates[:trials]]
    rate = rates[int(np.argmax(scores))]
    best, score = others[0], max(scores)
    for other in others[1 : 1 + trials - len(scores)]:
        new = accuracy(rate, other)
        if new > score:
            best, score = other, new
    return rate, best


def trials_forgotten(accuracy, rates, others, trials):
    scores = {rate: accuracy(rate, others[0]) for rate in rates}
    scores = {rate: -np.inf if np.isnan(score) else score for rate, score in scores.items()}
    rate = min(rates, key=lambda rate: (-scores[rate], rate))
    best, score = others[0], scores[rate]
    for other in others[1:]:
        new = accuracy(rate, other)
        if new > score:
            best, score = other, new
    return rate, best


def trials_for_the_others_only(accuracy, rates, others, trials):
    scores = {rate: accuracy(rate, others[0]) for rate in rates}
    scores = {rate: -np.inf if np.isnan(score) else score for rate, score in scores.items()}
    rate = min(rates, key=lambda rate: (-scores[rate], rate))
    best, score = others[0], scores[rate]
    for other in others[1 : 1 + trials]:
        new = accuracy(rate, other)
        if new > score:
            best, score = other, new
    return rate, best


def first_rate_of_equal_ones(accuracy, rates, others, trials):
    scores = [accuracy(rate, others[0]) for rate in rates[:trials]]
    k = int(np.nanargmax(scores))
    best, score = others[0], scores[k]
    for other in others[1 : 1 + trials - len(scores)]:
        new = accuracy(rates[k], other)
        if new > score:
            best, score = other, new
    return rates[k], best


def the_last_of_equal_others(accuracy, rates, others, trials):
    scores = {rate: accuracy(rate, others[0]) for rate in rates[:trials]}
    scores = {rate: -np.inf if np.isnan(score) else score for rate, score in scores.items()}
    rate = min(scores, key=lambda rate: (-scores[rate], rate))
    best, score = others[0], scores[rate]
    for other in others[1 : 1 + trials - len(scores)]:
        new = accuracy(rate, other)
        if new >= score:
            best, score = other, new
    return rate, best


def the_default_forgotten_at_the_end(accuracy, rates, others, trials):
    scores = {rate: accuracy(rate, others[0]) for rate in rates[:trials]}
    scores = {rate: -np.inf if np.isnan(score) else score for rate, score in scores.items()}
    rate = min(scores, key=lambda rate: (-scores[rate], rate))
    best, score = others[0], -np.inf
    for other in others[1 : 1 + trials - len(scores)]:
        new = accuracy(rate, other)
        if new > score:
            best, score = other, new
    return rate, best


def nan_counts_as_no_training(accuracy, rates, others, trials):
    used, scores = 0, {}
    for rate in rates:
        if used == trials:
            break
        score = accuracy(rate, others[0])
        if not np.isnan(score):
            scores[rate] = score
            used += 1
    rate = min(scores, key=lambda rate: (-scores[rate], rate))
    best, score = others[0], scores[rate]
    for other in others[1 : 1 + trials - used]:
        new = accuracy(rate, other)
        if new > score:
            best, score = other, new
    return rate, best


def whole_grid(accuracy, rates, others, trials):
    best, found = -np.inf, None
    for rate, other in [(rate, other) for rate in rates for other in others][:trials]:
        score = accuracy(rate, other)
        if score > best:
            best, found = score, (rate, other)
    return found


def accuracy_as_a_loss(accuracy, rates, others, trials):
    scores = {rate: accuracy(rate, others[0]) for rate in rates[:trials]}
    scores = {rate: np.inf if np.isnan(score) else score for rate, score in scores.items()}
    rate = min(scores, key=lambda rate: (scores[rate], rate))
    best, score = others[0], scores[rate]
    for other in others[1 : 1 + trials - len(scores)]:
        new = accuracy(rate, other)
        if new < score:
            best, score = other, new
    return rate, best


WRONG = [
    ("The default was trained with the best rate already", the_default_again),
    ("np.argmax takes NaN for the largest", nan_wins),
    ("The budget is for all trainings together", trials_forgotten),
    ("The budget is for all trainings together", trials_for_the_others_only),
    ("Of equally good rates the smallest is used", first_rate_of_equal_ones),
    ("Of equally good others the first that was trained is the answer", the_last_of_equal_others),
    ("The first trainings count", the_default_forgotten_at_the_end),
    ("A training that diverged is a training", nan_counts_as_no_training),
    ("This is the whole grid", whole_grid),
    ("The lowest accuracy is kept", accuracy_as_a_loss),
]
