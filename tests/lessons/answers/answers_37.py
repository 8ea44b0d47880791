"""Exercise 37: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _log_p(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _taken(logits, targets):
    return np.take_along_axis(_log_p(logits), targets[..., None], axis=2)[..., 0]


def _keep(targets):
    """1 for letters and the first 0 of a row."""
    return np.cumsum(targets == 0, axis=1) - (targets == 0) == 0


def padding_counts(logits, rows):
    return -_taken(logits, rows[:, 1:]).mean()


def end_does_not_count(logits, rows):
    targets = rows[:, 1:]
    return -_taken(logits, targets)[targets > 0].mean()


def this_letter_and_not_the_next(logits, rows):
    targets = rows[:, :-1]
    return -_taken(logits, targets)[_keep(rows[:, 1:])].mean()


@np.errstate(all="ignore")
def exp_overflows(logits, rows):
    targets = rows[:, 1:]
    p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    return -np.log(np.take_along_axis(p, targets[..., None], axis=2)[..., 0])[_keep(targets)].mean()


def mean_of_the_names_means(logits, rows):
    targets = rows[:, 1:]
    keep = _keep(targets)
    return np.mean(-(_taken(logits, targets) * keep).sum(axis=1) / keep.sum(axis=1))


def sum_for_each_name(logits, rows):
    targets = rows[:, 1:]
    return -(_taken(logits, targets) * _keep(targets)).sum() / len(rows)


def divided_by_all_steps(logits, rows):
    targets = rows[:, 1:]
    return np.mean(-_taken(logits, targets) * _keep(targets))


def sign_forgotten(logits, rows):
    targets = rows[:, 1:]
    return _taken(logits, targets)[_keep(targets)].mean()


def log_of_the_mean(logits, rows):
    targets = rows[:, 1:]
    return -np.log(np.exp(_taken(logits, targets))[_keep(targets)].mean())


def small_number_added(logits, rows):
    targets = rows[:, 1:]
    p = np.exp(_taken(logits, targets))
    return -np.log(p + 1e-9)[_keep(targets)].mean()


WRONG = [
    ("Padding counts too", padding_counts),
    ("The ends do not count", end_does_not_count),
    ("Each step is compared with the number that it has read", this_letter_and_not_the_next),
    ("Logits of 1000 overflow", exp_overflows),
    ("This is the mean of the names' means", mean_of_the_names_means),
    ("The sum is divided by the number of names", sum_for_each_name),
    ("Padding counts as 0 and makes the mean smaller", divided_by_all_steps),
    ("The sign is wrong: the loss is the mean of -log", sign_forgotten),
    ("This is the logarithm of the mean probability", log_of_the_mean),
    ("A small number added to p limits the loss of letters that are nearly", small_number_added),
]
