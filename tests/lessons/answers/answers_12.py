"""Exercise 12: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _cost(truth, alarm, cost_of_a_miss, cost_of_an_alarm):
    return cost_of_a_miss * np.sum(~alarm & (truth == 1)) + cost_of_an_alarm * np.sum(alarm & (truth == 0))


def threshold_of_the_formula(truth, score, cost_of_a_miss, cost_of_an_alarm):
    return cost_of_an_alarm / (cost_of_a_miss + cost_of_an_alarm)


def always_an_alarm(truth, score, cost_of_a_miss, cost_of_an_alarm):
    return min(np.unique(score)[::-1], key=lambda t: _cost(truth, score >= t, cost_of_a_miss, cost_of_an_alarm))


def lowest_of_equal(truth, score, cost_of_a_miss, cost_of_an_alarm):
    every = [*np.unique(score), np.inf]
    return min(every, key=lambda t: _cost(truth, score >= t, cost_of_a_miss, cost_of_an_alarm))


def only_above(truth, score, cost_of_a_miss, cost_of_an_alarm):
    every = [np.inf, *np.unique(score)[::-1]]
    return min(every, key=lambda t: _cost(truth, score > t, cost_of_a_miss, cost_of_an_alarm))


def costs_exchanged(truth, score, cost_of_a_miss, cost_of_an_alarm):
    every = [np.inf, *np.unique(score)[::-1]]
    return min(every, key=lambda t: _cost(truth, score >= t, cost_of_an_alarm, cost_of_a_miss))


def every_alarm_costs(truth, score, cost_of_a_miss, cost_of_an_alarm):
    every = [np.inf, *np.unique(score)[::-1]]
    return min(every, key=lambda t: cost_of_a_miss * np.sum((score < t) & (truth == 1))
               + cost_of_an_alarm * np.sum(score >= t))


def rates_instead_of_counts(truth, score, cost_of_a_miss, cost_of_an_alarm):
    every, ill = [np.inf, *np.unique(score)[::-1]], max(np.sum(truth == 1), 1)
    well = max(np.sum(truth == 0), 1)
    return min(every, key=lambda t: cost_of_a_miss * np.sum((score < t) & (truth == 1)) / ill
               + cost_of_an_alarm * np.sum((score >= t) & (truth == 0)) / well)


def score_next_to_the_formula(truth, score, cost_of_a_miss, cost_of_an_alarm):
    above = score[score >= cost_of_an_alarm / (cost_of_a_miss + cost_of_an_alarm)]
    return above.min() if len(above) else np.inf


def infinity_last(truth, score, cost_of_a_miss, cost_of_an_alarm):
    every = [*np.unique(score)[::-1], np.inf]
    return min(every, key=lambda t: _cost(truth, score >= t, cost_of_a_miss, cost_of_an_alarm))


def one_instead_of_infinity(truth, score, cost_of_a_miss, cost_of_an_alarm):
    every = [1.0, *np.unique(score)[::-1]]
    return min(every, key=lambda t: _cost(truth, score >= t, cost_of_a_miss, cost_of_an_alarm))


WRONG = [
    ("alarm / (alarm + miss) is the threshold", threshold_of_the_formula),
    ("Where no alarm pays the threshold", always_an_alarm),
    ("Of equally cheap thresholds this", lowest_of_equal),
    ("Your alarm is raised where score", only_above),
    ("The two costs are exchanged: a", costs_exchanged),
    ("The cost of an alarm is charged", every_alarm_costs),
    ("The costs are divided by the numbers", rates_instead_of_counts),
    ("This is the first score above alarm", score_next_to_the_formula),
    ("Where no alarm at all costs as", infinity_last),
    ("1 is not infinity: scores need", one_instead_of_infinity),
]
