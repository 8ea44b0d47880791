"""The claim of lesson 43, decoding: beams of several widths on random frames."""

import numpy as np

from lessons.claims import claim
from scratchtune.sequences.speech import prefix_beam_search


@claim("43a")
def wider_beams(draw):
    """A beam of 8 finds the best text of random frames more often than one of 4, that more often than one of 2, and yet
    each wider beam also misses some texts that the narrower one found."""
    tables = np.log(np.random.default_rng(draw).dirichlet(np.ones(4), size=(300, 6)))
    best = [prefix_beam_search(table, "abc", 3000)[0].text for table in tables]  # wide enough for all prefixes
    hits = np.array([[prefix_beam_search(table, "abc", width)[0].text == text for table, text in
                      zip(tables, best, strict=True)] for width in (2, 4, 8)])
    found, lost = np.diff(hits.sum(axis=1)), (hits[:-1] & ~hits[1:]).sum(axis=1)
    return found.min() > 0 and lost.min() > 0, lost.min()
