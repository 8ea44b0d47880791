"""Batches of similar length: padding fills every row up to the longest of its batch, so similar lengths waste least.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks


def length_batches(lengths: Any, batch_size: int, seed: int = 0, epoch: int = 0) -> list[np.ndarray]:
    """Return the row indices of each batch of an epoch: rows of similar length together, the batches in random order.

    ``lengths`` is (n,), or (n, 2) for pairs such as source and target: rows are sorted by the first length, then by the
    second. Rows of equal length are in random order, so a batch holds other rows in each epoch. Every row is in exactly
    one batch; all batches have ``batch_size`` rows, except the one with the longest rows, which has the rest.
    The order depends on (seed, epoch) alone.

    >>> [batch.tolist() for batch in length_batches([5, 1, 5, 1, 9], batch_size=2, seed=3)]
    [[0, 2], [1, 3], [4]]
    """
    checks.integer("batch_size", batch_size, 1)
    checks.integer("seed", seed, 0)
    checks.integer("epoch", epoch, 0)
    keys = _columns(lengths)
    rng = np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=(int(epoch),)))
    ties = rng.random(len(keys))
    order = np.lexsort((ties, *keys.T[::-1]))  # the last key is the first that counts
    batches = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
    return [batches[index] for index in np.argsort(rng.random(len(batches)), kind="stable")]


def _columns(lengths: Any) -> np.ndarray:
    """The lengths as (n, 1) or (n, 2)."""
    array = np.asarray(checks.targets("lengths", lengths))
    if array.ndim > 2 or (array.ndim == 2 and array.shape[1] > 2):
        raise ValueError(f"lengths has shape {array.shape}; it must be (n,), or (n, 2) for pairs")
    if array.dtype.kind not in "ui" or array.min() < 0:
        raise ValueError(f"lengths holds {array.dtype} numbers, the least is {array.min()}; it must hold integers of "
                         "at least 0")
    return array.reshape(len(array), -1)
