"""Exercise 07: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def cheapest_threshold(truth, score, cost_of_a_miss, cost_of_an_alarm):
    def cost(threshold):
        alarm = score >= threshold
        return cost_of_a_miss * np.sum(truth[~alarm]) + cost_of_an_alarm * np.sum(1 - truth[alarm])

    return min([np.inf, *np.unique(score)], key=cost)


SOLUTION = cheapest_threshold
WRONG = [
    ("", lambda truth, score, cost_of_a_miss, cost_of_an_alarm: cost_of_an_alarm / (cost_of_a_miss + cost_of_an_alarm)),
]
