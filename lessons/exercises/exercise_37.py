"""Exercise 37: the loss of a language model."""

import numpy as np


def right(logits, rows):
    return _loss(logits, rows)


def _loss(logits, rows, counted="end", shift=1, mean="letters", softmax=True, axis=2, safe=True, sign=-1.0, log=np.log,
          only_right=True):
    """The loss with one thing changed."""
    with np.errstate(all="ignore"):
        following = rows[:, 1:] if shift else rows[:, :-1]
        ends = np.cumsum(following == 0, axis=1)
        keep = {"end": np.cumsum(ends, axis=1) <= 1, "no end": following != 0, "all": following >= 0}[counted]
        z = logits - logits.max(axis=axis, keepdims=True) if safe else logits
        if softmax:
            e = np.exp(z)
            picked = np.take_along_axis(z if safe and log is np.log else log(e), following[:, :, None], axis=2)[:, :, 0]
            total = log(e.sum(axis=axis, keepdims=True))
            total = np.broadcast_to(total, e.shape)
            picked = picked - np.take_along_axis(total, following[:, :, None], axis=2)[:, :, 0]
            if not safe:
                picked = np.log(np.take_along_axis(e / e.sum(axis=axis, keepdims=True), following[:, :, None],
                                                   axis=2)[:, :, 0])
        else:
            picked = np.take_along_axis(logits, following[:, :, None], axis=2)[:, :, 0]
        each = sign * np.where(keep, picked, 0.0)
        if mean == "letters":
            return each.sum() / keep.sum()
        if mean == "sum":
            return each.sum()
        if mean == "names":
            return (each.sum(axis=1) / np.maximum(keep.sum(axis=1), 1)).mean()
        if mean == "per name":
            return each.sum() / len(rows)
        return each.sum() / keep.size  # over padding too


def _case(seed, names, steps, letters=5, scale=2.0):
    """Logits, and rows of names of these lengths."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((len(names), steps + 1), int)
    for row, length in zip(rows, names, strict=True):
        row[1 : 1 + length] = rng.integers(1, letters, length)
    return rng.normal(size=(len(names), steps, letters)) * scale, rows


def _large():
    logits, rows = _case(4, [2, 1], 4)
    return 1000.0 + 500.0 * logits, rows


CASES = [lambda: _case(1, [2, 4, 1], 5), lambda: _case(2, [3], 6), lambda: _case(3, [1, 6, 2, 3], 6), _large]


def _other(**arguments):
    return lambda logits, rows: _loss(logits, rows, **arguments)


def _chosen(logits, rows, following):
    """-log p of these numbers, at the letters and ends of the names."""
    z = logits - logits.max(axis=2, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=2, keepdims=True))
    keep = np.cumsum(np.cumsum(rows[:, 1:] == 0, axis=1), axis=1) <= 1
    return -np.take_along_axis(log_p, following[:, :, None], axis=2)[:, :, 0][keep]


MISTAKES = [
    ("Padding counts too: after the first end of a name nothing does.", _other(counted="all")),
    ("The ends do not count: a model that never ends a name would not be punished.", _other(counted="no end")),
    ("The logits of a step are compared with the letter that it reads: they are those of the next one.",
     _other(shift=0, counted="all")),
    ("The letters are not shifted: the logits of a step are those of the next number of its row.",
     _other(shift=0)),
    ("This is the sum: divide by the number of letters and ends.", _other(mean="sum")),
    ("This is the mean of the names' means, in which a letter of a short name counts more: take one mean of all.",
     _other(mean="names")),
    ("The sum is divided by the number of names: divide by that of letters and ends.", _other(mean="per name")),
    ("Padding counts as 0 and makes the mean smaller: divide by the number of letters and ends alone.",
     _other(mean="padding")),
    ("Softmax is missing: these are logits, not log-probabilities.", _other(softmax=False)),
    ("Softmax is over the steps: at each step the probabilities of the letters sum to 1.", _other(axis=1)),
    ("Softmax is over the names: at each step the probabilities of the letters sum to 1.", _other(axis=0)),
    ("Logits of 1000 overflow: subtract the largest of each step, and stay with log-probabilities.",
     _other(safe=False)),
    ("The sign is wrong: the loss is the mean of -log p.", _other(sign=1.0)),
    ("This is in bits: use the natural logarithm.", lambda logits, rows: _loss(logits, rows) / np.log(2.0)),
    ("This is the perplexity: its logarithm is the loss.",
     lambda logits, rows: np.exp(min(_loss(logits, rows), 500.0))),
    ("Each step is compared with the number that it has read: its logits are those of rows[:, 1:].",
     lambda logits, rows: _chosen(logits, rows, rows[:, :-1]).mean()),
    ("This is the logarithm of the mean probability: take the logarithm of each, and then the mean.",
     lambda logits, rows: -np.log(np.exp(-_chosen(logits, rows, rows[:, 1:])).mean())),
    ("A small number added to p limits the loss of letters that are nearly impossible: compute log p from the logits, "
     "without p.", lambda logits, rows: -np.log(np.exp(-_chosen(logits, rows, rows[:, 1:])) + 1e-9).mean()),
]
