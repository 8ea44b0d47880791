"""Exercise 47: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _kept(chooser, test):
    return np.take_along_axis(test, chooser[..., None], axis=2)[..., 0]


def _summary(gains, ddof=1):
    return gains.mean(axis=0), gains.std(axis=0, ddof=ddof) / np.sqrt(len(gains))


def chosen_on_the_test_rows(choose, test, plain):
    return _summary(plain[:, None] - test.min(axis=2))


def scored_on_the_choosing_rows(choose, test, plain):
    return _summary(plain[:, None] - choose.min(axis=2))


def one_strength_for_all_tables(choose, test, plain):
    best = choose.mean(axis=0).argmin(axis=1)
    return _summary(plain[:, None] - test[:, np.arange(test.shape[1]), best])


def sign_turned_round(choose, test, plain):
    return _summary(_kept(choose.argmin(axis=2), test) - plain[:, None])


def largest_loss_kept(choose, test, plain):
    return _summary(plain[:, None] - _kept(choose.argmax(axis=2), test))


def divided_by_n(choose, test, plain):
    return _summary(plain[:, None] - _kept(choose.argmin(axis=2), test), ddof=0)


def standard_deviation(choose, test, plain):
    gains = plain[:, None] - _kept(choose.argmin(axis=2), test)
    return gains.mean(axis=0), gains.std(axis=0, ddof=1)


def root_of_the_remedies(choose, test, plain):
    gains = plain[:, None] - _kept(choose.argmin(axis=2), test)
    return gains.mean(axis=0), gains.std(axis=0, ddof=1) / np.sqrt(gains.shape[1])


def mean_over_the_strengths(choose, test, plain):
    return _summary(plain[:, None] - test.mean(axis=2))


def error_of_the_loss(choose, test, plain):
    kept = _kept(choose.argmin(axis=2), test)
    return (plain[:, None] - kept).mean(axis=0), kept.std(axis=0, ddof=1) / np.sqrt(len(kept))


def mean_over_the_remedies(choose, test, plain):
    gains = plain[:, None] - _kept(choose.argmin(axis=2), test)
    return gains.mean(axis=1), gains.std(axis=1, ddof=1) / np.sqrt(gains.shape[1])


WRONG = [
    ("The strength was chosen by the test rows", chosen_on_the_test_rows),
    ("The gain is measured on the rows that chose the strength", scored_on_the_choosing_rows),
    ("One strength was chosen for all tables", one_strength_for_all_tables),
    ("A lower loss should be a gain above 0", sign_turned_round),
    ("The strength with the highest loss was kept", largest_loss_kept),
    ("The variance is divided by the number of tables less one", divided_by_n),
    ("This is the spread of single tables", standard_deviation),
    ("The spread is divided by the root of the number of remedies", root_of_the_remedies),
    ("The mean over all strengths is not what one would use", mean_over_the_strengths),
    ("The error is that of the losses", error_of_the_loss),
    ("The means are over the remedies", mean_over_the_remedies),
]
