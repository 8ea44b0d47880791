"""The claims of lesson 47, regularisation on a small table."""

from functools import cache

import numpy as np

from lessons.claims import claim, of_lesson

lesson = of_lesson(47, "gains", "interactions", "linear")
TABLES, DRAWS = 3, 10
L2, DROPOUT, MEMBERS = 0, 1, 5


@cache
def _measured(draw, effect):
    """The mean gains of the six remedies in log loss and accuracy over three tables, (6, 2)."""
    return np.mean([lesson.gains(effect, TABLES * draw + k) for k in range(TABLES)], axis=0)


@claim("47a", draws=DRAWS)
def all_lower_the_log_loss(draw):
    """On tables with interactions each of the six lowers the log loss, mean of three tables."""
    gain = _measured(draw, lesson.interactions)[:, 0].min()
    return gain > 0, gain


@claim("47b", draws=DRAWS)
def members_raise_the_accuracy(draw):
    """On tables with interactions the members raise the accuracy more than each of the other five."""
    gains = _measured(draw, lesson.interactions)[:, 1]
    lead = gains[MEMBERS] - gains[:MEMBERS].max()
    return lead > 0, lead


@claim("47c", draws=DRAWS)
def l2_on_linear_tables(draw):
    """On linear tables L2 lowers the log loss more than the members."""
    gains = _measured(draw, lesson.linear)[:, 0]
    return gains[L2] > gains[MEMBERS], gains[L2] - gains[MEMBERS]


@claim("47d", draws=DRAWS)
def accuracy_on_linear_tables(draw):
    """On linear tables L2 and dropout raise the accuracy."""
    gain = _measured(draw, lesson.linear)[[L2, DROPOUT], 1].min()
    return gain > 0, gain
