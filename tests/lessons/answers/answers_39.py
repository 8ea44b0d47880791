"""Exercise 39: wrong answers of readers, each with a part of the hint that names its mistake."""

from collections import defaultdict


def _normalised(counts, by=0):
    sums = defaultdict(float)
    for cell, count in counts.items():
        sums[cell[by]] += count
    return {cell: count / sums[cell[by]] for cell, count in counts.items()}


def shares_not_normalised(pairs, t):
    counts = defaultdict(float)
    for english, spanish in pairs:
        for s in spanish:
            for e in english:
                counts[e, s] += t[e, s]
    return _normalised(counts)


def shared_out_among_the_spanish_words(pairs, t):
    counts = defaultdict(float)
    for english, spanish in pairs:
        for e in english:
            total = sum(t[e, s] for s in spanish)
            for s in spanish:
                counts[e, s] += t[e, s] / total
    return _normalised(counts)


def sums_for_the_spanish_word(pairs, t):
    counts = defaultdict(float)
    for english, spanish in pairs:
        for s in spanish:
            total = sum(t[e, s] for e in english)
            for e in english:
                counts[e, s] += t[e, s] / total
    return _normalised(counts, by=1)


def counts_returned(pairs, t):
    counts = defaultdict(float)
    for english, spanish in pairs:
        for s in spanish:
            total = sum(t[e, s] for e in english)
            for e in english:
                counts[e, s] += t[e, s] / total
    return dict(counts)


def repeated_words_once(pairs, t):
    counts = defaultdict(float)
    for english, spanish in pairs:
        for s in set(spanish):
            total = sum(t[e, s] for e in set(english))
            for e in set(english):
                counts[e, s] += t[e, s] / total
    return _normalised(counts)


def repeated_spanish_words_once(pairs, t):
    counts = defaultdict(float)
    for english, spanish in pairs:
        for s in set(spanish):
            total = sum(t[e, s] for e in english)
            for e in english:
                counts[e, s] += t[e, s] / total
    return _normalised(counts)


def assigned_instead_of_added(pairs, t):
    counts = {}
    for english, spanish in pairs:
        for s in spanish:
            total = sum(t[e, s] for e in english)
            for e in english:
                counts[e, s] = t[e, s] / total
    return _normalised(counts)


def total_over_all_english_words(pairs, t):
    totals, counts = defaultdict(float), defaultdict(float)
    for (_, s), probability in t.items():
        totals[s] += probability
    for english, spanish in pairs:
        for s in spanish:
            for e in english:
                counts[e, s] += t[e, s] / totals[s]
    return _normalised(counts)


def hard_assignment(pairs, t):
    counts = dict.fromkeys(t, 0.0)
    for english, spanish in pairs:
        for s in spanish:
            counts[max(english, key=lambda e: t[e, s]), s] += 1.0
    sums = defaultdict(float)
    for (e, _), count in counts.items():
        sums[e] += count
    return {(e, s): count / sums[e] if sums[e] else 0.0 for (e, s), count in counts.items()}


def old_t_added(pairs, t):
    counts = defaultdict(float, t)
    for english, spanish in pairs:
        for s in spanish:
            total = sum(t[e, s] for e in english)
            for e in english:
                counts[e, s] += t[e, s] / total
    return _normalised(counts)


WRONG = [
    ("A Spanish word is not shared out", shares_not_normalised),
    ("The shares sum to 1 over the Spanish words", shared_out_among_the_spanish_words),
    ("For each Spanish word the results sum to 1", sums_for_the_spanish_word),
    ("These are counts: divide them, for each English word, by", counts_returned),
    ("A word that occurs twice in a sentence counts once here", repeated_words_once),
    ("A Spanish word that occurs twice in a sentence counts once here", repeated_spanish_words_once),
    ("A share replaces what was counted before", assigned_instead_of_added),
    ("A share is divided by the sum over all English words of the dictionary", total_over_all_english_words),
    ("Each Spanish word is given to its most probable English word as a whole", hard_assignment),
    ("The counts are added to the old t", old_t_added),
]
