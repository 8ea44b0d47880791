"""Exercise 07: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def total(truth, alarm, miss, false_alarm):
    return miss * np.sum(truth[~alarm]) + false_alarm * np.sum(1 - truth[alarm])


def cheapest_threshold(truth, score, cost_of_a_miss, cost_of_an_alarm):
    candidates = [np.inf, *np.unique(score)]
    return min(candidates, key=lambda value: total(truth, score >= value, cost_of_a_miss, cost_of_an_alarm))


def threshold_of_calibrated_probabilities(truth, score, cost_of_a_miss, cost_of_an_alarm):
    return cost_of_an_alarm / (cost_of_a_miss + cost_of_an_alarm)


def no_infinity(truth, score, cost_of_a_miss, cost_of_an_alarm):
    return min(score, key=lambda value: total(truth, score >= value, cost_of_a_miss, cost_of_an_alarm))


def charges_every_alarm(truth, score, cost_of_a_miss, cost_of_an_alarm):
    def cost(value):
        alarm = score >= value
        return cost_of_a_miss * np.sum(truth[~alarm]) + cost_of_an_alarm * np.sum(alarm)

    return min([np.inf, *np.unique(score)], key=cost)


def costs_exchanged(truth, score, cost_of_a_miss, cost_of_an_alarm):
    return cheapest_threshold(truth, score, cost_of_an_alarm, cost_of_a_miss)


def alarm_strictly_above(truth, score, cost_of_a_miss, cost_of_an_alarm):
    candidates = [np.inf, *np.unique(score)]
    return min(candidates, key=lambda value: total(truth, score > value, cost_of_a_miss, cost_of_an_alarm))


def the_dearest(truth, score, cost_of_a_miss, cost_of_an_alarm):
    candidates = [np.inf, *np.unique(score)]
    return max(candidates, key=lambda value: total(truth, score >= value, cost_of_a_miss, cost_of_an_alarm))


def between_two_scores(truth, score, cost_of_a_miss, cost_of_an_alarm):
    values = np.unique(score)
    middles = (values[1:] + values[:-1]) / 2.0
    return min(middles, key=lambda value: total(truth, score >= value, cost_of_a_miss, cost_of_an_alarm))


SOLUTION = cheapest_threshold
WRONG = [
    ("is the threshold for calibrated probabilities", threshold_of_calibrated_probabilities),
    ("allow infinity as well, which means no alarm at all", no_infinity),
    ("charged for all alarms", charges_every_alarm),
    ("two costs are exchanged", costs_exchanged),
    (r"raised where score > threshold", alarm_strictly_above),
    ("This is the highest cost", the_dearest),
    ("is none of the scores", between_two_scores),
]
