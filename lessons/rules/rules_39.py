"""The claims of lesson 39, a dictionary by expectation maximisation."""

from collections import defaultdict

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson

lesson = of_lesson(39, "split")
NETWORK = 19.95  # chrF on verses; benchmarks/results/translation_quality.md


def _dictionary(pairs, steps):
    """t after so many steps, by nested dicts: English, then Spanish."""
    t = defaultdict(lambda: defaultdict(lambda: 1.0))
    for _ in range(steps):
        counts = defaultdict(lambda: defaultdict(float))
        for english, spanish in pairs:
            for s in spanish:
                total = sum(t[e][s] for e in english)
                for e in english:
                    counts[e][s] += t[e][s] / total
        for each in counts.values():
            total = sum(each.values())
            for s in each:
                each[s] /= total
        t = counts
    return t


def _translated(t, pairs):
    best = {e: max(each, key=each.get) for e, each in t.items()}
    return ([st.text.detokenize(spanish) for _, spanish in pairs],
            [st.text.detokenize([best.get(e, e) for e in english]) for english, _ in pairs])


def _some(draw):
    train, test = lesson.split(st.datasets.load_verses("train")), lesson.split(st.datasets.load_verses("test"))
    return [train[i] for i in np.random.default_rng(draw).choice(len(train), 1200, replace=False)], test


@claim("39a")
def half_of_the_verses(draw):
    """A dictionary from 1,200 of the verses has a chrF above 30, the network from all of them 20.0."""
    some, test = _some(draw)
    score = st.text.chrf_score(*_translated(_dictionary(some, 5), test))
    return score > 30.0 > NETWORK, score


@claim("39b")
def steps_help(draw):
    """Five steps of EM score at least one and a half times the chrF of one."""
    some, test = _some(draw)
    one, five = (st.text.chrf_score(*_translated(_dictionary(some, steps), test)) for steps in (1, 5))
    return five >= 1.5 * one, five / one


@claim("39c")
def no_number(draw):
    """A dictionary translates fewer than one number in a hundred without a mistake."""
    pairs = lesson.split(st.datasets.number_words(2300, seed=draw))
    score = st.text.exact_match(*_translated(_dictionary(pairs[:2000], 5), pairs[2000:]))
    return score < 0.01, score
