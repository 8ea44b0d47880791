"""Exercise 42: one step of CTC's forward recursion, in probabilities."""

import numpy as np

_rng = np.random.default_rng(0)


def _case(*skips):
    return _rng.uniform(0.05, 0.9, len(skips)), np.array(skips, float), _rng.uniform(0.1, 0.8, len(skips))


CASES = [
    (np.array([0.2, 0.7, 0.0, 0.0, 0.0]), np.array([0.0, 0, 0, 1, 0]), np.array([0.5, 0.2, 0.5, 0.3, 0.5])),
    _case(0, 0, 0, 1, 0), _case(0, 0, 0, 0, 0, 1, 0), _case(0, 0, 0, 1, 0, 0, 0, 1, 0), _case(0, 0, 0), _case(0)]


def right(before, skips, emitted):
    return _sums(before, skips) * emitted


def _sums(before, skips, stay=1.0, move=1.0):
    after = stay * before
    after[1:] += move * before[:-1]
    after[2:] += before[:-2] * skips[2:]
    return after


def _always_skips(before, skips, emitted):
    every = np.zeros_like(skips)
    every[2:] = 1.0
    return right(before, every, emitted)


def _all_letters_skip(before, skips, emitted):
    every = np.zeros_like(skips)
    every[3::2] = 1.0
    return right(before, every, emitted)


def _skips_of_the_source(before, skips, emitted):
    moved = np.zeros_like(skips)
    moved[2:] = skips[:-2]
    return right(before, moved, emitted)


def _wraps(before, skips, emitted):
    return (before + np.roll(before, 1) + np.roll(before, 2) * skips) * emitted


def _in_place(before, skips, emitted):
    after = before.copy()
    for s in range(len(after)):
        after[s] = emitted[s] * (after[s] + (after[s - 1] if s >= 1 else 0.0)
                                 + (skips[s] * after[s - 2] if s >= 2 else 0.0))
    return after


def _changes(before, skips, emitted):
    before[:] = right(before, skips, emitted)
    return before


def _best(before, skips, emitted):
    after = before.copy()
    after[1:] = np.maximum(after[1:], before[:-1])
    after[2:] = np.maximum(after[2:], before[:-2] * skips[2:])
    return after * emitted


def _backward(before, skips, emitted):
    after = before.copy()
    after[:-1] += before[1:]
    after[:-2] += before[2:] * skips[2:]
    return after * emitted


def _one_or_the_other(before, skips, emitted):
    after = before.copy()
    after[1:] += np.where(skips[1:] > 0, 0.0, before[:-1])
    after[2:] += before[:-2] * skips[2:]
    return after * emitted


def _normalised(before, skips, emitted):
    after = right(before, skips, emitted)
    return after / after.sum()


def _overwrites(before, skips, emitted):
    before[:] = _in_place(before, skips, emitted)
    return before


MISTAKES = [
    ("A path may also stay in its state.", lambda before, skips, emitted: _sums(before, skips, stay=0.0) * emitted),
    ("A path may also move on by one state.", lambda before, skips, emitted: _sums(before, skips, move=0.0) * emitted),
    ("The skips are missing: where skips is 1, a path may come from two states before.",
     lambda before, skips, emitted: right(before, 0.0 * skips, emitted)),
    ("Skipping is allowed everywhere: it is only where `skips` is 1.", _always_skips),
    ("Every letter may be skipped to, even one that equals the letter before: then \"aa\" would count for \"a-a\". Use "
     "`skips`.", _all_letters_skip),
    ("`skips` belongs to the state that a path comes to, not to the one that it leaves.", _skips_of_the_source),
    ("The first states have no states before them; a path does not come from the last ones (negative indices).",
     _wraps),
    ("A state is read after it was changed: all three sums are of the frame before. Use a second array.", _in_place),
    ("The numbers are right, but `before` was changed: return a new array.", _changes),
    ("This keeps the best of the paths; the probability of a text is the sum over all of them.", _best),
    ("These paths move from right to left.", _backward),
    ("Where a path may skip, it may still come from the neighbouring state, too.", _one_or_the_other),
    ("Do not divide by the sum: paths that do not spell the text are lost, so the forward probabilities sum to less "
     "than 1.", _normalised),
    ("The probabilities of this frame's symbols are missing.", lambda before, skips, emitted: _sums(before, skips)),
    ("Each sum is multiplied by the probability of the state that a path comes to, not of the one that it leaves.",
     lambda before, skips, emitted: _sums(before * emitted, skips)),
    ("`before` itself is overwritten, while later states still need its old numbers: write into a new array.",
     _overwrites),
]
