"""The claims of lesson 11, five metrics on a rare illness, with the true probability of each patient as the score."""

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson

lesson = of_lesson(11, "patients")


@claim("11a")
def hardly_more_accurate(draw):
    """The best possible test is less than two points more accurate than saying healthy to everybody."""
    ill, p = lesson.patients(8000, 0.05, draw)
    gain = 100 * (st.metrics.accuracy_score(ill, (p >= 0.5).astype(int)) - np.mean(ill == 0))
    return gain < 2, gain


@claim("11b")
def best_f1(draw):
    """F1 is highest from a threshold below 0.5 on."""
    ill, p = lesson.patients(8000, 0.05, draw)
    thresholds = np.linspace(0.01, 0.95, 95)
    scores = [st.metrics.f1_score(ill, (p >= threshold).astype(int), zero_division=0) for threshold in thresholds]
    best = thresholds[int(np.argmax(scores))]
    return best < 0.5, best


@claim("11c")
def rarer(draw):
    """By the same rule for an alarm precision and F1 are lower where one in 100 is ill than where one in 20 is."""
    found = []
    for share in (0.05, 0.01):
        ill, p = lesson.patients(50_000, share, draw)
        alarm = (p / (1 - p) * (1 - share) / share >= 20).astype(int)
        found.append((st.metrics.precision_score(ill, alarm), st.metrics.f1_score(ill, alarm)))
    less = np.subtract(*found)
    return min(less) > 0, min(less)
