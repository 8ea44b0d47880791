"""Pairs of sentences for the example of translation: read, checked, and divided into training, validation and test set.

The vocabularies are made from the training pairs alone. A source sentence that occurs several times is in one part
only, so no test sentence was seen in training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

import scratchtune as st
from scratchtune import checks
from scratchtune.streams import note

Pairs = list[tuple[str, str]]
SYNTHETIC: dict[str, Callable[[int], Pairs]] = {
    "numbers": st.datasets.number_words, "dates": st.datasets.dates}
NAMES = ("verses", *SYNTHETIC)
SYNTHETIC_PAIRS = 2000
VALIDATION = TEST = 0.15  # shares of the source sentences
LEAST = 50  # source sentences
LONGEST = 40  # tokens of a sentence; the time of a training step is proportional to the longest one
MIN_COUNT = 2  # a token that occurs once in the training pairs becomes the unknown token
MOST = 3000, 300, 1000  # pairs to train on in the search, to validate on, to test on
MOST_QUICK = 500, 80, 80


@dataclass
class Corpus:
    """Pairs to train on in the search, and ``rest``, further ones for the final model; validation and test pairs.

    ``lengths`` are the most tokens of a source sentence, and of a target sentence with its end.
    """

    train: Pairs
    validation: Pairs
    test: Pairs
    rest: Pairs
    lengths: tuple[int, int]

    def __post_init__(self) -> None:
        sources, targets = zip(*self.train, *self.rest, strict=True)
        self.vocabularies = st.text.Vocabulary(sources, MIN_COUNT), st.text.Vocabulary(targets, MIN_COUNT)


def read_corpus(data: str | Path, quick: bool = False, seed: int = 0) -> Corpus:
    """Return the pairs of a built-in data set, by its name in `NAMES`, or of a TSV file.

    The verses have a fixed split; other pairs are divided at random, by the seed.
    """
    if str(data) == "verses":
        parts = [st.datasets.load_verses("train"), st.datasets.load_verses("validation"),
                 st.datasets.load_verses("test")]
    else:
        parts = split(_pairs(str(data)), str(data), seed)
    lengths = [max(len(st.text.tokenize(pair[side])) for part in parts for pair in part) for side in (0, 1)]
    most = MOST_QUICK if quick else MOST
    train, validation, test = (part[:count] for part, count in zip(parts, most, strict=True))
    rest = [] if quick else parts[0][most[0]:]
    return Corpus(train, validation, test, rest, (lengths[0], lengths[1] + 1))


def _pairs(data: str) -> Pairs:
    """Return the pairs of a synthetic data set or of a file, without those that are too long."""
    if data in SYNTHETIC:
        return SYNTHETIC[data](SYNTHETIC_PAIRS)
    if not Path(data).exists():
        raise FileNotFoundError(f"--data is {data!r}; there is no such file, and it is none of {', '.join(NAMES)}"
                                f"{checks.nearest(data, NAMES)}")
    pairs, kept = st.read_pairs(data), []
    for number, pair in enumerate(pairs, start=1):
        sizes = [len(st.text.tokenize(text)) for text in pair]
        if not min(sizes):
            raise ValueError(f"pair {number} of {data} has a sentence without words, {pair!r:.80}; each must have one")
        if max(sizes) <= LONGEST:
            kept.append(pair)
    if len(kept) < len(pairs):
        note(f"{len(pairs) - len(kept):,} of {len(pairs):,} pairs are left out: a sentence has over {LONGEST} tokens")
    return kept


def split(pairs: Pairs, name: str, seed: int) -> list[Pairs]:
    """Divide pairs into training, validation and test pairs at random, each source sentence in one part only."""
    by_source = [list(group) for _, group in groupby(sorted(set(pairs)), key=itemgetter(0))]
    if len(by_source) < LEAST:
        found = checks.counted(len(by_source), "different source sentence")
        raise ValueError(f"--data is {name!r}, with {found} of at most {LONGEST} tokens; it must have at least {LEAST}")
    order = np.random.default_rng(seed).permutation(len(by_source))
    test, validation = round(TEST * len(order)), round(VALIDATION * len(order))
    bounds = [order[test + validation:], order[test : test + validation], order[:test]]
    return [[pair for group in part for pair in by_source[group]] for part in bounds]


def nearest_translations(train: Pairs, sources: list[str]) -> list[str]:
    """Translate without a model: return the translation of the training sentence with the most words of the source.

    The shared words are counted as a share of the words of both (Jaccard's index); of equal ones the first is taken.
    """
    words = [frozenset(st.text.tokenize(source)) for source, _ in train]
    found = []
    for source in sources:
        own = set(st.text.tokenize(source))
        shares = [len(own & other) / len(own | other) for other in words]
        found.append(spelled(train[int(np.argmax(shares))][1]))
    return found


def spelled(text: str) -> str:
    """A text as a translator writes it: in lower case, with the spaces of `st.text.detokenize`."""
    return st.text.detokenize(st.text.tokenize(text))
