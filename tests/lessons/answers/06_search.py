"""Exercise 06: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np

from scratchtune.search.space import log_value


def on_a_log_scale(domain, rng):
    if isinstance(domain, tuple):
        return log_value(rng.random(), *domain)
    return domain[rng.integers(len(domain))]


def search(score, space, n, rng, draw=on_a_log_scale, better=lambda new, old: new > old):
    """A random search; the other arguments make the mistakes."""
    best, best_score = None, None
    for _ in range(n):
        params = {name: draw(domain, rng) for name, domain in space.items()}
        value = score(params)
        if best is None or better(value, best_score):
            best, best_score = params, value
    return best, best_score


def random_search(score, space, n, rng):
    return search(score, space, n, rng)


def on_a_linear_scale(score, space, n, rng):
    def draw(domain, rng):
        return rng.uniform(*domain) if isinstance(domain, tuple) else domain[rng.integers(len(domain))]

    return search(score, space, n, rng, draw)


def one_number_for_all(score, space, n, rng):
    trials = []
    for _ in range(n):
        u = rng.random()
        params = {
            name: log_value(u, *domain) if isinstance(domain, tuple) else domain[int(u * len(domain))]
            for name, domain in space.items()}
        trials.append((score(params), params))
    value, best = max(trials, key=lambda trial: trial[0])
    return best, value


def drawn_once_before_the_loop(score, space, n, rng):
    params = {name: on_a_log_scale(domain, rng) for name, domain in space.items()}
    return max(((params, score(params)) for _ in range(n)), key=lambda trial: trial[1])


def a_generator_of_its_own(score, space, n, rng):
    return search(score, space, n, np.random.default_rng(7))


def global_random_numbers(score, space, n, rng):
    return search(score, space, n, np.random.default_rng())


def keeps_the_lowest(score, space, n, rng):
    return search(score, space, n, rng, better=lambda new, old: new < old)


def keeps_the_last(score, space, n, rng):
    return search(score, space, n, rng, better=lambda new, old: True)


def scores_the_best_again(score, space, n, rng):
    best, _ = search(score, space, n, rng)
    return best, score(best)


def last_choice_left_out(score, space, n, rng):
    def draw(domain, rng):
        if isinstance(domain, tuple):
            return log_value(rng.random(), *domain)
        return domain[rng.integers(len(domain) - 1)]

    return search(score, space, n, rng, draw)


SOLUTION = random_search
WRONG = [
    ("Drawn on a linear scale", on_a_linear_scale),
    ("draw a random number of its own for each", one_number_for_all),
    ("All draws are the same: draw again in each round", drawn_once_before_the_loop),
    ("Another rng gives the same draws", a_generator_of_its_own),
    ("not from np.random", global_random_numbers),
    ("This is the lowest score", keeps_the_lowest),
    ("This is the last score", keeps_the_last),
    ("scored again at the end", scores_the_best_again),
    ("The batch size 128 is never drawn", last_choice_left_out),
]
