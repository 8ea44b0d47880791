"""Self-attention: each step of a sequence becomes a weighted mean of all steps; `sequences.attention` has the formulas.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from scratchtune.core import checks, jit
from scratchtune.core.network.layers.base import Layer
from scratchtune.sequences.attention import clear_padding, look_up_shapes, look_ups
from scratchtune.sequences.layers.sequences import mask_of, sequence_shape

LENGTH, FEATURES, HIDDEN, CAUSAL, HAS_MASK = range(5)  # of a kernel's integers


@jit.function
def self_attention_shapes(integers, rows):
    """The shapes of the workspace's arrays, `sequences.attention.Memory`, for so many rows."""
    length = integers[LENGTH]
    return look_up_shapes(rows, length, length, integers[FEATURES], integers[HIDDEN])


def self_attention_kernels(scores: str) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of a layer with "dot" or "additive" scores."""
    attend, attend_grad = look_ups(scores)

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        """y = attention of each row's sequence to itself; what is padding becomes 0."""
        n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
        steps, out = x.reshape((n, length, features)), y.reshape((n, length, features))
        memory, keep = jit.views(work, self_attention_shapes(integers, n)), mask_of(integers[HAS_MASK], n, length, work)
        attend(steps, steps, theta, keep, integers[CAUSAL], memory, out)
        for r in range(n):
            clear_padding(memory.weights[r], keep[r])
            clear_padding(out[r], keep[r])

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        """dx, to which the steps as queries, as keys and as values contribute, and dtheta."""
        n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
        steps, out_grad = x.reshape((n, length, features)), dy.reshape((n, length, features))
        into = dx.reshape((dx.shape[0], length, features))
        dtheta[:] = 0.0
        attend_grad(steps, steps, theta, jit.views(work, self_attention_shapes(integers, n)), out_grad, dtheta,
                    (into, into))

    return forward, backward


class SelfAttention(Layer):
    """Base class of the layers in which a sequence (length, features) is query, key and value.

    Keras's ``use_causal_mask`` is an argument of the call; here it is one of the layer: with it each step sees itself
    and the steps before.
    """

    uses_mask = True

    def __init__(self, use_causal_mask: bool = False) -> None:
        self.use_causal_mask = checks.boolean("use_causal_mask", use_causal_mask)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows and outputs are (length, features)."""
        self.length, self.features = sequence_shape(type(self).__name__, input_shape)
        return input_shape

    def sizes(self) -> list[int]:
        """What the kernels need to know beside the shape of a row: here that there is no hidden layer."""
        return [0]

    def integers(self) -> list[int]:
        """The length, the number of features, `sizes`, whether later steps are masked, whether there is a mask."""
        return [self.length, self.features, *self.sizes(), int(self.use_causal_mask), int(self.mask_from is not None)]


class Attention(SelfAttention):
    """Dot-product attention of a sequence (length, features) to itself: query, key and value are the sequence.

    The scores are not divided by the root of the number of features, as Keras's are not by default. Padding that an
    `Embedding` with ``mask_zero`` below has marked is looked up by no step, and becomes 0. For ``use_causal_mask`` see
    `SelfAttention`.
    """

    forward, backward = self_attention_kernels("dot")
    shapes = staticmethod(self_attention_shapes)


class AdditiveAttention(SelfAttention):
    """Additive attention of a sequence (length, features) to itself: query, key and value are the sequence.

    The layer has a weight for each feature, scale (features,). Padding is treated as by `Attention`; for
    ``use_causal_mask`` see `SelfAttention`.
    """

    forward, backward = self_attention_kernels("additive")
    shapes = staticmethod(self_attention_shapes)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The only weight is the scale."""
        output_shape = super().build(input_shape)
        self.add_weight("scale", (self.features,), "glorot_uniform")
        return output_shape

    def sizes(self) -> list[int]:
        """The features of the hidden layer."""
        return [self.features]
