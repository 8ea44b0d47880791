"""Exercise 44: split clips by voice."""

import numpy as np

CASES: list = []
TWENTY = [f"v{i // 3}" for i in range(60)]
TALKATIVE = ["Ann"] * 12 + ["Bo", "Cy", "Di", "Ed", "Flo"]
EVERY = [(TWENTY, 0.3, 6), (["Ann", "Bo", "Ann", "Cy"], 0.3, 1), (list("aaabbbcccdddeee"), 0.5, 2),
         (list("aaaaaaaabcd"), 0.4, 2), (list("abcabc"), 0.05, 1), (list("abab"), 0.9, 1), (list("bacbaccc"), 0.7, 2)]
INDICES = "Return indices of clips, not the clips or the voices themselves."
NO_TEST = "There is nothing to test on: at least one voice is for the test."
NO_TRAINING = "There is nothing to train on: at least one voice is for the training."
BOTH = "Clips of one voice are in both parts: draw voices, and put all clips of a voice into the same part."
LOST = "Each clip must be in one of the two parts, once."
SWAPPED = "Return the training part first, then the test part."
COUNT = "The number of test voices is not round(share * number of voices): the share is that of the voices."
REPEATED = "The number of test voices changes with the generator: draw them without replacement."
KEYED = "The same generator gave other voices the second time: draw from `rng`, not from np.random."
FIXED = "Every generator gives the same test voices: draw them with rng."
TALKS = "A voice with many clips is drawn more often: draw from the distinct voices, not from the clips."
RARE = "A voice with many clips is drawn less often: each voice is as probable as any other."
NEVER = "Some voices are never tested: each is as probable as any other."
ORDER = "The indices should be in increasing order."


def right(voices, share, rng):
    return _split(voices, share, rng)


def _count(share, names, voices):
    return min(max(round(share * len(names)), 1), len(names) - 1)


def _split(voices, share, rng, *, count=_count,
           draw=lambda rng, names, voices, count: rng.permutation(names)[:count]):
    names = list(dict.fromkeys(voices))
    tested = set(draw(rng, names, voices, count(share, names, voices)))
    return ([i for i, voice in enumerate(voices) if voice not in tested],
            [i for i, voice in enumerate(voices) if voice in tested])


def extra(solution):
    for (voices, share, count), seed in ((case, seed) for case in EVERY for seed in range(8)):
        train, test = (list(part) for part in solution(list(voices), share, np.random.default_rng(seed)))
        assert all(isinstance(i, int | np.integer) for i in (*train, *test)), INDICES
        assert test, NO_TEST
        assert train, NO_TRAINING
        heard, tested = ({voices[i] for i in part} for part in (train, test))
        assert not heard & tested, BOTH
        assert sorted([*train, *test]) == list(range(len(voices))), LOST
        assert train == sorted(train) and test == sorted(test), ORDER
        assert (len(heard), len(tested)) != (count, len(set(voices)) - count) or len(tested) == count, SWAPPED
        assert len(tested) == count or len({len(_tested(solution, voices, share, k)) for k in range(30)}) == 1, REPEATED
        assert len(tested) == count, COUNT
    drawn = [_tested(solution, TWENTY, 0.25, seed) for seed in range(60)]
    assert drawn == [_tested(solution, TWENTY, 0.25, seed) for seed in range(60)], KEYED
    assert len(set(drawn)) > 1, FIXED
    assert len(set().union(*drawn)) == 20, NEVER
    times = [sum("Ann" in _tested(solution, TALKATIVE, 0.17, seed) for seed in range(400))]
    assert times[0] < 110, TALKS  # 67 expected
    assert times[0] > 30, RARE


def _tested(solution, voices, share, seed):
    return frozenset(voices[i] for i in solution(list(voices), share, np.random.default_rng(seed))[1])


def _clips(voices, share, rng):
    count = min(max(round(share * len(voices)), 1), len(voices) - 1)
    order = rng.permutation(len(voices))
    return sorted(order[count:].tolist()), sorted(order[:count].tolist())


def _through_clips(rng, names, voices, count):
    return list(dict.fromkeys(voices[i] for i in rng.permutation(len(voices))))[:count]


def _shy_first(rng, names, voices, count):
    return sorted(rng.permutation(names), key=voices.count)[:count]


def _parts(change):
    return lambda voices, share, rng: change(*_split(voices, share, rng), voices)


MISTAKES = [
    (BOTH, _clips),
    (TALKS, lambda *a: _split(*a, draw=_through_clips)),
    (RARE, lambda *a: _split(*a, draw=_shy_first)),
    (FIXED, lambda *a: _split(*a, draw=lambda rng, names, voices, count: names[-count:])),
    (KEYED, lambda *a: _split(*a, draw=lambda rng, names, voices, count: np.random.permutation(names)[:count])),
    (NEVER, lambda *a: _split(*a, draw=lambda rng, names, voices, count: rng.permutation(names[1:])[:count])),
    (SWAPPED, _parts(lambda train, test, voices: (test, train))),
    (INDICES, _parts(lambda train, test, voices: ([voices[i] for i in train], [voices[i] for i in test]))),
    (NO_TEST, lambda *a: _split(*a, count=lambda share, names, voices: round(share * len(names)))),
    (NO_TRAINING, lambda *a: _split(*a, count=lambda share, names, voices: max(round(share * len(names)), 1) + (
        share > 0.8))),
    (COUNT, lambda *a: _split(*a, count=lambda share, names, voices: min(max(round(share * len(voices)), 1),
                                                                         len(names) - 1))),
    (LOST, _parts(lambda train, test, voices: (train, test[:1]))),
    (ORDER, _parts(lambda train, test, voices: (train[::-1], test))),
    (REPEATED, lambda *a: _split(*a, draw=lambda rng, names, voices, count: rng.choice(names, count))),
]
