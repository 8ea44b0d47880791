"""Exercise 01: the choice of a grid search, from the scores of its folds."""

import numpy as np

NAN = float("nan")
CASES = [
    (np.array([[0.9, 0.5, 0.4], [0.6, 0.7, 0.6], [0.8, 0.1, 0.1]]),),  # the best fold is not that of the best mean
    (np.array([[0.5, 0.75], [0.75, 0.5], [0.25, 0.5], [0.625, 0.625]]),),  # a tie of three
    (np.array([[0.1, 0.2, 0.2, 0.9, 0.9], [0.4, 0.4, 0.4, 0.4, 0.4]]),),  # median and mean differ
    (np.array([[0.6, 0.5], [NAN, 0.9], [0.7, 0.6], [NAN, NAN]]),),  # a training failed
    (np.array([[0.3, 0.2, 0.4, 0.1]]),),
    (np.array([[-2.0, -4.0], [-1.0, -3.0], [NAN, -1.5]]),),  # scores may be negative, such as minus an error
]


def right(scores):
    means = scores.mean(axis=1)
    best = int(np.argmax(np.where(np.isnan(means), -np.inf, means)))
    return best, means[best], scores.size + 1


def _by(figure, *, pick=np.argmax, count=lambda scores: scores.size + 1, failed=-np.inf):
    """A choice by some figure of each configuration."""
    def choice(scores):
        with np.errstate(all="ignore"):
            figures = figure(scores)
        best = int(pick(np.where(np.isnan(figures), failed, figures)))
        return best, figures[best], count(scores)

    return choice


def _mean(scores):
    return scores.mean(axis=1)


def _last(figures):
    return len(figures) - 1 - np.argmax(figures[::-1])


def _without_failed(scores):
    return np.array([row[~np.isnan(row)].mean() if not np.isnan(row).all() else np.nan for row in scores])


def _kept(scores):
    means = _mean(scores[~np.isnan(scores).any(axis=1)])
    return int(np.argmax(means)), means.max(), scores.size + 1


def _nan_left_out(scores):
    means = _without_failed(scores)
    return int(np.argmax(means)), means[np.argmax(means)], scores.size + 1


def _of_columns(scores):
    means = scores.mean(axis=0)
    best = int(np.nanargmax(means))
    return best, means[best], scores.size + 1


MISTAKES = [
    ("The trainings are right but for one: the winner is trained once more, on all rows.",
     _by(_mean, count=lambda scores: scores.size)),
    ("This counts the configurations, not the trainings: each configuration is trained once for each fold.",
     _by(_mean, count=len)),
    ("This counts a training for each configuration and one more: each configuration is trained once for each fold.",
     _by(_mean, count=lambda scores: len(scores) + 1)),
    ("Each configuration is trained once more in your count; that is done for the winner alone.",
     _by(_mean, count=lambda scores: scores.size + len(scores))),
    ("This chooses the lowest mean: an accuracy is better where it is higher.",
     _by(_mean, pick=np.argmin, failed=np.inf)),
    ("Of equal means the last one wins in your function; it should be the first.", _by(_mean, pick=_last)),
    ("This chooses by the best fold of each configuration; its score is the mean of its folds.",
     _by(lambda scores: scores.max(axis=1))),
    ("This chooses by the median of the folds; the score is their mean.",
     _by(lambda scores: np.median(scores, axis=1))),
    ("This is the sum over the folds; the score is their mean.", _by(lambda scores: scores.sum(axis=1))),
    ("The mean is over the configurations, for each fold; take it over the folds, axis 1.",
     _by(lambda scores: scores.mean(axis=0))),
    ("NaN wins in your function, since np.argmax returns the index of a NaN. A configuration whose training failed "
     "cannot win.", lambda scores: (int(np.argmax(_mean(scores))), _mean(scores)[np.argmax(_mean(scores))],
                                    scores.size + 1)),
    ("A failed training is left out of the mean, so that its configuration may win; NaN in one fold excludes it.",
     _by(_without_failed)),
    ("A failed training counts as 0. A score may be negative, and the configuration should not win in any case.",
     _by(lambda scores: np.where(np.isnan(scores), 0.0, scores).mean(axis=1))),
    ("The index is one too high: Python counts from 0.",
     lambda scores: (right(scores)[0] + 1, *right(scores)[1:])),
    ("Return three numbers: the index, its mean score, and the number of trainings.",
     lambda scores: right(scores)[:2]),
    ("A failed training is left out of the mean, as np.nanmean does, and NaN wins where all of them failed. NaN in one "
     "fold excludes a configuration.", _nan_left_out),
    ("The mean is taken down the columns, one for each fold; a configuration is a row, so its mean is over axis 1.",
     _of_columns),
    ("Failed trainings are missing in the count: these networks were trained, too.",
     _by(_mean, count=lambda scores: np.isfinite(scores).sum() + 1)),
    ("The index is that among the configurations without a failure; return the index in `scores`.", _kept),
]
