"""Exercise 10: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def nested_scores(score, settings, folds, rows):
    def inner(setting, train):
        return np.mean([score(setting, *split) for split in folds(train)])

    return [score(max(settings, key=lambda s: inner(s, train)), train, test) for train, test in folds(rows)]


def best_on_all_rows(score, settings, folds, rows):
    best = max(settings, key=lambda s: np.mean([score(s, *split) for split in folds(rows)]))
    return [score(best, *split) for split in folds(rows)]


SOLUTION = nested_scores
WRONG = [
    ("the outer fold may take no part", best_on_all_rows),
]
