"""Exercise 29: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def drawn(names, share, rng):
    order = [names[i] for i in rng.permutation(len(names))]
    return set(order[: min(max(round(share * len(names)), 1), len(names) - 1)])


def parts(voices, tested):
    return ([i for i, voice in enumerate(voices) if voice not in tested],
            [i for i, voice in enumerate(voices) if voice in tested])


def split(voices, share, rng):
    return parts(voices, drawn(sorted(set(voices)), share, rng))


def by_clip(voices, share, rng):
    count = max(1, round(share * len(voices)))
    order = rng.permutation(len(voices)).tolist()
    return sorted(order[count:]), sorted(order[:count])


def not_random(voices, share, rng):
    names = sorted(set(voices))
    return parts(voices, set(names[: min(max(round(share * len(names)), 1), len(names) - 1)]))


def maybe_nothing_to_test(voices, share, rng):
    names = sorted(set(voices))
    return parts(voices, {names[i] for i in rng.permutation(len(names))[: round(share * len(names))]})


def maybe_nothing_to_train(voices, share, rng):
    names = sorted(set(voices))
    return parts(voices, {names[i] for i in rng.permutation(len(names))[: max(1, round(share * len(names)))]})


def each_voice_by_chance(voices, share, rng):
    names = sorted(set(voices))
    tested = {name for name in names if rng.random() < share}
    return parts(voices, tested or {names[0]})


def voices_of_clips(voices, share, rng):
    """A voice with many clips is drawn more often, and may be drawn twice."""
    names = sorted(set(voices))
    count = min(max(round(share * len(names)), 1), len(names) - 1)
    return parts(voices, set(rng.choice(names, count).tolist()))


def other_way_round(voices, share, rng):
    return split(voices, share, rng)[::-1]


def names_instead(voices, share, rng):
    return tuple([voices[i] for i in part] for part in split(voices, share, rng))


def one_clip_each(voices, share, rng):
    train, test = split(voices, share, rng)
    return train, [i for i in test if i == voices.index(voices[i])]


def own_generator(voices, share, rng):
    return split(voices, share, np.random.default_rng(0))


SOLUTION = split
WRONG = [
    ("clips of one voice are in both parts", by_clip),
    ("same voices for each generator", not_random),
    ("nothing to test on", maybe_nothing_to_test),
    ("nothing to train on", maybe_nothing_to_train),
    ("the share is that of the voices", each_voice_by_chance),
    ("the share is that of the voices", voices_of_clips),
    ("first the training part", other_way_round),
    ("indices of clips", names_instead),
    ("every clip must be in one part", one_clip_each),
    ("same voices for each generator", own_generator),
]
