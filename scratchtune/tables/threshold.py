"""The threshold of the probability at which the positive of two classes is predicted: F1 can be higher than at 0.5.

A classifier that predicts the most probable class may never predict a rare one. A lower threshold finds more of its
rows (a higher recall), with more false positives (often a lower precision); F1 is the harmonic mean of both.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import numpy as np


def f1_at(y: np.ndarray, p: np.ndarray, threshold: float) -> float:
    """F1 of predicting class 1 where its probability ``p`` (n,) is at least ``threshold``; ``y`` (n,) are 0 and 1.

    It is 2 TP / (2 TP + FP + FN), and 0 if no row is positive or predicted so.

    >>> f1_at(np.array([0, 1, 1]), np.array([0.3, 0.4, 0.6]), 0.5)
    0.6666666666666666
    """
    predicted = p >= threshold
    positive, found = int((y == 1).sum()), int((y[predicted] == 1).sum())
    return 2.0 * found / max(1, positive + int(predicted.sum()))


def best_threshold(y: np.ndarray, p: np.ndarray) -> float:
    """Return the threshold with the highest F1; of several, the one nearest to 0.5.

    Only the order of the probabilities matters for F1, so the candidates are the midpoints between neighbouring
    distinct ones, half the smallest one, and 0.5. One pass over the sorted rows counts the rows and positives above
    each. Invariants: no threshold has a higher F1 on these rows, and 0.5 is chosen if none is better.

    ``y`` (n,) are the classes, 0 and 1, and ``p`` (n,) probabilities of class 1 from models that were not trained on
    these rows, as in cross-validation.

    Source
        Lipton, Elkan and Naryanaswamy (2014), "Optimal thresholding of classifiers to maximize F1 measure".

    >>> best_threshold(np.array([0, 0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.05, 0.4]))
    0.25
    """
    order = np.argsort(-p, kind="stable")
    falling = p[order]
    last = np.flatnonzero(np.diff(falling, append=-np.inf))  # the last row of each distinct probability
    found = np.cumsum(y[order] == 1)[last]
    f1 = 2.0 * found / np.maximum(1, (y == 1).sum() + last + 1)
    below = np.append(falling[last[1:]], 0.0)  # the next lower probability
    middle = (falling[last] + below) / 2.0
    best = np.flatnonzero(f1 == f1.max())
    choice = best[np.abs(middle[best] - 0.5).argmin()]
    return 0.5 if f1_at(y, p, 0.5) >= f1[choice] else float(middle[choice])
