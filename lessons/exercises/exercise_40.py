"""Exercise 40: one change at a time, on paired seeds."""

import numpy as np


def right(score, default, changes, seeds):
    return _compared(score, default, changes, seeds)


def _compared(score, default, changes, seeds, cumulative=False, paired=True, ddof=1, root=True, sign=1.0,
              middle=np.mean, fresh=False, backwards=False, same=True, error=True):
    """The comparison with one thing changed."""
    seeds, found, params = list(seeds), {}, dict(default)
    everything = default | changes
    base = np.array([score(default, seed) for seed in (seeds if same else [seed + 1000 for seed in seeds])])
    for name, value in changes.items():
        if backwards:
            changed = np.array([score(everything, seed) - score(everything | {name: default[name]}, seed)
                                for seed in seeds]) + base
        else:
            start = params if cumulative else default
            changed = np.array([score(start | {name: value}, seed) for seed in seeds])
        params = params | {name: value}
        gains = sign * (changed - base)
        spread = gains.std(ddof=ddof) if paired else np.hypot(changed.std(ddof=ddof), base.std(ddof=ddof))
        found[name] = (float(middle(gains)), float(spread / np.sqrt(len(seeds)) if root else spread))
        if fresh:
            base = changed
        if not error:
            found[name] = (found[name][0], float(gains.var(ddof=1) / len(seeds)))
    return found


def _score(params, seed):
    """Three hyper-parameters that interact, and noise that the seeds share."""
    rng = np.random.default_rng(seed)
    common, own = rng.normal(size=2)
    a, b, c = params["rate"], params["batch"], params["units"]
    return 50.0 + 10.0 * common + 3.0 * a - 2.0 * b * b + 4.0 * a * b + 0.5 * c * a + own * (a + 0.5 * b + 0.1 * c * c)


CASES = [
    lambda: (_score, {"rate": 1.0, "batch": 0.5, "units": 2.0}, {"rate": 2.0, "batch": 1.5, "units": 4.0},
             [3, 8, 5, 11]),
    lambda: (_score, {"rate": 0.2, "batch": 2.0, "units": 1.0}, {"units": 3.0, "batch": -1.0}, [1, 2, 7]),
    lambda: (_score, {"rate": 0.0, "batch": 1.0, "units": 0.5}, {"rate": 4.0}, [4, 9]),
]


def _other(**arguments):
    return lambda score, default, changes, seeds: _compared(score, default, changes, seeds, **arguments)


def _one_seed(score, default, changes, seeds):
    return _compared(score, default, changes, [seeds[0]] * len(seeds))


def _all_seeds_best(score, default, changes, seeds):
    return {name: (max(score(default | {name: value}, seed) - score(default, seed) for seed in seeds), error)
            for (name, value), (_, error) in zip(changes.items(), _compared(score, default, changes, seeds).values(),
                                                 strict=True)}


def _scores_only(score, default, changes, seeds):
    found = {}
    for name, value in changes.items():
        each = np.array([score(default | {name: value}, seed) for seed in seeds])
        found[name] = (each.mean(), each.std(ddof=1) / np.sqrt(len(each)))
    return found


def _one_seed_for_the_default(score, default, changes, seeds):
    found = {}
    for name, value in changes.items():
        gains = np.array([score(default | {name: value}, seed) for seed in seeds]) - score(default, seeds[0])
        found[name] = gains.mean(), gains.std(ddof=1) / np.sqrt(len(gains))
    return found


CHANGED = "The numbers are right, but `default` has been changed: make a new dict of each, default | {name: value}."


def _changing(score, default, changes, seeds):
    found = right(score, default, changes, seeds)
    default |= changes
    return found


def extra(solution):
    for case in CASES:
        score, default, changes, seeds = case()
        given = dict(default), dict(changes)
        solution(score, *given, seeds)
        if given != (default, changes):
            raise AssertionError(CHANGED)


MISTAKES = [
    ("Earlier changes are kept: begin each change from the default.", _other(cumulative=True)),
    ("Each change is compared with the one before it: compare it with the default.", _other(fresh=True)),
    ("Each value is set back from all changes together: change it alone, from the default.", _other(backwards=True)),
    ("This error is of unpaired scores: what the seeds share cancels if you take the differences first.",
     _other(paired=False)),
    ("The standard deviation divides by the number of seeds: divide by one less.", _other(ddof=0)),
    ("This is the standard deviation of one gain: the error of their mean divides it by the root of their number.",
     _other(root=False)),
    ("This is the variance of the mean: take its root.", _other(error=False)),
    ("The sign is wrong: a gain is the score after the change less that of the default.", _other(sign=-1.0)),
    ("This is the median of the gains: take their mean.", _other(middle=np.median)),
    ("The default has other seeds than the changes: then nothing is paired.", _other(same=False)),
    ("All trainings have one seed: use each of the seeds once.", _one_seed),
    ("This is the largest gain of all seeds: take the mean.", _all_seeds_best),
    ("These are scores: subtract those of the default, seed by seed.", _scores_only),
    (CHANGED, _changing),
    ("This is the standard error of the scores: take that of the gains, the differences seed by seed.",
     lambda *case: {name: (gain, error) for (name, (gain, _)), (_, error) in zip(
         right(*case).items(), _scores_only(*case).values(), strict=True)}),
    ("score gets the changed value alone: it needs all hyper-parameters, those of the default with this one changed.",
     lambda score, default, changes, seeds: {name: score({name: value}, seeds[0]) for name, value in changes.items()}),
    ("The default is trained with one seed only: train it with each seed, since the gains are paired.",
     _one_seed_for_the_default),
    ("Each change is added to those before it, and compared with the step before: change one value of the default, and "
     "compare it with the default.", _other(cumulative=True, fresh=True)),
]
