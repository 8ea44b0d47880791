"""Exercise 11: the threshold of the highest F1."""

import numpy as np


def _case(truth, score):
    return np.array(truth), np.array(score)


CASES = [
    _case([0, 1, 0, 0, 1, 0, 1, 1], [0.05, 0.15, 0.25, 0.35, 0.5, 0.7, 0.85, 0.9]),
    _case([0, 1, 1, 0, 1, 0, 0], [0.1, 0.3, 0.3, 0.3, 0.8, 0.8, 0.2]),
    _case([1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0.62, 0.6, 0.1, 0.2, 0.3, 0.15, 0.05, 0.25, 0.4, 0.35]),
    _case([0, 1, 0, 1, 0, 0], [-1.0, 2.0, 0.5, -0.5, -2.0, -0.7]),
    _case([1, 0, 0, 0, 0, 1], [4.0, 3.0, 2.5, 2.0, 1.5, 1.0]),  # two thresholds of the same F1
    _case([0, 0, 1, 1, 1, 1], [0.9, 0.2, 0.5, 0.6, 0.7, 0.3]),
    _case([1, 0, 1, 1, 0, 0, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]),  # F1 falls, then rises
]


def _best(value, above=False, lowest=False, candidates=None, returned=None):
    """The mistake of maximising something else, or at other thresholds, or of returning another number."""
    def solution(truth, score):
        found = None
        for threshold in sorted(set(score.tolist()) if candidates is None else candidates, reverse=not lowest):
            alarm = score > threshold if above else score >= threshold
            tp, fp = np.sum(alarm & (truth == 1)), np.sum(alarm & (truth == 0))
            fn, tn = np.sum(~alarm & (truth == 1)), np.sum(~alarm & (truth == 0))
            reached = float(value(tp, fp, fn, tn))
            if found is None or reached > found[1] + 1e-12:
                found = float(threshold), reached, float(_f1(tp, fp, fn, tn))
        return found[0], found[2 if returned is None else returned]

    return solution


def _f1(tp, fp, fn, tn):
    return 2 * tp / (2 * tp + fp + fn)


def _recall(tp, fp, fn, tn):
    return tp / (tp + fn)


def _precision(tp, fp, fn, tn):
    return tp / max(tp + fp, 1)


def right(truth, score):
    return _best(_f1)(truth, score)


def _at_half(truth, score):
    alarm = score >= 0.5
    return 0.5, float(_f1(np.sum(alarm & (truth == 1)), np.sum(alarm & (truth == 0)), np.sum(~alarm & (truth == 1)), 0))


def _first_fall(truth, score):
    found = None
    for threshold in sorted(set(score.tolist()), reverse=True):
        alarm = score >= threshold
        reached = float(2 * np.sum(alarm & (truth == 1)) / (np.sum(alarm) + np.sum(truth)))
        if found is not None and reached < found[1]:
            return found
        if found is None or reached > found[1]:
            found = float(threshold), reached
    return found


def _row_by_row(truth, score):
    order = np.argsort(-score, kind="stable")
    values = 2.0 * np.cumsum(truth[order]) / (np.arange(1, len(score) + 1) + truth.sum())
    return float(score[order][values.argmax()]), float(values.max())


MISTAKES = [
    ("This is the threshold of the highest accuracy; F1 does not count the healthy without an alarm.",
     _best(lambda tp, fp, fn, tn: tp + tn)),
    ("This maximises recall less the share of the healthy with an alarm (Youden's J), not F1.",
     _best(lambda tp, fp, fn, tn: tp / (tp + fn) - fp / max(fp + tn, 1))),
    ("This is the threshold of the highest precision; F1 counts those that are missed, too.", _best(_precision)),
    ("This is the threshold of the highest recall, which an alarm for everybody reaches; F1 counts false alarms, too.",
     _best(_recall)),
    ("This takes the plain mean of precision and recall; F1 is the harmonic one, 2 · P · R / (P + R).",
     _best(lambda *counts: (_precision(*counts) + _recall(*counts)) / 2, returned=1)),
    ("This is the product of precision and recall; F1 divides it by their mean.",
     _best(lambda *counts: _precision(*counts) * _recall(*counts), returned=1)),
    ("The factor 2 of F1 is missing: it is 2 · TP / (2 · TP + FP + FN).",
     _best(lambda tp, fp, fn, tn: tp / (tp + fp + fn), returned=1)),
    ("Your alarm is raised where score > threshold only; it must be raised where they are equal, too.",
     _best(_f1, above=True)),
    ("Of equally good thresholds this is the lowest; the highest is wanted.", _best(_f1, lowest=True)),
    ("This is the F1 of the healthy: the ill ones, 1, are the class to find.",
     _best(lambda tp, fp, fn, tn: 2 * tn / max(2 * tn + fp + fn, 1), returned=1)),
    ("0.5 is only a habit: try each score as the threshold.", _at_half),
    ("The thresholds are from a list of your own; try the scores themselves, which may be below 0 or above 1.",
     _best(_f1, candidates=[k / 100 for k in range(1, 100)])),
    ("This is F1 first, then the threshold; they are exchanged.", lambda truth, score: right(truth, score)[::-1]),
    ("The search ends where F1 falls for the first time; it may rise again: try every score.", _first_fall),
    ("Rows with equal scores are counted one by one; a threshold raises the alarm for all of them or for none.",
     _row_by_row),
    ("The thresholds are steps from 0 to 1; try the scores themselves, which may be below 0 or above 1.",
     _best(_f1, candidates=np.linspace(0.0, 1.0, 101))),
    ("This is the mean of two F1, of the ill and of the healthy; only that of the ill, 1, is wanted.",
     _best(lambda tp, fp, fn, tn: _f1(tp, fp, fn, tn) / 2 + tn / max(2 * tn + fp + fn, 1), returned=1)),
]
