"""The handwritten digits, with their licence beside them."""

from __future__ import annotations

import gzip
from importlib import resources

import numpy as np


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits: X (1797, 64) float64, the gray levels 0 to 16 of 8x8 pixels, and y (1797,) int64, 0 to 9.

    The rows are in scikit-learn's order. `digits.LICENSE.txt` beside the file names source and licence.
    """
    packed = resources.files("scratchtune.core.data").joinpath("digits.csv.gz").read_bytes()
    table = np.loadtxt(gzip.decompress(packed).decode().splitlines(), delimiter=",")
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64)
