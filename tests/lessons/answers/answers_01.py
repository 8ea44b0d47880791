"""Exercise 01: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def failed_configuration_wins(scores):
    means = scores.mean(axis=1)
    best = int(np.argmax(means))
    return best, means[best], scores.size + 1


def failed_fold_left_out(scores):
    means = np.nanmean(scores, axis=1)
    best = int(np.argmax(means))
    return best, means[best], scores.size + 1


def failed_fold_is_0(scores):
    means = np.nan_to_num(scores).mean(axis=1)
    best = int(np.argmax(means))
    return best, means[best], scores.size + 1


def last_training_forgotten(scores):
    means = scores.mean(axis=1)
    best = int(np.nanargmax(means))
    return best, means[best], scores.size


def last_of_equal_means(scores):
    best, highest = 0, -np.inf
    for k, mean in enumerate(scores.mean(axis=1)):
        if mean >= highest:
            best, highest = k, mean
    return best, highest, scores.size + 1


def best_fold(scores):
    tops = scores.max(axis=1)
    best = int(np.nanargmax(tops))
    return best, tops[best], scores.size + 1


def mean_of_each_fold(scores):
    means = scores.mean(axis=0)
    best = int(np.nanargmax(means))
    return best, means[best], scores.size + 1


def one_training_for_each_configuration(scores):
    means = scores.mean(axis=1)
    best = int(np.nanargmax(means))
    return best, means[best], len(scores) + 1


def failed_trainings_not_counted(scores):
    means = scores.mean(axis=1)
    best = int(np.nanargmax(means))
    return best, means[best], int(np.isfinite(scores).sum()) + 1


def index_without_the_failed(scores):
    means = scores[~np.isnan(scores).any(axis=1)].mean(axis=1)
    best = int(np.argmax(means))
    return best, means[best], scores.size + 1


WRONG = [
    ("NaN wins in your function, since", failed_configuration_wins),
    ("A failed training is left out of the mean, as", failed_fold_left_out),
    ("A failed training counts as 0.", failed_fold_is_0),
    ("The trainings are right but for", last_training_forgotten),
    ("Of equal means the last one wins", last_of_equal_means),
    ("This chooses by the best fold of", best_fold),
    ("The mean is taken down the columns", mean_of_each_fold),
    ("This counts a training for each", one_training_for_each_configuration),
    ("Failed trainings are missing in", failed_trainings_not_counted),
    ("The index is that among the configurations", index_without_the_failed),
]
