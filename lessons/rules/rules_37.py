"""The claims of lesson 37, a block that predicts the next letter of a name."""

import numpy as np

from lessons.claims import claim, of_lesson

lesson = of_lesson(37, "train", "loss", "ROWS")


def _counted(learn, held_out):
    """The lower loss of counting one letter before and two, with what is added to each count chosen in its favour."""
    losses = []
    for before in (1, 2):
        def cases(rows, before=before):
            return [(tuple(row[max(0, i - before):i]), row[i]) for row in rows.tolist()
                    for i in range(1, row.index(0, 1) + 1)]

        table = {}
        for context, letter in cases(learn):
            table.setdefault(context, np.zeros(27))[letter] += 1.0
        for add in (0.03, 0.1, 0.3, 1.0):
            counts = [(table.get(context, np.zeros(27)) + add, letter) for context, letter in cases(held_out)]
            losses.append(-np.mean([np.log(count[letter] / count.sum()) for count, letter in counts]))
    return min(losses)


def _split(draw):
    order = np.random.default_rng(draw).permutation(len(lesson.ROWS))
    lesson.learn = lesson.ROWS[order[:500]]
    return lesson.learn, lesson.ROWS[order[500:]]


def _loss(draw, updates, decay, rows):
    """The loss on these rows after so many updates on the names that `_split` has chosen."""
    return lesson.loss(lesson.train(updates, decay, seed=draw)[0], rows)[0]


@claim("37a")
def ahead_of_counting(draw):
    """After 200 updates with decay the block's held-out loss is below that of counting one letter before or two."""
    learn, held_out = _split(draw)
    lead = _counted(learn, held_out) - _loss(draw, 200, 2.0, held_out)
    return lead > 0.0, lead


@claim("37b", draws=10)
def memorised(draw):
    """After 600 updates the held-out loss without decay is above that with decay 2."""
    _, held_out = _split(draw)
    gap = _loss(draw, 600, 0.0, held_out) - _loss(draw, 600, 2.0, held_out)
    return gap > 0.0, gap
