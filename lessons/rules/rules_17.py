"""The claims of lesson 17, two ablations of six remedies: in each draw means of ten paired draws of 200 rows."""

from functools import cache

import numpy as np

from lessons.claims import claim, of_lesson

lesson = of_lesson(17, "scores", "REMEDIES")
REMEDIES = lesson.REMEDIES


@cache
def _scores(draw, names):
    """Mean accuracy and log loss with these remedies."""
    return lesson.scores({name: REMEDIES[name] for name in names}, range(10 * draw, 10 * draw + 10)).mean(axis=0)


def _of(draw, *names):
    return _scores(draw, tuple(name for name in REMEDIES if name in names))


def _alone(draw):
    return np.array([_of(draw, name) - _of(draw) for name in REMEDIES])


def _beside(draw):
    return np.array([_of(draw, *REMEDIES) - _of(draw, *(set(REMEDIES) - {name})) for name in REMEDIES])


@claim("17a")
def no_sum(draw):
    """All six win less accuracy than their gains alone add up to."""
    lacking = _alone(draw)[:, 0].sum() - (_of(draw, *REMEDIES) - _of(draw))[0]
    return lacking > 0, 100 * lacking


@claim("17b")
def accuracy_and_loss(draw):
    """All six have a higher accuracy than any of them alone, but weight decay alone has a lower log loss."""
    gain = (_of(draw, *REMEDIES) - _of(draw))[0] - _alone(draw)[:, 0].max()
    more = _of(draw, *REMEDIES)[1] - _of(draw, "weight_decay")[1]
    return gain > 0 and more > 0, more


@claim("17c")
def beside_the_others(draw):
    """The gains of accuracy beside the others add up to less than three quarters of those alone."""
    share = _beside(draw)[:, 0].sum() / _alone(draw)[:, 0].sum()
    return share < 0.75, share


@claim("17d")
def early_stopping(draw):
    """Beside the others early stopping raises the log loss."""
    more = _beside(draw)[list(REMEDIES).index("early_stopping"), 1]
    return more > 0, more
