"""Exercise 15: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def chosen_on_the_outer_test(score, configurations, folds, rows):
    return [max(score(each, train, test) for each in configurations) for train, test in folds(rows)]


def one_loop(score, configurations, folds, rows):
    every = [[score(each, train, test) for train, test in folds(rows)] for each in configurations]
    return max(every, key=np.mean)


def inner_folds_of_all_rows(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        best = max(configurations, key=lambda each: np.mean([score(each, a, b) for a, b in folds(rows)]))
        found.append(score(best, train, test))
    return found


def inner_mean_returned(score, configurations, folds, rows):
    return [max(np.mean([score(each, a, b) for a, b in folds(train)]) for each in configurations)
            for train, _ in folds(rows)]


def not_trained_again(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        means = [np.mean([score(each, a, b) for a, b in folds(train)]) for each in configurations]
        last_part = list(folds(train))[-1][0]
        found.append(score(configurations[int(np.argmax(means))], last_part, test))
    return found


def mean_of_the_folds(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        means = [np.mean([score(each, a, b) for a, b in folds(train)]) for each in configurations]
        found.append(score(configurations[int(np.argmax(means))], train, test))
    return np.mean(found)


def best_inner_fold(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        tops = [max(score(each, a, b) for a, b in folds(train)) for each in configurations]
        found.append(score(configurations[int(np.argmax(tops))], train, test))
    return found


def trained_on_all_rows(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        means = [np.mean([score(each, a, b) for a, b in folds(train)]) for each in configurations]
        found.append(score(configurations[int(np.argmax(means))], rows, test))
    return found


def first_inner_fold(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        a, b = next(iter(folds(train)))
        best = max(configurations, key=lambda each: score(each, a, b))
        found.append(score(best, train, test))
    return found


def inner_folds_of_the_test(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        means = [np.mean([score(each, a, b) for a, b in folds(test)]) for each in configurations]
        found.append(score(configurations[int(np.argmax(means))], train, test))
    return found


WRONG = [
    ("These are the highest scores on", chosen_on_the_outer_test),
    ("The configuration was chosen by the", one_loop),
    ("The configuration was chosen by the", inner_folds_of_all_rows),
    ("These are the winners' inner scores", inner_mean_returned),
    ("The winner that is scored was trained", not_trained_again),
    ("This is the mean of the outer scores", mean_of_the_folds),
    ("The configuration with the highest", best_inner_fold),
    ("A configuration is scored on rows", trained_on_all_rows),
    ("The configuration was chosen by a", first_inner_fold),
    ("The inner folds are parts of the", inner_folds_of_the_test),
]
