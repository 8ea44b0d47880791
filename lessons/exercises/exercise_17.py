"""Exercise 17: two ablations, each part alone and beside the others."""


def _score(table):
    """A score with interactions: the sum of the weights of all sets of `table` that are among the parts."""
    return lambda parts: float(sum(weight for group, weight in table.items() if set(group) <= set(parts)))


CASES = [
    lambda: (_score({"": 2.0, "a": 3.0, "b": 5.0, "c": -1.5, "ab": -2.0, "bc": 0.25, "abc": 0.5}), ["a", "b", "c"]),
    lambda: (_score({"": 0.5, "x": 1.0, "y": 0.75, "xy": -1.25}), ["y", "x"]),
    lambda: (_score({"": 1.0, "p": 0.5, "q": 0.25, "r": 0.125, "s": 2.0, "pq": -0.75, "qrs": 3.0, "pqrs": -4.0}),
             ["p", "q", "r", "s"]),
    lambda: (_score({(): 1.0, ("noise",): 0.5, ("dropout",): 0.75, ("dropout", "noise"): -0.25}), ["noise", "dropout"]),
]


def right(score, parts):
    return _table(score, parts, lambda none, part, every, others: (part - none, every - others))


def _table(score, parts, pair):
    """What `pair` makes of the scores of none, of the part alone, of all, and of all others, for each part."""
    every = frozenset(parts)
    return {part: pair(score(frozenset()), score(frozenset([part])), score(every), score(every - {part}))
            for part in parts}


def _wrong(pair):
    return lambda score, parts: _table(score, parts, pair)


def _one_after_another(score, parts):
    found = {}
    for k, part in enumerate(parts):
        found[part] = (score(frozenset([part])) - score(frozenset()),
                       score(frozenset(parts[:k + 1])) - score(frozenset(parts[:k])))
    return found


def _shrinking(score, parts):
    found, left = {}, frozenset(parts)
    for part in parts:
        found[part] = score(frozenset([part])) - score(frozenset()), score(left) - score(left - {part})
        left = left - {part}
    return found


def _pairs(score, parts):
    return list(right(score, parts).values())


def _last_only(score, parts):
    return {parts[-1]: right(score, parts)[parts[-1]]}


def _added(score, parts):
    found, every = {}, frozenset(parts)
    for k, part in enumerate(parts):
        found[part] = (score(frozenset(parts[:k + 1])) - score(frozenset(parts[:k])),
                       score(every) - score(every - {part}))
    return found


def _letters(score, parts):
    every, none = frozenset(parts), frozenset()
    return {part: (score(frozenset(part)) - score(none), score(every) - score(every - frozenset(part)))
            for part in parts}


def _letters_alone(score, parts):
    every, none = frozenset(parts), frozenset()
    return {part: (score(frozenset(part)) - score(none), score(every) - score(every - {part})) for part in parts}


MISTAKES = [
    ("These are the scores; a gain is a difference: subtract the score of none, and that of all the others.",
     _wrong(lambda none, part, every, others: (part, others))),
    ("The first gain lacks its baseline: subtract the score of the empty set, which is not 0.",
     _wrong(lambda none, part, every, others: (part, every - others))),
    ("The gain beside the others has the wrong sign: it is the score of all less the score without the part.",
     _wrong(lambda none, part, every, others: (part - none, others - every))),
    ("Both gains have the wrong sign: a part that raises the score wins more than 0.",
     _wrong(lambda none, part, every, others: (none - part, others - every))),
    ("The two gains are exchanged: first alone, then beside the others.",
     _wrong(lambda none, part, every, others: (every - others, part - none))),
    ("The second number compares all parts with this part alone; compare them with all *others*.",
     _wrong(lambda none, part, every, others: (part - none, every - part))),
    ("The second number compares all others with none; compare all parts with all others.",
     _wrong(lambda none, part, every, others: (part - none, others - none))),
    ("The parts are added one after another; beside the others means that all others are there.", _one_after_another),
    ("The parts are taken away for good, one after another; take each away from all.", _shrinking),
    ("The first gain is also the second: the others must be there in the second.",
     _wrong(lambda none, part, every, others: (part - none, part - none))),
    ("These are shares of the score of all; return differences.",
     _wrong(lambda none, part, every, others: ((part - none) / every, (every - others) / every))),
    ("Return a dictionary with a pair for each part, not a list.", _pairs),
    ("Only the last part is in the dictionary: is it made, or returned, inside the loop?", _last_only),
    ("The second number is the score of all others; a gain is what the part adds to it: the score of all less that.",
     _wrong(lambda none, part, every, others: (part - none, others))),
    ("In the first gain the parts are added one after another; alone means added to none, each time.", _added),
    ("The first number compares the part alone with all of them; compare it with none, the empty set.",
     _wrong(lambda none, part, every, others: (part - every, every - others))),
    ("These are ratios of two scores; a gain is their difference.",
     _wrong(lambda none, part, every, others: (part / none, every / others))),
    ("frozenset of a name is the set of its letters: put the name in a list first, frozenset([part]).", _letters),
    ("In the first gain frozenset of a name is the set of its letters: put the name in a list first.", _letters_alone),
]
