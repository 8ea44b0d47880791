"""What layers for sequences share: the order of the numbers in memory, the mask, checks.

A row is a sequence, (length, features). A recurrent layer processes one step of all rows at a time, so its workspace
has the steps first: (length, rows, features). Then the rows of one step are contiguous.

A mask has a 1 for each step of a sequence and a 0 for padding. At a 0 a recurrent layer keeps its state.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune.core import jit

# Rows and steps -------------------------------------------------------------------------------------------------------


@jit.function_noalias
def add_steps(steps, mask, backwards, x):
    """Add numbers that are ordered by steps to rows, if need be in reverse; a step with mask 0 adds nothing.

    Formula [add_steps]
        x'ₙₜⱼ = xₙₜⱼ + (s[#t − 1 − t if b > 0 else t, n, j] if mₜₙ > 0 else 0)
    Where
        s: steps, (t, n, j), real
        m: mask, (t, n), 0 or 1
        b: backwards, scalar, integer in [0, 1], whether the first of the steps is the last one of the rows
        x: x, (n, t, j), real
    Source
        Keras, layers.RNN with go_backwards, and layers.Bidirectional.
    """
    length, rows, features = steps.shape
    for t in range(length):
        step = length - 1 - t if backwards > 0 else t
        for n in range(rows):
            if mask[t, n] > 0.0:
                for j in range(features):
                    x[n, t, j] += steps[step, n, j]


@jit.function_noalias
def add_steps_grad(dx, mask, backwards, dsteps):
    """Gradient with respect to the steps; with no zeros in the mask, also the copy of rows to steps.

    Formula [add_steps_grad]
        dₜₙⱼ = g[n, #t − 1 − t if b > 0 else t, j] if m[#t − 1 − t if b > 0 else t, n] > 0 else 0
    Gradient of
        [add_steps] in steps
    Where
        g: dx, (n, t, j), real, dJ/dx
        m: mask, (t, n), 0 or 1
        b: backwards, scalar, integer in [0, 1]
        d: dsteps, (t, n, j), written
    Source
        Calculus.
    """
    length, rows, features = dsteps.shape
    for step in range(length):
        t = length - 1 - step if backwards > 0 else step
        for n in range(rows):
            if mask[t, n] > 0.0:
                for j in range(features):
                    dsteps[step, n, j] = dx[n, t, j]
            else:
                for j in range(features):
                    dsteps[step, n, j] = 0.0


@jit.function_noalias
def copy_rows(x, backwards, steps):
    """Copy rows (n, t, j) to steps (t, n, j), the last one first if ``backwards`` is 1."""
    everything = np.ones((x.shape[1], x.shape[0]), x.dtype)
    add_steps_grad(x, everything, backwards, steps)


@jit.function_noalias
def copy_steps(steps, backwards, x):
    """The inverse of `copy_rows`."""
    x[:] = 0.0
    everything = np.ones((x.shape[1], x.shape[0]), x.dtype)
    add_steps(steps, everything, backwards, x)


@jit.function_noalias
def accumulate(increment, total):
    """Add ``increment`` to ``total``, both (n, j)."""
    for n in range(total.shape[0]):
        for j in range(total.shape[1]):
            total[n, j] += increment[n, j]


LENGTH, FEATURES, UNITS, RETURN_SEQUENCES, GO_BACKWARDS, HAS_MASK, NEEDS_INPUT_GRAD = range(7)  # of integers


@jit.called
def copy_mask(integers, rows, work, mask):
    """Fill ``mask`` (t, n), in the order of processing, from the one that ``work`` begins with, or else with ones."""
    length = integers[LENGTH]
    if integers[HAS_MASK]:
        given = work[: rows * length].reshape((rows, length, 1))
        copy_rows(given, integers[GO_BACKWARDS], mask.reshape((length, rows, 1)))
    else:
        mask[:] = 1.0


@jit.function
def mask_of(has_mask, rows, length, work):
    """The mask (n, t) that ``work`` begins with; all 1 if there is none."""
    if has_mask:
        mask = work[: rows * length]
    else:
        mask = np.ones(rows * length, work.dtype)
    return mask.reshape((rows, length))


def sequence_shape(name: str, input_shape: tuple[int, ...]) -> tuple[int, int]:
    """The shape of a row if it is (length, features); a ValueError otherwise."""
    if len(input_shape) != 2:
        raise ValueError(f"{name} gets rows of shape {tuple(input_shape)}; it takes sequences (length, features): "
                         f"for tokens put Embedding(input_dim, output_dim) before it")
    length, features = input_shape
    return length, features
