"""Exercise 15: nested cross-validation, on scores that are pure chance: another one for other rows."""

import numpy as np


def _thirds(rows):
    rows = np.asarray(rows)
    return [(np.delete(rows, np.s_[k::3]), rows[k::3]) for k in range(3)]


def _halves(rows):
    rows = np.asarray(rows)
    return [(rows[1::2], rows[::2]), (rows[::2], rows[1::2])]


class Overlap(ValueError):
    """That training and test rows are not distinct."""


def _score(configuration, train, test):
    if set(train) & set(test):
        raise Overlap("a configuration is scored on rows that it was trained on")
    return float(np.random.default_rng([configuration, *sorted(train), 999, *sorted(test)]).normal())


def _case(configurations, folds, rows):
    return lambda: (_score, list(configurations), folds, np.arange(rows))


CASES = [_case(range(12), _thirds, 27), _case((5, 3, 8, 1, 40), _halves, 16), _case(range(30), _thirds, 36)]


def right(score, configurations, folds, rows):
    return _nested(score, configurations, folds, rows, lambda inner, outer: np.argmax(np.mean(inner, axis=1)))


def _nested(score, configurations, folds, rows, choose):
    """The outer scores of the configurations that `choose` picks by (configurations, inner folds) and outer scores."""
    found = []
    for train, test in folds(rows):
        inner = [[score(c, *pair) for pair in folds(train)] for c in configurations]
        outer = [score(c, train, test) for c in configurations]
        found.append(outer[choose(np.array(inner), np.array(outer))])
    return found


def _by(choose):
    return lambda score, configurations, folds, rows: _nested(score, configurations, folds, rows, choose)


def _inner_scores(score, configurations, folds, rows):
    return [max(np.mean([score(c, *pair) for pair in folds(train)]) for c in configurations)
            for train, _ in folds(rows)]


def _one_for_all(score, configurations, folds, rows):
    means = np.mean([[[score(c, *pair) for pair in folds(train)] for c in configurations] for train, _ in folds(rows)],
                    axis=(0, 2))
    best = configurations[int(np.argmax(means))]
    return [score(best, train, test) for train, test in folds(rows)]


def _by_outer(score, configurations, folds, rows):
    table = np.array([[score(c, *pair) for c in configurations] for pair in folds(rows)])
    return list(table[:, table.mean(axis=0).argmax()])


def _small_training(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        best = max(configurations, key=lambda c: np.mean([score(c, *pair) for pair in folds(train)]))
        found.append(score(best, folds(train)[0][0], test))
    return found


def _last_winner(score, configurations, folds, rows):
    for train, _ in folds(rows):
        best = max(configurations, key=lambda c: np.mean([score(c, *pair) for pair in folds(train)]))
    return [score(best, train, test) for train, test in folds(rows)]


def _mean(score, configurations, folds, rows):
    return float(np.mean(right(score, configurations, folds, rows)))


def _best_score(score, configurations, folds, rows):
    return float(np.max(right(score, configurations, folds, rows)))


def _flat(score, configurations, folds, rows):
    return float(max(np.mean([score(c, *pair) for pair in folds(rows)]) for c in configurations))


def _first_only(score, configurations, folds, rows):
    return right(score, configurations, folds, rows)[:1]


def _winners(score, configurations, folds, rows):
    return [max(configurations, key=lambda c: np.mean([score(c, *pair) for pair in folds(train)]))
            for train, _ in folds(rows)]


def _last_training(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        best = max(configurations, key=lambda c: np.mean([score(c, *pair) for pair in folds(train)]))
        found.append(score(best, folds(train)[-1][0], test))
    return found


def _on_the_test(score, configurations, folds, rows):
    found = []
    for train, test in folds(rows):
        best = max(configurations, key=lambda c: np.mean([score(c, *pair) for pair in folds(test)]))
        found.append(score(best, train, test))
    return found


def _overlap(score, configurations, folds, rows):
    return [score(configurations[0], rows, test) for _, test in folds(rows)]


MISTAKES = [
    ("These are the winners' inner scores, which chose them. Train the winner on the outer training part, and score it "
     "on the outer fold.", _inner_scores),
    ("The configuration was chosen by the mean of the outer folds, which then score it: they may take no part in the "
     "choice.", _by_outer),
    ("These are the highest scores on each outer fold: the outer fold may take no part in the choice.",
     _by(lambda inner, outer: np.argmax(outer))),
    ("One configuration was chosen for all outer folds, so it was chosen by rows of all of them. Each outer fold "
     "chooses its own.", _one_for_all),
    ("The winner of the last outer fold is scored on all of them. Score it inside the outer loop.", _last_winner),
    ("The configuration was chosen by a single inner fold; take the mean over the inner folds.",
     _by(lambda inner, outer: np.argmax(inner[:, 0]))),
    ("The configuration with the highest score in any inner fold was chosen; take the mean over the inner folds.",
     _by(lambda inner, outer: np.argmax(inner.max(axis=1)))),
    ("The configuration with the lowest inner score was chosen; here a high score is good.",
     _by(lambda inner, outer: np.argmin(inner.mean(axis=1)))),
    ("The winner is scored after a training on a part of the outer training part only. Train it once more, on all of "
     "these rows.", _small_training),
    ("This is the mean of the outer scores; return the list, a score for each outer fold.", _mean),
    ("This is the best outer score: the maximum over outer folds is too high again. Return all of them.", _best_score),
    ("There is only one loop: this is the best mean over the folds of all rows, too high by the optimism.", _flat),
    ("Only the first outer fold is scored: does the function return inside the loop?", _first_only),
    ("These are the configurations that were chosen; return their scores on the outer folds.", _winners),
    ("The winner that is scored was trained in its last inner fold, on a part of the rows. Train it once more, on the "
     "whole outer training part.", _last_training),
    ("The inner folds are parts of the outer test rows: these take no part in the choice. Divide the outer training "
     "part.", _on_the_test),
    ("A configuration is scored on rows that it was trained on. Inner folds divide the outer training part, and the "
     "winner is trained on that part, not on all rows.", _overlap),
]
