"""Copying: words of the source that no vocabulary has, such as names, are written into the translation unchanged.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.sequences.text.vocabulary import SPECIAL, Vocabulary

UNKNOWN, END = SPECIAL[Vocabulary.unknown], SPECIAL[Vocabulary.end]


def with_copies(written: Sequence[str], weights: np.ndarray, words: Sequence[str], known: Sequence[bool]) -> list[str]:
    """Return the tokens of a translation, with the source words that are not ``known`` copied into it.

    ``weights``: attention's, (tokens written, words of the source). Each "[UNK]" becomes the word with the largest
    weight. Another unknown word is copied to the step that gave it the largest weight of all steps: in place of the
    token there, if no other word has more weight at that step, else before it.

    >>> with_copies(["el", "gato", "[END]"], np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]), ["the", "zorb"], [1, 0])
    ['el', 'zorb']
    """
    places = weights.argmax(axis=1).tolist()
    found = [[words[place] if token == UNKNOWN else token] for token, place in zip(written, places, strict=True)]
    done = {place for token, place in zip(written, places, strict=True) if token == UNKNOWN}
    for place in (place for place in range(len(words)) if not known[place] and place not in done):
        step = int(weights[:, place].argmax())
        in_place = places[step] == place and written[step] not in (UNKNOWN, END)
        found[step] = [*found[step][:-1], words[place], *([] if in_place else found[step][-1:])]
    return [token for each in found for token in each if token not in SPECIAL]
