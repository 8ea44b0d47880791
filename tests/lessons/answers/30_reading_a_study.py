"""Exercise 30: a right answer, and wrong ones, each with the hint that it must get."""


def differing(here, best):
    return [name for name in here if here[name] != best[name]]


def walked(score, default, best, choose):
    """A path where ``choose`` picks the next change from the scores by name."""
    here, path = dict(default), []
    while names := differing(here, best):
        scores = {name: score(here | {name: best[name]}) for name in names}
        name = choose(scores)
        path.append((name, scores[name] - score(here)))
        here[name] = best[name]
    return path


def highest(scores):
    return max(scores, key=scores.get)


def ablation_path(score, default, best):
    return walked(score, default, best, highest)


def in_the_order_of_names(score, default, best):
    return walked(score, default, best, lambda scores: next(iter(scores)))


def lowest_first(score, default, best):
    return walked(score, default, best, lambda scores: min(scores, key=scores.get))


def gains_alone(score, default, best):
    found = [(name, score(default | {name: best[name]}) - score(default)) for name in differing(default, best)]
    return sorted(found, key=lambda pair: -pair[1])


def in_the_order_of_gains_alone(score, default, best):
    order = [name for name, _ in gains_alone(score, default, best)]
    return walked(score, default, best, lambda scores: next(name for name in order if name in scores))


def over_the_default(score, default, best):
    total, found = 0.0, []
    for name, gain in ablation_path(score, default, best):
        total += gain
        found.append((name, total))
    return found


def scores_instead(score, default, best):
    return [(name, score(default) + gain) for name, gain in over_the_default(score, default, best)]


def walked_back(score, default, best):
    return [(name, -gain) for name, gain in reversed(walked(score, best, default, highest))]


def with_equal_values(score, default, best):
    return [*ablation_path(score, default, best), *((name, 0.0) for name in default if default[name] == best[name])]


def first_step_only(score, default, best):
    return ablation_path(score, default, best)[:1]


def changes_the_default(score, default, best):
    path = ablation_path(score, default, best)
    default.update(best)
    return path


def last_of_equal_ones(score, default, best):
    return walked(score, default, best, lambda scores: max(reversed(scores), key=scores.get))


def only_what_differs(score, default, best):
    names = differing(default, best)
    return ablation_path(score, {name: default[name] for name in names}, {name: best[name] for name in names})


SOLUTION = ablation_path
WRONG = [
    ("in the order of the names; take the best one next", in_the_order_of_names),
    ("the change with the lowest score was kept", lowest_first),
    ("these are the gains alone, on the default", gains_alone),
    ("the order is that of the gains alone", in_the_order_of_gains_alone),
    ("these are gains over the default", over_the_default),
    ("these are scores", scores_instead),
    ("walked back from the best configuration", walked_back),
    ("it is no change", with_equal_values),
    ("each of a, b and c must be changed once", first_step_only),
    ("work on a copy", changes_the_default),
    ("it must be that of the names", last_of_equal_ones),
    ("keep all of them", only_what_differs),
]
