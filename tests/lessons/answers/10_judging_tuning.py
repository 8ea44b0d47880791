"""Exercise 10: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def inner_mean(score, configuration, folds, train):
    return np.mean([score(configuration, *split) for split in folds(train)])


def winner_of(score, configurations, folds, train):
    return max(configurations, key=lambda c: inner_mean(score, c, folds, train))


def nested_scores(score, configurations, folds, rows):
    return [
        score(winner_of(score, configurations, folds, train), train, test) for train, test in folds(rows)]


def scored_without_retraining(score, configurations, folds, rows):
    return [
        score(winner_of(score, configurations, folds, train), folds(train)[0][0], test) for train, test in folds(rows)]


def best_of_the_inner_models(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        best = winner_of(score, configurations, folds, train)
        found.append(max(score(best, part, test) for part, _ in folds(train)))
    return found


def the_inner_maxima(score, configurations, folds, rows):
    return [max(inner_mean(score, c, folds, train) for c in configurations) for train, _ in folds(rows)]


def mean_of_the_inner_maxima(score, configurations, folds, rows):
    return float(np.mean(the_inner_maxima(score, configurations, folds, rows)))


def mean_instead_of_the_three_scores(score, configurations, folds, rows):
    return float(np.mean(nested_scores(score, configurations, folds, rows)))


def not_nested(score, configurations, folds, rows):
    best = winner_of(score, configurations, folds, rows)
    return [score(best, *split) for split in folds(rows)]


def best_on_each_outer_fold(score, configurations, folds, rows):
    return [max(score(c, *split) for c in configurations) for split in folds(rows)]


def one_winner_for_all_outer_folds(score, configurations, folds, rows):
    best = max(configurations, key=lambda c: sum(inner_mean(score, c, folds, train) for train, _ in folds(rows)))
    return [score(best, *split) for split in folds(rows)]


def one_inner_fold_only(score, configurations, folds, rows):
    return [
        score(max(configurations, key=lambda c: score(c, *folds(train)[0])), train, test)  # noqa: B023
        for train, test in folds(rows)]


def lowest_inner_score(score, configurations, folds, rows):
    return [
        score(min(configurations, key=lambda c: inner_mean(score, c, folds, train)), train, test)  # noqa: B023
        for train, test in folds(rows)]


SOLUTION = nested_scores
WRONG = [
    (r"after a training on 12 rows.*Train the winner again, on all 18 rows", scored_without_retraining),
    (r"after a training on 12 rows.*Train the winner again, on all 18 rows", best_of_the_inner_models),
    (r"These are the winners' inner scores", the_inner_maxima),
    (r"These are the winners' inner scores", mean_of_the_inner_maxima),
    (r"gives 1 number\(s\); there are 3 outer folds", mean_instead_of_the_three_scores),
    (r"was chosen by the outer folds", not_nested),
    (r"highest scores on each outer fold", best_on_each_outer_fold),
    (r"Each outer fold chooses its own", one_winner_for_all_outer_folds),
    (r"chosen by a single inner fold", one_inner_fold_only),
    (r"lowest inner score was chosen", lowest_inner_score),
]
