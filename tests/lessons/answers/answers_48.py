"""Exercise 48: wrong answers of readers, each with a part of the hint that names its mistake."""


def _path(score, default, best, choose=max, until=lambda params, best: False):
    params, path = dict(default), []
    left = [name for name in default if default[name] != best[name]]
    while left:
        name = choose(left, key=lambda name: score(params | {name: best[name]}))
        params[name] = best[name]
        left.remove(name)
        path.append((name, score(params)))
    return path


def in_the_order_of_default(score, default, best):
    params, path = dict(default), []
    for name in default:
        if default[name] != best[name]:
            params[name] = best[name]
            path.append((name, score(params)))
    return path


def equal_values_are_steps_too(score, default, best):
    params, path, left = dict(default), [], list(default)
    while left:
        name = max(left, key=lambda name: score(params | {name: best[name]}))
        params[name] = best[name]
        left.remove(name)
        path.append((name, score(params)))
    return path


def order_by_the_single_changes(score, default, best):
    left = [name for name in default if default[name] != best[name]]
    params, path = dict(default), []
    for name in sorted(left, key=lambda name: -score(default | {name: best[name]})):
        params[name] = best[name]
        path.append((name, score(params)))
    return path


def single_changes(score, default, best):
    left = [name for name in default if default[name] != best[name]]
    found = [(name, score(default | {name: best[name]})) for name in left]
    return sorted(found, key=lambda pair: -pair[1])


def minimised(score, default, best):
    return _path(score, default, best, min)


def gains_returned(score, default, best):
    before, gains = score(default), []
    for name, after in _path(score, default, best):
        gains.append((name, after - before))
        before = after
    return gains


def default_changed_in_place(score, default, best):
    path = []
    left = [name for name in default if default[name] != best[name]]
    while left:
        name = max(left, key=lambda name: score(default | {name: best[name]}))
        default[name] = best[name]
        left.remove(name)
        path.append((name, score(default)))
    return path


def stops_where_nothing_helps(score, default, best):
    path, before = [], score(default)
    for name, after in _path(score, default, best):
        if after <= before:
            break
        path.append((name, after))
        before = after
    return path


def last_of_equal_ones(score, default, best):
    return _path(score, dict(reversed(default.items())), best)


def from_the_best_backwards(score, default, best):
    return _path(score, best, default)


def default_is_the_first_pair(score, default, best):
    return [("default", score(default)), *_path(score, default, best)]


def order_of_best(score, default, best):
    return _path(score, {name: default[name] for name in best}, best)


WRONG = [
    ("The changes were made in the order of the names", in_the_order_of_default),
    ("Values that are equal in both are no change", equal_values_are_steps_too),
    ("The order was found from the changes alone", order_by_the_single_changes),
    ("Each change was tried alone", single_changes),
    ("The change with the lowest score was taken", minimised),
    ("These are the gains of the steps", gains_returned),
    ("The path is right, but `default` has been changed: work on", default_changed_in_place),
    ("The path ends too early", stops_where_nothing_helps),
    ("Of equal scores the last was taken (>= instead of >): take the first in", last_of_equal_ones),
    ("This path leads from `best` to the default", from_the_best_backwards),
    ("The score of the default is no step", default_is_the_first_pair),
    ("Of equal scores the first in the order of `best` was taken", order_of_best),
]
