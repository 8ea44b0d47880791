"""Exercise 44: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _lists(voices, chosen):
    chosen = set(chosen)
    return ([i for i, voice in enumerate(voices) if voice not in chosen],
            [i for i, voice in enumerate(voices) if voice in chosen])


def _count(share, names):
    return min(max(round(share * len(names)), 1), len(names) - 1)


def splits_the_clips(voices, share, rng):
    order = rng.permutation(len(voices))
    n = min(max(round(share * len(voices)), 1), len(voices) - 1)
    return sorted(order[n:].tolist()), sorted(order[:n].tolist())


def share_of_the_clips(voices, share, rng):
    names = sorted(set(voices))
    return _lists(voices, rng.permutation(names)[: min(max(round(share * len(voices)), 1), len(names) - 1)])


def first_voices(voices, share, rng):
    names = sorted(set(voices))
    return _lists(voices, names[: _count(share, names)])


def voices_drawn_by_their_clips(voices, share, rng):
    names, chosen = sorted(set(voices)), []
    for voice in rng.permutation(list(voices)):
        if voice not in chosen and len(chosen) < _count(share, names):
            chosen.append(voice)
    return _lists(voices, chosen)


def parts_exchanged(voices, share, rng):
    names = sorted(set(voices))
    return _lists(voices, rng.permutation(names)[: _count(share, names)])[::-1]


def drawn_with_replacement(voices, share, rng):
    names = sorted(set(voices))
    return _lists(voices, rng.choice(names, _count(share, names)))


def may_be_empty(voices, share, rng):
    names = sorted(set(voices))
    return _lists(voices, rng.permutation(names)[: round(share * len(names))])


def all_may_be_tested_on(voices, share, rng):
    names = sorted(set(voices))
    return _lists(voices, rng.permutation(names)[: max(round(share * len(names)), 1)])


def rounded_down(voices, share, rng):
    names = sorted(set(voices))
    return _lists(voices, rng.permutation(names)[: min(max(int(share * len(names)), 1), len(names) - 1)])


def returns_the_voices(voices, share, rng):
    names = rng.permutation(sorted(set(voices))).tolist()
    n = _count(share, names)
    return sorted(names[n:]), sorted(names[:n])


def in_order_of_the_voices(voices, share, rng):
    names = rng.permutation(sorted(set(voices))).tolist()
    n = _count(share, names)
    return tuple([i for name in part for i in np.flatnonzero(np.asarray(voices) == name).tolist()]
                 for part in (names[n:], names[:n]))


WRONG = [
    ("Clips of one voice are in both parts", splits_the_clips),
    ("The number of test voices is not round(share * number of voices): the", share_of_the_clips),
    ("Every generator gives the same test voices", first_voices),
    ("A voice with many clips is drawn more often", voices_drawn_by_their_clips),
    ("Return the training part first", parts_exchanged),
    ("The number of test voices changes with the generator", drawn_with_replacement),
    ("There is nothing to test on", may_be_empty),
    ("There is nothing to train on", all_may_be_tested_on),
    ("The number of test voices is not round(share * number of voices): the", rounded_down),
    ("Return indices of clips", returns_the_voices),
    ("The indices should be in increasing order", in_order_of_the_voices),
]
