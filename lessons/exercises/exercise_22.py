"""Exercise 22: the branch of the next trial, by Thompson sampling."""

import math

import numpy as np


def right(names, branches, losses, rng):
    return _answer(names, branches, losses, rng)


def _good(losses, rounded=math.ceil, key=lambda loss: (math.isnan(loss), loss)):
    """The indices of the good trials."""
    order = sorted(range(len(losses)), key=lambda k: key(losses[k]))
    known = sum(not math.isnan(loss) for loss in losses)
    return order[:min(int(rounded(0.15 * len(losses))), known)]


def _answer(names, branches, losses, rng, good=_good, first=1, others=None, score=None, highest=True, tried_only=False):
    chosen, drawn = set(good(losses)), {}
    for name in names:
        of_branch = [k for k, branch in enumerate(branches) if branch == name]
        k = sum(at in chosen for at in of_branch)
        rest = (others or (lambda count, k: count - k))(len(of_branch), k)
        if not tried_only or of_branch:
            drawn[name] = score(k, rest, rng) if score else rng.beta(first + k, first + rest)
    return (max if highest else min)(drawn, key=drawn.__getitem__)


def _without_failed(names, branches, losses, rng):
    kept = [k for k, loss in enumerate(losses) if not math.isnan(loss)]
    return _answer(names, [branches[k] for k in kept], [losses[k] for k in kept], rng)


def _within_branches(names, branches, losses, rng):
    good = set()
    for name in names:
        own = [k for k, branch in enumerate(branches) if branch == name]
        good |= {own[k] for k in _good([losses[k] for k in own])}
    return _answer(names, branches, losses, rng, good=lambda losses: good)


def _case(seed, n, failed, weights):
    def fresh():
        rng = np.random.default_rng(seed)
        names = ["sgd", "adam", "rmsprop", "lion"][: 2 + seed % 3]
        shares = np.array(weights[: len(names)]) / sum(weights[: len(names)])
        numbers = rng.choice(len(names), n, p=shares)
        losses = np.round(rng.random(n) + 0.1 * numbers, 2)
        losses[rng.random(n) < failed] = np.nan
        return names, [names[k] for k in numbers], losses.tolist(), np.random.default_rng([seed, 1])

    return fresh


def _failing(seed, n=7):
    """Fewer losses are known than 15 % of the trials, rounded up."""
    def fresh():
        losses = [0.4] * (n > 6) + [math.nan] * (n - (n > 6))
        return ["sgd", "adam"], ["adam"] + ["sgd"] * (n > 6) + ["adam"] * (n - 1 - (n > 6)), losses, (
            np.random.default_rng([seed, 2]))

    return fresh


CASES = [
    (["sgd", "adam"], ["sgd", "sgd", "adam", "adam"], [0.5, 0.4, 0.9, 0.3], np.random.default_rng(3)),
    (["sgd", "adam"], [], [], np.random.default_rng(5)),
    *(_case(seed, 2 + seed, failed, weights) for seed in range(30)
      for failed, weights in ((0.0, (1, 1, 1, 1)), (0.3, (1, 3, 2, 0)))),
    *(_failing(seed, n) for seed in range(8) for n in (3, 7)),
]

def _known_only(losses):
    known = sum(not math.isnan(loss) for loss in losses)
    return sorted(range(len(losses)), key=lambda k: (math.isnan(losses[k]), losses[k]))[:math.ceil(0.15 * known)]


def _failed_last(losses):
    return sorted(range(len(losses)), key=lambda k: (math.isnan(losses[k]), losses[k]))[:math.ceil(0.15 * len(losses))]


def _all_equal(losses):
    good = _good(losses)
    return [k for k, loss in enumerate(losses) if good and loss <= losses[good[-1]]]


def _without_failed_later(names, branches, losses, rng):
    """The others lack the failed trials, but the 15 % are those of all."""
    lost = {k for k, loss in enumerate(losses) if math.isnan(loss)}
    good = _good(losses)
    return _answer(names, [None if k in lost else branch for k, branch in enumerate(branches)], losses, rng,
                   good=lambda losses: good)


def _of_all_branches(names, branches, losses, rng):
    return _answer(names, branches, losses, rng, others=lambda count, k: len(losses) - k)


MISTAKES = [
    ("The branch with the highest mean of its beta distribution is returned: draw from it (rng.beta), so that a branch "
     "of few trials has a chance.", lambda *case: _answer(*case, score=lambda k, rest, rng: (1 + k) / (2 + k + rest))),
    ("The branch with the most good trials is returned, so that what was tried often is tried more often: draw from "
     "the beta distributions.", lambda *case: _answer(*case, score=lambda k, rest, rng: k)),
    ("The second parameter counts all trials of the branch: it is 1 + those that are not good.",
     lambda *case: _answer(*case, others=lambda count, k: count)),
    ("The two parameters are exchanged: 1 + the good trials comes first.",
     lambda *case: _answer(*case, score=lambda k, rest, rng: rng.beta(1 + rest, 1 + k))),
    ("The 1 is missing in both parameters, and a beta distribution with a parameter of 0 does not exist.",
     lambda *case: _answer(*case, first=0)),
    ("The trials with the highest losses are counted as good: the lowest are.",
     lambda *case: _answer(*case, good=lambda losses: _good(losses, key=lambda loss: (math.isnan(loss), -loss)))),
    ("The best 15 % of each branch are counted as good: then all branches look alike. Take the best 15 % of all "
     "trials.", _within_branches),
    ("The number of good trials is rounded down: round it up, so that one of the first few is good.",
     lambda *case: _answer(*case, good=lambda losses: _good(losses, math.floor))),
    ("Failed trials are counted as good: sort NaN behind all others.",
     lambda *case: _answer(*case, good=lambda losses: _good(losses, key=lambda loss: (not math.isnan(loss), loss)))),
    ("Failed trials are left out, so that a branch that always fails looks untried: they count among the others.",
     _without_failed),
    ("The branch with the lowest draw is returned: the probability of a good trial should be high.",
     lambda *case: _answer(*case, highest=False)),
    ("A branch without any trial is never drawn: go through all names; its beta distribution has the parameters 1 and "
     "1.", lambda *case: _answer(*case, tried_only=True)),
    ("15 % of the known losses are good; it should be 15 % of all n trials, the failed ones included.",
     lambda *case: _answer(*case, good=_known_only)),
    ("Where fewer losses are known than 15 % of the trials, failed trials become good; a failed one never is.",
     lambda *case: _answer(*case, good=_failed_last)),
    ("Trials that equal the last good one are good as well, so that there are too many: of equal losses only the "
     "earlier is.", lambda *case: _answer(*case, good=_all_equal)),
    ("The second parameter lacks the failed trials: they are not good, so they count among the others of their branch.",
     _without_failed_later),
    ("The second parameter counts the trials of all branches; it is 1 + the other trials of this branch.",
     _of_all_branches),
    ("The 1 is missing in both parameters; a tiny number in place of 0 makes an untried branch nearly certain to win "
     "or to lose.", lambda *case: _answer(*case, score=lambda k, rest, rng: rng.beta(max(k, 1e-9), max(rest, 1e-9)))),
]
