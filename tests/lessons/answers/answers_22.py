"""Exercise 22: wrong answers of readers, each with a part of the hint that names its mistake."""

import math

import numpy as np


def _good(losses, count):
    """Which trials are good: the best, of equal ones the earlier; never a failed one."""
    known = [i for i in np.argsort(losses, kind="stable") if not np.isnan(losses[i])]
    return set(known[:count])


def _highest(names, branches, good, rng, shift=1):
    draws = []
    for name in names:
        hits = sum(1 for i, branch in enumerate(branches) if branch == name and i in good)
        rest = sum(1 for i, branch in enumerate(branches) if branch == name and i not in good)
        draws.append(rng.beta(max(shift + hits, 1e-9), max(shift + rest, 1e-9)))
    return names[int(np.argmax(draws))]


def best_of_each_branch(names, branches, losses, rng):
    good = set()
    for name in names:
        mine = [i for i, branch in enumerate(branches) if branch == name]
        best = _good(np.array([losses[i] for i in mine]), math.ceil(0.15 * len(mine))) if mine else ()
        good |= {mine[i] for i in best}
    return _highest(names, branches, good, rng)


def rounded_down(names, branches, losses, rng):
    return _highest(names, branches, _good(losses, int(0.15 * len(losses))), rng)


def share_of_the_known(names, branches, losses, rng):
    return _highest(names, branches, _good(losses, math.ceil(0.15 * np.sum(~np.isnan(losses)))), rng)


def failed_left_out(names, branches, losses, rng):
    kept = [i for i in range(len(losses)) if not np.isnan(losses[i])]
    good = _good(np.array([losses[i] for i in kept]), math.ceil(0.15 * len(losses)))
    return _highest(names, [branches[i] for i in kept], good, rng)


def mean_instead_of_draw(names, branches, losses, rng):
    good, means = _good(losses, math.ceil(0.15 * len(losses))), []
    for name in names:
        mine = [i for i, branch in enumerate(branches) if branch == name]
        means.append((1 + sum(i in good for i in mine)) / (2 + len(mine)))
    return names[int(np.argmax(means))]


def parameters_exchanged(names, branches, losses, rng):
    good, draws = _good(losses, math.ceil(0.15 * len(losses))), []
    for name in names:
        mine = [i for i, branch in enumerate(branches) if branch == name]
        hits = sum(i in good for i in mine)
        draws.append(rng.beta(1 + len(mine) - hits, 1 + hits))
    return names[int(np.argmax(draws))]


def equal_losses_all_good(names, branches, losses, rng):
    count = math.ceil(0.15 * len(losses))
    known = np.sort([loss for loss in losses if not np.isnan(loss)])[:count]
    good = {i for i, loss in enumerate(losses) if len(known) and loss <= known[-1]}
    return _highest(names, branches, good, rng)


def others_of_all_branches(names, branches, losses, rng):
    good, draws = _good(losses, math.ceil(0.15 * len(losses))), []
    for name in names:
        hits = sum(1 for i, branch in enumerate(branches) if branch == name and i in good)
        draws.append(rng.beta(1 + hits, 1 + len(losses) - hits))
    return names[int(np.argmax(draws))]


def failed_may_be_good(names, branches, losses, rng):
    good = set(np.argsort(losses, kind="stable")[: math.ceil(0.15 * len(losses))])
    return _highest(names, branches, good, rng)


def without_the_one(names, branches, losses, rng):
    return _highest(names, branches, _good(losses, math.ceil(0.15 * len(losses))), rng, shift=0)


WRONG = [
    ("The best 15 % of each branch are", best_of_each_branch),
    ("The number of good trials is rounded", rounded_down),
    ("15 % of the known losses are good", share_of_the_known),
    ("The second parameter lacks the", failed_left_out),
    ("The branch with the highest mean", mean_instead_of_draw),
    ("The two parameters are exchanged", parameters_exchanged),
    ("Trials that equal the last good", equal_losses_all_good),
    ("The second parameter counts the", others_of_all_branches),
    ("Where fewer losses are known than", failed_may_be_good),
    ("The 1 is missing in both parameters", without_the_one),
]
