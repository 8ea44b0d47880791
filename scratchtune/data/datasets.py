"""The data sets: built-in ones, each with its licence and source beside it, synthetic ones, and readers of others."""

from __future__ import annotations

import gzip
from importlib import resources
from pathlib import Path
from typing import Literal, overload

import numpy as np

from scratchtune import checks
from scratchtune.data.dates import dates
from scratchtune.data.idx import read_idx, read_images
from scratchtune.data.number_words import number_words

__all__ = [
    "FASHION_NAMES", "dates", "load_digits", "load_fashion_mnist", "load_idx", "load_verses",
    "number_words", "read_idx",
]

FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
PARTS = ("train", "validation", "test")
Images = tuple[np.ndarray, np.ndarray]
Pairs = list[tuple[str, str]]


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits: X (1797, 64) float64, the gray levels 0 to 16 of 8x8 pixels, and y (1797,) int64, 0 to 9.

    The rows are in scikit-learn's order. `digits.LICENSE.txt` beside the file names source and licence.
    """
    packed = resources.files("scratchtune.data").joinpath("digits.csv.gz").read_bytes()
    table = np.loadtxt(gzip.decompress(packed).decode().splitlines(), delimiter=",")
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64)


def load_fashion_mnist() -> Images:
    """A part of Fashion-MNIST: X (2200, 28, 28, 1) uint8, gray levels 0 to 255, and y (2200,) int64, 0 to 9.

    They are the first 220 images of each class of its training images, in their order; `FASHION_NAMES` names the
    classes. `fashion_mnist/LICENSE.txt` names source and licence. `load_idx` reads the whole, where it is installed.
    """
    with resources.as_file(resources.files("scratchtune.data").joinpath("fashion_mnist")) as folder:
        return read_images(folder, "train")


def load_idx(folder: str | Path) -> tuple[Images, Images]:
    """The images of a folder of IDX files, as MNIST and Fashion-MNIST are given: (X, y), (X_test, y_test).

    X is (n, height, width, 1) uint8 and y (n,) int64. The files are train-images-idx3-ubyte, train-labels-idx1-ubyte
    and the same with t10k. Compressed files (.gz) are read completely; others are memory-mapped, so that only the
    images in use are read.
    Raises
        FileNotFoundError if a file is missing; ValueError if one is damaged, truncated or of another type, or if the
        numbers of images and labels differ.
    """
    return read_images(folder, "train"), read_images(folder, "t10k")


@overload
def load_verses(part: str | None = None, *, return_references: Literal[False] = False) -> Pairs: ...


@overload
def load_verses(part: str | None = None, *, return_references: Literal[True]) -> tuple[Pairs, list[str]]: ...


def load_verses(part: str | None = None, *, return_references: bool = False) -> Pairs | tuple[Pairs, list[str]]:
    """Short Bible verses: a list of 3,042 pairs (English, Spanish), in the order of the Bible.

    A verse has at most 12 English and 14 Spanish words, counted between blanks; together the verses have 29,132 English
    and 29,815 Spanish words. Of the 31,077 verses that both texts have, these were left out: 27,970 longer ones; 28 in
    16 chapters that may be numbered differently in the two texts (two successive verses fit better with neighbours of
    their translations); 16 with a heading, such as a psalm's title; and 21 with brackets.

    The Spanish is spelled as in 1909, with "á", "ó" and "é" for today's "a", "o" and "e"; a chapter's first word is
    usually in capitals. A verse may begin or end within a sentence. `verses/LICENSE.txt` names sources and licences.

    The split is fixed. A chapter is in one part only. Two verses of different parts are never near-duplicates: they
    share less than 0.6 of their distinct words, in English and in Spanish. 2,851 of the English verses are distinct.
    Arguments
        part: "train" (2,429 pairs), "validation" (305), "test" (308), or None for all.
        return_references: whether to return (pairs, references) instead; a reference is a text such as "1 Samuel 3:4".
    Raises
        ValueError if there is no such part; TypeError if return_references is not True or False.

    >>> pairs, references = load_verses("test", return_references=True)
    >>> references[0], pairs[0]
    ('Genesis 6:8', ('But Noah found favor in Yahweh’s eyes.', 'Empero Noé halló gracia en los ojos de Jehová.'))
    """
    checks.choice("part", part, (*PARTS, None))
    packed = resources.files("scratchtune.data").joinpath("verses", "verses.tsv.gz").read_bytes()
    rows = [line.split("\t") for line in gzip.decompress(packed).decode().splitlines()[1:]]
    rows = [row for row in rows if part is None or row[1] == part]
    pairs = [(english, spanish) for _, _, english, spanish in rows]
    return (pairs, [row[0] for row in rows]) if checks.boolean("return_references", return_references) else pairs
