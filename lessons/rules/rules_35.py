"""The claims of lesson 35, attention."""

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.sequences.attention import dot_scores, masked_softmax, masked_softmax_grad


@claim("35a")
def saturated(draw):
    """With 256 features, undivided scores let less than a tenth of the median gradient of divided ones through."""
    rng, medians = np.random.default_rng(draw), []
    queries, keys = rng.normal(size=(2000, 256)), rng.normal(size=(10, 256))
    for scale in (1.0, 1.0 / 16.0):
        scores, weights, through = (np.empty((2000, 10)) for _ in range(3))
        dot_scores(queries, keys, scale, scores)
        masked_softmax(scores, np.ones(10), 0, weights)
        masked_softmax_grad(weights, np.eye(10)[weights.argmax(axis=1)], through)
        medians.append(np.median(through.max(axis=1)))
    return medians[0] < 0.1 * medians[1], medians[0] / medians[1]


@claim("35b", draws=10)
def no_reason(draw):
    """The largest weight is at the word of the largest influence for fewer than four fifths of the written words."""
    pairs = st.datasets.number_words(2300, seed=draw)
    vocabularies = [st.text.Vocabulary([pair[side] for pair in pairs]) for side in (0, 1)]
    model = st.Seq2Seq(*vocabularies, attention="dot", embedding=16, units=32, dtype="float64", seed=draw)
    model.compile(st.Adam(0.01, global_clipnorm=1.0))
    model.fit(pairs[:2000], 8, 32, verbose=0)
    rng, agree = np.random.default_rng(draw), []
    for text, _ in pairs[2000:2020]:
        source, target, weights = model.attention(text)
        read, written = ([names.tokens.index(token) for token in tokens]
                         for names, tokens in zip(vocabularies, (source, target), strict=True))
        rows = np.tile(read, (1 + 8 * len(read), 1))
        for j in range(len(read)):
            rows[1 + 8 * j : 9 + 8 * j, j] = rng.choice(np.arange(4, len(vocabularies[0])), 8, replace=False)
        rows = st.text.pad_sequences(list(rows), model.source_length, "float64", "post")
        for i, token in enumerate(written):
            prefix = np.tile([vocabularies[1].start, *written[:i]], (len(rows), 1))
            log_p = model.log_probabilities(rows, prefix)[:, token]
            agree.append(weights[i].argmax() == (log_p[0] - log_p[1:].reshape(-1, 8).mean(axis=1)).argmax())
    return np.mean(agree) < 0.8, np.mean(agree)
