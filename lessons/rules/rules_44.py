"""The claims of lesson 44, a recogniser of digits: other splits of the 60 voices, other weights."""

from functools import cache

import numpy as np

from lessons.claims import claim, of_lesson

lesson = of_lesson(44, "trained", "errors")


def _rate(model, indices):
    wrong, letters = lesson.errors(model, indices)
    return wrong.sum() / letters.sum()


@cache
def _tests(draw):
    """Of six networks of 15 voices: the mean gap from known to unknown voices, and how much wider over voices is."""
    gaps, ratios = [], []
    for k in range(6):
        rng = np.random.default_rng([draw, k])
        order, held = rng.permutation(60), rng.integers(0, 3, 60)
        known, unknown = order[:15], order[15:]
        model = lesson.trained([3 * v + n for v in known for n in range(3) if n != held[v]], 40, draw * 6 + k)
        gaps.append(_rate(model, 3 * unknown + held[unknown]) - _rate(model, 3 * known + held[known]))
        errors = lesson.errors(model, [3 * v + n for v in unknown[:12] for n in range(3)])
        ratios.append(_width(errors, np.repeat(np.arange(12), 3), draw) / _width(errors, np.arange(36), draw))
    return np.mean(gaps), np.mean(ratios)


def _width(errors, groups, draw):
    """Of the 95 % interval of the error rate, over groups of clips."""
    sums = np.array([np.bincount(groups, each) for each in errors])
    count = sums.shape[1]
    drawn = sums[:, np.random.default_rng(draw).integers(0, count, (2000, count))].sum(axis=2)
    return np.ptp(np.quantile(drawn[0] / drawn[1], [0.025, 0.975]))


@claim("44a", draws=10)
def rate_and_batch(draw):
    """A rate of 0.01 instead of 0.001, or batches of 8 instead of 32, each alone leave the error rate after 10 epochs
    above 0.55; both together bring it below 0.5."""
    order = np.random.default_rng(draw).permutation(60)
    train, test = [3 * v + k for v in order[:30] for k in (0, 1)], [3 * v + k for v in order[48:] for k in range(3)]
    rates = [_rate(lesson.trained(train, 10, draw, *each), test) for each in ((0.01, 32), (0.001, 8), (0.01, 8))]
    return min(rates[:2]) > 0.55 and rates[2] < 0.5, rates[2]


@claim("44b", draws=10)
def known_voices(draw):
    """The error rate on new clips of known voices is lower than on those of unknown ones, as a mean of six networks."""
    gap, _ = _tests(draw)
    return gap > 0, gap


@claim("44c", draws=10)
def clips_and_voices(draw):
    """The bootstrap interval over 12 unknown voices is wider than that over their 36 clips, as a mean of six tests."""
    _, ratio = _tests(draw)
    return ratio > 1, ratio
