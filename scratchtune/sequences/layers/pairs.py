"""What the layers of an encoder-decoder share: each row is a pair of sequences, a source and a target made from it.

A row has the source's steps, then the target's: (source length + target length, features). The first layer gets tokens
and the last one returns the target's steps only, in rows like any others. Between them, the numbers of a batch have
another order: those of all sources, (n, source length, features), then those of all targets, (n, target length,
features). So each part is contiguous, and is computed by the functions that compute a sequence alone.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer
from scratchtune.sequences.layers.sequences import mask_of

SOURCE, TARGET, FEATURES, HAS_MASK = range(4)  # the first of a kernel's integers


@jit.function
def halves(values, source):
    """Sources (n, source length, features) and targets (n, target length, features) of values (n, steps, features)."""
    n, steps, features = values.shape
    numbers, first = values.reshape(values.size), n * source * features
    return (numbers[:first].reshape((n, source, features)), numbers[first:].reshape((n, steps - source, features)))


@jit.function
def steps_of(integers, values, features):
    """A batch's values (n, numbers) as (n, steps, features)."""
    return values.reshape((values.shape[0], integers[SOURCE] + integers[TARGET], features))


@jit.function
def masks_of(integers, rows, work):
    """The masks of the sources, (n, source length), and of the targets, (n, target length); all 1 if there is none."""
    source, target = integers[SOURCE], integers[TARGET]
    steps = mask_of(integers[HAS_MASK], rows, source + target, work).reshape(rows * (source + target))
    return steps[: rows * source].reshape((rows, source)), steps[rows * source :].reshape((rows, target))


class PairLayer(Layer):
    """A layer of an encoder-decoder; ``source_length`` of a row's steps are the source's."""

    uses_mask = True

    def __init__(self, source_length: int) -> None:
        self.source_length = checks.integer("source_length", source_length, 1)

    def split(self, input_shape: tuple[int, ...]) -> tuple[int, int, int]:
        """The steps of source and target, and the features, of rows of this shape; a ValueError for another one."""
        if len(input_shape) != 2 or input_shape[0] <= self.source_length:
            raise ValueError(f"{type(self).__name__} gets rows of shape {tuple(input_shape)}; with source_length="
                             f"{self.source_length} it takes (source length + target length, features)")
        return self.source_length, input_shape[0] - self.source_length, input_shape[1]

    def integers(self) -> list[int]:
        """The steps of source and target, the features, and whether there is a mask."""
        return [*self.split(self.input_shape), int(self.mask_from is not None)]


@runtime_checkable
class Attends(Protocol):
    """A layer whose target steps look up the source's steps."""

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, target length, source length) in the workspace of the last forward pass."""
