"""Pairs of sentences for the example of translation: read, checked, and divided into training, validation and test set.

The vocabularies are made from the training pairs alone. A source sentence that occurs several times is in one part
only, so no test sentence was seen in training.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

import scratchtune as st
from scratchtune.core import checks
from scratchtune.core.streams import note

Pairs = list[tuple[str, str]]
SYNTHETIC: dict[str, Callable[[int], Pairs]] = {"numbers": st.datasets.number_words, "dates": st.datasets.dates}
NAMES = ("verses", *SYNTHETIC)
LEAST = 50  # source sentences
LONGEST = 40  # tokens of a sentence; the time of a training step is proportional to the longest one
MOST, MOST_QUICK = (3000, 300, 1000), (500, 80, 80)  # pairs to train on, to validate on, to test on


class Corpus(NamedTuple):
    """Training, validation and test pairs; ``lengths`` are the most tokens of a source, and of a target and its end."""

    train: Pairs
    validation: Pairs
    test: Pairs
    lengths: tuple[int, int]

    @property
    def vocabularies(self) -> tuple[st.text.Vocabulary, st.text.Vocabulary]:
        """Those of sources and targets: a token that occurs once in the training pairs is the unknown token."""
        sources, targets = zip(*self.train, strict=True)
        return st.text.Vocabulary(sources, min_count=2), st.text.Vocabulary(targets, min_count=2)


def read_corpus(data: str | Path, quick: bool = False, seed: int = 0) -> Corpus:
    """Return the pairs of a built-in data set, by its name in `NAMES`, or of a TSV file.

    The verses have a fixed split; other pairs are divided at random, by the seed.
    """
    if str(data) == "verses":
        parts = [st.datasets.load_verses(part) for part in ("train", "validation", "test")]
    else:
        parts = split(read(str(data)), str(data), seed)
    source, target = (max(len(st.text.tokenize(pair[side])) for part in parts for pair in part) for side in (0, 1))
    train, validation, test = (part[:most] for part, most in zip(parts, MOST_QUICK if quick else MOST, strict=True))
    return Corpus(train, validation, test, (source, target + 1))


def read(data: str) -> Pairs:
    """Return the pairs of a synthetic data set or of a file, without those that are too long."""
    if data in SYNTHETIC:
        return SYNTHETIC[data](2000)
    if not Path(data).exists():
        raise FileNotFoundError(f"--data is {data!r}; there is no such file, and it is none of {', '.join(NAMES)}"
                                f"{checks.nearest(data, NAMES)}")
    pairs = st.read_pairs(data)
    sizes = [[len(st.text.tokenize(text)) for text in pair] for pair in pairs]
    blank = next((number for number, each in enumerate(sizes) if not min(each)), None)
    if blank is not None:
        raise ValueError(f"pair {blank + 1} of {data} has a sentence without words, {pairs[blank]!r:.80}; each must "
                         "have one")
    kept = [pair for pair, each in zip(pairs, sizes, strict=True) if max(each) <= LONGEST]
    if len(kept) < len(pairs):
        note(f"{len(pairs) - len(kept):,} of {len(pairs):,} pairs are left out: a sentence has over {LONGEST} tokens")
    return kept


def split(pairs: Pairs, name: str, seed: int) -> list[Pairs]:
    """Divide pairs into training, validation (15 %) and test pairs (15 %), each source sentence in one part only."""
    by_source = [list(group) for _, group in groupby(sorted(set(pairs)), key=itemgetter(0))]
    if len(by_source) < LEAST:
        found = checks.counted(len(by_source), "different source sentence")
        raise ValueError(f"--data is {name!r}, with {found} of at most {LONGEST} tokens; it must have at least {LEAST}")
    order, few = np.random.default_rng(seed).permutation(len(by_source)), round(0.15 * len(by_source))
    return [[pair for group in part for pair in by_source[group]] for part in (
        order[2 * few:], order[few : 2 * few], order[:few])]
