"""Exercise 40: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _gains(score, default, changes, seeds, error):
    base = np.array([score(default, seed) for seed in seeds])
    found = {}
    for name, value in changes.items():
        gains = np.array([score(default | {name: value}, seed) for seed in seeds]) - base
        found[name] = gains.mean(), error(gains)
    return found


def _standard_error(gains):
    return gains.std(ddof=1) / np.sqrt(len(gains))


def changes_add_up(score, default, changes, seeds):
    base, params, found = np.array([score(default, seed) for seed in seeds]), dict(default), {}
    for name, value in changes.items():
        params[name] = value
        gains = np.array([score(params, seed) for seed in seeds]) - base
        found[name] = gains.mean(), _standard_error(gains)
    return found


def default_changed_in_place(score, default, changes, seeds):
    base, found = np.array([score(default, seed) for seed in seeds]), {}
    for name, value in changes.items():
        before, default[name] = default[name], value
        gains = np.array([score(default, seed) for seed in seeds]) - base
        found[name] = gains.mean(), _standard_error(gains)
        default[name] = before
    default.update(changes)
    return found


def unpaired_error(score, default, changes, seeds):
    base, found = np.array([score(default, seed) for seed in seeds]), {}
    for name, value in changes.items():
        new = np.array([score(default | {name: value}, seed) for seed in seeds])
        found[name] = new.mean() - base.mean(), np.sqrt((new.var(ddof=1) + base.var(ddof=1)) / len(base))
    return found


def error_of_the_scores(score, default, changes, seeds):
    base, found = np.array([score(default, seed) for seed in seeds]), {}
    for name, value in changes.items():
        new = np.array([score(default | {name: value}, seed) for seed in seeds])
        found[name] = (new - base).mean(), _standard_error(new)
    return found


def standard_deviation(score, default, changes, seeds):
    return _gains(score, default, changes, seeds, lambda gains: gains.std(ddof=1))


def divided_by_n(score, default, changes, seeds):
    return _gains(score, default, changes, seeds, lambda gains: gains.std() / np.sqrt(len(gains)))


def default_less_changed(score, default, changes, seeds):
    found = _gains(score, default, changes, seeds, _standard_error)
    return {name: (-mean, error) for name, (mean, error) in found.items()}


def only_the_changes_are_passed(score, default, changes, seeds):
    base, found = np.array([score(default, seed) for seed in seeds]), {}
    for name, value in changes.items():
        gains = np.array([score({name: value}, seed) for seed in seeds]) - base
        found[name] = gains.mean(), _standard_error(gains)
    return found


def one_seed_for_the_default(score, default, changes, seeds):
    base, found = score(default, seeds[0]), {}
    for name, value in changes.items():
        gains = np.array([score(default | {name: value}, seed) for seed in seeds]) - base
        found[name] = gains.mean(), _standard_error(gains)
    return found


def change_after_change(score, default, changes, seeds):
    before, params, found = np.array([score(default, seed) for seed in seeds]), dict(default), {}
    for name, value in changes.items():
        params[name] = value
        after = np.array([score(params, seed) for seed in seeds])
        found[name] = (after - before).mean(), _standard_error(after - before)
        before = after
    return found


WRONG = [
    ("Earlier changes are kept", changes_add_up),
    ("The numbers are right", default_changed_in_place),
    ("This error is of unpaired scores", unpaired_error),
    ("This is the standard error of the scores", error_of_the_scores),
    ("This is the standard deviation of one gain", standard_deviation),
    ("The standard deviation divides by the number of seeds", divided_by_n),
    ("The sign is wrong: a gain is the score after the change", default_less_changed),
    ("score gets the changed value alone", only_the_changes_are_passed),
    ("The default is trained with one seed only", one_seed_for_the_default),
    ("Each change is added to those before it", change_after_change),
]
