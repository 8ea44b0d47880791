"""Exercise 17: wrong answers of readers, each with a part of the hint that names its mistake."""

def loss_instead_of_win(score, parts):
    every, none = frozenset(parts), frozenset()
    return {p: (score(frozenset([p])) - score(none), score(every - {p}) - score(every)) for p in parts}


def score_alone(score, parts):
    every = frozenset(parts)
    return {p: (score(frozenset([p])), score(every) - score(every - {p})) for p in parts}


def score_of_the_others(score, parts):
    every, none = frozenset(parts), frozenset()
    return {p: (score(frozenset([p])) - score(none), score(every - {p})) for p in parts}


def order_exchanged(score, parts):
    every, none = frozenset(parts), frozenset()
    return {p: (score(every) - score(every - {p}), score(frozenset([p])) - score(none)) for p in parts}


def letters_of_the_name(score, parts):
    every, none = frozenset(parts), frozenset()
    return {p: (score(frozenset(p)) - score(none), score(every) - score(every - frozenset(p))) for p in parts}


def taken_away_one_after_the_other(score, parts):
    left, none, found = frozenset(parts), frozenset(), {}
    for p in parts:
        found[p] = (score(frozenset([p])) - score(none), score(left) - score(left - {p}))
        left = left - {p}
    return found


def added_one_after_the_other(score, parts):
    every, added, found = frozenset(parts), frozenset(), {}
    for p in parts:
        found[p] = (score(added | {p}) - score(added), score(every) - score(every - {p}))
        added = added | {p}
    return found


def alone_against_all(score, parts):
    every = frozenset(parts)
    return {p: (score(frozenset([p])) - score(every), score(every) - score(every - {p})) for p in parts}


def ratios(score, parts):
    every, none = frozenset(parts), frozenset()
    return {p: (score(frozenset([p])) / score(none), score(every) / score(every - {p})) for p in parts}


def all_less_the_part_alone(score, parts):
    every, none = frozenset(parts), frozenset()
    return {p: (score(frozenset([p])) - score(none), score(every) - score(frozenset([p]))) for p in parts}


WRONG = [
    ("The gain beside the others has", loss_instead_of_win),
    ("The first gain lacks its baseline", score_alone),
    ("The second number is the score", score_of_the_others),
    ("The two gains are exchanged: first", order_exchanged),
    ("frozenset of a name is the set of its letters: put the name in a list first", letters_of_the_name),
    ("The parts are taken away for good", taken_away_one_after_the_other),
    ("In the first gain the parts are", added_one_after_the_other),
    ("The first number compares the part", alone_against_all),
    ("These are ratios of two scores", ratios),
    ("The second number compares all parts", all_less_the_part_alone),
]
