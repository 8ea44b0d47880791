"""The built-in data sets, each with its licence and source beside it, and folders of images."""

from __future__ import annotations

import gzip
from importlib import resources
from pathlib import Path

import numpy as np

from scratchtune.data.idx import read_idx, read_images

__all__ = ["FASHION_NAMES", "load_digits", "load_fashion_mnist", "load_idx", "read_idx"]

FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
Images = tuple[np.ndarray, np.ndarray]


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
