"""Cross-attention of an encoder-decoder: each of the decoder's states looks up the encoder's states.

The outputs are the decoder's state and the mean of the encoder's states, weighted by how well each one fits, side by
side. The file `scratchtune.sequences.attention` has the formulas.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.copying import copy_block
from scratchtune.network.matmul import multiply
from scratchtune.sequences.attention import (
    additive_scores,
    additive_scores_key_grad,
    additive_scores_query_grad,
    additive_scores_scale_grad,
    attention_scores_grad,
    dot_product_attention_value_grad,
    dot_scores,
    dot_scores_key_grad,
    dot_scores_query_grad,
    masked_softmax,
)
from scratchtune.sequences.layers.pairs import FEATURES, SOURCE, TARGET, PairLayer, halves, masks_of, steps_of
from scratchtune.sequences.layers.sequences import accumulate, take, taken

SCORES = ("dot", "additive")
DOT, ADDITIVE = range(2)
KIND = 4  # of integers, after those of all layers for pairs


class Memory(NamedTuple):
    """Weights, (n, target length, source length), and for additive scores tanhs, (n, target, source length, units).

    The rest is for one row: dscores, (target length, source length); dquery, (target length, units); dkey, (source
    length, units).
    """

    weights: Any
    tanhs: Any
    dscores: Any
    dquery: Any
    dkey: Any


@jit.function
def memory_sizes(integers, rows):
    """The sizes of the arrays of `Memory`, in its order."""
    source, target, units = integers[SOURCE], integers[TARGET], integers[FEATURES]
    pairs, features = target * source, units if integers[KIND] == ADDITIVE else 0
    return rows * pairs, rows * pairs * features, pairs, target * units, source * units


@jit.function
def memory_in(integers, rows, work):
    """The arrays of `Memory`, at the end of ``work``."""
    source, target, units = integers[SOURCE], integers[TARGET], integers[FEATURES]
    sizes, features = memory_sizes(integers, rows), units if integers[KIND] == ADDITIVE else 0
    own = work[work.size - taken(sizes) :]
    weights, used = take(own, 0, sizes[0])
    tanhs, used = take(own, used, sizes[1])
    dscores, used = take(own, used, sizes[2])
    dquery, used = take(own, used, sizes[3])
    dkey, used = take(own, used, sizes[4])
    return Memory(
        weights.reshape((rows, target, source)), tanhs.reshape((rows, target, source, features)),
        dscores.reshape((target, source)), dquery.reshape((target, units)), dkey.reshape((source, units)))


@jit.forward
def cross_attention_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y (n, target length, 2 units): the target's states, and what each of them looks up among the source's."""
    rows, units = x.shape[0], integers[FEATURES]
    keys, queries = halves(steps_of(integers, x, units), integers[SOURCE])
    keep, _ = masks_of(integers, rows, work)
    memory = memory_in(integers, rows, work)
    out = y.reshape((rows, integers[TARGET], 2 * units))
    copy_block(queries, out[:, :, :units])
    for n in range(rows):
        weights = memory.weights[n]
        if integers[KIND] == DOT:
            dot_scores(queries[n], keys[n], 1.0, weights)
        else:
            additive_scores(queries[n], keys[n], theta, memory.tanhs[n], weights)
        masked_softmax(weights, keep[n], 0, weights)
        multiply(weights, keys[n], out[n, :, units:])


@jit.backward
def cross_attention_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx, to which the source's states contribute as keys and as values, and for additive scores dtheta."""
    rows, units = x.shape[0], integers[FEATURES]
    keys, queries = halves(steps_of(integers, x, units), integers[SOURCE])
    dkeys, dqueries = halves(steps_of(integers, dx, units), integers[SOURCE])
    memory = memory_in(integers, rows, work)
    out_grad = dy.reshape((rows, integers[TARGET], 2 * units))
    copy_block(out_grad[:, :, :units], dqueries)
    dtheta[:] = 0.0
    for n in range(rows):
        weights, dmean, dscores = memory.weights[n], out_grad[n, :, units:], memory.dscores
        attention_scores_grad(weights, keys[n], dmean, dscores)
        dot_product_attention_value_grad(weights, dmean, dkeys[n])
        if integers[KIND] == DOT:
            dot_scores_query_grad(keys[n], 1.0, dscores, memory.dquery)
            dot_scores_key_grad(queries[n], 1.0, dscores, memory.dkey)
        else:
            additive_scores_query_grad(memory.tanhs[n], theta, dscores, memory.dquery)
            additive_scores_key_grad(memory.tanhs[n], theta, dscores, memory.dkey)
            additive_scores_scale_grad(memory.tanhs[n], dscores, dtheta)
        accumulate(memory.dquery, dqueries[n])
        accumulate(memory.dkey, dkeys[n])


class CrossAttention(PairLayer):
    """Looks up the source's states for each of the target's, with "dot" or "additive" ``scores``.

    The source's states are keys and values. Dot scores are not scaled (Luong et al. 2015, "dot"); additive ones have a
    weight for each unit.
    """

    forward, backward = cross_attention_forward, cross_attention_backward

    def __init__(self, source_length: int, scores: str = "dot") -> None:
        super().__init__(source_length)
        self.scores = checks.choice("scores", scores, SCORES)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are pairs (source length + target length, units), the outputs (target length, 2 units)."""
        _, target, units = self.split(input_shape)
        if self.scores == "additive":
            self.add_weight("scale", (units,), "glorot_uniform")
        return (target, 2 * units)

    def integers(self) -> list[int]:
        """Those of all layers for pairs, and the kind of scores."""
        return [*super().integers(), SCORES.index(self.scores)]

    def work_size(self, rows: int) -> int:
        """The arrays of `Memory`."""
        return int(taken(memory_sizes(np.array(self.integers()), rows)))

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, target length, source length) in the workspace of the last forward pass."""
        return np.array(memory_in(np.array(self.integers()), rows, work).weights)
