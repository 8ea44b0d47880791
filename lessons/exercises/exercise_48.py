"""Exercise 48: a greedy ablation path."""


def right(score, default, best):
    now, path = dict(default), []
    while now != {name: best[name] for name in now}:
        each = {name: score({**now, name: best[name]}) for name in now if now[name] != best[name]}
        name = max(each, key=each.get)
        now[name] = best[name]
        path.append((name, each[name]))
    return path


def _ridge(params):
    a, b, c = params["a"], params["b"], params["c"]
    return 10.0 - (a - b) ** 2 - 0.1 * (a + b - 6) ** 2 + 0.3 * c


def _plain(params):
    return 1.0 * params["u"] + 2.0 * params["v"] + 2.0 * params["w"] - 1.5 * params["x"]


def _three(params):
    return params["p"] * params["q"] + 0.5 * params["r"] - 0.2 * params["p"]


def _order(params):
    return 5.0 * params["x"] + 3.0 * params["y"] + 2.0 * params["z"] + 4.0 * params["x"] * params["z"]


CASES = [
    (_order, {"x": 0, "y": 0, "z": 0}, {"x": 1, "y": 1, "z": 1}),
    (_ridge, {"a": 0.0, "b": 0.0, "c": 0}, {"a": 3.0, "b": 3.0, "c": 2}),
    (_plain, {"u": 0, "v": 0, "w": 0, "x": 0}, {"x": 1, "w": 1, "v": 1, "u": 1}),
    (_three, {"p": 0, "q": 0, "r": 1}, {"p": 2, "q": 3, "r": 1}),
    (_three, {"p": 1, "q": 1, "r": 1}, {"p": 1, "q": 1, "r": 1}),
]


def _alone(score, default, best):
    names = [name for name in default if default[name] != best[name]]
    each = {name: score({**default, name: best[name]}) for name in names}
    return sorted(each.items(), key=lambda pair: -pair[1])


def _order_alone(score, default, best):
    now, path = dict(default), []
    for name, _ in _alone(score, default, best):
        now[name] = best[name]
        path.append((name, score(now)))
    return path


def _in_order(score, default, best):
    now, path = dict(default), []
    for name in default:
        if default[name] != best[name]:
            now[name] = best[name]
            path.append((name, score(now)))
    return path


def _greedy(choose=max, names=lambda now, best, done: [name for name in now if now[name] != best[name]],
            value=lambda before, after: after, stop=False):
    def path_of(score, default, best):
        now, path, done = dict(default), [], []
        before = score(now)
        while left := names(now, best, done):
            each = {name: score({**now, name: best[name]}) for name in left}
            name = choose(each, key=each.get)
            if stop and each[name] <= before:
                break
            now[name] = best[name]
            done.append(name)
            path.append((name, value(before, each[name])))
            before = each[name]
        return path

    return path_of


def _back(score, default, best):
    now, path = dict(best), []
    while left := [name for name in now if now[name] != default[name]]:
        each = {name: score({**now, name: default[name]}) for name in left}
        name = min(each, key=each.get)
        path.append((name, score(now)))
        now[name] = default[name]
    return path


CHANGED = "The path is right, but `default` has been changed: work on a copy, dict(default)."


def _changing(score, default, best):
    path = right(score, default, best)
    default |= best
    return path


def extra(solution):
    for score, default, best in CASES:
        given = dict(default), dict(best)
        solution(score, *given)
        if given != (default, best):
            raise AssertionError(CHANGED)


MISTAKES = [
    ("Each change was tried alone, on the default. A step begins where the one before it ended.", _alone),
    ("The order was found from the changes alone, on the default; choose again at each step.", _order_alone),
    ("The changes were made in the order of the names: take the one with the highest score now.", _in_order),
    ("The change with the lowest score was taken; the score is to be maximised.", _greedy(choose=min)),
    ("These are the gains of the steps; return the score after each.",
     _greedy(value=lambda before, after: after - before)),
    ("The path ends too early: make the changes that lower the score as well, until `best` is reached.",
     _greedy(stop=True)),
    ("Values that are equal in both are no change, and need no step.",
     _greedy(names=lambda now, best, done: [name for name in now if name not in done])),
    ("Of equal scores the first in the order of `best` was taken: take the first in the order of `default`.",
     _greedy(names=lambda now, best, done: [name for name in best if now[name] != best[name]])),
    ("The path was walked back from `best`; begin with the default.", _back),
    ("Only the names are returned: return pairs (name, score).",
     lambda score, default, best: [name for name, _ in right(score, default, best)]),
    ("The score of the default is no step: begin with the first change.",
     lambda score, default, best: [("default", score(default)), *right(score, default, best)]),
    ("A dictionary is returned; return a list of pairs.",
     lambda score, default, best: dict(right(score, default, best))),
    ("Of equal scores the last was taken (>= instead of >): take the first in the order of `default`.",
     lambda score, default, best: right(score, dict(reversed(default.items())), best)),
    ("This path leads from `best` to the default: begin with the default, and set one value of `best` at a time.",
     lambda score, default, best: right(score, best, default)),
    (CHANGED, _changing),
]
