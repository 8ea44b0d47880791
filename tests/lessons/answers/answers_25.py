"""Exercise 25: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def latest_loss(own, others, warmup):
    n = len(own)
    means = [np.mean(each[:n]) for each in others if len(each) >= n]
    return len(means) >= warmup and bool(own[-1] > np.median(means))


def shorter_ones_too(own, others, warmup):
    means = [np.mean(each[: len(own)]) for each in others]
    return len(means) >= warmup and bool(min(own) > np.median(means))


def averages_of_all_epochs(own, others, warmup):
    means = [np.mean(each) for each in others if len(each) >= len(own)]
    return len(means) >= warmup and bool(min(own) > np.median(means))


def equal_stops(own, others, warmup):
    n = len(own)
    means = [np.mean(each[:n]) for each in others if len(each) >= n]
    return len(means) >= warmup and bool(min(own) >= np.median(means))


def one_more_than_warmup(own, others, warmup):
    n = len(own)
    means = [np.mean(each[:n]) for each in others if len(each) >= n]
    return len(means) > warmup and bool(min(own) > np.median(means))


def warmup_in_epochs(own, others, warmup):
    n = len(own)
    means = [np.mean(each[:n]) for each in others if len(each) >= n]
    return n >= warmup and len(means) > 0 and bool(min(own) > np.median(means))


def losses_of_this_epoch(own, others, warmup):
    n = len(own)
    losses = [each[n - 1] for each in others if len(each) >= n]
    return len(losses) >= warmup and bool(min(own) > np.median(losses))


def mean_of_the_averages(own, others, warmup):
    n = len(own)
    means = [np.mean(each[:n]) for each in others if len(each) >= n]
    return len(means) >= warmup and bool(min(own) > np.mean(means))


def best_of_the_others(own, others, warmup):
    n = len(own)
    lowest = [min(each[:n]) for each in others if len(each) >= n]
    return len(lowest) >= warmup and bool(min(own) > np.median(lowest))


def warmup_counts_all_trials(own, others, warmup):
    n = len(own)
    means = [np.mean(each[:n]) for each in others if len(each) >= n]
    return len(others) >= warmup and len(means) > 0 and bool(min(own) > np.median(means))


WRONG = [
    ("The trial is compared by its last", latest_loss),
    ("Trials that ended earlier are counted", shorter_ones_too),
    ("The others are averaged over all", averages_of_all_epochs),
    ("A trial that equals the median", equal_stops),
    ("`warmup` of them are enough; your", one_more_than_warmup),
    ("`warmup` is compared with the epochs", warmup_in_epochs),
    ("The others are compared by their loss", losses_of_this_epoch),
    ("This is the mean of the averages", mean_of_the_averages),
    ("The others are compared by their best", best_of_the_others),
    ("For `warmup` all others are counted", warmup_counts_all_trials),
]
