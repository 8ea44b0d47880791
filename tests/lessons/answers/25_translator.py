"""Exercise 25: a right answer, and wrong ones, each with the hint that it must get."""

from itertools import permutations


def differing(default, winner):
    return [name for name in default if winner[name] != default[name]]


def gains_in(order, score, default, winner):
    here, gains = dict(default), {}
    for name in order:
        changed = here | {name: winner[name]}
        gains[name] = score(changed) - score(here)
        here = changed
    return gains


def shares(score, default, winner):
    names = differing(default, winner)
    paths = [gains_in(order, score, default, winner) for order in permutations(names)]
    return {name: sum(path[name] for path in paths) / len(paths) for name in names}


def each_alone(score, default, winner):
    return {name: score(default | {name: winner[name]}) - score(default) for name in differing(default, winner)}


def each_set_back(score, default, winner):
    return {name: score(winner) - score(winner | {name: default[name]}) for name in differing(default, winner)}


def one_order(score, default, winner):
    return gains_in(differing(default, winner), score, default, winner)


def other_order(score, default, winner):
    return gains_in(differing(default, winner)[::-1], score, default, winner)


def sum_of_orders(score, default, winner):
    return {name: 2.0 * share for name, share in shares(score, default, winner).items()}


def losses(score, default, winner):
    return {name: -share for name, share in shares(score, default, winner).items()}


def scores_after(score, default, winner):
    alone = {name: score(default | {name: winner[name]}) for name in differing(default, winner)}
    return {name: (value + score(winner)) / 2 for name, value in alone.items()}


def names_that_do_not_differ(score, default, winner):
    return dict.fromkeys(default, 0.0) | shares(score, default, winner)


def changes_its_arguments(score, default, winner):
    found = shares(score, dict(default), winner)
    default.update(winner)
    return found


def first_and_last_alone(score, default, winner):
    alone, back = each_alone(score, default, winner), each_set_back(score, default, winner)
    return {name: (alone[name] + back[name]) / 2 for name in alone}


SOLUTION = shares
WRONG = [
    ("gains of each change alone", each_alone),
    ("losses where one value of the winner is the default's", each_set_back),
    ("one order only, the learning rate first", one_order),
    ("one order only, the batch size first", other_order),
    ("not divided by their number", sum_of_orders),
    ("the sign is wrong", losses),
    ("mean scores after the change", scores_after),
    ("rate and batch differ, units does not", names_that_do_not_differ),
    ("make a copy of it for each order", changes_its_arguments),
    ("not to the gain of 2", first_and_last_alone),
]
