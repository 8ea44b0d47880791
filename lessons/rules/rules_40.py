"""The claims of lesson 40, changes of a translator of number words, each a mean of three paired seeds."""

import numpy as np

import scratchtune as st
from lessons.claims import claim

DEFAULT = {"rate": 0.01, "batch": 16, "attention": "dot"}


def _scores(draw, *configurations):
    """The mean chrF of each configuration over three seeds."""
    found = np.zeros((len(configurations), 3))
    for k in range(3):
        seed = draw * 3 + k
        pairs = st.datasets.number_words(480, seed=seed)
        references = [st.text.detokenize(st.text.tokenize(spanish)) for _, spanish in pairs[400:]]
        vocabularies = [st.text.Vocabulary([pair[side] for pair in pairs]) for side in (0, 1)]
        for i, changes in enumerate(configurations):
            params = DEFAULT | changes
            model = st.Seq2Seq(*vocabularies, attention=params["attention"], embedding=16, units=32, source_length=13,
                               target_length=10, seed=seed)
            model.compile(st.Adam(params["rate"], global_clipnorm=1.0))
            model.warns = False
            model.fit(pairs[:400], 6, params["batch"], verbose=0)
            found[i, k] = st.text.chrf_score(references, model.translate([english for english, _ in pairs[400:]]))
    return found.mean(axis=1)


@claim("40a", draws=10)
def rate_and_batch(draw):
    """At the rate 0.01, a rate of 0.03 and batches of 8 instead of 16 both gain."""
    base, rate, batch = _scores(draw, {}, {"rate": 0.03}, {"batch": 8})
    return min(rate, batch) > base, min(rate, batch) - base


@claim("40b", draws=10)
def without_attention(draw):
    """Without attention the chrF is lower at the rate 0.01 and at 0.03."""
    none = {"attention": "none"}
    base, without, higher, higher_without = _scores(draw, {}, none, {"rate": 0.03}, {"rate": 0.03} | none)
    return without < base and higher_without < higher, base - without


@claim("40c", draws=10)
def gains_depend(draw):
    """Three times the rate gains at 0.01, and loses at 0.03."""
    low, middle, high = _scores(draw, {}, {"rate": 0.03}, {"rate": 0.09})
    return low < middle > high, min(middle - low, middle - high)
