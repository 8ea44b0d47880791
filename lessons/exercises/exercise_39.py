"""Exercise 39: one step of expectation maximisation."""

from collections import Counter


def right(pairs, t):
    return _step(pairs, t)


def _step(pairs, t, share="english", divide="english", words=list, hard=False, weigh=True):
    """A step with one thing changed."""
    counts = dict.fromkeys(t, 0.0)
    for english, spanish in pairs:
        english, spanish = words(english), words(spanish)
        best = {s: max(english, key=lambda e, s=s: t[e, s]) for s in spanish}
        for s in spanish:
            for e in english:
                total = {"english": sum(t[other, s] for other in english),
                         "spanish": sum(t[e, other] for other in spanish),
                         "pair": sum(t[a, b] for a in english for b in spanish), "none": 1.0}[share]
                counts[e, s] += float(best[s] == e) if hard else (t[e, s] if weigh else 1.0) / total
    if divide == "none":
        return counts
    sums = Counter()
    for (e, s), count in counts.items():
        sums[{"english": e, "spanish": s, "all": 0}[divide]] += count
    return {(e, s): count / sums[{"english": e, "spanish": s, "all": 0}[divide]] if count else 0.0
            for (e, s), count in counts.items()}


def _case(lines, seed):
    """Pairs, and probabilities that are not equal."""
    pairs = [tuple(side.split() for side in line.split(" = ")) for line in lines]
    cells = sorted({(e, s) for english, spanish in pairs for e in english for s in spanish})
    raw = {cell: 1.0 + (seed * 7 + 3 * i) % 5 for i, cell in enumerate(cells)}
    sums = Counter()
    for (e, _), value in raw.items():
        sums[e] += value
    return pairs, {(e, s): value / sums[e] for (e, s), value in raw.items()}


CASES = [
    lambda: _case(["the house = la casa", "the flower = la flor", "green house = casa verde"], 1),
    lambda: _case(["no no it is not = no no es", "it is he = es", "he is not it = no es él"], 2),
    lambda: _case(["a b c = x y", "a c = y z z", "b = x"], 3),
]


def _flat(pairs, t):
    return _step(pairs, dict.fromkeys(t, 1.0))


def _last_only(pairs, t):
    new = dict.fromkeys(t, 0.0)
    for pair in pairs:
        own = {cell: t[cell] for cell in t if cell[0] in pair[0] and cell[1] in pair[1]}
        new |= _step([pair], own, divide="none")
    sums = Counter()
    for (e, _), value in new.items():
        sums[e] += value
    return {(e, s): value / sums[e] for (e, s), value in new.items()}


def _added(pairs, t):
    counts = _step(pairs, t, divide="none")
    summed = {cell: counts[cell] + t[cell] for cell in t}
    sums = Counter()
    for (e, _), value in summed.items():
        sums[e] += value
    return {(e, s): value / sums[e] for (e, s), value in summed.items()}


def _per_english(counts):
    sums = Counter()
    for (e, _), value in counts.items():
        sums[e] += value
    return {(e, s): value / sums[e] for (e, s), value in counts.items()}


def _assigned(pairs, t):
    return _per_english({(e, s): t[e, s] / sum(t[other, s] for other in english)
                         for english, spanish in pairs for s in spanish for e in english})


def _global(pairs, t):
    totals, counts = Counter(), Counter()
    for (_, s), value in t.items():
        totals[s] += value
    for english, spanish in pairs:
        for s in spanish:
            for e in english:
                counts[e, s] += t[e, s] / totals[s]
    return _per_english(counts)


MISTAKES = [
    ("These are counts: divide them, for each English word, by their sum, so that they become probabilities.",
     lambda pairs, t: _step(pairs, t, divide="none")),
    ("For each Spanish word the results sum to 1: divide by the sum for the English word.",
     lambda pairs, t: _step(pairs, t, divide="spanish")),
    ("All results together sum to 1: for each English word they should.",
     lambda pairs, t: _step(pairs, t, divide="all")),
    ("A Spanish word is not shared out: divide t by its sum over the English words of the pair before you add it.",
     lambda pairs, t: _step(pairs, t, share="none")),
    ("The shares sum to 1 over the Spanish words: each Spanish word is shared out among the English words.",
     lambda pairs, t: _step(pairs, t, share="spanish")),
    ("The shares sum to 1 over the whole pair: each Spanish word counts once, so its own shares sum to 1.",
     lambda pairs, t: _step(pairs, t, share="pair")),
    ("Each Spanish word is given to its most probable English word as a whole: share it out.",
     lambda pairs, t: _step(pairs, t, hard=True)),
    ("A word that occurs twice in a sentence counts once here: count each occurrence.",
     lambda pairs, t: _step(pairs, t, words=lambda side: list(dict.fromkeys(side)))),
    ("The shares do not depend on t, as in a first step: use the probabilities of the argument.", _flat),
    ("These are pairs of words that occur together, counted: t decides which of them belong together.",
     lambda pairs, t: _step(pairs, t, share="none", weigh=False)),
    ("A later pair replaces the counts of an earlier one: add them.", _last_only),
    ("The counts are added to the old t: begin them at 0.", _added),
    ("A Spanish word that occurs twice in a sentence counts once here: share out each occurrence.",
     lambda pairs, t: _step([(english, list(dict.fromkeys(spanish))) for english, spanish in pairs], t)),
    ("A share replaces what was counted before: add it (+=), within a pair and from pair to pair.", _assigned),
    ("A share is divided by the sum over all English words of the dictionary: take those of the pair alone.", _global),
]
