"""Exercise 12: the threshold that costs least."""

import numpy as np


def _case(truth, score, miss, alarm):
    return np.array(truth), np.array(score), miss, alarm


CASES = [
    _case([0, 1, 0, 0, 1, 0, 1, 1], [0.05, 0.15, 0.25, 0.35, 0.5, 0.7, 0.85, 0.9], 5.0, 2.0),
    _case([1, 0, 0], [0.2, 0.2, 0.3], 1.0, 1.0),  # no alarm pays
    _case([1, 0], [0.3, 0.6], 1.0, 1.0),  # no alarm costs as much as the cheapest score
    _case([1, 0, 0, 0, 0, 1, 0, 1], [0.02, 0.01, 0.015, 0.03, 0.005, 0.08, 0.06, 0.07], 20.0, 3.0),
    _case([0, 1, 1, 0, 0, 0, 1, 0, 0, 0], [-2.0, 3.0, 1.0, 1.0, 2.0, 0.5, -1.0, -3.0, 0.0, -0.5], 2.0, 3.0),
    _case([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], 1.0, 1.0),  # two thresholds that cost the same
    _case([0, 0, 0, 1, 1, 0, 1, 0, 0, 1], [0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.95], 3.0, 1.0),
    _case([1, 0, 0, 1, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], 1.0, 6.0),
    _case([0, 0, 1, 0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], 4.0, 1.0),
    _case([0, 0, 0, 0, 1, 0, 0, 1, 0], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.05], 3.0, 2.0),
]


def _cheapest(cost, above=False, infinity=True, lowest=False, candidates=None, highest=False):
    """The threshold of the lowest `cost`, a function of TP, FP, FN, TN and the two costs; with a mistake for each."""
    def solution(truth, score, cost_of_a_miss, cost_of_an_alarm):
        tried = sorted(set(score.tolist()) if candidates is None else candidates, reverse=True)
        tried = ([float("inf")] if infinity else []) + tried
        found = None
        for threshold in reversed(tried) if lowest else tried:
            alarm = score > threshold if above else score >= threshold
            counts = [float(np.sum(alarm & (truth == 1))), float(np.sum(alarm & (truth == 0))),
                      float(np.sum(~alarm & (truth == 1))), float(np.sum(~alarm & (truth == 0)))]
            value = cost(*counts, cost_of_a_miss, cost_of_an_alarm) * (-1 if highest else 1)
            if found is None or value < found[1] - 1e-12:
                found = float(threshold), value
        return found[0]

    return solution


def _costs(tp, fp, fn, tn, miss, alarm):
    return miss * fn + alarm * fp


def right(truth, score, cost_of_a_miss, cost_of_an_alarm):
    return _cheapest(_costs)(truth, score, cost_of_a_miss, cost_of_an_alarm)


def _of_calibrated(truth, score, cost_of_a_miss, cost_of_an_alarm):
    return cost_of_an_alarm / (cost_of_an_alarm + cost_of_a_miss)


def _first_above(truth, score, cost_of_a_miss, cost_of_an_alarm):
    above = [each for each in sorted(score.tolist()) if each >= cost_of_an_alarm / (cost_of_an_alarm + cost_of_a_miss)]
    return above[0] if above else float("inf")


def _lowest_cost(truth, score, cost_of_a_miss, cost_of_an_alarm):
    threshold = right(truth, score, cost_of_a_miss, cost_of_an_alarm)
    alarm = score >= threshold
    return float(cost_of_a_miss * np.sum(~alarm & (truth == 1)) + cost_of_an_alarm * np.sum(alarm & (truth == 0)))


def _in_order(thresholds):
    """The first of the cheapest thresholds, in the order of a function of the scores."""
    def solution(truth, score, miss, alarm):
        def cost(t):
            return miss * np.sum((score < t) & (truth == 1)) + alarm * np.sum((score >= t) & (truth == 0))

        return float(min(thresholds(sorted(set(score.tolist()), reverse=True)), key=cost))

    return solution


MISTAKES = [
    ("alarm / (alarm + miss) is the threshold for calibrated probabilities. Do not assume it: try each score.",
     _of_calibrated),
    ("This is the first score above alarm / (alarm + miss), which assumes calibrated probabilities. Try each score, "
     "and add up the costs.", _first_above),
    ("The two costs are exchanged: a miss is an ill patient without an alarm.",
     _cheapest(lambda tp, fp, fn, tn, miss, alarm: alarm * fn + miss * fp)),
    ("The cost of an alarm is charged for all alarms; the alarm of an ill patient costs nothing.",
     _cheapest(lambda tp, fp, fn, tn, miss, alarm: miss * fn + alarm * (fp + tp))),
    ("The costs are not used: this is the threshold of the fewest mistakes, of the highest accuracy.",
     _cheapest(lambda tp, fp, fn, tn, miss, alarm: fn + fp)),
    ("This is the threshold of the highest F1, which knows nothing of your costs.",
     _cheapest(lambda tp, fp, fn, tn, miss, alarm: -2 * tp / (2 * tp + fp + fn))),
    ("This maximises recall less the share of the healthy with an alarm (Youden's J), not the costs.",
     _cheapest(lambda tp, fp, fn, tn, miss, alarm: -(tp / (tp + fn) - fp / (fp + tn)))),
    ("Only misses are charged; a false alarm has its cost, too.",
     _cheapest(lambda tp, fp, fn, tn, miss, alarm: miss * fn)),
    ("Only false alarms are charged; a miss has its cost, too.",
     _cheapest(lambda tp, fp, fn, tn, miss, alarm: alarm * fp)),
    ("Your alarm is raised where score > threshold only; it must be raised where they are equal, too.",
     _cheapest(_costs, above=True)),
    ("Where no alarm pays the threshold is infinity: try it, too.", _cheapest(_costs, infinity=False)),
    ("Of equally cheap thresholds this is the lowest; the highest is wanted.", _cheapest(_costs, lowest=True)),
    ("This is the highest cost; look for the lowest.", _cheapest(_costs, highest=True)),
    ("The costs are divided by the numbers of the ill and of the healthy; charge each patient alike.",
     _cheapest(lambda tp, fp, fn, tn, miss, alarm: miss * fn / (fn + tp) + alarm * fp / (fp + tn))),
    ("The thresholds are from a list of your own; try the scores themselves, which may be below 0 or above 1.",
     _cheapest(_costs, candidates=[k / 100 for k in range(101)])),
    ("This is the lowest cost; return its threshold.", _lowest_cost),
    ("Where no alarm at all costs as much as the cheapest score, a score is returned; infinity is the higher of the "
     "two.", _in_order(lambda scores: [*scores, float("inf")])),
    ("1 is not infinity: scores need not be probabilities, so that a threshold of 1 may still raise alarms.",
     _in_order(lambda scores: [1.0, *scores])),
]
