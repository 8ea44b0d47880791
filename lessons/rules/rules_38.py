"""The claims of lesson 38, BLEU and chrF of damaged verses."""

import numpy as np

import scratchtune as st
from lessons.claims import claim


def _scores(draw):
    """BLEU and chrF of 300 verses whose halves are exchanged, and of those with wrong endings."""
    pairs = st.datasets.load_verses("train")
    verses = [st.text.tokenize(pairs[i][1]) for i in np.random.default_rng(draw).choice(len(pairs), 300, replace=False)]
    references, found = [" ".join(words) for words in verses], []
    for damage in (lambda words: [*words[len(words) // 2 :], *words[: len(words) // 2]],
                   lambda words: [word[:-1] + "x" if i % 5 == 0 else word for i, word in enumerate(words)]):
        damaged = [" ".join(damage(words)) for words in verses]
        found.append((st.text.bleu_score(references, damaged), st.text.chrf_score(references, damaged)))
    return found


@claim("38a")
def endings_cost_bleu_more(draw):
    """BLEU is lower with the last letter of every fifth word replaced than with the halves exchanged."""
    (halves, _), (endings, _) = _scores(draw)
    return endings < halves, halves - endings


@claim("38b")
def chrf_keeps_more(draw):
    """With either damage chrF is higher than BLEU."""
    found = _scores(draw)
    return all(chrf > bleu for bleu, chrf in found), min(chrf - bleu for bleu, chrf in found)
