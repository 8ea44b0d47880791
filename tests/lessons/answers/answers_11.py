"""Exercise 11: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _f1(truth, alarm):
    found = np.sum(alarm & (truth == 1))
    return 2.0 * found / max(np.sum(alarm) + np.sum(truth), 1)


def only_above(truth, score):
    return max((_f1(truth, score > each), each) for each in np.unique(score))[::-1]


def lowest_of_equal(truth, score):
    values = [(each, _f1(truth, score >= each)) for each in np.unique(score)]
    return max(values, key=lambda pair: pair[1])


def highest_accuracy(truth, score):
    best = max(np.unique(score), key=lambda each: (np.mean((score >= each) == truth), each))
    return best, _f1(truth, score >= best)


def mean_of_precision_and_recall(truth, score):
    found = []
    for each in np.unique(score):
        alarm = score >= each
        hits = np.sum(alarm & (truth == 1))
        found.append(((hits / alarm.sum() + hits / max(truth.sum(), 1)) / 2, each))
    return max(found)[::-1]


def f1_first(truth, score):
    return max((_f1(truth, score >= each), each) for each in np.unique(score))


def fixed_steps(truth, score):
    return max((_f1(truth, score >= each), each) for each in np.linspace(0.0, 1.0, 101))[::-1]


def hits_counted_once(truth, score):
    found = []
    for each in np.unique(score):
        alarm = score >= each
        hits = np.sum(alarm & (truth == 1))
        found.append((hits / np.sum(alarm | (truth == 1)), each))
    return max(found)[::-1]


def equal_scores_one_by_one(truth, score):
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2.0 * hits / (np.arange(1, len(score) + 1) + truth.sum())
    best = int(np.argmax(f1))
    return score[order][best], f1[best]


def ends_at_the_first_fall(truth, score):
    best, highest = np.max(score), -1.0
    for each in np.unique(score)[::-1]:
        f1 = _f1(truth, score >= each)
        if f1 < highest:
            break
        if f1 > highest:
            best, highest = each, f1
    return best, highest


def both_classes(truth, score):
    found = []
    for each in np.unique(score):
        alarm = score >= each
        found.append(((_f1(truth, alarm) + _f1(1 - truth, ~alarm)) / 2, each))
    return max(found)[::-1]


WRONG = [
    ("Your alarm is raised where score", only_above),
    ("Of equally good thresholds this", lowest_of_equal),
    ("This is the threshold of the highest accuracy", highest_accuracy),
    ("This takes the plain mean of precision", mean_of_precision_and_recall),
    ("This is F1 first, then the threshold", f1_first),
    ("The thresholds are steps from 0", fixed_steps),
    ("The factor 2 of F1 is missing", hits_counted_once),
    ("Rows with equal scores are counted", equal_scores_one_by_one),
    ("The search ends where F1 falls", ends_at_the_first_fall),
    ("This is the mean of two F1, of", both_classes),
]
